#ifndef GOLMOK_CORE_FORCE_H
#define GOLMOK_CORE_FORCE_H

#include "core/identity.h"
#include "core/lookup.h"
#include "core/view.h"

/*
 * What a store says about itself, read once when it is opened: that it is one
 * we know, and the pack whose rules are in force there, with its indexes
 * and views.
 */
struct force {
	struct pack *pack;     /* owned; NULL: no pack is in force */
	struct lookup *lookup; /* owned */
	struct views *views;   /* owned */
};

/* Reads into the zeroed `force`, ended with force_fini in every case, what the
 * store of `identity` says.  ERR_VERSION: a newer format, or a pack that this
 * program does not have.  ERR_CORRUPT: no city, or that of other keys. */
enum err force_load(struct txn *txn, const struct identity *identity,
    struct force *force) MUST_USE;
/* The same for a store that says nothing yet: no pack. */
void force_init(const struct identity *identity, struct force *force);
void force_fini(struct force *force);
/* `txn` goes by `force` (borrowed until it ends) from now on. */
void force_lend(const struct force *force, struct txn *txn);
/* In a writer: makes indexes and views those of what it goes by, a bounded part
 * at a time; `*whole` says whether that is done.  Else the caller commits and
 * comes again. */
enum err force_refresh(struct txn *txn, bool *whole) MUST_USE;

#endif
