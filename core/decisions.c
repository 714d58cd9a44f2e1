/*
 * Adopts and voids in data spaces.  core/history.c asks what they say of a
 * change, core/apply.c brings new ones and learns which of them turned.  Reads
 * headers alone, decides nothing about rights.
 */
#include "core/decisions.h"

#include <stdlib.h>
#include <string.h>

#include "core/cuts.h"
#include "core/docket.h"
#include "core/tip.h"
#include "proto/fact.h"

static bool ends_at(
    struct txn *txn, struct decision *decision, const struct log *log);
static bool is_about(struct txn *txn, struct decision *decision,
    const struct log *log, const struct ref *ref);
static bool range_covers(struct txn *txn, struct decision_range *range,
    const struct log *log, uint64_t seq);
static enum err range_measure(struct txn *txn, struct decision_range *range,
    const struct log *log) MUST_USE;
static void rows_put(struct txn *txn, const struct history_delta *from);

static int
id_compare(const struct log_id *a, const struct log_id *b)
{
	return memcmp(a->b, b->b, sizeof(a->b));
}

static int
id_order(const void *a, const void *b)
{
	return id_compare(a, b);
}

static int
ref_order(const void *a, const void *b)
{
	return id_ref_compare(a, b);
}

enum verdict
decisions_verdict(
    struct txn *txn, const struct log *log, uint64_t seq, const uint8_t leaf[8])
{
	struct docket *docket = docket_of(txn, log->space);
	struct ref ref = {.log = log->trunk, .seq = seq};
	bool adopted = false;
	bool voided = false;

	if (docket == NULL || docket->links_n == 0)
		return VERDICT_NONE;
	memcpy(ref.leaf, leaf, sizeof(ref.leaf));
	for (size_t i = docket_about(docket, &ref.log);
	     i < docket->links_n &&
	     id_compare(&docket->links[i].target, &ref.log) == 0;
	     i++) {
		struct decision *decision = docket->links[i].decision;

		if (!decision->holds || !is_about(txn, decision, log, &ref))
			continue;
		adopted = adopted || decision->adopt;
		voided = voided || !decision->adopt;
	}
	if (adopted && voided)
		return VERDICT_DISPUTED;
	if (voided)
		return VERDICT_VOIDED;
	return adopted ? VERDICT_ADOPTED : VERDICT_NONE;
}

static bool
is_about(struct txn *txn, struct decision *decision, const struct log *log,
    const struct ref *ref)
{
	if (decision->targets_n > 0 &&
	    bsearch(ref, decision->targets, decision->targets_n, sizeof(*ref),
		ref_order) != NULL)
		return true;
	for (size_t i = 0; i < decision->ranges_n; i++) {
		struct decision_range *range = &decision->ranges[i];

		if (id_compare(&range->cut.log, &ref->log) == 0)
			return range_covers(txn, range, log, ref->seq);
	}
	return false;
}

static bool
range_covers(struct txn *txn, struct decision_range *range,
    const struct log *log, uint64_t seq)
{
	/* Most that arrives lies behind: no root is needed for that. */
	if (seq >= range->cut.size)
		return false;
	if (!oplog_is_branch(log) && log->frontier.size < range->cut.size)
		return true;
	if (range->log != log || range->appended != txn->appended) {
		if (range_measure(txn, range, log) != ERR_OK)
			return false;
		range->log = log;
		range->appended = txn->appended;
	}
	return seq < range->end;
}

/* How much of `log` the range covers, as things are. */
static enum err
range_measure(
    struct txn *txn, struct decision_range *range, const struct log *log)
{
	struct arena arena = {0};
	struct cuts_trunk trunk = {0};
	uint64_t *ends;
	enum err e = cuts_trunk_of(txn, log, &arena, &trunk);

	range->end = 0;
	ends = arena_array(&arena, trunk.n, sizeof(*ends));
	if (e == ERR_OK)
		e = cuts_ends(txn, &trunk, &range->cut, ends);
	for (size_t i = 0; i < trunk.n && e == ERR_OK; i++)
		if (trunk.tips[i] == log)
			range->end = ends[i];
	arena_fini(&arena);
	return e == ERR_OK ? e : txn_fail(txn, e);
}

enum err
decisions_about(struct txn *txn, struct space_state *space, bool adopt,
    struct decision_refs refs, struct decision_list *about)
{
	struct docket *docket = docket_of(txn, space);

