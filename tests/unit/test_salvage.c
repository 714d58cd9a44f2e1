/*
 * Promises of core/salvage.h: rows with more than one wrong bit, which no
 * checksum mends, cost what they say and no more; and of core/repair.h when it
 * cannot go on.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/file.h"
#include "core/oplog.h"
#include "core/repair.h"
#include "core/space.h"
#include "proto/mem.h"
#include "tests/lib/branches.h"
#include "tests/lib/spoil.h"
#include "tests/lib/wire.h"

#define CASES "d03/c017/case"
#define MORE "d03/c018/case"
#define ALL "read:NPSF,hold,write"

enum {
	WRITER = 1,
	PEER = 2,
	RECORDS = 99, /* and the delta that opens the log */
	SEQ = 39,     /* of the delta that is spoiled */
	BEFORE = 32,  /* of those before it, who can be proved without it */
	HEADER_AT = 8 + 1 + 4, /* in its row */
};

static void
begin(struct town *town, uint64_t seed)
{
	town_init(town, seed);
	assert_int_equal(town_member(town, "", ALL), WRITER);
	assert_int_equal(town_member(town, "", "read:NPSF,hold"), PEER);
	town_meet(town);
	for (size_t i = 0; i < RECORDS; i++)
		(void)town_create(town, WRITER, CASES, "가");
	wire_sync(town, WRITER, PEER);
}

/* The same for the delta SEQ of the log of CASES at node WRITER. */
static void
spoil_delta(struct town *town, long at)
{
	struct log *log = spoil_log(town, WRITER, CASES);
	struct key key;

	tables_delta_key(log->space->no, log->no, SEQ, &key);
	spoil_row(town, WRITER, TABLE_DELTAS, &key, at);
}

static enum err
repair(struct town *town, struct repair_report *report)
{
	return repair_run(town->nodes[WRITER].dir, &town->host, NULL, report);
}

/* What is missing comes from the peer, and then nothing is kept. */
static void
assert_healed(struct town *town)
{
	struct repair_report report;

	(void)town_open(town, WRITER);
	wire_assert_sound(town, WRITER);
	wire_sync(town, WRITER, PEER);
	town_close(town, WRITER);
	assert_int_equal(repair(town, &report), ERR_OK);
	assert_true(report.was_sound && report.tried);
	assert_string_equal(report.kept, "");
	assert_int_equal(report.salvage.missing, 0);
	assert_int_equal(report.salvage.owed, 0);
	(void)town_open(town, WRITER);
	wire_assert_sound(town, WRITER);
	town_assert_equal(town, WRITER);
}

/* How many deltas of the log of CASES have a body at node WRITER? */
static size_t
bodies_held(struct town *town)
{
	struct txn *txn;
	struct log *log;
	size_t n = 0;

	(void)town_open(town, WRITER);
	log = spoil_log(town, WRITER, CASES);
	txn = store_txn(town_store(town, WRITER));
	for (uint64_t seq = 0; seq < log->frontier.size; seq++) {
		struct stored_delta stored;
		struct stored_body body;

		assert_int_equal(oplog_get(txn, log, seq, &stored), ERR_OK);
		n += oplog_body_next(&stored.bodies, &body);
	}
	store_abort(town_store(town, WRITER));
	town_close(town, WRITER);
	return n;
}

static void
a_spoiled_body_costs_that_body(void **state)
{
	struct town town;
	struct repair_report report;

	(void)state;
	begin(&town, 1);
	spoil_delta(&town, -1);
	assert_int_equal(repair(&town, &report), ERR_OK);
	assert_int_equal(report.salvage.rows.doubtful, 1);
	assert_int_equal(report.salvage.rows.lost, 0);
	assert_int_equal(report.salvage.missing, 0);
	/* The bodies behind it are there. */
	assert_int_equal(report.salvage.owed, 1);
	assert_int_equal(bodies_held(&town), RECORDS - 1);
	assert_string_equal(report.kept, "data.mdb.damaged-1");
	assert_healed(&town);
	town_fini(&town);
}

static void
a_spoiled_header_costs_what_is_behind_it(void **state)
{
	struct town town;
	struct repair_report report;

	(void)state;
	begin(&town, 2);
	spoil_delta(&town, HEADER_AT + 20);
	assert_int_equal(repair(&town, &report), ERR_OK);
	assert_int_equal(report.salvage.rows.doubtful, 1);
	assert_int_equal(report.salvage.missing, RECORDS + 1 - BEFORE);
	assert_string_equal(report.kept, "data.mdb.damaged-1");
	assert_healed(&town);
	town_fini(&town);
}

