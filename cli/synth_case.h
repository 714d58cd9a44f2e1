#ifndef GOLMOK_CLI_SYNTH_CASE_H
#define GOLMOK_CLI_SYNTH_CASE_H

#include "cli/synth_plan.h"

/* Writes the cases that were found in the year of `plan`, with their
 * conferences and service plans, up to their end, which may come a year later:
 * plan->rows says which times are kept. */
void synth_case_rows(const struct synth_plan *plan);
/* Writes only that care-crisis households were found. */
void synth_case_crises(const struct synth_plan *plan);
/* Writes the referrals of the year, with the consents that they need. */
void synth_case_referrals(const struct synth_plan *plan);

/* How a case came to be known, by its number. */
enum synth_case_origin {
	SYNTH_FROM_REPORT,
	SYNTH_FROM_SYSTEM,
	SYNTH_FROM_VISIT,
	SYNTH_FROM_SURVEY,
	SYNTH_FROM_COUNTER,
	SYNTH_FROM_OTHERS,
};
/* The number of the `k`-th case of `origin`; it may be beyond those of the
 * year. */
uint32_t synth_case_of(enum synth_case_origin origin, uint32_t k);
/* The id of case `n` of the year, and when it was found. */
struct record_id synth_case_id(
    const struct synth_plan *plan, uint32_t n, int64_t *at);

#endif
