#ifndef GOLMOK_TESTS_SIM_REPORT_H
#define GOLMOK_TESTS_SIM_REPORT_H

#include "tests/sim/sim.h"

/* What happened, for people and for tests/sim/soak.pl. */

/* A run ended well: its trace, its faults, all that was counted in it. */
void report_run(const struct sim *sim);
/* Adds what was counted to the sums of this process. */
void report_add(const struct sim *sim);
/* One line: the sums, as NAME=NUMBER, those that are 0 among them. */
void report_sums(void);

#endif
