/*
 * Promises of core/repair.h, core/salvage.h and core/rebuild.h when the disk
 * fails under them, too: whichever call of LMDB or of the system fails, what
 * was sound is there afterwards, and the next try brings it all back.
 *
 * LINK: -Wl,@tests/lib/fault.wrap
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>

#include "core/file.h"
#include "core/rebuild.h"
#include "core/repair.h"
#include "proto/mem.h"
#include "tests/lib/fault.h"
#include "tests/lib/spoil.h"
#include "tests/lib/trial.h"
#include "tests/lib/wire.h"

#define CASES "d03/c017/case"
#define ALL "read:NPSF,hold,write"

enum { WRITER = 1, RECORDS = 40, SEQ = 20, HEADER_AT = 8 + 1 + 4 };

/* A store, and its damaged files. */
struct ruin {
	struct town town;
	const char *dir; /* of the store */
	struct buf data;
	struct buf mark;
	uint64_t deltas; /* when it was sound */
};

static void
file_put(const char *path, const struct buf *content)
{
	FILE *file = fopen(path, "wb");

	assert_non_null(file);
	assert_int_equal(fwrite(content->p, 1, content->n, file), content->n);
	assert_int_equal(fclose(file), 0);
}

/* All files are as they were at first. */
static void
ruin_reset(struct ruin *ruin)
{
	static const char *const others[] = {
	    "repair", "data.mdb.damaged-1", "data.mdb.damaged-2"};
	char *data = file_path(ruin->dir, "data.mdb");
	char *mark = file_path(ruin->dir, "mark");

	town_close(&ruin->town, WRITER);
	for (size_t i = 0; i < COUNT_OF(others); i++) {
		char *path = file_path(ruin->dir, others[i]);

		assert_int_equal(file_remove_tree(path), ERR_OK);
		mem_free(path);
	}
	file_put(data, &ruin->data);
	file_put(mark, &ruin->mark);
	mem_free(data);
	mem_free(mark);
}

/* Of the row of a delta the byte `at` is damaged. */
static void
ruin_begin(struct ruin *ruin, long at)
{
	struct log *log;
	struct key key;
	char *path;

	*ruin = (struct ruin){0};
	tempdir_in_memory();
	town_init(&ruin->town, 3);
	assert_int_equal(town_member(&ruin->town, "", ALL), WRITER);
	town_meet(&ruin->town);
	for (size_t i = 0; i < RECORDS; i++)
		(void)town_create(&ruin->town, WRITER, CASES, "가");
	wire_sync(&ruin->town, WRITER, 0);
	ruin->deltas = town_deltas(&ruin->town, WRITER);
	ruin->dir = ruin->town.nodes[WRITER].dir;
	log = spoil_log(&ruin->town, WRITER, CASES);
	tables_delta_key(log->space->no, log->no, SEQ, &key);
	spoil_row(&ruin->town, WRITER, TABLE_DELTAS, &key, at);
	path = file_path(ruin->dir, "data.mdb");
	assert_int_equal(file_read(path, 1 << 30, &ruin->data), ERR_OK);
	mem_free(path);
	path = file_path(ruin->dir, "mark");
	assert_int_equal(file_read(path, 1 << 30, &ruin->mark), ERR_OK);
	mem_free(path);
}

static void
ruin_end(struct ruin *ruin)
{
	buf_fini(&ruin->data);
	buf_fini(&ruin->mark);
	town_fini(&ruin->town);
}

static enum err
repair(struct ruin *ruin, struct repair_report *report)
{
	return repair_run(ruin->dir, &ruin->town.host, NULL, report);
}

/* Everything comes back, whatever came before. */
static void
assert_heals(struct ruin *ruin)
{
	struct repair_report report;

	assert_int_equal(repair(ruin, &report), ERR_OK);
	(void)town_open(&ruin->town, WRITER);
	wire_sync(&ruin->town, WRITER, 0);
	town_close(&ruin->town, WRITER);
	assert_int_equal(repair(ruin, &report), ERR_OK);
	assert_true(report.was_sound);
	assert_string_equal(report.kept, "");
	(void)town_open(&ruin->town, WRITER);
	wire_assert_sound(&ruin->town, WRITER);
	assert_int_equal(town_deltas(&ruin->town, WRITER), ruin->deltas);
	town_close(&ruin->town, WRITER);
}

