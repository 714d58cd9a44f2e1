/*
 * The branches of forked logs as one thing: what names a log by its unforked id
 * means any of them.  Readers of references and rights ask here.  Writes
 * nothing.
 */
#include "core/tip.h"

#include <string.h>

struct log *
tip_holding(struct txn *txn, struct space_state *space, const struct ref *ref)
{
	struct arena arena = {0};
	struct log *holding = NULL;
	struct log **tips;
	size_t n;
	enum err e = oplog_tips_in(txn, space, &ref->log, &arena, &tips, &n);

	for (size_t i = 0; i < n && e == ERR_OK && holding == NULL; i++) {
		struct stored_delta stored;
		struct hash leaf;

		if (ref->seq >= tips[i]->frontier.size)
			continue;
		e = oplog_get(txn, tips[i], ref->seq, &stored);
		if (e != ERR_OK)
			break;
		merkle_leaf(stored.header, &leaf);
		if (memcmp(leaf.b, ref->leaf, sizeof(ref->leaf)) == 0)
			holding = tips[i];
	}
	arena_fini(&arena);
	return holding;
}

enum err
tip_sharing(struct txn *txn, const struct log *log, uint64_t seq,
    struct arena *arena, struct log ***sharing, size_t *n)
{
	const struct log *owner;
	size_t tips_n;
	enum err e = oplog_tips_in(
	    txn, log->space, &log->trunk, arena, sharing, &tips_n);

	*n = 0;
	if (e == ERR_OK)
		e = oplog_owner(txn, log, seq, &owner);
	for (size_t i = 0; i < tips_n && e == ERR_OK; i++) {
		struct log *tip = (*sharing)[i];
		const struct log *other;

		if (seq >= tip->frontier.size)
			continue;
		e = oplog_owner(txn, tip, seq, &other);
		if (e == ERR_OK && other == owner)
			(*sharing)[(*n)++] = tip;
	}
	return e;
}

bool
tip_may(struct txn *txn, const struct log *log, unsigned right, uint64_t seq)
{
	struct arena arena = {0};
	struct log **sharing;
	size_t n;
	bool may = oplog_may(log, right, seq);

	if (may || !oplog_is_branch(log))
		return may;
	if (tip_sharing(txn, log, seq, &arena, &sharing, &n) != ERR_OK)
		n = 0;
	for (size_t i = 0; i < n && !may; i++)
		may = oplog_may(sharing[i], right, seq);
	arena_fini(&arena);
	return may;
}
