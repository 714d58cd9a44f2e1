/*
 * Promises of core/heads.h where test_tree.c ends: which head leads to the
 * headers held, heads of branches, and rows that are none.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/forks.h"
#include "core/heads.h"
#include "tests/lib/replica.h"

enum { HELD = 10, AHEAD = 20 };

static struct log *
log_of(struct txn *txn)
{
	struct log_name name;
	struct log *log;

	replica_name(1, "d03/c017/case", &name);
	assert_int_equal(oplog_open(txn, &name, &log), ERR_OK);
	return log;
}

/* The delta that branch `branch` has at `seq`, and its leaf. */
static void
made(const struct log *log, uint64_t seq, uint64_t branch, struct buf *header,
    struct hash *leaf)
{
	buf_cut(header, 0);
	replica_header(log, seq, 1 + 3 * seq + branch, 1, header);
	merkle_leaf(buf_bytes(header), leaf);
}

/* Appends those of `branch` until there are `size`. */
static void
grow(struct txn *txn, struct log *log, uint64_t size, uint64_t branch)
{
	struct buf header = {0};
	struct delta delta;
	struct hash leaf;

	while (log->frontier.size < size) {
		struct oplog_entry entry = {0};

		made(log, log->frontier.size, branch, &header, &leaf);
		entry.header = buf_bytes(&header);
		assert_int_equal(
		    oplog_append(txn, log, &entry, &delta, &leaf), ERR_OK);
		assert_false(delta.opaque);
	}
	buf_fini(&header);
}

static enum err
plain_node(void *arg, unsigned level, uint64_t index, struct hash *node)
{
	struct frontier frontier = {0};
	struct buf header = {0};
	uint64_t n = UINT64_C(1) << level;

	for (uint64_t i = 0; i < n; i++) {
		struct hash leaf;

		made(arg, index * n + i, 0, &header, &leaf);
		merkle_append(&frontier, &leaf, NULL, NULL);
	}
	merkle_root(&frontier, node);
	buf_fini(&header);
	return ERR_OK;
}

static void
head_sign(const struct log *log, struct note_head *head)
{
	struct sign_seed seed = replica_seed(1);
	struct note_checkpoint checkpoint = {
	    .size = head->size, .root = head->root};
	struct buf origin = {0};

	id_origin(&log->name, &origin);
	checkpoint.origin = buf_bytes(&origin);
	note_checkpoint_sign(
	    &checkpoint, &seed, &log->name.author, &head->signature);
	buf_fini(&origin);
}

/* The signed head of the first `size` leaves that branch 0 has or will have. */
static struct note_head
head_of(struct log *log, uint64_t size)
{
	struct note_head head = {.size = size};
	struct frontier frontier;

	assert_int_equal(
	    merkle_frontier(size, plain_node, log, &frontier), ERR_OK);
	merkle_root(&frontier, &head.root);
	head_sign(log, &head);
	return head;
}

/* A proof from what is held to `size`. */
static struct merkle_proof
proof_of(struct log *log, uint64_t size)
{
	struct merkle_proof proof;

	assert_int_equal(merkle_consistency(
			     log->frontier.size, size, plain_node, log, &proof),
	    ERR_OK);
	return proof;
}

/* What heads_check says of `log` with the newest head `head`; ends the
 * transaction. */
static enum err
said(struct txn *txn, struct log *log, const struct note_head *head)
{
	enum err e;

	log->has_head = true;
	log->head_size = head->size;
	log->head_root = head->root;
	log->head_signature = head->signature;
	e = heads_check(txn, log);
	assert_int_equal(kv_failed(txn->kv), e);
	txn_abort(txn);
	return e;
}

static struct txn *
begin(struct replica *replica, struct log **log)
{
	struct txn *txn = replica_begin(replica, true);

	*log = log_of(txn);
	grow(txn, *log, HELD, 0);
	return txn;
}

static void
a_log_without_headers_needs_no_head_but_none_that_lies(void **state)
{
	struct replica *replica = *state;
	struct txn *txn = replica_begin(replica, true);
	struct log *log = log_of(txn);
	struct note_head head = head_of(log, HELD);

	assert_int_equal(heads_check(txn, log), ERR_OK);
	assert_int_equal(said(txn, log, &head), ERR_OK);
	txn = replica_begin(replica, true);
	head.signature.b[0] ^= 1;
	assert_int_equal(said(txn, log_of(txn), &head), ERR_CORRUPT);
	assert_non_null(strstr(err_text(), "did not sign"));
}