	*about = (struct decision_list){0};
	if (docket == NULL)
		return kv_failed(txn->kv);
	about->p = docket->given;
	for (size_t i = 0; i < docket->n; i++)
		docket->all[i]->walked = false;
	for (size_t k = 0; k < refs.n; k++) {
		const struct log_id *target = &refs.p[k].log;
		size_t at = docket_about(docket, target);
		const struct log *log = at < docket->links_n
					    ? tip_holding(
						  txn, space, &refs.p[k])
					    : NULL;

		for (; log != NULL && at < docket->links_n &&
		       id_compare(&docket->links[at].target, target) == 0;
		     at++) {
			struct decision *decision = docket->links[at].decision;

			if (decision->walked || !decision->holds ||
			    decision->adopt != adopt ||
			    !is_about(txn, decision, log, &refs.p[k]))
				continue;
			decision->walked = true;
			about->p[about->n++] = decision;
		}
	}
	return kv_failed(txn->kv);
}

enum err
decisions_add(struct txn *txn, const struct history_delta *from,
    struct decision_list *turned)
{
	struct ref ref = {.log = from->log->trunk, .seq = from->seq};
	struct docket *docket;
	const struct log *owner;
	bool counts;
	enum err e = oplog_owner(txn, from->log, from->seq, &owner);

	memcpy(ref.leaf, from->leaf, sizeof(ref.leaf));
	docket = docket_before(txn, from->log->space, &ref);
	*turned = (struct decision_list){0};
	if (docket == NULL)
		return kv_failed(txn->kv);
	/* What branches share came by the one that keeps its row. */
	if (e != ERR_OK || owner != from->log)
		return e;
	rows_put(txn, from);
	counts = tip_may(txn, from->log, RIGHT_ADMIN, from->seq);
	if (!counts && !docket_awaits(docket, &ref))
		return kv_failed(txn->kv);
	docket_take(txn, docket, from, counts);
	return docket_settle(txn, docket, turned);
}

/* One for each log that it is about. */
static void
rows_put(struct txn *txn, const struct history_delta *from)
{
	struct arena arena = {0};
	struct log_id *logs;
	size_t n = decisions_logs(from->delta, &arena, &logs);

	for (size_t i = 0; i < n; i++) {
		struct key key;

		tables_decision_key(from->log->space->no,
		    &(struct decision_at){.target = logs[i],
			.log = from->log->no,
			.seq = from->seq},
		    &key);
		kv_put(txn->kv, TABLE_DECISIONS, tables_key(&key),
		    (struct bytes){0});
	}
	arena_fini(&arena);
}

enum err
decisions_hold(struct txn *txn, struct space_state *space)
{
	(void)docket_of(txn, space);
	return kv_failed(txn->kv);
}

enum err
decisions_turn(
    struct txn *txn, struct space_state *space, struct decision_list *turned)
{
	struct docket *docket = docket_of(txn, space);
	enum err e = kv_failed(txn->kv);

	*turned = (struct decision_list){0};
	if (docket != NULL)
		e = docket_load(txn, docket);
	if (docket != NULL && e == ERR_OK)
		e = docket_settle(txn, docket, turned);
	return e;
}

void
decisions_ending(
    struct txn *txn, const struct log *log, struct decision_list *ending)
{
	struct docket *docket = docket_of(txn, log->space);

	*ending = (struct decision_list){0};
	if (docket == NULL)
		return;
	ending->p = docket->given;
	for (size_t i = docket_about(docket, &log->trunk);
	     i < docket->links_n &&
	     id_compare(&docket->links[i].target, &log->trunk) == 0;
	     i++) {
		struct decision *decision = docket->links[i].decision;

		if (ends_at(txn, decision, log) &&
		    (ending->n == 0 || ending->p[ending->n - 1] != decision))
			ending->p[ending->n++] = decision;
	}
}

static bool
ends_at(struct txn *txn, struct decision *decision, const struct log *log)
{
	uint64_t size = log->frontier.size;

	for (size_t i = 0; i < decision->ranges_n; i++) {
		struct decision_range *range = &decision->ranges[i];

		if (id_compare(&range->cut.log, &log->trunk) != 0)
			continue;
		/* A new branch that is shorter than the range counts whole,
		 * and with it what it shares with others. */
		if (oplog_is_branch(log))
			return range->cut.size == size || log->from + 1 == size;
		return range->cut.size == size &&
		       !range_covers(txn, range, log, size - 1);
	}
	return false;
}

size_t
decisions_logs(
    const struct delta *delta, struct arena *arena, struct log_id **logs)
{
	const struct delta_decision *decision = &delta->decision;
	size_t all = decision->targets_n + decision->cuts_n;
	size_t n = 0;

	*logs = arena_array(arena, all, sizeof(**logs));
	all = 0;
	for (size_t i = 0; i < decision->targets_n; i++)
		(*logs)[all++] = delta->refs[decision->targets[i]].log;
	for (size_t i = 0; i < decision->cuts_n; i++)
		(*logs)[all++] = decision->cuts[i].log;
	if (all > 0)
		qsort(*logs, all, sizeof(**logs), id_order);
	for (size_t i = 0; i < all; i++)
		if (i == 0 || id_compare(&(*logs)[i], &(*logs)[n - 1]) != 0)
			(*logs)[n++] = (*logs)[i];
	return n;
}
