/*
 * A handshake and a channel behind it with a peer that sends what the input
 * says: true messages, changed ones, repeated ones, anything else.
 */
#include "proto/noise.h"
#include "tests/fuzz/cost.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/targets.h"
#include "tests/lib/pair.h"

enum { STEPS_MAX = 40 };

static const struct secret shared = {{3}};

/* Both ends, one of which the input may leave without the shared secret. */
static void
ends_init(struct fuzz_input *input, struct pair *pair)
{
	uint8_t how = fuzz_u8(input);
	struct bytes prologue = fuzz_bytes(input, 64);

	for (int i = 0; i < 2; i++) {
		enum noise_pattern pattern = how % 3;
		struct secret psk = shared;

		if (i > 0 && (how & 0x40) != 0)
			pattern = how / 4 % 3;
		if (i > 0 && (how & 0x80) != 0)
			psk.b[0] ^= 1;
		noise_init(&pair->ends[i],
		    &(struct noise_config){.initiator = i == INITIATOR,
			.pattern = pattern,
			.own = &pair_owns[i],
			.ephemeral = &pair_ephemerals[i],
			.prologue = prologue,
			.psk = pattern == NOISE_XX ? NULL : &psk});
	}
}

/* `end` says something: what it writes is on the wire. */
static enum err
say(struct fuzz_input *input, struct noise *end, struct buf *wire)
{
	struct bytes payload = fuzz_bytes(input, 4096);
	size_t had = wire->n;
	enum err e = noise_is_done(end) ? noise_seal(end, payload, wire)
					: noise_write(end, payload, wire);

	if (e != ERR_OK)
		assert(wire->n == had);
	return e;
}

/* `end` hears what is on the wire, after whatever the input did to it. */
static enum err
hear(struct noise *end, const struct buf *wire, struct buf *got)
{
	size_t had = got->n;
	bool done = noise_is_done(end);
	enum err e = done ? noise_open(end, buf_bytes(wire), got)
			  : noise_read(end, buf_bytes(wire), got);

	if (e != ERR_OK)
		assert(got->n == had && !noise_is_done(end) &&
		       !noise_is_turn(end));
	assert(e == ERR_OK || e == ERR_MALFORMED || e == ERR_EXISTS ||
	       e == ERR_PEER || e == ERR_INVALID);
	return e;
}

/* Both have finished with nothing changed on the way: they agree. */
static void
agree(const struct pair *pair)
{
	struct bytes hash = noise_handshake_hash(&pair->ends[0]);

	assert(hash.n == sizeof(struct hash512));
	assert(bytes_equal(hash, noise_handshake_hash(&pair->ends[1])));
}

void
target_noise(struct bytes in)
{
	static const struct cost_limit limit = {
	    {.allocations = 400,
		.allocated_bytes = 1024 * 1024,
		.largest_bytes = 128 * 1024,
		.hashes = 4000,
		.hashed_bytes = 1024 * 1024,
		.curves = 64},
	    {.allocations = 2,
		.allocated_bytes = 64,
		.largest_bytes = 4,
		.hashes = 2,
		.hashed_bytes = 256}};
	struct fuzz_input input = {.left = in};
	struct pair pair = {0};
	struct buf before = {0};
	bool changed = false;

	fuzz_start();
	cost_begin();
	ends_init(&input, &pair);
	for (int i = 0; i < STEPS_MAX && fuzz_more(&input); i++) {
		uint8_t step = fuzz_u8(&input);
		int from = step & 1;

		buf_cut(&pair.got, 0);
		switch (step / 2 % 5) {
		case 0:
			buf_cut(&pair.wire, 0);
			(void)!say(&input, &pair.ends[from], &pair.wire);
			break;
		case 1:
			(void)!hear(
			    &pair.ends[1 - from], &pair.wire, &pair.got);
			break;
		case 2:
			buf_cut(&before, 0);
			buf_add(&before, buf_bytes(&pair.wire));
			fuzz_mutate(&input, &pair.wire);
			changed = changed || !bytes_equal(buf_bytes(&before),
						 buf_bytes(&pair.wire));
			break;
		case 3:
			buf_cut(&pair.wire, 0);
			buf_add(&pair.wire, fuzz_bytes(&input, 4096));
			changed = true;
			break;
		default:
			buf_cut(&pair.wire, 0);
			if (say(&input, &pair.ends[from], &pair.wire) == ERR_OK)
				(void)!hear(&pair.ends[1 - from], &pair.wire,
				    &pair.got);
			break;
		}
		if (!changed && noise_is_done(&pair.ends[0]) &&
		    noise_is_done(&pair.ends[1]))
			agree(&pair);
	}
	cost_assert(&limit, in.n);
	buf_fini(&before);
	pair_fini(&pair);
}
