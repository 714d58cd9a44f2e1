#ifndef GOLMOK_TESTS_SIM_LOST_H
#define GOLMOK_TESTS_SIM_LOST_H

#include "tests/sim/sim.h"

/* `node` committed what `promises` say.  Ends the program when it goes on in a
 * log of which it had got back some. */
void lost_look(
    struct sim_node *node, const struct model_promise *promises, size_t n);
/* Where machines go back: one writes, shows it, goes back, gets it back, and
 * writes again: into another log. */
void lost_write(struct sim *sim);

#endif
