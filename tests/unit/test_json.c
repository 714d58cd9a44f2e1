/*
 * Promises of proto/json.h.  Its form of each type is in
 * tests/vectors/codec.txt, which test_codec replays in both directions.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "proto/codec.h"
#include "proto/json.h"
#include "proto/limits.h"

/* What `text` becomes when it is decoded and encoded again; lives until the
 * next call. */
static const char *
normalised(const char *text)
{
	static char kept[4096];
	struct buf value = {0};
	struct buf again = {0};
	enum err e = json_decode(bytes_text(text), &value);

	if (e != ERR_OK) {
		(void)snprintf(
		    kept, sizeof(kept), "%s: %s", err_name(e), err_text());
		assert_int_equal(value.n, 0);
	} else {
		assert_int_equal(codec_check(buf_bytes(&value)), ERR_OK);
		assert_int_equal(
		    json_encode(buf_bytes(&value), &again), ERR_OK);
		(void)snprintf(kept, sizeof(kept), "%s", buf_text(&again));
	}
	buf_fini(&value);
	buf_fini(&again);
	return kept;
}

static void
keys_are_sorted_and_text_is_normal(void **state)
{
	(void)state;
	assert_string_equal(
	    normalised(" { \"name\" : \"홍길동\",\n \"age\": 81, \"a\":[ ] }"),
	    "{\"a\":[],\"age\":81,\"name\":\"홍길동\"}");
	/* Written as conjoining letters. */
	assert_string_equal(normalised("\"\\u1112\\u116e\""), "\"후\"");
	assert_string_equal(normalised("{\"e\\u0301\":1}"), "{\"é\":1}");
	assert_string_equal(normalised("\"\\ud83c\\udfe0\""), "\"🏠\"");
}

static void
numbers_are_64_bit_integers(void **state)
{
	(void)state;
	assert_string_equal(normalised("[9223372036854775807,-0,"
				       "-9223372036854775808]"),
	    "[9223372036854775807,0,-9223372036854775808]");
	assert_string_equal(normalised("{\"a\":1,\n \"높이\": 1.5}"),
	    "invalid: JSON, line 2, column 8: 1.5 is not an integer");
	assert_string_equal(normalised("1e3"),
	    "invalid: JSON, line 1, column 1: 1e3 is not an integer");
	assert_string_equal(normalised("[1.0]"),
	    "invalid: JSON, line 1, column 2: 1.0 is not an integer");
	assert_non_null(strstr(normalised("9223372036854775808"),
	    "invalid: JSON, line 1, column"));
	assert_non_null(strstr(normalised("-9223372036854775809"),
	    "invalid: JSON, line 1, column"));
	assert_string_equal(normalised("\"1.5 -2e7\""), "\"1.5 -2e7\"");
}

static void
a_key_stands_once(void **state)
{
	(void)state;
	assert_non_null(
	    strstr(normalised("{\"a\":1,\n\"a\":2}"), "invalid: JSON, line 2"));
	assert_string_equal(normalised("{\"é\":1,\"e\\u0301\":2}"),
	    "invalid: JSON: key e\xcc\x81: there twice, in two spellings");
}

static void
what_is_not_json_is_refused_with_its_place(void **state)
{
	static const char *const wrong[] = {"", " ", "[", "{", "[1,]",
	    "{\"a\"}", "nul", "'a'", "\"a", "\"\\", "1 2", "[1] x",
	    "\"\\ud800\"", "\"a\\u0000b\"", "\"\xff\"", "\"\xed\xa0\x80\"", "]",
	    "}", "+1", "01", "-", "\xef\xbb\xbf{}", "{1:2}", "\"a\nb\"", "NaN"};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(wrong); i++) {
		const char *text = normalised(wrong[i]);

		if (strncmp(text, "invalid: JSON, line ", 20) != 0)
			print_error("%s -> %s\n", wrong[i], text);
		assert_true(strncmp(text, "invalid: JSON, line ", 20) == 0);
	}
}

static void
a_zero_byte_in_the_text_is_refused(void **state)
{
	struct buf value = {0};

	(void)state;
	assert_int_equal(
	    json_decode(bytes_of("[1]\0", 4), &value), ERR_INVALID);
	assert_int_equal(json_decode(bytes_of("1\0", 2), &value), ERR_INVALID);
	assert_int_equal(json_decode((struct bytes){0}, &value), ERR_INVALID);
	assert_int_equal(value.n, 0);
	buf_fini(&value);
}

static void
what_begins_with_a_dollar_is_ours(void **state)
{
	(void)state;
	assert_string_equal(
	    normalised("{\"$bytes\":\"AAEC\"}"), "{\"$bytes\":\"AAEC\"}");
	assert_string_equal(normalised("{\"$$price\":1}"), "{\"$$price\":1}");
	assert_string_equal(normalised("{\"$int:-5\":{\"$bytes\":\"\"}}"),
	    "{\"$int:-5\":{\"$bytes\":\"\"}}");
	assert_non_null(
	    strstr(normalised("{\"$price\":1}"), "invalid: JSON: key $price"));
	assert_non_null(strstr(normalised("{\"$bytes\":5}"), "invalid: "));
	assert_non_null(strstr(normalised("{\"$bytes\":\"AA\"}"), "invalid: "));
	assert_non_null(
	    strstr(normalised("{\"$bytes\":\"\",\"a\":1}"), "invalid: "));
	assert_non_null(strstr(normalised("{\"$int:\":1}"), "invalid: "));
	assert_non_null(strstr(normalised("{\"$int:01\":1}"), "invalid: "));
	assert_non_null(strstr(normalised("{\"$int: 1\":1}"), "invalid: "));
	assert_non_null(strstr(
	    normalised("{\"$int:9223372036854775808\":1}"), "invalid: "));
	assert_non_null(strstr(normalised("{\"a\":[0,{\"$bytes\":\"?\"}]}"),
	    "invalid: JSON: key a: element 1: $bytes"));
}

