#ifndef GOLMOK_PROTO_CSV_H
#define GOLMOK_PROTO_CSV_H

#include "proto/buf.h"
#include "proto/err.h"

/*
 * Comma-separated values as RFC 4180 has them, in UTF-8 or in CP949, the code
 * page of Korean Windows.  The reader is a machine: bytes go in in chunks of
 * any size, whole rows come out, and where the chunks were cut changes nothing.
 */
enum csv_encoding {
	CSV_UTF8,
	CSV_CP949,
};

/* One row; everything in it lives until the next call on its reader. */
struct csv_row {
	uint64_t line;		   /* where the row begins, counted from 1 */
	const struct bytes *cells; /* UTF-8, without quotes */
	size_t n;		   /* at least 1, the same in every row */
};

struct csv;

/* The encoding that `sample` has: UTF-8 when it is valid (a last character
 * may be cut off), else CP949.  Give the whole file where it is at hand: a
 * sample in ASCII says nothing about what follows. */
enum csv_encoding csv_detect(struct bytes sample);

/* Are some lines of `file` UTF-8 that cannot well be CP949, and others no
 * UTF-8?  The first of each into `*utf8` and `*other`, counted from 1. */
bool csv_mixed(struct bytes file, uint64_t *utf8, uint64_t *other) MUST_USE;

/* A reader of a file in `encoding`, owned by the caller, ended by csv_free.
 * A byte order mark in front is skipped. */
struct csv *csv_new(enum csv_encoding encoding) MUST_USE;
/* Takes all of `chunk`; nothing of it is borrowed.  Rows are to be fetched with
 * csv_next before more is fed, or what waits grows. */
void csv_feed(struct csv *csv, struct bytes chunk);
/* No more bytes follow: a last row without a line break is complete. */
void csv_end(struct csv *csv);
/* The next whole row into `*row`; `*found` is false when there is none until
 * more is fed.  ERR_MALFORMED with line and column for bytes that are no text
 * of the encoding, NUL, a quote at a wrong place, a carriage return without a
 * line feed outside quotes, a row of another length than the first, a file that
 * ends inside quotes.  ERR_LIMIT beyond LIMIT_TEXT_SIZE bytes in a cell,
 * LIMIT_ROW_SIZE bytes or LIMIT_ROW_CELLS cells in a row.  After an error every
 * call gives that error again. */
enum err csv_next(struct csv *csv, struct csv_row *row, bool *found) MUST_USE;
/* Where the row begins that csv_next gave last, or could not read. */
uint64_t csv_line(const struct csv *csv);
/* NULL does nothing. */
void csv_free(struct csv *csv);

/* Appends `cell` to the row at the end of `out`, which is empty or ends with
 * whole rows before the first cell of each; quotes it where the reader would
 * need that.  An empty cell is written as "" so that a row never begins with
 * nothing. */
void csv_add_cell(struct buf *out, struct bytes cell);
/* Appends `text` to `cell` so that no spreadsheet computes it: what begins with
 * = + - @, a tab or a carriage return, of full width too, gets an apostrophe in
 * front, unless it is a whole number.  So does what begins so behind
 * apostrophes: csv_unguarded gives back every text as it was. */
void csv_guard(struct bytes text, struct buf *cell);
/* `cell` without the apostrophe that csv_guard puts there. */
struct bytes csv_unguarded(struct bytes cell);
/* Appends `text`, UTF-8, in CP949 to `out`.  ERR_INVALID, and `out` as it was,
 * names the first character that CP949 does not have; ERR_IO when this system
 * does not know CP949. */
enum err csv_to_cp949(struct bytes text, struct buf *out) MUST_USE;
/* Ends the row. */
void csv_add_row_end(struct buf *out);

#endif
