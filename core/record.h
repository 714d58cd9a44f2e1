#ifndef GOLMOK_CORE_RECORD_H
#define GOLMOK_CORE_RECORD_H

#include "core/merge.h"
#include "core/space.h"
#include "core/txn.h"

/*
 * Records as they are kept: one row with everything of which there is one, and
 * a row in TABLE_CELLS for each value of a (field, kind) that has two or more,
 * so that no row grows without bound.  Keeps the state digests of the space and
 * the indexes true with every change.
 */

/* Reads the record `id` of `space`.  Arrays come from `arena`; views live until
 * the transaction's next put.  With `cells` all values are loaded (copied into
 * `arena`), without it fields of several values have values == NULL.  A record
 * that was never seen gives ERR_OK and record->exists false. */
enum err record_get(struct txn *txn, struct space_state *space,
    const struct record_id *id, bool cells, struct arena *arena,
    struct record *record) MUST_USE;

/* Folds one change into the record without looking at its history, when that is
 * certain to give what merge_record would: the record is plain (or new), the
 * change counts, is an edit, and its parents and what it saw are all held
 * (oplog_holds is asked where the row does not tell).  `*done` says whether it
 * was; if not, nothing was changed and the caller gives the whole history to
 * record_replace. */
enum err record_fold(struct txn *txn, struct space_state *space,
    const struct record_id *id, const struct merge_change *change,
    bool *done) MUST_USE;

/* Puts `record`, fully loaded, in the place of what is stored; one that does
 * not exist removes it. */
enum err record_replace(struct txn *txn, struct space_state *space,
    const struct record_id *id, const struct record *record) MUST_USE;

/* Reads on from the record after `*id` (all zero: from the first) in the order
 * of ids; `*found` says whether there is one, `*id` is it.  Arguments as for
 * record_get. */
enum err record_next(struct txn *txn, struct space_state *space,
    struct record_id *id, bool cells, struct arena *arena,
    struct record *record, bool *found) MUST_USE;

/* Removes all records, cells and digests of `space` (for rebuild). */
enum err record_clear(struct txn *txn, struct space_state *space) MUST_USE;

#endif
