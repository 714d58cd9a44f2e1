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

/* What of a space is read, and where to. */
struct record_read {
	struct space_state *space;
	struct arena *arena; /* borrowed; arrays come from it */
	/* Load all values and copy everything into `arena`.  Without it views
	 * live until the transaction's next put, fields of several values have
	 * values == NULL, and only the sources of loaded values are there. */
	bool cells;
	/* In a reader: copy nothing all the same; values and names are views
	 * that live as long as the transaction. */
	bool borrowed;
	/* A cursor on TABLE_RECORDS from which rows are looked for, which is
	 * faster where one is near the one before it; or NULL.  Borrowed. */
	struct kv_cursor *near;
	/* For record_next, from the first record to the last in one
	 * transaction: how many were met, 0 at first; at the end they must be
	 * all that the space counts (ERR_CORRUPT).  May be NULL.  Borrowed. */
	uint64_t *met;
};

/* Reads the record `id`.  One that was never seen gives ERR_OK, record->exists
 * false and no heads; one of which no change counts yet has heads. ERR_CORRUPT,
 * kept in `txn`, for damaged rows. */
enum err record_get(struct txn *txn, const struct record_read *read,
    const struct record_id *id, struct record *record) MUST_USE;

/* The space in which the record `id` lies, whatever its status; ERR_NOT_FOUND.
 */
enum err record_locate(struct txn *txn, const struct record_id *id,
    struct space_state **space) MUST_USE;

/* Folds one change, which is not part of the record yet, into it without
 * looking at the other changes, when that is certain to give what merge_record
 * would: the record is plain (or new), the change counts, is an edit, its
 * parents are changes of this record that are held (TABLE_HISTORY and
 * oplog_holds are asked where the row does not tell), and all it saw are values
 * that survive.
 * `*done` says whether it was; if not, nothing was changed and the caller gives
 * the whole history to record_replace. */
enum err record_fold(struct txn *txn, struct space_state *space,
    const struct record_id *id, const struct merge_change *change,
    bool *done) MUST_USE;

/* Puts `record`, fully loaded, in the place of what is stored.  One without
 * heads removes it; one that does not exist but has heads leaves a row that
 * only record_get and record_fold see. */
enum err record_replace(struct txn *txn, struct space_state *space,
    const struct record_id *id, const struct record *record) MUST_USE;

/* Reads on from the record after `*id` (all zero: from the first) in the order
 * of ids; `*found` says whether there is one, `*id` is it.  Records that do not
 * exist are passed over.  Arguments as for record_get. */
enum err record_next(struct txn *txn, const struct record_read *read,
    struct record_id *id, struct record *record, bool *found) MUST_USE;

#endif
