#ifndef GOLMOK_TESTS_SIM_LEAVES_H
#define GOLMOK_TESTS_SIM_LEAVES_H

#include "proto/arena.h"
#include "proto/fact.h"
#include "proto/fact_pack.h"
#include "tests/sim/sim.h"

/*
 * The raw logs of one space as a store holds them, read from leaf 0 to every
 * tip, with nothing derived: what tests/sim/court.c judges by.
 */

/* A delta that is not opaque.  One that several branches share is one. */
struct leaves_delta {
	struct ref ref;
	struct sign_key author;
	struct space space;
	struct delta delta;
	bool has_fact; /* its body is here and says what its kind asks */
	struct fact_member member;
	struct fact_grant grant;
	struct fact_revoke revoke;
	struct fact_pack pack;
	struct fact_rotation rotation; /* of an open that carries one */
	/* What tests/sim/court.c finds. */
	bool counts;
	bool voided;
	unsigned stratum; /* a grant: its own; else its author's */
	bool adopted;
	bool decided; /* by the stratum that speaks about it first */
};

/* A log, or one branch of it. */
struct leaves_log {
	struct log_id trunk;
	struct sign_key author;
	struct space space;
	size_t n;
	struct hash *leaves;	      /* n of them */
	struct leaves_delta **deltas; /* n of them; NULL: opaque */
	uint64_t common; /* leaves that all branches share; n: not forked */
	/* What tests/sim/court.c finds. */
	unsigned rights;
	uint64_t extent;
	bool speaks;
};

struct leaves {
	struct arena arena; /* owned */
	struct leaves_log *logs;
	size_t logs_n;
	struct leaves_delta **deltas; /* sorted by ref */
	size_t n;
};

/* Reads the space `name` in the open transaction of `node`. */
void leaves_read(
    struct sim_node *node, const struct space *name, struct leaves *leaves);
void leaves_fini(struct leaves *leaves);
/* NULL when it is not held, or opaque. */
struct leaves_delta *leaves_find(
    const struct leaves *leaves, const struct ref *ref);
/* How many leaves of `log` the `cut` of it lets stand (docs/format.md §8); with
 * `whole` a log that is shorter than the cut is covered to its end and no
 * further, as a decision covers it. */
uint64_t leaves_cut(const struct leaves *leaves, const struct leaves_log *log,
    const struct log_cut *cut);
/* Does `delta` stand in `log`? */
bool leaves_has(const struct leaves_log *log, const struct leaves_delta *delta);

#endif
