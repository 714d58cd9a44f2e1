#ifndef GOLMOK_CORE_ROW_H
#define GOLMOK_CORE_ROW_H

#include "core/merge.h"

/*
 * The row of a record in TABLE_RECORDS (docs/format.md §12): all of it but the
 * values of those fields that have several, of which it holds the number alone.
 *
 *	u8      1, the version of this layout
 *	u8      bit 0 exists, bit 1 plain, bits 2-3 status, the others 0
 *	text    collection
 *	be64    changed
 *	number  changed - created; only when the collection is not empty
 *	number  sources of the values below, then for each, in their order:
 *	        34 bytes change, number changed - stamp, u8 0 or 1,
 *	        16 bytes actor when that is 1
 *	number  heads, then for each, in their order: number 1 + index of the
 *	        source that it is, or 0 and 34 bytes change
 *	number  fields, then for each, in their order: text name,
 *	        u8 kind + 16 * (1 + class) and number source, number op,
 *	        text value when it has one value,
 *	        u8 kind and number of values when it has several
 *
 * A number is 7 bits a byte, lowest first, 0x80 set on all but the last; a text
 * is a number of bytes and they.
 */

/* Appends the row of `record` to `out`.  Sources that no field with one value
 * stems from are left out. */
void row_encode(const struct record *record, struct buf *out);
/* Reads a row: arrays from `arena`, views into `in`.  False when it is none. */
bool row_decode(
    struct bytes in, struct arena *arena, struct record *record) MUST_USE;

/* Makes record->sources, and the `source` of every loaded value, from `given`:
 * the source of each, in the order of fields and values.  Arrays come from
 * `arena`. */
void row_sources(const struct record_source *given, struct arena *arena,
    struct record *record);

#endif
