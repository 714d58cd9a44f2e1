/*
 * What core/expr.h tells of an expression without evaluating it, what values
 * are when they are encoded and compared, and core/query_seen.h.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/query_seen.h"
#include "proto/codec.h"
#include "tests/lib/office.h"

enum { IDS = 5000 };

static int
office_open_pack(void **state)
{
	struct pack *pack;

	if (pack_parse(office_pack(), &pack) != ERR_OK)
		fail_msg("%s", err_text());
	*state = pack;
	return 0;
}

static int
office_close_pack(void **state)
{
	pack_free(*state);
	return 0;
}

static const struct expr *
parse(const struct pack *pack, const char *text, struct arena *arena)
{
	const struct expr_scope scope = {.pack = pack,
	    .collection = pack_collection(pack, bytes_text("visit")),
	    .may = EXPR_MAY_ALL};
	const struct expr *expr;

	if (expr_parse(bytes_text(text), &scope,
		EXPR_ANY | EXPR_SETS | 1 << EXPR_SPAN, arena, &expr) != ERR_OK)
		fail_msg("%s: %s", text, err_text());
	return expr;
}

/* Fields, each once. */
struct fields {
	const struct pack_field *p[8];
	size_t n;
};

static void
note(void *arg, const struct pack_field *field)
{
	struct fields *fields = arg;

	for (size_t i = 0; i < fields->n; i++)
		if (fields->p[i] == field)
			return;
	assert_true(fields->n < COUNT_OF(fields->p));
	fields->p[fields->n++] = field;
}

static void
what_is_read_is_told(void **state)
{
	static const struct {
		const char *text;
		bool on;     /* reads `on` of the record */
		bool stamps; /* or when it was made or changed */
		bool asks;   /* or other records */
		size_t fields;
	} cases[] = {
	    {"1 = 1", false, false, false, 0},
	    {"on < today", true, false, false, 1},
	    {"conflict(on)", true, false, false, 1},
	    {"conflict(state)", false, false, false, 1},
	    {"created = today", false, true, false, 0},
	    {"on = changed", true, true, false, 1},
	    {"not (amount = 1 or changed < on)", true, true, false, 2},
	    {"home.no = 'a'", false, false, true, 2},
	    {"home.same_as.no = 'a'", false, false, true, 3},
	    {"home.created = today", false, false, true, 1},
	    {"exists(visit, home = this.home)", false, false, true, 1},
	    {"exists(visit, home = this.home and on = today)", false, false,
		true, 2},
	    {"exists(visit, home = this.home and on = this.on)", true, false,
		true, 2},
	    {"exists(visit, home = this.home and created = today)", false,
		false, true, 1},
	    {"exists(visit, home = this.home and today = this.created)", false,
		true, true, 1},
	    {"exists(visit, home = this.home and home.no = 'a')", false, false,
		true, 2},
	    {"count(visit, home = this) = 1 and ill", false, false, true, 2},
	    {"if(count(visit, home = this) = 1, on, changed)", true, true, true,
		2},
	};
	const struct pack *pack = *state;
	const struct pack_field *on = pack_field(
	    pack_collection(pack, bytes_text("visit")), bytes_text("on"));

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct arena arena = {0};
		const struct expr *expr = parse(pack, cases[i].text, &arena);
		struct fields fields = {{NULL}, 0};

		expr_fields(expr, note, &fields);
		if (expr_reads(expr, on) != cases[i].on ||
		    expr_reads_stamps(expr) != cases[i].stamps ||
		    expr_asks(expr) != cases[i].asks ||
		    fields.n != cases[i].fields)
			fail_msg("%s: %d %d %d %zu", cases[i].text,
			    expr_reads(expr, on), expr_reads_stamps(expr),
			    expr_asks(expr), fields.n);
		arena_fini(&arena);
	}
}

static void
an_expression_is_a_field_only_by_itself(void **state)
{
	struct arena arena = {0};

	assert_string_equal(
	    expr_field(parse(*state, "on", &arena))->name, "on");
	assert_null(expr_field(parse(*state, "on + 1", &arena)));
	assert_null(expr_field(parse(*state, "home.no", &arena)));
	assert_true(expr_is_set(parse(*state, "tags", &arena)));
	assert_false(expr_is_set(parse(*state, "count(tags)", &arena)));
	assert_int_equal(expr_type(parse(*state, "2d", &arena)), EXPR_SPAN);
	assert_int_equal(expr_offset_seconds(NULL), 0);
	assert_int_equal(expr_offset_seconds(*state), 9 * 3600);
	arena_fini(&arena);
}

