/*
 * From headers to the branch that they go on with.  core/intake.c asks for each
 * chunk before it takes anything.  Writes nothing, and believes no header that
 * a signed head does not prove.
 */
#include "core/graft.h"

#include <string.h>

#include "core/tree.h"

/* The tips of the log, those that still fit first. */
struct grafting {
	struct txn *txn;
	const struct graft_chunk *chunk;
	struct log **tips;
	size_t n;
};

static enum err root_find(struct grafting *g, bool *found) MUST_USE;
static enum err beginning_of(struct grafting *g, const struct log *tip,
    struct frontier *frontier) MUST_USE;
static bool leads(const struct grafting *g, struct frontier frontier);
static enum err keep_alike(struct grafting *g, const struct log *tip) MUST_USE;
static enum err climb(struct grafting *g, struct graft *graft) MUST_USE;
static enum err fits_at(struct grafting *g, const struct log *tip, uint64_t seq,
    const struct hash *leaf, bool *fits) MUST_USE;

enum err
graft_find(struct txn *txn, struct space_state *space,
    const struct log_id *trunk, const struct graft_chunk *chunk,
    struct graft *graft)
{
	struct grafting g = {.txn = txn, .chunk = chunk};
	bool shorter = false;
	bool found = false;
	enum err e = ERR_OK;

	*graft = (struct graft){.held = chunk->from};
	if (space != NULL)
		e = oplog_tips(txn, space, trunk, &g.tips, &g.n);
	if (e != ERR_OK)
		return e;
	for (size_t i = 0; i < g.n; i++)
		shorter = shorter || g.tips[i]->frontier.size < chunk->from;
	if (chunk->from == 0)
		found = leads(&g, (struct frontier){0});
	else
		e = root_find(&g, &found);
	if (e != ERR_OK)
		return e;
	if (found)
		return g.n == 0 ? ERR_OK : climb(&g, graft);
	graft->gap = chunk->from > 0 && (g.n == 0 || shorter);
	if (graft->gap)
		return ERR_OK;
	return err_set(chunk->from > 0 ? ERR_FORKED : ERR_MALFORMED,
	    "headers %llu to %llu of a log do not lead to its signed head",
	    (unsigned long long)chunk->from,
	    (unsigned long long)(chunk->from + chunk->n) - 1);
}

/* Finds a tip behind whose first leaves the headers lead to their head, and
 * keeps all tips that begin like it. */
static enum err
root_find(struct grafting *g, bool *found)
{
	size_t n = 0;
	enum err e = ERR_OK;

	for (size_t i = 0; i < g->n; i++) {
		struct log *tip = g->tips[i];

		if (tip->frontier.size < g->chunk->from)
			continue;
		g->tips[n++] = tip;
		if (tip->no.v == g->chunk->near.v) {
			g->tips[n - 1] = g->tips[0];
			g->tips[0] = tip;
		}
	}
	g->n = n;
	/* Of tips that begin alike one is tried. */
	for (size_t i = 0; i < g->n && !*found && e == ERR_OK; i++) {
		const struct log *owner;
		struct frontier frontier;
		bool tried = false;

		e = oplog_owner(g->txn, g->tips[i], g->chunk->from - 1, &owner);
		for (size_t k = 0; k < i && !tried && e == ERR_OK; k++) {
			const struct log *other;

			e = oplog_owner(
			    g->txn, g->tips[k], g->chunk->from - 1, &other);
			tried = other == owner;
		}
		if (e != ERR_OK || tried)
			continue;
		e = beginning_of(g, g->tips[i], &frontier);
		*found = e == ERR_OK && leads(g, frontier);
		if (*found)
			e = keep_alike(g, owner);
	}
	return e;
}

static enum err
beginning_of(
    struct grafting *g, const struct log *tip, struct frontier *frontier)
{
	if (g->chunk->from != tip->frontier.size)
		return tree_frontier(g->txn, tip, g->chunk->from, frontier);
	*frontier = tip->frontier;
	return ERR_OK;
}

/* Do the headers, behind `frontier`, lead to their head? */
static bool
leads(const struct grafting *g, struct frontier frontier)
{
	const struct graft_chunk *chunk = g->chunk;
	struct hash root;

	for (size_t i = 0; i < chunk->n; i++)
		merkle_append(&frontier, &chunk->leaves[i], NULL, NULL);
	merkle_root(&frontier, &root);
	return merkle_consistency_holds(frontier.size, chunk->head_size, &root,
	    chunk->proof, chunk->head_root);
}

/* Keeps the tips whose leaf before the headers is that of `owner`. */
static enum err
keep_alike(struct grafting *g, const struct log *owner)
{
	size_t n = 0;
	enum err e = ERR_OK;

	for (size_t i = 0; i < g->n && e == ERR_OK; i++) {
		const struct log *other;

		e = oplog_owner(g->txn, g->tips[i], g->chunk->from - 1, &other);
		if (e == ERR_OK && other == owner)
			g->tips[n++] = g->tips[i];
	}
	g->n = n;
	return e;
}

/* Header by header, as long as some tip has it. */
static enum err
climb(struct grafting *g, struct graft *graft)
{
	const struct graft_chunk *chunk = g->chunk;
	enum err e = ERR_OK;

	graft->log = g->tips[0];
	for (size_t i = 0; i < chunk->n; i++) {
		uint64_t seq = chunk->from + i;
		struct log *ends = NULL;
		size_t n = 0;

		for (size_t k = 0; k < g->n; k++) {
			struct log *tip = g->tips[k];
			bool fits = false;

			if (seq < tip->frontier.size)
				e = fits_at(
				    g, tip, seq, &chunk->leaves[i], &fits);
			else
				ends = tip;
			if (e != ERR_OK)
				return e;
			if (fits)
				g->tips[n++] = tip;
		}
		if (n == 0) {
			graft->split = ends == NULL;
			graft->log = ends != NULL ? ends : g->tips[0];
			return ERR_OK;
		}
		g->n = n;
		graft->log = g->tips[0];
		graft->held = seq + 1;
	}
	return ERR_OK;
}

static enum err
fits_at(struct grafting *g, const struct log *tip, uint64_t seq,
    const struct hash *leaf, bool *fits)
{
	struct hash held;
	enum err e = tree_node(g->txn, tip, 0, seq, &held);

	*fits = e == ERR_OK && memcmp(&held, leaf, sizeof(held)) == 0;
	return e;
}
