/*
 * Which logs a session keeps to itself.  net/peer/opening.c fills it when it
 * decides what is shared, net/peer/receiver.c asks when a peer names a log that
 * the session has not met.  Knows no rights.
 */
#include "net/peer/hidden.h"

#include <string.h>

#include "proto/mem.h"

enum { SLOTS_MIN = 16 };

static size_t slot_first(const struct hidden *hidden, const struct log_id *id);
static enum err grow(struct hidden *hidden, struct txn *txn) MUST_USE;

void
hidden_fini(struct hidden *hidden)
{
	mem_free(hidden->numbers);
	*hidden = (struct hidden){0};
}

void
hidden_clear(struct hidden *hidden)
{
	mem_free(hidden->numbers);
	hidden->numbers = NULL;
	hidden->size = 0;
	hidden->n = 0;
}

static size_t
slot_first(const struct hidden *hidden, const struct log_id *id)
{
	uint64_t hash = (bytes_be64(id->b) ^ hidden->salt) * (hidden->salt | 1);

	return (size_t)(hash >> 17) & (hidden->size - 1);
}

static void
put(struct hidden *hidden, const struct log_id *id, uint32_t number)
{
	size_t at = slot_first(hidden, id);

	while (hidden->numbers[at] != 0 && hidden->numbers[at] != number)
		at = (at + 1) & (hidden->size - 1);
	hidden->n += hidden->numbers[at] == 0;
	hidden->numbers[at] = number;
}

enum err
hidden_add(struct hidden *hidden, struct txn *txn, const struct log *log)
{
	enum err e = ERR_OK;

	if ((hidden->n + 1) * 4 > hidden->size * 3)
		e = grow(hidden, txn);
	if (e == ERR_OK)
		put(hidden, &log->id, log->no.v);
	return e;
}

/* Ids are read again, which is seldom; a log that was split meanwhile has
 * another one now. */
static enum err
grow(struct hidden *hidden, struct txn *txn)
{
	uint32_t *old = hidden->numbers;
	size_t old_size = hidden->size;
	enum err e = ERR_OK;

	hidden->size = old_size == 0 ? SLOTS_MIN : 2 * old_size;
	hidden->numbers = mem_zeros(hidden->size, sizeof(*hidden->numbers));
	hidden->n = 0;
	for (size_t i = 0; i < old_size && e == ERR_OK; i++) {
		struct log *log;

		if (old[i] == 0)
			continue;
		e = oplog_by_no(txn, (struct log_no){old[i]}, &log);
		if (e == ERR_OK)
			put(hidden, &log->id, old[i]);
	}
	mem_free(old);
	return e;
}

enum err
hidden_find(const struct hidden *hidden, struct txn *txn,
    const struct log_id *id, struct log **log)
{
	size_t at;

	*log = NULL;
	if (hidden->size == 0)
		return ERR_OK;
	at = slot_first(hidden, id);
	for (; hidden->numbers[at] != 0; at = (at + 1) & (hidden->size - 1)) {
		struct log *other;
		enum err e = oplog_by_no(
		    txn, (struct log_no){hidden->numbers[at]}, &other);

		if (e != ERR_OK)
			return e;
		if (memcmp(&other->id, id, sizeof(*id)) != 0)
			continue;
		*log = other;
		return ERR_OK;
	}
	return ERR_OK;
}
