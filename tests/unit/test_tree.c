/*
 * Promises of core/tree.h and core/heads.h.
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

/* A replica whose log has LEAVES leaves, stored and opened again. */
static struct txn *
grown(struct replica *replica, struct log **log)
{
	struct txn *txn = replica_begin(replica, true);

	*log = log_of(txn);
	for (size_t i = 0; i < LEAVES; i++)
		append(txn, *log, &leaves[i]);
	txn = replica_reopen(replica);
	*log = log_of(txn);
	return txn;
}

static void
assert_same_proof(
    const struct merkle_proof *proof, const struct merkle_proof *expected)
{
	assert_int_equal(proof->n, expected->n);
	assert_memory_equal(
	    proof->nodes, expected->nodes, sizeof(struct hash) * expected->n);
}

static void
roots_of_all_sizes_are_those_of_the_leaves(void **state)
{
	struct log *log;
	struct txn *txn = grown(*state, &log);
	struct frontier plain = {0};
	struct frontier frontier = {0};
	struct hash expected;
	struct hash root;

	for (size_t size = 0; size <= LEAVES; size++) {
		merkle_root(&plain, &expected);
		assert_int_equal(tree_root(txn, log, size, &root), ERR_OK);
		assert_memory_equal(root.b, expected.b, 32);
		assert_int_equal(
		    tree_frontier(txn, log, size, &frontier), ERR_OK);
		assert_int_equal(frontier.size, size);
		merkle_root(&frontier, &root);
		assert_memory_equal(root.b, expected.b, 32);
		if (size < LEAVES)
			merkle_append(&plain, &leaves[size], NULL, NULL);
	}
	replica_commit(*state);
}

static void
inclusion_is_proved_as_over_plain_leaves(void **state)
{
	struct log *log;
	struct txn *txn = grown(*state, &log);
	struct merkle_proof proof;
	struct merkle_proof expected;
	struct hash root;

	for (uint64_t size = 1; size <= LEAVES; size++) {
		assert_int_equal(tree_root(txn, log, size, &root), ERR_OK);
		for (uint64_t i = size * 7 % 11; i < size; i += 11) {
			assert_int_equal(
			    tree_inclusion(txn, log, i, size, &proof), ERR_OK);
			assert_int_equal(merkle_inclusion(i, size, plain_node,
					     NULL, &expected),
			    ERR_OK);
			assert_same_proof(&proof, &expected);
			assert_true(merkle_inclusion_holds(
			    i, size, &leaves[i], &proof, &root));
		}
	}
	replica_commit(*state);
}

static void
consistency_is_proved_as_over_plain_leaves(void **state)
{
	struct log *log;
	struct txn *txn = grown(*state, &log);
	struct merkle_proof proof;
	struct merkle_proof expected;
	struct hash old_root;
	struct hash root;

	for (uint64_t size = 0; size <= LEAVES; size++) {
		assert_int_equal(tree_root(txn, log, size, &root), ERR_OK);
		for (uint64_t old = size * 7 % 11; old <= size; old += 11) {
			assert_int_equal(
			    tree_consistency(txn, log, old, size, &proof),
			    ERR_OK);
			assert_int_equal(merkle_consistency(old, size,
					     plain_node, NULL, &expected),
			    ERR_OK);
			assert_same_proof(&proof, &expected);
			assert_int_equal(
			    tree_root(txn, log, old, &old_root), ERR_OK);
			assert_true(merkle_consistency_holds(
			    old, size, &old_root, &proof, &root));
		}
	}
	replica_commit(*state);
}

static void
sizes_that_are_not_held_are_not_found(void **state)
{
	struct log *log;
	struct txn *txn = grown(*state, &log);
	struct merkle_proof proof;
	struct frontier frontier = {0};
	struct hash root;

	assert_int_equal(
	    tree_inclusion(txn, log, 3, LEAVES + 1, &proof), ERR_NOT_FOUND);
	assert_int_equal(tree_inclusion(txn, log, 9, 9, &proof), ERR_NOT_FOUND);
	assert_int_equal(
	    tree_consistency(txn, log, 3, UINT64_MAX, &proof), ERR_NOT_FOUND);
	assert_int_equal(
	    tree_consistency(txn, log, 5, 4, &proof), ERR_NOT_FOUND);
	assert_int_equal(tree_root(txn, log, LEAVES + 1, &root), ERR_NOT_FOUND);
	assert_int_equal(
	    tree_frontier(txn, log, LEAVES + 1, &frontier), ERR_NOT_FOUND);
	assert_int_equal(kv_failed(txn->kv), ERR_OK);
	replica_commit(*state);
}