/* Each kind of call is counted for itself: there are few of most. */
static const char *const calls[] = {"mkdir", "nftw", "rename", "link", "unlink",
    "open", "stat lstat fstat", "fsync", "ftruncate", "pwrite write", "read",
    "pread", "fcntl flock", "mdb_env_create mdb_env_open", "mdb_txn_begin",
    "mdb_txn_renew", "mdb_txn_commit", "mdb_dbi_open mdb_stat mdb_env_stat",
    "mdb_cursor_open", "mdb_put", "mdb_del mdb_drop", "mdb_get",
    "mdb_cursor_get"};

static bool
repair_fails_at(struct ruin *ruin, const char *names, unsigned nth)
{
	struct repair_report report;
	enum err e;
	bool hit;

	ruin_reset(ruin);
	fault_arm(
	    (struct fault_plan){.names = names, .nth = nth, .number = EIO});
	e = repair(ruin, &report);
	hit = fault_disarm();
	if (!hit)
		assert_int_equal(e, ERR_OK);
	if (e != ERR_OK)
		assert_non_null(strstr(err_text(), "repair store"));
	return hit;
}

static void
a_repair_that_meets_a_fault_loses_nothing(void **state)
{
	/* A header, which no bit mends; and what tells the parts of a row. */
	static const long at[] = {HEADER_AT + 20, HEADER_AT - 4};
	unsigned runs = 0;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(at); i++) {
		struct ruin ruin;

		ruin_begin(&ruin, at[i]);
		for (size_t k = 0; k < COUNT_OF(calls); k++) {
			unsigned nth = 1;

			for (; repair_fails_at(&ruin, calls[k], nth);
			     nth = trial_after(nth, 2))
				runs++;
			if (runs % 2 == i)
				assert_heals(&ruin);
		}
		ruin_reset(&ruin);
		assert_heals(&ruin);
		ruin_end(&ruin);
	}
	print_message("# %u runs\n", runs);
	assert_true(runs > 150);
}

static bool
rebuild_fails_at(struct ruin *ruin, const char *names, unsigned nth)
{
	enum err failure = nth % 2 == 0 ? ERR_IO : ERR_FULL;
	struct store *store = NULL;
	enum err e;
	bool hit;

	assert_int_equal(
	    store_open_alone(ruin->dir, &ruin->town.host, &store), ERR_OK);
	fault_arm((struct fault_plan){.names = names,
	    .nth = nth,
	    .number = failure == ERR_IO ? EIO : ENOSPC});
	e = rebuild_run(store, NULL);
	hit = fault_disarm();
	if (e == ERR_OK && hit)
		print_message("# call %u did not matter\n", nth);
	else
		assert_int_equal(e, hit ? failure : ERR_OK);
	store_close(store);
	return hit;
}

static void
a_rebuild_that_meets_a_fault_is_done_again(void **state)
{
	struct ruin ruin;
	struct buf before = {0};
	struct buf after = {0};
	unsigned runs = 0;

	(void)state;
	ruin_begin(&ruin, -1);
	ruin_reset(&ruin);
	assert_heals(&ruin);
	(void)town_open(&ruin.town, WRITER);
	town_digests(&ruin.town, WRITER, &before);
	town_close(&ruin.town, WRITER);
	for (size_t k = 0; k < COUNT_OF(calls); k++)
		for (unsigned nth = 1; rebuild_fails_at(&ruin, calls[k], nth);
		     nth = trial_after(nth, 2))
			runs++;
	print_message("# %u runs\n", runs);
	assert_true(runs > 30);
	(void)town_open(&ruin.town, WRITER);
	wire_assert_sound(&ruin.town, WRITER);
	town_digests(&ruin.town, WRITER, &after);
	assert_true(bytes_equal(buf_bytes(&before), buf_bytes(&after)));
	buf_fini(&before);
	buf_fini(&after);
	ruin_end(&ruin);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_repair_that_meets_a_fault_loses_nothing),
	    cmocka_unit_test(a_rebuild_that_meets_a_fault_is_done_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
