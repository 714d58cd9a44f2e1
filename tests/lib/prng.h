#ifndef GOLMOK_TESTS_LIB_PRNG_H
#define GOLMOK_TESTS_LIB_PRNG_H

#include "proto/base.h"

/* Numbers that look random and are the same for the same seed.  Any value is a
 * good seed; the struct is set by assigning it. */
struct prng {
	uint64_t seed;
};

uint64_t prng_u64(struct prng *prng);
/* A number below `n`, which is not 0. */
uint64_t prng_below(struct prng *prng, uint64_t n);
/* Fills `n` bytes at `p`. */
void prng_fill(struct prng *prng, void *p, size_t n);

#endif
