/*
 * Forked logs in a session.  A root that differs from ours is first examined:
 * both sides show what they hold, signed, and only what then proves a fork is
 * believed.  The other logs of the session go on as if nothing had happened.
 */
#include "net/peer/branch.h"

#include <string.h>

#include "core/forks.h"
#include "core/tree.h"
#include "net/peer/ack.h"

enum {
	/* Questions and answers about one branch in one session. */
	ASKED_MAX = 8,
	/* Samples of branches of one log that are looked at in one session. */
	SAMPLED_MAX = 4 * LIMIT_BRANCHES,
};

static enum err match(
    struct talk *talk, struct ledger_log *theirs, struct log **ours) MUST_USE;
static enum err match_find(struct talk *talk, struct ledger_log *theirs,
    struct log **ours, bool *longer) MUST_USE;
static enum err agrees(struct talk *talk, const struct log *log,
    const struct msg_entry *theirs, bool *same) MUST_USE;
static void start_set(struct ledger_log *entry, uint64_t start);
static enum err proof_tell(struct talk *talk, const struct log *log,
    struct ledger_log *entry) MUST_USE;
static enum err asks_for(struct talk *talk, const struct log *log,
    const struct ledger_log *entry, bool *asks) MUST_USE;
static enum err ask(struct talk *talk, const struct log *log,
    struct ledger_log *theirs) MUST_USE;
static enum err answer(struct talk *talk, const struct log *log,
    struct ledger_log *entry) MUST_USE;
static enum err fork_send(
    struct talk *talk, const struct log *log, struct msg_fork *fork) MUST_USE;
static enum err samples_make(struct talk *talk, const struct log *log,
    struct msg_sample *samples, size_t *n) MUST_USE;
static enum err samples_take(struct talk *talk, const struct msg_fork *said,
    struct ledger_log *named) MUST_USE;
static enum err any_local(
    struct talk *talk, struct ledger_log *named, struct log **log) MUST_USE;
static bool is_apart(const struct ledger *ledger, struct ledger_log *trunk);

enum err
branch_local(struct talk *talk, struct ledger_log *entry, struct log **log)
{
	enum err e;

	*log = NULL;
	if (!entry->is_local)
		return ERR_OK;
	e = oplog_by_no(store_txn(talk->store), entry->no, log);
	if (e != ERR_OK || memcmp(&(*log)->id, &entry->id, 16) == 0)
		return e;
	entry->is_local = false;
	*log = NULL;
	return ERR_OK;
}

enum err
branch_compare(
    struct talk *talk, const struct log *log, struct ledger_log *entry)
{
	bool any = false;
	bool found = false;
	bool sure = true;
	uint64_t start = 0;
	enum err e = ERR_OK;

	if (entry->is_compared)
		return ERR_OK;
	for (struct ledger_log *theirs = ledger_trunk(&talk->ledger, entry);
	     theirs != NULL && e == ERR_OK;
	     theirs = ledger_next(&talk->ledger, theirs)) {
		struct log *ours;
		uint64_t shared = log->frontier.size;

		if (theirs->peer.size == 0)
			continue;
		any = true;
		e = match(talk, theirs, &ours);
		sure = sure && theirs->is_matched;
		if (e != ERR_OK || ours == NULL)
			continue;
		if (ours != log)
			e = forks_shared(
			    store_txn(talk->store), log, ours, &shared);
		if (shared > theirs->peer.size)
			shared = theirs->peer.size;
		start = shared > start ? shared : start;
		found = true;
	}
	if (e != ERR_OK)
		return e;
	if (any && entry->is_based) {
		start = entry->base > start ? entry->base : start;
		found = true;
	}
	entry->is_split = any && !found;
	entry->is_foreign = any && entry->peer.size == 0;
	entry->is_compared = sure && !entry->is_split;
	if (found && entry->sent < start)
		start_set(entry, start);
	return ERR_OK;
}

/* What the peer has by another name it will say when it has it by ours. */
static void
start_set(struct ledger_log *entry, uint64_t start)
{
	entry->sent = start;
	if (!entry->is_foreign)
		return;
	entry->sent_held = start;
	entry->sent_kept = start;
	for (unsigned class = 0; class < CLASS_COUNT; class ++)
		entry->sent_open[class] = start;
}

/* The branch of ours that begins with what the peer says of `theirs`; NULL:
 * none does, as far as we know.  Of one that is longer than ours the peer
 * knows, not we; it is taken to go on from ours of that name, until the peer
 * asks. */
