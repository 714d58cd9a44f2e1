/*
 * The logs of one transaction, by id.  core/oplog.c asks here before it reads a
 * row.  Knows no table.
 */
#include "core/oplog_table.h"

#include <string.h>

enum { SLOTS_MIN = 64 };

static struct log **slot_of(struct txn *txn, const struct log_id *id);
static void grow(struct txn *txn);

struct log *
oplog_table_find(struct txn *txn, const struct log_id *id)
{
	struct log *log;

	if (txn->log_table_size == 0)
		return NULL;
	log = *slot_of(txn, id);
	while (log != NULL && memcmp(&log->id, id, sizeof(*id)) != 0)
		log = log->chain;
	return log;
}

/* Ids are hashes, so their first bytes are as good as any other hash. */
static struct log **
slot_of(struct txn *txn, const struct log_id *id)
{
	return &txn->log_table[bytes_be32(id->b) & (txn->log_table_size - 1)];
}

void
oplog_table_add(struct txn *txn, struct log *log)
{
	struct log **slot;

	if (txn->logs_n >= txn->log_table_size)
		grow(txn);
	slot = slot_of(txn, &log->id);
	log->chain = *slot;
	*slot = log;
	log->next = txn->logs;
	txn->logs = log;
	txn->logs_n++;
}

static void
grow(struct txn *txn)
{
	struct log **slot;

	txn->log_table_size *= 2;
	if (txn->log_table_size == 0)
		txn->log_table_size = SLOTS_MIN;
	txn->log_table = arena_array(
	    &txn->arena, txn->log_table_size, sizeof(struct log *));
	for (struct log *log = txn->logs; log != NULL; log = log->next) {
		slot = slot_of(txn, &log->id);
		log->chain = *slot;
		*slot = log;
	}
}

void
oplog_table_rename(struct txn *txn, struct log *log, const struct log_id *id)
{
	struct log **slot = slot_of(txn, &log->id);

	while (*slot != log) {
		assert(*slot != NULL);
		slot = &(*slot)->chain;
	}
	*slot = log->chain;
	log->id = *id;
	slot = slot_of(txn, id);
	log->chain = *slot;
	*slot = log;
}
