#ifndef GOLMOK_CORE_ACCESS_CHAIN_H
#define GOLMOK_CORE_ACCESS_CHAIN_H

#include "core/space.h"
#include "proto/id.h"

/*
 * The chain of the log of accesses (docs/packs.md, Access): each record names
 * the one that its writer wrote before it, so that none can be taken out or
 * exchanged without one that names nothing held.
 */

/* What the next access that `author` writes in `space` (NULL: nothing is held
 * of it) names: 32 bytes of zero when it has written none.  txn->pack has
 * access->before. */
enum err access_chain_next(struct txn *txn, struct space_state *space,
    const struct sign_key *author, struct hash *before) MUST_USE;

/* How many accesses in `space` are broken links: they name what is not held or
 * was deleted, or what another one names too, or nothing, or were changed after
 * they were written.  0 where the pack keeps no chain. */
enum err access_chain_broken(
    struct txn *txn, struct space_state *space, uint64_t *n) MUST_USE;

#endif
