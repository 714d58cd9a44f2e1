/*
 * The one road.  core/store.c puts local writes on it, core/intake.c what peers
 * send, core/rebuild.c what the logs hold.  It never refuses a delta: a log
 * with a gap would be a lie.  Runs inside the caller's transaction.
 */
#include "core/apply.h"

#include <string.h>

#include "core/events.h"
#include "core/feed.h"
#include "core/history.h"
#include "core/meta.h"
#include "core/oplog_body.h"
#include "core/record.h"
#include "core/restate.h"
#include "core/tip.h"

/* What of a log has another right than before: deltas `from` to `to`. */
struct turning {
	const struct log *log;
	uint64_t from;
	uint64_t to;
};

static enum err delta_apply(
    struct txn *txn, const struct history_delta *from) MUST_USE;
static enum err changes_apply(
    struct txn *txn, const struct history_delta *from) MUST_USE;
static enum err decision_apply(
    struct txn *txn, const struct history_delta *from) MUST_USE;
static enum err decisions_restate(struct txn *txn, struct space_state *space,
    const struct decision_list *list) MUST_USE;
static enum err end_reached(struct txn *txn, struct log *log) MUST_USE;
static enum err logs_judge(struct txn *txn, const struct authority *authority,
    struct log *const *logs, size_t n) MUST_USE;
static enum err turnings_restate(
    struct txn *txn, const struct turning *turnings, size_t n) MUST_USE;
static enum err log_judge(struct txn *txn, const struct authority *authority,
    struct log *log, struct turning *turning) MUST_USE;
static bool is_judged(const struct log *log, const struct judgement *judgement);
static void judge(struct log *log, const struct judgement *judgement);
static uint64_t counting(const struct log *log);
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
	if (!delta.opaque)
		e = delta_apply(txn, &from);
	if (e == ERR_OK)
		e = end_reached(txn, log);
	return e == ERR_OK ? kv_failed(txn->kv) : e;
}

enum err
apply_stored(struct txn *txn, struct log *log, uint64_t seq)
{
	struct arena arena = {0};
	struct history_delta from;
	enum err e = history_delta(txn, log, seq, &arena, &from);

	if (e == ERR_OK && from.delta != NULL)
		e = delta_apply(txn, &from);
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

/* What follows from a delta that is not opaque, beside its log. */
static enum err
delta_apply(struct txn *txn, const struct history_delta *from)
{
	uint64_t kind = from->delta->kind;

	if (kind == DELTA_CHANGE)
		return changes_apply(txn, from);
	if ((kind == DELTA_ADOPT || kind == DELTA_VOID) &&
	    !id_is_authority(&from->log->name.space))
		return decision_apply(txn, from);
	return ERR_OK;
}

static enum err
decision_apply(struct txn *txn, const struct history_delta *from)
{
	struct decision_list turned;
	enum err e = decisions_add(txn, from, &turned);

	return e == ERR_OK ? decisions_restate(txn, from->log->space, &turned)
			   : e;
}

/* Merges again what the decisions of `list` are about. */
static enum err
decisions_restate(struct txn *txn, struct space_state *space,
    const struct decision_list *list)
{
	struct restate restate;
	enum err e = ERR_OK;

	if (list->n == 0)
		return kv_failed(txn->kv);
	restate_init(&restate, txn, space);
	for (size_t i = 0; i < list->n && e == ERR_OK; i++)
		e = restate_decision(&restate, list->p[i]);
	if (e == ERR_OK)
		e = restate_run(&restate);
	restate_fini(&restate);
	return e;
}

/* A log that is shorter than a cut counts whole, whatever its root; from the
 * cut on its root says whether it is the log that was meant. */
static enum err
end_reached(struct txn *txn, struct log *log)
{
	uint64_t size = log->frontier.size;
	struct decision_list ending;

	txn->appended++;
	if ((size > 1 && log->cut != UINT64_MAX && size >= log->cut) ||
	    (oplog_is_branch(log) && size == log->from + 1)) {
		log->judge_due = true;
		txn->cuts_due = true;
	}
	if (id_is_authority(&log->name.space) ||
	    oplog_may(log, RIGHT_WRITE, size - 1))
		return ERR_OK;
	decisions_ending(txn, log, &ending);
	return decisions_restate(txn, log->space, &ending);
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
			e = restate_record(txn, space, id);
	}
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
	e = oplog_body_put(txn, log, seq, body, &news);
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
		e = restate_record(
		    txn, log->space, &from.delta->changes[body->change].record);
out:
	arena_fini(&arena);
	return e;
}

