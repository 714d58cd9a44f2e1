/*
 * Promises of core/clock.h: rows of peers that are damaged, and what a file
 * says against what is believed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/clock.h"
#include "tests/lib/replica.h"

static const struct sign_key peer = {{7}};

static struct msg_entry
entry_of(uint8_t log, uint64_t size, uint64_t held)
{
	struct msg_entry entry = {.size = size, .held = held};

	memset(entry.log.b, log, sizeof(entry.log.b));
	return entry;
}

static void
believe(struct txn *txn, const struct sign_key *who, uint8_t log, uint64_t size,
    uint64_t told)
{
	struct msg_entry has = entry_of(log, size, size);
	struct msg_entry knows = entry_of(log, told, told);

	clock_believe(txn, who, &has, &knows);
}

static void
row_key(const struct sign_key *who, uint8_t log, struct key *key)
{
	struct msg_entry entry = entry_of(log, 0, 0);

	*key = (struct key){0};
	tables_key_add(key, bytes_of(who->b, sizeof(who->b)));
	tables_key_add(key, bytes_of(entry.log.b, sizeof(entry.log.b)));
}

/* What `who` is believed to have of `log`; 0: of none. */
static uint64_t
size_of(struct txn *txn, const struct sign_key *who, uint8_t log)
{
	struct clock_list list;

	assert_int_equal(clock_beliefs(txn, who, &txn->arena, &list), ERR_OK);
	for (size_t i = 0; i < list.n; i++) {
		if (list.entries[i].log.b[0] == log)
			return list.entries[i].size;
	}
	return 0;
}

static void
beliefs_come_back_by_peer_and_by_log(void **state)
{
	const struct sign_key other = {{8}};
	struct replica *replica = *state;
	struct txn *txn = replica_begin(replica, true);
	struct clock_list list;

	believe(txn, &peer, 3, 9, 9);
	believe(txn, &peer, 1, 5, 0);
	believe(txn, &peer, 2, 0, 4);
	believe(txn, &other, 1, 6, 7);
	clock_met(txn, &peer, 1000);
	txn = replica_reopen(replica);
	assert_int_equal(clock_beliefs(txn, &peer, &txn->arena, &list), ERR_OK);
	assert_int_equal(list.n, 2);
	assert_int_equal(list.entries[0].size, 5);
	assert_int_equal(list.entries[1].size, 9);
	assert_int_equal(clock_told(txn, &peer, &txn->arena, &list), ERR_OK);
	assert_int_equal(list.n, 2);
	assert_int_equal(list.entries[0].size, 4);
	assert_int_equal(list.entries[1].size, 9);
	believe(txn, &peer, 3, 0, 0);
	assert_int_equal(size_of(txn, &peer, 3), 0);
	clock_forget(txn, &peer);
	assert_int_equal(clock_beliefs(txn, &peer, &txn->arena, &list), ERR_OK);
	assert_int_equal(list.n, 0);
	assert_int_equal(size_of(txn, &other, 1), 6);
	replica_commit(replica);
}

/* A row of any other size than its own has a sound checksum, and still says
 * nothing. */
static void
a_row_of_a_wrong_size_is_no_belief(void **state)
{
	static const uint8_t zeros[400];
	struct replica *replica = *state;
	struct txn *txn = replica_begin(replica, true);
	struct clock_list list;
	struct bytes right;
	struct key key;
	size_t size;

	believe(txn, &peer, 1, 5, 5);
	row_key(&peer, 1, &key);
	assert_true(txn_find(txn, TABLE_PEERS, &key, &right));
	size = right.n;
	assert_true(2 * size + 1 <= sizeof(zeros));
	for (size_t n = 0; n <= 2 * size + 1; n++) {
		enum err e = n == size || n == 2 * size ? ERR_OK : ERR_CORRUPT;

		txn_put(txn, TABLE_PEERS, &key, bytes_of(zeros, n));
		assert_int_equal(
		    clock_beliefs(txn, &peer, &txn->arena, &list), e);
		assert_int_equal(clock_told(txn, &peer, &txn->arena, &list), e);
	}
	replica_abort(replica);
}

