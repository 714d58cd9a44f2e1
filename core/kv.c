/*
 * All that knows LMDB.  The rest of core reads and writes tables of bytes
 * through here and never meets a map that is too small, a dead reader, or an
 * environment in an unknown state: maps grow between transactions, dead
 * readers are cleared, and after a failed commit nothing works until the
 * environment is opened again, because what a failed sync left on the disk
 * cannot be known.  Never waits for anything but the disk and other writers.
 */
#define _XOPEN_SOURCE 700
#include "core/kv.h"

#include <errno.h>
#include <fcntl.h>
#include <lmdb.h>
#include <pthread.h>
#include <setjmp.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/file.h"
#include "proto/limits.h"
#include "proto/mem.h"

/* Reader transactions kept for reuse, and rounds of map growth in one begin. */
enum { SPARES_MAX = 8, BEGIN_ROUNDS_MAX = 64 };

#define ROOM_BYTES_DEFAULT (UINT64_C(1) << 30)
#define ROOM_BYTES_MAX (UINT64_C(1) << 44)

struct kv {
	MDB_env *env;
	char *dir;  /* owned */
	char *data; /* owned: the path of the data file */
	size_t tables_n;
	MDB_dbi dbis[KV_TABLES_MAX];
	uint64_t page_bytes;
	uint64_t room_bytes;

	pthread_mutex_t lock; /* for what follows */
	pthread_cond_t changed;
	struct kv_txn *open; /* all open transactions of this process */
	bool remapping;	     /* somebody waits for `open` to be empty */
	uint64_t map_bytes_min;
	struct fault broken; /* why nothing works any more */
	MDB_txn *spares[SPARES_MAX];
	size_t spares_n;

	struct file_stat identity; /* of `dir` */
	struct kv *next;	   /* in `all_open` */
};

struct kv_txn {
	struct kv *kv;
	MDB_txn *txn;
	bool write;
	pthread_t thread;
	struct kv_txn *next; /* in kv->open */
	struct buf value; /* what is being put: it may lie in a moving page */
	struct fault fault;
};

/* LMDB loses its locks when a process opens one environment twice, without a
 * word, so we remember which directories are open. */
static pthread_mutex_t all_lock = PTHREAD_MUTEX_INITIALIZER;
static struct kv *all_open;

/* Where a broken assertion of LMDB leads while a short file is examined. */
static _Thread_local jmp_buf *rescue;

static enum err lmdb_error(
    const struct kv *kv, int rc, const char *doing) MUST_USE;
static enum err registry_add(struct kv *kv) MUST_USE;
static void registry_remove(struct kv *kv);
static enum err env_open(
    struct kv *kv, const struct kv_config *config) MUST_USE;
static void keep_from_children(const struct kv *kv);
static enum err length_check(struct kv *kv) MUST_USE;
static enum err pages_walk(struct kv *kv, uint64_t file_bytes) MUST_USE;
static int table_walk(MDB_txn *txn, MDB_dbi dbi, const uint8_t *end);
static void on_assertion(MDB_env *env, const char *text);
static enum err tables_open(
    struct kv *kv, const struct kv_config *config) MUST_USE;
static int tables_open_in(
    struct kv *kv, const struct kv_config *config, bool create);
static int lmdb_begin(struct kv *kv, struct kv_txn *txn);
static enum err txn_admit(struct kv *kv, struct kv_txn *txn) MUST_USE;
static void txn_leave(struct kv_txn *txn);
static void txn_free(struct kv_txn *txn);
static bool has_room(struct kv *kv, uint64_t *map_bytes);
static enum err map_change(struct kv *kv, bool adopt) MUST_USE;
static void break_for_good(struct kv *kv, enum err e);
static void spare_keep(struct kv *kv, MDB_txn *txn);
static void txn_keep(struct kv_txn *txn, int rc, const char *doing);
static bool move(struct kv_cursor *cursor, MDB_cursor_op op, struct bytes key);
static MDB_val val_of(struct bytes b);

