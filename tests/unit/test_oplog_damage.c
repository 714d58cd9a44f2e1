/*
 * Promises of core/oplog.h and core/oplog_make.h about rows whose checksum is
 * right and whose sense is wrong: they are told as damage, never followed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/forks.h"
#include "core/oplog_body.h"
#include "core/oplog_make.h"
#include "core/oplog_row.h"
#include "tests/lib/replica.h"

enum { HELD = 11 };

static struct log *
log_of(struct txn *txn, unsigned number)
{
	struct log_name name;
	struct log *log;

	replica_name(number, "d03/c017/case", &name);
	assert_int_equal(oplog_open(txn, &name, &log), ERR_OK);
	return log;
}

/* The log 1 with some deltas, in a writer. */
static struct log *
begin(struct replica *replica)
{
	struct txn *txn = replica_begin(replica, true);
	struct log *log = log_of(txn, 1);
	struct buf header = {0};
	struct delta delta;
	struct hash leaf;

	while (log->frontier.size < HELD) {
		struct oplog_entry entry = {0};
		uint64_t seq = log->frontier.size;

		buf_cut(&header, 0);
		replica_header(log, seq, 1 + seq, 0, &header);
		entry.header = buf_bytes(&header);
		assert_int_equal(
		    oplog_append(txn, log, &entry, &delta, &leaf), ERR_OK);
	}
	buf_fini(&header);
	return log;
}

/* ---- the row of a log --------------------------------------------------- */

/* Is `row` one of a log of the space of `log`? */
static bool
reads(struct replica *replica, const struct log *log, struct bytes row)
{
	struct log read = {.space = log->space};

	return oplog_row_log(row, &replica->txn.arena, &read);
}

/* A log whose row has all that there may be. */
static struct log
full(const struct log *log, struct merkle_proof *proof)
{
	struct log all = *log;

	*proof = (struct merkle_proof){.n = 3};
	all.has_head = true;
	all.head_size = HELD + 5;
	all.ahead = proof;
	all.has_grant = true;
	all.forked = true;
	all.id.b[0] ^= 1;
	return all;
}

static void
a_row_of_a_log_is_whole_or_none(void **state)
{
	struct replica *replica = *state;
	struct log *log = begin(replica);
	struct merkle_proof proof;
	struct log all = full(log, &proof);
	struct buf row = {0};

	oplog_row_from_log(&all, &row);
	buf_add_u8(&row, 0);
	for (size_t n = 0; n <= row.n; n++)
		assert_int_equal(
		    reads(replica, log, bytes_of(row.p, n)), n == row.n - 1);
	buf_fini(&row);
	replica_abort(replica);
}

static void
a_row_of_a_branch_of_itself_is_none(void **state)
{
	struct replica *replica = *state;
	struct log *log = begin(replica);
	struct merkle_proof proof;
	struct log all = full(log, &proof);
	struct log read = {.space = log->space, .id = all.id};
	struct arena *arena = &replica->txn.arena;
	struct buf row = {0};

	oplog_row_from_log(&all, &row);
	assert_true(oplog_row_log(buf_bytes(&row), arena, &read));
	read = (struct log){.space = log->space, .id = all.trunk};
	assert_false(oplog_row_log(buf_bytes(&row), arena, &read));
	buf_fini(&row);
	replica_abort(replica);
}

/* What each makes wrong; the first makes nothing wrong. */
static void
row_change(struct log *log, int which)
{
	switch (which) {
	case 0:
		break;
	case 1:
		log->no.v = 0;
		break;
	case 2:
		log->held = HELD + 1;
		break;
	case 3:
		log->open[CLASS_F] = HELD + 1;
		break;
	case 4:
		log->wrapped = log->held + 1;
		break;
	case 5:
		log->kept = log->wrapped + 1;
		break;
	case 6:
		log->packed = HELD + 1;
		break;
	default:
		fail();
	}
}

static void
a_row_that_counts_more_than_there_is_is_none(void **state)
{
	struct replica *replica = *state;
	struct log *log = begin(replica);
	struct buf row = {0};

	for (int which = 0; which < 7; which++) {
		struct log wrong = *log;

		wrong.held = HELD - 1;
		wrong.wrapped = HELD - 2;
		wrong.kept = HELD - 3;
		row_change(&wrong, which);
		buf_cut(&row, 0);
		oplog_row_from_log(&wrong, &row);
		assert_int_equal(
		    reads(replica, log, buf_bytes(&row)), which == 0);
	}
	/* A flag that nobody knows; a proof to a head that there is not. */
	buf_cut(&row, 0);
	oplog_row_from_log(log, &row);
	assert_true(reads(replica, log, buf_bytes(&row)));
	row.p[0] |= 32;
	assert_false(reads(replica, log, buf_bytes(&row)));
	row.p[0] = 2;
	assert_false(reads(replica, log, buf_bytes(&row)));
	buf_fini(&row);
	replica_abort(replica);
}

