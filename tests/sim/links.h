#ifndef GOLMOK_TESTS_SIM_LINKS_H
#define GOLMOK_TESTS_SIM_LINKS_H

#include "tests/sim/sim.h"

/* `a` and `b` talk from the hello to the end, while nobody else does anything,
 * if there is a line between them. */
void links_visit(struct sim_node *a, struct sim_node *b);
/* Events of cities with bad lines: meetings from beginning to end, sticks,
 * nights between days, packing, and rights that grow. */
void links_event(struct sim *sim);

#endif
