/*
 * What a store has not of what a damaged data file tells of, so that nobody
 * throws the file away too early, and people hear how much it is.
 * core/salvage.c calls it at its end.
 */
#include "core/salvage_count.h"

#include <string.h>

#include "core/trace.h"
#include "core/tree.h"

/* A log of the file, and the store that is compared with it. */
struct pair {
	struct txn *from;
	const struct log *log;
	struct txn *to;
};

static enum err same(const struct pair *p, const struct log *tip, uint64_t size,
    bool *is_same) MUST_USE;
static enum err shared_count(
    const struct pair *p, const struct log *tip, uint64_t *shared) MUST_USE;
static enum err owed_count(
    const struct pair *p, const struct log *tip, uint64_t *owed) MUST_USE;
static void owed_extent(
    uint64_t source, uint64_t store, uint64_t *from, uint64_t *to);

enum err
salvage_count_log(struct txn *from, const struct log *log, struct txn *to,
    struct salvage *salvage)
{
	const struct pair pair = {.from = from, .log = log, .to = to};
	struct space_state *space = space_find(to, &log->name.space);
	const struct log *best = NULL;
	uint64_t most = log->below;
	struct log **tips = NULL;
	size_t n = 0;
	enum err e = kv_failed(to->kv);

	if (space != NULL && e == ERR_OK)
		e = oplog_tips(to, space, &log->trunk, &tips, &n);
	for (size_t i = 0; i < n && e == ERR_OK; i++) {
		uint64_t shared;

		e = shared_count(&pair, tips[i], &shared);
		if (e == ERR_OK && shared >= most) {
			most = shared;
			best = tips[i];
		}
	}
	if (e != ERR_OK)
		return e;
	salvage->missing += log->frontier.size - most;
	return best != NULL && most == log->frontier.size
		   ? owed_count(&pair, best, &salvage->owed)
		   : ERR_OK;
}

/* Are the first `size` deltas of the log those of `tip`?  Damaged ones are not.
 */
static enum err
same(const struct pair *p, const struct log *tip, uint64_t size, bool *is_same)
{
	struct hash here;
	struct hash there = {0};
	enum err e = tree_root(p->to, tip, size, &here);

	if (e != ERR_OK)
		return e;
	e = tree_root(p->from, p->log, size, &there);
	*is_same = e == ERR_OK && memcmp(&here, &there, sizeof(here)) == 0;
	if (e == ERR_CORRUPT) {
		kv_forget(p->from->kv);
		return ERR_OK;
	}
	return e;
}

/* In how many leading deltas do the log and `tip` agree? */
static enum err
shared_count(const struct pair *p, const struct log *tip, uint64_t *shared)
{
	uint64_t above = 1 + (p->log->frontier.size < tip->frontier.size
				     ? p->log->frontier.size
				     : tip->frontier.size);
	uint64_t at = above - 1; /* most often they agree in all */
	enum err e = ERR_OK;

	for (*shared = 0; above - *shared > 1 && e == ERR_OK;
	     at = *shared + (above - *shared) / 2) {
		bool is_same = false;

		e = same(p, tip, at, &is_same);
		if (is_same)
			*shared = at;
		else
			above = at;
	}
	return e;
}

/* The deltas whose bodies the file counts and `tip`, of the store, has not. */
static enum err
owed_count(const struct pair *p, const struct log *tip, uint64_t *owed)
{
	const struct log *log = p->log;
	struct arena arena = {0};
	uint64_t from = log->frontier.size;
	uint64_t to = log->below;
	enum err e = ERR_OK;

	owed_extent(log->held, tip->held, &from, &to);
	for (unsigned class = 0; class < CLASS_COUNT; class ++)
		owed_extent(log->open[class], tip->open[class], &from, &to);
	if (from < log->below)
		from = log->below;
	for (uint64_t seq = from; seq < to; seq++) {
		struct log has = {.held = seq};
		struct stored_delta stored;
		struct delta delta;
		bool is_owed = false;

		for (unsigned class = 0; class < CLASS_COUNT; class ++)
			has.open[class] = seq;
		arena_reset(&arena);
		e = oplog_get(p->to, tip, seq, &stored);
		if (e != ERR_OK)
			break;
		oplog_decode(&stored, &arena, &delta);
		trace_count(&has, &delta, &stored);
		is_owed = has.held == seq && seq < log->held;
		for (unsigned class = 0; class < CLASS_COUNT; class ++)
			is_owed = is_owed || (has.open[class] == seq &&
						 seq < log->open[class]);
		*owed += is_owed;
	}
	arena_fini(&arena);
	return e;
}

/* Widens `*from` to `*to` by the deltas between what both count. */
static void
owed_extent(uint64_t source, uint64_t store, uint64_t *from, uint64_t *to)
{
	if (store >= source)
		return;
	*from = store < *from ? store : *from;
	*to = source > *to ? source : *to;
}
