#ifndef GOLMOK_CLI_CELL_H
#define GOLMOK_CLI_CELL_H

#include "core/expr.h"
#include "core/merge.h"

/*
 * What an expression gives, and what a field holds, as it stands in a cell of
 * CSV (cli/grid.h).
 */

/* Appends `value` as a cell of CSV holds it: as docs/packs.md has values as
 * text, elements of a set with semicolons between, times by the pack's clocks;
 * nothing for nothing. */
void cell_value(
    const struct pack *pack, const struct expr_value *value, struct buf *text);
/* The same of what `record` (loaded) has in the `field`, the value in effect
 * where several contradict each other; `content` may be NULL.  Returns how many
 * values would not be read again as they are: several notes, and elements with
 * a semicolon or spaces around them. */
size_t cell_field(const struct record *record,
    const struct record_field *content, const struct pack_field *field,
    struct arena *arena, struct buf *text);
#endif
