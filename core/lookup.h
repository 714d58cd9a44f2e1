#ifndef GOLMOK_CORE_LOOKUP_H
#define GOLMOK_CORE_LOOKUP_H

#include "core/pack.h"
#include "core/stand.h"
#include "core/turn.h"

/*
 * Which records have a value: the indexes that the pack in force declares, a
 * list of the records of each collection, and the list of open work.
 * core/lookup_keep.h keeps the rows true, core/lookup_key.h says how a value
 * stands in one.
 *
 * A row of TABLE_LOOKUP is space, index (2 bytes), value part, record id ->
 * how many values that stand in the record have that part (4 bytes).  Index 0
 * is open work: no value part, 0 values.  The others are numbered from 1 on,
 * collection by collection as the pack declares them: the list of its records
 * (no value part, 1), its fields with an index, its indexes over several
 * fields, its fields that are searched.
 *
 * Which rows a record has is said by it and the pack alone
 * (core/lookup_rows.h).  Only what a field of class N holds as class N stands
 * in them as it is; all personal, sensitive and financial values stand as a
 * keyed hash, which tells nothing to who has not the key of this node
 * (identity_lookup_key).
 *
 * The meta value `lookup` says which indexes are in the table: 32 bytes that
 * name what is indexed, how, and under which key.  While they are made again
 * it goes on with the number of a space and the id of the record done last.
 */
enum { LOOKUP_OPEN_WORK = 0 };

enum lookup_kind {
	LOOKUP_LIST,	 /* every record of the collection */
	LOOKUP_FIELD,	 /* by the values of `field` */
	LOOKUP_COMPOUND, /* by those of the fields of `compound` */
	LOOKUP_TEXT,	 /* by pieces of the texts of `field` */
};

/* What stands behind index `no`; pointers are borrowed from the pack. */
struct lookup_index {
	enum lookup_kind kind;
	uint16_t no;
	const struct pack_field *field;	      /* FIELD, TEXT; else NULL */
	const struct pack_compound *compound; /* COMPOUND; else NULL */
};

/* A field, and which indexes change with it: numbers in lookup_set.indexes. */
struct lookup_touch {
	const struct pack_field *field;
	size_t n;
	const uint16_t *indexes;
};

/* The indexes of one collection. */
struct lookup_set {
	const struct pack_collection *collection;
	size_t n;
	const struct lookup_index *indexes; /* the list is the first */
	size_t touches_n;
	const struct lookup_touch *touches; /* by (name, kind) */
};

struct lookup {
	uint8_t secret[32];
	uint8_t state[STAND_STATE];
	const struct pack_fold *fold; /* borrowed from the pack; may be NULL */
	size_t sets_n;
	struct lookup_set *sets; /* by the collections' names */
	struct arena arena;	 /* owned: all that is pointed at */
};

extern const char lookup_meta[]; /* the name of the meta value */

/* The indexes of `pack` (borrowed; NULL: only open work), with the key `secret`
 * of 32 bytes; owned by the caller, ended with lookup_free. */
struct lookup *lookup_new(
    const struct pack *pack, const uint8_t *secret) MUST_USE;
/* NULL does nothing. */
void lookup_free(struct lookup *lookup);
/* The indexes of `collection`; NULL when the pack does not know it.  `lookup`
 * may be NULL. */
const struct lookup_set *lookup_set(
    const struct lookup *lookup, struct bytes collection);

/* A key that stands for `values`, canonical and one behind the other, of the
 * fields of `index`: for who has to tell values apart in any space. */
void lookup_claim(const struct lookup *lookup, const struct lookup_index *index,
    struct bytes values, struct key *key);

/* What the meta value says of txn->lookup: other indexes are in the table, or
 * these up to `*done`, or these wholly.  Failures are kept in `txn`. */
enum stand lookup_stand(struct txn *txn, struct stand_done *done);
/* Does a walk through an index find all?  When not, the caller looks at all
 * records; the next writer makes the indexes. */
