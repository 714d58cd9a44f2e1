#ifndef GOLMOK_CORE_CHECK_ROWS_H
#define GOLMOK_CORE_CHECK_ROWS_H

#include "core/check.h"

/*
 * The rows and blocks of one log, gone through in order by a check: what is
 * damaged, missing, twice there, or in no place is told.
 */
struct check_rows;

/* Begins before the first delta that `log` (borrowed, as `check`) has rows of
 * its own for; ended with check_rows_end. */
struct check_rows *check_rows_new(
    struct check *check, const struct log *log) MUST_USE;
/* Reads the delta stored->seq, which rises from call to call; also one whose
 * checksum is wrong, as it lies.  False when there is nothing to be read.  The
 * views live until the next call. */
bool check_rows_read(
    struct check_rows *rows, struct stored_delta *stored) MUST_USE;
/* Tells what lies behind the end of the log, and counts. */
void check_rows_end(struct check_rows *rows);

#endif
