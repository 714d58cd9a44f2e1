#ifndef GOLMOK_CORE_SHOWN_H
#define GOLMOK_CORE_SHOWN_H

#include "core/merge.h"
#include "core/pack.h"
#include "core/space.h"

/*
 * What a record shows in a register, of the values that may stand there: for
 * all who follow references or read what a record is called.
 */

/* The value of `field` (NULL: none) of `record`, which is loaded, as it is
 * stored; empty when there is none. */
struct bytes shown_value(
    const struct record *record, const struct pack_field *field);
/* The text that it is, a view; empty when it is none. */
struct bytes shown_text(
    const struct record *record, const struct pack_field *field);
/* The id that it is; false when it is none. */
bool shown_ref(const struct record *record, const struct pack_field *field,
    struct record_id *id);
/* The record `id`, in whatever space it lies, with all its values in `arena`;
 * `*held` is false when it is not here.  ERR_CORRUPT. */
enum err shown_record(struct txn *txn, const struct record_id *id,
    struct arena *arena, struct record *record, bool *held) MUST_USE;

#endif
