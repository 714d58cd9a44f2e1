/*
 * Promises of cli/value.h: FIELD=VALUE becomes edits, or an error that names
 * the field and the rule.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cli/value.h"
#include "proto/codec.h"
#include "proto/mem.h"

struct fixture {
	struct pack *pack;
	struct arena arena;
	struct value_edits edits;
};

static int
setup(void **state)
{
	struct fixture *f = mem_zeros(1, sizeof(*f));

	if (pack_parse(pack_embedded(), &f->pack) != ERR_OK)
		fail_msg("%s", err_text());
	f->edits.arena = &f->arena;
	f->edits.collection = pack_collection(f->pack, bytes_text("volunteer"));
	assert_non_null(f->edits.collection);
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	value_fini(&f->edits);
	pack_free(f->pack);
	arena_fini(&f->arena);
	mem_free(f);
	return 0;
}

/* `word` is taken and adds `n` edits. */
static void
assert_adds(struct fixture *f, const char *word, size_t n)
{
	size_t had = f->edits.n;

	if (value_add(&f->edits, word) != ERR_OK)
		fail_msg("%s", err_text());
	assert_int_equal(f->edits.n - had, n);
}

/* `word` is refused with `code`, and the error has `part` in it. */
static void
assert_refused(
    struct fixture *f, const char *word, enum err code, const char *part)
{
	size_t had = f->edits.n;

	assert_int_equal(value_add(&f->edits, word), code);
	assert_int_equal(f->edits.n, had);
	if (strstr(err_text(), part) == NULL)
		fail_msg("'%s' does not say '%s'", err_text(), part);
}

static const struct store_edit *
last(const struct fixture *f)
{
	assert_true(f->edits.n > 0);
	return &f->edits.edits[f->edits.n - 1];
}

static int64_t
last_integer(const struct fixture *f)
{
	struct reader r;
	int64_t v;

	codec_begin(&r, last(f)->value);
	v = codec_get_int(&r);
	assert_int_equal(codec_end(&r, "value"), ERR_OK);
	return v;
}

static bool
last_is_text(const struct fixture *f, const char *text)
{
	struct reader r;

	codec_begin(&r, last(f)->value);
	return bytes_is(codec_get_text(&r), text) && !r.bad;
}

static void
the_pack_says_what_a_field_is(void **state)
{
	struct fixture *f = *state;

	assert_adds(f, "name=홍길동", 1);
	assert_int_equal(last(f)->code, OP_SET);
	assert_int_equal(last(f)->class, CLASS_P);
	assert_true(last_is_text(f, "홍길동"));
	assert_adds(f, "state=active", 1);
	assert_int_equal(last(f)->code, OP_MOVE);
	assert_int_equal(last(f)->class, CLASS_N);
	assert_adds(f, "training+=기초교육", 1);
	assert_int_equal(last(f)->code, OP_APPEND);
}

static void
a_value_may_hold_what_separates_words(void **state)
{
	struct fixture *f = *state;

	assert_adds(f, "name=a=b+=c", 1);
	assert_true(last_is_text(f, "a=b+=c"));
	assert_adds(f, "name=-", 1);
	assert_true(last_is_text(f, "-"));
}

static void
a_set_takes_several_elements(void **state)
{
	struct fixture *f = *state;

	assert_adds(f, "kinds+=시민찾동이; 나눔이웃;", 2);
	assert_int_equal(last(f)->code, OP_ADD);
	assert_true(last_is_text(f, "나눔이웃"));
	assert_adds(f, "kinds-=시민찾동이", 1);
	assert_int_equal(last(f)->code, OP_REMOVE);
}

static void
a_set_that_is_given_loses_all_other_elements(void **state)
{
	struct fixture *f = *state;
	struct buf old[2] = {0};
	struct record_value values[3] = {0};
	struct record_field field = {.name = bytes_text("kinds"),
	    .kind = KIND_SET,
	    .n = 3,
	    .values = values};
	struct record record = {.fields_n = 1, .fields = &field};

	codec_put_text(&old[0], bytes_text("시민찾동이"));
	codec_put_text(&old[1], bytes_text("나눔이웃"));
	values[0].value = buf_bytes(&old[0]);
	values[1].value = buf_bytes(&old[1]);
	/* Added twice, apart: taken out once. */
	values[2].value = buf_bytes(&old[1]);
	f->edits.record = &record;
	assert_adds(f, "kinds=시민찾동이", 2);
	assert_int_equal(last(f)->code, OP_REMOVE);
	assert_true(last_is_text(f, "나눔이웃"));
	buf_fini(&old[1]);
	buf_fini(&old[0]);
}

static void
a_counter_goes_up_and_down(void **state)
{
	struct fixture *f = *state;

	assert_adds(f, "hours+=30", 1);
	assert_int_equal(last_integer(f), 30);
	assert_adds(f, "hours-=30", 1);
	assert_int_equal(last_integer(f), -30);
	assert_refused(
	    f, "hours+=-9223372036854775808", ERR_INVALID, "0 or more");
	assert_refused(
	    f, "hours-=-9223372036854775808", ERR_INVALID, "0 or more");
	assert_refused(f, "hours+=9223372036854775808", ERR_INVALID, "hours");
	assert_refused(f, "hours+=1.5", ERR_INVALID, "hours");
	assert_refused(f, "hours=3", ERR_INVALID, "field+=3");
}

