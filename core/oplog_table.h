#ifndef GOLMOK_CORE_OPLOG_TABLE_H
#define GOLMOK_CORE_OPLOG_TABLE_H

#include "core/oplog.h"

/*
 * The logs that a transaction has met, by id.  A log is read from its row once
 * and is the same struct for all who ask, until the transaction ends.
 */

/* The log `id`; NULL when `txn` has not met it. */
struct log *oplog_table_find(struct txn *txn, const struct log_id *id);
/* Adds `log`, which is not there yet. */
void oplog_table_add(struct txn *txn, struct log *log);
/* Gives `log`, which is there, the id `id`. */
void oplog_table_rename(
    struct txn *txn, struct log *log, const struct log_id *id);

#endif
