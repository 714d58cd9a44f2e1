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
	struct tips tips = {.arena = &arena};
	enum err e = oplog_tips_in(txn, space, &ref->log, &tips);

	for (size_t i = 0; i < tips.n && e == ERR_OK && holding == NULL; i++) {
		struct stored_delta stored;
		struct hash leaf;

		if (ref->seq >= tips.p[i]->frontier.size)
			continue;
		e = oplog_get(txn, tips.p[i], ref->seq, &stored);
		if (e != ERR_OK)
			break;
		merkle_leaf(stored.header, &leaf);
		if (memcmp(leaf.b, ref->leaf, sizeof(ref->leaf)) == 0)
			holding = tips.p[i];
	}
	arena_fini(&arena);
	return holding;
}

enum err
tip_sharing(
    struct txn *txn, const struct log *log, uint64_t seq, struct tips *sharing)
{
	const struct log *owner;
	enum err e = oplog_tips_in(txn, log->space, &log->trunk, sharing);
	size_t tips_n = sharing->n;

	sharing->n = 0;
	if (e == ERR_OK)
		e = oplog_owner(txn, log, seq, &owner);
	for (size_t i = 0; i < tips_n && e == ERR_OK; i++) {
		struct log *tip = sharing->p[i];
		const struct log *other;

		if (seq >= tip->frontier.size)
			continue;
		e = oplog_owner(txn, tip, seq, &other);
		if (e == ERR_OK && other == owner)
			sharing->p[sharing->n++] = tip;
	}
	return e;
}

bool
tip_may(struct txn *txn, const struct log *log, unsigned right, uint64_t seq)
{
	struct arena arena = {0};
	struct tips sharing = {.arena = &arena};
	bool may = oplog_may(log, right, seq);

	if (may || !oplog_is_branch(log))
		return may;
	if (tip_sharing(txn, log, seq, &sharing) != ERR_OK)
		sharing.n = 0;
	for (size_t i = 0; i < sharing.n && !may; i++)
		may = oplog_may(sharing.p[i], right, seq);
	arena_fini(&arena);
	return may;
}