static void
a_flipped_bit_in_a_row_is_told(void **state)
{
	struct replica *replica = *state;
	struct txn *txn = replica_begin(replica, true);
	struct clock_list list;
	struct key key;

	believe(txn, &peer, 1, 5, 5);
	row_key(&peer, 1, &key);
	replica_flip(replica, TABLE_PEERS, &key, 100);
	assert_int_equal(
	    clock_beliefs(txn, &peer, &txn->arena, &list), ERR_CORRUPT);
	assert_int_equal(list.n, 0);
	replica_abort(replica);
}

static bool
hear(struct txn *txn, struct msg_entry *entries, size_t n, uint64_t date_ms)
{
	struct clock_said said = {.list = {.entries = entries, .n = n},
	    .date_ms = date_ms,
	    .now_ms = 5000};
	bool news;

	assert_int_equal(clock_hear(txn, &peer, &said, &news), ERR_OK);
	return news;
}

static void
a_file_older_than_the_meeting_only_adds(void **state)
{
	struct replica *replica = *state;
	struct txn *txn = replica_begin(replica, true);
	struct msg_entry says[] = {
	    entry_of(1, 4, 9), entry_of(2, 7, 7), entry_of(3, 6, 4)};

	believe(txn, &peer, 1, 5, 5);
	believe(txn, &peer, 2, 5, 5);
	believe(txn, &peer, 3, 5, 5);
	believe(txn, &peer, 4, 5, 5);
	clock_met(txn, &peer, 2000);
	assert_true(hear(txn, says, COUNT_OF(says), 1500));
	assert_int_equal(size_of(txn, &peer, 1), 5);
	assert_int_equal(size_of(txn, &peer, 2), 7);
	assert_int_equal(size_of(txn, &peer, 3), 5);
	assert_int_equal(size_of(txn, &peer, 4), 5);
	assert_false(hear(txn, says, COUNT_OF(says), 1500));
	assert_false(hear(txn, says, COUNT_OF(says), 1499));
	/* Newer than the meeting: it stands in the place of all. */
	assert_true(hear(txn, says, COUNT_OF(says), 2001));
	assert_int_equal(size_of(txn, &peer, 1), 4);
	assert_int_equal(size_of(txn, &peer, 4), 0);
	replica_commit(replica);
}

/* What is believed cannot be read: what the file says is worth more. */
static void
a_file_speaks_over_a_row_of_a_wrong_size(void **state)
{
	struct replica *replica = *state;
	struct txn *txn = replica_begin(replica, true);
	struct msg_entry says = entry_of(1, 4, 4);
	struct key key;

	clock_met(txn, &peer, 2000);
	row_key(&peer, 1, &key);
	txn_put(txn, TABLE_PEERS, &key, bytes_text("damaged"));
	assert_true(hear(txn, &says, 1, 1500));
	assert_int_equal(size_of(txn, &peer, 1), 4);
	replica_commit(replica);
}

/* A date from the future silences a peer until that day at most. */
static void
a_date_of_the_future_counts_as_now(void **state)
{
	struct replica *replica = *state;
	struct txn *txn = replica_begin(replica, true);
	struct msg_entry says = entry_of(1, 4, 4);
	struct clock_peer *peers;
	size_t n;

	assert_true(hear(txn, &says, 1, UINT64_MAX));
	assert_int_equal(clock_peers(txn, &txn->arena, &peers, &n), ERR_OK);
	assert_int_equal(n, 1);
	assert_int_equal(peers[0].said_ms, 5000);
	says.size = 6;
	assert_true(hear(txn, &says, 1, 5001));
	assert_int_equal(size_of(txn, &peer, 1), 6);
	replica_commit(replica);
}

