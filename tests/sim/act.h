#ifndef GOLMOK_TESTS_SIM_ACT_H
#define GOLMOK_TESTS_SIM_ACT_H

#include "tests/sim/sim.h"

/* What people do: random writes in one transaction of `node`, also stale ones,
 * given up, cut off, failed. */
void act_write(struct sim_node *node);
/* It makes one record in `space`, if it may, and it is committed. */
void act_create(struct sim_node *node, size_t space);
/* `node` writes where it may only read. */
void act_forge(struct sim_node *node);
/* The text that no state may ever show. */
extern const char act_forged[];

#endif