static enum err
match(struct talk *talk, struct ledger_log *theirs, struct log **ours)
{
	bool longer = false;
	enum err e;

	*ours = NULL;
	if (theirs->is_matched && theirs->ours.v == 0)
		return ERR_OK;
	if (theirs->is_matched)
		return oplog_by_no(store_txn(talk->store), theirs->ours, ours);
	e = match_find(talk, theirs, ours, &longer);
	if (e != ERR_OK)
		return e;
	theirs->ours.v = *ours != NULL ? (*ours)->no.v : 0;
	theirs->is_matched = *ours != NULL || !longer;
	if (*ours != NULL || !longer || theirs->is_based)
		return ERR_OK;
	e = branch_local(talk, theirs, ours);
	if (e == ERR_OK && *ours != NULL &&
	    (*ours)->frontier.size >= theirs->peer.size)
		*ours = NULL;
	return e;
}

static enum err
match_find(struct talk *talk, struct ledger_log *theirs, struct log **ours,
    bool *longer)
{
	enum err e = ERR_OK;

	for (struct ledger_log *own = ledger_trunk(&talk->ledger, theirs);
	     own != NULL && *ours == NULL && e == ERR_OK;
	     own = ledger_next(&talk->ledger, own)) {
		struct log *log;
		bool same = false;

		e = branch_local(talk, own, &log);
		if (e != ERR_OK || log == NULL)
			continue;
		if (theirs->peer.size > log->frontier.size)
			*longer = true;
		else
			e = agrees(talk, log, &theirs->peer, &same);
		if (e == ERR_OK && same)
			*ours = log;
	}
	return e;
}

/* Does `log` begin with what `theirs`, which is no longer, says? */
static enum err
agrees(struct talk *talk, const struct log *log, const struct msg_entry *theirs,
    bool *same)
{
	struct hash root;
	enum err e = tree_root(
	    store_txn(talk->store), log, theirs->size, &root);

	*same = e == ERR_OK &&
		memcmp(root.b, theirs->root, sizeof(theirs->root)) == 0;
	return e;
}

enum err
branch_tell(struct talk *talk, const struct log *log, struct ledger_log *entry)
{
	bool asks = false;
	enum err e = proof_tell(talk, log, entry);

	if (e == ERR_OK && entry->is_answer_due)
		e = answer(talk, log, entry);
	if (e == ERR_OK)
		e = asks_for(talk, log, entry, &asks);
	for (struct ledger_log *theirs = ledger_trunk(&talk->ledger, entry);
	     asks && theirs != NULL && e == ERR_OK;
	     theirs = ledger_next(&talk->ledger, theirs)) {
		struct log *ours;

		if (theirs->peer.size == 0 ||
		    theirs->peer.size > log->frontier.size ||
		    theirs->asked_size == theirs->peer.size ||
		    theirs->asked_n >= ASKED_MAX)
			continue;
		e = match(talk, theirs, &ours);
		if (e == ERR_OK && ours == NULL)
			e = ask(talk, log, theirs);
	}
	return e;
}

/* Once, to a peer that holds some of it and does not say that it knows. */
static enum err
proof_tell(struct talk *talk, const struct log *log, struct ledger_log *entry)
{
	struct ledger_log *trunk = ledger_trunk(&talk->ledger, entry);
	const struct ledger_log *theirs = trunk;
	struct fork fork;
	struct msg_fork msg = {.n = 2, .sides = fork.sides};
	enum err e;

	if (!log->forked || trunk->is_proved)
		return ERR_OK;
	while (theirs != NULL && theirs->peer.size == 0)
		theirs = ledger_next(&talk->ledger, theirs);
	if (theirs == NULL || theirs->peer.forked)
		return ERR_OK;
	trunk->is_proved = true;
	e = forks_get(store_txn(talk->store), log, &fork);
	msg.log = theirs->id;
	msg.size = fork.size;
	return e == ERR_OK ? fork_send(talk, NULL, &msg) : e;
}

/* Who knows of the fork, has brought its own branch and may not get the others
 * would ask the same in each session, for nothing. */
static enum err
asks_for(struct talk *talk, const struct log *log,
    const struct ledger_log *entry, bool *asks)
{
	const struct authority *authority;
	struct clock_depth depth;
	enum err e = store_authority(talk->store, &authority);

	if (e != ERR_OK)
		return e;
	clock_log_depth(authority, &talk->me, &log->name, &depth);
	*asks = depth.any || !log->forked || entry->is_split ||
		entry->sent < log->frontier.size;
	return ERR_OK;
}

