/*
 * What core/rebuild.h promises: all that is derived is made again as it was,
 * and nothing is begun that cannot be ended.  tests/unit/test_kill.c kills it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/history.h"
#include "core/oplog_body.h"
#include "core/packing.h"
#include "core/rebuild.h"
#include "tests/lib/meeting.h"

static void
rebuilt(struct desk *desk)
{
	const struct fsck_watch nobody = {0};
	enum err e;

	desk_close(desk);
	desk_open(desk, true);
	e = rebuild_run(desk->store, &nobody);
	if (e != ERR_OK)
		print_error("%s\n", err_text());
	assert_int_equal(e, ERR_OK);
}

static void
rebuild_gives_the_same_records_and_digests(void **state)
{
	struct meeting *meeting = *state;
	struct buf before = {0};
	struct buf after = {0};

	desk_text_all(&meeting->hall, &before);
	rebuilt(&meeting->hall);
	desk_text_all(&meeting->hall, &after);
	assert_int_equal(before.n, after.n);
	assert_memory_equal(before.p, after.p, before.n);
	assert_int_equal(desk_check(&meeting->hall, true), 0);
	buf_fini(&before);
	buf_fini(&after);
}

static void
a_rebuild_wants_the_store_alone(void **state)
{
	struct meeting *meeting = *state;

	assert_int_equal(rebuild_run(meeting->hall.store, NULL), ERR_BUSY);
}

static void
a_damaged_log_stops_a_rebuild_before_it_begins(void **state)
{
	struct meeting *meeting = *state;
	struct desk *desk = &meeting->hall;
	struct buf row[2] = {0};

	assert_true(meeting_row(desk, TABLE_DELTAS, 40, row));
	row[1].p[20] ^= 1;
	meeting_row_put(desk, TABLE_DELTAS, &row[0], &row[1]);
	desk_close(desk);
	desk_open(desk, true);
	assert_int_equal(rebuild_run(desk->store, NULL), ERR_CORRUPT);
	meeting_reads(meeting);
	assert_int_equal(meeting_text(meeting, 0, &row[0]), ERR_OK);
	buf_fini(&row[0]);
	buf_fini(&row[1]);
}

static void
a_history_that_names_another_record_is_refused(void **state)
{
	struct meeting *meeting = *state;
	struct desk *desk = &meeting->hall;
	struct merge_changes changes;
	struct arena arena = {0};
	struct record_id id;
	struct space space;
	struct buf row[2] = {0};

	assert_true(meeting_row(desk, TABLE_HISTORY, 0, row));
	memcpy(id.b, row[0].p + 4, sizeof(id.b));
	id.b[15] ^= 1;
	row[0].p[4 + 15] ^= 1;
	meeting_row_put(desk, TABLE_HISTORY, &row[0], &row[1]);
	assert_true(desk_check(desk, false) > 0);
	for (int i = 0; i < 2; i++) {
		enum err e;

		desk_begin(desk, false);
		assert_int_equal(
		    id_space(
			bytes_text(i ? meeting_here : meeting_there), &space),
		    ERR_OK);
		e = store_history(desk->store, &space, &id, &arena, &changes);
		assert_true(e == ERR_CORRUPT || e == ERR_NOT_FOUND);
		store_abort(desk->store);
	}
	arena_fini(&arena);
	rebuilt(desk);
	assert_int_equal(desk_check(desk, true), 0);
	buf_fini(&row[0]);
	buf_fini(&row[1]);
}

static void
a_rebuild_mends_whatever_is_derived(void **state)
{
	const enum table derived[] = {TABLE_TREE, TABLE_HISTORY, TABLE_RECORDS,
	    TABLE_SEATS, TABLE_WORDS, TABLE_CELLS};
	struct meeting *meeting = *state;
	struct desk *desk = &meeting->hall;
	struct buf before = {0};
	struct buf after = {0};
	struct buf row[2] = {0};

	desk_text_all(desk, &before);
	for (size_t t = 0; t < COUNT_OF(derived); t++) {
		for (uint64_t n = 0; meeting_row(desk, derived[t], n, row);
		     n += 9) {
			if (n % 2 == 0 || row[1].n == 0) {
				meeting_row_put(
				    desk, derived[t], &row[0], NULL);
				continue;
			}
			row[1].p[row[1].n / 2] ^= 16;
			meeting_row_put(desk, derived[t], &row[0], &row[1]);
		}
	}
	assert_true(desk_check(desk, false) > 0);
	rebuilt(desk);
	assert_int_equal(desk_check(desk, true), 0);
	desk_text_all(desk, &after);
	assert_int_equal(before.n, after.n);
	assert_memory_equal(before.p, after.p, before.n);
	buf_fini(&before);
	buf_fini(&after);
	buf_fini(&row[0]);
	buf_fini(&row[1]);
}

/* Blocks of all that may be packed. */
static void
pack(struct desk *desk, uint64_t least)
{
	struct packing packing = {.rest = true};

	while (!packing.ended) {
		desk_begin(desk, true);
		assert_int_equal(packing_some(store_txn(desk->store), &packing,
				     PACKING_STEP),
		    ERR_OK);
		desk_commit(desk);
	}
	assert_true(packing.deltas >= least);
}

