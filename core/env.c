/*
 * Opening LMDB environments for core/kv.c, and saying what LMDB's failures
 * mean.  LMDB trusts its file: here we see to it that it is not empty, not cut
 * short, not open twice in this process, not inherited by programs that we
 * start.  Never holds a transaction after it returns.
 */
#define _XOPEN_SOURCE 700
#include "core/env.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/env_walk.h"
#include "core/pages.h"
#include "core/pages_meta.h"
#include "proto/mem.h"

enum {
	/* How often we follow other processes that make the map larger. */
	RESIZED_ROUNDS_MAX = 64,
	/* How often we look for a state of the file that stays. */
	SCRUB_ROUNDS_MAX = 64,
	/* What LMDB maps of its file of locks and readers. */
	LOCKS_SIZE = 8192,
};

/* No machine has more addresses for a program, and no store so much. */
static const uint64_t map_bytes_max = (uint64_t)1 << 46;

/* What is told of a damaged file. */
struct first_wrong {
	uint64_t page;
	const char *why; /* NULL: nothing yet */
};

/* LMDB loses its locks when a process opens one environment twice, without a
 * word, so we remember which directories are open. */
static pthread_mutex_t all_lock = PTHREAD_MUTEX_INITIALIZER;
static struct env *all_open;

static enum err registry_add(struct env *env) MUST_USE;
static void registry_remove(struct env *env);
static enum err locks_reserve(const struct env *env) MUST_USE;
static int lmdb_open(struct env *env, unsigned tables_max);
static bool version_is_damaged(const struct env *env);
static enum err map_check(const struct env *env) MUST_USE;
static void keep_from_children(const struct env *env);
static void on_wrong(void *arg, uint64_t page, const char *why);
static enum err length_check(struct env *env) MUST_USE;
static enum err length_repair(struct env *env) MUST_USE;
static int tables_open(struct env *env, const char *const *names, size_t n,
    uint32_t make, MDB_dbi *tables);

static enum err scrub(struct env *env) MUST_USE;

enum err
env_open(struct env *env, const struct env_config *config)
{
	struct buf path = {0};
	struct file_stat found;
	bool fresh;
	int rc;
	enum err e;

	buf_add_format(&path, "%s/data.mdb", config->dir);
	env->dir = mem_text(config->dir);
	env->data = mem_text(buf_text(&path));
	buf_fini(&path);
	env->noted = config->noted;

	e = registry_add(env);
	if (e != ERR_OK)
		return e;
	e = file_stat(env->data, &found);
	fresh = e == ERR_NOT_FOUND && config->create;
	if (e != ERR_OK && !fresh)
		return e;
	/* LMDB would take an empty file for a new one, and a store that lost
	 * everything would look like one that never had anything. */
	if (!fresh && found.size_bytes == 0)
		return err_set(ERR_CORRUPT,
		    "open %s: the file is empty; restore it from a backup or a"
		    " peer",
		    env->data);
	e = locks_reserve(env);
	if (e != ERR_OK)
		return e;
	rc = lmdb_open(env, config->tables_max);
	if (rc == ENOMEM && !fresh) {
		e = map_check(env);
		if (e != ERR_OK)
			return e;
	}
	if (rc == MDB_VERSION_MISMATCH && version_is_damaged(env))
		return env_scrub_state(env, 0);
	if (rc == 0)
		rc = baton_init(&env->baton, env->data);
	if (rc != 0)
		return env_error(env, rc, "open");
	if (fresh)
		return file_sync(env->dir);
	e = found.size_bytes <= config->scrub_bytes
		? scrub(env)
		: pages_meta_check(env->data, env->noted);
	return e == ERR_OK ? length_check(env) : e;
}

/* Does but one of the first pages say so? */
static bool
version_is_damaged(const struct env *env)
{
	const struct pages_watch watch = {.noted = env->noted};
	struct pages_report report;

	return pages_walk(env->data, 0, &watch, &report) == ERR_OK;
}

/* Looks at every page of the newest state, beside others who read and write,
 * before LMDB believes it (core/pages.h).  ERR_CORRUPT: one is wrong. */
static enum err
scrub(struct env *env)
{
	enum err e = ERR_BUSY;

	/* A reader keeps its state from being written over, and must have begun
	 * before others commit twice. */
	for (int i = 0; e == ERR_BUSY && i < SCRUB_ROUNDS_MAX; i++) {
		MDB_txn *reader;
		int rc = env_begin(env, false, &reader);

		/* Others made the map larger, which changes nothing here. */
		if (rc == MDB_MAP_RESIZED)
			rc = mdb_env_set_mapsize(env->lmdb, 0);
		else if (rc == 0)
			e = env_scrub_state(env, mdb_txn_id(reader));
		if (rc != 0)
			return env_error(env, rc, "look at");
		mdb_txn_abort(reader);
	}
	return e;
}

