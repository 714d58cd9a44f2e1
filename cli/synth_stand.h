#ifndef GOLMOK_CLI_SYNTH_STAND_H
#define GOLMOK_CLI_SYNTH_STAND_H

#include "cli/synth_plan.h"

/* Writes what a centre has in all years, as of its first day: staff, zones,
 * honorary officers, car, councils, resources. */
void synth_stand_rows(const struct synth_plan *plan);

#endif
