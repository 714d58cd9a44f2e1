/*
 * Promises of core/salvage.h and core/repair.h for stores of every sort: of the
 * founder, of many rows, with forked logs, and with members who become known
 * late.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/file.h"
#include "core/meta.h"
#include "core/oplog.h"
#include "core/repair.h"
#include "core/space.h"
#include "proto/codec.h"
#include "proto/mem.h"
#include "tests/lib/branches.h"
#include "tests/lib/spoil.h"
#include "tests/lib/wire.h"

#define CASES "d03/c017/case"
#define ALL "read:NPSF,hold,write"

enum { MEMBERS = 3 };

/* A row of the tables of records is spoiled: the data is not sound, and all of
 * it is in the logs. */
static void
spoil_records(struct town *town, size_t i)
{
	struct log *log = spoil_log(town, i, CASES);
	struct kv_cursor cursor;
	struct key key = {0};

	kv_cursor_init(
	    &cursor, store_txn(town_store(town, i))->kv, TABLE_RECORDS);
	assert_true(kv_seek(&cursor, (struct bytes){0}));
	tables_key_add(&key, cursor.key);
	kv_cursor_fini(&cursor);
	(void)log;
	spoil_row(town, i, TABLE_RECORDS, &key, -1);
}

/* Repairs node `i`, of which all is sound that counts. */
static void
repair_wholly(struct town *town, size_t i, struct repair_report *report)
{
	assert_int_equal(
	    repair_run(town->nodes[i].dir, &town->host, NULL, report), ERR_OK);
	assert_false(report->was_sound);
	assert_string_equal(report->kept, "");
	assert_int_equal(report->salvage.unknown, 0);
	(void)town_open(town, i);
	wire_assert_sound(town, i);
}

static void
the_founder_stays_the_founder(void **state)
{
	struct town town;
	struct repair_report report;
	struct buf founding = {0};
	struct bytes value;
	struct txn *txn;

	(void)state;
	town_init(&town, 1);
	assert_int_equal(town_grant(&town, 0, 0, "", ALL, ""), ERR_OK);
	(void)town_create(&town, 0, CASES, "가");
	assert_int_equal(store_begin(town_store(&town, 0), true), ERR_OK);
	txn = store_txn(town_store(&town, 0));
	assert_true(meta_find(txn, meta_founding, &value));
	buf_add(&founding, value);
	meta_put(txn, meta_dials, bytes_text("198.51.100.7"));
	assert_int_equal(store_commit(town_store(&town, 0)), ERR_OK);
	spoil_records(&town, 0);
	repair_wholly(&town, 0, &report);
	assert_int_equal(store_begin(town_store(&town, 0), false), ERR_OK);
	txn = store_txn(town_store(&town, 0));
	assert_true(meta_find(txn, meta_founding, &value));
	assert_true(bytes_equal(value, buf_bytes(&founding)));
	assert_true(meta_find(txn, meta_dials, &value));
	assert_true(bytes_is(value, "198.51.100.7"));
	store_abort(town_store(&town, 0));
	/* It can admit somebody. */
	(void)town_member(&town, "", ALL);
	buf_fini(&founding);
	town_fini(&town);
}

/* More rows, and more bytes, than one transaction takes. */
static void
many_rows_come_in_many_transactions(void **state)
{
	static char text[12000];
	struct town town;
	struct repair_report report;
	uint64_t before;

	(void)state;
	town_init(&town, 2);
	assert_int_equal(town_member(&town, "", ALL), 1);
	for (size_t i = 0; i < 1200; i++) {
		size_t n = i < 700 ? sizeof(text) - 1 : 8;

		for (size_t k = 0; k < n; k++)
			text[k] = (char)('!' + prng_below(&town.prng, 90));
		text[n] = '\0';
		(void)town_create(&town, 1, CASES, text);
	}
	before = town_deltas(&town, 1);
	spoil_records(&town, 1);
	repair_wholly(&town, 1, &report);
	assert_true(report.salvage.rows.rows > 1200);
	assert_int_equal(town_deltas(&town, 1), before);
	town_fini(&town);
}

/* The first member lets in the others: under some seeds its log comes before
 * that of the founder, who let it in. */
