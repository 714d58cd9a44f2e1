#ifndef GOLMOK_TESTS_SIM_SWARM_H
#define GOLMOK_TESTS_SIM_SWARM_H

#include "tests/sim/sim.h"

/*
 * Which kinds of trouble a seed has, and how much of each: what never happens
 * together hides less than what always does.
 */
enum swarm_rate { SWARM_NONE, SWARM_SELDOM, SWARM_USUAL, SWARM_OFTEN };

/* All kinds, by name; at most 64, a bit each in plan->without. */
struct swarm_kind {
	const char *name;
	size_t offset;	  /* of its rate in struct sim_swarm */
	unsigned once_in; /* so many seeds have it */
};
extern const struct swarm_kind swarm_kinds[];
extern const size_t swarm_kinds_n;

/* Draws them: from the seed alone, but for those that the plan is without. */
void swarm_draw(const struct plan *plan, struct sim_swarm *swarm);
/* The same for `sim`, and who is hostile. */
void swarm_begin(struct sim *sim);
/* One line: what was drawn. */
void swarm_print(const struct sim *sim);
unsigned *swarm_rate_of(struct sim_swarm *swarm, size_t kind);

/* Of a kind with this rate: now?  Once in `n` times when it is usual, never
 * (and nothing is drawn) when there is none. */
bool swarm_now(struct sim *sim, unsigned rate, uint64_t n);

#endif
