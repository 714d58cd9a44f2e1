#ifndef GOLMOK_CORE_MIRROR_H
#define GOLMOK_CORE_MIRROR_H

#include "core/compose.h"

/*
 * Copies of what may be compared, in records of their own (docs/packs.md,
 * mirror), so that who may not read the source can compare it with others.
 */

/* A record that a local write changes; all borrowed. */
struct mirror_source {
	const struct store_write *write; /* what is written */
	const struct pack_collection *collection;
	const struct record_id *id;
	const struct record *after; /* as it will be, loaded */
};

/* Does a write of `collection` have to be copied anywhere? */
bool mirror_has(
    const struct pack *pack, const struct pack_collection *collection);
/* Are the records of `collection` copies? */
bool mirror_is(
    const struct pack *pack, const struct pack_collection *collection);
/* The id of the copy of the record `id` in the collection `to`: the same at
 * every node.  Its first 6 bytes are those of `id`, the rest is from BLAKE2b
 * of the collection's name, a zero and `id`. */
void mirror_id(const struct pack_collection *to, const struct record_id *id,
    struct record_id *copy);
/* Writes all copies of `source` in the open transaction, in the space beside
 * its own that has the class of the copy's collection.  A copy begins when
 * there is something to be compared (a hash, under a key in force, where hashes
 * are copied), follows its source from then on, and is deleted and kept with
 * it.  Where this node may not write none is made.  Errors
 * as store_write. */
enum err mirror_write(
    struct composer *composer, const struct mirror_source *source) MUST_USE;

#endif