static void
who_is_let_in_late_is_let_in(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 4; seed++) {
		struct town town;
		struct repair_report report;

		town_init(&town, seed);
		for (size_t i = 1; i <= MEMBERS; i++) {
			assert_int_equal(town_join(&town), i);
			assert_int_equal(town_admit(&town, i > 1, i), ERR_OK);
			assert_int_equal(
			    town_grant(&town, i > 1, i, "d03",
				i > 1 ? ALL : "all", i > 1 ? "" : "all"),
			    ERR_OK);
			town_meet(&town);
			(void)town_create(&town, i, CASES, "가");
		}
		town_meet(&town);
		spoil_records(&town, 1);
		repair_wholly(&town, 1, &report);
		assert_int_equal(report.salvage.missing, 0);
		town_assert_equal(&town, 0);
		town_fini(&town);
	}
}

/* What lets a member in is spoiled: nothing of it is believed, until another
 * brings that. */
static void
strangers_wait_for_who_knows_them(void **state)
{
	struct town town;
	struct repair_report report;
	struct log *log;
	struct key key;

	(void)state;
	town_init(&town, 4);
	assert_int_equal(town_member(&town, "", ALL), 1);
	assert_int_equal(town_member(&town, "", ALL), 2);
	town_meet(&town);
	(void)town_create(&town, 2, CASES, "가");
	town_meet(&town);
	log = spoil_log(&town, 1, "authority");
	tables_delta_key(log->space->no, log->no, 2, &key);
	spoil_row(&town, 1, TABLE_DELTAS, &key, 8 + 1 + 4 + 20);
	assert_int_equal(
	    repair_run(town.nodes[1].dir, &town.host, NULL, &report), ERR_OK);
	assert_true(report.salvage.missing > 0);
	assert_true(report.salvage.unknown > 0);
	assert_string_equal(report.kept, "data.mdb.damaged-1");
	(void)town_open(&town, 1);
	wire_assert_sound(&town, 1);
	wire_sync(&town, 1, 0);
	town_close(&town, 1);
	assert_int_equal(
	    repair_run(town.nodes[1].dir, &town.host, NULL, &report), ERR_OK);
	assert_true(report.was_sound && report.tried);
	assert_int_equal(report.salvage.unknown, 0);
	assert_string_equal(report.kept, "");
	(void)town_open(&town, 1);
	town_assert_equal(&town, 0);
	town_fini(&town);
}

/* A node of the tree over the log of node `i` in CASES says something else. */
static void
spoil_tree(struct town *town, size_t i)
{
	struct log *log = spoil_log(town, i, CASES);
	struct kv_cursor cursor;
	struct key prefix;
	struct key key = {0};

	tables_log_prefix(log->space->no, log->no, &prefix);
	kv_cursor_init(&cursor, store_txn(town_store(town, i))->kv, TABLE_TREE);
	assert_true(kv_seek(&cursor, tables_key(&prefix)));
	assert_true(bytes_begins(cursor.key, tables_key(&prefix)));
	tables_key_add(&key, cursor.key);
	kv_cursor_fini(&cursor);
	spoil_row(town, i, TABLE_TREE, &key, -1);
	(void)town_open(town, i);
}

/* All branches come back, also where the trees over them are damaged. */
static void
a_forked_log_comes_whole(void **state)
{
	(void)state;
	for (int tree = 0; tree < 2; tree++) {
		struct town town;
		struct backup early = {0};
		struct repair_report report;
		uint64_t before;

		town_init(&town, 5);
		assert_int_equal(town_member(&town, "", ALL), 1);
		assert_int_equal(town_member(&town, "", ALL), 2);
		town_meet(&town);
		for (int i = 0; i < 40; i++)
			(void)town_create(&town, 1, CASES, "함께");
		backup_take(&town, 1, &early);
		for (int i = 0; i < 5; i++)
			(void)town_create(&town, 1, CASES, "하나");
		town_copy(&town, 1, 2);
		backup_put(&town, 1, &early);
		for (int i = 0; i < 7; i++)
			(void)town_create(&town, 1, CASES, "둘");
		town_meet(&town);
		before = town_deltas(&town, 2);
		if (tree == 1)
			spoil_tree(&town, 2);
		spoil_records(&town, 2);
		repair_wholly(&town, 2, &report);
		assert_int_equal(report.salvage.missing, 0);
		assert_int_equal(town_deltas(&town, 2), before);
		town_assert_equal(&town, 1);
		backup_fini(&early);
		town_fini(&town);
	}
}

/* The file knows one end of a log, of which a part is spoiled; the store then
 * learns two ends: it has all that the file tells of. */
