/*
 * The Merkle tree of RFC 6962 as arithmetic on positions: hashes come in and
 * go out, storage is behind the caller's `get`.  oplog, intake and audit call
 * it for every leaf.  No recursion: every loop runs at most once per bit of a
 * size.  Must never trust a proof to be as long as its sizes ask.
 */
#include "proto/merkle.h"

/* `n` leaves from position `at`, which is a multiple of a power of two that
 * is not less than n.  Every range of RFC 6962's recursion is of this kind. */
struct range {
	uint64_t at;
	uint64_t n;
};

/* The ranges whose roots make up a proof, from the last hash to the first. */
struct ranges {
	size_t n;
	struct range items[MERKLE_PROOF_MAX];
};

/* Where a verifier stands on its way up: the index of its node and that of the
 * last node of the same level. */
struct climb {
	uint64_t at;
	uint64_t last;
};

static bool is_same(const struct hash *a, const struct hash *b);
static uint64_t split_of(uint64_t n);
static void range_add(struct ranges *ranges, uint64_t at, uint64_t n);
static void consistency_ranges(
    uint64_t old_size, uint64_t size, struct ranges *ranges);
static enum err ranges_roots(const struct ranges *ranges, merkle_get_fn *get,
    void *arg, struct merkle_proof *proof) MUST_USE;
static enum err range_root(struct range range, merkle_get_fn *get, void *arg,
    struct hash *root) MUST_USE;
static void range_ahead(struct range range, const struct ranges *known,
    const struct merkle_proof *ahead, struct hash *root);
static enum err range_nodes(struct range range, merkle_get_fn *get, void *arg,
    struct frontier *nodes) MUST_USE;
static bool climb_is_right(const struct climb *climb);
static void climb_up(struct climb *climb, bool right);

void
merkle_leaf(struct bytes entry, struct hash *leaf)
{
	static const uint8_t prefix = 0x00;

	crypto_sha256_two(bytes_of(&prefix, 1), entry, leaf);
}

void
merkle_node(
    const struct hash *left, const struct hash *right, struct hash *node)
{
	uint8_t text[1 + 2 * sizeof(struct hash)];

	/* One call with 65 bytes side by side is faster than three. */
	text[0] = 0x01;
	bytes_copy(text + 1, bytes_of(left->b, sizeof(left->b)));
	bytes_copy(
	    text + 1 + sizeof(*left), bytes_of(right->b, sizeof(right->b)));
	crypto_sha256(bytes_of(text, sizeof(text)), node);
}

size_t
merkle_frontier_n(uint64_t size)
{
	size_t n = 0;

	for (; size != 0; size &= size - 1)
		n++;
	return n;
}

void
merkle_append(struct frontier *frontier, const struct hash *leaf,
    merkle_done_fn *done, void *arg)
{
	struct hash node = *leaf;
	size_t n = merkle_frontier_n(frontier->size);
	unsigned level = 0;

	assert(frontier->size < INT64_MAX);
	for (uint64_t s = frontier->size; (s & 1) != 0; s >>= 1) {
		merkle_node(&frontier->nodes[--n], &node, &node);
		level++;
		if (done != NULL)
			done(arg, level, frontier->size >> level, &node);
	}
	frontier->nodes[n] = node;
	frontier->size++;
}

void
merkle_root(const struct frontier *frontier, struct hash *root)
{
	size_t n = merkle_frontier_n(frontier->size);

	if (n == 0) {
		crypto_sha256((struct bytes){0}, root);
		return;
	}
	*root = frontier->nodes[n - 1];
	for (size_t i = n - 1; i > 0; i--)
		merkle_node(&frontier->nodes[i - 1], root, root);
}

enum err
merkle_frontier(
    uint64_t size, merkle_get_fn *get, void *arg, struct frontier *frontier)
{
	assert(size <= INT64_MAX);
	return range_nodes((struct range){.n = size}, get, arg, frontier);
}

/* The complete subtrees that `range` is made of, from the left, as a frontier
 * whose size is the number of its leaves. */
static enum err
range_nodes(
    struct range range, merkle_get_fn *get, void *arg, struct frontier *nodes)
{
	uint64_t at = range.at;
	size_t n = 0;
	enum err e;

