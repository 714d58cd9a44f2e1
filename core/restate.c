/*
 * Merging again what was merged under other rights or decisions.  core/apply.c
 * gathers here what a change of them touched.  Decides nothing.
 */
#include "core/restate.h"

#include <stdlib.h>
#include <string.h>

#include "core/record.h"
#include "proto/fact.h"
#include "proto/mem.h"

/* So many are gathered before some are merged: a megabyte of names. */
enum { GATHERED_MAX = 65536 };

static enum err targets_add(struct restate *restate, const struct log *log,
    const struct ref *targets, size_t n) MUST_USE;
static enum err delta_add(
    struct restate *restate, const struct history_delta *from) MUST_USE;

void
restate_init(
    struct restate *restate, struct txn *txn, struct space_state *space)
{
	*restate = (struct restate){.txn = txn, .space = space};
}

void
restate_fini(struct restate *restate)
{
	mem_free(restate->records);
	*restate = (struct restate){0};
}

enum err
restate_deltas(
    struct restate *restate, const struct log *log, uint64_t from, uint64_t to)
{
	struct arena arena = {0};
	enum err e = ERR_OK;

	assert(log->space == restate->space);
	if (to > log->frontier.size)
		to = log->frontier.size;
	for (uint64_t seq = from; seq < to && e == ERR_OK; seq++) {
		struct history_delta delta;

		arena_reset(&arena);
		e = history_delta(restate->txn, log, seq, &arena, &delta);
		if (e == ERR_OK)
			e = delta_add(restate, &delta);
	}
	arena_fini(&arena);
	return e;
}

static enum err
delta_add(struct restate *restate, const struct history_delta *from)
{
	const struct delta *delta = from->delta;

	if (delta == NULL || delta->kind != DELTA_CHANGE)
		return ERR_OK;
	mem_room(&restate->records, &restate->room,
	    restate->n + delta->changes_n, sizeof(*restate->records));
	for (size_t i = 0; i < delta->changes_n; i++)
		restate->records[restate->n++] = delta->changes[i].record;
	return restate->n >= GATHERED_MAX ? restate_run(restate) : ERR_OK;
}

enum err
restate_decision(struct restate *restate, const struct decision *decision)
{
	size_t end = 0;
	struct log **tips;
	size_t n;
	enum err e = ERR_OK;

	for (size_t at = 0; at < decision->targets_n && e == ERR_OK; at = end) {
		const struct ref *first = &decision->targets[at];

		for (end = at + 1; end < decision->targets_n &&
				   memcmp(&decision->targets[end].log,
				       &first->log, sizeof(first->log)) == 0;
		     end++)
			;
		e = oplog_tips(
		    restate->txn, restate->space, &first->log, &tips, &n);
		for (size_t i = 0; i < n && e == ERR_OK; i++)
			e = targets_add(restate, tips[i], first, end - at);
	}
	for (size_t k = 0; k < decision->ranges_n && e == ERR_OK; k++) {
		const struct log_cut *cut = &decision->ranges[k].cut;

		e = oplog_tips(
		    restate->txn, restate->space, &cut->log, &tips, &n);
		for (size_t i = 0; i < n && e == ERR_OK; i++) {
			bool may = oplog_may(tips[i], RIGHT_WRITE, 0);

			e = restate_deltas(restate, tips[i],
			    may ? tips[i]->cut : 0, cut->size);
		}
	}
	return e;
}

static enum err
targets_add(struct restate *restate, const struct log *log,
    const struct ref *targets, size_t n)
{
	struct arena arena = {0};
	enum err e = ERR_OK;

	for (size_t i = 0; i < n && e == ERR_OK; i++) {
		struct history_delta delta;

		if (targets[i].seq >= log->frontier.size ||
		    oplog_may(log, RIGHT_WRITE, targets[i].seq))
			continue;
		arena_reset(&arena);
		e = history_delta(
		    restate->txn, log, targets[i].seq, &arena, &delta);
		if (e == ERR_OK && memcmp(delta.leaf, targets[i].leaf,
				       sizeof(delta.leaf)) == 0)
			e = delta_add(restate, &delta);
	}
	arena_fini(&arena);
	return e;
}

static int
record_order(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct record_id));
}

enum err
restate_run(struct restate *restate)
{
	const struct record_id *records = restate->records;
	size_t n = restate->n;
	enum err e = ERR_OK;

	if (n > 0)
		qsort(restate->records, n, sizeof(*records), record_order);
	for (size_t i = 0; i < n && e == ERR_OK; i++) {
		if (i > 0 && record_order(&records[i - 1], &records[i]) == 0)
			continue;
		e = restate_record(restate->txn, restate->space, &records[i]);
	}
	restate->n = 0;
	return e;
}

enum err
restate_record(
    struct txn *txn, struct space_state *space, const struct record_id *id)
{
	struct arena arena = {0};
	struct merge_changes changes;
	struct record record;
	enum err e;

	e = history_load(txn, space, id, &arena, &changes);
	if (e != ERR_OK)
		goto out;
	merge_record(changes.p, changes.n, &arena, &record);
	e = record_replace(txn, space, id, &record);
out:
	arena_fini(&arena);
	return e;
}
