#ifndef GOLMOK_TESTS_SIM_SPEND_H
#define GOLMOK_TESTS_SIM_SPEND_H

#include "tests/sim/sim.h"

/*
 * Bytes that nodes may send to some peers in a day, counted on the wire: no
 * chunk and no bodies of data are made when they are used up.
 */

/* What `node` may send to `person` in a day; 0: as much as it likes. */
uint64_t spend_budget(const struct sim_node *node, size_t person);
/* `n` bytes leave the side `from` of `wire`. */
void spend_carry(struct sim_wire *wire, unsigned from, size_t n);
/* That side makes a message with data; ends the program when it may not. */
void spend_said(const struct sim_wire *wire, unsigned from);
/* What that side counted was lost with the disk. */
void spend_excuse(const struct sim_wire *wire, unsigned from);
/* The session at `side` ends: what it said before it knew to whom is on
 * nobody's budget. */
void spend_end(struct sim_wire *wire, unsigned side);
/* The process of `node` is gone: what its sessions had not written down is not
 * known to it. */
void spend_crash(struct sim_node *node);
/* Its store became an older one. */
void spend_forget(struct sim_node *node);
/* All lines go down, and another day begins. */
void spend_night(struct sim *sim);

#endif
