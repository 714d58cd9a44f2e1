/*
 * Promises of core/pack.h, pack_check.h, pack_text.h and pack_show.h.
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

#define LABEL "\"label\":{\"ko\":\"가\",\"en\":\"a\"}"
/* A pack with one collection that has the field list `fields`, and with
 * `more` behind it. */
#define PACK(fields, more)                                         \
	"{\"format\":1,\"name\":\"p\",\"version\":1," LABEL        \
	",\"collections\":[{\"name\":\"c\",\"space\":\"s\"," LABEL \
	",\"fields\":[" fields "]" more "}]}"
#define FIELD(name, rest) \
	"{\"name\":\"" name "\",\"class\":\"N\"," LABEL "," rest "}"

/* One field of each type and kind, in this order. */
static const char every[] = PACK(
    FIELD("text", "\"kind\":\"register\",\"type\":\"text\"") "," FIELD(
	"int", "\"kind\":\"register\",\"type\":\"int\"") "," FIELD("bool",
	"\"kind\":\"register\",\"type\":\"bool\"") "," FIELD("enum",
	"\"kind\":\"set\",\"type\":\"enum\","
	"\"values\":[\"정기\",\"안부\"]") "," FIELD("date",
	"\"kind\":\"register\",\"type\":\"date\"") "," FIELD("datetime",
	"\"kind\":\"register\",\"type\":\"datetime\"") "," FIELD("geo",
	"\"kind\":\"register\",\"type\":\"geo\"") "," FIELD("ref",
	"\"kind\":\"register\",\"type\":\"ref\","
	"\"targets\":[\"c\",\"elsewhere\"]") "," FIELD("hash",
	"\"kind\":\"register\",\"type\":\"hash\"") "," FIELD("bytes",
	"\"kind\":\"register\",\"type\":\"bytes\"") "," FIELD("map",
	"\"kind\":\"register\",\"type\":\"map\","
	"\"values\":[\"systolic\",\"gds\"]") "," FIELD("counter",
	"\"kind\":\"counter\",\"unit\":\"minutes\","
	"\"required\":true") "," FIELD("notes",
	"\"kind\":\"notes\"") "," FIELD("state",
	"\"kind\":\"state\",\"required\":true,"
	"\"values\":[\"open\",\"doing\",\"done\"],\"transitions\":"
	"{\"open\":[\"doing\",\"done\"],\"doing\":[\"open\"]}"),
    ",\"derived\":[" FIELD("age", "\"type\":\"int\"") "]");

static int
open_every(void **state)
{
	struct pack *pack;

	if (pack_parse(bytes_text(every), &pack) != ERR_OK)
		fail_msg("%s", err_text());
	*state = pack;
	return 0;
}

static int
close_every(void **state)
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
a_pack_keeps_its_declared_order(void **state)
{
	const struct pack *pack = *state;
	const struct pack_collection *c = &pack->collections[0];

	assert_string_equal(pack->name, "p");
	assert_true(pack->version == 1);
	assert_string_equal(pack->label.ko, "가");
	assert_string_equal(c->space, "s");
	assert_int_equal(c->fields_n, 14);
	for (size_t i = 0; i < 11; i++) {
		assert_string_equal(c->fields[i].collection, "c");
		if (c->fields[i].type != PACK_MAP)
			assert_string_equal(c->fields[i].name,
			    pack_type_names[c->fields[i].type]);
	}
	assert_int_equal(c->fields[11].kind, KIND_COUNTER);
	assert_int_equal(c->fields[11].type, PACK_INT);
	assert_string_equal(c->fields[11].unit, "minutes");
	assert_int_equal(c->fields[12].type, PACK_TEXT);
	assert_int_equal(c->fields[13].type, PACK_ENUM);
	assert_string_equal(c->fields[13].values[2], "done");
	assert_string_equal(c->fields[7].targets[1], "elsewhere");
	assert_int_equal(c->derived_n, 1);
	assert_true(c->derived[0].derived);
	assert_null(pack_field(c, bytes_text("age")));
	assert_null(pack_collection(pack, bytes_text("C")));
}

static void
the_compiled_in_pack_is_whole(void **state)
{
	static const char *const names[] = {"org_unit", "household", "person",
	    "visit", "case", "service", "volunteer", "report"};
	const struct pack_field *field;
	struct pack *pack;
	size_t fields = 0;

	(void)state;
	assert_int_equal(pack_parse(pack_embedded(), &pack), ERR_OK);
	assert_string_equal(pack->name, "chatdong");
	assert_int_equal(pack->collections_n, COUNT_OF(names));
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		assert_string_equal(pack->collections[i].name, names[i]);
		fields += pack->collections[i].fields_n;
	}
	assert_int_equal(fields, 115);
	field = pack_field(
	    pack_collection(pack, bytes_text("visit")), bytes_text("kind"));
	assert_int_equal(field->values_n, 13);
	assert_true(field->required);
	assert_int_equal(field->index, PACK_INDEX_PLAIN);
	field = pack_field(pack_collection(pack, bytes_text("org_unit")),
	    bytes_text("node_keys"));
	assert_false(field->required);
	field = pack_field(
	    pack_collection(pack, bytes_text("service")), bytes_text("amount"));
	assert_int_equal(field->type, PACK_MONEY);
	assert_int_equal(field->data_class, CLASS_F);
	pack_free(pack);
	pack_free(NULL);
}

