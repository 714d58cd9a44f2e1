/*
 * What spreadsheets and forms do to texts, undone.  Used by the importer; never
 * guesses at a value that could be two.
 */
#include "proto/clean.h"

#include "proto/text.h"

enum { PHONE_DIGITS_MAX = 15 };

static enum err clean(struct bytes text, bool spaces, struct buf *out) MUST_USE;
static uint32_t take_character(struct bytes *rest, struct bytes *c);
static bool phone_put(struct bytes digits, struct buf *out);

enum err
clean_text(struct bytes text, struct buf *out)
{
	return clean(text, true, out);
}

enum err
clean_key(struct bytes text, struct buf *out)
{
	return clean(text, false, out);
}

static bool
is_space(uint32_t c)
{
	return c == ' ' || (c >= '\t' && c <= '\r') || c == 0x85 || c == 0xa0 ||
	       (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 ||
	       c == 0x202f || c == 0x205f || c == 0x3000;
}

/* Nothing shows of it: marks of width zero and of byte order. */
static bool
is_nothing(uint32_t c)
{
	return c < ' ' || c == 0x7f || c == 0xad ||
	       (c >= 0x200b && c <= 0x200f) || (c >= 0x202a && c <= 0x202e) ||
	       (c >= 0x2060 && c <= 0x2069) || c == 0xfeff;
}

static enum err
clean(struct bytes text, bool spaces, struct buf *out)
{
	struct buf plain = {0};
	bool gap = false;
	enum err e = text_nfc(text, &plain);
	struct bytes rest = buf_bytes(&plain);
	size_t start = out->n;

	while (e == ERR_OK && rest.n > 0) {
		struct bytes c;
		uint32_t code = take_character(&rest, &c);

		if (is_space(code)) {
			gap = out->n > start;
			continue;
		}
		if (is_nothing(code))
			continue;
		if (gap && spaces)
			buf_add_u8(out, ' ');
		gap = false;
		if (code >= 0xff01 && code <= 0xff5e)
			buf_add_u8(out, (uint8_t)(code - 0xff01 + '!'));
		else
			buf_add(out, c);
	}
	buf_fini(&plain);
	return e;
}

/* The next character of UTF-8, and its number. */
static uint32_t
take_character(struct bytes *rest, struct bytes *c)
{
	uint8_t lead = rest->p[0];
	size_t n = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
	uint32_t code = n == 1 ? lead : lead & (0xffU >> (n + 1));

	assert(n <= rest->n);
	*c = bytes_first(*rest, n);
	*rest = bytes_after(*rest, n);
	for (size_t i = 1; i < n; i++)
		code = code << 6 | (c->p[i] & 0x3fU);
	return code;
}

/* ---- Telephone numbers -------------------------------------------------- */

enum err
clean_phone(struct bytes text, struct buf *out)
{
	struct buf plain = {0};
	struct buf digits = {0};
	struct bytes all;
	bool fine = true;
	enum err e = clean_key(text, &plain);

	all = buf_bytes(&plain);
	if (bytes_begins(all, bytes_text("+82"))) {
		all = bytes_after(all, 3);
		if (bytes_begins(all, bytes_text("(0)")))
			all = bytes_after(all, 3);
		if (all.n == 0 || all.p[0] != '0')
			buf_add_u8(&digits, '0');
	}
	for (size_t i = 0; i < all.n && fine; i++) {
		bool digit = all.p[i] >= '0' && all.p[i] <= '9';

		fine = digit || all.p[i] == '-' || all.p[i] == '.' ||
		       all.p[i] == '(' || all.p[i] == ')';
		if (digit && digits.n < PHONE_DIGITS_MAX)
			buf_add_u8(&digits, all.p[i]);
	}
	if (digits.n == 10 &&
	    bytes_begins(buf_bytes(&digits), bytes_text("1"))) {
		/* 1012345678 was 01012345678 before it became a number. */
		struct buf with = {0};

		buf_add_u8(&with, '0');
		buf_add(&with, buf_bytes(&digits));
		buf_fini(&digits);
		digits = with;
	}
	if (e == ERR_OK && (!fine || !phone_put(buf_bytes(&digits), out)))
		e = err_set(ERR_INVALID,
		    "'%.*s' is no telephone number: 010-1234-5678 is expected",
		    (int)(text.n < PHONE_DIGITS_MAX * 2 ? text.n
							: PHONE_DIGITS_MAX * 2),
		    (const char *)text.p);
	buf_fini(&plain);
	buf_fini(&digits);
	return e;
}

/* The area and its exchange by their lengths. */
static bool
phone_put(struct bytes digits, struct buf *out)
{
	size_t area = bytes_begins(digits, bytes_text("02")) ? 2 : 3;
	size_t last = 4;

	if (digits.n == 8 && digits.p[0] == '1') {
		area = 0;
	} else if (digits.n < area + 7 || digits.n > area + 8 ||
		   digits.p[0] != '0' || digits.p[1] == '0') {
		/* 0505 and the like have an area of four. */
		if (digits.n != 12 || !bytes_begins(digits, bytes_text("050")))
			return false;
		area = 4;
	}
	if (area > 0) {
		buf_add(out, bytes_first(digits, area));
		buf_add_u8(out, '-');
	}
	buf_add(out, bytes_slice(digits, area, digits.n - area - last));
	buf_add_u8(out, '-');
	buf_add(out, bytes_after(digits, digits.n - last));
	return true;
}

/* ---- Numbers ------------------------------------------------------------ */

/* Digits, with a comma before every third from the right or with none. */
static bool
digits_put(struct bytes text, struct buf *out)
{
	bool commas = bytes_find(text, ',') < text.n;

	if (text.n == 0)
		return false;
	for (size_t i = 0; i < text.n; i++) {
		bool comma = commas && (text.n - i) % 4 == 0 && i > 0;

		if (comma ? text.p[i] != ','
			  : text.p[i] < '0' || text.p[i] > '9')
			return false;
		if (!comma)
			buf_add_u8(out, text.p[i]);
	}
	return true;
}

static bool
ends_with(struct bytes text, const char *end)
{
	size_t n = bytes_text(end).n;

	return text.n >= n && bytes_is(bytes_after(text, text.n - n), end);
}

enum err
clean_number(
    struct bytes text, const char *const *units, size_t n, struct buf *out)
{
	static const char *const minus[] = {"-", "−", "▲", "△"};
	struct buf plain = {0};
	struct buf number = {0};
	struct bytes seen;
	struct bytes rest;
	bool negative = false;
	bool fine;
	enum err e = clean_key(text, &plain);

	rest = buf_bytes(&plain);
	for (size_t i = 0; i < n; i++) {
		if (!ends_with(rest, units[i]))
			continue;
		rest = bytes_first(rest, rest.n - bytes_text(units[i]).n);
		break;
	}
	for (size_t i = 0; i < COUNT_OF(minus) && !negative; i++) {
		negative = bytes_begins(rest, bytes_text(minus[i]));
		if (negative)
			rest = bytes_after(rest, bytes_text(minus[i]).n);
	}
	/* 12.0 is how a spreadsheet may write 12. */
	if (ends_with(rest, ".0"))
		rest = bytes_first(rest, rest.n - 2);
	fine = digits_put(rest, &number);
	seen = text_cut_columns(text, 40);
	if (e == ERR_OK && !fine)
		e = err_set(ERR_INVALID,
		    "'%.*s' is no whole number: 1234 or 1,234 is expected",
		    (int)seen.n, (const char *)seen.p);
	if (e == ERR_OK && negative)
		buf_add_u8(out, '-');
	if (e == ERR_OK)
		buf_add(out, buf_bytes(&number));
	buf_fini(&plain);
	buf_fini(&number);
	return e;
}
