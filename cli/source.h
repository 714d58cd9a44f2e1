#ifndef GOLMOK_CLI_SOURCE_H
#define GOLMOK_CLI_SOURCE_H

#include "cli/load.h"
#include "cli/map.h"
#include "cli/map_units.h"

/*
 * The records that a file to be imported means, one after another: as export
 * wrote them, or with a mapping, by which one row may be several.
 */
struct source_plan {
	struct load_plan load;
	const struct map *map;	       /* NULL: rows are records */
	struct opened *work;	       /* of a mapping: where references lead */
	const struct map_units *units; /* of a mapping with units */
};

struct source;

/* Reads the whole file `path` as load_open and rows_open do, into `*source`,
 * ended with source_close in every case.  All that `plan` points at must live
 * as long.  ERR_INVALID, with the line, for a header that the mapping does not
 * expect. */
enum err source_open(const struct source_plan *plan, const char *path,
    struct source **source) MUST_USE;
/* NULL does nothing. */
void source_close(struct source *source);
/* Back to the first row. */
enum err source_rewind(struct source *source) MUST_USE;
/* The next record into `*row`, which lives until the next call; `*found` is
 * false at the end.  Errors are those of a row, as load_next and map_row_make
 * give them: the next call goes on behind it. */
enum err source_next(
    struct source *source, struct load_row *row, bool *found) MUST_USE;
/* Where it stands: its rows, and how many of them the mapping passed over. */
const struct rows *source_rows(const struct source *source);
uint64_t source_skipped(const struct source *source);

#endif
