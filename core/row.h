#ifndef GOLMOK_CORE_ROW_H
#define GOLMOK_CORE_ROW_H

#include "core/merge.h"
#include "core/words.h"

/*
 * The row of a record in TABLE_RECORDS (docs/format.md §12): all of it but the
 * values of those fields that have several, of which it holds the number alone.
 *
 *	u8      bit 0 exists, bit 1 plain, bits 2-3 status, bit 4 created is
 *	        changed, bit 5 the one head is the last source, bits 6-7 the
 *	        version of this layout, 2
 *	term    collection
 *	be48    changed: its milliseconds
 *	number  changed: its counter, below 65536
 *	number  changed - created; only when the collection is not empty, and
 *	        without bit 4
 *	number  sources of the values below, then for each, in their order:
 *	        change with bit 0: it has an actor, number changed - stamp,
 *	        term actor when it has one
 *	number  heads, then for each, in their order: number 1 + index of the
 *	        source that it is, or 0 and change; nothing with bit 5
 *	number  fields, then for each, in their order:
 *	        u8      bits 0-4: 0, or 16 + number of the word that is its name
 *	                - that of the field before; bit 5: its operation is 4
 *	                above the one before; bit 6: the value has no length,
 *	                as its first byte tells it; bit 7: kind, class and
 *	                source are those before
 *	        term    name, when bits 0-4 are 0
 *	        without bit 7: u8 kind + 16 * (1 + class), number source when it
 *	        has one value; u8 kind, number of values when it has several
 *	        (all bits above 4 are 0 then, and no more follows)
 *	        without bit 5: number op
 *	        without bit 6: number of bytes of the value
 *	        value
 *
 * A number is 7 bits a byte, lowest first, 0x80 set on all but the last.  A
 * term is the number of a word (core/words.h), or 0, a number of bytes and
 * they.  A change is term log, number seq, 8 bytes leaf, number 2 * change +
 *the bit that was said.  What "before" means at the first field: word 0, kind
 *0, class 0, source 0, operation -4; fields of several values change none of it
 * but the word.
 */

/* The parts of bytes, for core/row.c and core/row_read.c. */
enum {
	ROW_FLAG_EXISTS = 0x01,
	ROW_FLAG_PLAIN = 0x02,
	ROW_STATUS_SHIFT = 2,
	ROW_STATUS_MASK = 0x0c,
	ROW_FLAG_CREATED = 0x10, /* when it was last changed */
	ROW_FLAG_HEAD = 0x20,	 /* the one head is the last source */
	ROW_VERSION = 2,
	ROW_VERSION_SHIFT = 6,
};
enum { ROW_TAG_KIND = 0x0f, ROW_TAG_CLASS_SHIFT = 4 };
/* The first byte of a field. */
enum {
	ROW_FIELD_LIKE = 0x80,	/* kind, class and source as the one before */
	ROW_FIELD_SHORT = 0x40, /* the value's first byte tells its length */
	ROW_FIELD_NEXT = 0x20,	/* its operation is the next of that class */
	ROW_FIELD_NAME = 0x1f, /* 0: its name follows; else ROW_NAME_SAME and by
			      how much its number is above the one before */
	ROW_NAME_SAME = 16,
};
enum { ROW_OP_STEP = 4, ROW_LEAF_SIZE = 8 };
/* Of a stamp, the milliseconds and the counter below them. */
enum { ROW_MS_SIZE = 6, ROW_COUNTER_BITS = 16, ROW_COUNTER_MASK = 0xffff };

/* What a field need not say when it is as with the one before it. */
struct row_before {
	uint32_t word; /* number of its name; 0: none */
	enum field_kind kind;
	enum delta_class class;
	uint32_t source;
	uint16_t op;
};

/* At the first field. */
extern const struct row_before row_before_first;
/* The bytes of a canonical value that begins with `first`, for those kinds of
 * which that alone tells: short integers and texts, truth; 0 for others. */
size_t row_short_size(uint8_t first);

/* Appends the row of `record` to `out`; words it says are added to `words`.
 * Sources that no field with one value stems from are left out. */
void row_encode(
    const struct record *record, struct words *words, struct buf *out);
/* Makes record->sources, and the `source` of every loaded value, from `given`:
 * the source of each, in the order of fields and values.  Arrays come from
 * `arena`. */
void row_sources(const struct record_source *given, struct arena *arena,
    struct record *record);

#endif
