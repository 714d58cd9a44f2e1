/*
 * Any datagram of the local network as a beacon: one hash, and nothing is
 * allocated.
 */
#include "proto/beacon.h"
#include "tests/fuzz/cost.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/targets.h"

enum { FLAGS_AT = 1 + BEACON_NONCE_SIZE };

void
target_beacon(struct bytes in)
{
	static const struct cost_limit limit = {
	    {.allocations = 16,
		.allocated_bytes = COST_THREAD,
		.largest_bytes = COST_THREAD,
		.hashes = 1,
		.hashed_bytes = 1024},
	    {0}};
	struct fuzz_input input = {.left = in};
	struct beacon_key key;
	struct beacon beacon;
	struct beacon made;
	struct buf out = {0};

	fuzz_start();
	beacon_key(&(struct city_id){{1}}, &key);
	cost_begin();
	if (beacon_get(&key, in, &beacon)) {
		beacon_put(&key, &beacon, &out);
		assert(out.n == in.n);
		/* But for flags of newer programs. */
		if (in.p[FLAGS_AT] == out.p[FLAGS_AT])
			assert(bytes_equal(buf_bytes(&out), in));
		buf_cut(&out, 0);
	} else {
		cost_assert(&limit, 0);
	}
	made = (struct beacon){.asks = fuzz_u8(&input) % 2 > 0,
	    .port = (uint16_t)fuzz_number(&input)};
	fuzz_fill(&input, made.nonce, sizeof(made.nonce));
	fuzz_fill(&input, made.node, sizeof(made.node));
	beacon_put(&key, &made, &out);
	assert(beacon_get(&key, buf_bytes(&out), &beacon) == (made.port > 0));
	if (made.port > 0)
		assert(beacon.asks == made.asks && beacon.port == made.port &&
		       memcmp(beacon.node, made.node, sizeof(made.node)) == 0);
	fuzz_mutate(&input, &out);
	(void)!beacon_get(&key, buf_bytes(&out), &beacon);
	buf_fini(&out);
}
