#ifndef GOLMOK_TESTS_SIM_ACCORD_H
#define GOLMOK_TESTS_SIM_ACCORD_H

#include "tests/sim/sim.h"

/* A session of `a` and `b` ended, and both said that they agree: what both may
 * have is the same in both.  In no transaction of theirs. */
void accord_check(struct sim_node *a, struct sim_node *b);

#endif
