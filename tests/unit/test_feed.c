/*
 * Promises of core/feed.h.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/feed.h"
#include "tests/lib/replica.h"

static const struct feed_entry some = {
    .space = {3}, .log = {4}, .seq = UINT64_C(1) << 33, .kind = DELTA_CHANGE};

static void
an_empty_feed_has_no_last_and_no_next(void **state)
{
	struct replica *replica = *state;
	struct txn *txn = replica_begin(replica, false);
	struct feed_entry entry;

	assert_int_equal(feed_last(txn), 0);
	assert_false(feed_next(txn, 0, &entry));
	assert_false(feed_next(txn, UINT64_MAX, &entry));
	replica_commit(replica);
}

static void
numbers_rise_by_one_over_transactions(void **state)
{
	struct replica *replica = *state;
	struct txn *txn = replica_begin(replica, true);
	struct feed_entry entry;

	for (int i = 0; i < 3; i++) {
		feed_put(txn, some);
		feed_put(txn, some);
		assert_int_equal(feed_last(txn), 2 * i + 2);
		txn = replica_reopen(replica);
	}
	assert_int_equal(feed_last(txn), 6);
	for (uint64_t number = 0; number < 6; number++) {
		assert_true(feed_next(txn, number, &entry));
		assert_int_equal(entry.number, number + 1);
	}
	assert_false(feed_next(txn, 6, &entry));
	replica_commit(replica);
}

static void
a_transaction_that_failed_uses_no_numbers(void **state)
{
	struct replica *replica = *state;
	struct txn *txn = replica_begin(replica, true);

	feed_put(txn, some);
	replica_abort(replica);
	txn = replica_begin(replica, true);
	feed_put(txn, some);
	assert_int_equal(feed_last(txn), 1);
	replica_commit(replica);
}

static void
entries_come_back_as_they_were(void **state)
{
	struct replica *replica = *state;
	struct txn *txn = replica_begin(replica, true);
	struct feed_entry status = {
	    .space = {1}, .log = {2}, .seq = 9, .kind = FEED_STATUS};
	struct feed_entry entry;

	feed_put(txn, some);
	feed_put(txn, status);
	assert_true(feed_next(txn, 0, &entry));
	assert_int_equal(entry.space.v, some.space.v);
	assert_int_equal(entry.log.v, some.log.v);
	assert_true(entry.seq == some.seq);
	assert_int_equal(entry.kind, some.kind);
	assert_true(feed_next(txn, 1, &entry));
	assert_int_equal(entry.kind, FEED_STATUS);
	replica_commit(replica);
}

static void
a_damaged_entry_is_a_failure_and_no_end(void **state)
{
	struct replica *replica = *state;
	struct txn *txn = replica_begin(replica, true);
	struct feed_entry entry;
	struct key key;

	feed_put(txn, some);
	tables_number_key(1, &key);
	replica_flip(replica, TABLE_FEED, &key, 80);
	assert_false(feed_next(txn, 0, &entry));
	assert_int_equal(kv_failed(txn->kv), ERR_CORRUPT);
	assert_non_null(strstr(err_text(), "feed"));
	replica_abort(replica);
}

/* One more row, of a key of `key_n` and a content of `n` bytes; gives what it
 * takes to read it, and to append behind it. */
static void
row_read(struct replica *replica, size_t key_n, size_t n, enum err said[2])
{
	static const uint8_t content[32];
	struct key key = {0};

	for (int i = 0; i < 2; i++) {
		struct txn *txn = replica_begin(replica, true);
		struct feed_entry entry;
		bool right;
		uint8_t number[9] = {0, 0, 0, 0, 0, 0, 0, 9};

		key.n = 0;
		tables_key_add(&key, bytes_of(number, key_n));
		txn_put(txn, TABLE_FEED, &key, bytes_of(content, n));
		if (i == 0)
			right = feed_next(txn, 5, &entry);
		else
			right = feed_last(txn) == 9;
		said[i] = kv_failed(txn->kv);
		assert_int_equal(right, said[i] == ERR_OK);
		replica_abort(replica);
	}
}

static void
a_row_of_another_size_is_no_entry(void **state)
{
	enum { ROW = 4 + 4 + 8 + 1 };
	enum err said[2];

	row_read(*state, 8, ROW, said);
	assert_int_equal(said[0], ERR_OK);
	assert_int_equal(said[1], ERR_OK);
	for (size_t n = 0; n <= ROW + 1; n += n == 0 ? ROW - 1 : 2) {
		row_read(*state, 8, n, said);
		assert_int_equal(said[0], ERR_CORRUPT);
		assert_non_null(strstr(err_text(), "feed"));
		/* Its number says where to go on. */
		assert_int_equal(said[1], ERR_OK);
	}
	row_read(*state, 9, ROW, said);
	assert_int_equal(said[0], ERR_CORRUPT);
	assert_int_equal(said[1], ERR_CORRUPT);
	assert_non_null(strstr(err_text(), "its key is no number"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
		an_empty_feed_has_no_last_and_no_next, replica_make,
		replica_remove),
	    cmocka_unit_test_setup_teardown(
		numbers_rise_by_one_over_transactions, replica_make,
		replica_remove),
	    cmocka_unit_test_setup_teardown(
		a_transaction_that_failed_uses_no_numbers, replica_make,
		replica_remove),
	    cmocka_unit_test_setup_teardown(
		entries_come_back_as_they_were, replica_make, replica_remove),
	    cmocka_unit_test_setup_teardown(
		a_damaged_entry_is_a_failure_and_no_end, replica_make,
		replica_remove),
	    cmocka_unit_test_setup_teardown(a_row_of_another_size_is_no_entry,
		replica_make, replica_remove),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
