#ifndef GOLMOK_CLI_LOAD_H
#define GOLMOK_CLI_LOAD_H

#include "cli/rows.h"
#include "core/pack.h"
#include "core/store.h"

/*
 * Records out of a file of JSON lines or CSV (docs/packs.md), one after
 * another.  A row that cannot be read is an error with its line, and the next
 * call goes on behind it.  Knows no store.
 */
struct load_plan {
	const struct pack *pack;		  /* borrowed, as all */
	const struct pack_collection *collection; /* of CSV, and of rows that
						     name none; may be NULL */
	struct rows_plan rows;
};

/* With what a line of JSON begins that holds no record but a remark. */
#define LOAD_REMARK "{\"remark\":"

/* One value that a row gives. */
struct load_value {
	const struct pack_field *field;
	struct bytes value; /* canonical */
};

struct load_row {
	const struct pack_collection *collection;
	bool derived; /* its id says which thing it is: see plan_write */
	bool has_id;
	struct record_id id;
	bool has_space;
	struct space space;
	struct load_value *values; /* by field; of a set or notes several */
	size_t n;
};

struct load;

/* Reads the whole file `path` ("-": standard input) into `*load`, ended with
 * load_close.  What file_read says; ERR_LIMIT beyond LIMIT_IMPORT_SIZE;
 * ERR_INVALID for a CSV whose header names no field of the collection, or for a
 * collection that is missing. */
enum err load_open(const struct load_plan *plan, const char *path,
    struct load **load) MUST_USE;
/* NULL does nothing. */
void load_close(struct load *load);
/* Back to the first row. */
enum err load_rewind(struct load *load) MUST_USE;
/* The next row into `*row`, which lives until the next call; `*found` is false
 * at the end.  ERR_INVALID, ERR_MALFORMED, ERR_LIMIT for a row that is bad;
 * behind some kinds of bad CSV nothing more can be found. */
enum err load_next(
    struct load *load, struct load_row *row, bool *found) MUST_USE;
/* Where `load` stands; lives as long as that. */
const struct rows *load_rows(const struct load *load);

#endif