static void
only_roots_of_sixteen_leaves_and_more_are_stored(void **state)
{
	struct log *log;
	struct txn *txn = grown(*state, &log);

	/* 200 / 16 of them, 16 in a row. */
	assert_int_equal(kv_count(txn->kv, TABLE_TREE), 1);
	replica_commit(*state);
}

static void
a_damaged_or_missing_subtree_is_named(void **state)
{
	struct log *log;
	struct txn *txn = grown(*state, &log);
	struct merkle_proof proof;
	struct key key;

	tables_tree_key(log->space->no, log->no, 4, 0, &key);
	replica_flip(*state, TABLE_TREE, &key, 99);
	assert_int_equal(
	    tree_inclusion(txn, log, 3, LEAVES, &proof), ERR_CORRUPT);
	assert_non_null(strstr(err_text(), "tree"));
	replica_abort(*state);

	txn = replica_begin(*state, true);
	log = log_of(txn);
	kv_del(txn->kv, TABLE_TREE, tables_key(&key));
	assert_int_equal(
	    tree_inclusion(txn, log, 3, LEAVES, &proof), ERR_CORRUPT);
	assert_non_null(strstr(err_text(), "missing"));
	assert_int_equal(txn_commit(txn), ERR_CORRUPT);
}

static struct note_head
head_of(const struct log *log)
{
	return (struct note_head){.size = log->head_size,
	    .root = log->head_root,
	    .signature = log->head_signature};
}

static bool
head_verifies(const struct log *log, const struct note_head *head)
{
	struct note_checkpoint checkpoint = {
	    .size = head->size, .root = head->root};
	struct buf origin = {0};
	enum err e;

	id_origin(&log->name, &origin);
	checkpoint.origin = buf_bytes(&origin);
	e = note_checkpoint_verify(
	    &checkpoint, &log->name.author, &head->signature);
	buf_fini(&origin);
	return e == ERR_OK;
}

static void
a_signed_head_verifies_at_every_size(void **state)
{
	struct replica *replica = *state;
	struct txn *txn = replica_begin(replica, true);
	struct sign_seed seed = replica_seed(1);
	struct log *log = log_of(txn);
	struct note_head head;
	struct hash leaf;
	struct hash root;

	for (uint64_t size = 1; size <= 70; size++) {
		append(txn, log, &leaf);
		assert_int_equal(heads_sign(txn, log, &seed, &leaf), ERR_OK);
		assert_true(log->has_head);
		assert_int_equal(log->head_size, size);
		merkle_root(&log->frontier, &root);
		assert_memory_equal(log->head_root.b, root.b, 32);
		head = head_of(log);
		assert_true(head_verifies(log, &head));
	}
	txn = replica_reopen(replica);
	log = log_of(txn);
	assert_true(log->has_head);
	assert_memory_equal(&log->head_root, &head.root, 32);
	assert_memory_equal(&log->head_signature, &head.signature, 64);
	assert_null(log->ahead);
	replica_commit(replica);
}

static void
nothing_is_signed_over_a_header_that_changed_in_the_store(void **state)
{
	struct replica *replica = *state;
	struct sign_seed seed = replica_seed(1);
	struct txn *txn;
	struct log *log;
	struct buf other = {0};
	struct buf row = {0};
	struct hash leaf;
	struct key key;

	for (int size = 1; size <= 33; size++) {
		txn = replica_begin(replica, true);
		log = log_of(txn);
		for (int i = 0; i < size; i++)
			append(txn, log, &leaf);
		/* A row that is right in itself, with another header. */
		buf_cut(&other, 0);
		replica_header(log, (uint64_t)size - 1, 1u << 20, 0, &other);
		buf_cut(&row, 0);
		buf_add_u8(&row, 0);
		buf_add_be32(&row, (uint32_t)other.n);
		buf_add(&row, buf_bytes(&other));
		tables_delta_key(
		    log->space->no, log->no, (uint64_t)size - 1, &key);
		txn_put(txn, TABLE_DELTAS, &key, buf_bytes(&row));
		assert_int_equal(
		    heads_sign(txn, log, &seed, &leaf), ERR_CORRUPT);
		assert_non_null(strstr(err_text(), "deltas"));
		assert_false(log->has_head);
		/* Nor for a caller who takes that header for his. */
		merkle_leaf(buf_bytes(&other), &leaf);
		assert_int_equal(
		    heads_sign(txn, log, &seed, &leaf), ERR_CORRUPT);
		assert_int_equal(txn_commit(txn), ERR_CORRUPT);
	}
	buf_fini(&other);
	buf_fini(&row);
}

