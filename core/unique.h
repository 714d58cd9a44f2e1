#ifndef GOLMOK_CORE_UNIQUE_H
#define GOLMOK_CORE_UNIQUE_H

#include "core/draft.h"
#include "core/lookup.h"

/*
 * Values that only one record of a space may have, by itself or together with
 * others: asked of a local write.  What peers write is merged whatever it
 * repeats.
 */

/* A local write that is put together. */
struct unique {
	struct txn *txn;
	struct space_state *space; /* NULL while nothing of it is held */
	const struct record_id *id;
	const struct store_write *write;
	struct bytes collection;
	const struct record *record; /* as it stands; maybe not all loaded */
	struct draft *drafts;	     /* what this transaction wrote so far */
	struct draft_change *change; /* with its operations */
};

/* Does no other record of the space that is not deleted have the values that
 * the write gives to unique fields and to indexes over several, neither stored
 * nor in the drafts?  ERR_EXISTS names fields, values and the other record.
 * Puts what the write claims into change->claims (txn->arena).  Fields of an
 * index of which one has no value repeat nothing. */
enum err unique_claim(const struct unique *unique) MUST_USE;

#endif
