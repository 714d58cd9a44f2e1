#ifndef GOLMOK_TESTS_SIM_LARGE_H
#define GOLMOK_TESTS_SIM_LARGE_H

#include "tests/sim/node.h"

/*
 * A large city: a founder, an aggregator, districts, and centres with a space
 * each; a centre has a line to its district, a district to the aggregator, and
 * that one to the founder.
 */
void large_run(struct sim *sim);
/* What `node` may have of the space of a centre, by the plan. */
struct node_rights large_rights(const struct sim_node *node, size_t space);

/* The city with all its nodes, some not admitted yet. */
void large_make(struct sim *sim);
/* The founder admits `whom` and grants it what the plan says (again), in the
 * open transaction. */
void large_admit(struct sim *sim, const struct sim_node *whom);
size_t large_districts(const struct sim *sim);
/* Stores of a city that is not judged are open only while they do something:
 * opens one, closes all that have no line. */
void large_wake(struct sim_node *node);
void large_rest(struct sim *sim);

/* All lines come up in turn, some of them at once: facts go down, or what was
 * written goes up. */
void large_round(struct sim *sim, bool down);
/* No more trouble: all that is written comes up, and all facts go down, over
 * the lines that there are, in at most four rounds; then everybody has what
 * anybody has that may tell it. */
void large_heal(struct sim *sim);

#endif
