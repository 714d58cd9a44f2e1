#ifndef GOLMOK_TESTS_SIM_SHOWN_H
#define GOLMOK_TESTS_SIM_SHOWN_H

#include "tests/sim/sim.h"

/*
 * Every head that was ever shown to anybody, on a wire or in a bundle: for ever
 * the root of the first leaves of its log.
 */
struct msg_run;

/* `node` shows the head of `run`.  Ends the program when all lines of its log
 * that are so long begin otherwise. */
void shown_head(const struct sim_node *node, const struct msg_run *run);
/* All of them lie on a line of their log that some store has shown. */
void shown_check(struct sim *sim);
/* From each of them a consistency proof leads to what `node` holds of its log.
 * In no transaction of it. */
void shown_prove(struct sim_node *node);
void shown_fini(void);

#endif
