#ifndef GOLMOK_CLI_SYNTH_KNOWN_H
#define GOLMOK_CLI_SYNTH_KNOWN_H

#include "cli/synth_plan.h"

/* Writes what the whole city knows: its units and when they joined, kinds of
 * services, a key for comparing (which is no secret), and published values. */
void synth_known_units(const struct synth_city *city, struct synth_rows *rows);
void synth_known_service_types(
    const struct synth_city *city, struct synth_rows *rows);
void synth_known_key(const struct synth_city *city, struct synth_rows *rows);
void synth_known_values(const struct synth_city *city, struct synth_rows *rows);
/* Writes what the published numbers are numbers of. */
void synth_known_metrics(
    const struct synth_city *city, struct synth_rows *rows);

/* A unit as org_unit has it; what is NULL is left out. */
struct synth_unit {
	const char *code;
	const char *level;
	const char *parent; /* its code */
	const char *prefix;
	const char *name;
	const char *name_en;
	const char *official;
	int64_t from_day;
};
void synth_known_unit(const struct synth_city *city,
    const struct synth_unit *unit, struct synth_rows *rows);
/* One published value: `scale` digits of it stand behind the point. */
struct synth_value {
	const char *key;
	const char *period; /* may be NULL */
	const char *unit;   /* the code of one; may be NULL */
	int64_t value;
	int64_t scale;
	const char *source;
};
void synth_known_value(const struct synth_city *city, size_t n,
    const struct synth_value *value, struct synth_rows *rows);

#endif