enum err
env_scrub_state(struct env *env, uint64_t txn_id)
{
	struct first_wrong first = {0};
	/* Others have committed since it was noted: then it says nothing. */
	const struct pages_watch watch = {
	    .wrong = on_wrong, .arg = &first, .noted = env->noted};
	struct pages_report report;
	enum err e = pages_walk(env->data, txn_id, &watch, &report);

	if (e != ERR_OK || report.wrong == 0)
		return e;
	return err_set(ERR_CORRUPT,
	    "%s is damaged in %llu places (page %llu: %s): run `golmok repair`",
	    env->data, (unsigned long long)report.wrong,
	    (unsigned long long)first.page, first.why);
}

static void
on_wrong(void *arg, uint64_t page, const char *why)
{
	struct first_wrong *first = arg;

	if (first->why != NULL)
		return;
	first->page = page;
	first->why = why;
}

/* LMDB maps its file of locks without room for it: on a full disk to write
 * there means SIGBUS.  Before LMDB has it open: closing it ends LMDB's locks.
 */
static enum err
locks_reserve(const struct env *env)
{
	char *path = file_path(env->dir, "lock.mdb");
	enum err e = file_reserve(path, LOCKS_SIZE);

	mem_free(path);
	return e;
}

static int
lmdb_open(struct env *env, unsigned tables_max)
{
	MDB_stat stat;
	int dead_n;
	int rc = mdb_env_create(&env->lmdb);

	if (rc != 0) {
		env->lmdb = NULL;
		return rc;
	}
	rc = mdb_env_set_maxdbs(env->lmdb, tables_max);
	/* Durable commits, and readers that belong to a struct kv_txn and not
	 * to a thread. */
	if (rc == 0)
		rc = mdb_env_open(env->lmdb, env->dir, MDB_NOTLS, 0600);
	if (rc != 0)
		return rc;
	keep_from_children(env);
	rc = mdb_env_stat(env->lmdb, &stat);
	if (rc != 0)
		return rc;
	env->page_bytes = stat.ms_psize;
	return mdb_reader_check(env->lmdb, &dead_n);
}

/* LMDB maps as much as its file says, whatever that is: where it gets no map,
 * was it the file that asked for too much? */
static enum err
map_check(const struct env *env)
{
	struct pages_meta meta = {.page_bytes = 0};
	int fd = open(env->data, O_RDONLY | O_CLOEXEC);
	enum err e = ERR_OK;

	if (fd < 0)
		return file_error(errno, "open", env->data);
	for (uint64_t i = 0; i < METAS && e == ERR_OK; i++) {
		uint8_t raw[META_SIZE];

		if (pread(fd, raw, sizeof(raw), (off_t)(i * meta.page_bytes)) !=
		    (ssize_t)sizeof(raw))
			break;
		pages_raw_meta(raw, i, sizeof(raw), &meta);
		if (meta.map_bytes > map_bytes_max)
			e = err_set(ERR_CORRUPT,
			    "open %s: it is damaged (page %llu says that %llu "
			    "bytes are to be mapped): run `golmok repair`",
			    env->data, (unsigned long long)i,
			    (unsigned long long)meta.map_bytes);
	}
	(void)close(fd);
	return e;
}

/* LMDB opens its data file twice to write, in some versions both times without
 * O_CLOEXEC, and tells us about one of the two.  Descriptors are given out
 * lowest first, so the other is below the next free one or near the first, and
 * the newest but for gaps: nobody else has the file open to write. */
static void
keep_from_children(const struct env *env)
{
	struct stat ours;
	struct stat other;
	bool found = false;
	int known;
	int next;

	if (mdb_env_get_fd(env->lmdb, &known) != 0 || fstat(known, &ours) != 0)
		return;
	(void)fcntl(known, F_SETFD, FD_CLOEXEC);
	next = fcntl(known, F_DUPFD_CLOEXEC, 0);
	if (next >= 0)
		(void)close(next);
	if (next < known + 8)
		next = known + 8;
	for (int fd = next - 1; fd >= 0 && !found; fd--) {
		if (fd == known || fstat(fd, &other) != 0 ||
		    other.st_dev != ours.st_dev || other.st_ino != ours.st_ino)
			continue;
		(void)fcntl(fd, F_SETFD, FD_CLOEXEC);
		found = (fcntl(fd, F_GETFL) & O_ACCMODE) != O_RDONLY;
	}
}

