/*
 * Promises of proto/bytes.h, buf.h, ascii.h, arena.h, mem.h and err.h.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "proto/arena.h"
#include "proto/ascii.h"
#include "proto/err.h"
#include "proto/mem.h"
#include "proto/text.h"

static void
empty_views_behave_like_any_other(void **state)
{
	struct bytes none = {0};

	(void)state;
	assert_true(bytes_equal(none, bytes_text("")));
	assert_int_equal(bytes_compare(none, bytes_text("a")), -1);
	assert_int_equal(bytes_after(none, 0).n, 0);
	assert_true(bytes_begins(none, none));
	assert_int_equal(bytes_find(none, 'x'), 0);
	assert_int_equal(bytes_checksum(none), bytes_checksum(bytes_text("")));
}

static void
a_part_is_found_where_it_first_stands(void **state)
{
	struct bytes text = bytes_text("aababc");
	struct bytes none = {0};

	(void)state;
	assert_int_equal(bytes_search(text, bytes_text("aab")), 0);
	assert_int_equal(bytes_search(text, bytes_text("ab")), 1);
	assert_int_equal(bytes_search(text, bytes_text("abc")), 3);
	assert_int_equal(bytes_search(text, bytes_text("c")), 5);
	assert_int_equal(bytes_search(text, bytes_text("cd")), 6);
	assert_int_equal(bytes_search(text, bytes_text("aababcd")), 6);
	assert_int_equal(bytes_search(text, none), 0);
	assert_int_equal(bytes_search(none, text), 0);
	assert_int_equal(bytes_search(none, none), 0);
}

static void
views_are_ordered_as_unsigned_bytes(void **state)
{
	(void)state;
	assert_true(bytes_compare(bytes_text("a"), bytes_text("ab")) < 0);
	assert_true(bytes_compare(bytes_text("\x80"), bytes_text("\x7f")) > 0);
	assert_true(bytes_compare(bytes_text("가"), bytes_text("나")) < 0);
	assert_int_equal(bytes_compare(bytes_text("b"), bytes_text("b")), 0);
}

static void
big_endian_integers_come_back(void **state)
{
	uint8_t b[8];

	(void)state;
	bytes_put_be64(b, UINT64_C(0x0102030405060708));
	assert_int_equal(b[0], 1);
	assert_int_equal(b[7], 8);
	assert_true(bytes_be64(b) == UINT64_C(0x0102030405060708));
	assert_int_equal(bytes_be32(b + 4), 0x05060708);
	assert_int_equal(bytes_be16(b + 1), 0x0203);
}

static void
text_forms_match_rfc_4648(void **state)
{
	static const char *const plain[] = {
	    "", "f", "fo", "foo", "foob", "fooba", "foobar"};
	static const char *const base64[] = {
	    "", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"};
	static const char *const base32[] = {
	    "", "my", "mzxq", "mzxw6", "mzxw6yq", "mzxw6ytb", "mzxw6ytboi"};
	struct buf text = {0};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(plain); i++) {
		buf_cut(&text, 0);
		ascii_base64(bytes_text(plain[i]), &text);
		assert_string_equal(buf_text(&text), base64[i]);
		buf_cut(&text, 0);
		assert_int_equal(
		    ascii_from_base64(bytes_text(base64[i]), &text), ERR_OK);
		assert_string_equal(buf_text(&text), plain[i]);
		buf_cut(&text, 0);
		ascii_base32(bytes_text(plain[i]), &text);
		assert_string_equal(buf_text(&text), base32[i]);
		buf_cut(&text, 0);
		assert_int_equal(
		    ascii_from_base32(bytes_text(base32[i]), &text), ERR_OK);
		assert_string_equal(buf_text(&text), plain[i]);
	}
	buf_fini(&text);
}

static void
text_forms_refuse_what_is_not_theirs(void **state)
{
	static const char *const wrong64[] = {"Zg=", "Zg",
	    "Zh==", "Z===", "====", "Zm9v Zg==", "Zg==Zg==", "Zm-v"};
	static const char *const wrong32[] = {
	    "m", "MY", "mz1q", "mz8w6y", "mx"};
	static const char *const wrong16[] = {"0", "0G", "AB", "0x"};
	struct buf out = {0};

	(void)state;
	buf_add_text(&out, "kept");
	for (size_t i = 0; i < COUNT_OF(wrong64); i++)
		assert_int_equal(
		    ascii_from_base64(bytes_text(wrong64[i]), &out),
		    ERR_MALFORMED);
	for (size_t i = 0; i < COUNT_OF(wrong32); i++)
		assert_int_equal(
		    ascii_from_base32(bytes_text(wrong32[i]), &out),
		    ERR_MALFORMED);
	for (size_t i = 0; i < COUNT_OF(wrong16); i++)
		assert_int_equal(ascii_from_hex(bytes_text(wrong16[i]), &out),
		    ERR_MALFORMED);
	assert_string_equal(buf_text(&out), "kept");
	buf_fini(&out);
}

static void
decimals_are_plain(void **state)
{
	uint64_t v = 5;

	(void)state;
	assert_int_equal(
	    ascii_from_decimal(bytes_text("9223372036854775807"), &v), ERR_OK);
	assert_true(v == INT64_MAX);
	assert_int_equal(ascii_from_decimal(bytes_text("0"), &v), ERR_OK);
	assert_true(v == 0);
	assert_int_equal(
	    ascii_from_decimal(bytes_text("01"), &v), ERR_MALFORMED);
	assert_int_equal(ascii_from_decimal(bytes_text(""), &v), ERR_MALFORMED);
	assert_int_equal(
	    ascii_from_decimal(bytes_text("-1"), &v), ERR_MALFORMED);
	assert_int_equal(
	    ascii_from_decimal(bytes_text("9223372036854775808"), &v),
	    ERR_MALFORMED);
}

static void
an_arena_hands_out_zeroed_pieces(void **state)
{
	struct arena arena = {0};

	(void)state;
	for (int round = 0; round < 3; round++) {
		for (size_t n = 0; n < 3000; n += 7) {
			uint8_t *p = arena_new(&arena, n);

			for (size_t i = 0; i < n; i++)
				assert_int_equal(p[i], 0);
			memset(p, 0xff, n);
		}
		assert_non_null(arena_new(&arena, 1000000));
		assert_string_equal(
		    arena_text(&arena, bytes_text("혜화동")), "혜화동");
		arena_reset(&arena);
	}
	arena_fini(&arena);
	arena_fini(&arena);
}

static void
an_error_carries_its_story(void **state)
{
	struct fault fault;
	char text[2000];
	enum err e;

	(void)state;
	e = err_set(ERR_MALFORMED, "op %d is wrong", 812);
	e = err_wrap(e, "sync with %s", "k7q2");
	assert_int_equal(e, ERR_MALFORMED);
	assert_string_equal(err_text(), "sync with k7q2: op 812 is wrong");
	err_keep(&fault, e);
	assert_int_equal(err_set(ERR_IO, "other"), ERR_IO);
	assert_int_equal(err_raise(&fault), ERR_MALFORMED);
	assert_string_equal(err_text(), "sync with k7q2: op 812 is wrong");
	memset(text, 0, sizeof(text));
	for (size_t i = 0; i + 3 < sizeof(text); i += 3)
		memcpy(text + i, "동", 3);
	for (size_t i = 0; i < 6; i++) {
		static const char *const ends[] = {
		    "", "a", "ab", "abc", "동", "a동"};

		assert_int_equal(
		    err_set(ERR_IO, "x%s%s", text, ends[i]), ERR_IO);
		e = err_wrap(ERR_IO, "%s", ends[5 - i]);
		assert_int_equal(e, ERR_IO);
		assert_true(strlen(err_text()) < ERR_TEXT_SIZE);
		assert_true(text_is_utf8(bytes_text(err_text())));
		/* What went wrong stands at the end. */
		assert_non_null(strstr(err_text(), "…"));
		assert_string_equal(
		    err_text() + strlen(err_text()) - strlen(ends[i]), ends[i]);
	}
}

