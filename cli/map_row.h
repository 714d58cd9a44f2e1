#ifndef GOLMOK_CLI_MAP_ROW_H
#define GOLMOK_CLI_MAP_ROW_H

#include "cli/load.h"
#include "cli/map.h"
#include "cli/map_units.h"

/* What stands above a cell: in which row something stood there last. */
struct map_above {
	struct buf text; /* owned by who keeps it; empty: nothing so far */
	uint64_t line;
};

/* One row of their table, by the columns of the mapping. */
struct map_cells {
	const struct bytes *cells; /* empty: nothing stands there */
	const struct map_above *above;
};

/* Where references lead, and where what is made of a row is kept. */
struct map_room {
	struct opened *work; /* a transaction is open */
	const struct map *map;
	const struct map_units *units;
	struct arena *arena;
};

/* Makes the records of a row into `rows`, one for each of map->records, from
 * room->arena.  ERR_INVALID and ERR_NOT_FOUND name the column, the field and
 * what was expected. */
enum err map_row_make(const struct map_room *room,
    const struct map_cells *cells, struct load_row *rows) MUST_USE;

#endif