static void
headers_need_a_head_that_leads_to_them(void **state)
{
	struct replica *replica = *state;
	struct log *log;
	struct txn *txn = begin(replica, &log);
	struct note_head head = head_of(log, HELD);
	struct note_head less = head_of(log, HELD - 1);
	struct note_head other = head;

	assert_int_equal(heads_check(txn, log), ERR_CORRUPT);
	assert_non_null(strstr(err_text(), "newest head"));
	replica_abort(replica);
	assert_int_equal(said(begin(replica, &log), log, &head), ERR_OK);
	assert_int_equal(said(begin(replica, &log), log, &less), ERR_CORRUPT);
	/* Its author says so, and it is another tree. */
	txn = begin(replica, &log);
	other.root.b[31] ^= 1;
	head_sign(log, &other);
	assert_int_equal(said(txn, log, &other), ERR_CORRUPT);
	assert_non_null(strstr(err_text(), "newest head"));
}

static void
a_head_ahead_leads_to_headers_by_its_proof_alone(void **state)
{
	struct replica *replica = *state;
	struct log *log;
	struct txn *txn = begin(replica, &log);
	struct note_head head = head_of(log, AHEAD);
	struct merkle_proof proof = proof_of(log, AHEAD);

	assert_true(proof.n > 1);
	assert_int_equal(said(txn, log, &head), ERR_CORRUPT);
	txn = begin(replica, &log);
	log->ahead = &proof;
	assert_int_equal(said(txn, log, &head), ERR_OK);
	for (size_t i = 0; i < proof.n; i++) {
		struct merkle_proof wrong = proof;

		wrong.nodes[i].b[0] ^= 1;
		txn = begin(replica, &log);
		log->ahead = &wrong;
		assert_int_equal(said(txn, log, &head), ERR_CORRUPT);
	}
}

static void
the_newest_header_is_hashed_again(void **state)
{
	struct replica *replica = *state;
	struct log *log;
	struct txn *txn = begin(replica, &log);
	struct note_head head = head_of(log, HELD);
	struct key key;

	tables_delta_key(log->space->no, log->no, HELD - 1, &key);
	kv_del(txn->kv, TABLE_DELTAS, tables_key(&key));
	assert_int_equal(said(txn, log, &head), ERR_CORRUPT);
	txn = begin(replica, &log);
	tables_delta_key(log->space->no, log->no, HELD - 1, &key);
	replica_flip(replica, TABLE_DELTAS, &key, 111);
	assert_int_equal(said(txn, log, &head), ERR_CORRUPT);
}

/* With no headers yet any head goes; with those of another run, only one that
 * is proved from there. */
static void
a_head_that_cannot_be_shown_makes_room_for_a_smaller_one(void **state)
{
	struct replica *replica = *state;

	for (int proved = 0; proved < 2; proved++) {
		struct txn *txn = replica_begin(replica, true);
		struct log *log = log_of(txn);
		struct note_head far = head_of(log, HEADS_STEP);
		struct note_head near = head_of(log, AHEAD);
		struct merkle_proof proof;
		struct note_head is;

		heads_put(txn, log, &far, NULL);
		grow(txn, log, HELD, 0);
		if (proved) {
			proof = proof_of(log, HEADS_STEP);
			heads_put(txn, log, &far, &proof);
		}
		proof = proof_of(log, AHEAD);
		heads_put(txn, log, &near, &proof);
		assert_int_equal(log->head_size, proved ? HEADS_STEP : AHEAD);
		/* Only one of both is left. */
		assert_int_equal(kv_count(txn->kv, TABLE_HEADS), 1);
		assert_int_equal(heads_from(txn, log, AHEAD + 1, &is),
		    proved ? ERR_OK : ERR_NOT_FOUND);
		assert_int_equal(heads_check(txn, log), ERR_OK);
		replica_abort(replica);
	}
}

/* A head whose root says of which log and size it is. */
static void
plain_put(struct txn *txn, struct log *log, uint64_t size, uint8_t who)
{
	struct note_head head = {.size = size};

	head.root.b[0] = who;
	heads_put(txn, log, &head, NULL);
}

static void
assert_from(struct txn *txn, const struct log *log, uint64_t size,
    uint64_t expected, uint8_t who)
{
	struct note_head head;

	assert_int_equal(heads_from(txn, log, size, &head), ERR_OK);
	assert_int_equal(head.size, expected);
	assert_int_equal(head.root.b[0], who);
}

