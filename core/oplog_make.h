#ifndef GOLMOK_CORE_OPLOG_MAKE_H
#define GOLMOK_CORE_OPLOG_MAKE_H

#include "core/oplog.h"

/*
 * Logs and branches of logs get their number, which they keep for ever, and
 * their id, which changes when a branch is found (core/forks.h).
 */

/* The content of a row of TABLE_LOG_NOS: space and log id. */
enum { OPLOG_MAKE_NO_SIZE = 4 + 16 };

/* Makes the log, or branch, that `what` describes, whose id is new, with a
 * number of its own.  ERR_LIMIT, kept in `txn`, when this store has LIMIT_LOGS
 * logs. */
enum err oplog_make_new(
    struct txn *txn, const struct log *what, struct log **log) MUST_USE;
/* Gives `log` the id `id`; its number, and so all its rows, stay. */
void oplog_make_rename(
    struct txn *txn, struct log *log, const struct log_id *id);
/* Writes the rows by which the number of `log`, and the id before its fork,
 * lead to it. */
void oplog_make_rows(struct txn *txn, const struct log *log);

#endif
