#ifndef GOLMOK_CLI_SYNTH_PINNED_H
#define GOLMOK_CLI_SYNTH_PINNED_H

#include "cli/synth_plan.h"

/* Rows of which published figures say how many there are. */

/* Of one centre in one year: the chief's weeks and the applications of two,
 * three and four people.  Most centres have none. */
void synth_pinned_rows(const struct synth_plan *plan);
/* Of the whole city, for all years: units, who joined when, kinds of services,
 * rooms, the agreement of 2017, the awards of 2018, what was published. */
void synth_pinned_city(const struct synth_city *city, struct synth_rows *rows);
/* Of a district in `year`: its contest. */
void synth_pinned_district(const struct synth_city *city, size_t district,
    int year, struct synth_rows *rows);

#endif