static void
a_leaf_that_is_not_the_end_of_the_tree_is_not_signed(void **state)
{
	struct replica *replica = *state;
	struct sign_seed seed = replica_seed(1);
	struct txn *txn;
	struct log *log;
	struct hash leaf;

	for (int size = 1; size <= 33; size++) {
		txn = replica_begin(replica, true);
		log = log_of(txn);
		for (int i = 0; i < size; i++)
			append(txn, log, &leaf);
		log->frontier.nodes[merkle_frontier_n((uint64_t)size) - 1]
		    .b[0] ^= 1;
		assert_int_equal(
		    heads_sign(txn, log, &seed, &leaf), ERR_CORRUPT);
		assert_int_equal(txn_commit(txn), ERR_CORRUPT);
	}
}

/* A head of `size` leaves that nobody signed. */
static struct note_head
made_head(uint64_t size)
{
	struct note_head head = {.size = size};

	memset(head.root.b, (int)size, sizeof(head.root.b));
	memset(head.signature.b, (int)size + 1, sizeof(head.signature.b));
	return head;
}

static void
the_newest_head_and_every_256th_are_kept(void **state)
{
	static const uint64_t sizes[] = {3, 255, 256, 257, 300, 512, 700};
	static const struct {
		uint64_t size;
		uint64_t from;
	} kept[] = {{0, 256}, {256, 256}, {257, 512}, {513, 700}, {700, 700}};
	struct replica *replica = *state;
	struct txn *txn = replica_begin(replica, true);
	struct log *log = log_of(txn);
	struct note_head head;

	for (size_t i = 0; i < COUNT_OF(sizes); i++) {
		head = made_head(sizes[i]);
		heads_put(txn, log, &head, NULL);
	}
	txn = replica_reopen(replica);
	log = log_of(txn);
	assert_int_equal(kv_count(txn->kv, TABLE_HEADS), 3);
	for (size_t i = 0; i < COUNT_OF(kept); i++) {
		assert_int_equal(
		    heads_from(txn, log, kept[i].size, &head), ERR_OK);
		assert_int_equal(head.size, kept[i].from);
		assert_int_equal(head.root.b[5], (uint8_t)kept[i].from);
		assert_int_equal(
		    head.signature.b[63], (uint8_t)(kept[i].from + 1));
	}
	assert_int_equal(heads_from(txn, log, 701, &head), ERR_NOT_FOUND);
	replica_commit(replica);
}

static void
an_older_head_changes_nothing_but_is_kept_if_it_is_a_256th(void **state)
{
	struct replica *replica = *state;
	struct txn *txn = replica_begin(replica, true);
	struct log *log = log_of(txn);
	struct note_head head = made_head(600);

	heads_put(txn, log, &head, NULL);
	head = made_head(256);
	heads_put(txn, log, &head, NULL);
	head = made_head(100);
	heads_put(txn, log, &head, NULL);
	assert_int_equal(log->head_size, 600);
	assert_int_equal(kv_count(txn->kv, TABLE_HEADS), 2);
	assert_int_equal(heads_from(txn, log, 1, &head), ERR_OK);
	assert_int_equal(head.size, 256);
	replica_commit(replica);
}

