/*
 * Text forms of bytes.  Ids, keys and heads go through here on their way to
 * and from people and signed notes.  Knows no meaning, only alphabets.
 */
#include "proto/ascii.h"

#include <string.h>

static const char hex_digits[] = "0123456789abcdef";
static const char base64_digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char base32_digits[] = "abcdefghijklmnopqrstuvwxyz234567";

static void digits_add(
    struct bytes b, const char *digits, unsigned bits, struct buf *text);
static enum err digits_take(struct bytes text, const char *digits,
    unsigned bits, struct buf *out) MUST_USE;

void
ascii_hex(struct bytes b, struct buf *text)
{
	digits_add(b, hex_digits, 4, text);
}

void
ascii_base32(struct bytes b, struct buf *text)
{
	digits_add(b, base32_digits, 5, text);
}

void
ascii_base64(struct bytes b, struct buf *text)
{
	digits_add(b, base64_digits, 6, text);
	for (size_t n = b.n; n % 3 != 0; n++)
		buf_add_u8(text, '=');
}

/* Writes `b` as digits of `bits` bits each, most significant first, the last
 * filled with zero bits. */
static void
digits_add(struct bytes b, const char *digits, unsigned bits, struct buf *text)
{
	uint32_t held = 0;
	unsigned held_bits = 0;
	uint32_t mask = (1u << bits) - 1;
	/* Of all at once: the name of a log is made again whenever one is read.
	 */
	uint8_t *to = buf_extend(text, (8 * b.n + bits - 1) / bits);

	for (size_t i = 0; i < b.n; i++) {
		held = held << 8 | b.p[i];
		held_bits += 8;
		while (held_bits >= bits) {
			held_bits -= bits;
			*to++ = (uint8_t)digits[(held >> held_bits) & mask];
		}
		held &= (1u << held_bits) - 1;
	}
	if (held_bits > 0)
		*to = (uint8_t)digits[(held << (bits - held_bits)) & mask];
}

enum err
ascii_from_hex(struct bytes text, struct buf *out)
{
	if (text.n % 2 != 0)
		return err_set(ERR_MALFORMED, "hex text has an odd length");
	return digits_take(text, hex_digits, 4, out);
}

enum err
ascii_from_base32(struct bytes text, struct buf *out)
{
	size_t rest = text.n % 8;

	if (rest == 1 || rest == 3 || rest == 6)
		return err_set(ERR_MALFORMED, "base32 text has a wrong length");
	return digits_take(text, base32_digits, 5, out);
}

enum err
ascii_from_base64(struct bytes text, struct buf *out)
{
	size_t n = text.n;

	if (n % 4 != 0)
		return err_set(ERR_MALFORMED, "base64 text has a wrong length");
	for (int pads = 0; pads < 2 && n > 0; pads++) {
		if (text.p[n - 1] == '=')
			n--;
	}
	if (n % 4 == 1)
		return err_set(ERR_MALFORMED, "base64 text is padded wrongly");
	return digits_take(bytes_first(text, n), base64_digits, 6, out);
}

static enum err
digits_take(
    struct bytes text, const char *digits, unsigned bits, struct buf *out)
{
	size_t was = out->n;
	uint32_t held = 0;
	unsigned held_bits = 0;

	for (size_t i = 0; i < text.n; i++) {
		const char *hit = text.p[i] != 0 ? strchr(digits, text.p[i])
						 : NULL;

		if (hit == NULL) {
			buf_cut(out, was);
			return err_set(ERR_MALFORMED,
			    "byte %zu of the text is not one of its alphabet",
			    i);
		}
		held = held << bits | (uint32_t)(hit - digits);
		held_bits += bits;
		if (held_bits >= 8) {
			held_bits -= 8;
			buf_add_u8(out, (uint8_t)(held >> held_bits));
			held &= (1u << held_bits) - 1;
		}
	}
	if (held != 0) {
		buf_cut(out, was);
		return err_set(ERR_MALFORMED, "unused bits at the end are set");
	}
	return ERR_OK;
}

enum err
ascii_from_decimal(struct bytes text, uint64_t *value)
{
	uint64_t v = 0;

	if (text.n == 0 || text.n > 19 || (text.n > 1 && text.p[0] == '0'))
		return err_set(ERR_MALFORMED, "not a plain decimal number");
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] < '0' || text.p[i] > '9')
			return err_set(
			    ERR_MALFORMED, "not a plain decimal number");
		v = v * 10 + (uint64_t)(text.p[i] - '0');
	}
	if (v > INT64_MAX)
		return err_set(ERR_MALFORMED, "the number is too large");
	*value = v;
	return ERR_OK;
}
