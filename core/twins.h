#ifndef GOLMOK_CORE_TWINS_H
#define GOLMOK_CORE_TWINS_H

#include "core/space.h"
#include "core/pack.h"
#include "proto/id.h"

/*
 * Which records may speak of the same, though they were written at places that
 * cannot see each other's (docs/packs.md, duplicates): found by equal keyed
 * hashes alone, so that who looks need not read what is personal.
 *
 * Compared are wholes: the records of duplicates->collection that lead to the
 * same group (a whole: its own entry and those of its members).  A pair has
 * the weights of all fields in which the two own entries are the same, and
 * besides those of the best pair of other entries, each field once.
 */

/* A member of `a` and one of `b` that are the same in all they can be compared
 * by: records that the entries are copies of. */
struct twin_members {
	struct record_id a;
	struct record_id b;
};

struct twin {
	struct record_id a; /* less than b */
	struct record_id b;
	struct bytes unit_a; /* what their spaces have in front of the class */
	struct bytes unit_b;
	int64_t score;
	uint32_t keys; /* bit i: in weights[i] they are the same */
	struct twin_members *members; /* by a; each id once */
	size_t members_n;
};

struct twins {
	struct arena arena; /* owned: all below */
	struct twin *p; /* by (a, b): those of at least duplicates->review */
	size_t n;
	uint64_t entries; /* that were compared */
	uint64_t groups;
	/* Sets of equal values that more than LIMIT_TWINS_ALIKE groups have in
	 * common, and how many groups those are: by these no pairs were made.
	 * Wholes with more than LIMIT_TWINS_KEYS such sets were not compared by
	 * them. */
	uint64_t common;
	uint64_t common_groups;
	uint64_t large;
	struct bytes *units; /* of all groups; by bytes, each once */
	size_t units_n;
};

/* Finds all pairs among the entries in spaces below `prefix`, of txn->pack,
 * which has `duplicates`.  `twins` is zeroed, and ended with twins_fini in
 * every case.  Depends on what is held alone: two that hold the same find the
 * same.  ERR_CORRUPT. */
enum err twins_find(
    struct txn *txn, const struct space *prefix, struct twins *twins) MUST_USE;
/* A zeroed struct is fine. */
void twins_fini(struct twins *twins);

/* The id of the record that keeps the pair: the same at whoever finds it.  16
 * bytes of BLAKE2b over the name of the collection, a zero, and the two ids,
 * the lesser first. */
void twins_id(const struct pack_collection *candidate,
    const struct record_id *a, const struct record_id *b, struct record_id *id);
/* The space of that record: of the class of its collection, in the unit when
 * both lie in one; else beside all units of the same parent
 * (`d03/all/match` for d03/c017 and d03/c018), and of different parents in
 * `city/all`.  ERR_INVALID when that is too long for a name. */
enum err twins_space(const struct pack_collection *candidate,
    struct bytes unit_a, struct bytes unit_b, struct space *space) MUST_USE;

#endif
