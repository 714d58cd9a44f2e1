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

static enum err fork_send(struct talk *talk, const struct log_id *log,
    const struct fork *fork, size_t n) MUST_USE;
static bool is_apart(const struct ledger_log *entry);

enum err
branch_compare(struct txn *txn, const struct log *log, struct ledger_log *entry)
{
	struct hash root;
	enum err e;

	if (entry->peer.size == 0 || entry->peer.size > log->frontier.size) {
		entry->is_split = entry->peer.size > 0 && log->forked;
		return ERR_OK;
	}
	if (entry->is_compared)
		return ERR_OK;
	e = tree_root(txn, log, entry->peer.size, &root);
	entry->is_compared = e == ERR_OK;
	entry->is_split = e == ERR_OK && memcmp(root.b, entry->peer.root,
					     sizeof(entry->peer.root)) != 0;
	return e;
}

enum err
branch_tell(struct talk *talk, const struct log *log, struct ledger_log *entry)
{
	struct txn *txn = store_txn(talk->store);
	struct fork fork = {.size = entry->peer.size};
	enum err e;

	if (entry->peer.size == 0 || entry->peer.forked)
		return ERR_OK;
	if (log->forked && !entry->is_proved) {
		e = forks_get(txn, log, &fork);
		entry->is_proved = e == ERR_OK;
		return e == ERR_OK ? fork_send(talk, &log->id, &fork, 2) : e;
	}
	if (log->forked || !entry->is_split ||
	    entry->asked_size == entry->peer.size)
		return ERR_OK;
	entry->asked_size = entry->peer.size;
	e = forks_side(txn, log, fork.size, &fork.sides[0]);
	return e == ERR_OK ? fork_send(talk, &log->id, &fork, 1) : e;
}

static enum err
fork_send(struct talk *talk, const struct log_id *log, const struct fork *fork,
    size_t n)
{
	struct msg msg = {.type = MSG_FORK,
	    .u.fork = {
		.log = *log, .size = fork->size, .n = n, .sides = fork->sides}};

	talk->idle_sent = false;
	return talk_send(talk, &msg);
}

enum err
branch_take(struct talk *talk, const struct msg_fork *said)
{
	struct txn *txn = store_txn(talk->store);
	struct ledger_log *entry = ledger_find(&talk->ledger, &said->log);
	struct log *log;
	bool news;
	enum err e;

	if (entry == NULL || !entry->is_local || !entry->is_shared)
		return ERR_OK;
	e = oplog_by_no(txn, entry->no, &log);
	if (e == ERR_OK)
		e = forks_take(txn, log, said, &news);
	if (e != ERR_OK || !news)
		return e;
	ack_touch(talk, &said->log);
	if (talk->state == TALK_LIVE)
		ledger_queue(&talk->ledger, entry);
	return ERR_OK;
}

uint64_t
branch_count(const struct talk *talk)
{
	const struct ledger *ledger = &talk->ledger;
	uint64_t n = 0;

	for (size_t i = 0; i < ledger->size; i++)
		n += is_apart(&ledger->logs[i]);
	return n;
}

/* Where a fork is known, whoever has not the same has another branch. */
static bool
is_apart(const struct ledger_log *entry)
{
	const struct msg_entry *ours = &entry->told;
	const struct msg_entry *theirs = &entry->peer;

	if (!entry->used || !entry->is_local || !entry->is_shared ||
	    theirs->size == 0)
		return false;
	return (entry->is_split || ours->forked || theirs->forked) &&
	       (ours->size != theirs->size ||
		   memcmp(ours->root, theirs->root, sizeof(ours->root)) != 0);
}
