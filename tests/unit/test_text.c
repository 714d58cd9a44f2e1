/*
 * Promises of proto/text.h.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "proto/limits.h"
#include "proto/text.h"

/* Writes the UTF-8 form of `c` as RFC 3629 draws it, right or not. */
static size_t
char_write(uint32_t c, uint8_t *p)
{
	if (c < 0x80) {
		p[0] = (uint8_t)c;
		return 1;
	}
	if (c < 0x800) {
		p[0] = (uint8_t)(0xc0 | c >> 6);
		p[1] = (uint8_t)(0x80 | (c & 0x3f));
		return 2;
	}
	if (c < 0x10000) {
		p[0] = (uint8_t)(0xe0 | c >> 12);
		p[1] = (uint8_t)(0x80 | (c >> 6 & 0x3f));
		p[2] = (uint8_t)(0x80 | (c & 0x3f));
		return 3;
	}
	p[0] = (uint8_t)(0xf0 | c >> 18);
	p[1] = (uint8_t)(0x80 | (c >> 12 & 0x3f));
	p[2] = (uint8_t)(0x80 | (c >> 6 & 0x3f));
	p[3] = (uint8_t)(0x80 | (c & 0x3f));
	return 4;
}

static bool
is_character(uint32_t c)
{
	return c > 0 && c <= 0x10ffff && (c < 0xd800 || c > 0xdfff);
}

static void
exactly_the_unicode_characters_are_utf8(void **state)
{
	(void)state;
	for (uint32_t c = 0; c < 0x1fffff; c++) {
		uint8_t b[4];
		size_t n = char_write(c, b);

		if (text_is_utf8(bytes_of(b, n)) != is_character(c))
			fail_msg("U+%04X", c);
		if (n > 1 && text_is_utf8(bytes_of(b, n - 1)))
			fail_msg("U+%04X cut", c);
	}
}

static void
wrong_bytes_are_found_wherever_they_stand(void **state)
{
	static const char *const wrong[] = {"\x80", "\xc0\xaf", "\xc1\xbf",
	    "\xe0\x9f\xbf", "\xed\xa0\x80", "\xf0\x8f\xbf\xbf", "\xf5\x80",
	    "\xff", "\xe1\x80", "\xf1\x80\x80", "\xc3(", ""};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(wrong); i++) {
		for (size_t before = 0; before < 20; before++) {
			struct buf text = {0};
			struct buf out = {0};

			for (size_t k = 0; k < before; k++)
				buf_add_u8(&text, 'a');
			/* The last one is a zero byte. */
			buf_add(&text,
			    bytes_of(wrong[i],
				strlen(wrong[i]) + (wrong[i][0] == '\0')));
			assert_int_equal(
			    text_utf8_size(buf_bytes(&text)), before);
			assert_int_equal(
			    text_nfc(buf_bytes(&text), &out), ERR_INVALID);
			assert_int_equal(out.n, 0);
			buf_add_text(&text, " tail of text");
			assert_int_equal(
			    text_utf8_size(buf_bytes(&text)), before);
			buf_fini(&text);
			buf_fini(&out);
		}
	}
}

static void
names_are_small_and_plain(void **state)
{
	char longest[LIMIT_NAME_SIZE + 2] = {0};

	(void)state;
	memset(longest, 'n', LIMIT_NAME_SIZE);
	assert_true(text_is_name(bytes_text(longest)));
	longest[LIMIT_NAME_SIZE] = 'n';
	assert_false(text_is_name(bytes_text(longest)));
	assert_true(text_is_name(bytes_text("a")));
	assert_true(text_is_name(bytes_text("next_visit_2")));
	assert_false(text_is_name(bytes_text("")));
	assert_false(text_is_name(bytes_text("2a")));
	assert_false(text_is_name(bytes_text("_a")));
	assert_false(text_is_name(bytes_text("Name")));
	assert_false(text_is_name(bytes_text("a-b")));
	assert_false(text_is_name(bytes_text("이름")));
	assert_false(text_is_name(bytes_of("a\0b", 3)));
}

