/*
 * The logs of one conversation.  The sender and the receiver of a session look
 * up and mark entries here.  Knows no messages and no store.
 */
#include "net/peer/ledger.h"

#include <string.h>

#include "proto/mem.h"

static struct ledger_log *slot_of(
    const struct ledger *ledger, const struct log_id *id);
static void grow(struct ledger *ledger);

void
ledger_init(struct ledger *ledger, uint64_t salt)
{
	*ledger = (struct ledger){.salt = salt | 1};
}

void
ledger_fini(struct ledger *ledger)
{
	mem_free(ledger->logs);
	for (size_t i = 0; i < COUNT_OF(ledger->queues); i++)
		mem_free(ledger->queues[i].ids);
	*ledger = (struct ledger){0};
}

/* The slot that holds `id`, or the free one where it belongs. */
static struct ledger_log *
slot_of(const struct ledger *ledger, const struct log_id *id)
{
	uint64_t hash = (bytes_be64(id->b) ^ ledger->salt) * ledger->salt;
	size_t at = (size_t)(hash >> 17) & (ledger->size - 1);

	while (ledger->logs[at].used &&
	       memcmp(&ledger->logs[at].id, id, sizeof(*id)) != 0)
		at = (at + 1) & (ledger->size - 1);
	return &ledger->logs[at];
}

struct ledger_log *
ledger_find(const struct ledger *ledger, const struct log_id *id)
{
	struct ledger_log *slot;

	if (ledger->size == 0)
		return NULL;
	slot = slot_of(ledger, id);
	return slot->used ? slot : NULL;
}

enum err
ledger_get(
    struct ledger *ledger, const struct log_id *id, struct ledger_log **log)
{
	if (ledger->size == 0 || ledger->n * 4 >= ledger->size * 3)
		grow(ledger);
	*log = slot_of(ledger, id);
	if ((*log)->used)
		return ERR_OK;
	if (ledger->n >= LIMIT_LOGS)
		return err_set(ERR_LIMIT,
		    "the peer speaks of more than %d logs", LIMIT_LOGS);
	(*log)->used = true;
	(*log)->id = *id;
	(*log)->peer.log = *id;
	(*log)->told.log = *id;
	ledger->n++;
	return ERR_OK;
}

static void
grow(struct ledger *ledger)
{
	struct ledger_log *old = ledger->logs;
	size_t old_size = ledger->size;

	ledger->size = old_size == 0 ? 64 : 2 * old_size;
	ledger->logs = mem_zeros(ledger->size, sizeof(*ledger->logs));
	for (size_t i = 0; i < old_size; i++) {
		if (old[i].used)
			*slot_of(ledger, &old[i].id) = old[i];
	}
	mem_free(old);
}

void
ledger_queue(struct ledger *ledger, struct ledger_log *log)
{
	struct ledger_queue *queue = &ledger->queues[log->is_authority ? 0 : 1];

	if (log->is_queued)
		return;
	log->is_queued = true;
	if (queue->first > 0 && queue->first + queue->n == queue->room) {
		memmove(queue->ids, queue->ids + queue->first,
		    queue->n * sizeof(*queue->ids));
		queue->first = 0;
	}
	mem_room(&queue->ids, &queue->room, queue->first + queue->n + 1,
	    sizeof(*queue->ids));
	queue->ids[queue->first + queue->n++] = log->id;
}

struct ledger_log *
ledger_first(struct ledger *ledger)
{
	for (size_t i = 0; i < COUNT_OF(ledger->queues); i++) {
		struct ledger_queue *queue = &ledger->queues[i];

		if (queue->n > 0)
			return ledger_find(ledger, &queue->ids[queue->first]);
	}
	return NULL;
}

void
ledger_unqueue(struct ledger *ledger)
{
	for (size_t i = 0; i < COUNT_OF(ledger->queues); i++) {
		struct ledger_queue *queue = &ledger->queues[i];

		if (queue->n == 0)
			continue;
		ledger_find(ledger, &queue->ids[queue->first])->is_queued =
		    false;
		queue->first++;
		queue->n--;
		if (queue->n == 0)
			queue->first = 0;
		return;
	}
}

static void
rise(uint64_t *sent, uint64_t has, bool again)
{
	if (again || *sent < has)
		*sent = has;
}

void
ledger_heard(struct ledger *ledger, struct ledger_log *log,
    const struct msg_entry *entry, bool again)
{
	assert(memcmp(&entry->log, &log->id, sizeof(log->id)) == 0);
	if (!log->is_known || memcmp(&log->peer, entry, sizeof(*entry)) != 0) {
		ledger->dirty_n += !log->is_dirty;
		log->is_dirty = true;
	}
	if (again || log->peer.size != entry->size ||
	    memcmp(log->peer.root, entry->root, sizeof(entry->root)) != 0)
		log->is_compared = false;
	log->is_known = true;
	log->peer = *entry;
	rise(&log->sent, entry->size, again);
	rise(&log->sent_held, entry->held, again);
	rise(&log->sent_kept, entry->kept, again);
	for (size_t class = 0; class < CLASS_COUNT; class ++)
		rise(&log->sent_open[class], entry->open[class], again);
}
