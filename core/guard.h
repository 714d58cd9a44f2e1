#ifndef GOLMOK_CORE_GUARD_H
#define GOLMOK_CORE_GUARD_H

#include "core/pack.h"
#include "core/space.h"
#include "core/merge.h"

/*
 * What a pack asks of a record before its state may become another one
 * (docs/packs.md, guards).  Asked of local writes alone: what peers write is
 * merged whatever it says.
 */

/* Which record moves, and who moves it; all borrowed. */
struct guard_move {
	struct txn *txn;
	const struct space *space;
	const struct record_id *id;
	const struct record *after;   /* as it will be, loaded */
	const struct pack_role *role; /* NULL: nobody said */
};

/* Does a guard of `field` watch `value`, a canonical text? */
bool guard_watches(const struct pack_field *field, struct bytes value);
/* May the state `field` become `value`?  Each guard that watches it lets it
 * pass when its `unless` holds, or else when its `need` holds and move->role is
 * one of its `who`; without a role `who` is not asked.  ERR_INVALID names the
 * state, says why in both languages, and what is needed; ERR_DENIED the roles
 * that may; ERR_CORRUPT for damaged rows of what conditions look at. */
enum err guard_check(const struct guard_move *move,
    const struct pack_field *field, struct bytes value) MUST_USE;

#endif
