#ifndef GOLMOK_TESTS_SIM_LINKS_H
#define GOLMOK_TESTS_SIM_LINKS_H

#include "tests/sim/sim.h"

/* Events of cities with bad lines: meetings from beginning to end, sticks,
 * nights between days, packing, and rights that grow. */
void links_event(struct sim *sim);

#endif
