/*
 * Proofs that lead to the right root on a wrong way: proto/merkle.h promises
 * that the length of a proof is the one that its sizes ask, even where a liar
 * has signed a root that fits.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "proto/merkle.h"

enum { LEAVES = 40 };

/* Leaf `i`, and each complete subtree as merkle_append tells of it. */
static struct hash nodes[7][LEAVES];

static void
on_done(void *arg, unsigned level, uint64_t index, const struct hash *node)
{
	(void)arg;
	assert_true(level < COUNT_OF(nodes) && index < LEAVES);
	nodes[level][index] = *node;
}

static enum err
on_get(void *arg, unsigned level, uint64_t index, struct hash *node)
{
	(void)arg;
	*node = nodes[level][index];
	return ERR_OK;
}

static int
start(void **state)
{
	struct frontier frontier = {0};

	(void)state;
	for (size_t i = 0; i < LEAVES; i++) {
		uint8_t content = (uint8_t)i;

		merkle_leaf(bytes_of(&content, 1), &nodes[0][i]);
		merkle_append(&frontier, &nodes[0][i], on_done, NULL);
	}
	return 0;
}

static void
root_of(uint64_t size, struct hash *root)
{
	struct frontier frontier;

	assert_int_equal(
	    merkle_frontier(size, on_get, NULL, &frontier), ERR_OK);
	merkle_root(&frontier, root);
}

static void
an_inclusion_that_goes_on_beyond_the_root_is_refused(void **state)
{
	struct merkle_proof proof;
	struct hash root;

	(void)state;
	for (uint64_t n = 1; n < LEAVES; n++) {
		for (uint64_t m = 0; m < n; m++) {
			const struct hash *leaf = &nodes[0][m];
			struct hash beyond;

			root_of(n, &root);
			assert_int_equal(
			    merkle_inclusion(m, n, on_get, NULL, &proof),
			    ERR_OK);
			assert_true(
			    merkle_inclusion_holds(m, n, leaf, &proof, &root));
			proof.nodes[proof.n++] = nodes[0][LEAVES - 1];
			merkle_node(&nodes[0][LEAVES - 1], &root, &beyond);
			assert_false(merkle_inclusion_holds(
			    m, n, leaf, &proof, &beyond));
			merkle_node(&root, &nodes[0][LEAVES - 1], &beyond);
			assert_false(merkle_inclusion_holds(
			    m, n, leaf, &proof, &beyond));
		}
	}
}

static void
a_consistency_that_goes_on_beyond_the_root_is_refused(void **state)
{
	const struct hash *more = &nodes[0][LEAVES - 1];
	struct merkle_proof proof;

	(void)state;
	for (uint64_t n = 2; n < LEAVES; n++) {
		for (uint64_t m = 1; m < n; m++) {
			struct hash old_root;
			struct hash root;
			struct hash old_beyond;
			struct hash beyond;

			root_of(m, &old_root);
			root_of(n, &root);
			assert_int_equal(
			    merkle_consistency(m, n, on_get, NULL, &proof),
			    ERR_OK);
			assert_true(merkle_consistency_holds(
			    m, n, &old_root, &proof, &root));
			proof.nodes[proof.n++] = *more;
			merkle_node(more, &old_root, &old_beyond);
			merkle_node(more, &root, &beyond);
			assert_false(merkle_consistency_holds(
			    m, n, &old_beyond, &proof, &beyond));
			merkle_node(&root, more, &beyond);
			assert_false(merkle_consistency_holds(
			    m, n, &old_root, &proof, &beyond));
		}
	}
}

/* What a proof leads to on its way, given as the root of too small a tree: the
 * hashes are all there, the tree is not. */
static void
an_inclusion_that_ends_below_the_root_is_refused(void **state)
{
	struct merkle_proof proof;

	(void)state;
	for (uint64_t level = 1; level < 5; level++) {
		uint64_t n = UINT64_C(1) << level;

		assert_int_equal(
		    merkle_inclusion(0, n, on_get, NULL, &proof), ERR_OK);
		for (uint64_t more = n + 1; more < LEAVES; more++)
			assert_false(merkle_inclusion_holds(
			    0, more, &nodes[0][0], &proof, &nodes[level][0]));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
		an_inclusion_that_goes_on_beyond_the_root_is_refused),
	    cmocka_unit_test(
		a_consistency_that_goes_on_beyond_the_root_is_refused),
	    cmocka_unit_test(an_inclusion_that_ends_below_the_root_is_refused),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}