static void
what_the_store_knows_by_more_branches_is_there(void **state)
{
	enum { TOGETHER = 20, ONE = 5 };
	struct town town;
	struct backup early = {0};
	struct repair_report report;
	struct log *log;
	struct key key;

	(void)state;
	town_init(&town, 7);
	assert_int_equal(town_member(&town, "", ALL), 1);
	assert_int_equal(town_member(&town, "", ALL), 2);
	town_meet(&town);
	for (int i = 0; i < TOGETHER; i++)
		(void)town_create(&town, 1, CASES, "함께");
	backup_take(&town, 1, &early);
	for (int i = 0; i < ONE; i++)
		(void)town_create(&town, 1, CASES, "하나");
	wire_sync(&town, 1, 2);
	wire_sync(&town, 2, 0);
	backup_put(&town, 1, &early);
	for (int i = 0; i < 7; i++)
		(void)town_create(&town, 1, CASES, "둘");
	town_copy(&town, 1, 0);
	log = spoil_log(&town, 2, CASES);
	assert_int_equal(log->frontier.size, 1 + TOGETHER + ONE);
	tables_delta_key(log->space->no, log->no, TOGETHER - 2, &key);
	spoil_row(&town, 2, TABLE_DELTAS, &key, 8 + 1 + 4 + 20);
	assert_int_equal(
	    repair_run(town.nodes[2].dir, &town.host, NULL, &report), ERR_OK);
	assert_true(report.salvage.missing > ONE);
	assert_string_equal(report.kept, "data.mdb.damaged-1");
	(void)town_open(&town, 2);
	town_copy(&town, 0, 2);
	town_close(&town, 2);
	assert_int_equal(
	    repair_run(town.nodes[2].dir, &town.host, NULL, &report), ERR_OK);
	assert_true(report.was_sound && report.tried);
	assert_int_equal(report.salvage.missing, 0);
	assert_string_equal(report.kept, "");
	backup_fini(&early);
	town_fini(&town);
}

/* The first branch of node `i` that has rows of its own alone, or also those
 * that others share. */
static struct log *
branch_of(struct town *town, size_t i, bool alone)
{
	struct store *store = town_store(town, i);
	struct space name = town_space(CASES);
	struct log **logs;
	size_t n;

	(void)spoil_log(town, i, CASES);
	assert_int_equal(oplog_all(store_txn(store),
			     space_find(store_txn(store), &name), &logs, &n),
	    ERR_OK);
	for (size_t k = 0; k < n; k++)
		if ((logs[k]->below > 0) == alone)
			return logs[k];
	fail_msg("no branch");
	return NULL;
}

/* A body, or a header, of one end of a log is spoiled, or of what both ends
 * share: that much is told, and what they share is told once. */
static void
what_is_spoiled_of_one_branch_is_told_and_comes_back(void **state)
{
	enum { TOGETHER = 40, ONE = 9, TWO = 12 };

	(void)state;
	for (int i = 0; i < 4; i++) {
		bool header = i % 2 == 1;
		bool alone = i < 2;
		struct town town;
		struct backup early = {0};
		struct repair_report report;
		struct salvage *salvage = &report.salvage;
		struct log *log;
		struct key key;

		town_init(&town, 8);
		assert_int_equal(town_member(&town, "", ALL), 1);
		assert_int_equal(town_member(&town, "", ALL), 2);
		town_meet(&town);
		for (int k = 0; k < TOGETHER; k++)
			(void)town_create(&town, 1, CASES, "함께");
		backup_take(&town, 1, &early);
		for (int k = 0; k < ONE; k++)
			(void)town_create(&town, 1, CASES, "하나");
		town_copy(&town, 1, 2);
		backup_put(&town, 1, &early);
		for (int k = 0; k < TWO; k++)
			(void)town_create(&town, 1, CASES, "둘");
		town_meet(&town);
		log = branch_of(&town, 2, alone);
		tables_delta_key(log->space->no, log->no, log->below + 5, &key);
		spoil_row(
		    &town, 2, TABLE_DELTAS, &key, header ? 8 + 1 + 4 + 20 : -1);
		assert_int_equal(
		    repair_run(town.nodes[2].dir, &town.host, NULL, &report),
		    ERR_OK);
		assert_int_equal(salvage->rows.doubtful, 1);
		assert_int_equal(salvage->owed, !header);
		assert_true(salvage->missing <=
			    (alone ? TWO : 1 + TOGETHER + ONE + TWO));
		assert_int_equal(salvage->missing > 0, header);
		assert_string_equal(report.kept, "data.mdb.damaged-1");
		(void)town_open(&town, 2);
		wire_sync(&town, 2, 1);
		town_close(&town, 2);
		assert_int_equal(
		    repair_run(town.nodes[2].dir, &town.host, NULL, &report),
		    ERR_OK);
		assert_true(report.was_sound);
		assert_string_equal(report.kept, "");
		backup_fini(&early);
		town_fini(&town);
	}
}

