/*
 * All that knows LMDB.  The rest of core reads and writes tables of bytes
 * through here and never meets a map that is too small, a dead reader, or an
 * environment in an unknown state: maps grow between transactions, dead
 * readers are cleared, and after a failed commit nothing works until it is
 * opened again: nobody knows what is left.  Waits for disk and writers only. */
#define _XOPEN_SOURCE 700
#include "core/kv.h"

#include <pthread.h>

#include "core/env.h"
#include "proto/limits.h"
#include "proto/mem.h"

/* Reader transactions kept for reuse, and rounds of map growth in one begin. */
enum { SPARES_MAX = 8, BEGIN_ROUNDS_MAX = 64 };

#define ROOM_BYTES_DEFAULT (UINT64_C(1) << 30)
#define ROOM_BYTES_MAX (UINT64_C(1) << 44)

struct kv {
	struct env env;
	size_t tables_n;
	MDB_dbi tables[KV_TABLES_MAX];
	uint64_t room_bytes;

	pthread_mutex_t lock; /* for what follows */
	pthread_cond_t changed;
	struct kv_txn *open; /* all open transactions of this process */
	bool remapping;	     /* somebody waits for `open` to be empty */
	bool writing;	     /* one of `open` is the writer */
	uint64_t map_bytes_min;
	struct fault broken; /* why nothing works any more */
	MDB_txn *spares[SPARES_MAX];
	size_t spares_n;
};

struct kv_txn {
	struct kv *kv;
	MDB_txn *txn;
	bool write;
	pthread_t thread;
	struct kv_txn *next; /* in kv->open */
	struct buf value; /* what is being put: it may lie in a moving page */
	uint64_t changes;
	struct fault fault;
};

static enum err txn_admit(struct kv *kv, struct kv_txn *txn) MUST_USE;
static enum err map_change(struct kv *kv, bool adopt) MUST_USE;
static void txn_keep(struct kv_txn *txn, int rc, const char *doing);

enum err
kv_open(const struct kv_config *config, struct kv **result)
{
	struct kv *kv = mem_zeros(1, sizeof(*kv));
	enum err e;

	assert(config->tables_n > 0 && config->tables_n <= KV_TABLES_MAX);
	assert(config->room_bytes <= ROOM_BYTES_MAX);
	kv->tables_n = config->tables_n;
	kv->room_bytes = config->room_bytes > 0 ? config->room_bytes
						: ROOM_BYTES_DEFAULT;
	assert(pthread_mutex_init(&kv->lock, NULL) == 0);
	assert(pthread_cond_init(&kv->changed, NULL) == 0);
	e = env_open(&kv->env, &(struct env_config){.dir = config->dir,
				   .tables_max = KV_TABLES_MAX,
				   .create = config->create,
				   .scrub_bytes = config->scrub_bytes,
				   .noted = config->noted});
	if (e == ERR_OK)
		e = env_tables(&kv->env, config->tables, config->tables_n,
		    config->create ? UINT32_MAX : config->late, kv->tables);
	if (e != ERR_OK) {
		kv_close(kv);
		kv = NULL;
	}
	*result = kv;
	return e;
}

void
kv_close(struct kv *kv)
{
	if (kv == NULL)
		return;
	assert(kv->open == NULL);
	for (size_t i = 0; i < kv->spares_n; i++)
		mdb_txn_abort(kv->spares[i]);
	env_close(&kv->env);
	(void)pthread_cond_destroy(&kv->changed);
	(void)pthread_mutex_destroy(&kv->lock);
	mem_free(kv);
}

static void
lock(struct kv *kv)
{
	assert(pthread_mutex_lock(&kv->lock) == 0);
}

static void
unlock(struct kv *kv)
{
	assert(pthread_mutex_unlock(&kv->lock) == 0);
}

