/*
 * Promises of core/repeats.h: the values that several records have where only
 * one may are the same whether an index or each record is looked at.
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

#include "core/lookup.h"
#include "core/meta.h"
#include "core/repeats.h"
#include "proto/codec.h"
#include "tests/lib/desk.h"

enum { RECORDS = 60, EDITS = 1000 };

static const char here[] = "d03/c017/thing";

#define LABEL "\"label\":{\"ko\":\"ㄱ\",\"en\":\"x\"}"
#define FIELD(name, kind, class, more)            \
	"{\"name\":\"" name "\",\"kind\":\"" kind \
	"\",\"type\":\"text\",\"class\":\"" class "\"," more LABEL "}"
#define UNIQUE "\"index\":\"unique\","

#define PLAIN(name) FIELD(name, "register", "N", "")

static const char pack_json[] =
    "{\"format\":2,\"name\":\"things\",\"version\":1," LABEL ","
    "\"collections\":[{\"name\":\"thing\",\"space\":\"thing\"," LABEL ","
    "\"indexes\":["
    "{\"name\":\"one\",\"fields\":[\"a\",\"b\"],\"unique\":true},"
    "{\"name\":\"tagged\",\"fields\":[\"tags\",\"b\"],\"unique\":true}],"
    "\"fields\":[" PLAIN("a") "," PLAIN("b") "," FIELD("n", "register", "N",
	UNIQUE) "," FIELD("p", "register", "P", UNIQUE) "," FIELD("tags", "set",
	"N", "") "]},"
		 "{\"name\":\"other\",\"space\":\"thing\"," LABEL
		 ",\"fields\":[" FIELD("n", "register", "N", UNIQUE) "]}]}";

struct bytes __wrap_pack_embedded(void);

struct bytes
__wrap_pack_embedded(void)
{
	return bytes_text(pack_json);
}

static void
well(enum err e)
{
	if (e != ERR_OK)
		fail_msg("%s: %s", err_name(e), err_text());
}

/* A record of the open writer, or an edit of `of`: one text for each field,
 * NULL ends them.  It is not asked whether they are another's already. */
struct part {
	const char *field;
	enum op_code code;
	enum delta_class class;
	const char *text;
};

static struct record_id
put(struct desk *desk, const char *collection, const struct record_id *of,
    const struct part *parts)
{
	static struct store_edit edits[EDITS];
	static struct buf values[EDITS];
	struct store_write write = {.create = of == NULL,
	    .has_record = of != NULL,
	    .restored = true,
	    .collection = bytes_text(collection),
	    .edits = edits};
	struct record_id id;
	bool changed;

	if (of != NULL)
		write.record = *of;
	well(id_space(bytes_text(here), &write.space));
	for (size_t i = 0; parts[i].field != NULL; i++) {
		buf_cut(&values[i], 0);
		codec_put_text(&values[i], bytes_text(parts[i].text));
		edits[i] = (struct store_edit){
		    .field = bytes_text(parts[i].field),
		    .code = parts[i].code,
		    .class = parts[i].class,
		    .value = buf_bytes(&values[i])};
		write.edits_n++;
	}
	well(store_write(desk->store, &write, &id, &changed));
	for (size_t i = 0; i < write.edits_n; i++)
		buf_fini(&values[i]);
	return id;
}