static void
a_proof_of_more_hashes_than_there_can_be_is_none(void **state)
{
	enum { MORE = MERKLE_PROOF_MAX + 1, HASH = 32 };
	struct replica *replica = *state;
	struct log *log = begin(replica);
	struct merkle_proof proof;
	struct log all = full(log, &proof);
	struct buf row = {0};
	struct buf longer = {0};
	size_t at;

	oplog_row_from_log(&all, &row);
	/* flags, no, city, author, incarnation; tree; stamp, counts; head */
	at = 1 + 4 + 32 + 32 + 8 + 8 + HASH * merkle_frontier_n(HELD) + 8 + 8 +
	     8 * CLASS_COUNT + 8 + 8 + 8 + 32 + 64;
	assert_int_equal(row.p[at], proof.n);
	for (size_t n = MORE - 1; n <= MORE; n++) {
		buf_cut(&longer, 0);
		buf_add(&longer, bytes_of(row.p, at));
		buf_add_u8(&longer, (uint8_t)n);
		for (size_t i = 0; i < n * HASH; i++)
			buf_add_u8(&longer, 1);
		buf_add(&longer,
		    bytes_after(buf_bytes(&row), at + 1 + HASH * proof.n));
		assert_int_equal(
		    reads(replica, log, buf_bytes(&longer)), n < MORE);
	}
	buf_fini(&longer);
	buf_fini(&row);
	replica_abort(replica);
}

/* Stores `log` as the row of the log 1, and reads that in a transaction of its
 * own. */
static enum err
stored(struct replica *replica, const struct log *log, size_t n_max)
{
	struct log_name name = log->name;
	struct buf row = {0};
	struct key key;
	struct log *read;
	struct txn *txn;
	enum err e;

	replica_name(1, "d03/c017/case", &name);
	oplog_row_from_log(log, &row);
	tables_log_key(log->space->no, &log->id, &key);
	replica_commit(replica);
	txn = replica_begin(replica, true);
	txn_put(txn, TABLE_LOGS, &key,
	    bytes_first(buf_bytes(&row), row.n < n_max ? row.n : n_max));
	e = oplog_open(txn, &name, &read);
	assert_int_equal(kv_failed(txn->kv), e);
	replica_abort(replica);
	buf_fini(&row);
	return e;
}

static void
a_log_is_told_by_its_name(void **state)
{
	struct replica *replica = *state;
	struct log *log = begin(replica);
	struct log other = *log;

	assert_int_equal(stored(replica, &other, SIZE_MAX), ERR_OK);
	other = *begin(replica);
	assert_int_equal(stored(replica, &other, 60), ERR_CORRUPT);
	assert_non_null(strstr(err_text(), "its content is wrong"));
	other = *begin(replica);
	other.name.incarnation.b[2] ^= 1;
	assert_int_equal(stored(replica, &other, SIZE_MAX), ERR_CORRUPT);
	assert_non_null(strstr(err_text(), "gives another id"));
}

/* ---- numbers and keys --------------------------------------------------- */

/* The row that leads from the number of `log` to it says `n` bytes of that. */
static enum err
numbered(struct replica *replica, size_t n)
{
	struct log *log = begin(replica);
	struct log_no no = log->no;
	struct txn *txn = &replica->txn;
	uint8_t content[OPLOG_MAKE_NO_SIZE + 1] = {0};
	struct key key;
	enum err e;

	bytes_put_be32(content, log->space->no.v);
	memcpy(content + 4, log->id.b, sizeof(log->id.b));
	tables_log_no_key(no, &key);
	txn_put(txn, TABLE_LOG_NOS, &key, bytes_of(content, n));
	e = oplog_by_no(txn, no, &log);
	assert_int_equal(kv_failed(txn->kv), e);
	assert_int_equal(log != NULL, e == ERR_OK);
	replica_abort(replica);
	return e;
}

static void
a_number_leads_to_a_log_or_is_damage(void **state)
{
	for (size_t n = 0; n <= OPLOG_MAKE_NO_SIZE + 1; n++)
		assert_int_equal(numbered(*state, n),
		    n == OPLOG_MAKE_NO_SIZE ? ERR_OK : ERR_CORRUPT);
}

