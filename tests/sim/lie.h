#ifndef GOLMOK_TESTS_SIM_LIE_H
#define GOLMOK_TESTS_SIM_LIE_H

#include "tests/sim/sim.h"

/* A member whose program was changed: signs what it has no right to, as
 * `node`.  Values that it writes are act_forged. */
void lie_tell(struct sim_node *node);

#endif
