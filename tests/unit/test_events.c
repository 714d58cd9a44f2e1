/*
 * Promises of core/events.h.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/events.h"
#include "tests/lib/replica.h"

static struct event
event_of(unsigned peer, const char *text)
{
	struct event event = {
	    .kind = EVENT_PUSH_REFUSED, .count = 1, .text = bytes_text(text)};

	memset(event.peer.b, (int)peer, sizeof(event.peer.b));
	assert_int_equal(
	    id_space(bytes_text("d03/c017/case"), &event.space), ERR_OK);
	return event;
}

static void
put(struct txn *txn, unsigned peer, const char *text)
{
	struct event event = event_of(peer, text);

	events_put(txn, &event);
}

static size_t
count_of(struct txn *txn, unsigned peer)
{
	struct event event;
	uint64_t number = 0;
	size_t n = 0;

	while (events_next(txn, number, &event)) {
		number = event.number;
		n += event.peer.b[0] == peer;
	}
	return n;
}

static void
there_are_none_at_first(void **state)
{
	struct replica *replica = *state;
	struct txn *txn = replica_begin(replica, false);
	struct event event;

	assert_false(events_next(txn, 0, &event));
	assert_false(events_next(txn, UINT64_MAX, &event));
	replica_commit(replica);
}

static void
an_event_comes_back_as_it_was(void **state)
{
	struct replica *replica = *state;
	struct txn *txn = replica_begin(replica, true);
	struct event put_in = event_of(7, "멋대로 보냈다");
	struct event event;

	replica->now_ms = 1234567;
	put_in.is_stranger = true;
	put_in.count = 3;
	events_put(txn, &put_in);
	put_in.space = (struct space){0};
	put_in.text = (struct bytes){0};
	events_put(txn, &put_in);
	txn = replica_reopen(replica);
	assert_true(events_next(txn, 0, &event));
	assert_int_equal(event.number, 1);
	assert_int_equal(event.kind, EVENT_PUSH_REFUSED);
	assert_true(event.is_stranger);
	assert_int_equal(event.first_ms, 1234567);
	assert_int_equal(event.last_ms, 1234567);
	assert_int_equal(event.count, 3);
	assert_memory_equal(event.peer.b, put_in.peer.b, 32);
	assert_string_equal(event.space.text, "d03/c017/case");
	assert_true(bytes_is(event.text, "멋대로 보냈다"));
	assert_true(events_next(txn, 1, &event));
	assert_string_equal(event.space.text, "");
	assert_int_equal(event.text.n, 0);
	assert_int_equal(event.number, 2);
	assert_false(events_next(txn, 2, &event));
	replica_commit(replica);
}

static void
the_same_again_is_counted_and_comes_last(void **state)
{
	struct replica *replica = *state;
	struct txn *txn = replica_begin(replica, true);
	struct event event;

	replica->now_ms = 1000;
	put(txn, 1, "하나");
	put(txn, 1, "둘");
	put(txn, 2, "하나");
	replica->now_ms = 5000;
	for (int i = 0; i < 1000; i++)
		put(txn, 1, i % 2 == 0 ? "둘" : "하나");
	assert_int_equal(kv_count(txn->kv, TABLE_EVENTS), 3);
	assert_false(events_next(txn, 1003, &event));
	assert_true(events_next(txn, 1002, &event));
	assert_true(bytes_is(event.text, "하나"));
	assert_int_equal(event.count, 501);
	assert_int_equal(event.first_ms, 1000);
	assert_int_equal(event.last_ms, 5000);
	assert_true(events_next(txn, 0, &event));
	assert_int_equal(event.peer.b[0], 2);
	assert_int_equal(event.count, 1);
	replica_commit(replica);
}

/* Whatever one peer does, what is known of others stays. */
static void
a_peer_has_a_share_and_strangers_one_together(void **state)
{
	struct replica *replica = *state;
	struct txn *txn = replica_begin(replica, true);
	char text[32];

	put(txn, 9, "먼저");
	for (int i = 0; i < 3 * LIMIT_EVENTS_OF_PEER; i++) {
		struct event event;

		(void)snprintf(text, sizeof(text), "%d번째", i);
		put(txn, 1, text);
		event = event_of(10 + (unsigned)i % 200, text);
		event.is_stranger = true;
		events_put(txn, &event);
	}
	assert_int_equal(count_of(txn, 9), 1);
	assert_int_equal(count_of(txn, 1), LIMIT_EVENTS_OF_PEER);
	assert_int_equal(
	    kv_count(txn->kv, TABLE_EVENTS), 1 + 2 * LIMIT_EVENTS_OF_PEER);
	replica_commit(replica);
}

static void
beyond_the_limit_the_oldest_go(void **state)
{
	struct replica *replica = *state;
	struct txn *txn = replica_begin(replica, true);
	const unsigned peers = LIMIT_EVENTS / LIMIT_EVENTS_OF_PEER;
	struct event event;
	char text[32];

	for (unsigned i = 0; i < LIMIT_EVENTS + 5; i++) {
		(void)snprintf(text, sizeof(text), "%u번째", i);
		put(txn, i % (peers + 1), text);
	}
	assert_int_equal(kv_count(txn->kv, TABLE_EVENTS), LIMIT_EVENTS);
	assert_true(events_next(txn, 0, &event));
	assert_int_equal(event.number, 6);
	replica_commit(replica);
}

