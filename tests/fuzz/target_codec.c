/*
 * Any bytes as one canonical value: what is one reads the same by every way in,
 * and is written again as it was.
 */
#include <stdlib.h>

#include "tests/fuzz/cost.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/targets.h"

/* Reads one head or value of `r` and writes it again. */
static void
copy(struct reader *r, struct buf *out)
{
	switch (codec_peek(r)) {
	case CODEC_NIL:
		codec_get_nil(r);
		codec_put_nil(out);
		break;
	case CODEC_BOOL:
		codec_put_bool(out, codec_get_bool(r));
		break;
	case CODEC_INT:
		codec_put_int(out, codec_get_int(r));
		break;
	case CODEC_TEXT:
		codec_put_text(out, codec_get_text(r));
		break;
	case CODEC_BYTES:
		codec_put_bytes(out, codec_get_bytes(r));
		break;
	case CODEC_ARRAY:
		codec_put_array(out, codec_get_array(r, LIMIT_ELEMENTS));
		break;
	case CODEC_MAP:
		codec_put_map(out, codec_get_map(r, LIMIT_ELEMENTS));
		break;
	case CODEC_NONE:
		/* A canonical value has no such head. */
		abort();
	}
}

/* Each typed read of what is something else makes the reader bad, and gives
 * nothing. */
static void
misread(struct bytes in)
{
	for (int i = 0; i < 8; i++) {
		struct bytes key = {0};
		int64_t last = -1;
		struct reader r;

		codec_begin(&r, in);
		for (int k = 0; k < 8 && !r.bad; k++) {
			size_t left = r.in.n;

			switch ((i + k) % 8) {
			case 0:
				(void)codec_get_uint(&r, 1000);
				break;
			case 1:
				assert(codec_get_text(&r).n <= left);
				break;
			case 2:
				assert(codec_get_bytes(&r).n <= left);
				break;
			case 3:
				assert(codec_get_array(&r, 300) <= left);
				break;
			case 4:
				assert(codec_get_map(&r, 300) <= left);
				break;
			case 5:
				(void)codec_get_key(&r, &last);
				break;
			case 6:
				(void)codec_get_text_key(&r, &key);
				break;
			default:
				assert(codec_get_fixed(&r, 4).n % 4 == 0);
				break;
			}
			assert(r.bad || r.in.n < left);
		}
		if (!r.bad)
			continue;
		assert(codec_get_value(&r).n == 0 && r.bad);
		assert(codec_peek(&r) == CODEC_NONE || r.in.n > 0);
		assert(codec_end(&r, "x") == ERR_MALFORMED);
	}
}

/* Whatever the bytes are, who takes them for checked ones stays in them. */
static void
read_as_checked(struct bytes in, bool is_canonical)
{
	struct reader r;

	codec_begin_checked(&r, in);
	assert(bytes_equal(codec_get_value(&r), in) || !is_canonical);
	while (!r.bad && r.in.n > 0) {
		size_t left = r.in.n;

		assert(codec_get_value(&r).n == left - r.in.n || r.bad);
		assert(r.bad || r.in.n < left);
	}
	codec_begin_checked(&r, in);
	assert(codec_get_text(&r).n <= in.n);
}

void
target_codec(struct bytes in)
{
	static const struct cost_limit limit = {
	    {.allocations = 16,
		.allocated_bytes = COST_THREAD,
		.largest_bytes = COST_THREAD},
	    {0}};
	struct buf out = {0};
	struct reader r;
	enum err e;

	fuzz_start();
	cost_begin();
	e = codec_check(in);
	misread(in);
	read_as_checked(in, e == ERR_OK);
	codec_begin(&r, in);
	assert(bytes_equal(codec_get_value(&r), e == ERR_OK ? in : r.in) ||
	       e != ERR_OK);
	assert((e == ERR_OK) == (codec_end(&r, "value") == ERR_OK));
	cost_assert(&limit, in.n);
	if (e != ERR_OK) {
		assert(e == ERR_MALFORMED);
		return;
	}
	codec_begin(&r, in);
	while (r.in.n > 0) {
		copy(&r, &out);
		assert(!r.bad);
	}
	assert(bytes_equal(buf_bytes(&out), in));
	buf_fini(&out);
}
