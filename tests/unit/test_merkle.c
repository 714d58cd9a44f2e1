/*
 * Promises of proto/merkle.h, held against RFC 6962's recursive definitions
 * written down here as they stand there, and against Go's implementation.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "proto/ascii.h"
#include "proto/mem.h"
#include "proto/merkle.h"
#include "tests/lib/vectors.h"

enum { LEAVES = 300, SIZES = 131 };

/* The tree under test: leaf i is the byte i. */
struct tree {
	struct hash leaves[LEAVES];
	struct hash done[10][LEAVES]; /* [level][index], from merkle_append */
	uint64_t done_n[10];
	uint64_t get_fails_after;
};

static struct tree tree;

static void
on_done(void *arg, unsigned level, uint64_t index, const struct hash *node)
{
	struct tree *t = arg;

	assert_true(level >= 1 && level < COUNT_OF(t->done));
	assert_true(index == t->done_n[level]);
	t->done[level][index] = *node;
	t->done_n[level]++;
}

static enum err
on_get(void *arg, unsigned level, uint64_t index, struct hash *node)
{
	struct tree *t = arg;

	if (t->get_fails_after-- == 0)
		return err_set(ERR_CORRUPT, "row is gone");
	assert_true(level < COUNT_OF(t->done));
	assert_true(index < t->done_n[level]);
	*node = t->done[level][index];
	return ERR_OK;
}

static int
tree_start(void **state)
{
	struct frontier frontier = {0};

	(void)state;
	tree.get_fails_after = UINT64_MAX;
	for (size_t i = 0; i < LEAVES; i++) {
		uint8_t entry = (uint8_t)i;

		merkle_leaf(bytes_of(&entry, 1), &tree.leaves[i]);
		tree.done[0][i] = tree.leaves[i];
		tree.done_n[0]++;
		merkle_append(&frontier, &tree.leaves[i], on_done, &tree);
	}
	return 0;
}

/* MTH, PATH and SUBPROOF of RFC 6962 §2.1, word by word. */
static size_t
naive_split(size_t n)
{
	size_t k = 1;

	while (k * 2 < n)
		k *= 2;
	return k;
}

static void
naive_root(const struct hash *d, size_t n, struct hash *root)
{
	struct hash left;
	struct hash right;
	size_t k;

	if (n == 0) {
		crypto_sha256((struct bytes){0}, root);
		return;
	}
	if (n == 1) {
		*root = d[0];
		return;
	}
	k = naive_split(n);
	naive_root(d, k, &left);
	naive_root(d + k, n - k, &right);
	merkle_node(&left, &right, root);
}

static void
naive_path(size_t m, const struct hash *d, size_t n, struct merkle_proof *proof)
{
	size_t k;

	if (n == 1)
		return;
	k = naive_split(n);
	if (m < k) {
		naive_path(m, d, k, proof);
		naive_root(d + k, n - k, &proof->nodes[proof->n++]);
	} else {
		naive_path(m - k, d + k, n - k, proof);
		naive_root(d, k, &proof->nodes[proof->n++]);
	}
}

static void
naive_subproof(size_t m, const struct hash *d, size_t n, bool b,
    struct merkle_proof *proof)
{
	size_t k;

	if (m == n) {
		if (!b)
			naive_root(d, n, &proof->nodes[proof->n++]);
		return;
	}
	k = naive_split(n);
	if (m <= k) {
		naive_subproof(m, d, k, b, proof);
		naive_root(d + k, n - k, &proof->nodes[proof->n++]);
	} else {
		naive_subproof(m - k, d + k, n - k, false, proof);
		naive_root(d, k, &proof->nodes[proof->n++]);
	}
}

static void
assert_hash(const struct hash *a, const struct hash *b)
{
	assert_memory_equal(a->b, b->b, sizeof(a->b));
}

static void
assert_proof(const struct merkle_proof *a, const struct merkle_proof *b)
{
	assert_int_equal(a->n, b->n);
	for (size_t i = 0; i < a->n; i++)
		assert_hash(&a->nodes[i], &b->nodes[i]);
}