/* From now on every begin fails.  The first reason stays. */
static void
break_for_good(struct kv *kv, enum err e)
{
	lock(kv);
	if (kv->broken.code == ERR_OK)
		err_keep(&kv->broken, e);
	unlock(kv);
}

/* Ends the reader `txn` in a way that makes the next one cheap. */
static void
spare_keep(struct kv *kv, MDB_txn *txn)
{
	mdb_txn_reset(txn);
	lock(kv);
	if (kv->spares_n < SPARES_MAX) {
		kv->spares[kv->spares_n++] = txn;
		txn = NULL;
	}
	unlock(kv);
	mdb_txn_abort(txn);
}

static void
txn_free(struct kv_txn *txn)
{
	buf_fini(&txn->value);
	mem_free(txn);
}

/* ERR_IO when nothing works any more; under the lock. */
static enum err
broken_check(const struct kv *kv)
{
	if (err_raise(&kv->broken) == ERR_OK)
		return ERR_OK;
	return err_wrap(ERR_IO,
	    "%s is out of use since a failure and must be opened again",
	    kv->env.data);
}

static void
txn_leave(struct kv_txn *txn)
{
	struct kv *kv = txn->kv;
	struct kv_txn **at = &kv->open;

	lock(kv);
	while (*at != txn)
		at = &(*at)->next;
	*at = txn->next;
	if (txn->write)
		kv->writing = false;
	if (txn->write || (kv->open == NULL && kv->remapping))
		assert(pthread_cond_broadcast(&kv->changed) == 0);
	unlock(kv);
}

/* Is the map as large as a writer wants it?  How large it should be goes into
 * `*map_bytes`, if that is not NULL.  Nobody may change the map meanwhile. */
static bool
has_room(struct kv *kv, uint64_t *map_bytes)
{
	uint64_t now;
	uint64_t wanted = env_map_wanted(
	    &kv->env, kv->room_bytes, kv->map_bytes_min, &now);

	if (map_bytes != NULL)
		*map_bytes = wanted;
	return wanted == now;
}

/* One LMDB transaction into txn->txn, which is NULL on failure. */
static int
lmdb_begin(struct kv *kv, struct kv_txn *txn)
{
	lock(kv);
	if (!txn->write && kv->spares_n > 0)
		txn->txn = kv->spares[--kv->spares_n];
	unlock(kv);
	if (txn->txn != NULL && mdb_txn_renew(txn->txn) == 0)
		return 0;
	mdb_txn_abort(txn->txn);
	return env_begin(&kv->env, txn->write, &txn->txn);
}

enum err
kv_begin(struct kv *kv, bool write, struct kv_txn **result)
{
	struct kv_txn *txn = mem_new(sizeof(*txn));
	int rc = MDB_MAP_RESIZED;
	enum err e = ERR_OK;

	txn->kv = kv;
	txn->txn = NULL;
	txn->write = write;
	txn->value = (struct buf){0};
	txn->changes = 0;
	txn->fault.code = ERR_OK;
	*result = NULL;
	for (int round = 0; round < BEGIN_ROUNDS_MAX; round++) {
		e = txn_admit(kv, txn);
		if (e != ERR_OK)
			break;
		rc = lmdb_begin(kv, txn);
		/* Asked with the writer's lock held: nobody can take the room
		 * that we see. */
		if (rc == 0 && (!write || has_room(kv, NULL))) {
			*result = txn;
			return ERR_OK;
		}
		if (rc == 0)
			env_abort(&kv->env, txn->txn);
		txn->txn = NULL;
		txn_leave(txn);
		if (rc == 0 || rc == MDB_MAP_RESIZED)
			e = map_change(kv, rc != 0);
		else
			e = env_error(&kv->env, rc, "begin a transaction of");
		if (rc == MDB_PANIC)
			break_for_good(kv, e);
		if (e != ERR_OK)
			break;
	}
	txn_free(txn);
	if (e == ERR_OK)
		e = err_set(ERR_BUSY,
		    "begin a transaction of %s: its size keeps changing",
		    kv->env.data);
	return e;
}

