/*
 * Promises of core/oplog.h, but for bodies (test_oplog_bodies.c), trees and
 * heads (test_tree.c).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/oplog.h"
#include "tests/lib/replica.h"

static struct log *
log_of(struct txn *txn, unsigned number)
{
	struct log_name name;
	struct log *log;

	replica_name(number, "d03/c017/case", &name);
	assert_int_equal(oplog_open(txn, &name, &log), ERR_OK);
	return log;
}

/* Appends `header` without bodies; was it taken as opaque? */
static bool
append_is_opaque(struct txn *txn, struct log *log, struct bytes header)
{
	struct delta delta;
	struct hash leaf;
	struct hash expected;

	assert_int_equal(
	    oplog_append(txn, log, &(struct oplog_entry){.header = header},
		&delta, &leaf),
	    ERR_OK);
	merkle_leaf(header, &expected);
	assert_memory_equal(leaf.b, expected.b, 32);
	if (delta.opaque) {
		assert_int_equal(delta.changes_n, 0);
		assert_int_equal(delta.refs_n, 0);
	}
	assert_int_equal(delta.seq, log->frontier.size - 1);
	assert_memory_equal(delta.origin.b, log->origin.b, 32);
	return delta.opaque;
}

static bool
append_made_is_opaque(
    struct txn *txn, struct log *log, uint64_t seq, uint64_t stamp)
{
	struct buf header = {0};
	bool opaque;

	replica_header(log, seq, stamp, 1, &header);
	opaque = append_is_opaque(txn, log, buf_bytes(&header));
	buf_fini(&header);
	return opaque;
}

static void
deltas_come_back_as_they_were_appended(void **state)
{
	struct replica *replica = *state;
	struct txn *txn = replica_begin(replica, true);
	struct log *log = log_of(txn, 1);
	struct stored_delta stored;
	struct delta delta;
	struct buf header = {0};

	for (uint64_t seq = 0; seq < 20; seq++)
		assert_false(append_made_is_opaque(txn, log, seq, 1000 + seq));
	txn = replica_reopen(replica);
	log = log_of(txn, 1);
	assert_int_equal(log->frontier.size, 20);
	assert_int_equal(log->last.v, 1019);
	for (uint64_t seq = 0; seq < 20; seq++) {
		buf_cut(&header, 0);
		replica_header(log, seq, 1000 + seq, 1, &header);
		assert_int_equal(oplog_get(txn, log, seq, &stored), ERR_OK);
		assert_true(bytes_equal(stored.header, buf_bytes(&header)));
		assert_int_equal(stored.bodies.n, 0);
		assert_int_equal(stored.seq, seq);
		assert_false(stored.opaque);
		oplog_decode(&stored, &txn->arena, &delta);
		assert_int_equal(delta.seq, seq);
		assert_int_equal(delta.stamp.v, 1000 + seq);
		assert_int_equal(
		    delta.kind, seq == 0 ? DELTA_OPEN : DELTA_CHANGE);
	}
	assert_int_equal(oplog_get(txn, log, 20, &stored), ERR_NOT_FOUND);
	assert_int_equal(kv_failed(txn->kv), ERR_OK);
	buf_fini(&header);
	replica_commit(replica);
}

static void
a_header_that_cannot_be_read_is_kept_as_opaque(void **state)
{
	static const char *const wrong[] = {"", "x", "\x80", "골목"};
	struct replica *replica = *state;
	struct txn *txn = replica_begin(replica, true);
	struct log *log = log_of(txn, 1);
	struct stored_delta stored;
	struct delta delta;

	for (size_t i = 0; i < COUNT_OF(wrong); i++) {
		assert_true(append_is_opaque(txn, log, bytes_text(wrong[i])));
		assert_int_equal(oplog_get(txn, log, i, &stored), ERR_OK);
		assert_true(stored.opaque);
		assert_true(bytes_is(stored.header, wrong[i]));
		oplog_decode(&stored, &txn->arena, &delta);
		assert_true(delta.opaque);
		assert_int_equal(delta.seq, i);
		assert_memory_equal(delta.origin.b, log->origin.b, 32);
	}
	assert_int_equal(log->last.v, 0);
	replica_commit(replica);
}

static void
a_header_at_a_wrong_place_is_opaque(void **state)
{
	struct replica *replica = *state;
	struct txn *txn = replica_begin(replica, true);
	struct log *log = log_of(txn, 1);

	assert_false(append_made_is_opaque(txn, log, 0, 10));
	assert_true(append_made_is_opaque(txn, log, 2, 11));
	assert_true(append_made_is_opaque(txn, log, 1, 12));
	assert_false(append_made_is_opaque(txn, log, 3, 13));
	replica_commit(replica);
}

