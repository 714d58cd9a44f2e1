#ifndef GOLMOK_CORE_READING_H
#define GOLMOK_CORE_READING_H

#include "core/merge.h"
#include "core/txn.h"

/*
 * What the door shows of records (core/store.h).
 */

/* As store_locate. */
enum err reading_locate(
    struct txn *txn, const struct record_id *id, struct space *space) MUST_USE;
/* As store_get. */
enum err reading_get(struct txn *txn, const struct space *space,
    const struct record_id *id, struct arena *arena,
    struct record *record) MUST_USE;
/* As store_history. */
enum err reading_history(struct txn *txn, const struct space *space,
    const struct record_id *id, struct arena *arena,
    struct merge_changes *changes) MUST_USE;

#endif