/* Makes `*to` of the first `at` deltas of `log`, which goes on as `branch`. */
static void
split(struct txn *txn, struct log *log, uint64_t at, uint64_t branch,
    struct log **to)
{
	struct buf header = {0};
	struct hash leaf;

	made(log, at, branch, &header, &leaf);
	assert_int_equal(forks_split(txn, log, at, &leaf, to), ERR_OK);
	buf_fini(&header);
}

/* One branch upon another upon a third: each has the heads of what it shares,
 * from where that is kept, and none of what the others went on with. */
static void
a_branch_has_the_heads_of_what_it_shares(void **state)
{
	struct replica *replica = *state;
	struct txn *txn = replica_begin(replica, true);
	struct log *a = log_of(txn);
	struct log *b;
	struct log *c;
	struct note_head head;
	uint64_t rows;

	for (uint64_t size = 1; size <= 600; size++) {
		grow(txn, a, size, 0);
		if (size % HEADS_STEP == 0 || size == 600)
			plain_put(txn, a, size, 'a');
	}
	split(txn, a, 300, 1, &b);
	grow(txn, b, HEADS_STEP * 2, 1);
	plain_put(txn, b, HEADS_STEP * 2, 'b');
	grow(txn, b, 560, 1);
	plain_put(txn, b, 560, 'b');
	split(txn, b, 540, 2, &c);
	assert_int_equal(c->under.v, b->no.v);
	grow(txn, c, 580, 2);
	plain_put(txn, c, 580, 'c');
	assert_from(txn, c, 0, 256, 'a');
	assert_from(txn, c, 256, 256, 'a');
	assert_from(txn, c, 257, 512, 'b');
	assert_from(txn, c, 301, 512, 'b');
	assert_from(txn, c, 513, 580, 'c');
	assert_from(txn, c, 541, 580, 'c');
	assert_int_equal(heads_from(txn, c, 581, &head), ERR_NOT_FOUND);
	assert_from(txn, b, 0, 256, 'a');
	assert_from(txn, b, 513, 560, 'b');
	assert_from(txn, a, 257, 512, 'a');
	assert_from(txn, a, 513, 600, 'a');
	/* What lies with another is not kept twice. */
	rows = kv_count(txn->kv, TABLE_HEADS);
	plain_put(txn, c, 256, 'c');
	plain_put(txn, c, 512, 'c');
	assert_int_equal(kv_count(txn->kv, TABLE_HEADS), rows);
	assert_from(txn, c, 0, 256, 'a');
	plain_put(txn, b, 512, 'B');
	assert_int_equal(kv_count(txn->kv, TABLE_HEADS), rows);
	assert_from(txn, c, 257, 512, 'B');
	replica_abort(replica);
}

/* The row of a head of five leaves, `extra` bytes of key and `n` of content. */
static enum err
row_read(struct replica *replica, size_t extra, size_t n)
{
	static const uint8_t content[128];
	struct txn *txn = replica_begin(replica, true);
	struct log *log = log_of(txn);
	struct note_head head;
	struct key key;
	enum err e;

	tables_delta_key(log->space->no, log->no, 5, &key);
	tables_key_add(&key, bytes_of(content, extra));
	txn_put(txn, TABLE_HEADS, &key, bytes_of(content, n));
	e = heads_from(txn, log, 1, &head);
	assert_int_equal(kv_failed(txn->kv), e);
	replica_abort(replica);
	return e;
}

static void
a_row_of_another_size_is_no_head(void **state)
{
	enum { HEAD = 32 + 64 };
	static const size_t sizes[] = {0, 32, HEAD - 1, HEAD + 1, 128};

	assert_int_equal(row_read(*state, 0, HEAD), ERR_OK);
	for (size_t i = 0; i < COUNT_OF(sizes); i++) {
		assert_int_equal(row_read(*state, 0, sizes[i]), ERR_CORRUPT);
		assert_non_null(strstr(err_text(), "its size is wrong"));
	}
	assert_int_equal(row_read(*state, 1, HEAD), ERR_CORRUPT);
	assert_non_null(strstr(err_text(), "its size is wrong"));
}

#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, replica_make, replica_remove)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_log_without_headers_needs_no_head_but_none_that_lies),
	    TEST(headers_need_a_head_that_leads_to_them),
	    TEST(a_head_ahead_leads_to_headers_by_its_proof_alone),
	    TEST(the_newest_header_is_hashed_again),
	    TEST(a_head_that_cannot_be_shown_makes_room_for_a_smaller_one),
	    TEST(a_branch_has_the_heads_of_what_it_shares),
	    TEST(a_row_of_another_size_is_no_head),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
