#ifndef GOLMOK_TESTS_SIM_PACKS_H
#define GOLMOK_TESTS_SIM_PACKS_H

#include "tests/sim/sim.h"

/*
 * Versions of the pack: programs have one compiled in, and some nodes publish
 * others, which count as long as their grants do.  Merging must not depend on
 * them, and indexes are made anew.
 */
enum { PACKS_VERSIONS = 3 };
extern const char packs_name[];

struct court;
/* `by` publishes a version, or tries to. */
void packs_publish(struct sim_node *by);
/* In an open transaction of `node`: the version in force is the one that
 * follows from the raw facts, by a reckoning of its own. */
void packs_check(struct sim_node *node, const struct court *court);
/* Which one the program of a node has that is made now, or opened anew. */
unsigned packs_draw(struct sim *sim);
/* The collection `card` as JSON. */
struct bytes packs_card(void);
/* The next store is made or opened by the program of `node`. */
void packs_use(const struct sim_node *node);

#endif
