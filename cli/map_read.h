#ifndef GOLMOK_CLI_MAP_READ_H
#define GOLMOK_CLI_MAP_READ_H

#include "cli/map.h"
#include "core/pack_read.h"

/*
 * A mapping that is being read.  Each function below reads one member of an
 * object of the file, by its key, leaves its result as it was when the member
 * is missing, and says in its ERR_INVALID which one it is.
 */
struct map_reading {
	struct pack_reading parts; /* arena and place */
	struct map *map;
	struct map_record *record; /* that is being read */
};

/* Texts of a list as clean_key makes them, in the arena. */
enum err map_read_keys(struct map_reading *r, struct bytes doc, const char *key,
    const struct bytes **out, size_t *n) MUST_USE;
/* Styles of dates, as bits; two that read one text differently are refused. */
enum err map_read_dates(
    struct map_reading *r, struct bytes doc, unsigned *styles) MUST_USE;
/* The column that a member `key` calls `name`, which must be there. */
enum err map_read_find(const struct map_reading *r, const char *key,
    struct bytes name, size_t *at) MUST_USE;
/* The column that the member `key` names; MAP_NONE when it is not there. */
enum err map_read_column(const struct map_reading *r, struct bytes doc,
    const char *key, size_t *at) MUST_USE;
/* The columns of a list. */
enum err map_read_columns(struct map_reading *r, struct bytes doc,
    const char *key, struct map_columns *columns) MUST_USE;

#endif
