#ifndef GOLMOK_CORE_SALVAGE_COUNT_H
#define GOLMOK_CORE_SALVAGE_COUNT_H

#include "core/oplog.h"
#include "core/salvage.h"

/*
 * What a salvage leaves to be brought by others.
 */

/* Adds to salvage->missing the deltas of `log`, of the transaction `from`, that
 * the store of `to` has not, and, when it has all, to salvage->owed those whose
 * bodies `log` counts and the store has not.  The store may know the log by
 * more branches than `from`, or by fewer; what several of them share is counted
 * with the one whose rows it are.  Errors are those of `to` and of the disk:
 * what is damaged in `from` counts as missing. */
enum err salvage_count_log(struct txn *from, const struct log *log,
    struct txn *to, struct salvage *salvage) MUST_USE;

#endif