static void
a_head_of_less_than_is_held_does_not_become_the_newest(void **state)
{
	struct replica *replica = *state;
	struct txn *txn = replica_begin(replica, true);
	struct sign_seed seed = replica_seed(1);
	struct log *log = log_of(txn);
	struct note_head head;
	struct hash leaf;

	append(txn, log, &leaf);
	assert_int_equal(heads_sign(txn, log, &seed, &leaf), ERR_OK);
	head = head_of(log);
	append(txn, log, &leaf);
	heads_put(txn, log, &head, NULL);
	assert_int_equal(log->head_size, 1);
	assert_int_equal(heads_sign(txn, log, &seed, &leaf), ERR_OK);
	head = made_head(1);
	heads_put(txn, log, &head, NULL);
	assert_int_equal(log->head_size, 2);
	assert_int_equal(kv_count(txn->kv, TABLE_HEADS), 1);
	replica_commit(replica);
}

static void
heads_of_one_log_are_not_those_of_the_next(void **state)
{
	struct replica *replica = *state;
	struct txn *txn = replica_begin(replica, true);
	struct log *log = log_of(txn);
	struct note_head head = made_head(5);
	struct log_name name;
	struct log *next;

	replica_name(2, "d03/c017/case", &name);
	assert_int_equal(oplog_open(txn, &name, &next), ERR_OK);
	heads_put(txn, next, &head, NULL);
	assert_int_equal(heads_from(txn, log, 1, &head), ERR_NOT_FOUND);
	replica_commit(replica);
}

static void
the_proof_to_a_head_ahead_is_kept_until_it_is_reached(void **state)
{
	struct replica *replica = *state;
	struct txn *txn = replica_begin(replica, true);
	struct log *log = log_of(txn);
	struct merkle_proof proof = {.n = 3};
	struct note_head head = made_head(9);
	struct hash leaf;

	memset(proof.nodes, 0x77, sizeof(proof.nodes));
	append(txn, log, &leaf);
	heads_put(txn, log, &head, &proof);
	txn = replica_reopen(replica);
	log = log_of(txn);
	assert_non_null(log->ahead);
	assert_same_proof(log->ahead, &proof);
	assert_int_equal(log->head_size, 9);

	/* Another chunk of the same run, then its end. */
	append(txn, log, &leaf);
	proof.n = MERKLE_PROOF_MAX;
	heads_put(txn, log, &head, &proof);
	txn = replica_reopen(replica);
	log = log_of(txn);
	assert_same_proof(log->ahead, &proof);
	while (log->frontier.size < 9)
		append(txn, log, &leaf);
	heads_put(txn, log, &head, NULL);
	txn = replica_reopen(replica);
	log = log_of(txn);
	assert_null(log->ahead);
	assert_int_equal(kv_count(txn->kv, TABLE_HEADS), 1);
	replica_commit(replica);
}

static void
a_damaged_head_is_named(void **state)
{
	struct replica *replica = *state;
	struct txn *txn = replica_begin(replica, true);
	struct log *log = log_of(txn);
	struct note_head head = made_head(5);
	struct key key;

	heads_put(txn, log, &head, NULL);
	tables_delta_key(log->space->no, log->no, 5, &key);
	replica_flip(replica, TABLE_HEADS, &key, 300);
	assert_int_equal(heads_from(txn, log, 1, &head), ERR_CORRUPT);
	assert_non_null(strstr(err_text(), "heads"));
	replica_abort(replica);
}

#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, replica_make, replica_remove)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(roots_of_all_sizes_are_those_of_the_leaves),
	    TEST(inclusion_is_proved_as_over_plain_leaves),
	    TEST(consistency_is_proved_as_over_plain_leaves),
	    TEST(sizes_that_are_not_held_are_not_found),
	    TEST(only_roots_of_sixteen_leaves_and_more_are_stored),
	    TEST(a_damaged_or_missing_subtree_is_named),
	    TEST(a_signed_head_verifies_at_every_size),
	    TEST(nothing_is_signed_over_a_header_that_changed_in_the_store),
	    TEST(a_leaf_that_is_not_the_end_of_the_tree_is_not_signed),
	    TEST(the_newest_head_and_every_256th_are_kept),
	    TEST(an_older_head_changes_nothing_but_is_kept_if_it_is_a_256th),
	    TEST(a_head_of_less_than_is_held_does_not_become_the_newest),
	    TEST(heads_of_one_log_are_not_those_of_the_next),
	    TEST(the_proof_to_a_head_ahead_is_kept_until_it_is_reached),
	    TEST(a_damaged_head_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
