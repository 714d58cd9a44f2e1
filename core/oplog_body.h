#ifndef GOLMOK_CORE_OPLOG_BODY_H
#define GOLMOK_CORE_OPLOG_BODY_H

#include "core/oplog.h"

/*
 * What of a stored delta may change: which of its bodies are here, in which
 * form, and whether this program knows what its header means.
 */

/* Adds `body`, whose commitment the caller has checked, to the stored delta
 * `seq`, or its secret or wrap to a body held blind; what is there already
 * stays, but the author's wrap takes the place of one that was passed on.
 * `*news` says whether anything was added.  The prefix counts of `log` move on
 * where they can.  ERR_NOT_FOUND beyond its size. */
enum err oplog_body_put(struct txn *txn, struct log *log, uint64_t seq,
    const struct stored_body *body, bool *news) MUST_USE;

/* Writes down that the stored delta `seq` of `log` is opaque, or no longer: a
 * newer program may know what an older one did not. */
enum err oplog_body_opaque(
    struct txn *txn, struct log *log, uint64_t seq, bool opaque) MUST_USE;
/* Takes the body (change, class) out of the stored delta `seq` of `log`, from
 * its row and from its block, which is written again without it; the prefix
 * counts go back to before it.  ERR_NOT_FOUND when it is not held.  Pages that
 * LMDB has freed keep its bytes until they are used again. */
enum err oplog_body_drop(struct txn *txn, struct log *log, uint64_t seq,
    uint16_t change, enum delta_class class) MUST_USE;

#endif
