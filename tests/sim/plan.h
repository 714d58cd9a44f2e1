#ifndef GOLMOK_TESTS_SIM_PLAN_H
#define GOLMOK_TESTS_SIM_PLAN_H

#include "proto/buf.h"
#include "tests/lib/prng.h"

/*
 * What a run is asked to be, and the line that asks for the same again.  What
 * a step draws depends on the seed and on its number alone, so that steps can
 * be left out and all others stay what they were.
 */
enum {
	PLAN_STEPS_MAX = 1000 * 1000,
	PLAN_SEEDS_MAX = 1000 * 1000,
	PLAN_RUNS = 400, /* of the shrinker, unless it is told otherwise */
};

/* Who draws.  A node adds its number. */
enum plan_role { DRAW_KINDS, DRAW_EVENTS, DRAW_NODE };

/* Draws that belong to no step. */
#define PLAN_SETUP UINT64_C(0)
#define PLAN_HEAL UINT64_MAX

struct plan {
	uint64_t seed;
	uint64_t seeds; /* so many, one after the other: no part of the line */
	size_t nodes;
	uint64_t steps;
	unsigned rule;	  /* enum wrap_rule: broken on purpose */
	uint64_t without; /* kinds of trouble that are off: a bit for each */
	uint8_t *skips;	  /* owned: 1 for a step that is not taken, from 1 on */
	bool trace;
	bool shrink;
	unsigned runs; /* that the shrinker may make */
};

/* Reads the words of the command line; ends the program when they are not
 * right.  Ended with plan_fini. */
void plan_read(struct plan *plan, int argc, char **argv);
void plan_copy(struct plan *to, const struct plan *from);
void plan_fini(struct plan *plan);
/* The line that replays `plan`, with a line's end and a zero; appended. */
void plan_line(const struct plan *plan, struct buf *line);

/* Is `step` left out? */
bool plan_skips(const struct plan *plan, uint64_t step);
/* Steps that are taken. */
uint64_t plan_taken(const struct plan *plan);
/* Are all stores looked through after `step`?  Never at the end alone, so that
 * a run with fewer steps is looked at when this one was. */
bool plan_audits(const struct plan *plan, uint64_t step);

/* The numbers that `role` draws in `step`. */
struct prng plan_prng(const struct plan *plan, uint64_t step, uint64_t role);

/* Does `plan` have the kind `bit`? */
bool plan_has(const struct plan *plan, unsigned bit);
/* The kind `bit` of plan->without, or NULL behind the last. */
const char *plan_kind(unsigned bit);

#endif
