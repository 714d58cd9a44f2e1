#ifndef GOLMOK_TESTS_SIM_PACKS_H
#define GOLMOK_TESTS_SIM_PACKS_H

#include "tests/sim/sim.h"

/*
 * Programs with other versions of the pack, which is compiled in: a store
 * follows the version of whichever program opened it.  Merging must not depend
 * on it, and indexes are made anew.
 */
enum { PACKS_VERSIONS = 3 };
extern const char packs_name[];

/* The next store is made or opened by the program of `node`. */
void packs_use(const struct sim_node *node);

#endif
