#ifndef GOLMOK_CORE_FORCE_H
#define GOLMOK_CORE_FORCE_H

#include "core/identity.h"
#include "core/lookup.h"

/*
 * What a store says about itself, read once when it is opened: that it is one
 * we know, and the pack whose rules are in force there, with its indexes.
 */
struct force {
	struct pack *pack;     /* owned; NULL: no pack is in force */
	struct lookup *lookup; /* owned */
};

/* Reads into the zeroed `force`, ended with force_fini in every case, what the
 * store of `identity` says.  ERR_VERSION: a newer format, or a pack that this
 * program does not have.  ERR_CORRUPT: no city, or that of other keys. */
enum err force_load(struct txn *txn, const struct identity *identity,
    struct force *force) MUST_USE;
/* The same for a store that says nothing yet: no pack. */
void force_init(const struct identity *identity, struct force *force);
void force_fini(struct force *force);

#endif
