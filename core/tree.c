/*
 * The Merkle trees of the logs, as far as they are stored.  core/oplog.c tells
 * of finished subtrees, sessions and audits ask for proofs.  What is stored
 * here can be made again from the headers.
 */
#include "core/tree.h"

#include <string.h>

/* Whose tree the functions of proto/merkle.h ask about. */
struct tree_of {
	struct txn *txn;
	const struct log *log;
};

static enum err get(
    void *arg, unsigned level, uint64_t index, struct hash *node) MUST_USE;
static enum err stored_node(struct txn *txn, const struct log *log,
    unsigned level, uint64_t index, struct hash *node) MUST_USE;
static void row_key(
    const struct log *owner, unsigned level, uint64_t index, struct key *key);
static enum err leaf_hash(struct txn *txn, const struct log *log, uint64_t seq,
    struct hash *leaf) MUST_USE;
static enum err beyond(const struct log *log, uint64_t size) MUST_USE;
static enum err ahead_holds(const struct log *log) MUST_USE;

enum err
tree_inclusion(struct txn *txn, const struct log *log, uint64_t index,
    uint64_t size, struct merkle_proof *proof)
{
	struct tree_of of = {.txn = txn, .log = log};

	if (size > log->frontier.size || index >= size)
		return beyond(log, index >= size ? index : size);
	return merkle_inclusion(index, size, get, &of, proof);
}

static enum err
beyond(const struct log *log, uint64_t size)
{
	return err_set(ERR_NOT_FOUND,
	    "%llu of a log of which %llu deltas are held",
	    (unsigned long long)size, (unsigned long long)log->frontier.size);
}

static enum err
get(void *arg, unsigned level, uint64_t index, struct hash *node)
{
	struct tree_of *of = arg;

	return tree_node(of->txn, of->log, level, index, node);
}

enum err
tree_consistency(struct txn *txn, const struct log *log, uint64_t old_size,
    uint64_t size, struct merkle_proof *proof)
{
	struct tree_of of = {.txn = txn, .log = log};

	if (size > log->frontier.size || old_size > size)
		return beyond(log, old_size > size ? old_size : size);
	return merkle_consistency(old_size, size, get, &of, proof);
}

enum err
tree_ahead(struct txn *txn, const struct log *log, uint64_t old_size,
    struct merkle_proof *proof)
{
	struct tree_of of = {.txn = txn, .log = log};
	struct merkle_ahead ahead = {.held = log->frontier.size,
	    .size = log->head_size,
	    .proof = log->ahead};
	enum err e;

	if (old_size > log->frontier.size)
		return beyond(log, old_size);
	if (!log->has_head || old_size > log->head_size)
		return err_set(ERR_NOT_FOUND,
		    "no head of %llu or more deltas is held",
		    (unsigned long long)old_size);
	if (log->head_size <= log->frontier.size)
		return tree_consistency(
		    txn, log, old_size, log->head_size, proof);
	e = ahead_holds(log);
	if (e != ERR_OK)
		return txn_fail(txn, e);
	return merkle_consistency_ahead(old_size, &ahead, get, &of, proof);
}

/* Does log->ahead lead from the headers held to the head?  What is made of it
 * goes to peers, who would take a wrong proof for a lie. */
static enum err
ahead_holds(const struct log *log)
{
	static const struct merkle_proof none;
	const struct merkle_proof *ahead = log->ahead;
	struct hash root;

	merkle_root(&log->frontier, &root);
	if (log->head_size <= INT64_MAX &&
	    merkle_consistency_holds(log->frontier.size, log->head_size, &root,
		ahead == NULL ? &none : ahead, &log->head_root))
		return ERR_OK;
	return err_set(ERR_CORRUPT,
	    "the proof from %llu deltas held to the head of %llu does not hold",
	    (unsigned long long)log->frontier.size,
	    (unsigned long long)log->head_size);
}

enum err
tree_root(
    struct txn *txn, const struct log *log, uint64_t size, struct hash *root)
{
	struct frontier frontier = {0};
	enum err e = ERR_OK;

	if (size == log->frontier.size)
		merkle_root(&log->frontier, root);
	else
		e = tree_frontier(txn, log, size, &frontier);
	if (e == ERR_OK && size != log->frontier.size)
		merkle_root(&frontier, root);
	return e;
}

enum err
tree_frontier(struct txn *txn, const struct log *log, uint64_t size,
    struct frontier *frontier)
{
	struct tree_of of = {.txn = txn, .log = log};