static void
bad_packs_are_refused_with_their_place(void **state)
{
	static const struct {
		const char *json;
		const char *why;
	} bad[] = {
	    {"[]", "pack: is not an object"},
	    {"{}", "pack: format: this program reads 1"},
	    {"{\"format\":1}", "pack: version: must be 1 or more"},
	    {PACK("", ""),
		"pack: collections[0]: fields: must be a list of 1 to 256"},
	    {PACK("7", ""), "pack: collections[0]: fields[0]: is not an "
			    "object"},
	    {PACK(FIELD("f", "\"kind\":\"log\""), ""),
		"pack: collections[0]: fields[0]: kind: must be one of "
		"register, set, counter, notes, state"},
	    {PACK(FIELD("f", "\"type\":\"text\""), ""),
		"pack: collections[0]: fields[0]: kind: missing"},
	    {PACK(FIELD("f", "\"kind\":\"set\""), ""),
		"pack: collections[0]: fields[0]: type: set must have one"},
	    {PACK(FIELD("f", "\"kind\":\"notes\",\"type\":\"text\""), ""),
		"pack: collections[0]: fields[0]: type: notes cannot have one"},
	    {PACK(FIELD("f", "\"kind\":\"set\",\"type\":\"ref\""), ""),
		"pack: collections[0]: fields[0]: targets: ref must have one"},
	    {PACK(FIELD("f", "\"kind\":\"set\",\"type\":\"text\","
			     "\"values\":[\"a\"]"),
		 ""),
		"pack: collections[0]: fields[0]: values: text cannot have "
		"one"},
	    {PACK(
		 FIELD("f", "\"kind\":\"state\",\"values\":[\"a\",\"a\"]"), ""),
		"pack: collections[0]: fields[0]: values[1]: stands there "
		"twice"},
	    {PACK(FIELD("f", "\"kind\":\"state\",\"values\":[\"a\"],"
			     "\"transitions\":{\"a\":[\"b\"]}"),
		 ""),
		"pack: collections[0]: fields[0]: transitions.a: must go from "
		"one of values to a list of them"},
	    {PACK(FIELD("f", "\"kind\":\"set\",\"type\":\"int\","
			     "\"index\":\"unique\""),
		 ""),
		"pack: collections[0]: fields[0]: index: only a register can "
		"be unique"},
	    {PACK(FIELD("f", "\"kind\":\"notes\",\"requird\":true"), ""),
		"pack: collections[0]: fields[0]: requird: unknown key"},
	    {PACK(FIELD("f", "\"kind\":\"notes\",\"required\":1"), ""),
		"pack: collections[0]: fields[0]: required: must be true or "
		"false"},
	    {PACK(FIELD("F", "\"kind\":\"notes\""), ""),
		"pack: collections[0]: fields[0]: name: must be a name: a-z, "
		"0-9 and _, at most 64"},
	    {PACK(FIELD("id", "\"kind\":\"notes\""), ""),
		"pack: collections[0]: fields[0]: name: id is the name of the "
		"record itself"},
	    {PACK(FIELD("f", "\"kind\":\"notes\"") "," FIELD(
		      "f", "\"kind\":\"notes\""),
		 ""),
		"pack: collections[0]: fields[1]: name: f stands there twice"},
	    {PACK(FIELD("f", "\"kind\":\"notes\""),
		 ",\"derived\":[" FIELD("f", "\"type\":\"int\"") "]"),
		"pack: collections[0]: derived[0]: name: f stands there twice"},
	    {PACK("{\"name\":\"f\",\"kind\":\"notes\",\"class\":\"U\"," LABEL
		  "}",
		 ""),
		"pack: collections[0]: fields[0]: class: must be one of N, P, "
		"S, F"},
	    {PACK("{\"name\":\"f\",\"kind\":\"notes\",\"class\":\"N\","
		  "\"label\":{\"ko\":\"\",\"en\":\"a\"}}",
		 ""),
		"pack: collections[0]: fields[0]: label: ko: must be a text of "
		"1 to 256 bytes"},
	};

	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		struct pack *pack = *state;

		assert_int_not_equal(
		    pack_parse(bytes_text(bad[i].json), &pack), ERR_OK);
		assert_string_equal(err_text(), bad[i].why);
		assert_null(pack);
	}
}