	for (unsigned level = 63; level < 64; level--) {
		uint64_t leaves = UINT64_C(1) << level;

		if ((range.n & leaves) == 0)
			continue;
		e = get(arg, level, at >> level, &nodes->nodes[n]);
		if (e != ERR_OK) {
			nodes->size = 0;
			return err_wrap(e, "tree node %llu of level %u",
			    (unsigned long long)(at >> level), level);
		}
		n++;
		at += leaves;
	}
	nodes->size = range.n;
	assert(n == merkle_frontier_n(nodes->size));
	return ERR_OK;
}

enum err
merkle_inclusion(uint64_t index, uint64_t size, merkle_get_fn *get, void *arg,
    struct merkle_proof *proof)
{
	struct ranges ranges = {0};
	struct range tree = {.n = size};

	assert(index < size);
	assert(size <= INT64_MAX);
	while (tree.n > 1) {
		uint64_t k = split_of(tree.n);

		if (index - tree.at < k) {
			range_add(&ranges, tree.at + k, tree.n - k);
			tree.n = k;
		} else {
			range_add(&ranges, tree.at, k);
			tree.at += k;
			tree.n -= k;
		}
	}
	assert(tree.at == index);
	return ranges_roots(&ranges, get, arg, proof);
}

enum err
merkle_consistency(uint64_t old_size, uint64_t size, merkle_get_fn *get,
    void *arg, struct merkle_proof *proof)
{
	struct ranges ranges;

	consistency_ranges(old_size, size, &ranges);
	return ranges_roots(&ranges, get, arg, proof);
}

static void
consistency_ranges(uint64_t old_size, uint64_t size, struct ranges *ranges)
{
	struct range tree = {.n = size};

	assert(old_size <= size);
	assert(size <= INT64_MAX);
	ranges->n = 0;
	if (old_size == 0)
		return;
	/* Narrow to the right edge of the old tree: it ends where `tree`
	 * does, or somewhere inside. */
	while (tree.at + tree.n > old_size) {
		uint64_t k = split_of(tree.n);

		if (old_size - tree.at <= k) {
			range_add(ranges, tree.at + k, tree.n - k);
			tree.n = k;
		} else {
			range_add(ranges, tree.at, k);
			tree.at += k;
			tree.n -= k;
		}
	}
	/* The whole old tree is known to the verifier: it is not sent. */
	if (tree.at > 0)
		range_add(ranges, tree.at, tree.n);
}

enum err
merkle_consistency_ahead(uint64_t old_size, const struct merkle_ahead *ahead,
    merkle_get_fn *get, void *arg, struct merkle_proof *proof)
{
	size_t given = ahead->proof == NULL ? 0 : ahead->proof->n;
	struct ranges wanted;
	struct ranges known;
	enum err e;

	assert(old_size <= ahead->held);
	assert(proof != ahead->proof);
	proof->n = 0;
	consistency_ranges(old_size, ahead->size, &wanted);
	consistency_ranges(ahead->held, ahead->size, &known);
	if (given != known.n)
		return err_set(ERR_CORRUPT,
		    "the proof from %llu to %llu leaves has %zu hashes, not "
		    "%zu",
		    (unsigned long long)ahead->held,
		    (unsigned long long)ahead->size, given, known.n);
	for (size_t i = 0; i < wanted.n; i++) {
		struct range range = wanted.items[wanted.n - 1 - i];

		if (range.at + range.n > ahead->held) {
			range_ahead(
			    range, &known, ahead->proof, &proof->nodes[i]);
			continue;
		}
		e = range_root(range, get, arg, &proof->nodes[i]);
		if (e != ERR_OK)
			return e;
	}
	proof->n = wanted.n;
	return ERR_OK;
}

/* The root of a range that ends beyond the leaves held, out of `ahead`, whose
 * ranges are `known`.  Both proofs narrow the same tree, so a range that lies
 * wholly beyond was set aside on the way to the leaves held, too; and one that
 * lies across was entered on that way, so that the hashes from within it, which
 * are the first of `ahead`, add up to it. */
static void
range_ahead(struct range range, const struct ranges *known,
    const struct merkle_proof *ahead, struct hash *root)
{
	struct range sum = {0};

	for (size_t i = 0; i < ahead->n; i++) {
		struct range next = known->items[known->n - 1 - i];
		const struct hash *node = &ahead->nodes[i];

		if (next.at < range.at || next.at + next.n > range.at + range.n)
			continue;
		if (sum.n == 0) {
			*root = *node;
			sum = next;
			continue;
		}
		if (next.at < sum.at)
			merkle_node(node, root, root);
		else
			merkle_node(root, node, root);
		sum.at = next.at < sum.at ? next.at : sum.at;
		sum.n += next.n;
	}
	assert(sum.at == range.at);
	assert(sum.n == range.n);
}