static void
the_roots_of_the_eight_ct_inputs_are_the_known_ones(void **state)
{
	static const char *const inputs[] = {"", "00", "10", "2021", "3031",
	    "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"};
	/* First four and last two bytes. */
	static const char *const roots[] = {"6e340b9ca01d", "fac54203c125",
	    "aeb6bcfe6e77", "d37ee41814b7", "4e3bbb1f64d4", "76e67dad87ef",
	    "ddb89be44c8c", "5dc9da794328"};
	struct frontier frontier = {0};
	struct hash root;
	struct buf text = {0};

	(void)state;
	merkle_root(&frontier, &root);
	ascii_hex(bytes_of(root.b, sizeof(root.b)), &text);
	assert_string_equal(buf_text(&text),
	    "e3b0c44298fc1c149afbf4c8996fb924"
	    "27ae41e4649b934ca495991b7852b855");
	for (size_t i = 0; i < COUNT_OF(inputs); i++) {
		struct buf entry = {0};
		struct hash leaf;

		assert_int_equal(
		    ascii_from_hex(bytes_text(inputs[i]), &entry), ERR_OK);
		merkle_leaf(buf_bytes(&entry), &leaf);
		merkle_append(&frontier, &leaf, NULL, NULL);
		merkle_root(&frontier, &root);
		buf_cut(&text, 0);
		ascii_hex(bytes_of(root.b, 4), &text);
		ascii_hex(bytes_of(root.b + 30, 2), &text);
		assert_string_equal(buf_text(&text), roots[i]);
		buf_fini(&entry);
	}
	buf_fini(&text);
}

static void
a_frontier_grown_leaf_by_leaf_equals_one_from_scratch(void **state)
{
	struct frontier grown = {0};
	struct frontier scratch;
	struct hash root;
	struct hash wanted;

	(void)state;
	for (size_t n = 0; n <= LEAVES; n++) {
		assert_int_equal(
		    merkle_frontier(n, on_get, &tree, &scratch), ERR_OK);
		assert_true(scratch.size == n && grown.size == n);
		for (size_t i = 0; i < merkle_frontier_n(n); i++)
			assert_hash(&grown.nodes[i], &scratch.nodes[i]);
		merkle_root(&scratch, &root);
		naive_root(tree.leaves, n, &wanted);
		assert_hash(&root, &wanted);
		if (n < LEAVES)
			merkle_append(&grown, &tree.leaves[n], NULL, NULL);
	}
	assert_int_equal(merkle_frontier_n(0), 0);
	assert_int_equal(merkle_frontier_n(INT64_MAX), 63);
}

static void
every_complete_subtree_is_told_once(void **state)
{
	struct hash wanted;

	(void)state;
	for (size_t level = 1; level < COUNT_OF(tree.done); level++) {
		size_t n = (size_t)1 << level;

		assert_true(tree.done_n[level] == LEAVES / n);
		for (size_t i = 0; i < LEAVES / n; i++) {
			naive_root(tree.leaves + i * n, n, &wanted);
			assert_hash(&tree.done[level][i], &wanted);
		}
	}
}

static void
every_inclusion_proof_is_rfc_6962s_and_holds(void **state)
{
	struct merkle_proof proof;
	struct merkle_proof wanted;
	struct hash root;

	(void)state;
	for (size_t n = 1; n < SIZES; n++) {
		naive_root(tree.leaves, n, &root);
		for (size_t m = 0; m < n; m++) {
			wanted.n = 0;
			naive_path(m, tree.leaves, n, &wanted);
			assert_int_equal(
			    merkle_inclusion(m, n, on_get, &tree, &proof),
			    ERR_OK);
			assert_proof(&proof, &wanted);
			assert_true(merkle_inclusion_holds(
			    m, n, &tree.leaves[m], &proof, &root));
		}
	}
}

