#ifndef GOLMOK_CORE_ROW_READ_H
#define GOLMOK_CORE_ROW_READ_H

#include "core/row.h"

/* Reads a row: arrays from `arena`, views into `in` and, for names and the
 * collection, into `words`.  False when it is none. */
bool row_read_record(struct bytes in, const struct words *words,
    struct arena *arena, struct record *record) MUST_USE;

#endif