static enum err
ask(struct talk *talk, const struct log *log, struct ledger_log *theirs)
{
	struct fork_side side;
	struct msg_fork msg = {.log = theirs->id,
	    .size = theirs->peer.size,
	    .n = 1,
	    .sides = &side};
	enum err e = forks_side(store_txn(talk->store), log, msg.size, &side);

	theirs->asked_size = theirs->peer.size;
	theirs->asked_n++;
	return e == ERR_OK ? fork_send(talk, log, &msg) : e;
}

static enum err
answer(struct talk *talk, const struct log *log, struct ledger_log *entry)
{
	struct fork fork;
	struct msg_fork msg = {.log = entry->id, .n = 2, .sides = fork.sides};
	enum err e;

	entry->is_answer_due = false;
	if (!log->forked || entry->answered_n >= ASKED_MAX)
		return ERR_OK;
	entry->answered_n++;
	ledger_trunk(&talk->ledger, entry)->is_proved = true;
	e = forks_get(store_txn(talk->store), log, &fork);
	msg.size = fork.size;
	return e == ERR_OK ? fork_send(talk, log, &msg) : e;
}

/* With samples of `log`, if there is one. */
static enum err
fork_send(struct talk *talk, const struct log *log, struct msg_fork *fork)
{
	struct msg_sample samples[MSG_SAMPLES_MAX];
	struct msg msg = {.type = MSG_FORK};
	enum err e = ERR_OK;

	if (log != NULL)
		e = samples_make(talk, log, samples, &fork->samples_n);
	if (e != ERR_OK)
		return e;
	fork->samples = samples;
	msg.u.fork = *fork;
	talk->idle_sent = false;
	return talk_send(talk, &msg);
}

/* Ever further from its end, so that the first that fits is no more than twice
 * as far from there as the point where the two part. */
static enum err
samples_make(struct talk *talk, const struct log *log,
    struct msg_sample *samples, size_t *n)
{
	uint64_t size = log->frontier.size;
	enum err e = ERR_OK;

	*n = 0;
	for (uint64_t back = 1; back < size && e == ERR_OK; back *= 2) {
		struct msg_sample *sample = &samples[*n];
		struct hash root;

		assert(*n < MSG_SAMPLES_MAX);
		sample->size = size - back;
		e = tree_root(store_txn(talk->store), log, sample->size, &root);
		memcpy(sample->root, root.b, sizeof(sample->root));
		++*n;
	}
	return e;
}

enum err
branch_take(struct talk *talk, const struct msg_fork *said)
{
	struct txn *txn = store_txn(talk->store);
	struct ledger_log *named = ledger_find(&talk->ledger, &said->log);
	struct log *log = NULL;
	bool news = false;
	enum err e = ERR_OK;

	if (named != NULL)
		e = any_local(talk, named, &log);
	if (e != ERR_OK || log == NULL)
		return e;
	e = forks_take(txn, log, said, &news);
	if (e == ERR_OK && said->samples_n > 0)
		e = samples_take(talk, said, named);
	/* One side alone is a question; the branch that it names may have got
	 * another name since it was asked. */
	if (e == ERR_OK && said->n == 1 && log->forked && named->no.v > 0) {
		e = oplog_by_no(txn, named->no, &log);
		if (e == ERR_OK)
			named = ledger_find(&talk->ledger, &log->id);
		if (named != NULL)
			named->is_answer_due = true;
	}
	if (e == ERR_OK && named != NULL) {
		named->is_compared = false;
		branch_stir(talk, named);
	}
	if (e == ERR_OK && news && named != NULL)
		for (struct ledger_log *own =
			 ledger_trunk(&talk->ledger, named);
		     own != NULL; own = ledger_next(&talk->ledger, own))
			if (own->is_local && own->is_shared)
				ack_touch(talk, &own->id);
	return e;
}

/* Any branch of ours that the peer may speak of; NULL: there is none. */
static enum err
any_local(struct talk *talk, struct ledger_log *named, struct log **log)
{
	enum err e = ERR_OK;

	*log = NULL;
	for (struct ledger_log *own = ledger_trunk(&talk->ledger, named);
	     own != NULL && *log == NULL && e == ERR_OK;
	     own = ledger_next(&talk->ledger, own))
		if (own->is_shared)
			e = branch_local(talk, own, log);
	return e;
}

