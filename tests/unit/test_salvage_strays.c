/*
 * Promises of core/repair.h where what leads to a whole log is lost: the old
 * file stays as long as the store has not all of its deltas, and no longer.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/packing.h"
#include "core/repair.h"
#include "tests/lib/spoil.h"
#include "tests/lib/wire.h"

#define CASES "d03/c017/case"

enum {
	WRITER = 1,
	PEER = 2,
	OTHER = 3,
	RECORDS = 150,	   /* and the delta that opens the log */
	LATE = 3,	   /* that the peer has not */
	SEQ = 39,	   /* of a delta that is spoiled, too */
	LENGTH_AT = 8 + 1, /* in its row: what tells its parts apart */
};

static void
write_some(struct town *town, size_t n)
{
	for (size_t i = 0; i < n; i++)
		(void)town_create(town, WRITER, CASES, "가");
}

static void
begin(struct town *town, uint64_t seed)
{
	town_init(town, seed);
	assert_int_equal(town_member(town, "", "read:NPSF,hold,write"), WRITER);
	assert_int_equal(town_member(town, "", "read:NPSF,hold"), PEER);
	town_meet(town);
	write_some(town, RECORDS);
	wire_sync(town, WRITER, PEER);
}

static void
pack(struct town *town)
{
	struct packing packing = {.rest = true};
	struct store *store = town_store(town, WRITER);

	assert_int_equal(store_begin(store, true), ERR_OK);
	while (!packing.ended)
		assert_int_equal(
		    packing_some(store_txn(store), &packing, 100), ERR_OK);
	assert_int_equal(store_commit(store), ERR_OK);
	assert_true(packing.deltas > 0);
}

/* The row that leads to the log of CASES, or to the space. */
static void
spoil(struct town *town, enum table table)
{
	struct log *log = spoil_log(town, WRITER, CASES);
	struct key key = {0};

	if (table == TABLE_LOGS)
		tables_log_key(log->space->no, &log->id, &key);
	else
		tables_key_add(&key, bytes_text(CASES));
	spoil_row(town, WRITER, table, &key, -1);
}

/* Repairs it; then node `peer` brings what it has. */
static void
repair_with(struct town *town, size_t peer, struct repair_report *report)
{
	assert_int_equal(
	    repair_run(town->nodes[WRITER].dir, &town->host, NULL, report),
	    ERR_OK);
	(void)town_open(town, WRITER);
	wire_assert_sound(town, WRITER);
	wire_sync(town, WRITER, peer);
	wire_assert_sound(town, WRITER);
	town_close(town, WRITER);
}

/* Repairs it twice, with the peer in between; what is missing before and after
 * that.  The file must be there as long as something is, or is `doubted`. */
static void
repair(struct town *town, uint64_t before, uint64_t after, bool doubted)
{
	struct repair_report report;

	repair_with(town, PEER, &report);
	assert_int_equal(report.salvage.rows.logs_lost, 1);
	assert_int_equal(report.salvage.missing, before);
	assert_string_equal(report.kept, "data.mdb.damaged-1");
	repair_with(town, PEER, &report);
	assert_true(report.was_sound && report.tried);
	assert_int_equal(report.salvage.missing, after);
	assert_int_equal(report.salvage.owed, 0);
	assert_string_equal(
	    report.kept, after > 0 || doubted ? "data.mdb.damaged-1" : "");
}

static void
what_a_peer_brought_needs_no_file(void **state)
{
	static const enum table tables[] = {TABLE_LOGS, TABLE_SPACES};

	(void)state;
	for (unsigned i = 0; i < 2 * COUNT_OF(tables); i++) {
		struct town town;

		begin(&town, 1 + i);
		if (i % 2 > 0)
			pack(&town);
		spoil(&town, tables[i / 2]);
		repair(&town, RECORDS + 1, 0, false);
		town_fini(&town);
	}
}

/* Some in blocks, some behind them. */
static void
what_nobody_else_has_keeps_the_file(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		struct town town;

		begin(&town, 11 + i);
		if (i > 0)
			pack(&town);
		write_some(&town, LATE);
		spoil(&town, TABLE_LOGS);
		repair(&town, RECORDS + LATE + 1, LATE, false);
		town_fini(&town);
	}
}