/* To try each bit of it would take minutes. */
static void
a_row_of_many_bytes_is_not_mended(void **state)
{
	static const char *const fields[] = {"name", "phone", "note", "id"};
	static char text[CLASS_COUNT][110000];
	struct town town;
	struct repair_report report;
	struct store_edit edits[CLASS_COUNT];
	struct buf values[CLASS_COUNT] = {{0}};
	struct store_write write = {.create = true,
	    .collection = bytes_text("card"),
	    .edits = edits,

	    .edits_n = CLASS_COUNT};
	struct record_id id;
	struct log *log;
	struct key key;
	bool changed;

	(void)state;
	town_init(&town, 9);
	assert_int_equal(town_member(&town, "", ALL), 1);
	for (size_t i = 0; i < CLASS_COUNT; i++) {
		for (size_t k = 0; k + 1 < sizeof(text[i]); k++)
			text[i][k] = (char)('!' + prng_below(&town.prng, 90));
		codec_put_text(&values[i], bytes_text(text[i]));
		edits[i] = town_edit(OP_SET, "name", buf_bytes(&values[i]));
		edits[i].field = bytes_text(fields[i]);
		edits[i].class = (enum delta_class)i;
	}
	write.space = town_space(CASES);
	if (town_write(&town, 1, &write, &id, &changed) != ERR_OK)
		fail_msg("%s", err_text());
	log = spoil_log(&town, 1, CASES);
	tables_delta_key(log->space->no, log->no, 1, &key);
	spoil_row(&town, 1, TABLE_DELTAS, &key, -1);
	assert_int_equal(
	    repair_run(town.nodes[1].dir, &town.host, NULL, &report), ERR_OK);
	assert_int_equal(report.salvage.rows.mended, 0);
	assert_int_equal(report.salvage.rows.doubtful, 1);
	assert_int_equal(report.salvage.owed, 1);
	for (size_t i = 0; i < CLASS_COUNT; i++)
		buf_fini(&values[i]);
	town_fini(&town);
}

static void
on_found(void *arg, enum err code, const char *why)
{
	unsigned *n = arg;

	assert_int_equal(code, ERR_CORRUPT);
	assert_true(strlen(why) > 10);
	++*n;
}

/* Text, nothing, keys that are damaged, and no store at all. */
static void
what_is_no_store_is_left_as_it_is(void **state)
{
	struct town town;
	struct repair_report report;
	struct file_stat stat;
	unsigned n = 0;
	const struct fsck_watch watch = {.found = on_found, .arg = &n};
	char path[3 * TEMPDIR_PATH_SIZE];
	FILE *file;

	(void)state;
	town_init(&town, 6);
	assert_int_equal(town_member(&town, "", ALL), 1);
	assert_int_equal(
	    repair_run(town.nodes[1].dir, &town.host, NULL, &report), ERR_BUSY);
	town_close(&town, 1);
	(void)snprintf(path, sizeof(path), "%s/data.mdb", town.nodes[1].dir);
	file = fopen(path, "wb");
	assert_non_null(file);
	assert_true(fputs("this is no data file", file) >= 0);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(
	    repair_run(town.nodes[1].dir, &town.host, &watch, &report),
	    ERR_CORRUPT);
	assert_int_equal(n, 1);
	assert_int_equal(file_stat(path, &stat), ERR_OK);
	assert_int_equal(stat.size_bytes, strlen("this is no data file"));
	(void)snprintf(path, sizeof(path), "%s/repair", town.nodes[1].dir);
	assert_int_equal(file_stat(path, &stat), ERR_NOT_FOUND);
	assert_int_equal(
	    repair_run(path, &town.host, NULL, &report), ERR_NOT_FOUND);
	town_fini(&town);
}

#define TEST(name) cmocka_unit_test(name)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(the_founder_stays_the_founder),
	    TEST(many_rows_come_in_many_transactions),
	    TEST(who_is_let_in_late_is_let_in),
	    TEST(strangers_wait_for_who_knows_them),
	    TEST(a_forked_log_comes_whole),
	    TEST(what_the_store_knows_by_more_branches_is_there),
	    TEST(what_is_spoiled_of_one_branch_is_told_and_comes_back),
	    TEST(a_row_of_many_bytes_is_not_mended),
	    TEST(what_is_no_store_is_left_as_it_is),
	};

	tempdir_in_memory();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
