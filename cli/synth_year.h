#ifndef GOLMOK_CLI_SYNTH_YEAR_H
#define GOLMOK_CLI_SYNTH_YEAR_H

#include "cli/synth_plan.h"

/* Writes what the centre itself does in the year: surveys, programmes with
 * their sessions, rounds through the alleys, notices, the car, and the monthly
 * look at who read what. */
void synth_year_rows(const struct synth_plan *plan);
/* Survey entry `n` of the year, and when it was assigned. */
struct record_id synth_year_entry(
    const struct synth_plan *plan, uint32_t n, int64_t *at);

#endif
