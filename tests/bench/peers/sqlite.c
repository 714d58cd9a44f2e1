/*
 * Plain SQLite, the floor of the comparison: a table, a write-ahead log that is
 * synced at each commit, change sets of its session extension in place of a
 * protocol.  It signs nothing, keeps no history, and of two writers the last
 * one to arrive wins.  tests/bench/peers/run.mjs calls it.
 *
 * LINK: -lsqlite3
 */
/* Its change sets are an extension that Debian builds in. */
#define SQLITE_ENABLE_SESSION 1
#define SQLITE_ENABLE_PREUPDATE_HOOK 1
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/base.h"
#include "tests/bench/row.h"
#include "tests/lib/prng.h"

enum { FIELDS = 10, VALUE_SIZE = 19, EDIT_TIMES = 6, ID_SIZE = 32 };

struct table {
	sqlite3 *db;
	sqlite3_stmt *insert;
	sqlite3_stmt *update;
	sqlite3_stmt *select;
	struct prng prng;
};

static void
must(sqlite3 *db, int status)
{
	if (status == SQLITE_OK || status == SQLITE_DONE ||
	    status == SQLITE_ROW)
		return;
	(void)fprintf(stderr, "sqlite bench: %s\n", sqlite3_errmsg(db));
	exit(1);
}

static void
run(sqlite3 *db, const char *sql)
{
	must(db, sqlite3_exec(db, sql, NULL, NULL, NULL));
}

static void
table_open(struct table *table, const char *path)
{
	*table = (struct table){.prng = {.seed = 7}};
	must(table->db, sqlite3_open(path, &table->db));
	run(table->db, "pragma journal_mode = wal");
	run(table->db, "pragma synchronous = full");
	run(table->db,
	    "create table if not exists card (id text primary key, f0, f1, f2,"
	    " f3, f4, f5, f6, f7, f8, f9) without rowid");
	must(table->db,
	    sqlite3_prepare_v2(table->db,
		"insert or replace into card values (?,?,?,?,?,?,?,?,?,?,?)",
		-1, &table->insert, NULL));
	must(table->db, sqlite3_prepare_v2(table->db,
			    "update card set f3 = ?2 where id =?1", -1,
			    &table->update, NULL));
	must(table->db,
	    sqlite3_prepare_v2(table->db, "select * from card where id = ?1",
		-1, &table->select, NULL));
}

static void
table_close(struct table *table)
{
	sqlite3_finalize(table->insert);
	sqlite3_finalize(table->update);
	sqlite3_finalize(table->select);
	must(table->db, sqlite3_close(table->db));
}

static void
id_bind(sqlite3_stmt *statement, uint64_t i)
{
	char id[ID_SIZE + 1];

	(void)snprintf(id, sizeof(id), "%012llx%020llx",
	    (unsigned long long)i + 0x18c000000000,
	    (unsigned long long)(i * UINT64_C(0x9e3779b97f4a7c15)));
	sqlite3_bind_text(statement, 1, id, ID_SIZE, SQLITE_TRANSIENT);
}

static void
value_bind(struct table *table, sqlite3_stmt *statement, int at, size_t times)
{
	static const char digits[] = "abcdefghijklmnopqrstuvwxyz234567";
	char text[VALUE_SIZE * EDIT_TIMES];

	for (size_t i = 0; i < VALUE_SIZE * times; i++)
		text[i] = digits[prng_below(&table->prng, 32)];
	sqlite3_bind_text(
	    statement, at, text, (int)(VALUE_SIZE * times), SQLITE_TRANSIENT);
}

static void
step(struct table *table, sqlite3_stmt *statement)
{
	must(table->db, sqlite3_step(statement));
	sqlite3_reset(statement);
}

static void
insert(struct table *table, uint64_t i)
{
	id_bind(table->insert, i);
	for (int k = 0; k < FIELDS; k++)
		value_bind(table, table->insert, 2 + k, 1);
	step(table, table->insert);
}

/* `each` inserts in a transaction. */
static double
fill(struct table *table, uint64_t from, uint64_t n, uint64_t each)
{
	double start = row_seconds();

	for (uint64_t i = 0; i < n; i++) {
		if (i % each == 0)
			run(table->db, "begin");
		insert(table, from + i);
		if (i % each == each - 1 || i == n - 1)
			run(table->db, "commit");
	}
	return row_seconds() - start;
}