/* How far do branches of ours begin as the samples say? */
static enum err
samples_take(
    struct talk *talk, const struct msg_fork *said, struct ledger_log *named)
{
	struct ledger_log *trunk = ledger_trunk(&talk->ledger, named);
	const struct ledger_log *asked = said->n == 1 ? named : NULL;
	enum err e = ERR_OK;

	if (trunk->sampled_n >= SAMPLED_MAX)
		return ERR_OK;
	trunk->sampled_n++;
	for (struct ledger_log *own = trunk; own != NULL && e == ERR_OK;
	     own = ledger_next(&talk->ledger, own)) {
		struct log *log;
		uint64_t base = 0;

		e = branch_local(talk, own, &log);
		/* Of one that the peer has by its name it says what it has. */
		if (e != ERR_OK || log == NULL ||
		    (own->peer.size > 0 && !own->is_split && own != asked))
			continue;
		for (size_t i = 0;
		     i < said->samples_n && base == 0 && e == ERR_OK; i++) {
			struct msg_entry sample = {
			    .size = said->samples[i].size};
			bool same = false;

			memcpy(sample.root, said->samples[i].root, 8);
			if (sample.size <= log->frontier.size)
				e = agrees(talk, log, &sample, &same);
			if (same)
				base = sample.size;
		}
		if (own->is_based && own->base >= base)
			continue;
		/* It was taken for theirs, and is not: send from there. */
		if (own->is_split || own == asked)
			own->sent = base;
		own->is_based = true;
		own->base = base;
	}
	return e;
}

void
branch_stir(struct talk *talk, struct ledger_log *entry)
{
	for (struct ledger_log *own = ledger_trunk(&talk->ledger, entry);
	     own != NULL; own = ledger_next(&talk->ledger, own)) {
		if (own != entry)
			own->is_compared = false;
		if (own->is_local && own->is_shared && talk->state == TALK_LIVE)
			ledger_queue(&talk->ledger, own);
	}
}

void
branch_touch(struct talk *talk, const struct log_id *trunk)
{
	for (struct ledger_log *own = ledger_find(&talk->ledger, trunk);
	     own != NULL; own = ledger_next(&talk->ledger, own))
		if (memcmp(&own->id, trunk, sizeof(*trunk)) == 0 ||
		    own->no.v > 0)
			ack_touch(talk, &own->id);
}

/* What the author signed there contradicts what we hold: half of a proof. */
enum err
branch_prove(struct talk *talk, const struct msg_run *run)
{
	struct fork_side side = {
	    .head = {.size = run->head_size,
		.root = run->head_root,
		.signature = run->head_signature},
	    .root = run->head_root,
	};
	struct msg_fork said = {.log = run->entry.log,
	    .size = run->head_size,
	    .n = 1,
	    .sides = &side};
	struct ledger_log *named = ledger_find(&talk->ledger, &said.log);
	struct log *log;
	bool news;
	enum err e = any_local(talk, named, &log);

	if (e == ERR_OK && log != NULL && run->head_size > 0)
		e = forks_take(store_txn(talk->store), log, &said, &news);
	return e;
}

uint64_t
branch_count(const struct talk *talk)
{
	const struct ledger *ledger = &talk->ledger;
	uint64_t n = 0;

	for (size_t i = 0; i < ledger->size; i++) {
		struct ledger_log *entry = &ledger->logs[i];

		if (entry->used &&
		    memcmp(&entry->trunk, &entry->id, sizeof(entry->id)) == 0)
			n += is_apart(ledger, entry);
	}
	return n;
}

/* Where a fork is known, whoever has not the same has another branch. */
static bool
is_apart(const struct ledger *ledger, struct ledger_log *trunk)
{
	bool forked = false;
	bool theirs = false;
	bool ours = false;
	bool differ = false;

	for (const struct ledger_log *tip = trunk; tip != NULL;
	     tip = ledger_next(ledger, tip)) {
		bool local = tip->is_local && tip->is_shared;
		uint64_t size = local ? tip->told.size : 0;

		ours = ours || local;
		theirs = theirs || tip->peer.size > 0;
		forked = forked || tip->peer.forked ||
			 (local && (tip->told.forked || tip->is_split));
		differ = differ || size != tip->peer.size ||
			 (size > 0 && memcmp(tip->told.root, tip->peer.root,
					  sizeof(tip->told.root)) != 0);
	}
	return ours && theirs && forked && differ;
}