static void
dropping_the_front_keeps_the_rest(void **state)
{
	struct buf buf = {0};

	(void)state;
	buf_add_format(&buf, "%s-%d", "abc", 42);
	buf_drop(&buf, 4);
	assert_string_equal(buf_text(&buf), "42");
	buf_drop(&buf, 2);
	assert_int_equal(buf_bytes(&buf).n, 0);
	buf_wipe(&buf);
	buf_fini(&buf);
}

/* However little room there is. */
static void
formats_are_appended_whole(void **state)
{
	(void)state;
	for (size_t filled = 0; filled < 300; filled++) {
		struct buf buf = {0};

		memset(buf_extend(&buf, filled), 'x', filled);
		buf_add_format(&buf, "%s and %d", "some text", 1234567);
		assert_int_equal(buf.n, filled + 21);
		assert_memory_equal(
		    buf.p + filled, "some text and 1234567", 21);
		buf_add_format(&buf, "%s", "");
		assert_int_equal(buf.n, filled + 21);
		buf_fini(&buf);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(empty_views_behave_like_any_other),
	    cmocka_unit_test(a_part_is_found_where_it_first_stands),
	    cmocka_unit_test(views_are_ordered_as_unsigned_bytes),
	    cmocka_unit_test(big_endian_integers_come_back),
	    cmocka_unit_test(text_forms_match_rfc_4648),
	    cmocka_unit_test(text_forms_refuse_what_is_not_theirs),
	    cmocka_unit_test(decimals_are_plain),
	    cmocka_unit_test(an_arena_hands_out_zeroed_pieces),
	    cmocka_unit_test(an_error_carries_its_story),
	    cmocka_unit_test(dropping_the_front_keeps_the_rest),
	    cmocka_unit_test(formats_are_appended_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
