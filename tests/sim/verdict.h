#ifndef GOLMOK_TESTS_SIM_VERDICT_H
#define GOLMOK_TESTS_SIM_VERDICT_H

#include "tests/sim/sim.h"

/*
 * What stores do with rights, held against tests/sim/court.c: what counts, what
 * lies in the inbox, what is stored and said to whom.
 */

/* Any of these rights lets somebody see that there is something. */
enum { VERDICT_SEES = RIGHT_READ | RIGHT_HOLD | RIGHT_AUDIT | RIGHT_WRITE };

/* `node` knows no facts yet. */
void verdict_begin(struct sim_node *node);
void verdict_fini(struct sim *sim);
/* In an open transaction of `node`, whose writes are settled: brings
 * node->given to the facts that it holds. */
void verdict_refresh(struct sim_node *node);
/* The same, in one that has only just begun. */
void verdict_begun(struct sim_node *node);
/* May `person` see anything of `space`, by what `node` knows or knew before its
 * facts changed last? */
bool verdict_sees(const struct sim_node *node, size_t person, size_t space);
/* From now on it is `node` that takes what is given to a store; NULL: none that
 * is watched. */
void verdict_taker(struct sim_node *node);
/* For tests/sim/wrap.c: some of the log `name` is being taken.  Ends the
 * program when by the facts that are held in this moment its taker may not see
 * it. */
void verdict_takes(const struct log_name *name);
/* Did `node` take something of `space` by verdict_takes, since it was looked at
 * last?  What let it may be gone by the end of its transaction. */
bool verdict_took(const struct sim_node *node, size_t space);
/* The classes that `person` may read there, likewise. */
unsigned verdict_reads(
    const struct sim_node *node, size_t person, size_t space);
/* Does `node` know, and did before, that `person` is to be served nothing? */
bool verdict_shuns(const struct sim_node *node, size_t person);

/* In an open transaction of `node`: are the bodies of all facts that it holds
 * here?  One without its body says nothing yet. */
bool verdict_has_facts(struct sim_node *node);
/* Do they let each other in, by what each knows?  Two stores with the same keys
 * do not talk. */
bool verdict_talk(const struct sim_node *a, const struct sim_node *b);

/* In an open transaction of `node`: every fact and every change counts in the
 * store exactly when it counts by the raw logs. */
void verdict_check(struct sim_node *node);

#endif
