/*
 * Promises of core/pack_check.h, pack_text.h and pack_show.h.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/pack.h"
#include "core/pack_check.h"
#include "core/pack_show.h"
#include "core/pack_text.h"
#include "proto/codec.h"
#include "proto/limits.h"
#include "tests/lib/clinic.h"
#include "tests/lib/pack_sample.h"

static int
open_sample(void **state)
{
	struct pack *pack;

	if (pack_parse(bytes_text(pack_sample), &pack) != ERR_OK)
		fail_msg("%s", err_text());
	*state = pack;
	return 0;
}

static int
close_sample(void **state)
{
	pack_free(*state);
	return 0;
}

static const struct pack_field *
field_of(void **state, const char *name)
{
	struct pack *pack = *state;
	const struct pack_field *field = pack_field(
	    &pack->collections[0], bytes_text(name));

	assert_non_null(field);
	return field;
}

/* `text` for the field `name` is taken and comes back as `shown`. */
static void
assert_taken(
    void **state, const char *name, const char *text, const char *shown)
{
	const struct pack_field *field = field_of(state, name);
	struct buf value = {0};
	struct buf back = {0};

	if (pack_text_value(field, bytes_text(text), &value) != ERR_OK)
		fail_msg("%s", err_text());
	assert_int_equal(pack_check_value(field, buf_bytes(&value)), ERR_OK);
	pack_show_value(field, buf_bytes(&value), &back);
	assert_string_equal(buf_text(&back), shown);
	buf_fini(&value);
	buf_fini(&back);
}

static void
assert_not_taken(
    void **state, const char *name, const char *text, const char *why)
{
	struct buf value = {0};

	buf_add_text(&value, "kept");
	assert_int_equal(
	    pack_text_value(field_of(state, name), bytes_text(text), &value),
	    ERR_INVALID);
	assert_string_equal(err_text(), why);
	assert_string_equal(buf_text(&value), "kept");
	buf_fini(&value);
}

static void
values_are_read_from_text_and_shown_again(void **state)
{
	assert_taken(state, "text", " 혜화동 ", " 혜화동 ");
	assert_taken(state, "text", "\xe1\x84\x92\xe1\x85\xa8", "혜");
	assert_taken(state, "text", "", "");
	assert_taken(
	    state, "int", " -9223372036854775808", "-9223372036854775808");
	assert_taken(
	    state, "int", "9223372036854775807", "9223372036854775807");
	assert_taken(state, "bool", "TRUE", "true");
	assert_taken(state, "bool", "0", "false");
	assert_taken(state, "bool", "true", "true");
	assert_taken(state, "bool", "1", "true");
	assert_taken(state, "bool", "false", "false");
	assert_taken(state, "bool", "FALSE", "false");
	assert_taken(state, "enum", "안부 ", "안부");
	assert_taken(state, "date", "2016-02-29", "2016-02-29");
	assert_taken(state, "date", "2000-02-29", "2000-02-29");
	assert_taken(state, "datetime", "2016-07-25T09:30:00+09:00",
	    "2016-07-25T09:30:00+09:00");
	assert_taken(state, "datetime", "2016-12-31T23:59:60.123Z",
	    "2016-12-31T23:59:60.123Z");
	assert_taken(
	    state, "geo", "37.5865, 126.99993", "37.586500,126.999930,0");
	assert_taken(
	    state, "geo", "-0.000001,-180,25", "-0.000001,-180.000000,25");
	assert_taken(state, "ref", "0123456789abcdef0123456789abcdef",
	    "0123456789abcdef0123456789abcdef");
	assert_taken(state, "bytes", "00ff", "00ff");
	assert_taken(
	    state, "map", "systolic = 130 , gds=-2", "gds=-2,systolic=130");
	assert_taken(state, "map", "", "");
	assert_taken(state, "counter", "-30", "-30");
	assert_taken(state, "notes", "첫 줄\n둘째 줄", "첫 줄\n둘째 줄");
	assert_taken(state, "state", "doing", "doing");
}