/* `n` brackets around nothing. */
static void
nest(struct buf *text, size_t n)
{
	for (size_t i = 0; i < n; i++)
		buf_add_u8(text, '[');
	for (size_t i = 0; i < n; i++)
		buf_add_u8(text, ']');
}

static void
depth_and_size_are_bounded_before_parsing(void **state)
{
	struct buf text = {0};
	struct buf value = {0};

	(void)state;
	nest(&text, LIMIT_DEPTH);
	assert_int_equal(json_decode(buf_bytes(&text), &value), ERR_OK);
	buf_cut(&text, 0);
	buf_cut(&value, 0);
	nest(&text, LIMIT_DEPTH + 1);
	assert_int_equal(json_decode(buf_bytes(&text), &value), ERR_LIMIT);
	buf_cut(&text, 0);
	nest(&text, 200000);
	assert_int_equal(json_decode(buf_bytes(&text), &value), ERR_LIMIT);
	buf_cut(&text, 0);
	buf_add_text(&text, "[[[[[[[[{\"$bytes\":\"AAEC\"}]]]]]]]]");
	assert_int_equal(json_decode(buf_bytes(&text), &value), ERR_OK);
	buf_cut(&text, 0);
	buf_cut(&value, 0);
	buf_add_text(&text, "[[[[[[[[{\"bytes\":\"AAEC\"}]]]]]]]]");
	assert_int_equal(json_decode(buf_bytes(&text), &value), ERR_LIMIT);
	buf_cut(&text, 0);
	while (text.n <= LIMIT_JSON_SIZE)
		buf_add_text(&text, "          ");
	assert_int_equal(json_decode(buf_bytes(&text), &value), ERR_LIMIT);
	assert_int_equal(value.n, 0);
	buf_fini(&text);
	buf_fini(&value);
}

static void
elements_and_texts_are_bounded(void **state)
{
	struct buf text = {0};
	struct buf value = {0};

	(void)state;
	buf_add_text(&text, "[0");
	for (size_t i = 1; i < LIMIT_ELEMENTS; i++)
		buf_add_text(&text, ",0");
	buf_add_text(&text, "]");
	assert_int_equal(json_decode(buf_bytes(&text), &value), ERR_OK);
	buf_cut(&value, 0);
	buf_cut(&text, text.n - 1);
	buf_add_text(&text, ",0]");
	assert_int_equal(json_decode(buf_bytes(&text), &value), ERR_LIMIT);
	buf_cut(&text, 0);
	buf_add_u8(&text, '"');
	for (size_t i = 0; i <= LIMIT_TEXT_SIZE; i++)
		buf_add_u8(&text, 'x');
	buf_add_u8(&text, '"');
	assert_int_equal(json_decode(buf_bytes(&text), &value), ERR_LIMIT);
	assert_int_equal(value.n, 0);
	buf_fini(&text);
	buf_fini(&value);
}

static void
every_truncation_of_json_is_refused(void **state)
{
	static const char whole[] =
	    "{\"a\":[1,true,null,\"\\u00e9\\n\"],\"b\":{\"$bytes\":\"AA==\"}}";
	struct buf value = {0};

	(void)state;
	for (size_t n = 0; n < sizeof(whole) - 1; n++) {
		struct buf cut = {0};

		buf_add(&cut, bytes_of(whole, n));
		assert_int_equal(
		    json_decode(buf_bytes(&cut), &value), ERR_INVALID);
		buf_fini(&cut);
	}
	assert_int_equal(
	    json_decode(bytes_of(whole, sizeof(whole) - 1), &value), ERR_OK);
	buf_fini(&value);
}

static void
only_canonical_values_are_written(void **state)
{
	struct buf text = {0};

	(void)state;
	assert_int_equal(
	    json_encode(bytes_text("\xcc\x01"), &text), ERR_MALFORMED);
	assert_int_equal(json_encode((struct bytes){0}, &text), ERR_MALFORMED);
	assert_int_equal(text.n, 0);
	buf_fini(&text);
}

static void
any_bytes_make_a_json_string(void **state)
{
	static const uint8_t bytes[] = {'a', '"', '\\', '\n', 1, 0, 0xff, 0xed,
	    0xa0, 0xea, 0xb0, 0x80, 0x7f, 0xea};
	struct buf text = {0};

	(void)state;
	json_add_text(&text, bytes_of(bytes, sizeof(bytes)));
	assert_string_equal(
	    buf_text(&text), "\"a\\\"\\\\\\n\\u0001\\u0000���가\\u007f�\"");
	buf_cut(&text, 0);
	json_add_text(&text, (struct bytes){0});
	assert_string_equal(buf_text(&text), "\"\"");
	buf_fini(&text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(keys_are_sorted_and_text_is_normal),
	    cmocka_unit_test(numbers_are_64_bit_integers),
	    cmocka_unit_test(a_key_stands_once),
	    cmocka_unit_test(what_is_not_json_is_refused_with_its_place),
	    cmocka_unit_test(a_zero_byte_in_the_text_is_refused),
	    cmocka_unit_test(what_begins_with_a_dollar_is_ours),
	    cmocka_unit_test(depth_and_size_are_bounded_before_parsing),
	    cmocka_unit_test(elements_and_texts_are_bounded),
	    cmocka_unit_test(every_truncation_of_json_is_refused),
	    cmocka_unit_test(only_canonical_values_are_written),
	    cmocka_unit_test(any_bytes_make_a_json_string),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
