#ifndef GOLMOK_CLI_MAP_H
#define GOLMOK_CLI_MAP_H

#include "core/pack.h"

/*
 * How rows of somebody else's table become records: a mapping file, as
 * docs/importing.md has it.  Never changes after map_parse; all pointers in it
 * live until map_free.
 */
enum {
	MAP_NONE = 0xffff, /* no such column */
	MAP_RECORDS_MAX = 8,
	MAP_KEY_MAX = 8, /* columns of one key, or joined to one value */
	MAP_HEADERS_MAX = 64,
};

struct map_column {
	const char *name;
	/* What the header may call it, as clean_key makes it; the first as it
	 * is for people. */
	const struct bytes *headers;
	size_t headers_n;
	const char *shown;
	bool optional;	/* the header need not have it */
	bool fill_down; /* an empty cell has what stands above it */
};

/* Some columns of a row. */
struct map_columns {
	size_t at[MAP_KEY_MAX];
	size_t n;
};

/* Rows that are none. */
struct map_skip {
	size_t column;
	bool empty;
	const struct bytes *is; /* as clean_key makes them */
	size_t is_n;
};

enum map_clean {
	MAP_CLEAN_NONE,
	MAP_CLEAN_TEXT,
	MAP_CLEAN_PHONE,
	MAP_CLEAN_NUMBER
};

/* What a word of theirs is with us. */
struct map_word {
	struct bytes from; /* as clean_key makes it */
	const char *to;	   /* empty: nothing */
};

struct map_record;

struct map_field {
	const struct pack_field *field;
	/* Where it comes from: one of these. */
	struct map_columns columns;
	const char *constant;
	bool required;			 /* an empty cell is an error */
	bool unit;			 /* the unit of the row */
	const struct map_record *record; /* an earlier record of the row */

	const char *join;	  /* between columns */
	const char *const *split; /* what stands between elements of a set */
	size_t split_n;
	enum map_clean clean;
	const char *const *suffixes; /* that a number may have */
	size_t suffixes_n;
	const struct map_word *words;
	size_t words_n;
	const char *other;    /* for words that are not among them; or NULL */
	const char *fallback; /* for an empty cell; or NULL */
	unsigned dates;
	const struct pack_field
	    *find; /* of the record that is meant; or NULL */
};

struct map_record {
	const struct pack_collection *collection;
	struct map_columns key; /* what makes two rows the same */
	bool key_unit;		/* and the unit of the row */
	size_t at;		/* the column of its day, or MAP_NONE */
	bool given; /* it lies where the command line says, not in the unit */
	struct map_field *fields;
	size_t fields_n;
};

struct map {
	const char *name;
	struct pack_label label;
	const char *source;
	uint64_t header; /* which row it is, from 1 */
	unsigned dates;
	const struct map_column *columns;
	size_t columns_n;
	const struct bytes *ignore; /* headers, as clean_key makes them */
	size_t ignore_n;
	bool ignore_all; /* all that is not in columns */
	const struct map_skip *skips;
	size_t skips_n;
	struct map_columns unit; /* n == 0: rows have none */
	const struct map_record *records;
	size_t records_n;
	const struct pack *pack; /* borrowed */
	struct arena arena;	 /* owned */
};

/* Makes a mapping to `pack` (borrowed, as long as the mapping lives) of the
 * JSON text `json`, into `*map`, ended with map_free.  ERR_INVALID with the
 * place for anything that docs/importing.md does not allow; ERR_VERSION for a
 * newer format; what json_decode says.  `*map` is NULL after an error. */
enum err map_parse(
    const struct pack *pack, struct bytes json, struct map **map) MUST_USE;
/* NULL does nothing. */
void map_free(struct map *map);

#endif