/* Records what LMDB's `rc` means and returns its code. */
static enum err
lmdb_error(const struct kv *kv, int rc, const char *doing)
{
	switch (rc) {
	case MDB_MAP_FULL:
		return err_set(ERR_FULL,
		    "%s %s: the map is full; do it again, with more room",
		    doing, kv->data);
	case MDB_TXN_FULL:
	case MDB_BAD_VALSIZE:
		return err_set(ERR_LIMIT,
		    "%s %s: too much for one transaction or row (%s)", doing,
		    kv->data, mdb_strerror(rc));
	case MDB_READERS_FULL:
		return err_set(ERR_BUSY,
		    "%s %s: too many programs are reading it; end some", doing,
		    kv->data);
	case MDB_VERSION_MISMATCH:
		return err_set(ERR_VERSION,
		    "%s %s: it was written by another version of LMDB", doing,
		    kv->data);
	case MDB_INVALID:
		return err_set(ERR_CORRUPT,
		    "%s %s: it is no LMDB file, or its header is damaged;"
		    " restore it from a backup or a peer",
		    doing, kv->data);
	case MDB_CORRUPTED:
	case MDB_PAGE_NOTFOUND:
	case MDB_INCOMPATIBLE:
	case MDB_NOTFOUND:
		return err_set(ERR_CORRUPT,
		    "%s %s: the file is damaged (%s); restore it from a backup"
		    " or a peer",
		    doing, kv->data, mdb_strerror(rc));
	default:
		break;
	}
	if (rc > 0)
		return file_error(rc, doing, kv->data);
	return err_set(ERR_IO, "%s %s: %s", doing, kv->data, mdb_strerror(rc));
}

enum err
kv_open(const struct kv_config *config, struct kv **result)
{
	struct kv *kv = mem_zeros(1, sizeof(*kv));
	struct buf path = {0};
	enum err e;

	assert(config->tables_n > 0 && config->tables_n <= KV_TABLES_MAX);
	assert(config->room_bytes <= ROOM_BYTES_MAX);
	buf_add_format(&path, "%s/data.mdb", config->dir);
	kv->dir = mem_text(config->dir);
	kv->data = mem_text(buf_text(&path));
	buf_fini(&path);
	kv->tables_n = config->tables_n;
	kv->room_bytes = config->room_bytes;
	if (kv->room_bytes == 0)
		kv->room_bytes = ROOM_BYTES_DEFAULT;
	assert(pthread_mutex_init(&kv->lock, NULL) == 0);
	assert(pthread_cond_init(&kv->changed, NULL) == 0);

	e = registry_add(kv);
	if (e == ERR_OK)
		e = env_open(kv, config);
	if (e == ERR_OK)
		e = length_check(kv);
	if (e == ERR_OK)
		e = tables_open(kv, config);
	if (e != ERR_OK) {
		kv_close(kv);
		kv = NULL;
	}
	*result = kv;
	return e;
}

static enum err
registry_add(struct kv *kv)
{
	bool taken = false;
	enum err e = file_stat(kv->dir, &kv->identity);

	if (e != ERR_OK)
		return e;
	assert(pthread_mutex_lock(&all_lock) == 0);
	for (struct kv *other = all_open; other != NULL; other = other->next)
		if (other->identity.device == kv->identity.device &&
		    other->identity.inode == kv->identity.inode)
			taken = true;
	if (!taken) {
		kv->next = all_open;
		all_open = kv;
	}
	assert(pthread_mutex_unlock(&all_lock) == 0);
	if (taken)
		return err_set(ERR_BUSY,
		    "open %s: this program has it open already", kv->dir);
	return ERR_OK;
}

static void
registry_remove(struct kv *kv)
{
	struct kv **at = &all_open;

	assert(pthread_mutex_lock(&all_lock) == 0);
	while (*at != NULL && *at != kv)
		at = &(*at)->next;
	if (*at != NULL)
		*at = kv->next;
	assert(pthread_mutex_unlock(&all_lock) == 0);
}

