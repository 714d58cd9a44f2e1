#ifndef GOLMOK_CORE_TREE_H
#define GOLMOK_CORE_TREE_H

#include "core/oplog.h"

/*
 * Proofs over the headers of a log that are held, as proto/merkle.h has them.
 * Only roots of subtrees of 16, 256, 4096... leaves are stored, 16 neighbours
 * in a row; what is between is hashed again.  Sizes and indexes beyond
 * log->frontier.size are ERR_NOT_FOUND; what is damaged is ERR_CORRUPT, kept in
 * `txn`.
 */
enum { TREE_LEVEL_STEP = 4, TREE_ROW_NODES = 1 << TREE_LEVEL_STEP };

/* Are the roots of `level` stored? */
static inline bool
tree_is_stored(unsigned level)
{
	return level >= TREE_LEVEL_STEP && level % TREE_LEVEL_STEP == 0;
}

/* Reads the node `index` of a stored level from the content of its row; false
 * when that is no row or does not have it.  `*is_first`: no node before it is
 * in the row. */
bool tree_row_node(struct bytes content, uint64_t index, struct hash *node,
    bool *is_first) MUST_USE;

/* The inclusion proof of the leaf `index` in the first `size` leaves. */
enum err tree_inclusion(struct txn *txn, const struct log *log, uint64_t index,
    uint64_t size, struct merkle_proof *proof) MUST_USE;
/* The consistency proof from the first `old_size` to the first `size` leaves.
 */
enum err tree_consistency(struct txn *txn, const struct log *log,
    uint64_t old_size, uint64_t size, struct merkle_proof *proof) MUST_USE;
/* The root, and the frontier, of the first `size` leaves. */
enum err tree_root(struct txn *txn, const struct log *log, uint64_t size,
    struct hash *root) MUST_USE;
enum err tree_frontier(struct txn *txn, const struct log *log, uint64_t size,
    struct frontier *frontier) MUST_USE;
/* The root of the complete subtree `index` of `level`, which must lie within
 * the headers held. */
enum err tree_node(struct txn *txn, const struct log *log, unsigned level,
    uint64_t index, struct hash *node) MUST_USE;

/* Stores the root of a subtree that was just finished, if it is one of those
 * that are stored. */
void tree_put(struct txn *txn, const struct log *log, unsigned level,
    uint64_t index, const struct hash *node);

/* The consistency proof from `old_size` (at most frontier.size) to the newest
 * head of `log`, which may lie beyond the headers held: then it is made of the
 * subtrees held and of log->ahead, the proof from there to the head, which must
 * hold (ERR_CORRUPT otherwise).  ERR_NOT_FOUND without a head of at least
 * `old_size` leaves. */
enum err tree_ahead(struct txn *txn, const struct log *log, uint64_t old_size,
    struct merkle_proof *proof) MUST_USE;

#endif
