#ifndef GOLMOK_CLI_OUT_H
#define GOLMOK_CLI_OUT_H

#include <stdio.h>

#include "proto/buf.h"
#include "proto/err.h"

/*
 * All that a person or a script gets to see.  Results go to standard output:
 * tables and lines for people, or with --json one object a line.  Errors and
 * progress go to standard error.  What others wrote (text in records, names) is
 * made safe for a terminal before it is shown to people.
 */
struct out {
	FILE *to;	       /* borrowed: results */
	struct buf *into;      /* borrowed: they go here instead; NULL: no */
	FILE *errors;	       /* borrowed: errors, progress */
	bool json;	       /* set when --json was given */
	size_t columns;	       /* of the terminal that `to` is; 0: no limit */
	size_t errors_columns; /* as above for `errors`; 0: no terminal */
};

/* How the cells of a column look. */
enum out_kind {
	OUT_TEXT,   /* left; in JSON a string */
	OUT_NUMBER, /* right; the cell is a decimal integer, bare in JSON */
	OUT_BOOL,   /* the cell is "yes" or "no"; true or false in JSON */
};

struct out_column {
	const char *key;   /* its name in JSON */
	const char *title; /* its heading for people */
	enum out_kind kind;
};

/* Lines of cells, kept until all widths are known; with --json each is
 * written at once. */
struct out_table;

/* Finds out what `out` writes to: standard output and error, and how wide they
 * are if they are terminals. */
void out_init(struct out *out, bool json);
/* Makes sure that all results have left the process.  ERR_IO, ERR_FULL when
 * they could not be written: a full disk, or a reader that has gone. */
enum err out_end(struct out *out) MUST_USE;

/* A line of text made from `format`, for people only: nothing with --json.
 * Line ends inside stay; other controls are made harmless. */
void out_say(struct out *out, const char *format, ...) PRINTF(2, 3);
/* Lines of a picture that this program drew, for people only: as they are, with
 * what the terminal needs to colour them. */
void out_picture(struct out *out, struct bytes lines);
/* One line of JSON, which is `json` as it is; nothing without --json. */
void out_json(struct out *out, struct bytes json);
/* Appends `text` to `json` as a JSON string with its quotes; a byte that is not
 * UTF-8 becomes U+FFFD. */
void out_json_text(struct bytes text, struct buf *json);

/* Starts a table of `n` columns (borrowed, 1 to OUT_COLUMNS_MAX) on `out`
 * (borrowed), ended with out_table_end. */
enum { OUT_COLUMNS_MAX = 16 };
struct out_table *out_table_new(
    struct out *out, const struct out_column *columns, size_t n) MUST_USE;
/* Adds a row: one cell for each column, copied.  A cell {NULL, 0} is empty, in
 * JSON null. */
void out_table_row(struct out_table *table, const struct bytes *cells);
/* The same of one text for each column, all of which are given back. */
void out_table_take(struct out_table *table, struct buf *texts);
/* Writes the table and gives it back.  Columns line up for Hangul too; on a
 * terminal too narrow for all, the widest columns of text are narrowed and
 * their cells take as many lines as they need.  A table without rows is only
 * the line `none`; nothing with --json. */
void out_table_end(struct out_table *table, const char *none);

/* The error `code` with the thread's text: "golmok: <text>" on one line, or
 * {"error":{"code":"<name>","text":"<text>"}} with --json; to standard error
 * in both cases, so that results stay clean. */
void out_error(struct out *out, enum err code);
/* Something besides the result that somebody should know: "golmok: note:
 * <text>", or {"note":"<text>"} with --json; to standard error. */
void out_notice(struct out *out, const char *text);

#endif