static void
a_long_text_is_cut_between_characters(void **state)
{
	struct replica *replica = *state;
	struct txn *txn = replica_begin(replica, true);
	struct event event;
	char text[3 * LIMIT_EVENT_TEXT + 2] = "x";

	for (size_t i = 0; i < LIMIT_EVENT_TEXT; i++)
		memcpy(text + 1 + 3 * i, "가", 4);
	put(txn, 1, text);
	assert_true(events_next(txn, 0, &event));
	assert_int_equal(event.text.n, LIMIT_EVENT_TEXT - 2);
	assert_int_equal(event.text.p[event.text.n - 3], 0xea);
	replica_commit(replica);
}

static void
a_damaged_event_fails_a_read_and_no_write(void **state)
{
	struct replica *replica = *state;
	struct txn *txn = replica_begin(replica, true);
	struct event event;
	struct key key;

	put(txn, 1, "하나");
	tables_number_key(1, &key);
	replica_flip(replica, TABLE_EVENTS, &key, 80);
	put(txn, 1, "둘");
	assert_int_equal(kv_failed(txn->kv), ERR_OK);
	assert_true(events_next(txn, 1, &event));
	assert_false(events_next(txn, 0, &event));
	assert_int_equal(kv_failed(txn->kv), ERR_CORRUPT);
	assert_non_null(strstr(err_text(), "events"));
	replica_abort(replica);
}

/* Rows whose checksum is right and that make no sense: a size below the fixed
 * one, a space longer than the row, and one longer than any space. */
static void
a_row_that_is_no_event_fails_a_read_and_no_write(void **state)
{
	static const struct {
		size_t n;
		uint8_t space_n;
	} bad[] = {{0, 0}, {58, 0}, {59, 1}, {90, 32}, {59 + 255, 255}};
	struct replica *replica = *state;

	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		struct txn *txn = replica_begin(replica, true);
		uint8_t row[59 + 255] = {EVENT_PUSH_REFUSED};
		struct event event;
		struct key key;

		row[58] = bad[i].space_n;
		tables_number_key(1, &key);
		txn_put(txn, TABLE_EVENTS, &key, bytes_of(row, bad[i].n));
		put(txn, 1, "하나");
		assert_int_equal(kv_failed(txn->kv), ERR_OK);
		assert_true(events_next(txn, 1, &event));
		assert_int_equal(event.number, 2);
		assert_false(events_next(txn, 0, &event));
		assert_int_equal(kv_failed(txn->kv), ERR_CORRUPT);
		assert_non_null(strstr(err_text(), "size"));
		replica_abort(replica);
	}
}

/* Not even room for a checksum, and a key that is no number. */
static void
a_row_of_nothing_stops_no_write(void **state)
{
	struct replica *replica = *state;
	struct txn *txn = replica_begin(replica, true);
	struct event event;
	struct key key;

	tables_number_key(1, &key);
	kv_put(txn->kv, TABLE_EVENTS, tables_key(&key), bytes_text("x"));
	put(txn, 1, "하나");
	assert_int_equal(kv_failed(txn->kv), ERR_OK);
	assert_true(events_next(txn, 1, &event));
	assert_int_equal(event.number, 2);
	key = (struct key){0};
	tables_key_add(&key, bytes_text("\1"));
	txn_put(txn, TABLE_EVENTS, &key, (struct bytes){0});
	put(txn, 1, "둘");
	assert_int_equal(kv_failed(txn->kv), ERR_OK);
	assert_true(events_next(txn, 2, &event));
	assert_true(bytes_is(event.text, "둘"));
	assert_false(events_next(txn, 3, &event));
	assert_int_equal(kv_failed(txn->kv), ERR_CORRUPT);
	replica_abort(replica);
}

static void
each_kind_has_a_word_of_its_own(void **state)
{
	(void)state;
	for (int i = 1; i < EVENT_KINDS; i++) {
		const char *word = events_kind_text((enum event_kind)i);

		assert_string_not_equal(word, "unknown");
		for (int k = 1; k < i; k++)
			assert_string_not_equal(
			    word, events_kind_text((enum event_kind)k));
	}
	/* Of a newer program. */
	assert_string_equal(events_kind_text(EVENT_KINDS), "unknown");
	assert_string_equal(events_kind_text((enum event_kind)200), "unknown");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
		there_are_none_at_first, replica_make, replica_remove),
	    cmocka_unit_test_setup_teardown(
		an_event_comes_back_as_it_was, replica_make, replica_remove),
	    cmocka_unit_test_setup_teardown(
		the_same_again_is_counted_and_comes_last, replica_make,
		replica_remove),
	    cmocka_unit_test_setup_teardown(
		a_peer_has_a_share_and_strangers_one_together, replica_make,
		replica_remove),
	    cmocka_unit_test_setup_teardown(
		beyond_the_limit_the_oldest_go, replica_make, replica_remove),
	    cmocka_unit_test_setup_teardown(
		a_long_text_is_cut_between_characters, replica_make,
		replica_remove),
	    cmocka_unit_test_setup_teardown(
		a_damaged_event_fails_a_read_and_no_write, replica_make,
		replica_remove),
	    cmocka_unit_test_setup_teardown(
		a_row_that_is_no_event_fails_a_read_and_no_write, replica_make,
		replica_remove),
	    cmocka_unit_test_setup_teardown(
		a_row_of_nothing_stops_no_write, replica_make, replica_remove),
	    cmocka_unit_test(each_kind_has_a_word_of_its_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
