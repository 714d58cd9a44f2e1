#ifndef GOLMOK_CORE_OPLOG_ROW_H
#define GOLMOK_CORE_OPLOG_ROW_H

#include "core/oplog.h"

/*
 * The content of the rows of TABLE_DELTAS and TABLE_LOGS as bytes
 * (docs/format.md §12).  Decoders read within bounds and say false for what
 * was never written by the encoders.
 */

/* What stands before the header in a delta's row: flags and its length. */
enum { OPLOG_ROW_HEAD_SIZE = 1 + 4 };

/* Appends the content of a delta's row to `row`: first its header, then its
 * bodies, one call each, by rising (change, class). */
void oplog_row_header(bool opaque, struct bytes header, struct buf *row);
void oplog_row_body(const struct stored_body *body, struct buf *row);
/* Reads the content of a delta's row, all bodies included, into the opaque,
 * header and bodies of `delta`, as views. */
bool oplog_row_delta(struct bytes content, struct stored_delta *delta) MUST_USE;
/* Takes one body off `rest`; false when none (or no whole one) is left. */
bool oplog_row_next(struct bytes *rest, struct stored_body *body) MUST_USE;
/* Is `a` before (-1), at (0) or behind (1) the place of `b` in a row? */
int oplog_row_compare(const struct stored_body *a, const struct stored_body *b);

/* Appends the content of the row of `log` to `row`. */
void oplog_row_from_log(const struct log *log, struct buf *row);
/* Reads it into `log`, whose `space` and `id` are set; `ahead` comes from
 * `arena`.  False: it is none, or of a branch of itself. */
bool oplog_row_log(
    struct bytes content, struct arena *arena, struct log *log) MUST_USE;

#endif