	if (size > log->frontier.size)
		return beyond(log, size);
	return merkle_frontier(size, get, &of, frontier);
}

/* From the nodes of the next lower level that can be read. */
enum err
tree_node(struct txn *txn, const struct log *log, unsigned level,
    uint64_t index, struct hash *node)
{
	struct hash row[1 << (TREE_LEVEL_STEP - 1)];
	unsigned up = level % TREE_LEVEL_STEP;
	size_t n = (size_t)1 << up;
	enum err e;

	assert(level < 63 && index < log->frontier.size >> level);
	for (size_t i = 0; i < n; i++) {
		uint64_t at = (index << up) + i;

		e = level < TREE_LEVEL_STEP
			? leaf_hash(txn, log, at, &row[i])
			: stored_node(txn, log, level - up, at, &row[i]);
		if (e != ERR_OK)
			return e;
	}
	for (; n > 1; n /= 2)
		for (size_t i = 0; i < n; i += 2)
			merkle_node(&row[i], &row[i + 1], &row[i / 2]);
	*node = row[0];
	return ERR_OK;
}

static enum err
stored_node(struct txn *txn, const struct log *log, unsigned level,
    uint64_t index, struct hash *node)
{
	const struct log *owner;
	struct bytes content;
	struct key key;
	bool is_first;
	enum err e;

	/* A subtree is stored where its last leaf is. */
	e = oplog_owner(txn, log, ((index + 1) << level) - 1, &owner);
	if (e != ERR_OK)
		return e;
	row_key(owner, level, index, &key);
	if (!txn_find(txn, TABLE_TREE, &key, &content)) {
		e = kv_failed(txn->kv);
		if (e != ERR_OK)
			return e;
		return txn_fail(txn, tables_corrupt(TABLE_TREE,
					 tables_key(&key), "it is missing"));
	}
	if (tree_row_node(content, index, node, &is_first))
		return ERR_OK;
	return txn_fail(txn,
	    tables_corrupt(TABLE_TREE, tables_key(&key), "its size is wrong"));
}

static void
row_key(
    const struct log *owner, unsigned level, uint64_t index, struct key *key)
{
	tables_tree_key(
	    owner->space->no, owner->no, level, index / TREE_ROW_NODES, key);
}

/* The number of the first node in its row, then the nodes without a gap. */
bool
tree_row_node(
    struct bytes content, uint64_t index, struct hash *node, bool *is_first)
{
	unsigned at = (unsigned)(index % TREE_ROW_NODES);
	unsigned first;

	if (content.n < 1 + sizeof(node->b) ||
	    (content.n - 1) % sizeof(node->b) != 0)
		return false;
	first = content.p[0];
	if (first > at || first + (content.n - 1) / sizeof(node->b) <= at ||
	    first + (content.n - 1) / sizeof(node->b) > TREE_ROW_NODES)
		return false;
	*is_first = first == at;
	bytes_copy(
	    node->b, bytes_slice(content, 1 + sizeof(node->b) * (at - first),
			 sizeof(node->b)));
	return true;
}

static enum err
leaf_hash(
    struct txn *txn, const struct log *log, uint64_t seq, struct hash *leaf)
{
	struct stored_delta stored;
	enum err e = oplog_get(txn, log, seq, &stored);

	if (e == ERR_OK)
		merkle_leaf(stored.header, leaf);
	return e;
}

/* Nodes come in order, so each is the next of its row; but a branch begins
 * within one. */
void
tree_put(struct txn *txn, const struct log *log, unsigned level, uint64_t index,
    const struct hash *node)
{
	uint8_t row[1 + TREE_ROW_NODES * sizeof(node->b)];
	size_t at = (size_t)(index % TREE_ROW_NODES);
	struct bytes before = {0};
	struct key key;
	size_t n;

	if (!tree_is_stored(level))
		return;
	row_key(log, level, index, &key);
	row[0] = (uint8_t)at;
	n = 1;
	if (at > 0 && txn_find(txn, TABLE_TREE, &key, &before)) {
		if (before.n > sizeof(row) - sizeof(node->b) ||
		    before.n < 1 + sizeof(node->b) ||
		    before.n != 1 + (at - before.p[0]) * sizeof(node->b)) {
			kv_fail(txn->kv,
			    tables_corrupt(TABLE_TREE, tables_key(&key),
				"its size is wrong"));
			return;
		}
		bytes_copy(row, before);
		n = before.n;
	}
	memcpy(row + n, node->b, sizeof(node->b));
	txn_put(txn, TABLE_TREE, &key, bytes_of(row, n + sizeof(node->b)));
}
