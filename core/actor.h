#ifndef GOLMOK_CORE_ACTOR_H
#define GOLMOK_CORE_ACTOR_H

#include "core/txn.h"

/* The names from which actor ids were made at this store.  They stay here. */

/* Keeps `name` for `actor`; writes nothing when it is kept already. */
void actor_put(
    struct txn *txn, const struct actor_id *actor, struct bytes name);
/* The name kept for `actor`, in `arena`; empty when there is none, or on a
 * failure, which `txn` keeps. */
struct bytes actor_name(
    struct txn *txn, const struct actor_id *actor, struct arena *arena);

#endif