static void
wrong_values_are_named_with_their_rule(void **state)
{
	assert_not_taken(
	    state, "enum", "놀이", "c.enum: '놀이' is not one of 정기, 안부");
	assert_not_taken(
	    state, "state", "", "c.state: '' is not one of open, doing, done");
	assert_not_taken(state, "int", "1.5",
	    "c.int: '1.5' is not a whole number of 64 bits");
	assert_not_taken(state, "int", "9223372036854775808",
	    "c.int: '9223372036854775808' is not a whole number of 64 bits");
	assert_not_taken(
	    state, "bool", "ja", "c.bool: 'ja' is not true or false");
	assert_not_taken(state, "ref", "0123",
	    "c.ref: '0123' is not a record id of 16 bytes");
	assert_not_taken(state, "hash", "가나다라마바사아자차카타파하",
	    "c.hash: '가나다라마바사아자차카타…' is not a hash of 16 to 64 "
	    "bytes");
	assert_not_taken(state, "map", "pulse=60",
	    "c.map: 'pulse=60' is not names with whole numbers, each name one "
	    "of systolic, gds");
	assert_not_taken(state, "map", "gds=1,gds=2",
	    "c.map: 'gds=1,gds=2' is not names with whole numbers");
	assert_not_taken(
	    state, "text", "a\xff", "c.text: byte 1 is not text in UTF-8");
	assert_not_taken(state, "geo", "90.000001,0",
	    "c.geo: '90.000001,0.000000,0' is not a place with a latitude of "
	    "-90 to 90 degrees");
}

static void
days_and_times_that_do_not_exist_are_refused(void **state)
{
	static const char *const dates[] = {"2015-02-29", "1900-02-29",
	    "2016-04-31", "2016-00-10", "2016-13-01", "2016-01-00",
	    "0000-01-01", "2016-1-01", "2016/01/01", "2016-01-01 x", "20160101",
	    "201 -01-01", "2016-0/-01", "2016-01-0:", "2016-01/01",
	    "٢٠١٦-01-01", ""};
	static const char *const times[] = {"2016-07-25T09:30:00",
	    "2016-07-25 09:30:00Z", "2016-07-25T24:00:00Z",
	    "2016-07-25T09:60:00Z", "2016-07-25T09:30:60Z",
	    "2016-07-25T09:59:61Z", "2016-07-25T09:30:00.Z",
	    "2016-07-25T09:30:00.1234567890Z", "2016-07-25T09:30:00+0900",
	    "2016-07-25T09:30:00+24:00", "2016-07-25T09:30:00z",
	    "2016-07-25T09-30:00Z", "2016-07-25T09:30-00Z",
	    "2016-07-25T09:30:00+09:60", "2016-07-25T09:30:00*09:00",
	    "2016-07-25T09:30:00+0a:00", "2016-07-25T09:30:00.1",
	    "2016-07-25T09:30:00+09.00", "2016-07-25T0x:30:00Z",
	    "2016-02-30T09:30:00Z", "2016-07-25T09:30Z", "2016-07-25"};
	struct buf value = {0};

	for (size_t i = 0; i < COUNT_OF(dates); i++)
		assert_int_equal(pack_text_value(field_of(state, "date"),
				     bytes_text(dates[i]), &value),
		    ERR_INVALID);
	for (size_t i = 0; i < COUNT_OF(times); i++)
		assert_int_equal(pack_text_value(field_of(state, "datetime"),
				     bytes_text(times[i]), &value),
		    ERR_INVALID);
	assert_int_equal(value.n, 0);
}

static void
places_must_be_written_as_places(void **state)
{
	static const char *const wrong[] = {"", "37", "37,", "37,127,", " ,127",
	    "37, ,5", "37,127, ", "-91,0", "0,-180.000001", "37,127,5,6",
	    "37.1234567,127", "x,127", "37.,127", "1000,0", "37,180.000001",
	    "37,127,-1", "37,127,1000001", "37,127,1.5", "--37,127", "37./,127",
	    "37.:,127", "37.5 1,127", "-,1", "99999999999999999999,0"};
	struct buf value = {0};

	for (size_t i = 0; i < COUNT_OF(wrong); i++)
		assert_int_equal(pack_text_value(field_of(state, "geo"),
				     bytes_text(wrong[i]), &value),
		    ERR_INVALID);
	assert_int_equal(value.n, 0);
}

