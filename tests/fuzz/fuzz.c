/*
 * How targets read their input.  Anything is an input, and a longer one says
 * what a shorter one said and goes on, so that small changes stay small.
 */
#include "tests/fuzz/fuzz.h"

#include <stdio.h>
#include <stdlib.h>

#include "proto/crypto.h"

enum { SPARE_KEY = 128 };

void
fuzz_start(void)
{
	static bool started;

	if (started)
		return;
	assert(crypto_start() == ERR_OK);
	started = true;
}

bool
fuzz_more(const struct fuzz_input *in)
{
	return in->left.n > 0;
}

uint8_t
fuzz_u8(struct fuzz_input *in)
{
	uint8_t byte;

	if (in->left.n == 0)
		return 0;
	byte = in->left.p[0];
	in->left = bytes_after(in->left, 1);
	return byte;
}

size_t
fuzz_below(struct fuzz_input *in, size_t n)
{
	assert(n > 0);
	return n <= 256 ? fuzz_u8(in) % n
			: ((size_t)fuzz_u8(in) << 8 | fuzz_u8(in)) % n;
}

uint64_t
fuzz_number(struct fuzz_input *in)
{
	static const uint64_t edges[] = {0, 127, 128, 255, 256, 511, 512, 1023,
	    1024, 65535, 65536, UINT32_MAX, (uint64_t)UINT32_MAX + 1, INT64_MAX,
	    INT64_MAX - 1, INT64_MAX / 2};
	uint8_t first = fuzz_u8(in);
	uint64_t number = 0;

	if (first < 0xc0)
		return first;
	if (first >= 0xe0)
		return edges[first % COUNT_OF(edges)];
	for (unsigned i = 0; i <= (first & 7); i++)
		number = number << 8 | fuzz_u8(in);
	return number & INT64_MAX;
}

struct bytes
fuzz_bytes(struct fuzz_input *in, size_t max)
{
	size_t n = fuzz_u8(in);
	struct bytes taken;

	if (n >= 0xf0)
		n = (n & 15) << 8 | fuzz_u8(in);
	if (n > max)
		n = max;
	if (n > in->left.n)
		n = in->left.n;
	taken = bytes_first(in->left, n);
	in->left = bytes_after(in->left, n);
	return taken;
}

struct bytes
fuzz_rest(struct fuzz_input *in)
{
	struct bytes rest = in->left;

	in->left = bytes_after(rest, rest.n);
	return rest;
}

void
fuzz_fill(struct fuzz_input *in, void *p, size_t n)
{
	size_t have = n < in->left.n ? n : in->left.n;

	memset(p, 0, n);
	bytes_copy(p, bytes_first(in->left, have));
	in->left = bytes_after(in->left, have);
}

/* Puts `piece` in the place of `n` bytes of `b` from `at`. */
static void
replace(struct buf *b, size_t at, size_t n, struct bytes piece)
{
	struct buf changed = {0};

	buf_add(&changed, bytes_first(buf_bytes(b), at));
	buf_add(&changed, piece);
	buf_add(&changed, bytes_after(buf_bytes(b), at + n));
	buf_fini(b);
	*b = changed;
}

void
fuzz_mutate(struct fuzz_input *in, struct buf *b)
{
	uint8_t how = fuzz_u8(in);
	size_t at = fuzz_below(in, b->n + 1);
	size_t left = b->n - at;
	size_t n;

	switch (how % 6) {
	case 0:
		if (left > 0)
			b->p[at] ^= (uint8_t)(1u << how / 6 % 8);
		break;
	case 1:
		if (left > 0)
			b->p[at] = fuzz_u8(in);
		break;
	case 2:
		replace(b, at, 0, fuzz_bytes(in, 1024));
		break;
	case 3:
		n = fuzz_below(in, 64);
		replace(b, at, n < left ? n : left, (struct bytes){0});
		break;
	case 4:
		n = fuzz_below(in, 64);
		replace(b, at, 0,
		    bytes_slice(buf_bytes(b), at, n < left ? n : left));
		break;
	default:
		buf_cut(b, at);
		break;
	}
}

bool
fuzz_has_spare(struct bytes value)
{
	struct reader r;
	bool found = false;

	/* The heads alone, one after another: what is nested comes in turn. */
	codec_begin(&r, value);
	while (r.in.n > 0 && !r.bad && !found) {
		switch (codec_peek(&r)) {
		case CODEC_ARRAY:
			(void)codec_get_array(&r, LIMIT_ELEMENTS);
			break;
		case CODEC_MAP:
			(void)codec_get_map(&r, LIMIT_ELEMENTS);
			break;
		case CODEC_INT:
			/* Any other integer may be as large: no oracle then. */
			found = codec_get_int(&r) >= SPARE_KEY;
			break;
		default:
			(void)codec_get_value(&r);
			break;
		}
	}
	return found;
}

void
fuzz_assert_theirs(enum err e)
{
	switch (e) {
	case ERR_OK:
	case ERR_USAGE:
	case ERR_INVALID:
	case ERR_DENIED:
	case ERR_MALFORMED:
	case ERR_VERSION:
	case ERR_LIMIT:
	case ERR_EXISTS:
	case ERR_PEER:
	case ERR_FORKED:
		return;
	case ERR_NOT_FOUND:
	case ERR_CORRUPT:
	case ERR_BUSY:
	case ERR_FULL:
	case ERR_IO:
	case ERR_PART:
		break;
	}
	(void)fprintf(
	    stderr, "not the peer's making: %s: %s\n", err_name(e), err_text());
	abort();
}