/* The largest power of two below `n`, which is at least 2. */
static uint64_t
split_of(uint64_t n)
{
	uint64_t k = 1;

	assert(n >= 2);
	while (k < n - k)
		k *= 2;
	return k;
}

static void
range_add(struct ranges *ranges, uint64_t at, uint64_t n)
{
	assert(ranges->n < COUNT_OF(ranges->items));
	ranges->items[ranges->n++] = (struct range){.at = at, .n = n};
}

/* RFC 6962 appends what is found first last. */
static enum err
ranges_roots(const struct ranges *ranges, merkle_get_fn *get, void *arg,
    struct merkle_proof *proof)
{
	enum err e;

	proof->n = 0;
	for (size_t i = 0; i < ranges->n; i++) {
		e = range_root(ranges->items[ranges->n - 1 - i], get, arg,
		    &proof->nodes[i]);
		if (e != ERR_OK)
			return e;
	}
	proof->n = ranges->n;
	return ERR_OK;
}

static enum err
range_root(struct range range, merkle_get_fn *get, void *arg, struct hash *root)
{
	struct frontier nodes;
	enum err e = range_nodes(range, get, arg, &nodes);

	if (e == ERR_OK)
		merkle_root(&nodes, root);
	return e;
}

bool
merkle_inclusion_holds(uint64_t index, uint64_t size, const struct hash *leaf,
    const struct merkle_proof *proof, const struct hash *root)
{
	struct climb climb = {.at = index, .last = size - 1};
	struct hash node = *leaf;

	if (index >= size || proof->n > MERKLE_PROOF_MAX)
		return false;
	for (size_t i = 0; i < proof->n; i++) {
		bool right = climb_is_right(&climb);

		if (climb.last == 0)
			return false;
		if (right)
			merkle_node(&proof->nodes[i], &node, &node);
		else
			merkle_node(&node, &proof->nodes[i], &node);
		climb_up(&climb, right);
	}
	return climb.last == 0 && is_same(&node, root);
}

bool
merkle_consistency_holds(uint64_t old_size, uint64_t size,
    const struct hash *old_root, const struct merkle_proof *proof,
    const struct hash *root)
{
	struct climb climb = {.at = old_size - 1, .last = size - 1};
	struct hash old_node;
	struct hash node;
	size_t i = 0;

	if (old_size > size || proof->n > MERKLE_PROOF_MAX)
		return false;
	if (old_size == 0) {
		crypto_sha256((struct bytes){0}, &node);
		if (!is_same(&node, old_root))
			return false;
	}
	if (old_size == size)
		return proof->n == 0 && is_same(old_root, root);
	if (old_size == 0)
		return proof->n == 0;
	/* The way up begins at the largest complete subtree that ends where
	 * the old tree ends; when that is all of it, its root is old_root. */
	while ((climb.at & 1) != 0)
		climb = (struct climb){climb.at >> 1, climb.last >> 1};
	if ((old_size & (old_size - 1)) == 0)
		node = *old_root;
	else if (proof->n > 0)
		node = proof->nodes[i++];
	else
		return false;
	old_node = node;
	for (; i < proof->n; i++) {
		bool right = climb_is_right(&climb);

		if (climb.last == 0)
			return false;
		if (right) {
			merkle_node(&proof->nodes[i], &old_node, &old_node);
			merkle_node(&proof->nodes[i], &node, &node);
		} else {
			merkle_node(&node, &proof->nodes[i], &node);
		}
		climb_up(&climb, right);
	}
	return climb.last == 0 && is_same(&old_node, old_root) &&
	       is_same(&node, root);
}

/* Is the next hash of the proof the left neighbour of where we stand? */
static bool
climb_is_right(const struct climb *climb)
{
	return (climb->at & 1) != 0 || climb->at == climb->last;
}

/* One level up; a last node without a right neighbour rises to where it gets
 * a left one. */
static void
climb_up(struct climb *climb, bool right)
{
	assert(!right || climb->at != 0);
	while (right && (climb->at & 1) == 0) {
		climb->at >>= 1;
		climb->last >>= 1;
	}
	climb->at >>= 1;
	climb->last >>= 1;
}

static bool
is_same(const struct hash *a, const struct hash *b)
{
	return bytes_equal(
	    bytes_of(a->b, sizeof(a->b)), bytes_of(b->b, sizeof(b->b)));
}
