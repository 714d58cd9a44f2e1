#ifndef GOLMOK_CORE_PACK_TEXT_H
#define GOLMOK_CORE_PACK_TEXT_H

#include "core/pack.h"
#include "proto/buf.h"

/* Appends to `value` the canonical msgpack of what `text`, from a person or a
 * cell, means for `field`; the forms are in docs/packs.md ("As text").  It is
 * then checked as pack_check_value does.  `value` stays as it was on an error:
 * ERR_INVALID as there. */
enum err pack_text_value(const struct pack_field *field, struct bytes text,
    struct buf *value) MUST_USE;
/* As pack_text_value for a value out of JSON, already canonical msgpack: what
 * JSON has no type for (ref, hash, bytes) is read from text, text is brought
 * into normal form C, all else is taken as it is. */
enum err pack_text_json(const struct pack_field *field, struct bytes json,
    struct buf *value) MUST_USE;
/* The next element in a cell of `field`: of a set they stand with semicolons
 * between, of any other kind the whole cell is one.  `*rest` is the cell at the
 * start and is moved on; false when nothing but spaces is left. */
bool pack_text_next(const struct pack_field *field, struct bytes *rest,
    struct bytes *element) MUST_USE;

#endif