static void
every_consistency_proof_is_rfc_6962s_and_holds(void **state)
{
	struct merkle_proof proof;
	struct merkle_proof wanted;
	struct hash old_root;
	struct hash root;

	(void)state;
	for (size_t n = 0; n < SIZES; n++) {
		naive_root(tree.leaves, n, &root);
		for (size_t m = 0; m <= n; m++) {
			wanted.n = 0;
			if (m > 0)
				naive_subproof(
				    m, tree.leaves, n, true, &wanted);
			naive_root(tree.leaves, m, &old_root);
			assert_int_equal(
			    merkle_consistency(m, n, on_get, &tree, &proof),
			    ERR_OK);
			assert_proof(&proof, &wanted);
			assert_true(merkle_consistency_holds(
			    m, n, &old_root, &proof, &root));
		}
	}
}

/* Either kind of proof and what it is about; `part` is the leaf or the old
 * root. */
struct claim {
	bool inclusion;
	size_t m;
	size_t n;
	struct hash part;
	struct hash root;
	struct merkle_proof proof;
};

static bool
claim_holds(const struct claim *c)
{
	return c->inclusion ? merkle_inclusion_holds(
				  c->m, c->n, &c->part, &c->proof, &c->root)
			    : merkle_consistency_holds(
				  c->m, c->n, &c->part, &c->proof, &c->root);
}

static void
assert_flips_break(struct claim *c)
{
	/* Every bit for some sizes; for the others a few of each hash, to keep
	 * the run short. */
	size_t step = c->n <= 9 || c->n == 64 || c->n == 127 ? 1 : 97;

	assert_true(claim_holds(c));
	for (size_t i = 0; i < 256 * c->proof.n; i += step) {
		uint8_t *b = &c->proof.nodes[i / 256].b[i % 256 / 8];

		*b ^= (uint8_t)(1u << i % 8);
		assert_false(claim_holds(c));
		*b ^= (uint8_t)(1u << i % 8);
	}
	c->part.b[c->m % 32] ^= 1;
	assert_false(claim_holds(c));
	c->part.b[c->m % 32] ^= 1;
	/* Every tree begins with the empty one, whatever its root. */
	c->root.b[c->m % 32] ^= 0x80;
	assert_true(claim_holds(c) == (c->m == 0 && !c->inclusion));
}

/* The true claim about c->m and c->n. */
static void
claim_make(struct claim *c)
{
	enum err e;

	naive_root(tree.leaves, c->n, &c->root);
	if (c->inclusion) {
		c->part = tree.leaves[c->m];
		e = merkle_inclusion(c->m, c->n, on_get, &tree, &c->proof);
	} else {
		naive_root(tree.leaves, c->m, &c->part);
		e = merkle_consistency(c->m, c->n, on_get, &tree, &c->proof);
	}
	assert_int_equal(e, ERR_OK);
}

static void
a_flipped_bit_breaks_an_inclusion_proof(void **state)
{
	struct claim c = {.inclusion = true};

	(void)state;
	for (c.n = 1; c.n < SIZES; c.n++) {
		for (c.m = 0; c.m < c.n; c.m += c.n < 16 ? 1 : 7) {
			claim_make(&c);
			assert_flips_break(&c);
		}
	}
}

static void
a_flipped_bit_breaks_a_consistency_proof(void **state)
{
	struct claim c = {0};

	(void)state;
	for (c.n = 1; c.n < SIZES; c.n++) {
		for (c.m = 0; c.m <= c.n; c.m += c.n < 16 ? 1 : 5) {
			claim_make(&c);
			assert_flips_break(&c);
		}
	}
}

static void
a_proof_holds_for_no_other_leaf_and_no_other_old_size(void **state)
{
	struct claim c = {0};

	(void)state;
	for (size_t i = 0; i < 2 * 40 * 40; i++) {
		size_t m = i / 2 % 40;

		c.inclusion = i % 2 == 0;
		c.n = i / 80;
		c.m = m;
		if (m >= c.n || (m == 0 && !c.inclusion))
			continue;
		claim_make(&c);
		for (c.m = 0; c.m < c.n + 3; c.m++)
			assert_true(claim_holds(&c) == (c.m == m));
	}
	assert_false(
	    merkle_inclusion_holds(0, 0, &tree.leaves[0], &c.proof, &c.root));
}

