#ifndef GOLMOK_TESTS_LIB_SAGA_H
#define GOLMOK_TESTS_LIB_SAGA_H

#include "core/merge.h"

/*
 * Random but repeatable histories of one record, as several writers make them
 * who meet now and then, and the text of a record for comparing two of them.
 */
struct saga_config {
	uint64_t seed;
	size_t writers; /* at most SAGA_WRITERS_MAX */
	size_t changes;
	/* Of a hundred changes, how many ... */
	unsigned settle; /* delete or keep */
	unsigned void_;	 /* do not count */
	unsigned bare;	 /* have lost their bodies */
	unsigned odd;	 /* saw what they should not: stale, foreign, unknown */
};

enum { SAGA_WRITERS_MAX = 5, SAGA_FIELDS = 4 };

/* The next of a row of random numbers below `n`; `*state` is its seed. */
uint64_t saga_random(uint64_t *state, uint64_t n);
/* Puts `n` changes into a random order. */
void saga_shuffle(uint64_t *state, struct merge_change *changes, size_t n);
/* Makes config->changes changes in the order in which they were written, from
 * `arena`. */
struct merge_change *saga_make(
    const struct saga_config *config, struct arena *arena);
/* Appends all that `record` says as text. */
void saga_text(const struct record *record, struct buf *text);

#endif
