/*
 * Promises of net/peer/notes.h.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "net/peer/notes.h"
#include "tests/lib/replica.h"

static void
add(struct notes *notes, unsigned peer, const char *text)
{
	struct event event = {
	    .kind = EVENT_PUSH_REFUSED, .count = 1, .text = bytes_text(text)};

	memset(event.peer.b, (int)peer, sizeof(event.peer.b));
	notes_add(notes, &event);
}

static void
what_is_told_again_is_counted(void **state)
{
	struct replica *replica = *state;
	struct txn *txn = replica_begin(replica, true);
	struct notes notes = {0};
	struct event event;

	for (int i = 0; i < 1000; i++) {
		add(&notes, 1, "하나");
		add(&notes, 2, "하나");
	}
	assert_int_equal(notes.n, 2);
	notes_write(&notes, txn);
	assert_int_equal(notes.n, 0);
	assert_int_equal(kv_count(txn->kv, TABLE_EVENTS), 2);
	assert_true(events_next(txn, 0, &event));
	assert_int_equal(event.count, 1000);
	assert_int_equal(event.peer.b[31], 1);
	assert_true(bytes_is(event.text, "하나"));
	/* Nothing is written twice. */
	notes_write(&notes, txn);
	assert_true(events_next(txn, 1, &event));
	assert_int_equal(event.number, 2);
	assert_false(events_next(txn, 2, &event));
	replica_commit(replica);
}

static void
beyond_the_room_it_is_said_how_much_is_missing(void **state)
{
	struct replica *replica = *state;
	struct txn *txn = replica_begin(replica, true);
	struct notes all = {0};
	struct event event;

	for (unsigned session = 0; session < 3; session++) {
		struct notes notes = {0};

		for (int i = 0; i < NOTES_MAX + 5; i++) {
			char text[32];

			(void)snprintf(text, sizeof(text), "%d번째", i);
			add(&notes, session, text);
		}
		assert_int_equal(notes.n, NOTES_MAX);
		assert_int_equal(notes.lost, 5);
		notes_move(&all, &notes);
		assert_int_equal(notes.n + notes.lost, 0);
	}
	assert_int_equal(all.n, NOTES_MAX);
	assert_int_equal(all.lost, 3 * 5 + 2 * NOTES_MAX);
	notes_write(&all, txn);
	assert_int_equal(kv_count(txn->kv, TABLE_EVENTS), NOTES_MAX + 1);
	assert_true(events_next(txn, NOTES_MAX, &event));
	assert_int_equal(event.count, 3 * 5 + 2 * NOTES_MAX);
	assert_true(event.is_stranger);
	replica_commit(replica);
}

static void
a_text_that_is_too_long_is_cut(void **state)
{
	struct replica *replica = *state;
	struct txn *txn = replica_begin(replica, true);
	struct notes notes = {0};
	struct event event;
	char text[2 * LIMIT_EVENT_TEXT];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	add(&notes, 1, text);
	add(&notes, 1, text);
	assert_int_equal(notes.n, 1);
	notes_write(&notes, txn);
	assert_true(events_next(txn, 0, &event));
	assert_int_equal(event.text.n, LIMIT_EVENT_TEXT);
	assert_int_equal(event.count, 2);
	replica_commit(replica);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
		what_is_told_again_is_counted, replica_make, replica_remove),
	    cmocka_unit_test_setup_teardown(
		beyond_the_room_it_is_said_how_much_is_missing, replica_make,
		replica_remove),
	    cmocka_unit_test_setup_teardown(
		a_text_that_is_too_long_is_cut, replica_make, replica_remove),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
