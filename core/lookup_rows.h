#ifndef GOLMOK_CORE_LOOKUP_ROWS_H
#define GOLMOK_CORE_LOOKUP_ROWS_H

#include "core/lookup.h"

/*
 * Which rows a record has in TABLE_LOOKUP: a pure function of it and of the
 * pack in force, the same while records change, while indexes are made anew and
 * while fsck looks.
 */

/* One row that belongs in the table. */
struct lookup_row {
	struct key key;
	uint32_t n;
};
/* Rows under way; a zeroed one is empty.  `p` lies in the arena of the place
 * that they are made for. */
struct lookup_rows {
	struct lookup_row *p;
	size_t n;
	size_t room;
};

/* One value as it stands in a record, and all of one field. */
struct lookup_value {
	enum delta_class class;
	struct bytes value;
};
struct lookup_values {
	size_t n;
	const struct lookup_value *p;
};

/* Adds the rows of one value of index->field to `rows`, each once: a value that
 * stands twice has them twice.  `index` is of LOOKUP_FIELD or LOOKUP_TEXT. */
void lookup_rows_value(const struct turn_place *at,
    const struct lookup_index *index, const struct lookup_value *value,
    struct lookup_rows *rows);
/* Adds the rows of the values of all fields of index->compound: one for each
 * way to take one of each, up to the first field that has none.  When that is
 * more than LIMIT_INDEX_ROWS, or some value is not of class N or has no order,
 * one row that is met in every walk. */
void lookup_rows_compound(const struct turn_place *at,
    const struct lookup_index *index, const struct lookup_values *values,
    struct lookup_rows *rows);
/* The loaded values of `field`, in the arena of `at`; NULL: none. */
struct lookup_values lookup_rows_values(
    const struct turn_place *at, const struct record_field *field);
/* Makes `rows` those of `record`, whose values are loaded, in one `index` of
 * its collection, sorted, in place of what it held. */
void lookup_rows_index(const struct turn_place *at,
    const struct lookup_index *index, const struct record *record,
    struct lookup_rows *rows);
/* Adds all rows of `record`, whose values are loaded, but that of open work,
 * sorted. */
void lookup_rows_record(const struct turn_place *at,
    const struct record *record, struct lookup_rows *rows);
/* Sorts `rows` and makes one of those with the same key. */
void lookup_rows_sort(struct lookup_rows *rows);
/* Makes room for one more and returns it, empty. */
struct lookup_row *lookup_rows_add(
    const struct turn_place *at, struct lookup_rows *rows);

#endif