static enum err
env_open(struct kv *kv, const struct kv_config *config)
{
	struct file_stat found;
	int dead_n;
	int rc;
	enum err e = file_stat(kv->data, &found);

	if (e != ERR_OK && (e != ERR_NOT_FOUND || !config->create))
		return e;
	/* LMDB would take an empty file for a new one, and a store that lost
	 * everything would look like one that never had anything. */
	if (e == ERR_OK && found.size_bytes == 0)
		return err_set(ERR_CORRUPT,
		    "open %s: the file is empty; restore it from a backup or a"
		    " peer",
		    kv->data);
	rc = mdb_env_create(&kv->env);
	if (rc != 0) {
		kv->env = NULL;
		return lmdb_error(kv, rc, "open");
	}
	rc = mdb_env_set_maxdbs(kv->env, KV_TABLES_MAX);
	if (rc == 0)
		rc = mdb_env_open(kv->env, kv->dir, MDB_NOTLS, 0600);
	if (rc == 0) {
		keep_from_children(kv);
		rc = mdb_reader_check(kv->env, &dead_n);
	}
	if (rc != 0)
		return lmdb_error(kv, rc, "open");
	return e == ERR_NOT_FOUND ? file_sync(kv->dir) : ERR_OK;
}

/* LMDB opens its data file twice without O_CLOEXEC and tells us about one of
 * the two.  Descriptors are given out lowest first, so the other is below the
 * next free one or near the first. */
static void
keep_from_children(const struct kv *kv)
{
	struct stat ours;
	struct stat stat;
	int known;
	int next;

	if (mdb_env_get_fd(kv->env, &known) != 0 || fstat(known, &ours) != 0)
		return;
	next = fcntl(known, F_DUPFD_CLOEXEC, 0);
	if (next >= 0)
		(void)close(next);
	if (next < known + 8)
		next = known + 8;
	for (int fd = 0; fd < next; fd++)
		if (fstat(fd, &stat) == 0 && stat.st_dev == ours.st_dev &&
		    stat.st_ino == ours.st_ino)
			(void)fcntl(fd, F_SETFD, FD_CLOEXEC);
}

/* A file shorter than its pages either was cut off, and reading it would end
 * the process by SIGBUS; or the last commit freed pages at its end before they
 * were ever written, and all is well.  Only a walk can tell the two apart, so
 * we make the file long enough, walk, and take the length back if the walk
 * failed.  The writer's lock keeps everybody else from changing the length. */
static enum err
length_check(struct kv *kv)
{
	struct file_stat found;
	MDB_envinfo info;
	MDB_stat stat;
	MDB_txn *lock;
	uint64_t needed;
	int fd;
	int rc = mdb_env_stat(kv->env, &stat);
	enum err e;

	if (rc == 0)
		rc = mdb_env_get_fd(kv->env, &fd);
	if (rc == 0)
		rc = mdb_env_info(kv->env, &info);
	if (rc != 0)
		return lmdb_error(kv, rc, "open");
	kv->page_bytes = stat.ms_psize;
	e = file_stat(kv->data, &found);
	needed = (info.me_last_pgno + 1) * kv->page_bytes;
	if (e != ERR_OK || found.size_bytes >= needed)
		return e;

	/* Beginning a writer reads nothing but the header. */
	rc = mdb_txn_begin(kv->env, NULL, 0, &lock);
	if (rc == 0)
		rc = mdb_env_info(kv->env, &info);
	if (rc != 0)
		return lmdb_error(kv, rc, "open");
	needed = (info.me_last_pgno + 1) * kv->page_bytes;
	e = file_stat(kv->data, &found);
	if (e == ERR_OK && found.size_bytes < needed) {
		if (ftruncate(fd, (off_t)needed) != 0)
			e = file_error(errno, "make longer", kv->data);
		else
			e = pages_walk(kv, found.size_bytes);
		if (e != ERR_OK && e != ERR_FULL &&
		    ftruncate(fd, (off_t)found.size_bytes) != 0)
			e = err_wrap(e, "and its length stays changed");
	}
	mdb_txn_abort(lock);
	return e;
}

