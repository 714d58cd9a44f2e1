#ifndef GOLMOK_TESTS_SIM_HURT_H
#define GOLMOK_TESTS_SIM_HURT_H

#include "tests/sim/sim.h"

/* What a bad line does to the bytes on it. */

/* If the wire is to be damaged: flips a bit of what is on its way to `side`, or
 * says some of it twice, leaves some out, or exchanges two parts. */
void hurt_begin(struct sim_wire *wire, unsigned side);
/* `in` comes to `side`: what lies before the damage first, by itself, so that
 * whatever is opened later was changed.  Fails as session_feed. */
enum err hurt_feed(
    struct sim_wire *wire, unsigned side, struct bytes in) MUST_USE;

#endif
