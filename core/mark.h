#ifndef GOLMOK_CORE_MARK_H
#define GOLMOK_CORE_MARK_H

#include "core/file.h"
#include "core/meta.h"
#include "proto/delta.h"

/*
 * The mark: a small file beside the store that says which data file it belongs
 * to (a random id, device, inode) and which transaction was the last.  It is
 * written after each commit and not synced, so that it can only be older than
 * the store; a store that is older than its mark, or of another id or inode,
 * was restored or copied.
 */
struct mark {
	char *path;	       /* owned: of the mark */
	char *data_path;       /* owned: of LMDB's data file */
	struct file_slot slot; /* owned: open once the store was checked */
	uint8_t id[16];	       /* what the mark says */
	uint64_t device;
	uint64_t inode;
	uint64_t txn_id;
};

/* Names the mark file of the data file `data_path`, both of which are copied;
 * ended with mark_fini. */
void mark_init(struct mark *mark, const char *path, const char *data_path);
void mark_fini(struct mark *mark);

/* Before the data file `data_path` is opened: the newest commit of which the
 * mark `path` says that it was done there.  0: none that can be read, or it is
 * of another file. */
uint64_t mark_noted(const char *path, const char *data_path);
/* Does the store, as `txn` sees it, fit its mark?  `*why` is OPEN_NEW when it
 * does, OPEN_CLONE when the data file is not the one that was marked,
 * OPEN_RESTORE when it is older than its mark, or the mark is missing or
 * damaged. */
enum err mark_check(
    struct mark *mark, struct txn *txn, enum open_why *why) MUST_USE;
/* Adopts the store as it lies: draws a new id and writes it into `txn` and,
 * durably and before `txn` commits, into the mark.  A crash between the two is
 * noticed again as a restore. */
enum err mark_adopt(
    struct mark *mark, struct txn *txn, const struct host *host) MUST_USE;
/* As mark_check, and adopts a store that does not fit its mark. */
enum err mark_settle(struct mark *mark, struct txn *txn,
    const struct host *host, enum open_why *why) MUST_USE;
/* When the store was opened, in the reading `txn`: notes what was committed and
 * not noted, since a process ended between the two, or a commit failed and
 * happened all the same.  Otherwise a store set back to just before it would
 * fit its mark, though others may have seen what it wrote.  A store that does
 * not fit its mark is left to the next writer. */
void mark_catch_up(struct mark *mark, struct txn *txn);
/* Notes that transaction `txn_id` was committed.  Not synced: a mark that is
 * older than its store is fine.  That it cannot be written is passed over, for
 * the write itself is safe. */
void mark_note(struct mark *mark, uint64_t txn_id);
/* As mark_note for the transaction `number` of `kv`, if it left a trace. */
void mark_committed(struct mark *mark, struct kv *kv, uint64_t number);

#endif
