#ifndef GOLMOK_CLI_SYNTH_ACCESS_H
#define GOLMOK_CLI_SYNTH_ACCESS_H

#include "cli/synth_plan.h"

/* Writes who of the staff looked at whom in the year: a part of it, since 22
 * who look 60 times a day would be 330,000 rows.  They are a chain by hashes of
 * their ids. */
void synth_access_rows(const struct synth_plan *plan);

#endif
