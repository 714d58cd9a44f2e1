#ifndef GOLMOK_TESTS_SIM_LARGE_H
#define GOLMOK_TESTS_SIM_LARGE_H

#include "tests/sim/node.h"

/*
 * A large city: a founder, an aggregator, districts, and centres with a space
 * each; a centre has a line to its district, a district to the aggregator.
 * Nobody lies and no right is taken back, so that the plan says who may have
 * what.
 */
void large_run(struct sim *sim);
/* What `node` may have of the space of a centre. */
struct node_rights large_rights(const struct sim_node *node, size_t space);

#endif
