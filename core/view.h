#ifndef GOLMOK_CORE_VIEW_H
#define GOLMOK_CORE_VIEW_H

#include "core/expr.h"
#include "core/stand.h"
#include "core/tables.h"

/*
 * What the views of the pack in force have counted, for each space by itself.
 * core/view_keep.h keeps the rows true.
 *
 * A row of TABLE_VIEWS is space (4), view (2), part (1), the values of the
 * view's groups in their order, and for a part from 1 on an element -> how many
 * records are behind it (8), and for part 0 the sums of the view in their
 * order, 16 bytes each.  Part 0 is counts and sums, part 1 + i the elements of
 * the distinct i, part 255, without groups, counts the records that were left
 * out because they alone would make more than LIMIT_VIEW_ROWS rows.  Part 254
 * keeps the total of a counter of one record that has several amounts: place of
 * the field (2), record (16) -> 1 and the sum, so that no change of the record
 * has to read all of them.
 *
 * A value is a byte for its form and what belongs to it (core/view_key.h); all
 * of them sort as the values do.  Values that are not of class N stand there as
 * keyed hashes, which are the same in all spaces of this store.
 *
 * The meta value `views` says which views are in the table: 32 bytes that name
 * them, and while they are made again the number of a space and the id of the
 * record done last.
 */
enum view_part {
	VIEW_SUMS = 0,	   /* one row for all of a group */
	VIEW_DISTINCT = 1, /* + i: a row for each element of distinct[i] */
	VIEW_TOTALS = 0xfe,
	VIEW_LEFT_OUT = 0xff,
};

struct view_plan; /* the views of one collection (core/view_plan.h) */
struct views {
	const struct pack *pack; /* borrowed */
	uint8_t secret[32];
	uint8_t state[STAND_STATE];
	struct view_plan *plans; /* owned; of collections that have views */
	size_t plans_n;
};

extern const char view_meta[]; /* the name of the meta value */

/* The views of `pack` (borrowed; NULL: none), with the key `secret` of 32
 * bytes; owned by the caller, ended with view_free. */
struct views *view_new(const struct pack *pack, const uint8_t *secret) MUST_USE;
/* NULL does nothing. */
void view_free(struct views *views);

/* What the meta value says of txn->views: other views are in the table, or
 * these with the records up to `*done`, or these wholly.  Failures are kept in
 * `txn`. */
enum stand view_stand(struct txn *txn, struct stand_done *done);
/* Are the views in force in the table, so that a walk finds all? */
bool view_is_current(struct txn *txn);

/* A value as a row has it. */
struct view_value {
	struct expr_value is; /* no set */
	bool cut;    /* `is` is how a longer text or more bytes begin */
	bool hidden; /* what it is is not told; is.b are 16 bytes of hash */
};

/* A sum, which no number of records makes wrong. */
struct view_sum {
	int64_t high; /* times 2^64 */
	uint64_t low;
};
/* Adds `b` to `*a`. */
void view_sum_add(struct view_sum *a, const struct view_sum *b);
/* Makes `*sum` what has to be added to take it away. */
void view_sum_negate(struct view_sum *sum);
/* Adds an amount of a counter, canonical; what is no number is nothing. */
void view_sum_amount(struct view_sum *sum, struct bytes amount);
/* `*n` is the sum; false, and the nearest number there is, when it is too large
 * for 64 bits: then it cannot be shown. */
bool view_sum_get(const struct view_sum *sum, int64_t *n) MUST_USE;

/* Which rows: those of `part`, whose first `equal_n` groups have these values,
 * and whose next one is not below `low` and not above `high`, as far as these
 * are not NULL.  Borrowed for the call.  Values are of the type of their group,
 * or nothing.  All zero: all counts and sums. */
struct view_range {
	unsigned part; /* VIEW_SUMS, or VIEW_DISTINCT and the number of one */
	const struct expr_value *equal;
	size_t equal_n;
	const struct expr_value *low;
	const struct expr_value *high;
};

/* One row; views live until the next call on its walk. */
struct view_row {
	struct view_value groups[LIMIT_VIEW_PARTS]; /* view->group_n */
	uint64_t records;
	struct view_sum sums[LIMIT_VIEW_PARTS]; /* view->sum_n; VIEW_SUMS */
	/* From VIEW_DISTINCT on: the element, and bytes that are the same for
	 * the same element of this part wherever it is counted in this store,
	 * and different for others.  A reference of class N is its record's id
	 * (element.is.type is EXPR_REF and not `hidden`). */
	struct view_value element;
	struct bytes element_key;
};

/* A walk through the rows of one part of one view, in the order of the groups.
 */
struct view_key {
	uint8_t b[LIMIT_VIEW_KEY_SIZE];
	size_t n;
};
struct view_scan {
	struct txn *txn;	      /* borrowed */
	const struct pack_view *view; /* borrowed */
	unsigned part;
	/* Records of the space that are in no row of this view; a figure made
	 * of the rows is then too small, and has to say so. */
	uint64_t left_out;
	struct view_key at;    /* go on with the first key >= this */
	struct view_key under; /* which all keys begin with */
	struct view_key high;  /* as is the end of `range`; n == 0: none */
};

/* Starts a walk; `view` is of txn->pack.  The caller has asked view_is_current.
 */
void view_scan(struct txn *txn, struct space_no space,
    const struct pack_view *view, const struct view_range *range,
    struct view_scan *scan);
/* The next row, not while others are written in the transaction.  ERR_CORRUPT
 * for a damaged one, kept in the transaction. */
enum err view_next(
    struct view_scan *scan, struct view_row *row, bool *found) MUST_USE;

/* Reads into `row` of which groups and which element the row with `key` of
 * `part` of `view` is: all but what it counts.  False: it is no such row. */
bool view_row_read(const struct pack_view *view, unsigned part,
    struct bytes key, struct view_row *row) MUST_USE;

#endif