bool lookup_is_current(struct txn *txn);
/* Has `field` an index of its own, and is it current? */
bool lookup_has(struct txn *txn, const struct pack_field *field);

/* A walk through an index of one space.  It leads to candidates, at times twice
 * to one: values longer than a key has room for share a row with others that
 * begin alike, deleted records are there as well, and a record that has more in
 * it than rows are made for comes in every walk.  The caller looks at the
 * record. */
enum { LOOKUP_AHEAD = 16 };
struct lookup_scan {
	struct txn *txn;   /* borrowed */
	struct key at;	   /* go on with the first key >= this */
	struct key end;	   /* the first key behind the walk */
	size_t exact;	   /* the size of the keys; 0: any */
	struct key second; /* then what stands under this; n == 0: none */
	size_t second_exact;
	/* Records that were met and not given yet, and the keys behind their
	 * rows; all void once kv_changes is another. */
	struct key ahead[LOOKUP_AHEAD];
	size_t ahead_n;
	size_t ahead_at;
	uint64_t changes;
};

/* Starts a walk through open work: records in which values contradict each
 * other, or that were deleted and changed apart. */
void lookup_open(
    struct txn *txn, struct space_no space, struct lookup_scan *scan);
/* Through all records of `collection`, which the pack in force has, each once,
 * in the order of their ids. */
void lookup_all(struct txn *txn, struct space_no space,
    const struct pack_collection *collection, struct lookup_scan *scan);
/* Through the records in which a value of `field`, which has an index, is
 * `value`, canonical msgpack.  Times are the same when they are at the same
 * second. */
void lookup_equal(struct txn *txn, struct space_no space,
    const struct pack_field *field, struct bytes value,
    struct lookup_scan *scan);

/* Values from `low` to `high`, canonical; an empty one is no bound.  Integers
 * by their number, times by their second, texts and bytes by the first bytes
 * that a key has room for. */
struct lookup_range {
	struct bytes low;
	struct bytes high;
	bool above_low;	 /* `low` itself is not in it */
	bool below_high; /* `high` itself is not in it */
	bool prefix; /* texts that only begin with `high` are in it as well */
};
/* Through those in which a value of `field`, which has an index, lies in
 * `range`, by rising values.  False when the class of the field or the type of
 * a bound has no order here, or both bounds are not of one type. */
bool lookup_between(struct txn *txn, struct space_no space,
    const struct pack_field *field, const struct lookup_range *range,
    struct lookup_scan *scan) MUST_USE;
/* What is known of the fields of an index over several, from the first on. */
struct lookup_bound {
	const struct bytes *values; /* canonical: of the first `n`, 0 to all */
	size_t n;
	/* Of the next one; NULL: anything, or nothing.  A range without bounds
	 * says that it has some value. */
	const struct lookup_range *range;
};
/* Through records that have the values of `bound` in the fields of `compound`,
 * in the order of the field behind the first bound->n.  Without bound->range
 * those that lack a value in some later field are among them. */
void lookup_compound(struct txn *txn, struct space_no space,
    const struct pack_compound *compound, const struct lookup_bound *bound,
    struct lookup_scan *scan);
/* Through records in which some text of `field`, which is searched, has `words`
 * in it, both folded as the pack says (core/fold.h): by the two letters of
 * `words`, one behind the other, that fewest records have.  False when folded
 * they have fewer than two letters, or are no text: then lookup_all. */
bool lookup_text(struct txn *txn, struct space_no space,
    const struct pack_field *field, struct bytes words,
    struct lookup_scan *scan) MUST_USE;
/* The next record of the walk, which may go on after others have written in the
 * transaction.  ERR_CORRUPT for a row that is none. */
enum err lookup_next(
    struct lookup_scan *scan, struct record_id *id, bool *found) MUST_USE;

#endif
