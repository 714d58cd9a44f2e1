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
#include "core/rebuild.h"
#include "tests/lib/meeting.h"

static void
rebuilt(struct desk *desk)
{
	enum err e;

	desk_close(desk);
	desk_open(desk, true);
	e = rebuild_run(desk->store, NULL);
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
	const enum table derived[] = {
	    TABLE_TREE, TABLE_HISTORY, TABLE_RECORDS, TABLE_WORDS, TABLE_CELLS};
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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
