#ifndef GOLMOK_TESTS_SIM_AUDIT_H
#define GOLMOK_TESTS_SIM_AUDIT_H

#include "tests/sim/sim.h"

/* What is checked seldom, because it reads everything. */

/* As audit_all for one. */
void audit_node(struct sim_node *node);
/* Every store is sound, nothing forged is shown, and nobody believes of another
 * what that one never had. */
void audit_all(struct sim *sim);
/* Everybody meets everybody, until all that may have something have it: within
 * a bounded number of rounds. */
void audit_converge(struct sim *sim);

#endif
