#ifndef GOLMOK_TESTS_SIM_METER_H
#define GOLMOK_TESTS_SIM_METER_H

#include "tests/sim/sim.h"

/* Nobody shows more deltas as safe elsewhere than are: core/safety.h against
 * the stores of all others.  Does nothing while one of them is down. */
void meter_check(struct sim *sim);

#endif