void
env_close(struct env *env)
{
	if (env->lmdb != NULL)
		mdb_env_close(env->lmdb);
	baton_fini(&env->baton);
	/* Only now may it be opened again. */
	registry_remove(env);
	mem_free(env->data);
	mem_free(env->dir);
	*env = (struct env){0};
}

static enum err
registry_add(struct env *env)
{
	bool taken = false;
	enum err e = file_stat(env->dir, &env->identity);

	if (e != ERR_OK)
		return e;
	assert(pthread_mutex_lock(&all_lock) == 0);
	for (struct env *other = all_open; other != NULL; other = other->next)
		if (other->identity.device == env->identity.device &&
		    other->identity.inode == env->identity.inode)
			taken = true;
	if (!taken) {
		env->next = all_open;
		all_open = env;
	}
	assert(pthread_mutex_unlock(&all_lock) == 0);
	if (taken)
		return err_set(ERR_BUSY,
		    "open %s: this program has it open already", env->dir);
	return ERR_OK;
}

static void
registry_remove(struct env *env)
{
	struct env **at = &all_open;

	assert(pthread_mutex_lock(&all_lock) == 0);
	while (*at != NULL && *at != env)
		at = &(*at)->next;
	if (*at != NULL)
		*at = env->next;
	assert(pthread_mutex_unlock(&all_lock) == 0);
}

/* Has the file all pages that its header counts?  If not, it either was cut
 * off, and reading it would end the process by SIGBUS; or the last commit freed
 * pages at its end before they were ever written, and all is well. */
static enum err
length_check(struct env *env)
{
	struct file_stat found;
	MDB_envinfo info;
	MDB_txn *lock;
	int rc = mdb_env_info(env->lmdb, &info);
	enum err e;

	if (rc != 0)
		return env_error(env, rc, "open");
	e = file_stat(env->data, &found);
	if (e != ERR_OK ||
	    found.size_bytes / env->page_bytes > info.me_last_pgno)
		return e;
	/* A writer reads nothing but the header when it begins, and keeps all
	 * others from changing the length. */
	rc = env_begin(env, true, &lock);
	if (rc != 0)
		return env_error(env, rc, "open");
	e = length_repair(env);
	env_abort(env, lock);
	return e;
}

/* Only a walk can tell the two cases apart, so we make the file long enough,
 * with zeros for what is missing and for the last page if that is not whole,
 * walk, and put it back as it was when the walk failed. */
static enum err
length_repair(struct env *env)
{
	struct buf tail = {0};
	struct file_stat found;
	MDB_envinfo info;
	uint64_t whole;
	off_t needed;
	int fd;
	int rc = mdb_env_info(env->lmdb, &info);
	enum err e;

	if (rc == 0)
		rc = mdb_env_get_fd(env->lmdb, &fd);
	if (rc != 0)
		return env_error(env, rc, "open");
	needed = (off_t)((info.me_last_pgno + 1) * env->page_bytes);
	e = file_stat(env->data, &found);
	if (e != ERR_OK || found.size_bytes >= (uint64_t)needed)
		return e;
	whole = found.size_bytes / env->page_bytes * env->page_bytes;
	e = file_read_from(env->data, whole, env->page_bytes, &tail);
	if (e != ERR_OK)
		goto out;
	if (ftruncate(fd, (off_t)whole) != 0 || ftruncate(fd, needed) != 0)
		e = file_error(errno, "make longer", env->data);
	else
		e = env_walk_all(env);
	if (e != ERR_OK &&
	    (ftruncate(fd, (off_t)whole) != 0 ||
		pwrite(fd, tail.p, tail.n, (off_t)whole) != (ssize_t)tail.n))
		e = err_wrap(e, "its end could not be put back");
out:
	buf_fini(&tail);
	return e;
}

enum err
env_tables(struct env *env, const char *const *names, size_t n, uint32_t make,
    MDB_dbi *tables)
{
	int rc = tables_open(env, names, n, 0, tables);

	/* Only what is new costs a write. */
	if (rc == MDB_NOTFOUND && make != 0)
		rc = tables_open(env, names, n, make, tables);
	if (rc == MDB_NOTFOUND)
		return err_set(ERR_CORRUPT,
		    "open %s: a table is missing: an older golmok made it (use "
		    "that one), or it is damaged (restore it from a backup or "
		    "a peer)",
		    env->data);
	if (rc != 0)
		return env_error(env, rc, "open the tables of");
	return ERR_OK;
}