static void
assert_nfc(const char *text, const char *normal)
{
	struct buf out = {0};

	assert_int_equal(text_nfc(bytes_text(text), &out), ERR_OK);
	assert_string_equal(buf_text(&out), normal);
	buf_cut(&out, 0);
	assert_int_equal(text_nfc(bytes_text(normal), &out), ERR_OK);
	assert_string_equal(buf_text(&out), normal);
	buf_fini(&out);
}

static void
the_normal_form_is_c(void **state)
{
	(void)state;
	assert_nfc("", "");
	assert_nfc("plain", "plain");
	assert_nfc("찾아가는 동주민센터", "찾아가는 동주민센터");
	/* Conjoining letters, as some systems name files. */
	assert_nfc("\u1112\u1161\u11ab\u1100\u1173\u11af", "한글");
	/* A syllable and the final that belongs to it. */
	assert_nfc("하\u11ab", "한");
	assert_nfc("e\u0301", "é");
	/* Marks in canonical order, and a character that stays apart. */
	assert_nfc("a\u0323\u0302", "\u1ead");
	assert_nfc("a\u0302\u0323", "\u1ead");
	assert_nfc("\u212b", "\u00c5");
	/* Compatibility characters are not touched. */
	assert_nfc("\ufb01㈜Ａ", "\ufb01㈜Ａ");
	/* Hanja with a place of their own only for old code pages. */
	assert_nfc("\uf9b4", "領");
}

/* U+0E01 is inert but not on the short way through text_nfc, so that the two
 * ways are held against each other, character by character. */
static void
the_short_way_and_the_long_way_agree(void **state)
{
	const struct bytes inert = bytes_text("\u0e01");
	struct buf in = {0};
	struct buf alone = {0};
	struct buf behind = {0};

	(void)state;
	for (uint32_t c = 1; c < 0x30000; c++) {
		uint8_t b[4];
		size_t n = char_write(c, b);

		if (!is_character(c))
			continue;
		buf_cut(&in, 0);
		buf_cut(&alone, 0);
		buf_cut(&behind, 0);
		buf_add(&in, bytes_of(b, n));
		assert_int_equal(text_nfc(buf_bytes(&in), &alone), ERR_OK);
		buf_add(&alone, inert);
		buf_add(&in, inert);
		assert_int_equal(text_nfc(buf_bytes(&in), &behind), ERR_OK);
		if (!bytes_equal(buf_bytes(&alone), buf_bytes(&behind)))
			fail_msg("U+%04X", c);
	}
	buf_fini(&in);
	buf_fini(&alone);
	buf_fini(&behind);
}

static void
texts_beyond_the_limit_are_refused(void **state)
{
	struct buf text = {0};
	struct buf out = {0};

	(void)state;
	for (size_t i = 0; i < LIMIT_TEXT_SIZE; i++)
		buf_add_u8(&text, 'x');
	assert_int_equal(text_nfc(buf_bytes(&text), &out), ERR_OK);
	buf_add_u8(&text, 'x');
	assert_int_equal(text_nfc(buf_bytes(&text), &out), ERR_LIMIT);
	assert_int_equal(out.n, LIMIT_TEXT_SIZE);
	/* U+1D160 becomes three characters of four bytes. */
	buf_cut(&text, 0);
	for (size_t i = 0; i < LIMIT_TEXT_SIZE / 8; i++)
		buf_add_text(&text, "\U0001d160");
	assert_int_equal(text_nfc(buf_bytes(&text), &out), ERR_LIMIT);
	assert_int_equal(out.n, LIMIT_TEXT_SIZE);
	buf_fini(&text);
	buf_fini(&out);
}

