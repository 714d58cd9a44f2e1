#ifndef GOLMOK_TESTS_SIM_RULE_H
#define GOLMOK_TESTS_SIM_RULE_H

#include "tests/sim/sim.h"

/* What those do who may: take rights back, decide about what does not count,
 * give a person a new key. */

/* `by` takes some grant back, or tries to. */
void rule_revoke(struct sim_node *by);
/* `by` decides about something that does not count, or changes its mind. */
void rule_decide(struct sim_node *by);
/* `whom` gets a new key and, from `by`, the rights that it had; those of the
 * old key are taken back. */
void rule_rekey(struct sim_node *by, struct sim_node *whom);
/* `by` grants again what the plan says to somebody who had lost it. */
void rule_regrant(struct sim_node *by);

/* The founder puts the next root key in the place of the root key. */
void rule_rotate(struct sim_node *founder);
/* A copy of the founder's machine runs from now on, and both replace the root
 * key twice: the two chains of keys have no more than their first in common. */
void rule_split(struct sim_node *founder);

#endif