/* A row of LOG_NOS whose key is `n` bytes of `number`; then one more log. */
static enum err
one_more(struct replica *replica, uint32_t number, size_t n)
{
	struct txn *txn = replica_begin(replica, true);
	struct log_name name;
	struct key key = {0};
	uint8_t b[8] = {0};
	struct log *log;
	enum err e;

	bytes_put_be32(b, number);
	tables_key_add(&key, bytes_of(b, n));
	txn_put(txn, TABLE_LOG_NOS, &key, (struct bytes){0});
	replica_name(2, "d03/c017/case", &name);
	e = oplog_open(txn, &name, &log);
	if (e == ERR_OK)
		assert_int_equal(log->no.v, number + 1);
	assert_int_equal(kv_failed(txn->kv), e);
	replica_abort(replica);
	return e;
}

static void
logs_have_numbers_up_to_the_limit(void **state)
{
	assert_int_equal(one_more(*state, 7, 4), ERR_OK);
	assert_int_equal(one_more(*state, LIMIT_LOGS - 1, 4), ERR_OK);
	assert_int_equal(one_more(*state, LIMIT_LOGS, 4), ERR_LIMIT);
	assert_non_null(strstr(err_text(), "one more does not fit"));
	assert_int_equal(one_more(*state, UINT32_MAX, 4), ERR_LIMIT);
	assert_int_equal(one_more(*state, 7, 3), ERR_CORRUPT);
	assert_int_equal(one_more(*state, 7, 5), ERR_CORRUPT);
	assert_non_null(strstr(err_text(), "its key is no number"));
}

static void
a_key_that_is_no_log_ends_the_list(void **state)
{
	static const size_t sizes[] = {0, 3, 15, 17};
	static const uint8_t zeros[17];
	struct replica *replica = *state;

	for (size_t i = 0; i < COUNT_OF(sizes); i++) {
		struct log *log = begin(replica);
		struct txn *txn = &replica->txn;
		struct log **all;
		struct key key;
		size_t n;

		assert_int_equal(oplog_all(txn, log->space, &all, &n), ERR_OK);
		assert_int_equal(n, 1);
		tables_space_key(log->space->no, &key);
		tables_key_add(&key, bytes_of(zeros, sizes[i]));
		txn_put(txn, TABLE_LOGS, &key, bytes_text("?"));
		assert_int_equal(
		    oplog_all(txn, log->space, &all, &n), ERR_CORRUPT);
		assert_non_null(strstr(err_text(), "its key is no log"));
		replica_abort(replica);
	}
}

/* ---- branches ----------------------------------------------------------- */

/* Splits the log in a writer. */
static struct log *
split(struct replica *replica, struct log **branch)
{
	struct log *log = begin(replica);
	struct hash leaf = {{9}};

	assert_int_equal(
	    forks_split(&replica->txn, log, HELD / 2, &leaf, branch), ERR_OK);
	return log;
}

static void
branches_that_lie_under_each_other_are_no_circle(void **state)
{
	struct replica *replica = *state;

	for (int which = 0; which < 3; which++) {
		struct log *branch;
		struct log *log = split(replica, &branch);
		struct txn *txn = &replica->txn;
		struct stored_delta stored;

		assert_int_equal(oplog_get(txn, branch, 0, &stored), ERR_OK);
		if (which == 0) {
			branch->under = branch->no;
		} else if (which == 1) {
			log->below = branch->below;
			log->under = branch->no;
		} else {
			log->below = branch->below + 1;
			log->under = branch->no;
		}
		assert_int_equal(
		    oplog_get(txn, branch, 0, &stored), ERR_CORRUPT);
		assert_non_null(strstr(err_text(), "does not begin before"));
		assert_int_equal(kv_failed(txn->kv), ERR_CORRUPT);
		replica_abort(replica);
	}
}

static void
a_branch_without_what_it_lies_on_is_damage(void **state)
{
	struct replica *replica = *state;
	struct log *branch;
	struct log *log = split(replica, &branch);
	struct txn *txn = &replica->txn;
	struct stored_delta stored;
	uint64_t shared;

	branch->under.v = 99;
	assert_int_equal(forks_shared(txn, log, branch, &shared), ERR_CORRUPT);
	replica_abort(replica);
	(void)split(replica, &branch);
	branch->under.v = 99;
	assert_int_equal(oplog_get(txn, branch, 0, &stored), ERR_CORRUPT);
	assert_non_null(strstr(err_text(), "it leads to no log"));
	replica_abort(replica);
}

