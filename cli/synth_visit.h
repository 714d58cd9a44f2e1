#ifndef GOLMOK_CLI_SYNTH_VISIT_H
#define GOLMOK_CLI_SYNTH_VISIT_H

#include "cli/synth_plan.h"

/* Writes the visits of the year with what came of them, measurements of health,
 * and the services that were given. */
void synth_visit_rows(const struct synth_plan *plan);
/* Writes those that were made in `month` (from 0), each as it ended. */
void synth_visit_made(const struct synth_plan *plan, unsigned month);
/* Visit `n` of the year, and when it was planned; what becomes of it comes ten
 * minutes later at the earliest. */
struct record_id synth_visit_id(
    const struct synth_plan *plan, uint32_t n, int64_t *at);

#endif