/* The peer has what another wrote, but must not read it. */
static void
what_can_be_read_there_alone_keeps_the_file(void **state)
{
	struct town town;
	struct repair_report report;

	(void)state;
	town_init(&town, 21);
	assert_int_equal(town_member(&town, "", "read:NPSF,hold"), WRITER);
	assert_int_equal(town_member(&town, "", "hold"), PEER);
	assert_int_equal(town_member(&town, "", "read:NPSF,hold,write"), OTHER);
	town_meet(&town);
	for (size_t i = 0; i < LATE; i++)
		(void)town_create(&town, OTHER, CASES, "가");
	wire_sync(&town, OTHER, WRITER);
	wire_sync(&town, OTHER, PEER);
	spoil(&town, TABLE_LOGS);
	repair_with(&town, PEER, &report);
	repair_with(&town, PEER, &report);
	assert_int_equal(report.salvage.missing, 0);
	assert_int_equal(report.salvage.owed, LATE);
	assert_string_equal(report.kept, "data.mdb.damaged-1");
	repair_with(&town, OTHER, &report);
	repair_with(&town, OTHER, &report);
	assert_int_equal(report.salvage.owed, 0);
	assert_string_equal(report.kept, "");
	town_fini(&town);
}

/* Nobody knows what else there was. */
static void
what_is_lost_twice_keeps_the_file(void **state)
{
	struct town town;
	struct log *log;
	struct key key;

	(void)state;
	begin(&town, 31);
	log = spoil_log(&town, WRITER, CASES);
	tables_delta_key(log->space->no, log->no, SEQ, &key);
	spoil_row(&town, WRITER, TABLE_DELTAS, &key, LENGTH_AT);
	(void)town_open(&town, WRITER);
	spoil(&town, TABLE_LOGS);
	repair(&town, RECORDS, 0, true);
	town_fini(&town);
}

/* Puts a row where no delta or block was ever put. */
static void
odd_put(
    struct town *town, enum table table, struct bytes key, struct bytes content)
{
	struct store *store = town_store(town, WRITER);
	struct buf row = {0};

	assert_int_equal(store_begin(store, true), ERR_OK);
	tables_row(key, content, &row);
	kv_put(store_txn(store)->kv, table, key, buf_bytes(&row));
	assert_int_equal(store_commit(store), ERR_OK);
	buf_fini(&row);
}

struct odd {
	uint32_t space;
	uint32_t no;
	uint64_t seq;
	size_t size; /* of its key */
};

static void
odds_put(struct town *town, enum table table, const struct odd *odds, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		uint8_t key[24] = {0};

		bytes_put_be32(key, odds[i].space);
		bytes_put_be32(key + 4, odds[i].no);
		bytes_put_be64(key + 8, odds[i].seq);
		odd_put(
		    town, table, bytes_of(key, odds[i].size), bytes_text("x"));
	}
}

/* What no log can have written, before and behind what is wanted. */
static void
keys_that_are_damaged_hide_nothing(void **state)
{
	static const struct odd odds[] = {{0, 1, 1, 16}, {1, 0, 1, 16},
	    {1, UINT32_MAX, 1, 16}, {1, 1, 1, 12}, {UINT32_MAX, 0, 0, 16}};
	static const enum table tables[] = {TABLE_DELTAS, TABLE_BLOCKS};

	(void)state;
	for (unsigned i = 0; i < 2 * COUNT_OF(tables); i++) {
		struct town town;

		begin(&town, 41 + i);
		write_some(&town, LATE);
		if (i % 2 > 0)
			pack(&town);
		odds_put(&town, tables[i / 2], odds, COUNT_OF(odds));
		spoil(&town, TABLE_LOGS);
		repair(&town, RECORDS + LATE + 1 + COUNT_OF(odds),
		    LATE + COUNT_OF(odds), false);
		town_fini(&town);
	}
}

/* Logs of which nothing is left that says whose they were. */
static void
rows_that_cannot_be_read_are_missing(void **state)
{
	static const struct odd deltas[] = {{7, 9, 0, 16}, {7, 9, 1, 20},
	    {8, 9, UINT64_MAX, 16}, {8, 9, UINT64_MAX - 1, 16}};
	static const struct odd blocks[] = {
	    {7, 10, 0, 16}, {7, 10, UINT64_MAX, 16}, {8, 11, 3, 18}};
	struct town town;

	(void)state;
	begin(&town, 51);
	odds_put(&town, TABLE_DELTAS, deltas, COUNT_OF(deltas));
	odds_put(&town, TABLE_BLOCKS, blocks, COUNT_OF(blocks));
	spoil(&town, TABLE_LOGS);
	repair(&town, RECORDS + 1 + COUNT_OF(deltas) + COUNT_OF(blocks),
	    COUNT_OF(deltas) + COUNT_OF(blocks), false);
	town_fini(&town);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_a_peer_brought_needs_no_file),
	    cmocka_unit_test(what_nobody_else_has_keeps_the_file),
	    cmocka_unit_test(what_can_be_read_there_alone_keeps_the_file),
	    cmocka_unit_test(what_is_lost_twice_keeps_the_file),
	    cmocka_unit_test(keys_that_are_damaged_hide_nothing),
	    cmocka_unit_test(rows_that_cannot_be_read_are_missing),
	};

	tempdir_in_memory();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
