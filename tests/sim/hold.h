#ifndef GOLMOK_TESTS_SIM_HOLD_H
#define GOLMOK_TESTS_SIM_HOLD_H

#include "tests/sim/sim.h"

/*
 * What each session holds in memory, counted block by block: what is asked for
 * while it is at work is its own until it is given back, but for what belongs
 * to its store or to the simulator.
 */

/* A seed begins. */
void hold_begin(struct sim *sim);
/* What is asked for until hold_end(before) is no session's. */
unsigned hold_nobody(void);
void hold_end(unsigned before);

#endif
