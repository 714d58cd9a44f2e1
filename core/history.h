#ifndef GOLMOK_CORE_HISTORY_H
#define GOLMOK_CORE_HISTORY_H

#include "core/merge.h"
#include "core/oplog.h"

/*
 * Which changes a record has, and what each says: read from the logs, where the
 * truth is.
 */

/* A delta at hand: as it arrives, or as it is stored. */
struct history_delta {
	const struct log *log;
	const struct delta *delta; /* not opaque */
	uint64_t seq;
	uint8_t leaf[8]; /* the first bytes of its leaf hash */
	const struct stored_body *bodies;
	size_t bodies_n;
};

/* Writes down that change `number` of the delta touches its record. */
void history_put(
    struct txn *txn, const struct history_delta *from, size_t number);

/* Change `number` of the delta, its bodies opened as far as their secrets are
 * here, into `change`; arrays and values come from `arena`.  A body that does
 * not open, or says nothing sound, counts as one that is not here: any replica
 * with the same bytes decides the same. */
void history_change(struct txn *txn, const struct history_delta *from,
    size_t number, struct arena *arena, struct merge_change *change);

/* Opens one body: its plain bytes in `arena`.  ERR_MALFORMED, ERR_LIMIT as
 * body_open; ERR_DENIED when it is held blind. */
enum err history_open(struct txn *txn, const struct stored_body *body,
    struct arena *arena, struct bytes *plain) MUST_USE;

/* All changes of the record `id` of `space` that are held, in the order of this
 * store's logs, into an array in `arena`. */
enum err history_load(struct txn *txn, struct space_state *space,
    const struct record_id *id, struct arena *arena,
    struct merge_changes *changes) MUST_USE;

/* Are the `changes` that history_load gave of the record `id` all that are
 * held?  A row of the history that lies under another key is met by nobody, so
 * the changes tell: their parents, and `heads`, the latest changes by the
 * record's row, must be among them, unless they are not held or are no
 * changes of this record.  ERR_CORRUPT, kept in `txn`: one is missing. */
struct history_heads {
	const struct change_ref *p; /* borrowed */
	size_t n;
};
enum err history_whole(struct txn *txn, struct space_state *space,
    const struct record_id *id, struct history_heads heads,
    const struct merge_changes *changes) MUST_USE;

/* For who finds no row of the record `id` of `space`: ERR_OK when it has no
 * history either, else the ERR_CORRUPT of a row that is lost, kept in `txn`. */
enum err history_none(struct txn *txn, struct space_state *space,
    const struct record_id *id) MUST_USE;
/* Sorts `changes`: parents before their children, and where that leaves a
 * choice by stamp, then name.  Scratch memory comes from `arena`. */
void history_sort(struct merge_changes *changes, struct arena *arena);

/* Reads the stored delta `seq` of `log` into `from`, copied into `arena`; an
 * opaque one gives from->delta == NULL. */
enum err history_delta(struct txn *txn, const struct log *log, uint64_t seq,
    struct arena *arena, struct history_delta *from) MUST_USE;

/* history_load keeps the delta that it read last, since neighbouring records
 * often share one.  Whoever changes a stored delta forgets it. */
void history_forget(struct txn *txn);

#endif