/* Visits everything of all tables; nothing may lie behind `file_bytes`. */
static enum err
pages_walk(struct kv *kv, uint64_t file_bytes)
{
	MDB_txn *txn = NULL;
	MDB_cursor *names = NULL;
	MDB_envinfo info;
	MDB_val name;
	MDB_val value;
	MDB_dbi dbi;
	const uint8_t *end;
	jmp_buf place;
	volatile int rc = mdb_env_info(kv->env, &info);

	if (rc != 0)
		return lmdb_error(kv, rc, "open");
	end = (const uint8_t *)info.me_mapaddr + file_bytes;
	rescue = &place;
	(void)mdb_env_set_assert(kv->env, on_assertion);
	if (setjmp(place) != 0) {
		rc = MDB_CORRUPTED;
		goto out;
	}
	rc = mdb_txn_begin(kv->env, NULL, MDB_RDONLY, &txn);
	/* 0 is the list of free pages, which every writer reads. */
	if (rc == 0)
		rc = table_walk(txn, 0, end);
	if (rc == 0)
		rc = mdb_dbi_open(txn, NULL, 0, &dbi);
	if (rc == 0)
		rc = table_walk(txn, dbi, end);
	if (rc == 0)
		rc = mdb_cursor_open(txn, dbi, &names);
	while (rc == 0 &&
	       (rc = mdb_cursor_get(names, &name, &value, MDB_NEXT)) == 0) {
		char *text = mem_new(name.mv_size + 1);

		bytes_copy(text, bytes_of(name.mv_data, name.mv_size));
		text[name.mv_size] = '\0';
		rc = mdb_dbi_open(txn, text, 0, &dbi);
		mem_free(text);
		if (rc == 0)
			rc = table_walk(txn, dbi, end);
	}
out:
	rescue = NULL;
	(void)mdb_env_set_assert(kv->env, NULL);
	mdb_txn_abort(txn);
	if (rc == MDB_NOTFOUND)
		return ERR_OK;
	return err_wrap(lmdb_error(kv, rc, "open"),
	    "the file is shorter than what was written to it");
}

static int
table_walk(MDB_txn *txn, MDB_dbi dbi, const uint8_t *end)
{
	MDB_cursor *cursor;
	MDB_val key;
	MDB_val value;
	int rc = mdb_cursor_open(txn, dbi, &cursor);

	if (rc != 0)
		return rc;
	while ((rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) == 0) {
		const uint8_t *p = value.mv_data;

		if (value.mv_size > 0 && (size_t)(end - p) < value.mv_size) {
			rc = MDB_CORRUPTED;
			break;
		}
	}
	mdb_cursor_close(cursor);
	return rc == MDB_NOTFOUND ? 0 : rc;
}

static void
on_assertion(MDB_env *env, const char *text)
{
	(void)env;
	(void)text;
	if (rescue != NULL)
		longjmp(*rescue, 1);
}

static enum err
tables_open(struct kv *kv, const struct kv_config *config)
{
	int rc = tables_open_in(kv, config, false);

	/* Only what is new costs a write. */
	if (rc == MDB_NOTFOUND && config->create)
		rc = tables_open_in(kv, config, true);
	if (rc == MDB_NOTFOUND)
		return err_set(
		    ERR_CORRUPT, "open %s: a table is missing", kv->data);
	if (rc != 0)
		return lmdb_error(kv, rc, "open the tables of");
	return ERR_OK;
}

static int
tables_open_in(struct kv *kv, const struct kv_config *config, bool create)
{
	MDB_txn *txn;
	int rc = mdb_txn_begin(kv->env, NULL, create ? 0 : MDB_RDONLY, &txn);

	for (int round = 0; rc == MDB_MAP_RESIZED && round < BEGIN_ROUNDS_MAX;
	     round++) {
		rc = mdb_env_set_mapsize(kv->env, 0);
		if (rc == 0)
			rc = mdb_txn_begin(
			    kv->env, NULL, create ? 0 : MDB_RDONLY, &txn);
	}
	if (rc != 0)
		return rc;
	for (size_t i = 0; i < config->tables_n && rc == 0; i++)
		rc = mdb_dbi_open(txn, config->tables[i],
		    create ? MDB_CREATE : 0, &kv->dbis[i]);
	if (rc == 0)
		return mdb_txn_commit(txn);
	mdb_txn_abort(txn);
	return rc;
}

void
kv_close(struct kv *kv)
{
	if (kv == NULL)
		return;
	assert(kv->open == NULL);
	for (size_t i = 0; i < kv->spares_n; i++)
		mdb_txn_abort(kv->spares[i]);
	if (kv->env != NULL)
		mdb_env_close(kv->env);
	/* Only now may it be opened again. */
	registry_remove(kv);
	(void)pthread_cond_destroy(&kv->changed);
	(void)pthread_mutex_destroy(&kv->lock);
	mem_free(kv->data);
	mem_free(kv->dir);
	mem_free(kv);
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
		mdb_txn_abort(txn->txn);
		txn->txn = NULL;
		txn_leave(txn);
		if (rc != 0 && rc != MDB_MAP_RESIZED) {
			e = lmdb_error(kv, rc, "begin a transaction of");
			if (rc == MDB_PANIC)
				break_for_good(kv, e);
			break;
		}
		e = map_change(kv, rc == MDB_MAP_RESIZED);
		if (e != ERR_OK)
			break;
	}
	txn_free(txn);
	if (e == ERR_OK)
		e = err_set(ERR_BUSY,
		    "begin a transaction of %s: its size"
		    " keeps changing; try again",
		    kv->data);
	return e;
}

