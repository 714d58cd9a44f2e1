#ifndef GOLMOK_TESTS_SIM_DEED_H
#define GOLMOK_TESTS_SIM_DEED_H

#include "tests/sim/sim.h"

/* People of the invented city at work: what a row says becomes a write. */

/* One in `space` in the open write transaction of `node`: mostly the next in
 * the order of time, else one that was said before, or one that comes later.
 * What the pack or its rights refuse says so. */
enum err deed_write(struct sim_node *node, size_t space) MUST_USE;

#endif
