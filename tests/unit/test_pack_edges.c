/*
 * Values at the edge of what a field takes: what is no value of its type, what
 * grows when it is made normal, codes and days that the pack does not speak of,
 * and how all of them are shown.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

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
field_of(const struct pack *pack, const char *collection, const char *name)
{
	const struct pack_field *field = pack_field(
	    pack_collection(pack, bytes_text(collection)), bytes_text(name));

	assert_non_null(field);
	return field;
}

static void
what_is_no_value_of_the_type_is_told_with_its_rule(void **state)
{
	static const struct {
		const char *name;
		const char *value;
		size_t n;
		const char *why;
	} bad[] = {
	    {"enum", "\x01", 1, "c.enum: '1' is not one of 정기, 안부"},
	    {"text", "\xa1x\x01", 3,
		"c.text: 'a17801' is not one value in canonical form"},
	    {"int", "\x01\x02", 2,
		"c.int: '0102' is not one value in canonical form"},
	    /* Three numbers, of which two are a list. */
	    {"geo", "\x92\x01\x02\x03", 4,
		"c.geo: '92010203' is not a place: latitude, longitude, "
		"metres"},
	    {"map", "\xde\x00\x41", 3,
		"c.map: 'de0041' is not names with whole numbers"},
	};

	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		assert_int_equal(
		    pack_check_value(field_of(*state, "c", bad[i].name),
			bytes_of(bad[i].value, bad[i].n)),
		    ERR_INVALID);
		assert_string_equal(err_text(), bad[i].why);
	}
}

/* U+0958 is written as two characters in normal form. */
static void
text_that_grows_too_large_when_normal_is_refused(void **state)
{
	const struct pack_field *field = field_of(*state, "c", "notes");
	struct buf text = {0};
	struct buf value = {0};

	while (text.n + 3 <= LIMIT_TEXT_SIZE * 3 / 4)
		buf_add_text(&text, "\xe0\xa5\x98");
	assert_int_equal(
	    pack_text_value(field, buf_bytes(&text), &value), ERR_INVALID);
	assert_int_equal(value.n, 0);
	codec_put_text(&value, buf_bytes(&text));
	assert_int_equal(
	    pack_check_value(field, buf_bytes(&value)), ERR_INVALID);
	assert_non_null(strstr(
	    err_text(), "is not text in normal form C without zero bytes"));
	buf_fini(&text);
	buf_fini(&value);
}

static void
a_counter_that_grows_keeps_its_own_minimum(void **state)
{
	struct pack *pack = clinic_pack(
	    "`grows`:true,`max`:10", "`grows`:true,`min`:2,`max`:10");
	const struct pack_field *field = field_of(pack, "task", "tries");
	struct buf value = {0};

	(void)state;
	assert_int_equal(
	    pack_text_value(field, bytes_text("2"), &value), ERR_OK);
	assert_int_equal(
	    pack_text_value(field, bytes_text("1"), &value), ERR_INVALID);
	assert_string_equal(
	    err_text(), "task.tries: '1' is not a number from 2 to 10");
	pack_free(pack);
	buf_fini(&value);
}

/* Such a value came from a node with another pack. */
static void
days_of_codes_bind_only_codes(void **state)
{
	struct pack *pack = clinic_pack(NULL, NULL);
	struct buf word = {0};

	(void)state;
	codec_put_text(&word, bytes_text("zzz"));
	assert_int_equal(pack_check_dated(field_of(pack, "task", "kind"),
			     buf_bytes(&word), 1),
	    ERR_OK);
	assert_int_equal(
	    pack_check_dated(field_of(pack, "task", "no"), buf_bytes(&word), 1),
	    ERR_OK);
	pack_free(pack);
	buf_fini(&word);
}

/* 2016-07-25T09:00:00+09:00 */
enum { NOW_SECONDS = 1469404800, SEOUL = 9 * 3600 };

static enum err
past(const struct pack_field *field, const char *text)
{
	struct buf value = {0};
	enum err e;

	codec_put_text(&value, bytes_text(text));
	e = pack_check_past(field, buf_bytes(&value), NOW_SECONDS, SEOUL);
	buf_fini(&value);
	return e;
}