/* All branches that have the delta have its body now. */
static enum err
body_announce(struct txn *txn, const struct log *log, uint64_t seq)
{
	struct arena arena = {0};
	struct tips sharing = {.arena = &arena};
	enum err e = ERR_OK;

	if (!oplog_is_branch(log)) {
		announce(txn, log, seq, FEED_BODY);
		return e;
	}
	e = tip_sharing(txn, log, seq, &sharing);
	for (size_t i = 0; i < sharing.n && e == ERR_OK; i++)
		announce(txn, sharing.p[i], seq, FEED_BODY);
	arena_fini(&arena);
	return e;
}

enum err
apply_judge(struct txn *txn, const struct authority *authority, struct log *log)
{
	struct judgement judgement;
	enum err e = authority_judge(txn, authority, log, &judgement);

	if (e == ERR_OK && !is_judged(log, &judgement))
		judge(log, &judgement);
	return e;
}

enum err
apply_tips(struct txn *txn, const struct authority *authority, struct log *log)
{
	struct log **tips;
	size_t n;
	enum err e = oplog_tips(txn, log->space, &log->trunk, &tips, &n);

	return e == ERR_OK ? logs_judge(txn, authority, tips, n) : e;
}

enum err
apply_authority(struct txn *txn, const struct authority *authority)
{
	struct space_state **spaces;
	size_t spaces_n;
	enum err e = space_all(txn, &spaces, &spaces_n);

	for (size_t i = 0; i < spaces_n && e == ERR_OK; i++) {
		struct log **logs;
		size_t n;

		e = oplog_all(txn, spaces[i], &logs, &n);
		if (e == ERR_OK)
			e = logs_judge(txn, authority, logs, n);
	}
	events_authority(txn, authority);
	return e;
}

enum err
apply_due(struct txn *txn, const struct authority *authority)
{
	enum err e = ERR_OK;

	if (txn->authority_changed)
		return apply_authority(txn, authority);
	for (struct log *log = txn->logs; log != NULL && e == ERR_OK;
	     log = log->next) {
		if (log->judge_due)
			e = apply_tips(txn, authority, log);
		log->judge_due = false;
	}
	return e;
}

/* Judges the `n` logs of one space, all before anything is merged again: a
 * record is made of many logs, and whether a decision holds hangs on another
 * one. */
static enum err
logs_judge(struct txn *txn, const struct authority *authority,
    struct log *const *logs, size_t n)
{
	struct turning *turnings = arena_array(
	    &txn->arena, n, sizeof(*turnings));
	size_t turnings_n = 0;
	enum err e = ERR_OK;

	for (size_t i = 0; i < n && e == ERR_OK; i++) {
		e = log_judge(txn, authority, logs[i], &turnings[turnings_n]);
		if (e == ERR_OK && turnings[turnings_n].log != NULL)
			turnings_n++;
	}
	if (e == ERR_OK && turnings_n > 0)
		e = turnings_restate(txn, turnings, turnings_n);
	return e;
}

static enum err
turnings_restate(struct txn *txn, const struct turning *turnings, size_t n)
{
	struct space_state *space = turnings[0].log->space;
	struct restate restate;
	struct decision_list turned;
	enum err e;

	restate_init(&restate, txn, space);
	e = decisions_turn(txn, space, &turned);
	for (size_t i = 0; i < n && e == ERR_OK; i++) {
		const struct log *log = turnings[i].log;

		e = restate_deltas(
		    &restate, log, turnings[i].from, turnings[i].to);
		if (log->frontier.size > 0)
			announce(txn, log, log->frontier.size - 1, FEED_STATUS);
	}
	for (size_t i = 0; i < turned.n && e == ERR_OK; i++)
		e = restate_decision(&restate, turned.p[i]);
	if (e == ERR_OK)
		e = restate_run(&restate);
	restate_fini(&restate);
	return e;
}

/* Judges `log`; turning->log stays NULL when nothing changed. */
static enum err
log_judge(struct txn *txn, const struct authority *authority, struct log *log,
    struct turning *turning)
{
	struct judgement judgement;
	enum err e = authority_judge(txn, authority, log, &judgement);
	uint64_t old = counting(log);

	*turning = (struct turning){0};
	if (e != ERR_OK || is_judged(log, &judgement))
		return e;
	/* Which decisions held is known only as long as nothing has changed. */
	e = decisions_hold(txn, log->space);
	judge(log, &judgement);
	turning->log = log;
	turning->from = old < counting(log) ? old : counting(log);
	turning->to = old < counting(log) ? counting(log) : old;
	return e;
}

static bool
is_judged(const struct log *log, const struct judgement *judgement)
{
	return log->rights == judgement->rights && log->cut == judgement->cut;
}

static void
judge(struct log *log, const struct judgement *judgement)
{
	log->rights = judgement->rights;
	log->cut = judgement->cut;
	log->dirty = true;
}

/* How many leading changes of `log` count by themselves. */
static uint64_t
counting(const struct log *log)
{
	return (log->rights & RIGHT_WRITE) != 0 ? log->cut : 0;
}
