#ifndef GOLMOK_CORE_CELLS_H
#define GOLMOK_CORE_CELLS_H

#include "core/turn.h"

/* The next cell of `field` of the record `at`, by rising dot; the first one
 * when `cursor` was made on TABLE_CELLS just now.  False when there is no more.
 * Views in `cell` live until the transaction's next put.  ERR_CORRUPT, kept in
 * the transaction, and false for a row that is none. */
bool cells_next(const struct turn_place *at, const struct record_field *field,
    struct kv_cursor *cursor, struct cell *cell) MUST_USE;

#endif