/* What cannot be read as a day is for other rules to refuse. */
static void
what_has_not_come_is_refused_and_what_is_no_time_is_not(void **state)
{
	const struct pack_field *day = field_of(*state, "c", "date");
	const struct pack_field *time = field_of(*state, "c", "datetime");

	assert_int_equal(past(day, "2016-07-25"), ERR_OK);
	assert_int_equal(past(day, "2016-07-26"), ERR_INVALID);
	assert_string_equal(err_text(),
	    "c.date: 2016-07-26 has not come yet: the clock of this node shows "
	    "2016-07-25T09:00:00+09:00");
	assert_int_equal(past(day, "2016-07-32"), ERR_OK);
	assert_int_equal(past(time, "2016-07-25T09:00:00+09:00"), ERR_OK);
	assert_int_equal(past(time, "2016-07-25T00:00:01Z"), ERR_INVALID);
	assert_int_equal(past(time, "2016-07-25T25:00:00Z"), ERR_OK);
}

static void
words_of_json_are_read_by_the_type_of_the_field(void **state)
{
	static const struct {
		const char *name;
		const char *text;
		bool taken;
	} words[] = {
	    {"text", "7", true},
	    {"enum", "안부", true},
	    {"date", "2016-02-29", true},
	    {"datetime", "2016-07-25T09:30:00+09:00", true},
	    {"ref", "0123456789abcdef0123456789abcdef", true},
	    {"hash", "0123456789abcdef0123456789abcdef", true},
	    {"bytes", "00ff", true},
	    {"int", "7", false},
	    {"bool", "true", false},
	    {"geo", "37.5,127.0", false},
	    {"map", "gds=1", false},
	};

	for (size_t i = 0; i < COUNT_OF(words); i++) {
		const struct pack_field *field = field_of(
		    *state, "c", words[i].name);
		struct buf json = {0};
		struct buf value = {0};
		struct buf shown = {0};

		codec_put_text(&json, bytes_text(words[i].text));
		assert_int_equal(
		    pack_text_json(field, buf_bytes(&json), &value),
		    words[i].taken ? ERR_OK : ERR_INVALID);
		pack_show_value(field, buf_bytes(&value), &shown);
		assert_string_equal(
		    buf_text(&shown), words[i].taken ? words[i].text : "");
		buf_fini(&json);
		buf_fini(&value);
		buf_fini(&shown);
	}
}

static void
blanks_and_ends_are_no_elements(void **state)
{
	const struct pack_field *set = field_of(*state, "c", "enum");
	struct bytes rest = bytes_text(" ;\t; ; ");
	struct bytes element;
	struct buf value = {0};

	assert_false(pack_text_next(set, &rest, &element));
	rest = bytes_text("\t정기\t;");
	assert_true(pack_text_next(set, &rest, &element));
	assert_true(bytes_is(element, "정기"));
	assert_false(pack_text_next(set, &rest, &element));
	assert_int_equal(pack_text_value(field_of(*state, "c", "int"),
			     bytes_text("\t 7 \t"), &value),
	    ERR_OK);
	assert_int_equal(value.n, 1);
	assert_int_equal(value.p[0], 7);
	assert_int_equal(pack_text_value(field_of(*state, "c", "bytes"),
			     bytes_text(""), &value),
	    ERR_INVALID);
	assert_int_equal(value.n, 1);
	buf_fini(&value);
}

/* A damaged row may hold anything. */
static void
what_is_cut_off_is_shown_as_far_as_it_goes(void **state)
{
	static const struct {
		const char *value;
		size_t n;
		const char *shown;
	} cut[] = {
	    {"\x91\x81\x01\x02", 4, "810102"},
	    {"\x93\x01", 2, "9301"},
	    {"\x82\xa1x\x01", 4, "82a17801"},
	};
	struct buf text = {0};

	for (size_t i = 0; i < COUNT_OF(cut); i++) {
		buf_cut(&text, 0);
		pack_show_value(field_of(*state, "c", "geo"),
		    bytes_of(cut[i].value, cut[i].n), &text);
		assert_string_equal(buf_text(&text), cut[i].shown);
	}
	buf_fini(&text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
		what_is_no_value_of_the_type_is_told_with_its_rule),
	    cmocka_unit_test(text_that_grows_too_large_when_normal_is_refused),
	    cmocka_unit_test(a_counter_that_grows_keeps_its_own_minimum),
	    cmocka_unit_test(days_of_codes_bind_only_codes),
	    cmocka_unit_test(
		what_has_not_come_is_refused_and_what_is_no_time_is_not),
	    cmocka_unit_test(words_of_json_are_read_by_the_type_of_the_field),
	    cmocka_unit_test(blanks_and_ends_are_no_elements),
	    cmocka_unit_test(what_is_cut_off_is_shown_as_far_as_it_goes),
	};

	return cmocka_run_group_tests(tests, open_sample, close_sample);
}
