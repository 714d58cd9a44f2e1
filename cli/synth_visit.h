#ifndef GOLMOK_CLI_SYNTH_VISIT_H
#define GOLMOK_CLI_SYNTH_VISIT_H

#include "cli/synth_plan.h"

/* Writes the visits of the year with what came of them, measurements of health,
 * and the services that were given. */
void synth_visit_rows(const struct synth_plan *plan);

#endif