static void
a_header_of_another_log_is_opaque(void **state)
{
	struct replica *replica = *state;
	struct txn *txn = replica_begin(replica, true);
	struct log *log = log_of(txn, 1);
	struct log *other = log_of(txn, 2);
	struct buf header = {0};

	assert_false(append_made_is_opaque(txn, log, 0, 10));
	replica_header(other, 1, 11, 0, &header);
	assert_true(append_is_opaque(txn, log, buf_bytes(&header)));
	buf_fini(&header);
	replica_commit(replica);
}

static void
a_stamp_must_rise_above_that_of_the_newest_with_meaning(void **state)
{
	struct replica *replica = *state;
	struct txn *txn = replica_begin(replica, true);
	struct log *log = log_of(txn, 1);

	assert_false(append_made_is_opaque(txn, log, 0, 0));
	assert_true(append_made_is_opaque(txn, log, 1, 0));
	assert_false(append_made_is_opaque(txn, log, 2, 50));
	assert_true(append_made_is_opaque(txn, log, 3, 50));
	assert_true(append_made_is_opaque(txn, log, 4, 49));
	/* At a wrong place, with a stamp that must not count. */
	assert_true(append_made_is_opaque(txn, log, 9, 1000));
	assert_int_equal(log->last.v, 50);
	assert_false(append_made_is_opaque(txn, log, 6, 51));
	replica_commit(replica);
}

static void
the_first_delta_is_an_open_and_no_other(void **state)
{
	struct replica *replica = *state;
	struct txn *txn = replica_begin(replica, true);
	struct log *log = log_of(txn, 1);
	struct delta change = {.format = DELTA_FORMAT,
	    .kind = DELTA_CHANGE,
	    .stamp.v = 5,
	    .origin = log->origin,
	    .changes_n = 1,
	    .changes = &(struct delta_change){.classes = 0}};
	struct delta open = {.format = DELTA_FORMAT,
	    .kind = DELTA_OPEN,
	    .seq = 1,
	    .stamp.v = 6,
	    .origin = log->origin};
	struct buf header = {0};

	assert_int_equal(delta_encode(&change, &header), ERR_OK);
	assert_true(append_is_opaque(txn, log, buf_bytes(&header)));
	buf_cut(&header, 0);
	assert_int_equal(delta_encode(&open, &header), ERR_OK);
	assert_true(append_is_opaque(txn, log, buf_bytes(&header)));
	buf_fini(&header);
	replica_commit(replica);
}

static void
the_grant_of_an_open_is_remembered(void **state)
{
	struct replica *replica = *state;
	struct txn *txn = replica_begin(replica, true);
	struct log *log = log_of(txn, 1);
	struct ref grant = {.log = {{3}}, .seq = 44, .leaf = {1, 2, 3}};
	struct delta open = {.format = DELTA_FORMAT,
	    .kind = DELTA_OPEN,
	    .stamp.v = 6,
	    .origin = log->origin,
	    .refs_n = 1,
	    .refs = &grant,
	    .open = {.has_grant = true}};
	struct buf header = {0};

	assert_false(log->has_grant);
	assert_int_equal(delta_encode(&open, &header), ERR_OK);
	assert_false(append_is_opaque(txn, log, buf_bytes(&header)));
	log->rights = 8;
	txn = replica_reopen(replica);
	log = log_of(txn, 1);
	assert_true(log->has_grant);
	assert_int_equal(log->rights, 8);
	assert_int_equal(id_ref_compare(&log->grant, &grant), 0);
	buf_fini(&header);
	replica_commit(replica);
}

static void
a_flipped_bit_of_a_stored_delta_is_found(void **state)
{
	struct replica *replica = *state;
	struct txn *txn;
	struct log *log;
	struct stored_delta stored;
	struct key key;

	for (size_t bit = 0; bit < 8 * 60; bit += 7) {
		txn = replica_begin(replica, true);
		log = log_of(txn, 1);
		assert_false(append_made_is_opaque(txn, log, 0, 10));
		tables_delta_key(log->space->no, log->no, 0, &key);
		replica_flip(replica, TABLE_DELTAS, &key, bit);
		assert_int_equal(oplog_get(txn, log, 0, &stored), ERR_CORRUPT);
		assert_non_null(strstr(err_text(), "deltas"));
		assert_int_equal(txn_commit(txn), ERR_CORRUPT);
	}
}