/* One LMDB transaction into txn->txn, which is NULL on failure. */
static int
lmdb_begin(struct kv *kv, struct kv_txn *txn)
{
	unsigned flags = txn->write ? 0 : MDB_RDONLY;
	int dead_n;
	int rc;

	if (!txn->write) {
		assert(pthread_mutex_lock(&kv->lock) == 0);
		if (kv->spares_n > 0)
			txn->txn = kv->spares[--kv->spares_n];
		assert(pthread_mutex_unlock(&kv->lock) == 0);
		if (txn->txn != NULL) {
			rc = mdb_txn_renew(txn->txn);
			if (rc == 0)
				return 0;
			mdb_txn_abort(txn->txn);
			txn->txn = NULL;
		}
	}
	rc = mdb_txn_begin(kv->env, NULL, flags, &txn->txn);
	if (rc == MDB_READERS_FULL) {
		rc = mdb_reader_check(kv->env, &dead_n);
		if (rc == 0)
			rc = mdb_txn_begin(kv->env, NULL, flags, &txn->txn);
	}
	if (rc != 0)
		txn->txn = NULL;
	return rc;
}

/* Enters `txn` among the open ones, once nobody changes the map. */
static enum err
txn_admit(struct kv *kv, struct kv_txn *txn)
{
	enum err e = ERR_OK;

	txn->thread = pthread_self();
	assert(pthread_mutex_lock(&kv->lock) == 0);
	/* A second one would wait for the first for ever when the map must
	 * change. */
	for (struct kv_txn *other = kv->open; other != NULL;
	     other = other->next)
		assert(!pthread_equal(other->thread, txn->thread));
	while (kv->remapping)
		assert(pthread_cond_wait(&kv->changed, &kv->lock) == 0);
	if (kv->broken.code != ERR_OK) {
		e = err_raise(&kv->broken);
		e = err_wrap(ERR_IO,
		    "%s is out of use since a failure and"
		    " must be opened again",
		    kv->data);
	} else {
		txn->next = kv->open;
		kv->open = txn;
	}
	assert(pthread_mutex_unlock(&kv->lock) == 0);
	return e;
}

static void
txn_leave(struct kv_txn *txn)
{
	struct kv *kv = txn->kv;
	struct kv_txn **at = &kv->open;

	assert(pthread_mutex_lock(&kv->lock) == 0);
	while (*at != txn)
		at = &(*at)->next;
	*at = txn->next;
	if (kv->open == NULL && kv->remapping)
		assert(pthread_cond_broadcast(&kv->changed) == 0);
	assert(pthread_mutex_unlock(&kv->lock) == 0);
}

static void
txn_free(struct kv_txn *txn)
{
	buf_fini(&txn->value);
	mem_free(txn);
}

/* Is the map as large as a writer wants it?  How large it should be goes into
 * `*map_bytes`, if that is not NULL.  Nobody may change the map meanwhile. */
static bool
has_room(struct kv *kv, uint64_t *map_bytes)
{
	MDB_envinfo info;
	uint64_t used;
	uint64_t wanted;

	assert(mdb_env_info(kv->env, &info) == 0);
	used = (info.me_last_pgno + 1) * kv->page_bytes;
	assert(info.me_mapsize > 0);
	wanted = info.me_mapsize;
	while (wanted < used || wanted - used < kv->room_bytes ||
	       wanted < kv->map_bytes_min)
		wanted *= 2;
	if (map_bytes != NULL)
		*map_bytes = wanted;
	return wanted == info.me_mapsize;
}

/* Waits until this process has no open transaction, then takes over the size
 * that another process gave the map (`adopt`), or makes it large enough. */
