#ifndef GOLMOK_CORE_TIP_H
#define GOLMOK_CORE_TIP_H

#include "core/oplog.h"

/*
 * A log that is not split has one tip: itself.  Of one that is split each
 * branch held is a tip, and a delta may lie in several (docs/format.md §4).
 */

/* A held tip that has the delta of `space` that `ref` names, leaf and all; NULL
 * when there is none (or on a failure, which `txn` keeps).  Costs a read and a
 * hash for each tip that is long enough. */
struct log *tip_holding(
    struct txn *txn, struct space_state *space, const struct ref *ref);
/* The tips of the trunk of `log` that have its delta `seq`, and its row, in
 * common with it, itself among them; into sharing->arena. */
enum err tip_sharing(struct txn *txn, const struct log *log, uint64_t seq,
    struct tips *sharing) MUST_USE;
/* As oplog_may, when any of the tips that share the delta gives the right. */
bool tip_may(
    struct txn *txn, const struct log *log, unsigned right, uint64_t seq);

#endif
