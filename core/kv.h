#ifndef GOLMOK_CORE_KV_H
#define GOLMOK_CORE_KV_H

#include "proto/bytes.h"
#include "proto/err.h"

/*
 * All that knows LMDB.  One environment with a fixed set of named tables; one
 * writer; a transaction that is sticky: the first failure is kept, later puts
 * do nothing, and kv_commit then aborts and returns it.  Default sync mode
 * only.  Everything here blocks on the disk.
 */
enum { KV_TABLES_MAX = 32 };

struct kv;     /* an open environment */
struct kv_txn; /* one transaction: the one writer, or a reader */

struct kv_config {
	const char *dir; /* an existing directory; borrowed */
	const char *const
	    *tables;	 /* their names, `n` of them; borrowed for ever */
	size_t tables_n; /* at most KV_TABLES_MAX */
	bool create;	 /* make the tables that are missing */
	/* Made when they are missing, whatever `create` says, as an older
	 * program knew nothing of them: bit i stands for tables[i]. */
	uint32_t late;
	/* Free room of the map that a write transaction starts with at the
	 * least; the map is doubled until it has that.  0: 1 GiB. */
	uint64_t room_bytes;
	/* Every page of a data file of up to so many bytes is looked at before
	 * LMDB believes it: ERR_CORRUPT.  KV_SCRUB_ALL: of any file.  0: none.
	 */
	uint64_t scrub_bytes;
	uint64_t noted; /* as struct env_config has it, or 0 */
};
#define KV_SCRUB_ALL UINT64_MAX

/* Opens the environment in config->dir into `*kv` (NULL on failure), ended with
 * kv_close.  Clears readers that died.  ERR_NOT_FOUND: no directory, or no data
 * file and not `create`.  ERR_CORRUPT: a file that is empty, cut short or not
 * LMDB's, or lacks a table that `create` does not allow to make.  ERR_BUSY:
 * this process has it open already.  ERR_VERSION: another LMDB format.
 * ERR_FULL, ERR_DENIED, ERR_IO: the system said no. */
enum err kv_open(const struct kv_config *config, struct kv **kv) MUST_USE;
/* Ends all; no transaction may be open.  NULL does nothing. */
void kv_close(struct kv *kv);

/* Starts a transaction.  A writer waits until every other writer, in any
 * process, has ended, and makes the map larger before it starts when little is
 * free, for which all transactions of this process must end first; a reader
 * sees one unchanging state.  At most one transaction per thread and
 * environment at a time (asserted), and none may be held across a wait.  After
 * ERR_FULL for the map the next writer finds at least twice the map.  ERR_IO
 * after a failed commit left the environment unusable: close it and open it
 * again.  ERR_BUSY: too many readers. */
enum err kv_begin(struct kv *kv, bool write, struct kv_txn **txn) MUST_USE;
/* Makes all puts durable: when it returns ERR_OK they are committed and synced.
 * Otherwise nothing of the transaction has happened (or, after ERR_IO of a
 * commit cut off by the system, that is not known until the environment is
 * opened again), and the first failure of the transaction is returned: ERR_FULL
 * for a full disk or map, ERR_IO.  A commit that the system cut off, also by a
 * full disk, makes every later kv_begin fail with ERR_IO.  Ends `txn` in every
 * case.  A reader is simply ended. */
enum err kv_commit(struct kv_txn *txn) MUST_USE;
/* Ends `txn` without its puts.  NULL does nothing. */
void kv_abort(struct kv_txn *txn);
/* The kept failure of `txn`; ERR_OK as long as all went well. */
enum err kv_failed(const struct kv_txn *txn) MUST_USE;
/* Keeps `e` (with the thread's text) as the failure of `txn`, unless it has one
 * already. */
void kv_fail(struct kv_txn *txn, enum err e);
/* Forgets the kept failure of the reader `txn` (asserted): for core/check.c,
 * which goes on behind what is damaged. */
void kv_forget(struct kv_txn *txn);
/* The number of the state that `txn` sees (LMDB's transaction id; a writer: the
 * one that it will make). */
uint64_t kv_txn_id(const struct kv_txn *txn);

/* Looks `key` up in table number `table`.  True, and `*value` (a view that
 * lives until the transaction's next put, del or end), when it is there. A
 * failure of LMDB is kept and gives false. */
bool kv_find(struct kv_txn *txn, unsigned table, struct bytes key,
    struct bytes *value) MUST_USE;
/* Stores a copy of `value` under `key` (1 to LIMIT_VIEW_KEY_SIZE bytes, as for
 * all keys here), replacing what was there.  Both may be views of this
 * transaction. */
void kv_put(
    struct kv_txn *txn, unsigned table, struct bytes key, struct bytes value);
/* As kv_put for a key behind all others of the table, which is faster; any
 * other key works as well. */
void kv_append(
    struct kv_txn *txn, unsigned table, struct bytes key, struct bytes value);
/* Removes `key`; that it is not there is no failure. */
void kv_del(struct kv_txn *txn, unsigned table, struct bytes key);
/* Removes everything of `table`. */
void kv_clear(struct kv_txn *txn, unsigned table);
/* How many keys `table` has. */
uint64_t kv_count(struct kv_txn *txn, unsigned table);
/* Rises with each put, del and clear: views taken at another number are gone.
 */
uint64_t kv_changes(const struct kv_txn *txn);

/* A position in a table.  Views that it gives live until the transaction's
 * next put, del or end; a cursor must not be used after a put or del to its
 * table until it is sought again. */
struct kv_cursor {
	struct kv_txn *txn; /* borrowed */
	void *opaque;
	struct bytes key;
	struct bytes value;
};

/* Makes a cursor on `table`, ended with kv_cursor_fini before the transaction
 * ends. */
void kv_cursor_init(
    struct kv_cursor *cursor, struct kv_txn *txn, unsigned table);
void kv_cursor_fini(struct kv_cursor *cursor);
/* Moves to the first key >= `key`; true, and key and value set, when there is
 * one. */
bool kv_seek(struct kv_cursor *cursor, struct bytes key) MUST_USE;
/* Moves to the last key < `key`, or with an empty `key` to the last of all;
 * from where the cursor stands one back when `key` is the view cursor->key. */
bool kv_seek_before(struct kv_cursor *cursor, struct bytes key) MUST_USE;
/* Moves one on from where a successful move left it. */
bool kv_next(struct kv_cursor *cursor) MUST_USE;

/* Looks at every page of the state that the reader `txn` sees, without LMDB:
 * ERR_CORRUPT: one is wrong, and LMDB may end the process on it.  To be asked
 * as soon as `txn` began: ERR_BUSY when others have committed twice since. */
enum err kv_scrub(struct kv_txn *txn) MUST_USE;

/* Writes all that is in `kv` into the new file `path`, durably, without the
 * pages that are free.  No transaction of this thread may be open.  ERR_FULL,
 * ERR_IO, ERR_EXISTS; there is no file then. */
enum err kv_copy(struct kv *kv, const char *path) MUST_USE;

/* The size of the map in this process, the part of the file that was ever
 * used, and the newest committed transaction. */
struct kv_stat {
	uint64_t map_bytes;
	uint64_t used_bytes;
	uint64_t last_txn_id;
};
/* May be asked with a transaction open.  ERR_IO after a failed commit. */
enum err kv_stat(struct kv *kv, struct kv_stat *stat) MUST_USE;

#endif
