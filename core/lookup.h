#ifndef GOLMOK_CORE_LOOKUP_H
#define GOLMOK_CORE_LOOKUP_H

#include "core/pack.h"
#include "core/turn.h"

/*
 * Which records have a value: the indexes that the pack in force declares, and
 * the list of open work.  core/lookup_keep.h keeps the rows true.
 *
 * A row of TABLE_LOOKUP is space, index (2 bytes), value part, record id ->
 * how many values that stand in the record have that value part (4 bytes).
 * Index 0 is open work: no value part, 0 values.  The others are numbered from
 * 1 on, in the order in which the pack declares them.
 *
 * The value part is a byte for its form and what belongs to it:
 *
 *	1  int: 8 bytes, the sign turned over, so that they sort as numbers
 *	2  text, 3 bytes: the first 32 bytes, or all of them and a zero
 *	4  bool: 0 or 1
 *	5  anything else: 16 bytes of a keyed BLAKE2b over the key so far and
 *	   the canonical value
 *
 * Only what a field of class N holds as class N stands there as it is; all
 * personal, sensitive and financial values have form 5, which tells nothing to
 * who has not the key of this node (identity_lookup_key).
 *
 * The meta value `lookup` says which indexes are in the table: 32 bytes that
 * name what is indexed, how, and under which key.  While they are made again
 * it goes on with the number of a space and the id of the record done last.
 */
enum { LOOKUP_STATE = 32 };

/* The field behind index `no`; borrowed from the pack. */
struct lookup_index {
	const struct pack_field *field;
	uint16_t no;
};

struct lookup {
	uint8_t secret[32];
	uint8_t state[LOOKUP_STATE];
	struct lookup_index *indexes; /* owned; collection by collection */
	size_t n;
};

extern const char lookup_meta[]; /* the name of the meta value */

/* The indexes of `pack` (borrowed; NULL: only open work), with the key `secret`
 * of 32 bytes; owned by the caller, ended with lookup_free. */
struct lookup *lookup_new(
    const struct pack *pack, const uint8_t *secret) MUST_USE;
/* NULL does nothing. */
void lookup_free(struct lookup *lookup);
/* The first index of `collection`, and the one after `index` of the same; NULL
 * when there is none.  `lookup` may be NULL. */
const struct lookup_index *lookup_first(
    const struct lookup *lookup, struct bytes collection);
const struct lookup_index *lookup_next_index(
    const struct lookup *lookup, const struct lookup_index *index);

/* The key of a value of the record `at`, and of the record as open work. */
void lookup_value_key(const struct turn_place *at,
    const struct lookup_index *index, const struct cell *cell, struct key *key);
void lookup_open_key(const struct turn_place *at, struct key *key);
/* The key, without record id, under which `value` of `field` stands; false when
 * it is not indexed. */
bool lookup_key(struct txn *txn, struct space_no space,
    const struct pack_field *field, struct bytes value,
    struct key *key) MUST_USE;

/* What the meta value says of txn->lookup: other indexes are in the table, or
 * these up to `*done`, or these wholly.  Failures are kept in `txn`. */
enum lookup_stand { LOOKUP_OTHER, LOOKUP_UNDONE, LOOKUP_WHOLE };
struct lookup_done {
	uint32_t space;
	struct record_id id;
};
enum lookup_stand lookup_stand(struct txn *txn, struct lookup_done *done);
bool lookup_is_current(struct txn *txn);
/* Is `field` indexed, and the index current, so that a walk finds all? */
bool lookup_has(struct txn *txn, const struct pack_field *field);

/* A walk through an index of one space.  Values longer than 32 bytes share a
 * row with others that begin alike, and deleted records are there as well: the
 * caller looks at the record. */
struct lookup_scan {
	struct txn *txn;   /* borrowed */
	struct key at;	   /* go on with the first key >= this */
	struct key under;  /* which all keys begin with */
	struct key second; /* another walk follows under this; n == 0: none */
};

/* Starts a walk through open work: records in which values contradict each
 * other, or that were deleted and changed apart. */
void lookup_open(
    struct txn *txn, struct space_no space, struct lookup_scan *scan);
/* Through the records in which a value of `field`, which has an index, is
 * `value`, canonical msgpack. */
void lookup_equal(struct txn *txn, struct space_no space,
    const struct pack_field *field, struct bytes value,
    struct lookup_scan *scan);
/* The next record of the walk, which may go on after others have written in the
 * transaction.  ERR_CORRUPT for a row that is none. */
enum err lookup_next(
    struct lookup_scan *scan, struct record_id *id, bool *found) MUST_USE;

#endif
