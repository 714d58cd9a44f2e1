#ifndef GOLMOK_CLI_SYNTH_PRNG_H
#define GOLMOK_CLI_SYNTH_PRNG_H

#include "proto/bytes.h"

/*
 * Numbers of the synthetic city.  A stream begins where its key and its number
 * say, and knows no other, so that any row can be made alone; everything is
 * done in integers, so that all machines draw the same.
 */
struct synth_prng {
	uint64_t state;
};

/* The key of the rows `entity` of the place `code` in `year` (0: of none), for
 * the city `seed`: the first 8 bytes of a BLAKE2b-128. */
uint64_t synth_prng_key(
    uint64_t seed, const char *code, const char *entity, int year);
/* The stream of row `n` of `key`. */
struct synth_prng synth_prng_at(uint64_t key, uint64_t n);
/* The next number of SplitMix64. */
uint64_t synth_prng_next(struct synth_prng *prng);
/* A number below `n`, which is not 0. */
uint32_t synth_prng_below(struct synth_prng *prng, uint32_t n);
/* True in `permille` of 1,000 cases. */
bool synth_prng_chance(struct synth_prng *prng, uint32_t permille);
/* A number below `n`, each as likely as its weight; their sum is not 0. */
size_t synth_prng_pick(
    struct synth_prng *prng, const uint16_t *weights, size_t n);
/* How many things happen that are expected `sixteenths` / 16 times (Poisson):
 * sums of draws by inverse tables. */
uint32_t synth_prng_poisson(struct synth_prng *prng, uint32_t sixteenths);
/* Shares `total` out to `n` parts by `weights` into `shares`: largest
 * remainder, of equals the first.  The weights' sum is below 2^32 and not 0,
 * `total` below 2^31. */
void synth_prng_share(
    uint32_t total, const uint32_t *weights, size_t n, uint32_t *shares);

#endif
