/*
 * Promises of core/unique.h: values that only one record may have together are
 * refused to a second one, wherever the first is; what repeats nothing is not.
 *
 * LINK: -Wl,--wrap=pack_embedded
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/meta.h"
#include "proto/codec.h"
#include "tests/lib/desk.h"

static const char here[] = "d03/c017/thing";

#define LABEL "\"label\":{\"ko\":\"ㄱ\",\"en\":\"x\"}"
#define FIELD(name, kind, type)                                         \
	"{\"name\":\"" name "\",\"kind\":\"" kind "\",\"type\":\"" type \
	"\",\"class\":\"N\"," LABEL "}"

enum { EDITS = LIMIT_INDEX_ROWS + 8 };

static const char pack_json[] =
    "{\"format\":2,\"name\":\"things\",\"version\":1," LABEL ","
    "\"collections\":[{\"name\":\"thing\",\"space\":\"thing\"," LABEL ","
    "\"indexes\":["
    "{\"name\":\"one\",\"fields\":[\"a\",\"b\"],\"unique\":true},"
    "{\"name\":\"tagged\",\"fields\":[\"tags\",\"c\"],\"unique\":true},"
    "{\"name\":\"loose\",\"fields\":[\"b\",\"c\"]}],"
    "\"fields\":[" FIELD("a", "register", "text") "," FIELD(
	"b", "register", "text") "," FIELD("c", "register",
	"text") "," FIELD("tags", "set", "text") "]}]}";

struct bytes __wrap_pack_embedded(void);

struct bytes
__wrap_pack_embedded(void)
{
	return bytes_text(pack_json);
}

static int
desk_make(void **state)
{
	static struct desk desk;

	desk_found(&desk, 41);
	desk_begin(&desk, true);
	meta_put(store_txn(desk.store), meta_pack, bytes_text("things"));
	desk_commit(&desk);
	desk_close(&desk);
	desk_open(&desk, false);
	*state = &desk;
	return 0;
}

static int
desk_remove(void **state)
{
	desk_fini(*state);
	return 0;
}

/* "a=x" sets a register, "a=" clears it, "+x" and "-x" are elements of tags. */
static void
edit_read(const char *word, struct store_edit *edit, struct buf *value)
{
	bool is_tag = word[0] == '+' || word[0] == '-';
	const char *text = is_tag ? word + 1 : word + 2;

	*edit = (struct store_edit){.class = CLASS_N,
	    .field = is_tag ? bytes_text("tags") : bytes_of(word, 1)};
	if (is_tag)
		edit->code = word[0] == '+' ? OP_ADD : OP_REMOVE;
	else
		edit->code = text[0] != '\0' ? OP_SET : OP_CLEAR;
	codec_put_text(value, bytes_text(text));
	edit->value = buf_bytes(value);
}

/* In the open transaction: a new record (`id` zero) or an edit of one, as
 * `words` say, NULL at the end. */
static enum err
thing(struct desk *desk, struct record_id *id, const char *const *words)
{
	static const struct record_id none;
	static struct store_edit edits[EDITS];
	static struct buf values[EDITS];
	struct store_write write = {.edits = edits, .record = *id};
	bool changed;
	enum err e;

	write.create = memcmp(id, &none, sizeof(none)) == 0;
	write.has_record = !write.create;
	write.collection = bytes_text("thing");
	assert_int_equal(id_space(bytes_text(here), &write.space), ERR_OK);
	for (; words[write.edits_n] != NULL; write.edits_n++)
		edit_read(words[write.edits_n], &edits[write.edits_n],
		    &values[write.edits_n]);
	e = store_write(desk->store, &write, id, &changed);
	for (size_t i = 0; i < COUNT_OF(values); i++)
		buf_fini(&values[i]);
	return e;
}

#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

/* The same in a transaction of its own. */
static enum err
alone(struct desk *desk, struct record_id *id, const char *const *words)
{
	enum err e;

	desk_begin(desk, true);
	e = thing(desk, id, words);
	if (e == ERR_OK)
		desk_commit(desk);
	else
		store_abort(desk->store);
	return e;
}

