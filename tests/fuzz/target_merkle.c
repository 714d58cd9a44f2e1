/*
 * Proofs of trees: the right ones hold, and no other proof, leaf or size does.
 * Secrets in wraps and shares: what anybody puts there opens nothing.
 */
#include "proto/merkle.h"
#include "proto/split.h"
#include "proto/wrap.h"
#include "tests/fuzz/cost.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/targets.h"

enum { LEAVES_MAX = 48 };

struct tree {
	struct hash leaves[LEAVES_MAX];
	size_t n;
};

static void
root_of(const struct tree *tree, size_t from, size_t n, struct hash *root)
{
	struct frontier frontier = {0};

	for (size_t i = 0; i < n; i++)
		merkle_append(&frontier, &tree->leaves[from + i], NULL, NULL);
	merkle_root(&frontier, root);
}

static enum err
node_get(void *arg, unsigned level, uint64_t index, struct hash *node)
{
	const struct tree *tree = arg;
	size_t n = (size_t)1 << level;

	assert((index + 1) * n <= tree->n);
	root_of(tree, (size_t)index * n, n, node);
	return ERR_OK;
}

/* Another proof than the one that was made. */
static bool
proof_change(struct fuzz_input *input, struct merkle_proof *proof)
{
	struct merkle_proof was = *proof;
	uint8_t how = fuzz_u8(input);

	if (how % 3 == 0 && proof->n > 0)
		proof->n--;
	if (how % 3 == 1 && proof->n < MERKLE_PROOF_MAX)
		fuzz_fill(input, proof->nodes[proof->n++].b, 32);
	if (how % 3 == 2 && proof->n > 0)
		proof->nodes[how % proof->n].b[fuzz_below(input, 32)] ^=
		    (uint8_t)(1 + how / 3);
	return proof->n != was.n ||
	       memcmp(proof->nodes, was.nodes,
		   proof->n * sizeof(proof->nodes[0])) != 0;
}

static void
proofs(struct fuzz_input *input, struct tree *tree)
{
	size_t index = fuzz_below(input, tree->n);
	size_t old = fuzz_below(input, tree->n + 1);
	struct merkle_proof proof;
	struct hash root;
	struct hash before;

	root_of(tree, 0, tree->n, &root);
	root_of(tree, 0, old, &before);
	assert(
	    merkle_inclusion(index, tree->n, node_get, tree, &proof) == ERR_OK);
	assert(merkle_inclusion_holds(
	    index, tree->n, &tree->leaves[index], &proof, &root));
	if (proof_change(input, &proof))
		assert(!merkle_inclusion_holds(
		    index, tree->n, &tree->leaves[index], &proof, &root));
	assert(
	    merkle_consistency(old, tree->n, node_get, tree, &proof) == ERR_OK);
	assert(merkle_consistency_holds(old, tree->n, &before, &proof, &root));
	if (proof_change(input, &proof))
		assert(!merkle_consistency_holds(
		    old, tree->n, &before, &proof, &root));
	/* Sizes that nobody has. */
	(void)!merkle_consistency_holds(
	    fuzz_number(input), fuzz_number(input), &before, &proof, &root);
	(void)!merkle_inclusion_holds(
	    fuzz_number(input), fuzz_number(input), &before, &proof, &root);
}

static void
wraps(struct fuzz_input *input)
{
	const struct secret backup = {{5}};
	struct secret secret = {{6}};
	struct secret opened;
	struct hash tag = {{7}};
	struct wrap wrap;

	wrap_seal(&backup, &secret, &tag, &wrap);
	fuzz_fill(input, &wrap, sizeof(wrap));
	assert(!wrap_open(&backup, &tag, &wrap, &opened));
}

static void
shares(struct fuzz_input *input)
{
	struct split_plan plan = {
	    .shares = fuzz_u8(input) % 20, .needed = fuzz_u8(input) % 20};
	struct bytes secret = fuzz_bytes(input, LIMIT_SPLIT_SIZE + 2);
	struct split_share made[LIMIT_SHARES];
	struct buf random = {0};
	struct buf joined = {0};

	if (plan.needed == 0 || plan.needed > plan.shares ||
	    plan.shares > LIMIT_SHARES || secret.n == 0 ||
	    secret.n > LIMIT_SPLIT_SIZE)
		return;
	memset(buf_extend(&random, split_random_size(plan, secret.n)), 0x5a,
	    split_random_size(plan, secret.n));
	assert(split_make(secret, plan, buf_bytes(&random), made) == ERR_OK);
	assert(split_join(made, plan.needed, &joined) == ERR_OK);
	assert(bytes_equal(buf_bytes(&joined), secret));
	buf_cut(&joined, 0);
	/* Any other bytes join to something, or are refused. */
	for (size_t i = 0; i < plan.shares; i++)
		fuzz_fill(input, &made[i], 3);
	if (split_join(made, plan.shares, &joined) != ERR_OK)
		assert(joined.n == 0);
	buf_fini(&random);
	buf_fini(&joined);
}

void
target_merkle(struct bytes in)
{
	struct fuzz_input input = {.left = in};
	struct tree tree = {.n = 1 + fuzz_below(&input, LEAVES_MAX)};

	fuzz_start();
	for (size_t i = 0; i < tree.n; i++) {
		const uint8_t leaf[] = {(uint8_t)i, 1};

		merkle_leaf(bytes_of(leaf, sizeof(leaf)), &tree.leaves[i]);
	}
	proofs(&input, &tree);
	wraps(&input);
	shares(&input);
}