static int
last_wins(void *arg, int what, sqlite3_changeset_iter *it)
{
	(void)arg;
	(void)it;
	return what == SQLITE_CHANGESET_DATA ||
		       what == SQLITE_CHANGESET_CONFLICT
		   ? SQLITE_CHANGESET_REPLACE
		   : SQLITE_CHANGESET_OMIT;
}

/* What `work` changed in `table`, as a change set for sqlite3_free. */
static void *
changes(struct table *table, uint64_t from, uint64_t n, bool edits, int *size)
{
	sqlite3_session *session;
	void *set = NULL;

	must(table->db, sqlite3session_create(table->db, "main", &session));
	must(table->db, sqlite3session_attach(session, "card"));
	if (!edits)
		(void)fill(table, from, n, n);
	for (uint64_t i = 0; edits && i < n; i++) {
		id_bind(table->update, from + i);
		value_bind(table, table->update, 2, EDIT_TIMES);
		step(table, table->update);
	}
	must(table->db, sqlite3session_changeset(session, size, &set));
	sqlite3session_delete(session);
	return set;
}

static double
apply(struct table *to, void *set, int size)
{
	double start = row_seconds();

	must(to->db,
	    sqlite3changeset_apply(to->db, size, set, NULL, last_wins, NULL));
	return row_seconds() - start;
}

static void
pull(const char *from, const char *path, uint64_t n, uint64_t edits)
{
	struct table table;
	struct table copy;
	int size;
	void *set;

	table_open(&table, from);
	table_open(&copy, path);
	set = changes(&table, 0, n, false, &size);
	printf(
	    "{\"seconds\":%.6f,\"bytes\":%d}\n", apply(&copy, set, size), size);
	sqlite3_free(set);
	set = changes(&table, 0, edits, true, &size);
	printf(
	    "{\"seconds\":%.6f,\"bytes\":%d}\n", apply(&copy, set, size), size);
	sqlite3_free(set);
	table_close(&table);
	table_close(&copy);
}

static void
merge(const char *dir, uint64_t replicas, uint64_t each)
{
	struct table all;
	double spent = 0;
	char path[512];

	(void)snprintf(path, sizeof(path), "%s/all", dir);
	table_open(&all, path);
	for (uint64_t i = 0; i < replicas; i++) {
		struct table one;
		int size;
		void *set;

		table_open(&one, ":memory:");
		one.prng.seed = i;
		set = changes(&one, i * each, each, false, &size);
		spent += apply(&all, set, size);
		sqlite3_free(set);
		table_close(&one);
	}
	printf("{\"seconds\":%.6f}\n", spent);
	table_close(&all);
}

static void
read_all(struct table *table, uint64_t n, uint64_t reads)
{
	double start = row_seconds();

	for (uint64_t i = 0; i < reads; i++) {
		id_bind(table->select, prng_below(&table->prng, n));
		must(table->db, sqlite3_step(table->select));
		assert(
		    sqlite3_column_bytes(table->select, FIELDS) == VALUE_SIZE);
		sqlite3_reset(table->select);
	}
	printf("{\"seconds\":%.6f}\n", row_seconds() - start);
}

int
main(int argc, char **argv)
{
	const char *what = argc > 4 ? argv[1] : "";
	uint64_t n = argc > 3 ? strtoull(argv[3], NULL, 10) : 0;
	uint64_t m = argc > 4 ? strtoull(argv[4], NULL, 10) : 0;
	struct table table;

	if (strcmp(what, "merge") == 0) {
		merge(argv[2], n, m);
		return 0;
	}
	if (strcmp(what, "pull") == 0) {
		pull(argv[2], argv[5], n, m);
		return 0;
	}
	if (argc < 5) {
		(void)fprintf(stderr, "usage: sqlite fill|read FILE N M | "
				      "merge DIR N M | pull FILE N M COPY\n");
		return 2;
	}
	table_open(&table, argv[2]);
	if (strcmp(what, "fill") == 0)
		printf("{\"seconds\":%.6f}\n", fill(&table, 0, n, m));
	else
		read_all(&table, n, m);
	table_close(&table);
	return 0;
}