/* The length of its header is wrong: nothing can be told apart. */
static void
a_row_without_sense_is_lost(void **state)
{
	struct town town;
	struct repair_report report;

	(void)state;
	begin(&town, 3);
	spoil_delta(&town, HEADER_AT - 4);
	assert_int_equal(repair(&town, &report), ERR_OK);
	assert_int_equal(report.salvage.rows.doubtful, 0);
	assert_int_equal(report.salvage.rows.lost, 1);
	assert_int_equal(report.salvage.rows.logs_lost, 0);
	assert_int_equal(report.salvage.missing, RECORDS + 1 - BEFORE);
	assert_healed(&town);
	town_fini(&town);
}

/* The file stays until a peer has brought what its log had. */
static void
a_spoiled_row_of_a_log_loses_the_log(void **state)
{
	struct town town;
	struct repair_report report;
	struct log *log;
	struct key key;

	(void)state;
	begin(&town, 4);
	log = spoil_log(&town, WRITER, CASES);
	tables_log_key(log->space->no, &log->id, &key);
	spoil_row(&town, WRITER, TABLE_LOGS, &key, -1);
	assert_int_equal(repair(&town, &report), ERR_OK);
	assert_int_equal(report.salvage.rows.lost, 1);
	assert_int_equal(report.salvage.rows.logs_lost, 1);
	assert_int_equal(report.salvage.missing, RECORDS + 1);
	assert_string_equal(report.kept, "data.mdb.damaged-1");
	assert_healed(&town);
	town_fini(&town);
}

/* A watch that counts what it hears. */
static void
on_found(void *arg, enum err code, const char *text)
{
	unsigned *n = arg;

	assert_int_not_equal(code, ERR_OK);
	assert_true(strlen(text) > 0);
	++*n;
}

static void
what_the_store_will_not_open_for_is_told(void **state)
{
	struct town town;
	struct repair_report report;
	unsigned n = 0;
	const struct fsck_watch watch = {.found = on_found, .arg = &n};
	struct log *log;
	struct key key;

	(void)state;
	begin(&town, 5);
	log = spoil_log(&town, WRITER, CASES);
	tables_log_key(log->space->no, &log->id, &key);
	spoil_row(&town, WRITER, TABLE_LOGS, &key, -1);
	assert_int_equal(
	    repair_run(town.nodes[WRITER].dir, &town.host, &watch, &report),
	    ERR_OK);
	assert_true(n > 0);
	assert_false(report.was_sound);
	town_fini(&town);
}

/* Many kept files: the first free name, until there are too many. */
static void
a_disk_that_goes_on_breaking_is_not_filled(void **state)
{
	struct town town;
	struct repair_report report;
	struct buf name = {0};
	struct log *log;

	(void)state;
	begin(&town, 6);
	spoil_delta(&town, -1);
	for (int i = 1; i <= 100; i++) {
		FILE *file;

		buf_cut(&name, 0);
		buf_add_format(
		    &name, "%s/data.mdb.damaged-%d", town.nodes[WRITER].dir, i);
		file = fopen(buf_text(&name), "wb");
		assert_non_null(file);
		assert_int_equal(fclose(file), 0);
	}
	assert_int_equal(repair(&town, &report), ERR_LIMIT);
	assert_non_null(strstr(err_text(), "replace the disk"));
	assert_string_equal(report.kept, "");
	/* Nothing was changed: it is as damaged as before. */
	assert_int_equal(repair(&town, &report), ERR_LIMIT);
	assert_int_equal(report.salvage.rows.doubtful, 1);
	assert_int_equal(file_remove(buf_text(&name)), ERR_OK);
	assert_int_equal(repair(&town, &report), ERR_OK);
	assert_string_equal(report.kept, "data.mdb.damaged-100");
	(void)town_open(&town, WRITER);
	log = spoil_log(&town, WRITER, CASES);
	assert_int_equal(log->frontier.size, RECORDS + 1);
	store_abort(town_store(&town, WRITER));
	buf_fini(&name);
	town_fini(&town);
}

#define TEST(name) cmocka_unit_test(name)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_spoiled_body_costs_that_body),
	    TEST(a_spoiled_header_costs_what_is_behind_it),
	    TEST(a_row_without_sense_is_lost),
	    TEST(a_spoiled_row_of_a_log_loses_the_log),
	    TEST(what_the_store_will_not_open_for_is_told),
	    TEST(a_disk_that_goes_on_breaking_is_not_filled),
	};

	tempdir_in_memory();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