/* As text: what the codec reads back. */
static void
assert_encoded(struct expr_value value, enum pack_type type, const char *wanted)
{
	struct buf made = {0};
	struct buf text = {0};
	struct reader r;
	struct bytes raw;

	expr_encode(&value, type, &made);
	codec_begin(&r, buf_bytes(&made));
	switch (codec_peek(&r)) {
	case CODEC_BOOL:
		buf_add_text(&text, codec_get_bool(&r) ? "true" : "false");
		break;
	case CODEC_INT:
		buf_add_format(&text, "%lld", (long long)codec_get_int(&r));
		break;
	case CODEC_TEXT:
		buf_add(&text, codec_get_text(&r));
		break;
	default:
		raw = codec_get_bytes(&r);
		for (size_t i = 0; i < raw.n; i++)
			buf_add_format(&text, "%02x", raw.p[i]);
		break;
	}
	assert_false(r.bad);
	assert_int_equal(r.in.n, 0);
	assert_string_equal(buf_text(&text), wanted);
	buf_fini(&made);
	buf_fini(&text);
}

static void
values_are_encoded_as_their_fields_have_them(void **state)
{
	const struct expr_value raw = {
	    .type = EXPR_BYTES, .b = bytes_text("0123456789abcdef")};
	const char *hex = "30313233343536373839616263646566";

	(void)state;
	assert_encoded(
	    (struct expr_value){.type = EXPR_BOOL, .i = 1}, PACK_BOOL, "true");
	assert_encoded(
	    (struct expr_value){.type = EXPR_BOOL}, PACK_BOOL, "false");
	assert_encoded(
	    (struct expr_value){.type = EXPR_INT, .i = -7}, PACK_INT, "-7");
	assert_encoded((struct expr_value){.type = EXPR_INT, .i = 1000},
	    PACK_MONEY, "1000");
	assert_encoded(
	    (struct expr_value){.type = EXPR_TEXT, .b = bytes_text("가")},
	    PACK_TEXT, "가");
	assert_encoded(
	    (struct expr_value){.type = EXPR_TEXT, .b = bytes_text("a")},
	    PACK_ENUM, "a");
	assert_encoded((struct expr_value){.type = EXPR_DATE, .i = 0},
	    PACK_DATE, "1970-01-01");
	assert_encoded((struct expr_value){.type = EXPR_DATETIME, .i = -1},
	    PACK_DATETIME, "1969-12-31T23:59:59Z");
	assert_encoded(raw, PACK_REF, hex);
	assert_encoded(raw, PACK_HASH, hex);
	assert_encoded(raw, PACK_BYTES, hex);
}

static void
values_have_an_order(void **state)
{
	static const struct expr_value rising[] = {{.type = EXPR_NOTHING},
	    {.type = EXPR_BOOL}, {.type = EXPR_BOOL, .i = 1},
	    {.type = EXPR_INT, .i = -1}, {.type = EXPR_INT, .i = 3},
	    {.type = EXPR_TEXT, .b = {(const uint8_t *)"a", 1}},
	    {.type = EXPR_TEXT, .b = {(const uint8_t *)"ab", 2}},
	    {.type = EXPR_DATE, .i = -5}, {.type = EXPR_DATETIME, .i = 5},
	    {.type = EXPR_SPAN, .i = 1}, {.type = EXPR_SPAN, .i = 2},
	    {.type = EXPR_REF, .b = {(const uint8_t *)"a", 1}},
	    {.type = EXPR_BYTES, .b = {(const uint8_t *)"a", 1}},
	    {.type = EXPR_MAP, .b = {(const uint8_t *)"a", 1}},
	    {.type = EXPR_MAP, .b = {(const uint8_t *)"b", 1}}};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rising); i++)
		for (size_t k = 0; k < COUNT_OF(rising); k++) {
			int way = expr_compare(&rising[i], &rising[k]);

			assert_int_equal(
			    (way > 0) - (way < 0), (i > k) - (i < k));
		}
}

static void
each_record_is_seen_once_however_many(void **state)
{
	struct query_seen seen = {0};

	(void)state;
	for (int round = 0; round < 2; round++) {
		for (int twice = 0; twice < 2; twice++)
			for (uint32_t i = 0; i < IDS; i++) {
				struct record_id id = {{0}};

				bytes_put_be32(id.b, i * 2654435761U);
				assert_int_equal(
				    query_seen_add(&seen, &id), twice == 0);
			}
		query_seen_clear(&seen);
	}
	query_seen_fini(&seen);
	query_seen_fini(&(struct query_seen){0});
}

#define OFFICE(test)                     \
	cmocka_unit_test_setup_teardown( \
	    test, office_open_pack, office_close_pack)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    OFFICE(what_is_read_is_told),
	    OFFICE(an_expression_is_a_field_only_by_itself),
	    cmocka_unit_test(values_are_encoded_as_their_fields_have_them),
	    cmocka_unit_test(values_have_an_order),
	    cmocka_unit_test(each_record_is_seen_once_however_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