/* Enters `txn` among the open ones, once nobody changes the map. */
static enum err
txn_admit(struct kv *kv, struct kv_txn *txn)
{
	enum err e;

	txn->thread = pthread_self();
	lock(kv);
	/* A second one would wait for the first for ever when the map must
	 * change. */
	for (struct kv_txn *other = kv->open; other != NULL;
	     other = other->next)
		assert(!pthread_equal(other->thread, txn->thread));
	while (kv->remapping || (txn->write && kv->writing))
		assert(pthread_cond_wait(&kv->changed, &kv->lock) == 0);
	e = broken_check(kv);
	if (e == ERR_OK) {
		kv->writing = kv->writing || txn->write;
		txn->next = kv->open;
		kv->open = txn;
	}
	unlock(kv);
	return e;
}

/* Waits until this process has no open transaction, then takes over the size
 * that another process gave the map (`adopt`), or makes it large enough. */
static enum err
map_change(struct kv *kv, bool adopt)
{
	uint64_t map_bytes = 0;
	enum err e;
	int dead_n;
	int rc = 0;

	/* A reader that died keeps old pages from being used again, and the
	 * file would grow for ever. */
	(void)mdb_reader_check(kv->env.lmdb, &dead_n);
	lock(kv);
	while (kv->remapping)
		assert(pthread_cond_wait(&kv->changed, &kv->lock) == 0);
	kv->remapping = true;
	while (kv->open != NULL)
		assert(pthread_cond_wait(&kv->changed, &kv->lock) == 0);
	e = broken_check(kv);
	if (e == ERR_OK && (adopt || !has_room(kv, &map_bytes)))
		rc = mdb_env_set_mapsize(kv->env.lmdb, map_bytes);
	/* LMDB has given up its old map before it asks for the new one. */
	if (rc != 0) {
		e = env_error(&kv->env, rc, "make room in the map of");
		err_keep(&kv->broken, e);
	}
	kv->remapping = false;
	assert(pthread_cond_broadcast(&kv->changed) == 0);
	unlock(kv);
	return e;
}

enum err
kv_commit(struct kv_txn *txn)
{
	struct kv *kv = txn->kv;
	enum err e = txn->fault.code;
	int rc;

	if (!txn->write || e != ERR_OK) {
		e = err_raise(&txn->fault);
		kv_abort(txn);
		return e;
	}
	rc = env_commit(&kv->env, txn->txn);
	if (rc != 0) {
		txn_keep(txn, rc, "commit to");
		e = err_raise(&txn->fault);
		/* A failure of the system, not of ours: what the disk holds is
		 * unknown, and a second sync would say yes to lost pages. */
		if (rc > 0 || rc == MDB_PANIC)
			break_for_good(kv, e);
	}
	txn_leave(txn);
	txn_free(txn);
	return e;
}

void
kv_abort(struct kv_txn *txn)
{
	if (txn == NULL)
		return;
	if (txn->write)
		env_abort(&txn->kv->env, txn->txn);
	else
		spare_keep(txn->kv, txn->txn);
	txn_leave(txn);
	txn_free(txn);
}

enum err
kv_failed(const struct kv_txn *txn)
{
	return err_raise(&txn->fault);
}

void
kv_fail(struct kv_txn *txn, enum err e)
{
	assert(e != ERR_OK);
	if (txn->fault.code == ERR_OK)
		err_keep(&txn->fault, e);
}

void
kv_forget(struct kv_txn *txn)
{
	assert(!txn->write);
	txn->fault.code = ERR_OK;
}