static void
a_proof_of_another_length_is_refused(void **state)
{
	static struct merkle_proof proof;
	struct hash old_root;
	struct hash root;

	(void)state;
	for (size_t n = 2; n < 70; n++) {
		size_t m = n / 2;
		size_t full;

		naive_root(tree.leaves, n, &root);
		naive_root(tree.leaves, m, &old_root);
		assert_int_equal(
		    merkle_inclusion(m, n, on_get, &tree, &proof), ERR_OK);
		full = proof.n;
		for (proof.n = 0; proof.n <= MERKLE_PROOF_MAX + 1; proof.n++)
			assert_true(
			    merkle_inclusion_holds(m, n, &tree.leaves[m],
				&proof, &root) == (proof.n == full));
		assert_int_equal(
		    merkle_consistency(m, n, on_get, &tree, &proof), ERR_OK);
		full = proof.n;
		for (proof.n = 0; proof.n <= MERKLE_PROOF_MAX + 1; proof.n++)
			assert_true(merkle_consistency_holds(m, n, &old_root,
					&proof, &root) == (proof.n == full));
	}
}

static void
trees_of_nothing_and_equal_trees_need_no_proof(void **state)
{
	struct merkle_proof none = {0};
	struct merkle_proof one = {.n = 1};
	struct hash empty;
	struct hash root;

	(void)state;
	naive_root(tree.leaves, 0, &empty);
	naive_root(tree.leaves, 7, &root);
	assert_true(merkle_consistency_holds(0, 0, &empty, &none, &empty));
	assert_true(merkle_consistency_holds(0, 7, &empty, &none, &root));
	assert_true(merkle_consistency_holds(7, 7, &root, &none, &root));
	assert_false(merkle_consistency_holds(0, 0, &empty, &none, &root));
	assert_false(merkle_consistency_holds(0, 0, &root, &none, &root));
	assert_false(merkle_consistency_holds(0, 7, &root, &none, &root));
	assert_false(merkle_consistency_holds(0, 7, &empty, &one, &root));
	assert_false(merkle_consistency_holds(7, 7, &root, &one, &root));
	assert_false(merkle_consistency_holds(7, 7, &empty, &none, &root));
	assert_false(merkle_consistency_holds(8, 7, &root, &none, &root));
	assert_false(merkle_consistency_holds(4, 7, &root, &none, &root));
	assert_false(merkle_consistency_holds(5, 7, &root, &none, &root));
}

static enum err
get_anything(void *arg, unsigned level, uint64_t index, struct hash *node)
{
	uint64_t *calls = arg;

	assert_true(level < 63);
	assert_true(index <= (uint64_t)INT64_MAX >> level);
	(*calls)++;
	*node = (struct hash){{(uint8_t)level, (uint8_t)index}};
	return ERR_OK;
}

static void
the_largest_tree_has_proofs_that_fit(void **state)
{
	static const uint64_t places[] = {0, 1, 2, INT64_MAX / 2,
	    INT64_MAX / 2 + 1, INT64_MAX / 3, INT64_MAX - 2, INT64_MAX - 1};
	struct merkle_proof proof;
	struct frontier frontier;
	struct hash root;
	uint64_t calls = 0;

	(void)state;
	assert_int_equal(
	    merkle_frontier(INT64_MAX, get_anything, &calls, &frontier),
	    ERR_OK);
	assert_true(calls == 63);
	merkle_root(&frontier, &root);
	for (size_t i = 0; i < COUNT_OF(places); i++) {
		struct hash leaf = {{0, (uint8_t)places[i]}};

		assert_int_equal(merkle_inclusion(places[i], INT64_MAX,
				     get_anything, &calls, &proof),
		    ERR_OK);
		assert_in_range(proof.n, 1, 64);
		assert_false(merkle_inclusion_holds(
		    places[i], UINT64_MAX, &leaf, &proof, &root));
		assert_int_equal(merkle_consistency(places[i], INT64_MAX,
				     get_anything, &calls, &proof),
		    ERR_OK);
		assert_in_range(proof.n, 0, 64);
		assert_false(merkle_consistency_holds(
		    places[i] + 1, UINT64_MAX, &root, &proof, &root));
	}
}