static void
two_fields_together_are_taken_once(void **state)
{
	struct desk *desk = *state;
	struct record_id first = {0};
	struct record_id id = {0};

	assert_int_equal(
	    alone(desk, &first, WORDS("a=x", "b=y", "c=1")), ERR_OK);
	assert_int_equal(alone(desk, &id, WORDS("a=x", "b=y")), ERR_EXISTS);
	assert_non_null(strstr(err_text(), "thing.one: is unique"));
	assert_non_null(strstr(err_text(), "a 'x', b 'y' together"));
	id = (struct record_id){0};
	assert_int_equal(alone(desk, &id, WORDS("a=x", "b=z")), ERR_OK);
	/* One of them is changed; the other stands there already. */
	assert_int_equal(alone(desk, &id, WORDS("b=y")), ERR_EXISTS);
	assert_int_equal(alone(desk, &id, WORDS("a=w", "b=y")), ERR_OK);
	assert_int_equal(alone(desk, &id, WORDS("a=x")), ERR_EXISTS);
	/* Its own values are no one else's. */
	assert_int_equal(alone(desk, &first, WORDS("a=x", "b=y")), ERR_OK);
	assert_int_equal(alone(desk, &first, WORDS("c=2")), ERR_OK);
	/* What is not unique may be there twice. */
	assert_int_equal(alone(desk, &id, WORDS("c=2")), ERR_OK);
	assert_int_equal(alone(desk, &first, WORDS("b=")), ERR_OK);
	assert_int_equal(alone(desk, &id, WORDS("a=x")), ERR_OK);
	assert_int_equal(alone(desk, &first, WORDS("b=y")), ERR_EXISTS);
}

static void
a_record_without_one_of_them_repeats_nothing(void **state)
{
	struct desk *desk = *state;

	for (int i = 0; i < 3; i++) {
		struct record_id id = {0};

		assert_int_equal(alone(desk, &id, WORDS("a=half")), ERR_OK);
		assert_int_equal(alone(desk, &id, WORDS("a=half2")), ERR_OK);
	}
}

static void
what_was_written_just_before_is_taken_too(void **state)
{
	static const char lengthy[] = "a=가나다라마바사아자차카타파하 하나";
	static const char other[] = "a=가나다라마바사아자차카타파하 둘";
	struct desk *desk = *state;
	struct record_id ids[4] = {0};

	desk_begin(desk, true);
	assert_int_equal(thing(desk, &ids[0], WORDS(lengthy, "b=k")), ERR_OK);
	/* They begin alike, and are others. */
	assert_int_equal(thing(desk, &ids[1], WORDS(other, "b=k")), ERR_OK);
	assert_int_equal(
	    thing(desk, &ids[2], WORDS(lengthy, "b=k")), ERR_EXISTS);
	assert_non_null(strstr(err_text(), "written just before"));
	ids[2] = (struct record_id){0};
	assert_int_equal(thing(desk, &ids[2], WORDS("a=k", "b=k")), ERR_OK);
	desk_commit(desk);
	ids[3] = (struct record_id){0};
	assert_int_equal(alone(desk, &ids[3], WORDS(other, "b=k")), ERR_EXISTS);
	ids[3] = (struct record_id){0};
	assert_int_equal(alone(desk, &ids[3],
			     WORDS("a=가나다라마바사아자차카타파하", "b=k")),
	    ERR_OK);
}

static void
elements_of_a_set_are_taken_one_by_one(void **state)
{
	struct desk *desk = *state;
	struct record_id first = {0};
	struct record_id id = {0};

	assert_int_equal(alone(desk, &first, WORDS("+p", "+q", "c=s")), ERR_OK);
	assert_int_equal(
	    alone(desk, &id, WORDS("+r", "+q", "c=s")), ERR_EXISTS);
	assert_non_null(strstr(err_text(), "tags 'q', c 's' together"));
	id = (struct record_id){0};
	assert_int_equal(alone(desk, &id, WORDS("+r", "+q", "c=t")), ERR_OK);
	assert_int_equal(alone(desk, &id, WORDS("c=s")), ERR_EXISTS);
	/* What stays in the set counts as well as what comes. */
	assert_int_equal(alone(desk, &id, WORDS("+w", "c=s")), ERR_EXISTS);
	assert_int_equal(alone(desk, &id, WORDS("-q", "c=s")), ERR_OK);
	assert_int_equal(alone(desk, &id, WORDS("+q")), ERR_EXISTS);
	assert_int_equal(alone(desk, &id, WORDS("+u", "+v")), ERR_OK);
	assert_int_equal(alone(desk, &first, WORDS("-q")), ERR_OK);
	assert_int_equal(alone(desk, &id, WORDS("+q")), ERR_OK);
	assert_int_equal(alone(desk, &first, WORDS("+q")), ERR_EXISTS);
}

