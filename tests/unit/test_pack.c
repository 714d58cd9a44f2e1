/*
 * Promises of core/pack.h: reading packs and finding what is in them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/pack.h"
#include "proto/buf.h"
#include "proto/codec.h"
#include "proto/json.h"
#include "proto/limits.h"
#include "proto/mem.h"
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
	assert_int_equal(pack->collections_n, 46);
	for (size_t i = 0; i < COUNT_OF(names); i++)
		assert_non_null(pack_collection(pack, bytes_text(names[i])));
	for (size_t i = 0; i < pack->collections_n; i++)
		fields += pack->collections[i].fields_n;
	assert_int_equal(fields, 393);
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
	assert_true(pack_is_urgent(pack, &(struct space){"d03/c017/report"}));
	assert_true(pack_is_urgent(pack, &(struct space){"report"}));
	assert_false(pack_is_urgent(pack, &(struct space){"report/case"}));
	assert_false(pack_is_urgent(pack, &(struct space){"d03/xreport"}));
	assert_false(pack_is_urgent(pack, &id_authority));
	assert_false(pack_is_urgent(NULL, &(struct space){"report"}));
	pack_free(pack);
	pack_free(NULL);
}

/* A pack that says `list` of its spaces. */
#define SPACES(list)                                                \
	"{\"format\":1,\"name\":\"p\",\"version\":1," LABEL         \
	",\"spaces\":[" list                                        \
	"],\"collections\":[{\"name\":\"c\",\"space\":\"s\"," LABEL \
	",\"fields\":[" FIELD("f", "\"kind\":\"notes\"") "]}]}"