static void
a_store_that_fails_is_heard(void **state)
{
	struct merkle_proof proof;
	struct frontier frontier;
	uint64_t hits = 0;

	(void)state;
	for (uint64_t after = 0;; after++) {
		enum err e;

		tree.get_fails_after = after;
		e = merkle_inclusion(77, 299, on_get, &tree, &proof);
		if (e == ERR_OK)
			break;
		assert_int_equal(e, ERR_CORRUPT);
		assert_non_null(strstr(err_text(), "row is gone"));
		assert_int_equal(proof.n, 0);
		tree.get_fails_after = after;
		e = merkle_consistency(77, 299, on_get, &tree, &proof);
		assert_true(e == ERR_CORRUPT || after > 8);
		tree.get_fails_after = after;
		e = merkle_frontier(255, on_get, &tree, &frontier);
		assert_true(e == ERR_CORRUPT || after >= 8);
		hits++;
	}
	tree.get_fails_after = UINT64_MAX;
	assert_true(hits >= 8);
}

static void
proof_of_line(const struct vectors *v, struct merkle_proof *proof)
{
	proof->n = v->n - 3;
	for (size_t i = 0; i < proof->n; i++)
		vectors_hex(v, 3 + i, proof->nodes[i].b, 32);
}

static void
the_vectors_are_what_we_make(void **state)
{
	static struct vectors v;
	struct merkle_proof wanted;
	struct merkle_proof proof;
	struct frontier frontier;
	struct hash root = {{0}};
	struct hash made;
	size_t n = 0;

	(void)state;
	vectors_open(&v, "merkle.txt");
	for (; vectors_next(&v); n++) {
		if (vectors_is(&v, "root")) {
			vectors_hex(&v, 2, root.b, sizeof(root.b));
			assert_int_equal(merkle_frontier(vectors_number(&v, 1),
					     on_get, &tree, &frontier),
			    ERR_OK);
			merkle_root(&frontier, &made);
			assert_hash(&made, &root);
			continue;
		}
		proof_of_line(&v, &wanted);
		if (vectors_is(&v, "inclusion")) {
			assert_int_equal(
			    merkle_inclusion(vectors_number(&v, 1),
				vectors_number(&v, 2), on_get, &tree, &proof),
			    ERR_OK);
		} else {
			assert_true(vectors_is(&v, "consistency"));
			assert_int_equal(
			    merkle_consistency(vectors_number(&v, 1),
				vectors_number(&v, 2), on_get, &tree, &proof),
			    ERR_OK);
		}
		assert_proof(&proof, &wanted);
	}
	assert_true(n > 100);
	vectors_close(&v);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
		the_roots_of_the_eight_ct_inputs_are_the_known_ones),
	    cmocka_unit_test(
		a_frontier_grown_leaf_by_leaf_equals_one_from_scratch),
	    cmocka_unit_test(every_complete_subtree_is_told_once),
	    cmocka_unit_test(every_inclusion_proof_is_rfc_6962s_and_holds),
	    cmocka_unit_test(every_consistency_proof_is_rfc_6962s_and_holds),
	    cmocka_unit_test(a_flipped_bit_breaks_an_inclusion_proof),
	    cmocka_unit_test(a_flipped_bit_breaks_a_consistency_proof),
	    cmocka_unit_test(
		a_proof_holds_for_no_other_leaf_and_no_other_old_size),
	    cmocka_unit_test(a_proof_of_another_length_is_refused),
	    cmocka_unit_test(trees_of_nothing_and_equal_trees_need_no_proof),
	    cmocka_unit_test(the_largest_tree_has_proofs_that_fit),
	    cmocka_unit_test(a_store_that_fails_is_heard),
	    cmocka_unit_test(the_vectors_are_what_we_make),
	};

	return cmocka_run_group_tests(tests, tree_start, NULL);
}
