#ifndef GOLMOK_TESTS_SIM_COURT_H
#define GOLMOK_TESTS_SIM_COURT_H

#include "tests/sim/leaves.h"

/*
 * Who may do what, by docs/format.md §8, worked out a second time: by brute
 * force over the raw logs of one store, without core/authority.c and without
 * anything that it keeps.
 */
enum { COURT_ROOTS_MAX = 16, COURT_STRATA = 4 };

struct court {
	struct leaves central;			/* the space `authority` */
	struct sign_key roots[COURT_ROOTS_MAX]; /* the first one first */
	size_t roots_n;
};

/* What the facts say that `node` holds, in its open transaction. */
void court_read(struct sim_node *node, struct court *court);
void court_fini(struct court *court);
/* Judges the logs and changes of a data space: sets `counts` and `voided` of
 * its deltas. */
void court_judge(const struct court *court, struct leaves *leaves);

/* What `key` may now in each of the `n` spaces, into the zeroed `given`. */
void court_give(const struct court *court, const struct sign_key *key,
    const struct space *spaces, size_t n, struct sim_given *given);
/* Is the counting `grant` taken back? */
bool court_revoked(const struct court *court, const struct leaves_delta *grant);

/* Does the fact `revocation` count: said by who may, of a grant that counts and
 * lies in a deeper stratum? */
bool court_revocation_acts(
    const struct court *court, const struct leaves_delta *revocation);

#endif
