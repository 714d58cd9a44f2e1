#ifndef GOLMOK_CORE_LOOKUP_KEEP_H
#define GOLMOK_CORE_LOOKUP_KEEP_H

#include "core/lookup_rows.h"

/*
 * The rows of indexes, written with the records that they lead to.
 */

/* For core/record.c: before the rows of a record are written, and after. */
void lookup_keep_leave(const struct turn_place *at, const struct turn *turn);
void lookup_keep_enter(const struct turn_place *at, const struct turn *turn);

/* All rows of `record`, whose values are loaded, each once, into an array in
 * at->arena; returns how many they are. */
size_t lookup_keep_rows(const struct turn_place *at,
    const struct record *record, struct lookup_row **rows);
/* Is `row` in the table, as it is?  A failure is kept in `txn`. */
bool lookup_keep_has_row(struct txn *txn, const struct lookup_row *row);

/* In a writer: when the indexes in the table are not those of txn->lookup,
 * makes them for the next thousand records; `*whole` says whether that is done.
 * A transaction has no room for all of a large store, so the caller commits and
 * comes again.  What is written to records meanwhile is indexed as ever. */
enum err lookup_keep_refresh(struct txn *txn, bool *whole) MUST_USE;
/* For core/rebuild.c, which makes all records again: empties the table, and
 * says that what comes is whole. */
void lookup_keep_reset(struct txn *txn);

#endif
