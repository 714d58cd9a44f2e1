#ifndef GOLMOK_CORE_REPEATS_H
#define GOLMOK_CORE_REPEATS_H

#include "core/pack.h"
#include "core/space.h"

/*
 * Values that only one record of a space may have (docs/packs.md, unique), and
 * that several have all the same: two nodes gave them without knowing of each
 * other, so that no write could be refused.  People decide what to do.
 */
struct repeat {
	const struct pack_collection *collection;
	const struct pack_field *field;	      /* NULL: of `compound` */
	const struct pack_compound *compound; /* NULL: of `field` */
	const struct record_id *ids;	      /* by id; two at least */
	size_t n;
};

/* All of them in `space`, into an array from `arena`: collection by collection,
 * then by their first record.  Records of which one stands for the others
 * (core/alias.h) are one.  Goes through the indexes of such values, and while
 * they are being made through the records; depends on what is held alone.
 * ERR_CORRUPT. */
enum err repeats_find(struct txn *txn, struct space_state *space,
    struct arena *arena, struct repeat **repeats, size_t *n) MUST_USE;

#endif