static enum err
map_change(struct kv *kv, bool adopt)
{
	uint64_t map_bytes = 0;
	enum err e = ERR_OK;
	int rc = 0;

	assert(pthread_mutex_lock(&kv->lock) == 0);
	while (kv->remapping)
		assert(pthread_cond_wait(&kv->changed, &kv->lock) == 0);
	kv->remapping = true;
	while (kv->open != NULL)
		assert(pthread_cond_wait(&kv->changed, &kv->lock) == 0);
	if (kv->broken.code != ERR_OK) {
		e = err_raise(&kv->broken);
		e = err_wrap(ERR_IO, "make more room");
	} else if (adopt || !has_room(kv, &map_bytes)) {
		rc = mdb_env_set_mapsize(kv->env, map_bytes);
	}
	/* LMDB has given up its old map before it asks for the new one. */
	if (rc != 0) {
		e = lmdb_error(kv, rc, "make room in the map of");
		err_keep(&kv->broken, e);
	}
	kv->remapping = false;
	assert(pthread_cond_broadcast(&kv->changed) == 0);
	assert(pthread_mutex_unlock(&kv->lock) == 0);
	return e;
}

/* From now on every begin fails.  The first reason stays. */
static void
break_for_good(struct kv *kv, enum err e)
{
	assert(pthread_mutex_lock(&kv->lock) == 0);
	if (kv->broken.code == ERR_OK)
		err_keep(&kv->broken, e);
	assert(pthread_mutex_unlock(&kv->lock) == 0);
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
	rc = mdb_txn_commit(txn->txn);
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
		mdb_txn_abort(txn->txn);
	else
		spare_keep(txn->kv, txn->txn);
	txn_leave(txn);
	txn_free(txn);
}

