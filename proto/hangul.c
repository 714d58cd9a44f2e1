/*
 * Hangul letter by letter (The Unicode Standard, 3.12).  Who compares names
 * asks; knows no names.
 */
#include "proto/hangul.h"

enum {
	SYLLABLE_FIRST = 0xac00,
	SYLLABLE_LAST = 0xd7a3,
	LEADS = 19,
	VOWELS = 21,
	TAILS = 28, /* with none at all */
	LEAD_FIRST = 0x1100,
	VOWEL_FIRST = 0x1161,
	TAIL_FIRST = 0x11a8,
	ALONE_FIRST = 0x3131,
	ALONE_VOWEL_FIRST = 0x314f,
};

/* Where the letters that stand alone are, counted from U+3131: in their row
 * leads and tails are mixed. */
static const uint8_t leads[LEADS] = {
    0, 1, 3, 6, 7, 8, 16, 17, 18, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29};
static const uint8_t tails[TAILS - 1] = {0, 1, 2, 3, 4, 5, 6, 8, 9, 10, 11, 12,
    13, 14, 15, 16, 17, 19, 20, 21, 22, 23, 25, 26, 27, 28, 29};

/* Appends a character of three bytes. */
static void
put(unsigned c, struct buf *out)
{
	buf_add_u8(out, (uint8_t)(0xe0 | c >> 12));
	buf_add_u8(out, (uint8_t)(0x80 | (c >> 6 & 0x3f)));
	buf_add_u8(out, (uint8_t)(0x80 | (c & 0x3f)));
}

/* Appends the letters of `c`; false when it is no Hangul to be taken apart. */
static bool
letters_put(unsigned c, struct buf *out)
{
	unsigned lead = LEADS;
	unsigned vowel = VOWELS;
	unsigned tail = TAILS;

	if (c >= SYLLABLE_FIRST && c <= SYLLABLE_LAST) {
		unsigned i = c - SYLLABLE_FIRST;

		lead = i / (VOWELS * TAILS);
		vowel = i / TAILS % VOWELS;
		/* None is number 0. */
		tail = i % TAILS > 0 ? i % TAILS - 1 : TAILS;
	} else if (c >= LEAD_FIRST && c < LEAD_FIRST + LEADS) {
		lead = c - LEAD_FIRST;
	} else if (c >= VOWEL_FIRST && c < VOWEL_FIRST + VOWELS) {
		vowel = c - VOWEL_FIRST;
	} else if (c >= TAIL_FIRST && c < TAIL_FIRST + TAILS - 1) {
		tail = c - TAIL_FIRST;
	} else {
		return false;
	}
	if (lead < LEADS)
		put((unsigned)ALONE_FIRST + leads[lead], out);
	if (vowel < VOWELS)
		put(ALONE_VOWEL_FIRST + vowel, out);
	if (tail < COUNT_OF(tails))
		put((unsigned)ALONE_FIRST + tails[tail], out);
	return true;
}

void
hangul_letters(struct bytes text, struct buf *out)
{
	while (text.n > 0) {
		const uint8_t *p = text.p;
		bool three = text.n >= 3 && (p[0] & 0xf0) == 0xe0;
		unsigned c = 0;

		if (three)
			c = (p[0] & 0xfU) << 12 | (p[1] & 0x3fU) << 6 |
			    (p[2] & 0x3fU);
		if (three && letters_put(c, out)) {
			text = bytes_after(text, 3);
			continue;
		}
		buf_add_u8(out, p[0]);
		text = bytes_after(text, 1);
	}
}
