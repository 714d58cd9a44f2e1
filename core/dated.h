#ifndef GOLMOK_CORE_DATED_H
#define GOLMOK_CORE_DATED_H

#include "core/authority.h"
#include "core/merge.h"
#include "core/store.h"
#include "core/txn.h"

/*
 * Fields that say when a record first came into a state (docs/packs.md, when):
 * the node writes them beside the move, so that what was once reached is known
 * when the record has gone on.
 */

/* Nothing where `authority` shows that the clock is behind: an unknown day is
 * better than a wrong one.  Else adds to `write`, an edit of `collection`, the
 * day or time of now for each such field that the move in it asks for, that it
 * does not give itself and that `record`, as it stands, has not.  Made of
 * txn->arena. */
void dated_fill(struct txn *txn, const struct authority *authority,
    const struct pack_collection *collection, const struct record *record,
    struct store_write *write);

#endif