static const struct {
	const char *json;
	const char *why;
} bad[] = {
    {"[]", "pack: is not an object"},
    {"{}", "pack: format: this program reads 1 to 2"},
    {"{\"format\":1}", "pack: version: must be 1 or more"},
    {PACK("", ""), "pack: collections[0]: fields: must be a list of 1 to 256"},
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
    {PACK(FIELD("f", "\"kind\":\"state\",\"values\":[\"a\",\"a\"]"), ""),
	"pack: collections[0]: fields[0]: values[1]: stands there "
	"twice"},
    {PACK(FIELD("f", "\"kind\":\"state\",\"values\":[\"a\"],"
		     "\"transitions\":{\"a\":[\"b\"]}"),
	 ""),
	"pack: collections[0]: fields[0]: transitions.a: there is no state "
	"'b'; did you mean a?"},
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
    {PACK(FIELD("f", "\"kind\":\"notes\"") "," FIELD("f", "\"kind\":\"notes\""),
	 ""),
	"pack: collections[0]: fields[1]: name: f stands there twice"},
    {PACK(FIELD("f", "\"kind\":\"notes\""),
	 ",\"derived\":[" FIELD("f", "\"type\":\"int\"") "]"),
	"pack: collections[0]: derived[0]: name: f stands there twice"},
    {PACK(FIELD("f", "\"kind\":\"notes\""),
	 ",\"derived\":[" FIELD("g", "\"type\":\"int\"") "," FIELD(
	     "g", "\"type\":\"int\"") "]"),
	"pack: collections[0]: derived[1]: name: g stands there twice"},
    {PACK(FIELD("f", "\"kind\":\"notes\""),
	 "},{\"name\":\"c\",\"space\":\"s\"," LABEL
	 ",\"fields\":[" FIELD("f", "\"kind\":\"notes\"") "]"),
	"pack: collections[1]: name: c stands there twice"},
    {SPACES("{}"), "pack: spaces[0]: name: must be a name: a-z, 0-9 and _, at "
		   "most 64"},
    {SPACES("7"), "pack: spaces[0]: is not an object"},
    {SPACES(""), "pack: spaces: must be a list of 1 to 256"},
    {SPACES("{\"name\":\"t\"}"),
	"pack: spaces[0]: name: no collection has the space t"},
    {SPACES("{\"name\":\"s\",\"urgent\":1}"),
	"pack: spaces[0]: urgent: must be true or false"},
    {SPACES("{\"name\":\"s\",\"hurry\":true}"),
	"pack: spaces[0]: hurry: unknown key"},
    {SPACES("{\"name\":\"s\"},{\"name\":\"s\"}"),
	"pack: spaces[1]: name: s stands there twice"},
    {PACK("{\"name\":\"f\",\"kind\":\"notes\",\"class\":\"U\"," LABEL "}", ""),
	"pack: collections[0]: fields[0]: class: must be one of N, P, "
	"S, F"},
    {PACK("{\"name\":\"f\",\"kind\":\"notes\",\"class\":\"N\","
	  "\"label\":{\"ko\":\"\",\"en\":\"a\"}}",
	 ""),
	"pack: collections[0]: fields[0]: label: ko: must be a text of "
	"1 to 256 bytes"},
    {PACK("{\"name\":\"f\",\"kind\":\"notes\",\"class\":\"N\","
	  "\"label\":{\"ko\":7,\"en\":\"a\"}}",
	 ""),
	"pack: collections[0]: fields[0]: label: ko: must be a text of "
	"1 to 256 bytes"},
    {PACK("{\"name\":\"f\",\"kind\":\"notes\",\"class\":\"N\","
	  "\"label\":{\"ko\":\"a\\nb\",\"en\":\"a\"}}",
	 ""),
	"pack: collections[0]: fields[0]: label: ko: must be without "
	"control characters and changes of direction"},
    {PACK("{\"name\":\"f\",\"kind\":\"notes\",\"class\":\"N\","
	  "\"label\":{\"ko\":\"a\\u007f\",\"en\":\"a\"}}",
	 ""),
	"pack: collections[0]: fields[0]: label: ko: must be without "
	"control characters and changes of direction"},
    {PACK("{\"name\":\"f\",\"kind\":\"notes\",\"class\":\"N\","
	  "\"label\":{\"ko\":\"a\\u0080\",\"en\":\"a\"}}",
	 ""),
	"pack: collections[0]: fields[0]: label: ko: must be without "
	"control characters and changes of direction"},
    {PACK("{\"name\":\"f\",\"kind\":\"notes\",\"class\":\"N\","
	  "\"label\":{\"ko\":\"a\\u009f\",\"en\":\"a\"}}",
	 ""),
	"pack: collections[0]: fields[0]: label: ko: must be without "
	"control characters and changes of direction"},
    {PACK("{\"name\":\"f\",\"kind\":\"notes\",\"class\":\"N\","
	  "\"label\":{\"ko\":\"a\\u061c\",\"en\":\"a\"}}",
	 ""),
	"pack: collections[0]: fields[0]: label: ko: must be without "
	"control characters and changes of direction"},
    {PACK("{\"name\":\"f\",\"kind\":\"notes\",\"class\":\"N\","
	  "\"label\":{\"ko\":\"a\\u202e\",\"en\":\"a\"}}",
	 ""),
	"pack: collections[0]: fields[0]: label: ko: must be without "
	"control characters and changes of direction"},
    {PACK("{\"name\":\"f\",\"kind\":\"notes\",\"class\":\"N\","
	  "\"label\":{\"ko\":\"a\\u2066\",\"en\":\"a\"}}",
	 ""),
	"pack: collections[0]: fields[0]: label: ko: must be without "
	"control characters and changes of direction"},
    {PACK(FIELD("f", "\"kind\":\"state\",\"values\":[]"), ""),
	"pack: collections[0]: fields[0]: values: must be a list of 1 to 64"},
    {PACK(FIELD("f", "\"kind\":\"state\",\"values\":7"), ""),
	"pack: collections[0]: fields[0]: values: must be a list of 1 to 64"},
    {PACK(FIELD("f", "\"kind\":\"state\",\"values\":[\"a\"],"
		     "\"transitions\":[\"a\"]"),
	 ""),
	"pack: collections[0]: fields[0]: transitions: must be an object of "
	"lists"},
    {PACK(FIELD("f", "\"kind\":\"state\",\"values\":[\"a\"],"
		     "\"transitions\":{\"a\":\"a\"}"),
	 ""),
	"pack: collections[0]: fields[0]: transitions.a: must be a list of "
	"states"},
    {PACK(FIELD("f", "\"kind\":\"notes\",\"transitions\":{}"), ""),
	"pack: collections[0]: fields[0]: transitions: notes cannot have one"},
};

static void
bad_packs_are_refused_with_their_place(void **state)
{
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
	for (size_t n = 0; n < sizeof(pack_sample) - 1; n++)
		assert_int_not_equal(
		    pack_parse(bytes_of(pack_sample, n), &pack), ERR_OK);
}

static void
a_pack_with_any_byte_changed_is_refused_or_sound(void **state)
{
	char json[sizeof(pack_sample)];
	struct pack *pack;

	(void)state;
	for (size_t i = 0; i < sizeof(pack_sample) - 1; i++) {
		memcpy(json, pack_sample, sizeof(pack_sample));
		json[i] ^= 0x04;
		if (pack_parse(bytes_of(json, sizeof(json) - 1), &pack) ==
		    ERR_OK)
			assert_int_equal(pack->collections_n, 1);
		pack_free(pack);
	}
}