static void
a_delta_row_with_a_right_checksum_is_still_read_within_bounds(void **state)
{
	struct replica *replica = *state;
	struct txn *txn = replica_begin(replica, true);
	struct log *log = log_of(txn, 1);
	struct stored_body body = {
	    .form = BODY_OPEN, .sealed = bytes_text("s")};
	struct oplog_entry entry = {.bodies = &body, .bodies_n = 1};
	struct stored_delta stored;
	struct delta delta;
	struct hash leaf;
	struct buf header = {0};
	struct buf row = {0};
	struct bytes content;
	struct key key;
	size_t cuts[2];

	replica_header(log, 0, 1, 0, &header);
	entry.header = buf_bytes(&header);
	assert_int_equal(oplog_append(txn, log, &entry, &delta, &leaf), ERR_OK);
	txn = replica_reopen(replica);
	log = log_of(txn, 1);
	tables_delta_key(log->space->no, log->no, 0, &key);
	assert_true(txn_find(txn, TABLE_DELTAS, &key, &content));
	buf_add(&row, content);
	replica_commit(replica);
	/* Without its body, and whole, it is a row. */
	cuts[0] = 5 + header.n;
	cuts[1] = row.n;
	for (size_t n = 0; n <= row.n; n++) {
		bool fine = n == cuts[0] || n == cuts[1];

		txn = replica_begin(replica, true);
		log = log_of(txn, 1);
		txn_put(txn, TABLE_DELTAS, &key, bytes_of(row.p, n));
		assert_int_equal(oplog_get(txn, log, 0, &stored),
		    fine ? ERR_OK : ERR_CORRUPT);
		replica_abort(replica);
	}
	buf_fini(&row);
	buf_fini(&header);
}

static void
a_flipped_bit_of_a_log_row_is_found(void **state)
{
	struct replica *replica = *state;
	struct txn *txn = replica_begin(replica, true);
	struct log *log = log_of(txn, 1);
	struct space_state *space;
	struct log_id id = log->id;
	struct log_name name = log->name;
	struct key key;

	assert_false(append_made_is_opaque(txn, log, 0, 10));
	tables_log_key(log->space->no, &log->id, &key);
	replica_commit(replica);
	for (size_t bit = 0; bit < 8 * 100; bit += 13) {
		txn = replica_begin(replica, true);
		replica_flip(replica, TABLE_LOGS, &key, bit);
		space = space_find(txn, &name.space);
		assert_null(oplog_find(txn, space, &id));
		assert_non_null(strstr(err_text(), "logs"));
		assert_int_equal(oplog_open(txn, &name, &log), ERR_CORRUPT);
		assert_int_equal(txn_commit(txn), ERR_CORRUPT);
	}
}

/* A copy with a right checksum, where nobody puts one. */
static void
copy(struct txn *txn, enum table table, const struct key *from,
    const struct key *to)
{
	struct bytes content;
	struct buf kept = {0};

	assert_true(txn_find(txn, table, from, &content));
	buf_add(&kept, content);
	txn_put(txn, table, to, buf_bytes(&kept));
	buf_fini(&kept);
}

static void
two_spaces_of_one_number_are_damage(void **state)
{
	struct replica *replica = *state;
	struct txn *txn = replica_begin(replica, true);
	struct log *log = log_of(txn, 1);
	struct key from = {.n = 0};
	struct key to = {.n = 0};
	struct space name = log->name.space;
	struct space twin;

	assert_int_equal(id_space(bytes_text("d03/other"), &twin), ERR_OK);
	assert_false(append_made_is_opaque(txn, log, 0, 10));
	txn = replica_reopen(replica);
	tables_key_add(&from, bytes_text(name.text));
	tables_key_add(&to, bytes_text(twin.text));
	copy(txn, TABLE_SPACES, &from, &to);
	txn = replica_reopen(replica);
	assert_non_null(space_find(txn, &name));
	assert_null(space_find(txn, &twin));
	assert_int_equal(kv_failed(txn->kv), ERR_CORRUPT);
	assert_non_null(strstr(err_text(), "has its number"));
	replica_abort(replica);
}

static void
five_hundred_logs_fit_one_transaction_and_come_back(void **state)
{
	enum { LOGS = 500 };
	static struct log_no nos[LOGS + 1];
	struct replica *replica = *state;
	struct txn *txn = replica_begin(replica, true);
	struct log **all;
	struct log *log;
	size_t n;

	for (unsigned i = 1; i <= LOGS; i++) {
		log = log_of(txn, i);
		nos[i] = log->no;
		assert_false(append_made_is_opaque(txn, log, 0, i));
	}
	for (unsigned i = 1; i <= LOGS; i++) {
		log = log_of(txn, i);
		assert_int_equal(log->no.v, nos[i].v);
		assert_false(append_made_is_opaque(txn, log, 1, 1000 + i));
	}
	txn = replica_reopen(replica);
	for (unsigned i = LOGS; i >= 1; i--) {
		assert_int_equal(oplog_by_no(txn, nos[i], &log), ERR_OK);
		assert_int_equal(bytes_be32(log->name.incarnation.b), i);
		assert_int_equal(log->frontier.size, 2);
		assert_int_equal(log->last.v, 1000 + i);
		assert_ptr_equal(log_of(txn, i), log);
	}
	assert_int_equal(oplog_all(txn, log->space, &all, &n), ERR_OK);
	assert_int_equal(n, LOGS);
	for (size_t i = 1; i < n; i++)
		assert_true(memcmp(all[i - 1]->id.b, all[i]->id.b, 16) < 0);
	assert_int_equal(
	    oplog_by_no(txn, (struct log_no){9999}, &log), ERR_CORRUPT);
	replica_abort(replica);
}

