#ifndef GOLMOK_CLI_SHOW_CELL_H
#define GOLMOK_CLI_SHOW_CELL_H

#include "core/merge.h"
#include "core/pack.h"
#include "proto/buf.h"

/* Appends to `text` what `record` (loaded) has in the `field`, as a cell of CSV
 * that import reads (docs/packs.md has values as text): the value in effect
 * where several contradict each other, elements of a set with semicolons
 * between, notes by time in lines of their own; nothing when `content` is NULL.
 * Returns how many values would not be read again as they are: several notes,
 * and elements with a semicolon or spaces around them.  `arena` is for scratch.
 */
size_t show_cell_field(const struct record *record,
    const struct record_field *content, const struct pack_field *field,
    struct arena *arena, struct buf *text);

#endif