static void
peers_are_listed_past_their_beliefs(void **state)
{
	struct replica *replica = *state;
	struct txn *txn = replica_begin(replica, true);
	struct clock_spent spent = {.day = 1, .bytes = 2};
	struct clock_peer *peers;
	struct sign_key key = {0};
	size_t n;

	for (unsigned i = 0; i < 20; i++) {
		key.b[0] = (uint8_t)(2 * i);
		if (i != 5)
			clock_met(txn, &key, 1000 + i);
		for (unsigned log = 0; log < i % 4; log++)
			believe(txn, &key, log == 0 ? 255 : (uint8_t)log, 1, 1);
		clock_spent_put(txn, &key, &spent);
	}
	assert_int_equal(clock_peers(txn, &txn->arena, &peers, &n), ERR_OK);
	assert_int_equal(n, 19);
	for (unsigned i = 0; i < n; i++) {
		unsigned who = i < 5 ? i : i + 1;

		assert_int_equal(peers[i].key.b[0], 2 * who);
		assert_int_equal(peers[i].met_ms, 1000 + who);
	}
	replica_commit(replica);
}

static void
a_damaged_row_of_a_peer_is_told_or_passed(void **state)
{
	struct replica *replica = *state;
	struct txn *txn = replica_begin(replica, true);
	struct clock_peer *peers;
	struct key key = {0};
	size_t n;

	clock_met(txn, &peer, 1000);
	clock_met(txn, &(struct sign_key){{9}}, 2000);
	tables_key_add(&key, bytes_of(peer.b, sizeof(peer.b)));
	txn_put(txn, TABLE_PEERS, &key, bytes_text("short"));
	assert_int_equal(clock_peers(txn, &txn->arena, &peers, &n), ERR_OK);
	assert_int_equal(n, 1);
	assert_int_equal(peers[0].met_ms, 2000);
	/* The next meeting mends it. */
	clock_met(txn, &peer, 3000);
	assert_int_equal(clock_peers(txn, &txn->arena, &peers, &n), ERR_OK);
	assert_int_equal(n, 2);
	replica_flip(replica, TABLE_PEERS, &key, 70);
	assert_int_equal(
	    clock_peers(txn, &txn->arena, &peers, &n), ERR_CORRUPT);
	replica_abort(replica);
}

static void
what_was_sent_is_read_whole_or_not_at_all(void **state)
{
	struct replica *replica = *state;
	struct txn *txn = replica_begin(replica, true);
	struct clock_spent spent = {
	    .day = 17000, .bytes = 12345, .noted = true};
	struct clock_spent back;
	struct key key = {0};

	assert_int_equal(clock_spent_get(txn, &peer, &back), ERR_OK);
	assert_int_equal(back.day, 0);
	clock_spent_put(txn, &peer, &spent);
	assert_int_equal(clock_spent_get(txn, &peer, &back), ERR_OK);
	assert_int_equal(back.day, 17000);
	assert_int_equal(back.bytes, 12345);
	assert_true(back.noted);
	tables_key_add(&key, bytes_text("spent"));
	tables_key_add(&key, bytes_of(peer.b, sizeof(peer.b)));
	txn_put(txn, TABLE_PEERS, &key, bytes_text("sixteen bytes..."));
	assert_int_equal(clock_spent_get(txn, &peer, &back), ERR_CORRUPT);
	assert_int_equal(back.bytes, 0);
	clock_spent_put(txn, &peer, &spent);
	replica_flip(replica, TABLE_PEERS, &key, 70);
	assert_int_equal(clock_spent_get(txn, &peer, &back), ERR_CORRUPT);
	replica_abort(replica);
}

#define OF_REPLICA(test) \
	cmocka_unit_test_setup_teardown(test, replica_make, replica_remove)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    OF_REPLICA(beliefs_come_back_by_peer_and_by_log),
	    OF_REPLICA(a_row_of_a_wrong_size_is_no_belief),
	    OF_REPLICA(a_flipped_bit_in_a_row_is_told),
	    OF_REPLICA(a_file_older_than_the_meeting_only_adds),
	    OF_REPLICA(a_file_speaks_over_a_row_of_a_wrong_size),
	    OF_REPLICA(a_date_of_the_future_counts_as_now),
	    OF_REPLICA(peers_are_listed_past_their_beliefs),
	    OF_REPLICA(a_damaged_row_of_a_peer_is_told_or_passed),
	    OF_REPLICA(what_was_sent_is_read_whole_or_not_at_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
