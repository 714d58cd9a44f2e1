#ifndef GOLMOK_CLI_MAP_UNITS_H
#define GOLMOK_CLI_MAP_UNITS_H

#include "cli/open.h"

/*
 * Units by what people call them, for rows that name one: by name, alias, code,
 * or one of these behind what the units above are called ("강남구 신사동"),
 * folded as the pack says.
 */
struct map_unit {
	struct record_id id;
	struct bytes prefix; /* of its spaces; empty: nothing says */
	struct bytes shown;  /* "강남구 신사동 (1168051000)" */
	struct bytes name;
	struct bytes code;
	struct record_id parent;
	bool has_parent;
	int64_t from_days; /* it is from the first to the last of these; */
	int64_t to_days;   /* INT64_MIN and INT64_MAX: no bound */
};

struct map_name {
	struct bytes key; /* folded */
	size_t unit;
};

/* All units that a store holds, read once.  A zeroed struct is empty. */
struct map_units {
	struct arena arena; /* owned */
	struct map_unit *units;
	size_t n;
	size_t room;
	struct map_name *names; /* sorted by key, then unit */
	size_t names_n;
	size_t names_room;
};

/* Reads the units of work->pack, which has some, in the open transaction. */
enum err map_units_load(struct opened *work, struct map_units *units) MUST_USE;
void map_units_fini(struct map_units *units);
/* The unit that `text` names.  When it names several, those that were there on
 * `day` (INT64_MIN: unknown) come first.  ERR_NOT_FOUND; ERR_INVALID lists
 * those that it may mean. */
enum err map_units_find(const struct map_units *units,
    const struct pack_fold *fold, struct bytes text, int64_t day,
    const struct map_unit **unit) MUST_USE;

#endif
