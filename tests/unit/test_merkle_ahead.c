/*
 * Promises of merkle_consistency_ahead (proto/merkle.h), held against the proof
 * that one who has all leaves makes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "proto/merkle.h"

enum { SIZES = 71, MARKS = 7 };

/* A tree of any size whose leaves are all the same but for a few: what no mark
 * stands in is one hash a level. */
struct tree {
	uint64_t held; /* what is beyond may not be asked for */
	uint64_t fails_after;
	bool plain; /* every leaf is its own */
	uint64_t marks[MARKS];
};

static bool
is_marked(const struct tree *tree, unsigned level, uint64_t index)
{
	for (size_t i = 0; i < MARKS; i++)
		if (tree->marks[i] >> level == index)
			return true;
	return tree->plain;
}

static void
plain_node(unsigned level, struct hash *node)
{
	static struct hash nodes[64];
	static unsigned n;

	for (; n <= level; n++) {
		if (n == 0)
			merkle_leaf(bytes_text("골목"), &nodes[0]);
		else
			merkle_node(&nodes[n - 1], &nodes[n - 1], &nodes[n]);
	}
	*node = nodes[level];
}

static void
tree_node_of(
    const struct tree *tree, unsigned level, uint64_t index, struct hash *node)
{
	struct hash right;

	if (!is_marked(tree, level, index)) {
		plain_node(level, node);
	} else if (level == 0) {
		merkle_leaf(
		    bytes_of((const uint8_t *)&index, sizeof(index)), node);
	} else {
		tree_node_of(tree, level - 1, 2 * index, node);
		tree_node_of(tree, level - 1, 2 * index + 1, &right);
		merkle_node(node, &right, node);
	}
}

static enum err
on_get(void *arg, unsigned level, uint64_t index, struct hash *node)
{
	struct tree *tree = arg;

	assert_true(index < tree->held >> level);
	if (tree->fails_after-- == 0)
		return err_set(ERR_IO, "row is gone");
	tree_node_of(tree, level, index, node);
	return ERR_OK;
}

static void
root_of(struct tree *tree, uint64_t size, struct hash *root)
{
	struct frontier frontier;

	assert_int_equal(
	    merkle_frontier(size, on_get, tree, &frontier), ERR_OK);
	merkle_root(&frontier, root);
}

/* From the first `held` leaves and PROOF(held, size) comes the same proof as
 * from all leaves, and it holds. */
static void
assert_ahead(struct tree *tree, uint64_t old, uint64_t held, uint64_t size)
{
	struct merkle_proof proof = {.n = MERKLE_PROOF_MAX};
	struct merkle_proof wanted;
	struct merkle_proof given;
	struct hash old_root;
	struct hash root;

	tree->held = UINT64_MAX;
	tree->fails_after = UINT64_MAX;
	root_of(tree, old, &old_root);
	root_of(tree, size, &root);
	assert_int_equal(
	    merkle_consistency(old, size, on_get, tree, &wanted), ERR_OK);
	assert_int_equal(
	    merkle_consistency(held, size, on_get, tree, &given), ERR_OK);
	tree->held = held;
	assert_int_equal(merkle_consistency_ahead(old,
			     &(struct merkle_ahead){
				 .held = held, .size = size, .proof = &given},
			     on_get, tree, &proof),
	    ERR_OK);
	assert_int_equal(proof.n, wanted.n);
	assert_memory_equal(
	    proof.nodes, wanted.nodes, sizeof(struct hash) * wanted.n);
	assert_true(
	    merkle_consistency_holds(old, size, &old_root, &proof, &root));
}

static void
every_small_proof_is_the_one_over_all_leaves(void **state)
{
	struct tree tree = {.plain = true};

	(void)state;
	for (uint64_t size = 0; size < SIZES; size++)
		for (uint64_t held = 0; held <= size; held++)
			for (uint64_t old = 0; old <= held; old++)
				assert_ahead(&tree, old, held, size);
}

