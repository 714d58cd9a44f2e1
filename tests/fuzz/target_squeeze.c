/*
 * Any bytes as a compressed frame, with the dictionary and without: what a bomb
 * takes of memory is bounded before it goes off.
 */
#include "proto/limits.h"
#include "proto/squeeze.h"
#include "tests/fuzz/cost.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/targets.h"

enum { SMALL = 3000 };

static struct squeeze squeeze;

static void
unpack(struct bytes in, size_t size_max)
{
	/* The output at its limit, doubled as a buffer grows, and contexts that
	 * are made once. */
	const struct cost_limit limit = {
	    {.allocations = 64,
		.allocated_bytes = 3 * size_max + 512 * 1024,
		.largest_bytes = 2 * size_max + 256 * 1024,
		.hashes = 2,
		.hashed_bytes = 256 * 1024},
	    {.allocated_bytes = 4, .largest_bytes = 2}};
	struct buf out = {0};
	struct buf own = {0};
	enum err e;

	buf_add_text(&out, "#");
	cost_begin();
	e = squeeze_unpack(&squeeze, in, size_max, &out);
	cost_assert(&limit, in.n);
	assert(e == ERR_OK || e == ERR_LIMIT || e == ERR_MALFORMED);
	assert(out.n <= 1 + size_max && (e == ERR_OK || out.n == 1));
	buf_cut(&out, 1);
	buf_add(&own, in);
	cost_begin();
	e = squeeze_unpack_named(&squeeze, own.p, own.n, size_max, &out);
	cost_assert(&limit, in.n);
	assert(e == ERR_OK || e == ERR_LIMIT || e == ERR_MALFORMED ||
	       e == ERR_VERSION);
	assert(out.n <= 1 + size_max && (e == ERR_OK || out.n == 1));
	buf_fini(&out);
	buf_fini(&own);
}

void
target_squeeze(struct bytes in)
{
	struct buf packed = {0};
	struct buf out = {0};

	fuzz_start();
	if (in.n > LIMIT_FRAME_SIZE)
		return;
	unpack(in, SMALL);
	unpack(in, LIMIT_FRAME_SIZE);
	assert(squeeze_pack(&squeeze, in, in.n % 3 + 1, &packed) == ERR_OK);
	assert(
	    squeeze_unpack(&squeeze, buf_bytes(&packed), in.n, &out) == ERR_OK);
	assert(bytes_equal(buf_bytes(&out), in));
	buf_cut(&packed, 0);
	buf_cut(&out, 0);
	assert(squeeze_pack_named(&squeeze, in, &packed) == ERR_OK);
	assert(squeeze_unpack_named(&squeeze, packed.p, packed.n, in.n, &out) ==
	       ERR_OK);
	assert(bytes_equal(buf_bytes(&out), in));
	buf_fini(&packed);
	buf_fini(&out);
}
