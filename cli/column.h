#ifndef GOLMOK_CLI_COLUMN_H
#define GOLMOK_CLI_COLUMN_H

#include "core/expr.h"

/*
 * Columns of a list, as --fields names them: fields of a collection, what
 * stands behind a reference, or any expression.
 */
struct column {
	const char *key;   /* as it was named; for machines */
	const char *title; /* the label of a field; for people */
	/* A field, or an expression; both: the field is shown where the
	 * expression gives nothing. */
	const struct pack_field *field;
	const struct expr *expr;
	bool is_number; /* bare in JSON */
};

/* Room for columns. */
struct column_list {
	struct column *p; /* borrowed: `max` of them */
	size_t max;
	size_t n;
};
/* Reads the list `text`, with commas between, into the empty `list`; what they
 * point at is from `arena`.  ERR_INVALID names the column and the place in it;
 * ERR_USAGE: there are too many, or one is empty. */
enum err column_read(const struct expr_scope *scope, const char *text,
    struct arena *arena, struct column_list *list) MUST_USE;
/* The column of a field. */
struct column column_of_field(const struct pack_field *field);
/* Makes a reference stand in `column` as the title of what it leads to, where
 * the pack has one: for people. */
void column_titled(
    const struct expr_scope *scope, struct arena *arena, struct column *column);
/* Appends what `column` is of the record of `source`, whose values are loaded,
 * as people read it; nothing for nothing.  `pack` says what time it is there.
 */
enum err column_text(const struct column *column, const struct pack *pack,
    const struct expr_source *source, struct buf *text) MUST_USE;
/* The same as a cell of CSV holds it (cli/show_cell.h). */
enum err column_cell(const struct column *column, const struct pack *pack,
    const struct expr_source *source, struct buf *text) MUST_USE;
/* The end of the part of `text` up to the next comma that stands in no brackets
 * or quotes. */
size_t column_end(struct bytes text);

#endif