static void
all_branches_of_a_log_are_found_or_it_is_damage(void **state)
{
	static const size_t sizes[] = {0, 3, 5};
	static const uint8_t zeros[5];
	struct replica *replica = *state;
	struct log **tips;
	size_t n;

	for (size_t i = 0; i < COUNT_OF(sizes); i++) {
		struct log *branch;
		struct log *log = split(replica, &branch);
		struct txn *txn = &replica->txn;
		struct key key;

		assert_int_equal(
		    oplog_tips(txn, log->space, &log->trunk, &tips, &n),
		    ERR_OK);
		assert_int_equal(n, 2);
		/* Before both. */
		tables_log_key(log->space->no, &log->trunk, &key);
		tables_key_add(&key, bytes_of(zeros, sizes[i]));
		kv_put(
		    txn->kv, TABLE_TIPS, tables_key(&key), (struct bytes){0});
		assert_int_equal(
		    oplog_tips(txn, log->space, &log->trunk, &tips, &n),
		    ERR_CORRUPT);
		assert_non_null(strstr(err_text(), "tips"));
		replica_abort(replica);
	}
}

/* ---- deltas ------------------------------------------------------------- */

static void
bodies_of_a_row_rise_and_are_whole(void **state)
{
	struct replica *replica = *state;
	struct stored_body one = {.class = CLASS_P, .form = BODY_KEPT};
	struct stored_body other = {
	    .class = CLASS_S, .form = BODY_OPEN, .sealed = bytes_text("?")};
	struct stored_delta delta;
	struct buf row = {0};

	(void)replica;
	for (int which = 0; which < 4; which++) {
		buf_cut(&row, 0);
		oplog_row_header(which == 3, bytes_text("header"), &row);
		oplog_row_body(which == 1 ? &other : &one, &row);
		oplog_row_body(which == 2 ? &one : &other, &row);
		assert_int_equal(oplog_row_delta(buf_bytes(&row), &delta),
		    which == 0 || which == 3);
	}
	assert_true(delta.opaque);
	row.p[0] = 2;
	assert_false(oplog_row_delta(buf_bytes(&row), &delta));
	/* A header that fills more than a header may. */
	buf_cut(&row, 0);
	buf_add_u8(&row, 0);
	buf_add_be32(&row, LIMIT_HEADER_SIZE + 1);
	for (size_t i = 0; i <= LIMIT_HEADER_SIZE; i++)
		buf_add_u8(&row, 1);
	assert_false(oplog_row_delta(buf_bytes(&row), &delta));
	bytes_put_be32(row.p + 1, LIMIT_HEADER_SIZE);
	buf_cut(&row, row.n - 1);
	assert_true(oplog_row_delta(buf_bytes(&row), &delta));
	buf_fini(&row);
}

static void
a_body_that_is_not_there_is_not_taken_out(void **state)
{
	struct replica *replica = *state;
	struct log *log = begin(replica);
	struct txn *txn = &replica->txn;

	assert_int_equal(
	    oplog_body_drop(txn, log, HELD, 0, CLASS_N), ERR_NOT_FOUND);
	assert_int_equal(
	    oplog_body_drop(txn, log, 1, 0, CLASS_N), ERR_NOT_FOUND);
	assert_non_null(strstr(err_text(), "does not hold that body"));
	assert_int_equal(log->held, HELD);
	assert_int_equal(kv_failed(txn->kv), ERR_OK);
	assert_int_equal(
	    oplog_body_opaque(txn, log, HELD, true), ERR_NOT_FOUND);
	replica_abort(replica);
}

#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, replica_make, replica_remove)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_row_of_a_log_is_whole_or_none),
	    TEST(a_row_of_a_branch_of_itself_is_none),
	    TEST(a_row_that_counts_more_than_there_is_is_none),
	    TEST(a_proof_of_more_hashes_than_there_can_be_is_none),
	    TEST(a_log_is_told_by_its_name),
	    TEST(a_number_leads_to_a_log_or_is_damage),
	    TEST(logs_have_numbers_up_to_the_limit),
	    TEST(a_key_that_is_no_log_ends_the_list),
	    TEST(branches_that_lie_under_each_other_are_no_circle),
	    TEST(a_branch_without_what_it_lies_on_is_damage),
	    TEST(all_branches_of_a_log_are_found_or_it_is_damage),
	    TEST(bodies_of_a_row_rise_and_are_whole),
	    TEST(a_body_that_is_not_there_is_not_taken_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
