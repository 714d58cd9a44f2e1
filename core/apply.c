/*
 * The one road.  core/store.c puts local writes on it, core/intake.c what peers
 * send, core/rebuild.c what the logs hold.  It never refuses a delta: a log
 * with a gap would be a lie.  Runs inside the caller's transaction.
 */
#include "core/apply.h"

#include <string.h>

#include "core/feed.h"
#include "core/history.h"
#include "core/meta.h"
#include "core/record.h"
#include "core/tip.h"

static enum err changes_apply(
    struct txn *txn, const struct history_delta *from) MUST_USE;
static enum err record_restate(struct txn *txn, struct space_state *space,
    const struct record_id *id) MUST_USE;
static enum err rejudge(struct txn *txn, const struct authority *authority,
    struct log *log) MUST_USE;
static enum err log_restate(struct txn *txn, struct log *log) MUST_USE;
static enum err body_announce(
    struct txn *txn, const struct log *log, uint64_t seq) MUST_USE;
static void announce(
    struct txn *txn, const struct log *log, uint64_t seq, unsigned kind);

enum err
apply_delta(struct txn *txn, struct log *log, const struct oplog_entry *entry,
    struct hash *leaf)
{
	uint64_t seq = log->frontier.size;
	struct delta delta;
	struct history_delta from = {.log = log,
	    .delta = &delta,
	    .seq = seq,
	    .bodies = entry->bodies,
	    .bodies_n = entry->bodies_n};
	enum err e = oplog_append(txn, log, entry, &delta, leaf);

	if (e != ERR_OK)
		return e;
	memcpy(from.leaf, leaf->b, sizeof(from.leaf));
	if (id_is_authority(&log->name.space))
		txn->authority_changed = true;
	announce(
	    txn, log, seq, delta.opaque ? FEED_OPAQUE : (unsigned)delta.kind);
	if (delta.opaque || delta.kind != DELTA_CHANGE)
		return kv_failed(txn->kv);
	return changes_apply(txn, &from);
}

enum err
apply_stored(struct txn *txn, struct log *log, uint64_t seq)
{
	struct arena arena = {0};
	struct history_delta from;
	enum err e = history_delta(txn, log, seq, &arena, &from);

	if (e == ERR_OK && from.delta != NULL &&
	    from.delta->kind == DELTA_CHANGE)
		e = changes_apply(txn, &from);
	arena_fini(&arena);
	return e;
}

static void
announce(struct txn *txn, const struct log *log, uint64_t seq, unsigned kind)
{
	feed_put(txn, (struct feed_entry){.space = log->space->no,
			  .log = log->no,
			  .seq = seq,
			  .kind = (uint8_t)kind});
}

static enum err
changes_apply(struct txn *txn, const struct history_delta *from)
{
	struct space_state *space = from->log->space;
	enum err e = ERR_OK;

	for (size_t i = 0; i < from->delta->changes_n && e == ERR_OK; i++) {
		const struct record_id *id = &from->delta->changes[i].record;
		struct merge_change change;
		bool done = false;

		arena_reset(&txn->scratch);
		/* Not earlier: when two changes of a delta touch one record,
		 * merging for the first must not take in the second, which is
		 * folded next. */
		history_put(txn, from, i);
		history_change(txn, from, i, &txn->scratch, &change);
		e = record_fold(txn, space, id, &change, &done);
		if (e == ERR_OK && !done)
			e = record_restate(txn, space, id);
	}
	return e;
}

/* Merges the record `id` of `space` again from its whole history. */
static enum err
record_restate(
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

enum err
apply_body(struct txn *txn, struct log *log, uint64_t seq,
    const struct stored_body *body)
{
	struct arena arena = {0};
	struct history_delta from;
	bool news;
	enum err e;

	history_forget(txn);
	e = oplog_put_body(txn, log, seq, body, &news);
	if (e != ERR_OK || !news)
		goto out;
	e = body_announce(txn, log, seq);
	if (e != ERR_OK)
		goto out;
	if (id_is_authority(&log->name.space)) {
		txn->authority_changed = true;
		meta_put_number(
		    txn, meta_facts, meta_number(txn, meta_facts) + 1);
	}
	e = history_delta(txn, log, seq, &arena, &from);
	if (e != ERR_OK || from.delta == NULL ||
	    from.delta->kind != DELTA_CHANGE || body->form != BODY_OPEN)
		goto out;
	if (body->change < from.delta->changes_n)
		e = record_restate(
		    txn, log->space, &from.delta->changes[body->change].record);
out:
	arena_fini(&arena);
	return e;
}

/* All branches that have the delta have its body now. */
static enum err
body_announce(struct txn *txn, const struct log *log, uint64_t seq)
{
	struct log **sharing;
	size_t n;
	enum err e = ERR_OK;

	if (!oplog_is_branch(log)) {
		announce(txn, log, seq, FEED_BODY);
		return e;
	}
	e = tip_sharing(txn, log, seq, &sharing, &n);
	for (size_t i = 0; i < n && e == ERR_OK; i++)
		announce(txn, sharing[i], seq, FEED_BODY);
	return e;
}

enum err
apply_judge(struct txn *txn, const struct authority *authority, struct log *log)
{
	struct judgement judgement;
	enum err e = authority_judge(txn, authority, log, &judgement);

	if (e != ERR_OK ||
	    (log->rights == judgement.rights && log->cut == judgement.cut))
		return e;
	log->rights = judgement.rights;
	log->cut = judgement.cut;
	log->dirty = true;
	return ERR_OK;
}

enum err
apply_tips(struct txn *txn, const struct authority *authority, struct log *log)
{
	struct log **tips;
	size_t n;
	enum err e = oplog_tips(txn, log->space, &log->trunk, &tips, &n);

	for (size_t i = 0; i < n && e == ERR_OK; i++)
		e = rejudge(txn, authority, tips[i]);
	return e;
}

static enum err
rejudge(struct txn *txn, const struct authority *authority, struct log *log)
{
	unsigned rights = log->rights;
	uint64_t cut = log->cut;
	enum err e = apply_judge(txn, authority, log);

	if (e == ERR_OK && (rights != log->rights || cut != log->cut))
		e = log_restate(txn, log);
	return e;
}

enum err
apply_authority(struct txn *txn, const struct authority *authority)
{
	struct space_state **spaces;
	size_t spaces_n;
	enum err e;

	e = space_all(txn, &spaces, &spaces_n);
	for (size_t i = 0; i < spaces_n && e == ERR_OK; i++) {
		struct log **logs;
		size_t logs_n;

		e = oplog_all(txn, spaces[i], &logs, &logs_n);
		for (size_t k = 0; k < logs_n && e == ERR_OK; k++)
			e = rejudge(txn, authority, logs[k]);
	}
	return e;
}

/* Merges again every record that `log` touches. */
static enum err
log_restate(struct txn *txn, struct log *log)
{
	struct arena arena = {0};
	enum err e = ERR_OK;

	for (uint64_t seq = 0; seq < log->frontier.size && e == ERR_OK; seq++) {
		struct history_delta from;

		arena_reset(&arena);
		e = history_delta(txn, log, seq, &arena, &from);
		if (e != ERR_OK || from.delta == NULL ||
		    from.delta->kind != DELTA_CHANGE)
			continue;
		for (size_t i = 0; i < from.delta->changes_n && e == ERR_OK;
		     i++)
			e = record_restate(
			    txn, log->space, &from.delta->changes[i].record);
	}
	if (log->frontier.size > 0)
		announce(txn, log, log->frontier.size - 1, FEED_STATUS);
	arena_fini(&arena);
	return e;
}
