#ifndef GOLMOK_CLI_SYNTH_TENANT_H
#define GOLMOK_CLI_SYNTH_TENANT_H

#include "cli/synth_plan.h"

/*
 * A city of its own beside Seoul: one dong of Uijeongbu in 2020, of which it
 * was published how many officers it has, how many households were surveyed,
 * and how many people came to which sessions.
 */

/* Makes that city; free it with synth_city_free. */
struct synth_city *synth_tenant_new(uint64_t seed) MUST_USE;
/* Writes its units and what was published, for `city/all`. */
void synth_tenant_city(
    const struct synth_city *tenant, struct synth_rows *rows);
/* Writes the centre: what stands there, households, surveys, sessions. */
void synth_tenant_rows(
    const struct synth_city *tenant, struct synth_rows *rows);

#endif
