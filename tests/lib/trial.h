#ifndef GOLMOK_TESTS_LIB_TRIAL_H
#define GOLMOK_TESTS_LIB_TRIAL_H

#include "tests/lib/fault.h"
#include "tests/lib/plant.h"

/*
 * Jobs (tests/lib/plant.h) under faults: call 1, 2, 3... of a job fails, once
 * or for good from then on.  Some of the calls are drawn from a seed that is
 * printed; FAULTS=each tries each call in one way, which is drawn, FAULTS=all
 * in all ways.  SEED=n draws the same again, JOB=name does that job alone.
 */
struct trial_kind {
	const int *numbers; /* what calls fail with, as fault_plan.number */
	size_t numbers_n;
	bool seldom; /* some jobs make no such calls */
	/* When all that was asked for failed or went well, and before anything
	 * is looked at; or NULL. */
	void (*then)(struct plant *plant, unsigned run);
	/* Before each run, behind plant_reset; or NULL. */
	void (*before)(struct plant *plant);
};

/* Reads the environment; prints the seed. */
void trial_begin(void);
/* The seed of this run, and whether everything is to be tried. */
uint64_t trial_seed(void);
bool trial_is_all(void);
/* Is `job` to be done? */
bool trial_wants(const struct job *job);
/* Of how many calls each combination of number and duration is tried. */
size_t trial_samples(const struct job *job, size_t calls);
/* For loops of their own: which call fails after call `nth`.  The later ones
 * come less often, by a `part` of their number, unless FAULTS wants each. */
unsigned trial_after(unsigned nth, unsigned part);
/* Does those of the `n` jobs that are wanted. */
void trial_run(const struct trial_kind *kind, const struct job *jobs, size_t n);
/* A teardown of cmocka: says which trial failed, when one did. */
int trial_print(void **state);

#endif
