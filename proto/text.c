/*
 * Text.  The codec asks here what is UTF-8, the door of every write asks for
 * the normal form, and the tables of the command line ask for widths.  Knows
 * no language and no terminal; never changes text that is already normal.
 */
#include "proto/text.h"

#include <string.h>

#include <utf8proc.h>

#include "proto/limits.h"
#include "proto/mem.h"

static size_t char_size(const uint8_t *p, size_t left);

/* Are any of the eight bytes at `p` zero or beyond ASCII? */
static inline bool
is_mixed(const uint8_t *p)
{
	const uint64_t ones = UINT64_C(0x0101010101010101);
	uint64_t eight;

	memcpy(&eight, p, sizeof(eight));
	/* A zero byte borrows, which sets its top bit. */
	return ((eight | (eight - ones)) & (ones << 7)) != 0;
}

size_t
text_utf8_size(struct bytes text)
{
	const size_t step = sizeof(uint64_t);
	size_t at = 0;

	while (at < text.n) {
		size_t left = text.n - at;
		size_t n;

		if (left >= step && !is_mixed(&text.p[at])) {
			at += step;
			/* The last eight bytes begin within these. */
			if (left < 2 * step && left > step &&
			    !is_mixed(&text.p[text.n - step]))
				return text.n;
			continue;
		}
		if (text.p[at] - 1u < 0x7f) {
			at++;
			continue;
		}
		n = char_size(&text.p[at], left);
		if (n == 0)
			break;
		at += n;
	}
	return at;
}

static bool
is_tail(uint8_t byte)
{
	return (byte & 0xc0) == 0x80;
}

/* The size of the character that `p` begins with, 0 if it is none. */
static size_t
char_size(const uint8_t *p, size_t left)
{
	uint8_t first = p[0];

	if (first < 0x80)
		return first != 0 ? 1 : 0;
	if (first < 0xe0)
		return first >= 0xc2 && left >= 2 && is_tail(p[1]) ? 2 : 0;
	if (first < 0xf0) {
		if (left < 3 || !is_tail(p[1]) || !is_tail(p[2]))
			return 0;
		if (first == 0xe0 && p[1] < 0xa0)
			return 0; /* overlong */
		if (first == 0xed && p[1] >= 0xa0)
			return 0; /* a surrogate */
		return 3;
	}
	if (first > 0xf4 || left < 4)
		return 0;
	if (!is_tail(p[1]) || !is_tail(p[2]) || !is_tail(p[3]))
		return 0;
	if (first == 0xf0 && p[1] < 0x90)
		return 0; /* overlong */
	if (first == 0xf4 && p[1] >= 0x90)
		return 0; /* above U+10FFFF */
	return 4;
}

bool
text_is_utf8(struct bytes text)
{
	return text_utf8_size(text) == text.n;
}

bool
text_is_name(struct bytes text)
{
	if (text.n == 0 || text.n > LIMIT_NAME_SIZE)
		return false;
	if (text.p[0] < 'a' || text.p[0] > 'z')
		return false;
	for (size_t i = 1; i < text.n; i++) {
		uint8_t c = text.p[i];
		bool is_letter = c >= 'a' && c <= 'z';
		bool is_digit = c >= '0' && c <= '9';

		if (!is_letter && !is_digit && c != '_')
			return false;
	}
	return true;
}

/* The character at the start of `text`, which is not empty, and its size; -1
 * and 1 for a byte that is not UTF-8. */
static int32_t
char_at(struct bytes text, size_t *size)
{
	const uint8_t *p = text.p;

	*size = char_size(p, text.n);
	switch (*size) {
	case 1:
		return p[0];
	case 2:
		return (p[0] & 0x1f) << 6 | (p[1] & 0x3f);
	case 3:
		return (p[0] & 0x0f) << 12 | (p[1] & 0x3f) << 6 | (p[2] & 0x3f);
	case 4:
		return (p[0] & 0x07) << 18 | (p[1] & 0x3f) << 12 |
		       (p[2] & 0x3f) << 6 | (p[3] & 0x3f);
	}
	*size = 1;
	return -1;
}

/* Is `c` in a range where nothing decomposes, reorders or composes with what
 * stands before it?  Such text is its own normal form.  The ranges are those
 * that our texts are made of; a wrong "no" costs only time. */
static bool
is_inert(int32_t c)
{
	static const int32_t ranges[][2] = {
	    {0x0001, 0x02ff}, /* Latin */
	    {0xac00, 0xd7a3}, /* Hangul syllables */
	    {0x3000, 0x3029}, /* punctuation between Hanja */
	    {0x3131, 0x318e}, /* Hangul letters that stand alone */
	    {0x4e00, 0x9fff}, /* Hanja */
	    {0x2010, 0x2027}, /* dashes, quotes, ellipsis */
	    {0xff01, 0xffee}, /* full-width forms */
	};

	for (size_t i = 0; i < COUNT_OF(ranges); i++)
		if (c >= ranges[i][0] && c <= ranges[i][1])
			return true;
	return false;
}

