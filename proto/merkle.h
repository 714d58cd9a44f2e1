#ifndef GOLMOK_PROTO_MERKLE_H
#define GOLMOK_PROTO_MERKLE_H

#include "proto/crypto.h"

/*
 * The Merkle tree of RFC 6962 §2.1 over SHA-256: leaf 0x00, node 0x01, the
 * empty tree is SHA-256 of nothing.  Pure: hashes come from the caller.
 */
enum {
	MERKLE_FRONTIER_MAX = 64,
	/* A proof between any two of 2^63 leaves. */
	MERKLE_PROOF_MAX = 128,
};

/* The roots of the complete subtrees that make up the first `size` leaves, from
 * the left (largest) to the right: one for each set bit of `size`.  A zeroed
 * struct is the empty tree. */
struct frontier {
	uint64_t size; /* leaves */
	struct hash nodes[MERKLE_FRONTIER_MAX];
};

/* A list of hashes, in the order of RFC 6962. */
struct merkle_proof {
	size_t n;
	struct hash nodes[MERKLE_PROOF_MAX];
};

/* SHA-256(0x00 || entry). */
void merkle_leaf(struct bytes entry, struct hash *leaf);
/* SHA-256(0x01 || left || right); `node` may be the same place as an input. */
void merkle_node(
    const struct hash *left, const struct hash *right, struct hash *node);

/* Appends `leaf`.  When `done` is not NULL it is told, bottom up, of every
 * complete subtree that the leaf finished: its level (1 = two leaves), its
 * index among those of that level, and its root.  At most size 2^63 - 1. */
typedef void merkle_done_fn(
    void *arg, unsigned level, uint64_t index, const struct hash *node);
void merkle_append(struct frontier *frontier, const struct hash *leaf,
    merkle_done_fn *done, void *arg);
/* The root of the tree over frontier->size leaves. */
void merkle_root(const struct frontier *frontier, struct hash *root);
/* How many nodes a frontier of `size` leaves has: its set bits. */
size_t merkle_frontier_n(uint64_t size);

/* Where proofs find the root of the complete subtree `index` of `level` (level
 * 0: a leaf).  Fails as the store behind it does; the failure is passed up. */
typedef enum err merkle_get_fn(
    void *arg, unsigned level, uint64_t index, struct hash *node);

/* PATH(index, D[size]), index < size: the inclusion proof of one leaf. */
enum err merkle_inclusion(uint64_t index, uint64_t size, merkle_get_fn *get,
    void *arg, struct merkle_proof *proof) MUST_USE;
/* PROOF(old_size, D[size]), old_size <= size: the consistency proof; empty for
 * 0 and for equal sizes. */
enum err merkle_consistency(uint64_t old_size, uint64_t size,
    merkle_get_fn *get, void *arg, struct merkle_proof *proof) MUST_USE;
/* What is known of a tree of `size` leaves by one who holds the first `held` of
 * them: `proof` is PROOF(held, D[size]), borrowed; NULL is an empty one. */
struct merkle_ahead {
	uint64_t held;
	uint64_t size;
	const struct merkle_proof *proof;
};
/* PROOF(old_size, D[ahead->size]), old_size <= ahead->held, as
 * merkle_consistency makes it from all leaves; `get` is asked for subtrees
 * within the first ahead->held leaves only, and `proof` is another place than
 * ahead->proof.  An ahead->proof that has not the length that its sizes ask is
 * ERR_CORRUPT; whether its hashes are right is not looked at. */
enum err merkle_consistency_ahead(uint64_t old_size,
    const struct merkle_ahead *ahead, merkle_get_fn *get, void *arg,
    struct merkle_proof *proof) MUST_USE;
/* The frontier of the first `size` leaves. */
enum err merkle_frontier(uint64_t size, merkle_get_fn *get, void *arg,
    struct frontier *frontier) MUST_USE;

/* Does `proof` show that `leaf` stands at `index` of the tree `root` of `size`
 * leaves?  (RFC 9162 §2.1.3.2) */
bool merkle_inclusion_holds(uint64_t index, uint64_t size,
    const struct hash *leaf, const struct merkle_proof *proof,
    const struct hash *root) MUST_USE;
/* Does `proof` show that the tree `root` of `size` leaves begins with the tree
 * `old_root` of `old_size` leaves?  Size 0 holds with an empty proof and the
 * empty root; equal sizes with an empty proof and equal roots.  (RFC 9162
 * §2.1.4.2) */
bool merkle_consistency_holds(uint64_t old_size, uint64_t size,
    const struct hash *old_root, const struct merkle_proof *proof,
    const struct hash *root) MUST_USE;

#endif
