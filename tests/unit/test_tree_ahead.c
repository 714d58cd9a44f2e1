/*
 * Promises of tree_ahead (core/tree.h): proofs to a head beyond what is held.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/heads.h"
#include "core/tree.h"
#include "tests/lib/replica.h"

enum { LEAVES = 200 };

/* The leaves as a plain array, to ask proto/merkle.h about. */
static struct hash leaves[LEAVES];

static enum err
plain_node(void *arg, unsigned level, uint64_t index, struct hash *node)
{
	struct frontier frontier = {0};

	(void)arg;
	for (uint64_t i = 0; i < UINT64_C(1) << level; i++)
		merkle_append(
		    &frontier, &leaves[(index << level) + i], NULL, NULL);
	merkle_root(&frontier, node);
	return ERR_OK;
}

static struct log *
log_of(struct txn *txn)
{
	struct log_name name;
	struct log *log;

	replica_name(1, "d03/c017/case", &name);
	assert_int_equal(oplog_open(txn, &name, &log), ERR_OK);
	return log;
}

static void
append(struct txn *txn, struct log *log, struct hash *leaf)
{
	uint64_t seq = log->frontier.size;
	struct buf header = {0};
	struct delta delta;

	replica_header(log, seq, seq + 1, 0, &header);
	assert_int_equal(
	    oplog_append(txn, log,
		&(struct oplog_entry){.header = buf_bytes(&header)}, &delta,
		leaf),
	    ERR_OK);
	buf_fini(&header);
}

static void
assert_same_proof(
    const struct merkle_proof *proof, const struct merkle_proof *expected)
{
	assert_int_equal(proof->n, expected->n);
	assert_memory_equal(
	    proof->nodes, expected->nodes, sizeof(struct hash) * expected->n);
}

/* Fills `leaves` with those that `log` will have, and the head over them. */
static struct note_head
head_of_leaves(const struct log *log)
{
	struct note_head head = {.size = LEAVES};
	struct frontier frontier = {0};
	struct buf header = {0};

	for (uint64_t seq = 0; seq < LEAVES; seq++) {
		buf_cut(&header, 0);
		replica_header(log, seq, seq + 1, 0, &header);
		merkle_leaf(buf_bytes(&header), &leaves[seq]);
		merkle_append(&frontier, &leaves[seq], NULL, NULL);
	}
	merkle_root(&frontier, &head.root);
	buf_fini(&header);
	return head;
}

static void
a_head_ahead_is_proved_as_over_plain_leaves(void **state)
{
	static const uint64_t held[] = {
	    1, 2, 31, 64, 77, 127, 128, 129, 192, 199, LEAVES};
	struct txn *txn = replica_begin(*state, true);
	struct log *log = log_of(txn);
	struct note_head head = head_of_leaves(log);
	struct merkle_proof proof;
	struct merkle_proof expected;
	struct hash leaf;

	for (size_t i = 0; i < COUNT_OF(held); i++) {
		while (log->frontier.size < held[i])
			append(txn, log, &leaf);
		assert_int_equal(merkle_consistency(
				     held[i], LEAVES, plain_node, NULL, &proof),
		    ERR_OK);
		heads_put(txn, log, &head, &proof);
		txn = replica_reopen(*state);
		log = log_of(txn);
		for (uint64_t old = 0; old <= held[i]; old++) {
			assert_int_equal(
			    tree_ahead(txn, log, old, &proof), ERR_OK);
			assert_int_equal(merkle_consistency(old, LEAVES,
					     plain_node, NULL, &expected),
			    ERR_OK);
			assert_same_proof(&proof, &expected);
		}
		assert_int_equal(
		    tree_ahead(txn, log, held[i] + 1, &proof), ERR_NOT_FOUND);
	}
	replica_commit(*state);
}

static void
no_proof_leads_to_a_head_that_is_missing_or_behind(void **state)
{
	struct txn *txn = replica_begin(*state, true);
	struct sign_seed seed = replica_seed(1);
	struct log *log = log_of(txn);
	struct merkle_proof proof;
	struct hash leaf;

	append(txn, log, &leaf);
	assert_int_equal(tree_ahead(txn, log, 0, &proof), ERR_NOT_FOUND);
	assert_int_equal(heads_sign(txn, log, &seed, &leaf), ERR_OK);
	append(txn, log, &leaf);
	assert_int_equal(tree_ahead(txn, log, 1, &proof), ERR_OK);
	assert_int_equal(proof.n, 0);
	assert_int_equal(tree_ahead(txn, log, 2, &proof), ERR_NOT_FOUND);
	replica_commit(*state);
}

static void
a_proof_ahead_that_does_not_hold_is_corrupt(void **state)
{
	struct txn *txn;
	struct log *log;
	struct note_head head;
	struct merkle_proof proof;
	struct hash leaf;

	for (int what = 0; what < 4; what++) {
		txn = replica_begin(*state, true);
		log = log_of(txn);
		head = head_of_leaves(log);
		while (log->frontier.size < 5)
			append(txn, log, &leaf);
		assert_int_equal(
		    merkle_consistency(5, LEAVES, plain_node, NULL, &proof),
		    ERR_OK);
		heads_put(txn, log, &head, &proof);
		assert_int_equal(tree_ahead(txn, log, 3, &proof), ERR_OK);
		if (what == 0)
			log->ahead->n--;
		else if (what == 1)
			log->ahead->n++;
		else if (what == 2)
			log->ahead->nodes[1].b[7] ^= 1;
		else
			log->ahead = NULL;
		assert_int_equal(tree_ahead(txn, log, 3, &proof), ERR_CORRUPT);
		assert_int_equal(txn_commit(txn), ERR_CORRUPT);
	}
}

#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, replica_make, replica_remove)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_head_ahead_is_proved_as_over_plain_leaves),
	    TEST(no_proof_leads_to_a_head_that_is_missing_or_behind),
	    TEST(a_proof_ahead_that_does_not_hold_is_corrupt),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