static void
widths_are_columns(void **state)
{
	(void)state;
	assert_int_equal(text_width(bytes_text("")), 0);
	assert_int_equal(text_width(bytes_text("abc")), 3);
	assert_int_equal(text_width(bytes_text("홍길동")), 6);
	assert_int_equal(text_width(bytes_text("洪吉童 a")), 8);
	assert_int_equal(text_width(bytes_text("e\u0301x")), 2);
	assert_int_equal(text_width(bytes_text("\u1112\u1161\u11ab")), 2);
	assert_int_equal(text_width(bytes_text("\xff\xff")), 2);
	assert_int_equal(text_width(bytes_text("\033")), 0);
}

static void
a_cut_keeps_whole_characters(void **state)
{
	struct bytes text = bytes_text("홍길e\u0301x");

	(void)state;
	assert_int_equal(text_cut_columns(text, 0).n, 0);
	assert_int_equal(text_cut_columns(text, 1).n, 0);
	assert_int_equal(text_cut_columns(text, 2).n, 3);
	assert_int_equal(text_cut_columns(text, 3).n, 3);
	assert_int_equal(text_cut_columns(text, 5).n, 9);
	assert_int_equal(text_cut_columns(text, 6).n, 10);
	assert_int_equal(text_cut_columns(text, 99).n, 10);
	assert_int_equal(text_cut_columns((struct bytes){0}, 5).n, 0);
}

static void
nothing_shown_moves_the_cursor(void **state)
{
	struct buf out = {0};

	(void)state;
	text_shown(bytes_text("가\t나\n\033[2J\u202e\xc2\x85\xff!"), &out);
	assert_string_equal(buf_text(&out), "가 나 �[2J���!");
	assert_true(text_is_plain(bytes_text("혜화동 1-2")));
	assert_true(text_is_plain((struct bytes){0}));
	assert_false(text_is_plain(bytes_text("가\n")));
	assert_false(text_is_plain(bytes_text("\t")));
	assert_false(text_is_plain(bytes_text("가\u202e")));
	assert_false(text_is_plain(bytes_text("\xc2\x85")));
	assert_false(text_is_plain(bytes_text("가\xff")));
	buf_fini(&out);
}

/* The ends of each range of what is unsafe, and what lies beside them. */
static void
exactly_controls_and_turns_are_not_plain(void **state)
{
	static const struct {
		const char *text;
		bool plain;
	} cases[] = {
	    {"\x1f", false},
	    {" ", true},
	    {"~", true},
	    {"\x7f", false},
	    {"\xc2\x80", false},
	    {"\xc2\x9f", false},
	    {"\xc2\xa0", true},
	    {"\xd8\x9b", true},
	    {"\xd8\x9c", false},
	    {"\xd8\x9d", true},
	    {"\u200d", true},
	    {"\u200e", false},
	    {"\u200f", false},
	    {"\u2010", true},
	    {"\u2027", true},
	    {"\u2028", false},
	    {"\u202e", false},
	    {"\u202f", true},
	    {"\u2065", true},
	    {"\u2066", false},
	    {"\u2069", false},
	    {"\u206a", true},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct buf out = {0};

		assert_true(
		    text_is_plain(bytes_text(cases[i].text)) == cases[i].plain);
		text_shown(bytes_text(cases[i].text), &out);
		assert_true(
		    bytes_is(buf_bytes(&out), cases[i].text) == cases[i].plain);
		buf_fini(&out);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(exactly_the_unicode_characters_are_utf8),
	    cmocka_unit_test(wrong_bytes_are_found_wherever_they_stand),
	    cmocka_unit_test(names_are_small_and_plain),
	    cmocka_unit_test(the_normal_form_is_c),
	    cmocka_unit_test(the_short_way_and_the_long_way_agree),
	    cmocka_unit_test(texts_beyond_the_limit_are_refused),
	    cmocka_unit_test(widths_are_columns),
	    cmocka_unit_test(a_cut_keeps_whole_characters),
	    cmocka_unit_test(nothing_shown_moves_the_cursor),
	    cmocka_unit_test(exactly_controls_and_turns_are_not_plain),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
