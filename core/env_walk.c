/*
 * Visits everything of a data file that may be cut short, for core/env.c.  A
 * page that was cut off is all zeros, and zero is no kind of page: LMDB reports
 * it or breaks an assertion, which leads back here.
 */
#include "core/env_walk.h"

#include <setjmp.h>

/* Visiting everything of a file that may be cut short. */
struct walk {
	MDB_env *lmdb;
	MDB_txn *txn;
	MDB_cursor *names;
	MDB_cursor *rows;
	jmp_buf broken;
};

/* Where a broken assertion of LMDB leads during a walk of this thread. */
static _Thread_local struct walk *walking;

static int walk_guarded(struct walk *walk);
static int rows_visit(struct walk *walk);
static int walk_table(struct walk *walk, MDB_dbi table);
static void on_assertion(MDB_env *lmdb, const char *text);

enum err
env_walk_all(struct env *env)
{
	struct walk walk = {.lmdb = env->lmdb};
	int rc;

	walking = &walk;
	rc = mdb_env_set_assert(env->lmdb, on_assertion);
	if (rc == 0)
		rc = walk_guarded(&walk);
	walking = NULL;
	(void)mdb_env_set_assert(env->lmdb, NULL);
	if (walk.rows != NULL)
		mdb_cursor_close(walk.rows);
	if (walk.names != NULL)
		mdb_cursor_close(walk.names);
	mdb_txn_abort(walk.txn);
	if (rc == 0)
		return ERR_OK;
	return err_wrap(env_error(env, rc, "open"),
	    "the file is shorter than what was written to it");
}

static int
walk_guarded(struct walk *walk)
{
	if (setjmp(walk->broken) != 0)
		return MDB_CORRUPTED;
	return rows_visit(walk);
}

static void
on_assertion(MDB_env *lmdb, const char *text)
{
	(void)text;
	(void)lmdb;
	assert(walking != NULL);
	assert(walking->lmdb == lmdb);
	longjmp(walking->broken, 1);
}

static int
rows_visit(struct walk *walk)
{
	struct buf text = {0};
	MDB_val name;
	MDB_val value;
	MDB_dbi table;
	int rc = mdb_txn_begin(walk->lmdb, NULL, MDB_RDONLY, &walk->txn);

	/* 0 is the list of free pages, which every writer reads. */
	if (rc == 0)
		rc = walk_table(walk, 0);
	if (rc == 0)
		rc = mdb_dbi_open(walk->txn, NULL, 0, &table);
	if (rc == 0)
		rc = walk_table(walk, table);
	if (rc == 0)
		rc = mdb_cursor_open(walk->txn, table, &walk->names);
	while (rc == 0) {
		rc = mdb_cursor_get(walk->names, &name, &value, MDB_NEXT);
		if (rc != 0)
			break;
		buf_add(&text, bytes_of(name.mv_data, name.mv_size));
		rc = mdb_dbi_open(walk->txn, buf_text(&text), 0, &table);
		buf_fini(&text);
		if (rc == 0)
			rc = walk_table(walk, table);
	}
	return rc == MDB_NOTFOUND ? 0 : rc;
}

static int
walk_table(struct walk *walk, MDB_dbi table)
{
	MDB_val key;
	MDB_val value;
	int rc = mdb_cursor_open(walk->txn, table, &walk->rows);

	while (rc == 0)
		rc = mdb_cursor_get(walk->rows, &key, &value, MDB_NEXT);
	if (walk->rows != NULL)
		mdb_cursor_close(walk->rows);
	walk->rows = NULL;
	return rc == MDB_NOTFOUND ? 0 : rc;
}
