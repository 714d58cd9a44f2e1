#ifndef GOLMOK_TESTS_SIM_DEPTH_H
#define GOLMOK_TESTS_SIM_DEPTH_H

#include "tests/sim/sim.h"

/* Has everybody of each log as many bodies, in each form, as anybody has from
 * whom they can come to it, hand to hand over those who may have them?  With
 * `must` the first one that has not ends it.  All stores are open, and nobody
 * talks. */
bool depth_agrees(struct sim *sim, bool must);

#endif
