#ifndef GOLMOK_TESTS_SIM_TROUBLE_H
#define GOLMOK_TESTS_SIM_TROUBLE_H

#include "tests/sim/sim.h"

/* Accidents, as far as the seed has them. */

/* A machine: is copied, crashes, is restored, goes back, is cloned. */
void trouble_accident(struct sim *sim);
/* The clock of some node is set. */
void trouble_clock(struct sim *sim);
/* Some nodes do not reach others any more, or all do again. */
void trouble_partition(struct sim *sim);

#endif
