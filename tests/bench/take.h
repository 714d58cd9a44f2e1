#ifndef GOLMOK_TESTS_BENCH_TAKE_H
#define GOLMOK_TESTS_BENCH_TAKE_H

#include "tests/bench/load.h"
#include "tests/bench/row.h"

/* Merging what peers sent.  Batches are cut as a session cuts them: up to 1 MiB
 * of one peer's messages in one transaction, peers in turn. */

/* Called in the middle of merging, with a transaction open; may be NULL. */
typedef void take_look_fn(void *arg);

/* Gives to `site` what the centres from `first` on (`n` of them) have; gives
 * the number of deltas. */
uint64_t take_centres(struct site *site, const struct load *load, size_t first,
    size_t n, take_look_fn *look, void *arg);

/* Three that take the same: on tape, played, and timed. */
struct take_trio {
	const struct load *load; /* borrowed */
	struct site taped;
	struct site timed;
	struct tape_env *bare;
};
/* What limit and store spend on a core, without waiting for the disk. */
struct take_spent {
	double limit_s;
	double store_s;
	double deltas;
};
/* One pair of `row`: `n` centres from `at` on; adds to `spent`. */
void take_pair(struct take_trio *trio, size_t at, size_t n, struct row *row,
    struct take_spent *spent);
void take_trio_fini(struct take_trio *trio);
/* Prints what one of the `deltas` on tape costs in calls. */
void take_count_print(double deltas);

/* The rows. */
void take_row(bool full);
void take_row_each(void);

#endif
