#ifndef GOLMOK_CLI_SYNTH_RESIDENT_H
#define GOLMOK_CLI_SYNTH_RESIDENT_H

#include "cli/synth_plan.h"

/* Writes what residents do and say in the year: reports, volunteers and what
 * they do, alley meetings with what follows, meetings of the council,
 * applications to the contest. */
void synth_resident_rows(const struct synth_plan *plan);
/* The contest of a district in `year`, and a day of it. */
struct record_id synth_resident_contest(
    const struct synth_city *city, size_t district, int year);
/* Application `id` is handed in at `at`, and looked at from `screened_at` on.
 */
void synth_resident_apply(const struct synth_plan *plan,
    const struct record_id *id, int64_t at, int64_t screened_at);
/* Report `n` of the year, and when it came. */
struct record_id synth_resident_report(
    const struct synth_plan *plan, uint32_t n, int64_t *at);

#endif
