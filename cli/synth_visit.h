#ifndef GOLMOK_CLI_SYNTH_VISIT_H
#define GOLMOK_CLI_SYNTH_VISIT_H

#include "cli/synth_plan.h"

/* Writes the visits of the year with what came of them, measurements of health,
 * and the services that were given.  `before` is the year before, NULL when the
 * dong was not in the programme then. */
void synth_visit_rows(
    const struct synth_plan *plan, const struct synth_plan *before);

#endif