static void
encoded_values_must_be_canonical_and_of_the_type(void **state)
{
	static const struct {
		const char *name;
		const char *value;
		size_t n;
	} bad[] = {
	    {"text", "", 0},
	    {"text", "\xa1", 1},
	    {"text", "\xa1\xff", 2},
	    {"text", "\xd9\x01x", 3}, /* longer than needed */
	    {"text", "\xa1x\xc0", 3}, /* something follows */
	    {"text", "\xa6\xe1\x84\x92\xe1\x85\xa8", 7}, /* not normal */
	    {"text", "\xa1\0", 2},
	    {"text", "\x01", 1},
	    {"int", "\xa1x", 2},
	    {"int", "\xcf\xff\xff\xff\xff\xff\xff\xff\xff", 9},
	    {"bool", "\x01", 1},
	    {"ref", "\xc4\x0f\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 17},
	    {"geo", "\x92\x01\x02", 3},
	    {"geo", "\x93\x01\x02\xc0", 4},
	    {"map", "\x82\xa3gds\x01\xa3gds\x02", 11},
	    {"map", "\x81\xa3gds\xc2", 6},
	    {"map", "\x81\x01\x01", 3},
	    {"map",
		"\x81\xa2"
		"a\0\x01",
		5},
	    {"map", "\x81\xa5pulse\x01", 8},
	    {"hash", "\xa2xx", 3},
	    {"hash", "\xc4\x0f\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 17},
	    {"geo", "\x92\x01\x02", 3},
	    {"geo", "\x93\x01\x02\xff", 4},
	    {"geo", "\x93\x01\x02\x03\x04", 5},
	    {"bytes", "\xa2xx", 3},
	};

	for (size_t i = 0; i < COUNT_OF(bad); i++)
		assert_int_equal(pack_check_value(field_of(state, bad[i].name),
				     bytes_of(bad[i].value, bad[i].n)),
		    ERR_INVALID);
}

static void
text_has_a_limit(void **state)
{
	struct buf text = {0};
	struct buf value = {0};

	memset(
	    buf_extend(&text, LIMIT_TEXT_SIZE + 1), 'x', LIMIT_TEXT_SIZE + 1);
	assert_int_equal(
	    pack_text_value(field_of(state, "notes"),
		bytes_first(buf_bytes(&text), LIMIT_TEXT_SIZE), &value),
	    ERR_OK);
	assert_int_equal(
	    pack_text_value(field_of(state, "notes"), buf_bytes(&text), &value),
	    ERR_INVALID);
	assert_string_equal(err_text(),
	    "c.notes: 'xxxxxxxxxxxxxxxxxxxxxxxx…' is not at most 240 KiB of "
	    "text");
	buf_fini(&text);
	buf_fini(&value);
}

static void
hashes_and_bytes_have_limits(void **state)
{
	struct buf value = {0};
	uint8_t raw[65] = {0};

	for (size_t n = 0; n <= sizeof(raw); n++) {
		buf_cut(&value, 0);
		codec_put_bytes(&value, bytes_of(raw, n));
		assert_int_equal(pack_check_value(field_of(state, "hash"),
				     buf_bytes(&value)),
		    n >= 16 && n <= 64 ? ERR_OK : ERR_INVALID);
	}
	for (size_t more = 0; more < 2; more++) {
		struct buf many = {0};

		memset(buf_extend(&many, LIMIT_TEXT_SIZE + more), 0,
		    LIMIT_TEXT_SIZE + more);
		buf_cut(&value, 0);
		codec_put_bytes(&value, buf_bytes(&many));
		assert_int_equal(pack_check_value(field_of(state, "bytes"),
				     buf_bytes(&value)),
		    more == 0 ? ERR_OK : ERR_INVALID);
		buf_fini(&many);
	}
	buf_fini(&value);
}

/* The names of a map stand in canonical order, however they were written. */
static void
names_of_a_map_are_sorted(void **state)
{
	struct pack *pack;
	struct buf value = {0};
	struct buf back = {0};
	const struct pack_field *field;

	(void)state;
	assert_int_equal(
	    pack_parse(
		bytes_text(PACK(
		    FIELD("m", "\"kind\":\"register\",\"type\":\"map\""), "")),
		&pack),
	    ERR_OK);
	field = pack_field(&pack->collections[0], bytes_text("m"));
	assert_int_equal(
	    pack_text_value(
		field, bytes_text("ccc=1,b=2,dd=3,a=4,aaa=5,bb=6,c=7"), &value),
	    ERR_OK);
	assert_int_equal(pack_check_value(field, buf_bytes(&value)), ERR_OK);
	pack_show_value(field, buf_bytes(&value), &back);
	assert_string_equal(
	    buf_text(&back), "a=4,b=2,c=7,bb=6,dd=3,aaa=5,ccc=1");
	assert_int_equal(pack_text_value(field, bytes_text("a=1,b=2,"), &value),
	    ERR_INVALID);
	assert_int_equal(
	    pack_text_value(field, bytes_text("a=1,b"), &value), ERR_INVALID);
	assert_int_equal(
	    pack_text_value(field, bytes_text("a=1,b=x"), &value), ERR_INVALID);
	assert_int_equal(
	    pack_text_value(field, bytes_text("a=1,b="), &value), ERR_INVALID);
	assert_int_equal(
	    pack_text_value(field, bytes_text("a=1,b\xff=2"), &value),
	    ERR_INVALID);
	buf_cut(&value, 0);
	buf_add(&value, bytes_of("\x81\xa2"
				 "a\0\x01",
			    5));
	assert_int_equal(
	    pack_check_value(field, buf_bytes(&value)), ERR_INVALID);
	buf_cut(&value, 0);
	codec_put_map(&value, 1);
	codec_put_text(&value, bytes_text("\xe1\x84\x92\xe1\x85\xa8"));
	codec_put_int(&value, 1);
	assert_int_equal(
	    pack_check_value(field, buf_bytes(&value)), ERR_INVALID);
	assert_non_null(strstr(err_text(), "normal form C"));
	buf_fini(&value);
	buf_fini(&back);
	pack_free(pack);
}

static void
missing_fields_are_listed(void **state)
{
	const struct pack *pack = *state;
	const struct pack_collection *c = &pack->collections[0];
	const struct pack_field *present[2] = {field_of(state, "text"), NULL};

	assert_int_equal(pack_check_required(c, present, 1), ERR_INVALID);
	assert_string_equal(err_text(), "c: missing counter, state");
	present[1] = field_of(state, "state");
	assert_int_equal(pack_check_required(c, present, 2), ERR_INVALID);
	assert_string_equal(err_text(), "c: missing counter");
	present[0] = field_of(state, "counter");
	assert_int_equal(pack_check_required(c, present, 2), ERR_OK);
}

static void
states_move_as_declared(void **state)
{
	const struct pack_field *field = field_of(state, "state");
	struct bytes none = {0};

	assert_int_equal(pack_check_transition(
			     field, bytes_text("open"), bytes_text("done")),
	    ERR_OK);
	assert_int_equal(
	    pack_check_transition(field, none, bytes_text("done")), ERR_OK);
	assert_int_equal(pack_check_transition(
			     field, bytes_text("done"), bytes_text("done")),
	    ERR_OK);
	assert_int_equal(pack_check_transition(
			     field, bytes_text("newer"), bytes_text("open")),
	    ERR_OK);
	assert_int_equal(pack_check_transition(
			     field, bytes_text("doing"), bytes_text("done")),
	    ERR_INVALID);
	assert_string_equal(err_text(),
	    "c.state: 'done' cannot follow 'doing'; what can: open");
	assert_int_equal(pack_check_transition(
			     field, bytes_text("done"), bytes_text("open")),
	    ERR_INVALID);
	assert_string_equal(
	    err_text(), "c.state: 'open' cannot follow 'done'; nothing can");
	assert_int_equal(pack_check_transition(field, none, bytes_text("\xff")),
	    ERR_INVALID);
}

static void
json_values_are_taken_by_type(void **state)
{
	struct buf json = {0};
	struct buf value = {0};

	codec_put_text(&json, bytes_text("0123456789abcdef0123456789abcdef"));
	assert_int_equal(
	    pack_text_json(field_of(state, "ref"), buf_bytes(&json), &value),
	    ERR_OK);
	assert_int_equal(value.n, 18);
	buf_cut(&value, 0);
	assert_int_equal(
	    pack_text_json(field_of(state, "bytes"), buf_bytes(&json), &value),
	    ERR_OK);
	assert_int_equal(value.n, 18);
	assert_int_equal(
	    pack_text_json(field_of(state, "map"), buf_bytes(&json), &value),
	    ERR_INVALID);
	assert_int_equal(
	    pack_text_json(field_of(state, "int"), buf_bytes(&json), &value),
	    ERR_INVALID);
	buf_cut(&json, 0);
	codec_put_text(&json, bytes_text("7"));
	assert_int_equal(
	    pack_text_json(field_of(state, "int"), buf_bytes(&json), &value),
	    ERR_INVALID);
	buf_cut(&json, 0);
	buf_cut(&value, 0);
	codec_put_int(&json, 7);
	assert_int_equal(
	    pack_text_json(field_of(state, "int"), buf_bytes(&json), &value),
	    ERR_OK);
	assert_int_equal(value.n, 1);
	assert_int_equal(
	    pack_text_json(field_of(state, "text"), buf_bytes(&json), &value),
	    ERR_INVALID);
	buf_fini(&json);
	buf_fini(&value);
}

static void
cells_of_sets_hold_several_elements(void **state)
{
	struct bytes rest = bytes_text(" 정기 ;; 안부;");
	struct bytes element;

	assert_true(pack_text_next(field_of(state, "enum"), &rest, &element));
	assert_true(bytes_is(element, "정기"));
	assert_true(pack_text_next(field_of(state, "enum"), &rest, &element));
	assert_true(bytes_is(element, "안부"));
	assert_false(pack_text_next(field_of(state, "enum"), &rest, &element));
	rest = bytes_text("a;b ");
	assert_true(pack_text_next(field_of(state, "text"), &rest, &element));
	assert_true(bytes_is(element, "a;b"));
	assert_false(pack_text_next(field_of(state, "text"), &rest, &element));
}

static void
values_of_other_packs_are_shown_as_they_are(void **state)
{
	static const struct {
		const char *value;
		size_t n;
		const char *shown;
	} other[] = {
	    {"\x07", 1, "7"},
	    {"\xc0", 1, "nil"},
	    {"\x92\x01\xa1x", 4, "1,x"},
	    {"\x81\xa1x\x91\x01", 5, "x=9101"},
	    {"\xc1", 1, "c1"},
	    {"", 0, ""},
	};
	struct buf text = {0};

	for (size_t i = 0; i < COUNT_OF(other); i++) {
		buf_cut(&text, 0);
		pack_show_value(field_of(state, "geo"),
		    bytes_of(other[i].value, other[i].n), &text);
		assert_string_equal(buf_text(&text), other[i].shown);
	}
	buf_fini(&text);
}

static const struct {
	const char *name;
	const char *text;
	const char *why; /* NULL: fine */
} bounded[] = {
    {"score", "0", NULL},
    {"score", "100", NULL},
    {"score", "-1", "task.score: '-1' is not a number from 0 to 100"},
    {"score", "101", "task.score: '101' is not a number from 0 to 100"},
    {"score", "x", "task.score: 'x' is not a whole number of 64 bits"},
    {"tries", "0", NULL},
    {"tries", "10", NULL},
    {"tries", "11", "task.tries: '11' is not a number from 0 to 10"},
    {"tries", "-1", "task.tries: '-1' is not a number from 0 to 10"},
    {"kind", "b", NULL},
    {"kind", "d", "task.kind: 'd' is not one of a, b, c"},
};

static void
numbers_stay_within_their_bounds(void **state)
{
	struct pack *pack = clinic_pack(NULL, NULL);
	struct pack *low;
	const struct pack_collection *task = pack_collection(
	    pack, bytes_text("task"));
	struct buf value = {0};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(bounded); i++) {
		const struct pack_field *field = pack_field(
		    task, bytes_text(bounded[i].name));
		enum err e = pack_text_value(
		    field, bytes_text(bounded[i].text), &value);

		assert_int_equal(
		    e, bounded[i].why == NULL ? ERR_OK : ERR_INVALID);
		if (bounded[i].why != NULL)
			assert_string_equal(err_text(), bounded[i].why);
	}
	low = clinic_pack("`min`:0,", "");
	assert_int_equal(
	    pack_text_value(pack_field(pack_collection(low, bytes_text("task")),
				bytes_text("score")),
		bytes_text("101"), &value),
	    ERR_INVALID);
	assert_string_equal(
	    err_text(), "task.score: '101' is not a number of 100 or less");
	pack_free(low);
	low = clinic_pack("`max`:10,", "");
	assert_int_equal(
	    pack_text_value(pack_field(pack_collection(low, bytes_text("task")),
				bytes_text("tries")),
		bytes_text("-1"), &value),
	    ERR_INVALID);
	assert_string_equal(
	    err_text(), "task.tries: '-1' is not a number of 0 or more");
	pack_free(low);
	pack_free(pack);
	buf_fini(&value);
}

static void
codes_are_written_on_their_days(void **state)
{
	struct pack *pack = clinic_pack(NULL, NULL);
	const struct pack_field *kind = pack_field(
	    pack_collection(pack, bytes_text("task")), bytes_text("kind"));
	struct buf a = {0};
	struct buf b = {0};

	(void)state;
	codec_put_text(&a, bytes_text("a"));
	codec_put_text(&b, bytes_text("b"));
	assert_int_equal(pack_check_dated(kind, buf_bytes(&a), 16617), ERR_OK);
	assert_int_equal(pack_check_dated(kind, buf_bytes(&a), 18077), ERR_OK);
	assert_int_equal(
	    pack_check_dated(kind, buf_bytes(&a), 16616), ERR_INVALID);
	assert_string_equal(
	    err_text(), "task.kind: 'a' may be written from 2015-07-01 on");
	assert_int_equal(
	    pack_check_dated(kind, buf_bytes(&a), 18078), ERR_INVALID);
	assert_string_equal(err_text(),
	    "task.kind: 'a' may be written no more: it ended on 2019-06-30");
	assert_int_equal(pack_check_dated(kind, buf_bytes(&b), 99999), ERR_OK);
	pack_free(pack);
	buf_fini(&a);
	buf_fini(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(values_are_read_from_text_and_shown_again),
	    cmocka_unit_test(wrong_values_are_named_with_their_rule),
	    cmocka_unit_test(days_and_times_that_do_not_exist_are_refused),
	    cmocka_unit_test(places_must_be_written_as_places),
	    cmocka_unit_test(encoded_values_must_be_canonical_and_of_the_type),
	    cmocka_unit_test(text_has_a_limit),
	    cmocka_unit_test(hashes_and_bytes_have_limits),
	    cmocka_unit_test(names_of_a_map_are_sorted),
	    cmocka_unit_test(missing_fields_are_listed),
	    cmocka_unit_test(states_move_as_declared),
	    cmocka_unit_test(json_values_are_taken_by_type),
	    cmocka_unit_test(cells_of_sets_hold_several_elements),
	    cmocka_unit_test(values_of_other_packs_are_shown_as_they_are),
	    cmocka_unit_test(numbers_stay_within_their_bounds),
	    cmocka_unit_test(codes_are_written_on_their_days),
	};

	return cmocka_run_group_tests(tests, open_sample, close_sample);
}
