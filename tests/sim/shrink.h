#ifndef GOLMOK_TESTS_SIM_SHRINK_H
#define GOLMOK_TESTS_SIM_SHRINK_H

#include "tests/sim/plan.h"

/*
 * A small run that fails as a large one does: fewer steps, fewer kinds of
 * trouble, fewer nodes.
 */
/* Runs `plan` in a process of its own; gives the exit status. */
typedef int shrink_fn(const struct plan *plan);

/* Runs `plan` over and over, each time less of it, at most plan->runs times,
 * and prints the line of the smallest run that fails with the same words.
 * Gives the exit status: 0 when `plan` does not fail. */
int shrink_run(const struct plan *plan, shrink_fn *run);

#endif
