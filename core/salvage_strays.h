#ifndef GOLMOK_CORE_SALVAGE_STRAYS_H
#define GOLMOK_CORE_SALVAGE_STRAYS_H

#include "core/oplog.h"
#include "core/salvage.h"

/*
 * Deltas of a damaged file to which no row of a log leads any more.  Nothing
 * can take them in, as what would name their log is lost; but who has got them
 * from others need not keep the file for them.
 */

/* Adds to salvage->missing the deltas of `from`, rows of a file whose logs are
 * in TABLE_LOG_NOS, that belong to no log there and that the store of `to` has
 * not; and to salvage->owed those of which it has less of the bodies.  Errors
 * are those of `to` and of the disk: what is damaged in `from` counts as
 * missing. */
enum err salvage_strays_count(
    struct txn *from, struct txn *to, struct salvage *salvage) MUST_USE;

#endif
