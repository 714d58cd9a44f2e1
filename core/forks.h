#ifndef GOLMOK_CORE_FORKS_H
#define GOLMOK_CORE_FORKS_H

#include "core/oplog.h"
#include "proto/fork.h"
#include "proto/msg.h"

/*
 * Forked logs: what proves it is kept for ever in TABLE_FORKS, one proof for a
 * log, and log->forked says that there is one.  The branch that was held stays;
 * of the other one nothing is taken.
 */

/* What we hold of `log` as one side of a fork at `size`.  ERR_NOT_FOUND:
 * `size` is neither within what is held nor that of the newest head. */
enum err forks_side(struct txn *txn, const struct log *log, uint64_t size,
    struct fork_side *side) MUST_USE;

/* Examines what a peer says about `log`: two sides are a proof by themselves,
 * one is compared with what we hold.  `*news` says that a proof was kept; if it
 * is a log that this node writes, the next write opens another (core/own.h).
 * ERR_MALFORMED: a side is not signed by the log's author, or does not lead to
 * its head, or two do not contradict each other. */
enum err forks_take(struct txn *txn, struct log *log,
    const struct msg_fork *said, bool *news) MUST_USE;

/* The proof kept for `log`; ERR_NOT_FOUND when there is none, ERR_CORRUPT, kept
 * in `txn`, when it is damaged. */
enum err forks_get(
    struct txn *txn, const struct log *log, struct fork *fork) MUST_USE;

/* Does the proof kept for `log` prove it?  ERR_CORRUPT: no, or there is none
 * though log->forked says so, or the other way round. */
enum err forks_check(struct txn *txn, const struct log *log) MUST_USE;

#endif