static void
all_logs_of_a_space_are_those_of_no_other(void **state)
{
	struct replica *replica = *state;
	struct txn *txn = replica_begin(replica, true);
	struct log_name name;
	struct log **all;
	struct log *here;
	struct log *there;
	size_t n;

	replica_name(1, "d03/a", &name);
	assert_int_equal(oplog_open(txn, &name, &here), ERR_OK);
	replica_name(1, "d03/b", &name);
	assert_int_equal(oplog_open(txn, &name, &there), ERR_OK);
	assert_int_equal(oplog_all(txn, here->space, &all, &n), ERR_OK);
	assert_int_equal(n, 1);
	assert_ptr_equal(all[0], here);
	assert_null(oplog_find(txn, here->space, &there->id));
	assert_ptr_equal(oplog_find(txn, there->space, &there->id), there);
	replica_commit(replica);
}

static void
interleaved_logs_keep_their_order(void **state)
{
	struct replica *replica = *state;
	struct txn *txn = replica_begin(replica, true);
	struct stored_delta stored;
	struct delta delta;
	struct log *log;

	for (uint64_t seq = 0; seq < 10; seq++)
		for (unsigned i = 5; i >= 1; i--)
			assert_false(append_made_is_opaque(
			    txn, log_of(txn, i), seq, 100 * i + seq));
	txn = replica_reopen(replica);
	for (unsigned i = 1; i <= 5; i++) {
		log = log_of(txn, i);
		assert_int_equal(log->frontier.size, 10);
		for (uint64_t seq = 0; seq < 10; seq++) {
			assert_int_equal(
			    oplog_get(txn, log, seq, &stored), ERR_OK);
			oplog_decode(&stored, &txn->arena, &delta);
			assert_int_equal(delta.stamp.v, 100 * i + seq);
		}
	}
	replica_commit(replica);
}

static void
a_reference_is_held_only_if_log_place_and_leaf_match(void **state)
{
	struct replica *replica = *state;
	struct txn *txn = replica_begin(replica, true);
	struct log *log = log_of(txn, 1);
	struct buf header = {0};
	struct hash leaf;
	struct ref ref = {.log = log->id, .seq = 1};

	assert_false(append_made_is_opaque(txn, log, 0, 1));
	replica_header(log, 1, 2, 1, &header);
	assert_false(append_is_opaque(txn, log, buf_bytes(&header)));
	merkle_leaf(buf_bytes(&header), &leaf);
	memcpy(ref.leaf, leaf.b, sizeof(ref.leaf));
	assert_true(oplog_holds(txn, log->space, &ref));
	ref.seq = 0;
	assert_false(oplog_holds(txn, log->space, &ref));
	ref.seq = 2;
	assert_false(oplog_holds(txn, log->space, &ref));
	ref.seq = 1;
	ref.leaf[7] ^= 1;
	assert_false(oplog_holds(txn, log->space, &ref));
	ref.leaf[7] ^= 1;
	ref.log.b[0] ^= 1;
	assert_false(oplog_holds(txn, log->space, &ref));
	assert_int_equal(kv_failed(txn->kv), ERR_OK);
	buf_fini(&header);
	replica_commit(replica);
}

#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, replica_make, replica_remove)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(deltas_come_back_as_they_were_appended),
	    TEST(a_header_that_cannot_be_read_is_kept_as_opaque),
	    TEST(a_header_at_a_wrong_place_is_opaque),
	    TEST(a_header_of_another_log_is_opaque),
	    TEST(a_stamp_must_rise_above_that_of_the_newest_with_meaning),
	    TEST(the_first_delta_is_an_open_and_no_other),
	    TEST(the_grant_of_an_open_is_remembered),
	    TEST(a_flipped_bit_of_a_stored_delta_is_found),
	    TEST(a_delta_row_with_a_right_checksum_is_still_read_within_bounds),
	    TEST(a_flipped_bit_of_a_log_row_is_found),
	    TEST(two_spaces_of_one_number_are_damage),
	    TEST(five_hundred_logs_fit_one_transaction_and_come_back),
	    TEST(all_logs_of_a_space_are_those_of_no_other),
	    TEST(interleaved_logs_keep_their_order),
	    TEST(a_reference_is_held_only_if_log_place_and_leaf_match),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
