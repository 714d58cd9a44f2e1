#ifndef GOLMOK_TESTS_SIM_HURT_H
#define GOLMOK_TESTS_SIM_HURT_H

#include "tests/sim/sim.h"

/* What a bad line does to the bytes on it. */

/* Flips a bit of `pipe`, which is not empty, or says some of it twice, leaves
 * some out, or exchanges two parts; gives the place of the first byte that is
 * another one now, or of the first that is missing. */
size_t hurt_bytes(struct sim *sim, struct buf *pipe);
/* `n` bytes more have come to `side`: how many of them behind the damage? */
void hurt_count(struct sim_wire *wire, unsigned side, size_t n);

#endif