/* The only log of the space, in a transaction. */
static struct log *
only_log(struct desk *desk)
{
	struct txn *txn = store_txn(desk->store);
	struct space name;
	struct log **logs;
	size_t n;

	assert_int_equal(id_space(bytes_text(meeting_here), &name), ERR_OK);
	assert_int_equal(
	    oplog_all(txn, space_find(txn, &name), &logs, &n), ERR_OK);
	assert_int_equal(n, 1);
	return logs[0];
}

/* How many deltas are kept as opaque; first makes every third of them so. */
static size_t
opaques(struct desk *desk, bool make)
{
	struct txn *txn;
	struct log *log;
	size_t n = 0;

	desk_begin(desk, make);
	txn = store_txn(desk->store);
	log = only_log(desk);
	for (uint64_t seq = 1; seq < log->frontier.size; seq++) {
		struct stored_delta stored;

		if (make && seq % 3 == 0)
			assert_int_equal(
			    oplog_body_opaque(txn, log, seq, true), ERR_OK);
		assert_int_equal(oplog_get(txn, log, seq, &stored), ERR_OK);
		n += stored.opaque;
	}
	if (make)
		desk_commit(desk);
	else
		store_abort(desk->store);
	return n;
}

/* As an older program would have kept them that knew less: in rows, in blocks,
 * and in rows over blocks. */
static void
what_was_opaque_once_is_read_after_a_rebuild(void **state)
{
	enum { EDITS = 300 };
	static struct desk desk;
	struct record_id id;
	struct buf before = {0};
	struct buf after = {0};
	char text[] = "00";

	(void)state;
	desk_found(&desk, 51);
	desk_begin(&desk, true);
	id = desk_create(&desk, meeting_here, "가");
	for (int i = 0; i < EDITS; i++) {
		struct store_edit edit = desk_text(
		    OP_ADD, CLASS_P, "tags", text);

		text[0] = (char)('a' + i / 20);
		text[1] = (char)('a' + i % 20);
		desk_edit(&desk, meeting_here, &id, &edit, NULL);
	}
	desk_commit(&desk);
	desk_text_all(&desk, &before);
	for (int way = 0; way < 3; way++) {
		assert_int_equal(opaques(&desk, false), 0);
		if (way > 0)
			pack(&desk, EDITS / 4);
		assert_int_equal(opaques(&desk, true), EDITS / 3);
		if (way == 1)
			pack(&desk, EDITS / 4);
		assert_true(desk_check(&desk, false) > 0);
		rebuilt(&desk);
		assert_int_equal(opaques(&desk, false), 0);
		assert_int_equal(desk_check(&desk, true), 0);
		buf_cut(&after, 0);
		desk_text_all(&desk, &after);
		assert_int_equal(before.n, after.n);
		assert_memory_equal(before.p, after.p, before.n);
	}
	desk_fini(&desk);
	buf_fini(&after);
	buf_fini(&before);
}

#define MEETING(test) \
	cmocka_unit_test_setup_teardown(test, meeting_make, meeting_remove)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    MEETING(rebuild_gives_the_same_records_and_digests),
	    MEETING(a_rebuild_wants_the_store_alone),
	    MEETING(a_damaged_log_stops_a_rebuild_before_it_begins),
	    MEETING(a_history_that_names_another_record_is_refused),
	    MEETING(a_rebuild_mends_whatever_is_derived),
	    cmocka_unit_test(what_was_opaque_once_is_read_after_a_rebuild),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
