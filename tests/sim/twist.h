#ifndef GOLMOK_TESTS_SIM_TWIST_H
#define GOLMOK_TESTS_SIM_TWIST_H

#include "tests/sim/sim.h"

/*
 * Sessions of a member whose program was changed.  Past the handshake they say
 * what a true session would, but now and then something else: what the grammar
 * allows, with other clocks, runs, chunks, bodies and credit; messages of other
 * times and sessions, twice, too late, never; and bytes of no grammar.
 */

/* All that was kept of earlier sessions is forgotten. */
void twist_fini(void);

#endif