/* Keeps LMDB's failure `rc`, and prepares the cure of a full map. */
static void
txn_keep(struct kv_txn *txn, int rc, const char *doing)
{
	struct kv *kv = txn->kv;
	MDB_envinfo info;
	int dead_n;

	kv_fail(txn, env_error(&kv->env, rc, doing));
	if (rc == MDB_PANIC)
		break_for_good(kv, txn->fault.code);
	if (rc != MDB_MAP_FULL)
		return;
	/* A reader that died keeps old pages from being used again. */
	(void)mdb_reader_check(kv->env.lmdb, &dead_n);
	assert(mdb_env_info(kv->env.lmdb, &info) == 0);
	lock(kv);
	if (kv->map_bytes_min < 2 * (uint64_t)info.me_mapsize)
		kv->map_bytes_min = 2 * (uint64_t)info.me_mapsize;
	unlock(kv);
}

enum err
kv_scrub(struct kv_txn *txn)
{
	assert(!txn->write);
	return env_scrub_state(&txn->kv->env, mdb_txn_id(txn->txn));
}

uint64_t
kv_txn_id(const struct kv_txn *txn)
{
	return mdb_txn_id(txn->txn);
}

bool
kv_find(
    struct kv_txn *txn, unsigned table, struct bytes key, struct bytes *value)
{
	MDB_val k = env_val(key);
	MDB_val found;
	int rc;

	assert(table < txn->kv->tables_n);
	assert(key.n > 0 && key.n <= LIMIT_VIEW_KEY_SIZE);
	if (txn->fault.code != ERR_OK)
		return false;
	rc = mdb_get(txn->txn, txn->kv->tables[table], &k, &found);
	if (rc == 0)
		*value = bytes_of(found.mv_data, found.mv_size);
	else if (rc != MDB_NOTFOUND)
		txn_keep(txn, rc, "read");
	return rc == 0;
}

static void
put(struct kv_txn *txn, unsigned table, const struct bytes row[2],
    unsigned flags)
{
	uint8_t key[LIMIT_VIEW_KEY_SIZE];
	MDB_val k = {.mv_size = row[0].n, .mv_data = key};
	MDB_val v;
	MDB_dbi dbi = txn->kv->tables[table];
	int rc;

	assert(txn->write && table < txn->kv->tables_n);
	assert(row[0].n > 0 && row[0].n <= LIMIT_VIEW_KEY_SIZE);
	if (txn->fault.code != ERR_OK)
		return;
	/* Copies, because views of this transaction lie in pages that LMDB
	 * rearranges before it reads them. */
	bytes_copy(key, row[0]);
	buf_cut(&txn->value, 0);
	buf_add(&txn->value, row[1]);
	v = env_val(buf_bytes(&txn->value));
	txn->changes++;
	rc = mdb_put(txn->txn, dbi, &k, &v, flags);
	if (rc == MDB_KEYEXIST && flags == MDB_APPEND)
		rc = mdb_put(txn->txn, dbi, &k, &v, 0);
	if (rc != 0)
		txn_keep(txn, rc, "write to");
}

void
kv_put(struct kv_txn *txn, unsigned table, struct bytes key, struct bytes value)
{
	put(txn, table, (struct bytes[]){key, value}, 0);
}

void
kv_append(
    struct kv_txn *txn, unsigned table, struct bytes key, struct bytes value)
{
	put(txn, table, (struct bytes[]){key, value}, MDB_APPEND);
}

void
kv_del(struct kv_txn *txn, unsigned table, struct bytes key)
{
	uint8_t copy[LIMIT_VIEW_KEY_SIZE];
	MDB_val k = {.mv_size = key.n, .mv_data = copy};
	int rc;

	assert(txn->write && table < txn->kv->tables_n);
	assert(key.n > 0 && key.n <= LIMIT_VIEW_KEY_SIZE);
	if (txn->fault.code != ERR_OK)
		return;
	bytes_copy(copy, key);
	txn->changes++;
	rc = mdb_del(txn->txn, txn->kv->tables[table], &k, NULL);
	if (rc != 0 && rc != MDB_NOTFOUND)
		txn_keep(txn, rc, "remove from");
}

