#ifndef GOLMOK_CORE_APPLY_H
#define GOLMOK_CORE_APPLY_H

#include "core/authority.h"
#include "core/oplog.h"

/*
 * The one road.  Every delta, written here or by a peer, goes: append to its
 * log -> merge into records -> indexes -> feed -> digests, in one transaction.
 */

/* Takes `entry` as the next delta of `log`.  What its author may do decides
 * whether it enters the state, never whether it is kept.  `leaf` is its leaf
 * hash. */
enum err apply_delta(struct txn *txn, struct log *log,
    const struct oplog_entry *entry, struct hash *leaf) MUST_USE;

/* Puts the stored delta `seq` of `log` on the road behind the log: what
 * apply_delta does with one that was just appended, but for the feed.  For
 * core/rebuild.c; its changes are not in the history yet. */
enum err apply_stored(struct txn *txn, struct log *log, uint64_t seq) MUST_USE;

/* Takes a body that was owed for the stored delta `seq` of `log`, commitment
 * checked by the caller, and merges again what it changes. */
enum err apply_body(struct txn *txn, struct log *log, uint64_t seq,
    const struct stored_body *body) MUST_USE;

/* Brings the rights and the cut of `log` to what `authority` says now; to be
 * called when a log has got its first delta.  Merges nothing again. */
enum err apply_judge(struct txn *txn, const struct authority *authority,
    struct log *log) MUST_USE;

/* As apply_judge for all tips of the trunk of `log`, merging again every record
 * of those whose rights or cuts this changes.  To be called when a branch came
 * or grew. */
enum err apply_tips(struct txn *txn, const struct authority *authority,
    struct log *log) MUST_USE;

/* Brings the rights and cuts of every log to what `authority` says now, merging
 * again every record that this touches.  To be called in the transaction in
 * which the authority logs changed, or in which a log was made. */
enum err apply_authority(
    struct txn *txn, const struct authority *authority) MUST_USE;

/* What is due at the end of a transaction: apply_authority when authority logs
 * changed, else the same for the logs that grew past a cut, whose roots say
 * only now whether they are those that were meant. */
enum err apply_due(struct txn *txn, const struct authority *authority) MUST_USE;

#endif