/* Ends the reader `txn` in a way that makes the next one cheap. */
static void
spare_keep(struct kv *kv, MDB_txn *txn)
{
	mdb_txn_reset(txn);
	assert(pthread_mutex_lock(&kv->lock) == 0);
	if (kv->spares_n < SPARES_MAX) {
		kv->spares[kv->spares_n++] = txn;
		txn = NULL;
	}
	assert(pthread_mutex_unlock(&kv->lock) == 0);
	mdb_txn_abort(txn);
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

/* Keeps LMDB's failure `rc`, and prepares the cure of a full map. */
static void
txn_keep(struct kv_txn *txn, int rc, const char *doing)
{
	struct kv *kv = txn->kv;
	MDB_envinfo info;
	int dead_n;

	kv_fail(txn, lmdb_error(kv, rc, doing));
	if (rc == MDB_PANIC)
		break_for_good(kv, txn->fault.code);
	if (rc != MDB_MAP_FULL)
		return;
	/* A reader that died keeps old pages from being used again. */
	(void)mdb_reader_check(kv->env, &dead_n);
	assert(mdb_env_info(kv->env, &info) == 0);
	assert(pthread_mutex_lock(&kv->lock) == 0);
	if (kv->map_bytes_min < 2 * (uint64_t)info.me_mapsize)
		kv->map_bytes_min = 2 * (uint64_t)info.me_mapsize;
	assert(pthread_mutex_unlock(&kv->lock) == 0);
}

uint64_t
kv_txn_id(const struct kv_txn *txn)
{
	return mdb_txn_id(txn->txn);
}

static MDB_val
val_of(struct bytes b)
{
	static char nothing[1];
	union {
		const uint8_t *in;
		void *out;
	} p = {.in = b.p};

	/* LMDB does not write through it; it only lacks the const. */
	return (MDB_val){.mv_size = b.n, .mv_data = b.n > 0 ? p.out : nothing};
}

bool
kv_find(
    struct kv_txn *txn, unsigned table, struct bytes key, struct bytes *value)
{
	MDB_val k = val_of(key);
	MDB_val found;
	int rc;

	assert(table < txn->kv->tables_n);
	assert(key.n > 0 && key.n <= LIMIT_KEY_SIZE);
	if (txn->fault.code != ERR_OK)
		return false;
	rc = mdb_get(txn->txn, txn->kv->dbis[table], &k, &found);
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
	uint8_t key[LIMIT_KEY_SIZE];
	MDB_dbi dbi = txn->kv->dbis[table];
	MDB_val k = {.mv_size = row[0].n, .mv_data = key};
	MDB_val v;
	int rc;

	assert(txn->write && table < txn->kv->tables_n);
	assert(row[0].n > 0 && row[0].n <= LIMIT_KEY_SIZE);
	if (txn->fault.code != ERR_OK)
		return;
	/* Copies, because views of this transaction lie in pages that LMDB
	 * rearranges before it reads them. */
	bytes_copy(key, row[0]);
	buf_cut(&txn->value, 0);
	buf_add(&txn->value, row[1]);
	v = val_of(buf_bytes(&txn->value));
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
	uint8_t copy[LIMIT_KEY_SIZE];
	MDB_val k = {.mv_size = key.n, .mv_data = copy};
	int rc;

	assert(txn->write && table < txn->kv->tables_n);
	assert(key.n > 0 && key.n <= LIMIT_KEY_SIZE);
	if (txn->fault.code != ERR_OK)
		return;
	bytes_copy(copy, key);
	rc = mdb_del(txn->txn, txn->kv->dbis[table], &k, NULL);
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
	rc = mdb_drop(txn->txn, txn->kv->dbis[table], 0);
	if (rc != 0)
		txn_keep(txn, rc, "clear a table of");
}

uint64_t
kv_count(struct kv_txn *txn, unsigned table)
{
	MDB_stat stat;
	int rc;

	assert(table < txn->kv->tables_n);
	if (txn->fault.code != ERR_OK)
		return 0;
	rc = mdb_stat(txn->txn, txn->kv->dbis[table], &stat);
	if (rc == 0)
		return stat.ms_entries;
	txn_keep(txn, rc, "count in");
	return 0;
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
	rc = mdb_cursor_open(txn->txn, txn->kv->dbis[table], &made);
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
	MDB_val k = val_of(key);
	MDB_val v;
	int rc;

	assert(key.n <= LIMIT_KEY_SIZE);
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
	struct bytes none = {0};

	if (key.n > 0 && move(cursor, MDB_SET_RANGE, key))
		return move(cursor, MDB_PREV, none);
	return move(cursor, MDB_LAST, none);
}

bool
kv_next(struct kv_cursor *cursor)
{
	return move(cursor, MDB_NEXT, (struct bytes){0});
}

bool
kv_previous(struct kv_cursor *cursor)
{
	return move(cursor, MDB_PREV, (struct bytes){0});
}

enum err
kv_stat(struct kv *kv, struct kv_stat *stat)
{
	MDB_envinfo info;
	enum err e = ERR_OK;

	/* The lock is held while the map changes, so this may be asked with a
	 * transaction open. */
	assert(pthread_mutex_lock(&kv->lock) == 0);
	if (kv->broken.code != ERR_OK) {
		e = err_raise(&kv->broken);
		e = err_wrap(ERR_IO, "measure %s", kv->data);
	} else {
		assert(mdb_env_info(kv->env, &info) == 0);
		stat->map_bytes = info.me_mapsize;
		stat->used_bytes = (info.me_last_pgno + 1) * kv->page_bytes;
		stat->last_txn_id = info.me_last_txnid;
	}
	assert(pthread_mutex_unlock(&kv->lock) == 0);
	return e;
}

enum err
kv_copy(struct kv *kv, const char *dir)
{
	struct buf path = {0};
	struct kv_txn *txn;
	struct file_stat found;
	enum err e;
	int rc;

	buf_add_format(&path, "%s/data.mdb", dir);
	e = file_stat(buf_text(&path), &found);
	if (e == ERR_OK)
		e = err_set(
		    ERR_EXISTS, "copy to %s: there is a store already", dir);
	if (e != ERR_NOT_FOUND)
		goto out;
	/* Keeps the map in place while LMDB reads it. */
	e = kv_begin(kv, false, &txn);
	if (e != ERR_OK)
		goto out;
	rc = mdb_env_copy2(kv->env, dir, MDB_CP_COMPACT);
	kv_abort(txn);
	if (rc != 0)
		e = rc > 0 ? file_error(rc, "copy to", dir)
			   : lmdb_error(kv, rc, "copy");
	/* LMDB does not sync a copy. */
	if (e == ERR_OK)
		e = file_sync(buf_text(&path));
	if (e == ERR_OK)
		e = file_sync(dir);
	if (e != ERR_OK)
		(void)unlink(buf_text(&path));
out:
	buf_fini(&path);
	return e;
}
