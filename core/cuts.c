/*
 * Cuts of logs.  core/authority.c judges data logs by them, and
 * core/authority_facts.c gathers what they leave of the authority logs.  Writes
 * nothing.
 */
#include "core/cuts.h"

#include <string.h>

#include "core/forks.h"
#include "core/tree.h"

static enum err compare(struct txn *txn, const struct log *a,
    const struct log *b, uint64_t *shared, int *order) MUST_USE;
static enum err insert(struct txn *txn, const struct log **tips, size_t n,
    const struct log *tip) MUST_USE;

enum err
cuts_trunk(struct txn *txn, const struct log *const *tips, size_t n,
    struct arena *arena, struct cuts_trunk *trunk)
{
	const struct log **sorted = arena_array(
	    arena, n, sizeof(const struct log *));
	uint64_t *sizes = arena_array(arena, n, sizeof(*sizes));
	uint64_t *shared = arena_array(arena, n, sizeof(*shared));
	enum err e = ERR_OK;
	int order;

	for (size_t i = 0; i < n && e == ERR_OK; i++)
		e = insert(txn, sorted, i, tips[i]);
	for (size_t i = 0; i < n && e == ERR_OK; i++) {
		sizes[i] = sorted[i]->frontier.size;
		if (i > 0)
			e = compare(
			    txn, sorted[i - 1], sorted[i], &shared[i], &order);
	}
	*trunk = (struct cuts_trunk){
	    .n = n, .tips = sorted, .sizes = sizes, .shared = shared};
	return e;
}

/* Puts `tip` into its place among the first `n` of `tips`.  By halves: an
 * author who forks his log a thousand times must not make us slow. */
static enum err
insert(
    struct txn *txn, const struct log **tips, size_t n, const struct log *tip)
{
	size_t from = 0;
	size_t to = n;

	while (from < to) {
		size_t middle = from + (to - from) / 2;
		uint64_t shared;
		int order;
		enum err e = compare(txn, tips[middle], tip, &shared, &order);

		if (e != ERR_OK)
			return e;
		if (order < 0)
			from = middle + 1;
		else
			to = middle;
	}
	memmove(&tips[from + 1], &tips[from], (n - from) * sizeof(*tips));
	tips[from] = tip;
	return ERR_OK;
}

/* How many leading leaves two tips share, and which comes first. */
static enum err
compare(struct txn *txn, const struct log *a, const struct log *b,
    uint64_t *shared, int *order)
{
	struct hash left;
	struct hash right;
	enum err e = forks_shared(txn, a, b, shared);

	if (e != ERR_OK)
		return e;
	if (*shared == a->frontier.size || *shared == b->frontier.size) {
		*order = a->frontier.size < b->frontier.size ? -1 : 1;
		return ERR_OK;
	}
	e = tree_node(txn, a, 0, *shared, &left);
	if (e == ERR_OK)
		e = tree_node(txn, b, 0, *shared, &right);
	*order = memcmp(&left, &right, sizeof(left));
	return e;
}

enum err
cuts_trunk_of(struct txn *txn, const struct log *log, struct arena *arena,
    struct cuts_trunk *trunk)
{
	struct log **tips;
	const struct log **held;
	size_t n;
	enum err e;

	if (!oplog_is_branch(log))
		return cuts_trunk(txn, &log, 1, arena, trunk);
	e = oplog_tips(txn, log->space, &log->trunk, &tips, &n);
	if (e != ERR_OK)
		return e;
	held = arena_array(arena, n, sizeof(const struct log *));
	for (size_t i = 0; i < n; i++)
		held[i] = tips[i];
	return cuts_trunk(txn, held, n, arena, trunk);
}

uint64_t
cuts_fork(const struct cuts_trunk *trunk)
{
	uint64_t fork = UINT64_MAX;

	for (size_t i = 1; i < trunk->n; i++) {
		uint64_t shared = trunk->shared[i];

		if (shared < trunk->sizes[i - 1] && shared < trunk->sizes[i] &&
		    shared < fork)
			fork = shared;
	}
	return fork;
}

enum err
cuts_ends(struct txn *txn, const struct cuts_trunk *trunk,
    const struct log_cut *cut, uint64_t *ends)
{
	bool *match = arena_array(&txn->arena, trunk->n, sizeof(*match));
	enum err e = ERR_OK;

	for (size_t i = 0; i < trunk->n && e == ERR_OK; i++) {
		struct hash root;

		if (trunk->sizes[i] < cut->size)
			continue;
		e = tree_root(txn, trunk->tips[i], cut->size, &root);
		match[i] = e == ERR_OK &&
			   memcmp(&root, &cut->root, sizeof(root)) == 0;
	}
	cuts_spread(trunk, match, cut->size, ends);
	return e;
}

void
cuts_spread(const struct cuts_trunk *trunk, const bool *match, uint64_t size,
    uint64_t *ends)
{
	const uint64_t *shared = trunk->shared;
	size_t n = trunk->n;
	bool any = false;
	uint64_t end = 0;

	for (size_t i = 0; i < n; i++)
		any = any || match[i];
	for (size_t i = 0; i < n; i++) {
		/* What another tip goes on from is no tip of its own. */
		bool whole = trunk->sizes[i] < size &&
			     (i + 1 == n || shared[i + 1] < trunk->sizes[i]);

		ends[i] = (any ? match[i] : whole) ? size : 0;
	}
	/* Neighbours share the most, so that a leaf finds the tips that have it
	 * by going from one to the next. */
	for (size_t i = 0; i < n; i++) {
		end = i > 0 && end > shared[i] ? shared[i] : end;
		end = end > ends[i] ? end : ends[i];
		ends[i] = end;
	}
	end = 0;
	for (size_t i = n; i-- > 0;) {
		end = i + 1 < n && end > shared[i + 1] ? shared[i + 1] : end;
		end = end > ends[i] ? end : ends[i];
		ends[i] = end;
	}
}
