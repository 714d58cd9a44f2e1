#ifndef GOLMOK_CORE_FORKS_H
#define GOLMOK_CORE_FORKS_H

#include "core/oplog.h"
#include "proto/fork.h"
#include "proto/msg.h"

/*
 * Forked logs: what proves it is kept for ever in TABLE_FORKS, one proof for a
 * log, and log->forked says that there is one.  Branches that are held are
 * logs of their own.  Each is named by the last point at which it differs from
 * another one that is held, so the names follow from what is held, in whatever
 * order it came.
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

/* The id of the branch of `trunk` whose first `from` leaves are another's too,
 * and whose first from + 1 have the root `root` (docs/format.md §4). */
void forks_name(const struct log_id *trunk, uint64_t from,
    const struct hash *root, struct log_id *id);
/* How many leading leaves have `a` and `b`, tips of one trunk, in common? */
enum err forks_shared(struct txn *txn, const struct log *a, const struct log *b,
    uint64_t *shared) MUST_USE;
/* Makes of `log` two: `branch` begins with the first `at` deltas of `log`, more
 * than which no tip held shares with it, and is to go on with the leaf `leaf`,
 * which the caller appends, and for whose head it vouches.  `log` gets another
 * id if this is now the last point at which it differs.  Both are announced. */
enum err forks_split(struct txn *txn, struct log *log, uint64_t at,
    const struct hash *leaf, struct log **branch) MUST_USE;
/* Keeps a proof that `log` is forked, made of what is held of `branch`, which
 * was split from it and has its head now.  If it is a log that this node
 * writes, the next write opens another. */
enum err forks_prove(
    struct txn *txn, struct log *log, struct log *branch) MUST_USE;

/* The proof kept for `log`; ERR_NOT_FOUND when there is none, ERR_CORRUPT, kept
 * in `txn`, when it is damaged. */
enum err forks_get(
    struct txn *txn, const struct log *log, struct fork *fork) MUST_USE;

/* Does the proof kept for `log` prove it?  ERR_CORRUPT: no, or there is none
 * though log->forked says so, or the other way round. */
enum err forks_check(struct txn *txn, const struct log *log) MUST_USE;

#endif