/* The bytes lie in memory of exactly their size. */
static void
what_is_decoded_already_is_checked_before_it_is_read(void **state)
{
	struct buf doc = {0};
	struct pack *pack;

	(void)state;
	assert_int_equal(json_decode(bytes_text(pack_sample), &doc), ERR_OK);
	assert_int_equal(pack_parse_doc(buf_bytes(&doc), &pack), ERR_OK);
	assert_int_equal(pack->collections_n, 1);
	pack_free(pack);
	for (size_t i = 0; i < doc.n; i++) {
		uint8_t *p = mem_new(doc.n);
		bool canonical;
		enum err e;

		memcpy(p, doc.p, doc.n);
		p[i] ^= 0x04;
		canonical = codec_check(bytes_of(p, doc.n)) == ERR_OK;
		e = pack_parse_doc(bytes_of(p, doc.n), &pack);
		assert_true((e == ERR_MALFORMED) == !canonical);
		assert_true((e == ERR_OK) == (pack != NULL));
		pack_free(pack);
		mem_free(p);
		p = mem_new(i + 1);
		memcpy(p, doc.p, i);
		assert_int_equal(
		    pack_parse_doc(bytes_of(p, i), &pack), ERR_MALFORMED);
		assert_null(pack);
		mem_free(p);
	}
	buf_fini(&doc);
}

/* Such a map is canonical, and no JSON makes one. */
static void
an_object_whose_keys_are_no_names_is_refused(void **state)
{
	struct buf doc = {0};
	struct pack *pack;

	(void)state;
	codec_put_map(&doc, 1);
	codec_put_int(&doc, 1);
	codec_put_int(&doc, 2);
	assert_int_equal(codec_check(buf_bytes(&doc)), ERR_OK);
	assert_int_equal(pack_parse_doc(buf_bytes(&doc), &pack), ERR_VERSION);
	assert_null(pack);
	buf_fini(&doc);
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
	char long_name[200] = {0};

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
	assert_int_equal(
	    pack_get_collection(pack, bytes_text("a"), &c), ERR_INVALID);
	assert_string_equal(
	    err_text(), "there is no collection 'a'; did you mean c?");
	/* Longer than any name: nothing is near, and not all is shown. */
	memset(long_name, 'c', sizeof(long_name) - 1);
	assert_int_equal(
	    pack_get_collection(pack, bytes_text(long_name), &c), ERR_INVALID);
	assert_non_null(strstr(err_text(), "ccc…'"));
	assert_null(strstr(err_text(), "did you mean"));
	assert_true(strlen(err_text()) < sizeof(long_name));
}

/* A label of `n` bytes. */
static enum err
label_parse(size_t n)
{
	struct buf json = {0};
	struct pack *pack;
	enum err e;

	buf_add_text(&json, "{\"format\":1,\"name\":\"p\",\"version\":1,"
			    "\"label\":{\"en\":\"a\",\"ko\":\"");
	memset(buf_extend(&json, n), 'a', n);
	buf_add_text(&json, "\"},\"collections\":[{\"name\":\"c\","
			    "\"space\":\"s\"," LABEL ",\"fields\":[" FIELD(
				"f", "\"kind\":\"notes\"") "]}]}");
	e = pack_parse(buf_bytes(&json), &pack);
	pack_free(pack);
	buf_fini(&json);
	return e;
}

static void
a_label_has_a_limit(void **state)
{
	(void)state;
	assert_int_equal(label_parse(LIMIT_LABEL_SIZE), ERR_OK);
	assert_int_equal(label_parse(LIMIT_LABEL_SIZE + 1), ERR_INVALID);
	assert_string_equal(
	    err_text(), "pack: label: ko: must be a text of 1 to 256 bytes");
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
	    cmocka_unit_test(
		what_is_decoded_already_is_checked_before_it_is_read),
	    cmocka_unit_test(an_object_whose_keys_are_no_names_is_refused),
	    cmocka_unit_test(a_pack_that_is_too_large_is_refused),
	    cmocka_unit_test(wrong_names_are_answered_with_near_ones),
	    cmocka_unit_test(a_label_has_a_limit),
	};

	return cmocka_run_group_tests(tests, open_sample, close_sample);
}
