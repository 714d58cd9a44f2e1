#ifndef GOLMOK_CLI_SYNTH_MOVE_H
#define GOLMOK_CLI_SYNTH_MOVE_H

#include "cli/synth_plan.h"

/* Writes the households that leave the dong in the year: for another one, out
 * of the city, or because a part of the dong becomes one of its own. */
void synth_move_rows(const struct synth_plan *plan);
/* Appends a line of JSON for each to `lines`. */
void synth_move_events(const struct synth_plan *plan, struct buf *lines);

#endif
