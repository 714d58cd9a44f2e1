#ifndef GOLMOK_TESTS_BENCH_TAKE_H
#define GOLMOK_TESTS_BENCH_TAKE_H

#include "tests/bench/load.h"

/* Merging what peers sent.  Batches are cut as a session cuts them: up to 1 MiB
 * of one peer's messages in one transaction, peers in turn. */

/* Called in the middle of merging, with a transaction open; may be NULL. */
typedef void take_look_fn(void *arg);

/* Gives to `site` what the centres from `first` on (`n` of them) have; gives
 * the number of deltas. */
uint64_t take_centres(struct site *site, const struct load *load, size_t first,
    size_t n, take_look_fn *look, void *arg);

/* The rows. */
void take_row(bool full);
void take_row_each(void);

#endif