static int
desk_make(void **state)
{
	/* Of the long ones an index has the same bytes. */
	static const char *const texts[] = {"ㄱ", "ㄴ", "ㄷ", "ㄹ",
	    "0123456789 0123456789 0123456789 a",
	    "0123456789 0123456789 0123456789 b", "ㅁ", "ㅂ", "ㅅ", "ㅇ", "ㅈ",
	    "ㅊ"};
	static struct desk desk;
	struct prng prng = {5};

	desk_found(&desk, 43);
	desk_begin(&desk, true);
	meta_put(store_txn(desk.store), meta_pack, bytes_text("things"));
	desk_commit(&desk);
	desk_close(&desk);
	desk_open(&desk, false);
	desk_begin(&desk, true);
	for (int i = 0; i < RECORDS; i++) {
		const char *pick[5];
		char own[16];

		(void)snprintf(own, sizeof(own), "%d", i);
		for (size_t k = 0; k < COUNT_OF(pick); k++)
			pick[k] =
			    prng_below(&prng, 3) == 0
				? texts[prng_below(&prng, COUNT_OF(texts))]
				: own;
		(void)put(&desk, i % 9 == 0 ? "other" : "thing", NULL,
		    i % 9 == 0
			? (struct part[]){{"n", OP_SET, CLASS_N, pick[0]},
			      {NULL, OP_SET, CLASS_N, NULL}}
			: (struct part[]){{"a", OP_SET, CLASS_N, pick[0]},
			      {"b", OP_SET, CLASS_N, pick[1]},
			      {"n", OP_SET, CLASS_N, pick[2]},
			      {"p", OP_SET, CLASS_P, pick[3]},
			      {"tags", OP_ADD, CLASS_N, pick[4]},
			      {"tags", OP_ADD, CLASS_N, pick[0]},
			      {NULL, OP_SET, CLASS_N, NULL}});
	}
	desk_commit(&desk);
	*state = &desk;
	return 0;
}

static int
desk_remove(void **state)
{
	desk_fini(*state);
	return 0;
}

/* What both ways find, which is the same; how much that is. */
static size_t
find_both(struct desk *desk)
{
	struct arena arena = {0};
	struct repeat *by[2];
	size_t n[2];
	struct space name;

	well(id_space(bytes_text(here), &name));
	for (int way = 0; way < 2; way++) {
		struct txn *txn;

		desk_begin(desk, false);
		txn = store_txn(desk->store);
		assert_true(lookup_is_current(txn));
		if (way == 1)
			txn->lookup = NULL;
		well(repeats_find(
		    txn, space_find(txn, &name), &arena, &by[way], &n[way]));
		store_abort(desk->store);
	}
	assert_int_equal(n[0], n[1]);
	for (size_t i = 0; i < n[0]; i++) {
		assert_ptr_equal(by[0][i].field, by[1][i].field);
		assert_ptr_equal(by[0][i].compound, by[1][i].compound);
		assert_int_equal(by[0][i].n, by[1][i].n);
		assert_true(by[0][i].n > 1);
		assert_memory_equal(by[0][i].ids, by[1][i].ids,
		    by[0][i].n * sizeof(*by[0][i].ids));
	}
	arena_fini(&arena);
	return n[0];
}

static void
an_index_tells_what_all_records_do(void **state)
{
	assert_true(find_both(*state) > 8);
}

/* One with more values than an index takes stands for anything there. */
static void
what_an_index_cannot_tell_the_records_do(void **state)
{
	static struct part parts[EDITS + 1];
	static char tags[EDITS][8];
	struct desk *desk = *state;
	size_t before = find_both(desk);
	struct record_id id;

	desk_begin(desk, true);
	for (size_t i = 0; i < EDITS; i++)
		parts[i] = (struct part){"tags", OP_ADD, CLASS_N, tags[i]};
	parts[EDITS] = (struct part){.field = NULL};
	for (int round = 0; round < 2; round++) {
		for (size_t i = 0; i < EDITS; i++)
			(void)snprintf(
			    tags[i], sizeof(tags[i]), "%d-%zu", round, i);
		id = put(desk, "thing", round > 0 ? &id : NULL, parts);
	}
	(void)put(desk, "thing", &id,
	    (struct part[]){{"b", OP_SET, CLASS_N, "한 가지"},
		{NULL, OP_SET, CLASS_N, NULL}});
	(void)put(desk, "thing", NULL,
	    (struct part[]){{"b", OP_SET, CLASS_N, "한 가지"},
		{"tags", OP_ADD, CLASS_N, "1-7"},
		{NULL, OP_SET, CLASS_N, NULL}});
	desk_commit(desk);
	assert_int_equal(find_both(desk), before + 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_index_tells_what_all_records_do),
	    cmocka_unit_test(what_an_index_cannot_tell_the_records_do),
	};

	return cmocka_run_group_tests_name(
	    "repeats", tests, desk_make, desk_remove);
}
