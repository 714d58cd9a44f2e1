#ifndef GOLMOK_CLI_SYNTH_LIFE_H
#define GOLMOK_CLI_SYNTH_LIFE_H

#include "cli/synth_plan.h"

/* Dongs that ended, with those that came in their place, up to 2020; and what
 * lies outside the city. */
void synth_life_units(const struct synth_city *city, struct synth_rows *rows);
/* Does a part of `dong` become a dong of its own in `year`?  Its unit in `to`,
 * and the day on which it does. */
bool synth_life_split(const struct synth_city *city,
    const struct synth_dong *dong, int year, struct record_id *to,
    int64_t *day);
/* Where people go who leave the city. */
struct record_id synth_life_outside(const struct synth_city *city);

#endif