static bool
is_all_inert(struct bytes text)
{
	while (text.n > 0) {
		size_t n = 1;

		if ((text.p[0] == 0 || text.p[0] >= 0x80) &&
		    !is_inert(char_at(text, &n)))
			return false;
		text = bytes_after(text, n);
	}
	return true;
}

static void nfc_slowly(struct bytes text, struct buf *out);

enum err
text_nfc(struct bytes text, struct buf *out)
{
	size_t good = text_utf8_size(text);
	size_t before = out->n;

	if (text.n > LIMIT_TEXT_SIZE)
		return err_set(ERR_LIMIT, "a text of %zu bytes; %d is the most",
		    text.n, LIMIT_TEXT_SIZE);
	if (good < text.n)
		return err_set(
		    ERR_INVALID, "byte %zu of the text is not UTF-8", good);
	if (is_all_inert(text)) {
		buf_add(out, text);
		return ERR_OK;
	}
	nfc_slowly(text, out);
	if (out->n - before > LIMIT_TEXT_SIZE) {
		size_t n = out->n - before;

		buf_cut(out, before);
		return err_set(ERR_LIMIT,
		    "a text of %zu bytes in normal form; %d is the most", n,
		    LIMIT_TEXT_SIZE);
	}
	return ERR_OK;
}

/* `text` is well-formed and within the limit, so that utf8proc has no reason
 * to fail: its memory is ours. */
static void
nfc_slowly(struct bytes text, struct buf *out)
{
	const utf8proc_option_t how = UTF8PROC_STABLE | UTF8PROC_COMPOSE;
	utf8proc_ssize_t n = utf8proc_decompose(
	    text.p, (utf8proc_ssize_t)text.n, NULL, 0, how);
	utf8proc_int32_t *chars;

	assert(n >= 0);
	chars = mem_zeros((size_t)n, sizeof(*chars));
	n = utf8proc_decompose(text.p, (utf8proc_ssize_t)text.n, chars, n, how);
	n = utf8proc_normalize_utf32(chars, n, how);
	assert(n >= 0);
	for (utf8proc_ssize_t i = 0; i < n; i++) {
		uint8_t bytes[4];
		utf8proc_ssize_t size = utf8proc_encode_char(chars[i], bytes);

		buf_add(out, bytes_of(bytes, (size_t)size));
	}
	mem_free(chars);
}

/* utf8proc looks it up; of what most texts are made of it is known. */
static int32_t
char_small(int32_t c)
{
	if (c < 0x80)
		return c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c;
	return c >= 0xac00 && c <= 0xd7a3 ? c : utf8proc_tolower(c);
}

void
text_small(struct bytes text, struct buf *out)
{
	struct bytes left = text;

	while (left.n > 0) {
		uint8_t bytes[4];
		size_t size;
		int32_t c = char_at(left, &size);
		int32_t small = char_small(c);

		left = bytes_after(left, size);
		if (small == c)
			continue;
		/* What stands before it goes as it is. */
		buf_add(out, bytes_first(text, text.n - left.n - size));
		buf_add(out, bytes_of(bytes,
				 (size_t)utf8proc_encode_char(small, bytes)));
		text = left;
	}
	buf_add(out, text);
}

static size_t
char_width(int32_t c)
{
	int width;

	if (c < 0)
		return 1;
	/* Vowels and finals that a terminal joins to the initial before. */
	if ((c >= 0x1160 && c <= 0x11ff) || (c >= 0xd7b0 && c <= 0xd7ff))
		return 0;
	width = utf8proc_charwidth(c);
	return width > 0 ? (size_t)width : 0;
}

size_t
text_width(struct bytes text)
{
	size_t width = 0;

	while (text.n > 0) {
		size_t n;

		width += char_width(char_at(text, &n));
		text = bytes_after(text, n);
	}
	return width;
}

struct bytes
text_cut_columns(struct bytes text, size_t columns)
{
	size_t width = 0;
	size_t at = 0;

	while (at < text.n) {
		size_t n;

		width += char_width(char_at(bytes_after(text, at), &n));
		if (width > columns)
			break;
		at += n;
	}
	return bytes_first(text, at);
}

/* Controls, and the marks that change the direction of what follows: a name
 * must not be able to move the cursor or to turn the line around. */
static bool
is_unsafe(int32_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x061c ||
	       (c >= 0x200e && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) ||
	       (c >= 0x2066 && c <= 0x2069);
}

bool
text_is_plain(struct bytes text)
{
	while (text.n > 0) {
		size_t n;
		int32_t c = char_at(text, &n);

		if (c < 0 || is_unsafe(c))
			return false;
		text = bytes_after(text, n);
	}
	return true;
}

void
text_shown(struct bytes text, struct buf *out)
{
	while (text.n > 0) {
		size_t n;
		int32_t c = char_at(text, &n);

		if (c == '\t' || c == '\n' || c == '\r')
			buf_add_u8(out, ' ');
		else if (is_unsafe(c))
			buf_add_text(out, "\xef\xbf\xbd");
		else
			buf_add(out, bytes_first(text, n));
		text = bytes_after(text, n);
	}
}