static void
what_a_kind_cannot_do_is_refused(void **state)
{
	struct fixture *f = *state;

	assert_refused(f, "name+=x", ERR_INVALID, "has one value");
	assert_refused(f, "state=", ERR_INVALID, "cannot be cleared");
	assert_refused(f, "training=x", ERR_INVALID, "only added to");
	assert_refused(f, "training-=x", ERR_INVALID, "only added to");
}

static void
what_is_no_assignment_is_refused(void **state)
{
	static const char *const words[] = {
	    "", "name", "=", "=x", "+=x", "-=", "kinds+=", "hours-="};
	struct fixture *f = *state;

	for (size_t i = 0; i < COUNT_OF(words); i++)
		assert_refused(f, words[i], ERR_USAGE, "'");
}

static void
an_unknown_field_is_named(void **state)
{
	struct fixture *f = *state;

	assert_refused(f, "phon=1", ERR_INVALID, "phone");
	assert_refused(f, "reports_n=1", ERR_INVALID, "reports_n");
	assert_refused(f, "name:set=1", ERR_INVALID, "name:set");
}

static void
text_comes_in_normal_form(void **state)
{
	struct fixture *f = *state;

	assert_adds(f, "name=\xe1\x84\x92\xe1\x85\xa9\xe1\x86\xbc", 1);
	assert_true(last_is_text(f, "\xed\x99\x8d"));
	f->edits.collection = NULL;
	assert_adds(f, "name=\xe1\x84\x92\xe1\x85\xa9\xe1\x86\xbc", 1);
	assert_true(last_is_text(f, "\xed\x99\x8d"));
	assert_refused(f, "name=\xff", ERR_INVALID, "name");
}

static void
too_large_a_value_is_a_limit(void **state)
{
	struct fixture *f = *state;
	struct buf text = {0};

	buf_add_text(&text, "name=");
	memset(
	    buf_extend(&text, LIMIT_TEXT_SIZE + 1), 'x', LIMIT_TEXT_SIZE + 1);
	assert_refused(f, buf_text(&text), ERR_LIMIT, "245760");
	assert_int_equal(value_add_note(&f->edits, "training",
			     bytes_after(buf_bytes(&text), 5)),
	    ERR_LIMIT);
	buf_cut(&text, text.n - 1);
	assert_adds(f, buf_text(&text), 1);
	buf_fini(&text);
}

static void
free_fields_say_what_they_are(void **state)
{
	struct fixture *f = *state;

	f->edits.collection = NULL;
	assert_adds(f, "color=빨강", 1);
	assert_int_equal(last(f)->code, OP_SET);
	assert_int_equal(last(f)->class, CLASS_P);
	assert_adds(f, "tags:set@N+=빨강", 1);
	assert_int_equal(last(f)->code, OP_ADD);
	assert_int_equal(last(f)->class, CLASS_N);
	assert_true(bytes_is(last(f)->field, "tags"));
	assert_adds(f, "n:counter@F-=2", 1);
	assert_int_equal(last(f)->class, CLASS_F);
	assert_int_equal(last_integer(f), -2);
	assert_refused(f, "x:heap=1", ERR_INVALID, "no kind 'heap'");
	assert_refused(f, "x@Q=1", ERR_INVALID, "no data class 'Q'");
	assert_refused(f, "X=1", ERR_INVALID, "no name of a field");
	assert_refused(f, "n:counter+=x", ERR_INVALID, "whole numbers");
}

static void
free_fields_go_on_as_they_were(void **state)
{
	struct fixture *f = *state;
	struct record_value value = {.class = CLASS_S};
	struct record_field field = {.name = bytes_text("n"),
	    .kind = KIND_COUNTER,
	    .n = 1,
	    .values = &value};
	struct record record = {.fields_n = 1, .fields = &field};

	f->edits.collection = NULL;
	f->edits.record = &record;
	assert_adds(f, "n+=2", 1);
	assert_int_equal(last(f)->code, OP_COUNT);
	assert_int_equal(last(f)->class, CLASS_S);
	assert_adds(f, "n:register=2", 1);
	assert_int_equal(last(f)->code, OP_SET);
	assert_int_equal(last(f)->class, CLASS_P);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
		the_pack_says_what_a_field_is, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		a_value_may_hold_what_separates_words, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		a_set_takes_several_elements, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		a_set_that_is_given_loses_all_other_elements, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		a_counter_goes_up_and_down, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		what_a_kind_cannot_do_is_refused, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		what_is_no_assignment_is_refused, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		an_unknown_field_is_named, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		text_comes_in_normal_form, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		too_large_a_value_is_a_limit, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		free_fields_say_what_they_are, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		free_fields_go_on_as_they_were, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
