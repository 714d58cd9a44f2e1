/*
 * Repeatable numbers for tests: a counter run through a mixing function, so
 * that seeds that lie side by side give unrelated numbers.
 */
#include "tests/lib/prng.h"

uint64_t
prng_u64(struct prng *prng)
{
	uint64_t v;

	/* splitmix64: a step of the golden ratio, two multiply-xorshifts. */
	prng->seed += UINT64_C(0x9e3779b97f4a7c15);
	v = prng->seed;
	v = (v ^ (v >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	v = (v ^ (v >> 27)) * UINT64_C(0x94d049bb133111eb);
	return v ^ (v >> 31);
}

uint64_t
prng_below(struct prng *prng, uint64_t n)
{
	assert(n > 0);
	return prng_u64(prng) % n;
}

void
prng_fill(struct prng *prng, void *p, size_t n)
{
	uint8_t *to = p;

	for (size_t i = 0; i < n; i++)
		to[i] = (uint8_t)prng_u64(prng);
}
