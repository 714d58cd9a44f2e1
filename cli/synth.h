#ifndef GOLMOK_CLI_SYNTH_H
#define GOLMOK_CLI_SYNTH_H

#include "cli/synth_city.h"
#include "cli/synth_rows.h"

/*
 * Rows of an invented city, for tests, measurements and demonstrations
 * (docs/synth.md).  A part can be drawn alone, and is then the same as in the
 * whole; nothing is kept between parts.
 */
enum synth_kind {
	SYNTH_PART_CITY,     /* what the whole city knows */
	SYNTH_PART_DISTRICT, /* what a district knows of a year */
	SYNTH_PART_STANDING, /* what a centre has in all years */
	SYNTH_PART_STOCK, /* households and cases of the year before `year`: for
			     a centre whose earlier years are not there */
	SYNTH_PART_YEAR,  /* a year of a centre */
	SYNTH_PART_FIGURES, /* of that year only what the figures of the whole
				city are made of, each row as it ended */
};

struct synth_part {
	enum synth_kind kind;
	const struct synth_dong *dong; /* NULL: of the city, a district */
	size_t district;	       /* from 0 */
	int year;
};

/* Gives `take` the rows of `part`, in the order of time, with `arg`.  None for
 * a dong before it joined.  The error of `take`. */
enum err synth_draw(const struct synth_city *city,
    const struct synth_part *part, synth_take *take, void *arg) MUST_USE;
/* The same for the tenant of its own (cli/synth_tenant.h): of its city or of
 * its centre. */
enum err synth_draw_tenant(const struct synth_city *tenant, bool centre,
    synth_take *take, void *arg) MUST_USE;

#endif