void
kv_clear(struct kv_txn *txn, unsigned table)
{
	int rc;

	assert(txn->write && table < txn->kv->tables_n);
	if (txn->fault.code != ERR_OK)
		return;
	txn->changes++;
	rc = mdb_drop(txn->txn, txn->kv->tables[table], 0);
	if (rc != 0)
		txn_keep(txn, rc, "clear a table of");
}

uint64_t
kv_count(struct kv_txn *txn, unsigned table)
{
	MDB_stat stat = {.ms_entries = 0};
	int rc = 0;

	assert(table < txn->kv->tables_n);
	if (txn->fault.code == ERR_OK)
		rc = mdb_stat(txn->txn, txn->kv->tables[table], &stat);
	if (rc != 0)
		txn_keep(txn, rc, "count in");
	return stat.ms_entries;
}

uint64_t
kv_changes(const struct kv_txn *txn)
{
	return txn->changes;
}

void
kv_cursor_init(struct kv_cursor *cursor, struct kv_txn *txn, unsigned table)
{
	MDB_cursor *made = NULL;
	int rc;

	assert(table < txn->kv->tables_n);
	*cursor = (struct kv_cursor){.txn = txn};
	if (txn->fault.code != ERR_OK)
		return;
	rc = mdb_cursor_open(txn->txn, txn->kv->tables[table], &made);
	if (rc == 0)
		cursor->opaque = made;
	else
		txn_keep(txn, rc, "read");
}

void
kv_cursor_fini(struct kv_cursor *cursor)
{
	if (cursor->opaque != NULL)
		mdb_cursor_close(cursor->opaque);
	*cursor = (struct kv_cursor){0};
}

static bool
move(struct kv_cursor *cursor, MDB_cursor_op op, struct bytes key)
{
	struct kv_txn *txn = cursor->txn;
	MDB_val k = env_val(key);
	MDB_val v;
	int rc;

	assert(key.n <= LIMIT_VIEW_KEY_SIZE);
	if (cursor->opaque == NULL || txn->fault.code != ERR_OK)
		return false;
	rc = mdb_cursor_get(cursor->opaque, &k, &v, op);
	if (rc == 0) {
		cursor->key = bytes_of(k.mv_data, k.mv_size);
		cursor->value = bytes_of(v.mv_data, v.mv_size);
	} else if (rc != MDB_NOTFOUND) {
		txn_keep(txn, rc, "read");
	}
	return rc == 0;
}

bool
kv_seek(struct kv_cursor *cursor, struct bytes key)
{
	return move(cursor, key.n > 0 ? MDB_SET_RANGE : MDB_FIRST, key);
}

bool
kv_seek_before(struct kv_cursor *cursor, struct bytes key)
{
	if (key.n > 0 &&
	    (key.p == cursor->key.p || move(cursor, MDB_SET_RANGE, key)))
		return move(cursor, MDB_PREV, (struct bytes){0});
	return move(cursor, MDB_LAST, (struct bytes){0});
}

bool
kv_next(struct kv_cursor *cursor)
{
	return move(cursor, MDB_NEXT, (struct bytes){0});
}

enum err
kv_copy(struct kv *kv, const char *path)
{
	return env_copy(&kv->env, path);
}

enum err
kv_stat(struct kv *kv, struct kv_stat *stat)
{
	MDB_envinfo info;
	enum err e;

	/* The lock is held while the map changes, so this may be asked with a
	 * transaction open. */
	lock(kv);
	e = broken_check(kv);
	if (e == ERR_OK) {
		assert(mdb_env_info(kv->env.lmdb, &info) == 0);
		stat->map_bytes = info.me_mapsize;
		stat->used_bytes = (info.me_last_pgno + 1) * kv->env.page_bytes;
		stat->last_txn_id = info.me_last_txnid;
	}
	unlock(kv);
	return e;
}
