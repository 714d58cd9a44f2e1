#ifndef GOLMOK_CLI_SYNTH_YEAR_H
#define GOLMOK_CLI_SYNTH_YEAR_H

#include "cli/synth_plan.h"

/* Writes what the centre itself does in the year: surveys, programmes with
 * their sessions, rounds through the alleys, households that move, notices, the
 * car, and the monthly look at who read what. */
void synth_year_rows(const struct synth_plan *plan);

#endif