static void
a_pack_cut_anywhere_is_refused(void **state)
{
	struct pack *pack;

	(void)state;
	for (size_t n = 0; n < sizeof(every) - 1; n++)
		assert_int_not_equal(
		    pack_parse(bytes_of(every, n), &pack), ERR_OK);
}

static void
a_pack_with_any_byte_changed_is_refused_or_sound(void **state)
{
	char json[sizeof(every)];
	struct pack *pack;

	(void)state;
	for (size_t i = 0; i < sizeof(every) - 1; i++) {
		memcpy(json, every, sizeof(every));
		json[i] ^= 0x04;
		if (pack_parse(bytes_of(json, sizeof(json) - 1), &pack) ==
		    ERR_OK)
			assert_int_equal(pack->collections_n, 1);
		pack_free(pack);
	}
}

static void
a_pack_that_is_too_large_is_refused(void **state)
{
	struct buf json = {0};
	struct pack *pack;

	(void)state;
	memset(
	    buf_extend(&json, LIMIT_JSON_SIZE + 1), ' ', LIMIT_JSON_SIZE + 1);
	assert_int_equal(pack_parse(buf_bytes(&json), &pack), ERR_LIMIT);
	buf_fini(&json);
}

static void
wrong_names_are_answered_with_near_ones(void **state)
{
	const struct pack *pack = *state;
	const struct pack_collection *c = &pack->collections[0];
	const struct pack_field *field;

	assert_int_equal(
	    pack_get_collection(pack, bytes_text("c"), &c), ERR_OK);
	assert_int_equal(pack_get_field(c, bytes_text("geo"), &field), ERR_OK);
	assert_int_equal(
	    pack_get_field(c, bytes_text("tekst"), &field), ERR_INVALID);
	assert_string_equal(
	    err_text(), "c: there is no field 'tekst'; did you mean text?");
	assert_null(field);
	assert_int_equal(
	    pack_get_field(c, bytes_text("dat"), &field), ERR_INVALID);
	assert_string_equal(err_text(),
	    "c: there is no field 'dat'; did you mean date or datetime?");
	assert_int_equal(
	    pack_get_field(c, bytes_text("age"), &field), ERR_INVALID);
	assert_string_equal(err_text(),
	    "c.age is computed from other fields and cannot be written");
	assert_int_equal(
	    pack_get_field(c, bytes_text("zzzzzz"), &field), ERR_INVALID);
	assert_string_equal(err_text(), "c: there is no field 'zzzzzz'");
	assert_int_equal(
	    pack_get_collection(pack, bytes_text("가"), &c), ERR_INVALID);
	assert_string_equal(
	    err_text(), "there is no collection '가'; did you mean c?");
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
	    "٢٠١٦-01-01", ""};
	static const char *const times[] = {"2016-07-25T09:30:00",
	    "2016-07-25 09:30:00Z", "2016-07-25T24:00:00Z",
	    "2016-07-25T09:60:00Z", "2016-07-25T09:30:60Z",
	    "2016-07-25T09:59:61Z", "2016-07-25T09:30:00.Z",
	    "2016-07-25T09:30:00.1234567890Z", "2016-07-25T09:30:00+0900",
	    "2016-07-25T09:30:00+24:00", "2016-07-25T09:30:00z",
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
	static const char *const wrong[] = {"", "37", "37,", "37,127,",
	    "37,127,5,6", "37.1234567,127", "x,127", "37.,127", "1000,0",
	    "37,180.000001", "37,127,-1", "37,127,1000001", "37,127,1.5",
	    "--37,127", "99999999999999999999,0"};
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

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_pack_keeps_its_declared_order),
	    cmocka_unit_test(the_compiled_in_pack_is_whole),
	    cmocka_unit_test(bad_packs_are_refused_with_their_place),
	    cmocka_unit_test(a_pack_cut_anywhere_is_refused),
	    cmocka_unit_test(a_pack_with_any_byte_changed_is_refused_or_sound),
	    cmocka_unit_test(a_pack_that_is_too_large_is_refused),
	    cmocka_unit_test(wrong_names_are_answered_with_near_ones),
	    cmocka_unit_test(values_are_read_from_text_and_shown_again),
	    cmocka_unit_test(wrong_values_are_named_with_their_rule),
	    cmocka_unit_test(days_and_times_that_do_not_exist_are_refused),
	    cmocka_unit_test(places_must_be_written_as_places),
	    cmocka_unit_test(encoded_values_must_be_canonical_and_of_the_type),
	    cmocka_unit_test(text_has_a_limit),
	    cmocka_unit_test(missing_fields_are_listed),
	    cmocka_unit_test(states_move_as_declared),
	    cmocka_unit_test(json_values_are_taken_by_type),
	    cmocka_unit_test(cells_of_sets_hold_several_elements),
	    cmocka_unit_test(values_of_other_packs_are_shown_as_they_are),
	};

	return cmocka_run_group_tests(tests, open_every, close_every);
}
