#ifndef GOLMOK_CORE_ALIAS_H
#define GOLMOK_CORE_ALIAS_H

#include "core/space.h"
#include "proto/id.h"

/*
 * Records that were found to speak of the same as another one: a collection of
 * the pack names the field that leads there (docs/packs.md, alias).  Nothing of
 * either record is changed by it, so it can be taken back; who counts or lists
 * puts the one in the place of the other.
 */

/* One record and what stands for it in the end. */
struct alias {
	struct record_id from;
	struct record_id to;
};

/* All of them that are held here, by `from`. */
struct aliases {
	struct alias *p; /* owned */
	size_t n;
	size_t room;
};

/* Gathers the aliases of all spaces held into the zeroed `aliases`, ended with
 * alias_fini in every case: of each record the value that is shown, and that of
 * the record to which it leads, and so on to the end.  Where they go round in a
 * circle, all of it stands for the one with the least id.  What is deleted has
 * no alias.  Depends on what is held alone.  ERR_CORRUPT. */
enum err alias_load(struct txn *txn, struct aliases *aliases) MUST_USE;
/* A zeroed struct is fine. */
void alias_fini(struct aliases *aliases);

#endif