/* Of each of them it would have to be asked whether another has it. */
static void
too_many_elements_at_once_are_refused(void **state)
{
	struct desk *desk = *state;
	static char names[LIMIT_INDEX_ROWS][8];
	const char *words[LIMIT_INDEX_ROWS + 2] = {"c=y"};
	struct record_id id = {0};

	for (size_t i = 0; i < COUNT_OF(names); i++) {
		(void)snprintf(names[i], sizeof(names[i]), "+%zu", i);
		words[1 + i % (LIMIT_INDEX_ROWS / 2)] = names[i];
		if ((i + 1) % (LIMIT_INDEX_ROWS / 2) == 0)
			assert_int_equal(alone(desk, &id, words), ERR_OK);
		words[0] = "c=z";
	}
	/* One that stays, or comes, more than there may be. */
	assert_int_equal(alone(desk, &id, WORDS("c=x", "+one")), ERR_LIMIT);
	assert_non_null(strstr(err_text(), "tagged: more than 1024 values at"));
	assert_int_equal(alone(desk, &id, WORDS("c=x")), ERR_OK);
}

static void
a_deleted_record_has_nothing_taken(void **state)
{
	struct desk *desk = *state;
	struct record_id first = {0};
	struct record_id id = {0};

	assert_int_equal(alone(desk, &first, WORDS("a=d", "b=d")), ERR_OK);
	assert_int_equal(alone(desk, &id, WORDS("a=d", "b=d")), ERR_EXISTS);
	desk_begin(desk, true);
	desk_settle(desk, here, &first, ACT_DELETE, NULL);
	desk_commit(desk);
	id = (struct record_id){0};
	assert_int_equal(alone(desk, &id, WORDS("a=d", "b=d")), ERR_OK);
	assert_int_equal(desk_check(desk, true), 0);
}

static void
what_came_from_others_may_be_there_twice(void **state)
{
	struct desk *desk = *state;
	struct desk other;
	struct record_id first = {0};
	struct record_id id = {0};

	desk_join(&other, desk, 42);
	desk_admit(desk, &other, "d03");
	desk_pull(&other, desk);
	assert_int_equal(alone(desk, &first, WORDS("a=o", "b=o")), ERR_OK);
	assert_int_equal(alone(&other, &id, WORDS("a=o", "b=o")), ERR_OK);
	desk_pull(desk, &other);
	assert_int_equal(desk_check(desk, true), 0);
	/* Who does not touch them is not asked. */
	assert_int_equal(alone(desk, &first, WORDS("c=9")), ERR_OK);
	assert_int_equal(alone(desk, &first, WORDS("a=o2")), ERR_OK);
	assert_int_equal(alone(desk, &first, WORDS("a=o")), ERR_EXISTS);
	desk_fini(&other);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(two_fields_together_are_taken_once),
	    cmocka_unit_test(a_record_without_one_of_them_repeats_nothing),
	    cmocka_unit_test(what_was_written_just_before_is_taken_too),
	    cmocka_unit_test(elements_of_a_set_are_taken_one_by_one),
	    cmocka_unit_test(too_many_elements_at_once_are_refused),
	    cmocka_unit_test(a_deleted_record_has_nothing_taken),
	    cmocka_unit_test(what_came_from_others_may_be_there_twice),
	};

	return cmocka_run_group_tests_name(
	    "unique", tests, desk_make, desk_remove);
}