static void
large_proofs_are_those_over_all_leaves(void **state)
{
	static const uint64_t sizes[] = {(UINT64_C(1) << 40) - 1,
	    UINT64_C(1) << 40, (UINT64_C(1) << 40) + 1, UINT64_C(0xad5a3c96f1),
	    UINT64_C(0x15555555555), INT64_MAX};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(sizes); i++) {
		uint64_t n = sizes[i];
		const uint64_t places[] = {
		    1, 1 << 20, n / 3, n / 2, n / 2 + 1, n - n / 4, n - 1, n};

		for (size_t h = 0; h < COUNT_OF(places); h++) {
			for (size_t o = 0; o <= h; o++) {
				uint64_t held = places[h];
				uint64_t old = places[o];
				struct tree tree = {
				    .marks = {old - 1, old, held - 1, held,
					n - 1, n / 5, n - n / 7}};

				assert_ahead(&tree, old, held, n);
			}
		}
	}
}

static void
a_proof_ahead_of_another_length_is_corrupt(void **state)
{
	static struct merkle_proof given;
	struct tree tree = {.plain = true};
	struct merkle_proof proof;
	size_t full;

	(void)state;
	for (uint64_t held = 0; held <= 21; held++) {
		tree.held = UINT64_MAX;
		tree.fails_after = UINT64_MAX;
		memset(&given, 0, sizeof(given));
		assert_int_equal(
		    merkle_consistency(held, 21, on_get, &tree, &given),
		    ERR_OK);
		full = given.n;
		tree.held = held;
		for (given.n = 0; given.n <= MERKLE_PROOF_MAX + 1; given.n++) {
			struct merkle_ahead ahead = {
			    .held = held, .size = 21, .proof = &given};

			proof.n = 5;
			assert_int_equal(merkle_consistency_ahead(held / 2,
					     &ahead, on_get, &tree, &proof),
			    given.n == full ? ERR_OK : ERR_CORRUPT);
			assert_true(given.n == full || proof.n == 0);
		}
	}
}

static void
without_a_proof_only_what_is_held_can_be_proved(void **state)
{
	struct tree tree = {
	    .plain = true, .held = 21, .fails_after = UINT64_MAX};
	struct merkle_ahead ahead = {.held = 21, .size = 21};
	struct merkle_proof wanted;
	struct merkle_proof proof;

	(void)state;
	assert_int_equal(
	    merkle_consistency_ahead(13, &ahead, on_get, &tree, &proof),
	    ERR_OK);
	assert_int_equal(
	    merkle_consistency(13, 21, on_get, &tree, &wanted), ERR_OK);
	assert_int_equal(proof.n, wanted.n);
	assert_memory_equal(
	    proof.nodes, wanted.nodes, sizeof(struct hash) * wanted.n);
	ahead.held = 0;
	assert_int_equal(
	    merkle_consistency_ahead(0, &ahead, on_get, &tree, &proof), ERR_OK);
	assert_int_equal(proof.n, 0);
	ahead.held = 20;
	assert_int_equal(
	    merkle_consistency_ahead(13, &ahead, on_get, &tree, &proof),
	    ERR_CORRUPT);
}

static void
a_store_that_fails_is_heard(void **state)
{
	struct tree tree = {.plain = true};
	struct merkle_proof given;
	struct merkle_proof proof;
	uint64_t after = 0;
	enum err e;

	(void)state;
	do {
		tree.held = UINT64_MAX;
		tree.fails_after = UINT64_MAX;
		assert_int_equal(
		    merkle_consistency(45, 70, on_get, &tree, &given), ERR_OK);
		tree.held = 45;
		tree.fails_after = after++;
		e = merkle_consistency_ahead(29,
		    &(struct merkle_ahead){
			.held = 45, .size = 70, .proof = &given},
		    on_get, &tree, &proof);
		assert_true(e == ERR_OK || (e == ERR_IO && proof.n == 0));
	} while (e != ERR_OK);
	assert_true(after > 4);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_small_proof_is_the_one_over_all_leaves),
	    cmocka_unit_test(large_proofs_are_those_over_all_leaves),
	    cmocka_unit_test(a_proof_ahead_of_another_length_is_corrupt),
	    cmocka_unit_test(without_a_proof_only_what_is_held_can_be_proved),
	    cmocka_unit_test(a_store_that_fails_is_heard),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
