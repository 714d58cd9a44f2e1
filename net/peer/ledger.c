/*
 * The logs of one conversation.  The sender and the receiver of a session look
 * up and mark entries here.  Knows no messages and no store.
 */
#include "net/peer/ledger.h"

#include <stdlib.h>
#include <string.h>

#include "proto/mem.h"

/* Of one log, ours and the peer's together, with those that got other ids. */
enum { BRANCHES_MAX = 4 * LIMIT_BRANCHES };
/* Most centres share two or three logs with each of hundreds. */
enum { SLOTS_MIN = 8 };

static struct ledger_log *slot_of(
    const struct ledger *ledger, const struct log_id *id);
static bool same_id(const struct log_id *a, const struct log_id *b);
static void grow(struct ledger *ledger);
static void ring_grow(struct ledger_queue *queue);
static void counts_take(
    struct ledger_log *log, const struct msg_entry *entry, bool again);

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
	(*log)->trunk = *id;
	(*log)->peer.log = *id;
	(*log)->told.log = *id;
	ledger->n++;
	return ERR_OK;
}

enum err
ledger_get_tip(struct ledger *ledger, const struct log_id *id,
    const struct log_id *trunk, struct ledger_log **log)
{
	struct ledger_log *first;
	bool known = ledger_find(ledger, id) != NULL;
	enum err e = ledger_get(ledger, trunk, &first);

	if (e == ERR_OK)
		e = ledger_get(ledger, id, log);
	if (e != ERR_OK)
		return e;
	if (known || same_id(id, trunk))
		return same_id(&(*log)->trunk, trunk)
			   ? ERR_OK
			   : err_set(ERR_MALFORMED,
				 "the peer calls one log a branch of two");
	/* The table may have grown. */
	first = ledger_find(ledger, trunk);
	if (!same_id(&first->trunk, trunk))
		return err_set(
		    ERR_MALFORMED, "the peer speaks of branches of a branch");
	if (first->branches_n >= BRANCHES_MAX)
		return err_set(ERR_LIMIT,
		    "the peer speaks of more than %d branches of one log",
		    BRANCHES_MAX);
	first->branches_n++;
	(*log)->trunk = *trunk;
	ledger_none(*log, &(*log)->peer);
	ledger_none(*log, &(*log)->told);
	(*log)->has_next = first->has_next;
	(*log)->next = first->next;
	first->has_next = true;
	first->next = *id;
	return ERR_OK;
}

static bool
same_id(const struct log_id *a, const struct log_id *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

struct ledger_log *
ledger_trunk(const struct ledger *ledger, const struct ledger_log *log)
{
	return ledger_find(ledger, &log->trunk);
}

struct ledger_log *
ledger_next(const struct ledger *ledger, const struct ledger_log *log)
{
	return log->has_next ? ledger_find(ledger, &log->next) : NULL;
}

static void
grow(struct ledger *ledger)
{
	struct ledger_log *old = ledger->logs;
	size_t old_size = ledger->size;

	ledger->size = old_size == 0 ? SLOTS_MIN : 2 * old_size;
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
	enum ledger_class class = LEDGER_NEWS;

	if (log->is_authority)
		class = LEDGER_AUTHORITY;
	else if (log->is_urgent)
		class = LEDGER_URGENT;
	ledger_queue_as(ledger, log, class);
}

void
ledger_queue_as(
    struct ledger *ledger, struct ledger_log *log, enum ledger_class class)
{
	struct ledger_queue *queue = &ledger->queues[class];

	if ((log->queued >> class & 1) != 0)
		return;
	log->queued |= 1u << class;
	if (queue->n == queue->room)
		ring_grow(queue);
	queue->ids[(queue->first + queue->n) % queue->room] = log->id;
	queue->n++;
}

static void
ring_grow(struct ledger_queue *queue)
{
	size_t room = queue->room;

	mem_room(&queue->ids, &queue->room, 2 * room + 8, sizeof(*queue->ids));
	/* What had gone round to the begin goes on behind the old end. */
	for (size_t i = 0; i < queue->first; i++)
		queue->ids[room + i] = queue->ids[i];
}

struct ledger_log *
ledger_first(const struct ledger *ledger, enum ledger_class end,
    enum ledger_class *class)
{
	for (*class = 0; *class < end; (*class)++) {
		const struct ledger_queue *queue = &ledger->queues[*class];

		if (queue->n > 0)
			return ledger_find(ledger, &queue->ids[queue->first]);
	}
	return NULL;
}

void
ledger_unqueue(struct ledger *ledger, enum ledger_class class)
{
	struct ledger_queue *queue = &ledger->queues[class];

	assert(queue->n > 0);
	ledger_find(ledger, &queue->ids[queue->first])->queued &= ~(
	    1u << class);
	queue->first = (queue->first + 1) % queue->room;
	queue->n--;
}

/* `*count`, which reached the first one that went, rises to where `has` or the
 * last one ends. */
static void
count_rise(uint64_t *count, uint64_t has, struct ledger_span span)
{
	uint64_t to = has < span.end ? has : span.end;

	if (*count >= span.from && *count < to)
		*count = to;
}

void
ledger_passed(struct ledger_log *entry, const struct log *log,
    const struct clock_depth *depth, struct ledger_span span)
{
	for (unsigned class = 0; class < CLASS_COUNT; class ++)
		if ((depth->classes >> class & 1) != 0)
			count_rise(
			    &entry->sent_open[class], log->open[class], span);
	if (depth->hold) {
		count_rise(&entry->sent_held, log->held, span);
		count_rise(&entry->sent_kept, log->wrapped, span);
	}
	if (entry->sent < span.end)
		entry->sent = span.end;
}

void
ledger_heard(struct ledger *ledger, struct ledger_log *log,
    const struct msg_entry *entry, bool again)
{
	assert(memcmp(&entry->log, &log->id, sizeof(log->id)) == 0);
	if (!log->is_known || !msg_entry_equal(&log->peer, entry)) {
		ledger->dirty_n += !log->is_dirty;
		log->is_dirty = true;
	}
	counts_take(log, entry, again);
	for (struct ledger_log *tip = ledger_trunk(ledger, log); tip != NULL;
	     tip = ledger_next(ledger, tip)) {
		if (again || log->peer.size != entry->size ||
		    memcmp(log->peer.root, entry->root, sizeof(entry->root)) !=
			0)
			tip->is_compared = false;
		if (!again)
			continue;
		tip->sent = 0;
		tip->is_based = false;
		tip->asked_size = 0;
	}
	log->is_matched = log->is_matched && !again &&
			  log->peer.size == entry->size &&
			  memcmp(log->peer.root, entry->root, 8) == 0;
	log->is_known = true;
	log->peer = *entry;
}

static int
id_order(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct log_id));
}

