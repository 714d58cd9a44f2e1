/*
 * What is held and does not count.  cli/ and consoles show it.  Reads logs,
 * decisions and what core/authority.c says of them; keeps nothing.
 */
#include "core/inbox.h"

#include <string.h>

#include "core/decisions.h"
#include "core/tip.h"

struct inbox {
	struct txn *txn;
	const struct authority *authority;
	inbox_fn *fn;
	void *arg;
};

static enum err space_walk(
    struct inbox *inbox, struct space_state *space) MUST_USE;
static enum err log_walk(struct inbox *inbox, struct log *log) MUST_USE;
static enum err is_first(
    struct txn *txn, const struct log *log, uint64_t seq, bool *first) MUST_USE;
static enum err delta_show(struct inbox *inbox, const struct history_delta *at,
    const struct judgement *judgement) MUST_USE;
static enum err facts_walk(struct inbox *inbox) MUST_USE;
static enum err fact_show(
    struct inbox *inbox, const struct outsider *outsider) MUST_USE;

enum err
inbox_walk(struct txn *txn, const struct authority *authority,
    const struct space *space, inbox_fn *fn, void *arg)
{
	struct inbox inbox = {
	    .txn = txn, .authority = authority, .fn = fn, .arg = arg};
	struct space_state **spaces;
	size_t n;
	enum err e = space_all(txn, &spaces, &n);

	for (size_t i = 0; i < n && e == ERR_OK; i++) {
		if (space != NULL && !id_space_equal(space, &spaces[i]->name))
			continue;
		if (id_is_authority(&spaces[i]->name))
			e = facts_walk(&inbox);
		else
			e = space_walk(&inbox, spaces[i]);
	}
	return e;
}

static enum err
space_walk(struct inbox *inbox, struct space_state *space)
{
	struct log **logs;
	size_t n;
	enum err e = oplog_all(inbox->txn, space, &logs, &n);

	for (size_t i = 0; i < n && e == ERR_OK; i++)
		if ((logs[i]->rights & RIGHT_WRITE) == 0 ||
		    logs[i]->cut < logs[i]->frontier.size)
			e = log_walk(inbox, logs[i]);
	return e;
}

static enum err
log_walk(struct inbox *inbox, struct log *log)
{
	bool may = (log->rights & RIGHT_WRITE) != 0;
	struct txn *txn = inbox->txn;
	struct arena arena = {0};
	struct judgement judgement;
	enum err e = authority_judge(txn, inbox->authority, log, &judgement);

	for (uint64_t seq = may ? log->cut : 0;
	     seq < log->frontier.size && e == ERR_OK; seq++) {
		struct history_delta at;
		bool here = true;

		if (oplog_is_branch(log))
			e = is_first(txn, log, seq, &here);
		if (e != ERR_OK || !here || tip_may(txn, log, RIGHT_WRITE, seq))
			continue;
		arena_reset(&arena);
		e = history_delta(txn, log, seq, &arena, &at);
		if (e == ERR_OK && at.delta != NULL &&
		    at.delta->kind == DELTA_CHANGE)
			e = delta_show(inbox, &at, &judgement);
	}
	arena_fini(&arena);
	return e == ERR_OK ? kv_failed(txn->kv) : e;
}

/* What several branches share is shown once, with the first by id: so that the
 * list is the same wherever the same is held. */
static enum err
is_first(struct txn *txn, const struct log *log, uint64_t seq, bool *first)
{
	struct arena arena = {0};
	struct tips sharing = {.arena = &arena};
	enum err e = tip_sharing(txn, log, seq, &sharing);

	*first = e == ERR_OK;
	for (size_t i = 0; i < sharing.n && *first; i++)
		*first = memcmp(&sharing.p[i]->id, &log->id, 16) >= 0;
	arena_fini(&arena);
	return e;
}

static enum err
delta_show(struct inbox *inbox, const struct history_delta *at,
    const struct judgement *judgement)
{
	const struct delta *delta = at->delta;
	struct arena arena = {0};
	struct record_id *records = arena_array(
	    &arena, delta->changes_n, sizeof(*records));
	enum verdict verdict = decisions_verdict(
	    inbox->txn, at->log, at->seq, at->leaf);
	struct inbox_entry entry = {.space = at->log->name.space,
	    .delta = {.log = at->log->trunk, .seq = at->seq},
	    .author = at->log->name.author,
	    .stamp = delta->stamp,
	    .has_actor = delta->has_actor,
	    .actor = delta->actor,
	    .kind = delta->kind,
	    .why = judgement->why,
	    .voided = verdict == VERDICT_VOIDED,
	    .disputed = verdict == VERDICT_DISPUTED,
	    .records_n = delta->changes_n,
	    .records = records};
	enum err e = ERR_OK;

	memcpy(entry.delta.leaf, at->leaf, sizeof(at->leaf));
	if (judgement->revocation != NULL)
		entry.reason = judgement->revocation->what.reason;
	for (size_t i = 0; i < delta->changes_n; i++)
		records[i] = delta->changes[i].record;
	if (verdict != VERDICT_ADOPTED)
		e = inbox->fn(inbox->arg, &entry);
	arena_fini(&arena);
	return e;
}

static enum err
facts_walk(struct inbox *inbox)
{
	const struct authority *authority = inbox->authority;
	enum err e = ERR_OK;

	for (size_t i = 0; i < authority->outsiders_n && e == ERR_OK; i++)
		e = fact_show(inbox, &authority->outsiders[i]);
	return e;
}

static enum err
fact_show(struct inbox *inbox, const struct outsider *outsider)
{
	struct inbox_entry entry = {.delta = outsider->fact,
	    .space = id_authority,
	    .author = outsider->by,
	    .stamp = outsider->since,
	    .kind = outsider->kind,
	    .why = outsider->why,
	    .voided = outsider->voided,
	    .disputed = outsider->why == WHY_DISPUTED};

	return inbox->fn(inbox->arg, &entry);
}
