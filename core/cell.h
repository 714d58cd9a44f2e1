#ifndef GOLMOK_CORE_CELL_H
#define GOLMOK_CORE_CELL_H

#include "core/merge.h"
#include "core/tables.h"

/*
 * One value of a field that has several: a row of TABLE_CELLS (docs/format.md
 * §12).
 *
 * key:  space (4), record (16), the first 8 bytes of BLAKE2b-128 of the field's
 *       name, u8 kind, dot (36)
 * row:  u8 class, be64 stamp, u8 0 or 1, 16 bytes actor when that is 1,
 *       be16 length of the field's name, the name, and to the end the value
 */
struct cell {
	struct bytes field; /* its name */
	enum field_kind kind;
	struct dot dot;
	enum delta_class class;
	struct stamp stamp;
	bool has_actor;
	struct actor_id actor;
	struct bytes value;
};

/* The cell of `value` of `field`; views as in `record`. */
struct cell cell_of(const struct record *record,
    const struct record_field *field, const struct record_value *value);
/* The change that `cell` stems from. */
struct record_source cell_source(const struct cell *cell);

/* What the keys of all cells of (`name`, `kind`) begin with: more names may
 * share it. */
void cell_prefix(struct space_no space, const struct record_id *id,
    struct bytes name, enum field_kind kind, struct key *key);
/* The key of the one with `dot`. */
void cell_key(struct space_no space, const struct record_id *id,
    const struct cell *cell, struct key *key);
/* Appends the row of `cell` to `out`. */
void cell_encode(const struct cell *cell, struct buf *out);
/* Reads a cell back from its key and its row's content; views into `content`.
 * False when it is none. */
bool cell_decode(
    struct bytes key, struct bytes content, struct cell *cell) MUST_USE;

#endif