static int
tables_open(struct env *env, const char *const *names, size_t n, uint32_t make,
    MDB_dbi *tables)
{
	MDB_txn *txn;
	int rc = env_begin(env, make != 0, &txn);

	for (int i = 0; rc == MDB_MAP_RESIZED && i < RESIZED_ROUNDS_MAX; i++) {
		rc = mdb_env_set_mapsize(env->lmdb, 0);
		if (rc == 0)
			rc = env_begin(env, make != 0, &txn);
	}
	if (rc != 0)
		return rc;
	for (size_t i = 0; i < n && rc == 0; i++)
		rc = mdb_dbi_open(txn, names[i],
		    (make >> i & 1) != 0 ? MDB_CREATE : 0, &tables[i]);
	if (rc == 0)
		rc = mdb_txn_commit(txn);
	else
		mdb_txn_abort(txn);
	if (make != 0)
		baton_give(&env->baton);
	return rc;
}

int
env_begin(struct env *env, bool write, MDB_txn **txn)
{
	unsigned flags = write ? 0 : MDB_RDONLY;
	int dead_n;
	int rc = write ? baton_take(&env->baton) : 0;

	*txn = NULL;
	if (rc != 0)
		return rc;
	rc = mdb_txn_begin(env->lmdb, NULL, flags, txn);
	if (rc == MDB_READERS_FULL) {
		rc = mdb_reader_check(env->lmdb, &dead_n);
		if (rc == 0)
			rc = mdb_txn_begin(env->lmdb, NULL, flags, txn);
	}
	if (rc == 0)
		return 0;
	*txn = NULL;
	if (write)
		baton_give(&env->baton);
	return rc;
}

int
env_commit(struct env *env, MDB_txn *txn)
{
	int rc = mdb_txn_commit(txn);

	baton_give(&env->baton);
	return rc;
}

void
env_abort(struct env *env, MDB_txn *txn)
{
	mdb_txn_abort(txn);
	baton_give(&env->baton);
}

uint64_t
env_map_wanted(struct env *env, uint64_t room_bytes, uint64_t map_bytes_min,
    uint64_t *map_bytes)
{
	MDB_envinfo info;
	uint64_t used;
	uint64_t wanted;

	assert(mdb_env_info(env->lmdb, &info) == 0);
	assert(info.me_mapsize > 0);
	used = (info.me_last_pgno + 1) * env->page_bytes;
	*map_bytes = info.me_mapsize;
	wanted = info.me_mapsize;
	while (wanted < used || wanted - used < room_bytes ||
	       wanted < map_bytes_min)
		wanted *= 2;
	return wanted;
}

MDB_val
env_val(struct bytes b)
{
	static char nothing[1];
	union {
		const uint8_t *in;
		void *out;
	} p = {.in = b.p};

	/* LMDB does not write through it; it only lacks the const. */
	return (MDB_val){.mv_size = b.n, .mv_data = b.n > 0 ? p.out : nothing};
}

enum err
env_error(const struct env *env, int rc, const char *doing)
{
	const char *why = mdb_strerror(rc);

	switch (rc) {
	case MDB_MAP_FULL:
		return err_set(ERR_FULL,
		    "%s %s: the map is full; do it again, with more room",
		    doing, env->data);
	case MDB_TXN_FULL:
	case MDB_BAD_VALSIZE:
		return err_set(ERR_LIMIT,
		    "%s %s: too much for one transaction or row (%s)", doing,
		    env->data, why);
	case MDB_READERS_FULL:
		return err_set(ERR_BUSY,
		    "%s %s: too many programs are reading it; end some", doing,
		    env->data);
	case MDB_VERSION_MISMATCH:
		return err_set(ERR_VERSION,
		    "%s %s: it was written by another version of LMDB", doing,
		    env->data);
	case MDB_INVALID:
	case MDB_CORRUPTED:
	case MDB_PAGE_NOTFOUND:
	case MDB_INCOMPATIBLE:
	case MDB_NOTFOUND:
		return err_set(ERR_CORRUPT,
		    "%s %s: it is damaged, or no LMDB file (%s); restore it"
		    " from a backup or a peer",
		    doing, env->data, why);
	default:
		break;
	}
	if (rc > 0)
		return file_error(rc, doing, env->data);
	return err_set(ERR_IO, "%s %s: %s", doing, env->data, why);
}

enum err
env_copy(struct env *env, const char *path)
{
	struct fault fault = {0};
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	int rc;

	if (fd < 0)
		return file_error(errno, "make", path);
	rc = mdb_env_copyfd2(env->lmdb, fd, MDB_CP_COMPACT);
	if (rc != 0)
		err_keep(&fault, env_error(env, rc, "copy"));
	else if (fsync(fd) != 0)
		err_keep(&fault, file_error(errno, "sync", path));
	if (close(fd) != 0 && fault.code == ERR_OK)
		err_keep(&fault, file_error(errno, "close", path));
	if (fault.code != ERR_OK && unlink(path) != 0)
		fault.code = ERR_IO;
	return err_raise(&fault);
}