void
ledger_number(struct ledger *ledger, struct msg_names *names)
{
	assert(names->n == 0 && ledger->numbers_n == 0);
	for (size_t i = 0; i < ledger->size; i++) {
		struct ledger_log *log = &ledger->logs[i];

		if (log->used && (log->is_ours || log->is_theirs))
			msg_names_add(names, &log->id);
	}
	if (names->n > 0)
		qsort(names->ids, names->n, sizeof(*names->ids), id_order);
	for (size_t i = 0; i < names->n; i++)
		ledger_find(ledger, &names->ids[i])->number =
		    ++ledger->numbers_n;
}

bool
ledger_named(void *arg, const struct log_id *log, uint64_t *number)
{
	struct ledger *ledger = arg;
	struct ledger_log *entry = ledger_find(ledger, log);

	*number = 0;
	if (entry != NULL && entry->number > 0) {
		*number = entry->number - 1;
		return true;
	}
	ledger->numbers_n++;
	if (entry != NULL)
		entry->number = ledger->numbers_n;
	return false;
}

void
ledger_tell(struct ledger *ledger, struct ledger_log *log,
    const struct msg_entry *entry)
{
	assert(memcmp(&entry->log, &log->id, sizeof(log->id)) == 0);
	if (!msg_entry_equal(&log->told, entry)) {
		ledger->dirty_n += !log->is_dirty;
		log->is_dirty = true;
	}
	log->told = *entry;
	log->is_told = true;
}

void
ledger_none(const struct ledger_log *log, struct msg_entry *entry)
{
	*entry = (struct msg_entry){
	    .log = log->id, .is_branch = !same_id(&log->id, &log->trunk)};
	if (entry->is_branch)
		entry->trunk = log->trunk;
}

/* Of a log that the peer had by another name it was guessed what it has; now it
 * is said. */
static void
counts_take(struct ledger_log *log, const struct msg_entry *entry, bool again)
{
	bool guessed = log->peer.size == 0 &&
		       (log->is_foreign || !same_id(&log->id, &log->trunk));

	if (again || log->sent_held < entry->held ||
	    (guessed && entry->held < entry->size))
		log->sent_held = entry->held;
	if (again || log->sent_kept < entry->kept ||
	    (guessed && entry->kept < entry->size))
		log->sent_kept = entry->kept;
	for (size_t class = 0; class < CLASS_COUNT; class ++)
		if (again || log->sent_open[class] < entry->open[class] ||
		    (guessed && entry->open[class] < entry->size))
			log->sent_open[class] = entry->open[class];
}
