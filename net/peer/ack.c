/*
 * Acknowledgement.  The receiver marks what it took in; session.c calls here
 * around the commit.  Nothing is told to the peer that is not durable, and
 * nothing that the peer told is believed for longer than it keeps saying it.
 */
#include "net/peer/ack.h"

#include <string.h>

#include "net/peer/branch.h"
#include "proto/mem.h"

enum {
	/* A peer that leaves so much unread is told no more than it must be. */
	BEHIND_BYTES = 2 * LIMIT_QUEUE_SIZE,
};

static enum err told_read(struct talk *talk) MUST_USE;
static enum err beliefs_flush(struct talk *talk) MUST_USE;
static enum err told_send(struct talk *talk) MUST_USE;
static bool is_behind(const struct talk *talk);

void
ack_touch(struct talk *talk, const struct log_id *id)
{
	struct ledger_log *entry = ledger_find(&talk->ledger, id);

	assert(entry != NULL);
	if (entry->is_touched)
		return;
	entry->is_touched = true;
	mem_room(&talk->touched, &talk->touched_room, talk->touched_n + 1,
	    sizeof(*talk->touched));
	talk->touched[talk->touched_n++] = *id;
}

enum err
ack_prepare(struct talk *talk)
{
	enum err e = told_read(talk);

	if (e == ERR_OK &&
	    (talk->flush || talk->forget || talk->deltas_in_pending > 0))
		e = beliefs_flush(talk);
	return e;
}

static enum err
told_read(struct talk *talk)
{
	enum err e = ERR_OK;

	talk->told_n = 0;
	if (talk->touched_n == 0)
		return ERR_OK;
	mem_room(&talk->told, &talk->told_room, talk->touched_n,
	    sizeof(*talk->told));
	for (size_t i = 0; i < talk->touched_n && e == ERR_OK; i++) {
		struct ledger_log *entry = ledger_find(
		    &talk->ledger, &talk->touched[i]);
		struct log *log;

		entry->is_touched = false;
		e = branch_local(talk, entry, &log);
		if (e != ERR_OK)
			break;
		ledger_none(entry, &talk->told[talk->told_n]);
		if (log != NULL)
			clock_entry(
			    log, &talk->peer, &talk->told[talk->told_n]);
		/* Written down together with what it tells of. */
		ledger_tell(&talk->ledger, entry, &talk->told[talk->told_n]);
		talk->told_n++;
	}
	talk->touched_n = 0;
	return e;
}

static enum err
beliefs_flush(struct talk *talk)
{
	struct txn *txn = store_txn(talk->store);
	struct ledger *ledger = &talk->ledger;

	if (talk->forget)
		clock_forget(txn, &talk->peer);
	talk->forget = false;
	talk->flush = false;
	/* Who said something new was there just now. */
	if (talk->met || ledger->dirty_n > 0)
		clock_met(
		    txn, &talk->peer, talk->host->now_ms(talk->host->arg));
	talk->met = false;
	for (size_t i = 0; i < ledger->size && ledger->dirty_n > 0; i++) {
		struct ledger_log *entry = &ledger->logs[i];

		if (!entry->used || !entry->is_dirty)
			continue;
		clock_believe(txn, &talk->peer, &entry->peer, &entry->told);
		entry->is_dirty = false;
		ledger->dirty_n--;
	}
	return kv_failed(txn->kv);
}

enum err
ack_committed(struct talk *talk)
{
	enum err e;

	talk->deltas_in += talk->deltas_in_pending;
	talk->deltas_in_pending = 0;
	talk->durable_bytes = talk->whole_bytes;
	e = told_send(talk);
	talk->has_again = false;
	talk->told_n = 0;
	return e == ERR_OK ? ack_credit(talk) : e;
}

static bool
is_behind(const struct talk *talk)
{
	return channel_queued(talk->channel) >= BEHIND_BYTES;
}

static enum err
told_send(struct talk *talk)
{
	size_t at = 0;
	enum err e = ERR_OK;

	while (at < talk->told_n && e == ERR_OK) {
		struct msg msg = {.type = MSG_CLOCK};
		size_t left = talk->told_n - at;
		bool behind = is_behind(talk);

		msg.u.clock.n = left < MSG_ENTRIES_MAX ? left : MSG_ENTRIES_MAX;
		msg.u.clock.entries = talk->told + at;
		for (size_t i = at; i < at + msg.u.clock.n; i++) {
			struct ledger_log *entry = ledger_find(
			    &talk->ledger, &talk->told[i].log);

			entry->is_told = !behind;
			if (behind)
				ledger_queue(&talk->ledger, entry);
			if (talk->has_again &&
			    memcmp(&talk->again, &entry->trunk, 16) == 0)
				msg.u.clock.again = true;
		}
		at += msg.u.clock.n;
		if (!behind || msg.u.clock.again)
			e = talk_send(talk, &msg);
	}
	return e;
}

enum err
ack_credit(struct talk *talk)
{
	struct msg msg = {.type = MSG_CREDIT,
	    .u.credit = {.bytes = talk->durable_bytes - talk->told_bytes}};

	if (talk->durable_bytes == talk->told_bytes || is_behind(talk))
		return ERR_OK;
	talk->told_bytes = talk->durable_bytes;
	return talk_send(talk, &msg);
}

void
ack_fini(struct talk *talk)
{
	mem_free(talk->touched);
	mem_free(talk->told);
}
