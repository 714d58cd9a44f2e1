#ifndef GOLMOK_CLI_MAP_UNITS_H
#define GOLMOK_CLI_MAP_UNITS_H

#include "core/units.h"

/*
 * Units by what rows call them: by name, another name, code, or one of these
 * behind what the units above are called ("강남구 신사동"), folded as the pack
 * says.  Every row of an import asks, so all names are put in order once.
 */
struct map_name {
	struct bytes key; /* folded */
	const struct unit *unit;
};

/* A zeroed struct is empty. */
struct map_units {
	struct arena arena; /* owned: of the keys */
	const struct pack_fold *fold;
	struct map_name *names; /* owned; by key, then in the order of units */
	size_t n;
	size_t room;
};

/* Makes the zeroed `names` of `units`, which must live as long; ended with
 * map_units_fini in every case.  ERR_INVALID, ERR_LIMIT as fold_text. */
enum err map_units_make(
    const struct units *units, struct map_units *names) MUST_USE;
/* A zeroed struct is fine. */
void map_units_fini(struct map_units *names);
/* The unit that `text` names.  When it names several and only one of them was
 * there on `day` (counted as in proto/calendar.h; INT64_MIN: unknown), that
 * one.  ERR_NOT_FOUND; ERR_INVALID lists those that it may mean. */
enum err map_units_find(const struct map_units *names, struct bytes text,
    int64_t day, const struct unit **unit) MUST_USE;

#endif
