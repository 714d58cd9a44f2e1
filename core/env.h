#ifndef GOLMOK_CORE_ENV_H
#define GOLMOK_CORE_ENV_H

#include <lmdb.h>

#include "core/baton.h"
#include "core/file.h"

/*
 * The lower half of core/kv.c, for it alone: an LMDB environment that is sound
 * to work with.  This is the one place that includes lmdb.h.
 */
struct env {
	MDB_env *lmdb;		   /* owned */
	char *dir;		   /* owned */
	char *data;		   /* owned: the path of the data file */
	uint64_t page_bytes;	   /* of one page */
	uint64_t noted;		   /* when it was opened; struct env_config */
	struct file_stat identity; /* of `dir` */
	struct baton baton;	   /* who has it may write */
	struct env *next;	   /* all that are open in this process */
};

/* Opens the environment in config->dir into the zeroed `env`, with room for
 * config->tables_max tables; on failure too it is ended with env_close.  Makes
 * the data file if there is none and config->create.  Looks at every page of
 * the newest state (core/pages.h), beside others who read and write, before
 * LMDB believes it, when the file has no more than config->scrub_bytes, and
 * else at those that say which state that is.  Clears dead readers. ERR_BUSY:
 * this process has it open already, which LMDB would not notice. ERR_CORRUPT:
 * not LMDB's file, cut short, or with a page that is wrong. */
struct env_config {
	const char *dir; /* borrowed */
	unsigned tables_max;
	bool create;
	uint64_t scrub_bytes;
	/* The newest commit that is known to be done, or 0 (core/mark.h): a
	 * state that is not there must not be taken for one that never was. */
	uint64_t noted;
};
enum err env_open(struct env *env, const struct env_config *config) MUST_USE;
/* Looks at every page of the state of transaction `txn_id`, which a reader
 * holds.  ERR_CORRUPT: one is wrong.  ERR_BUSY: others have committed twice
 * since it was made. */
enum err env_scrub_state(struct env *env, uint64_t txn_id) MUST_USE;
/* Closes all; every transaction has ended.  A zeroed one is nothing. */
void env_close(struct env *env);
/* Opens the `n` tables called `names` into `tables` for good.  One that is
 * missing is made when its bit of `make` (1 for the first) is set; otherwise it
 * is ERR_CORRUPT. */
enum err env_tables(struct env *env, const char *const *names, size_t n,
    uint32_t make, MDB_dbi *tables) MUST_USE;
/* Starts a transaction into `*txn` (NULL on failure), clearing dead readers
 * when all places of readers are taken.  Returns LMDB's code.  A writer waits
 * for those of other processes, however they end; it is ended by env_commit or
 * env_abort, a reader by LMDB. */
int env_begin(struct env *env, bool write, MDB_txn **txn) MUST_USE;
/* Ends a writer; others may write.  Commit returns LMDB's code. */
int env_commit(struct env *env, MDB_txn *txn) MUST_USE;
void env_abort(struct env *env, MDB_txn *txn);
/* As kv_copy. */
enum err env_copy(struct env *env, const char *path) MUST_USE;
/* How large the map should be to have `room_bytes` behind the last used page
 * and `map_bytes_min` in all: the size `*map_bytes` that it has, doubled as
 * often as it takes. */
uint64_t env_map_wanted(struct env *env, uint64_t room_bytes,
    uint64_t map_bytes_min, uint64_t *map_bytes);
/* `b` as LMDB takes it, borrowed. */
MDB_val env_val(struct bytes b);
/* Records the text for LMDB's failure `rc`, met while `doing` ("read"), and
 * returns its code. */
enum err env_error(const struct env *env, int rc, const char *doing) MUST_USE;

#endif
