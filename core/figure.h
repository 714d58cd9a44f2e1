#ifndef GOLMOK_CORE_FIGURE_H
#define GOLMOK_CORE_FIGURE_H

#include "core/figure_same.h"
#include "core/query.h"
#include "core/view.h"
#include "proto/period.h"

/*
 * One figure of the pack over some spaces: what stands in its view, or what its
 * query finds, gathered so that it can be shown by unit, by period, by group or
 * as one number.
 */
struct figure_ask {
	struct space prefix; /* of all spaces that count */
	struct period period;
	int64_t now_seconds;
	/* What rows are made of: the first so many components of the space;
	 * or the period; or the group with this name. */
	enum pack_rows rows;
	size_t unit_depth;
	const char *group;
};

/* What one row of a view, or one record, adds. */
struct figure_part {
	struct bytes key; /* of the row of the report that it belongs to */
	struct view_sum sum;
	struct bytes element; /* of a distinct figure */
};

struct figure_parts {
	struct figure_part *p; /* owned */
	size_t n;
	size_t room;
	bool distinct;
	struct figure_same
	    same;	    /* owned: of `distinct`, elements that are one */
	struct arena arena; /* owned: keys and elements */
	const struct aliases *aliases; /* of the transaction; NULL: none */
	int64_t offset_seconds;	       /* of the clocks of its pack */
	/* Data classes (bits) that the figure is made of and that are not
	 * wholly here, and in how many logs that is so. */
	unsigned missing;
	uint64_t missing_logs;
	uint64_t left_out; /* records that a view could not count */
	/* Rows of a view whose month or year is only in part in the period. */
	uint64_t cut;
};

/* Gathers all parts of `figure`, which is no ratio, into the zeroed `parts`,
 * ended with figure_fini in every case.  Parts outside ask->period are left
 * out, of a figure that knows a period.  ERR_LIMIT: more than
 * LIMIT_FIGURE_PARTS.  ERR_BUSY: the views are made anew.  ERR_CORRUPT. */
enum err figure_collect(struct txn *txn, const struct figure_ask *ask,
    const struct pack_figure *figure, struct figure_parts *parts) MUST_USE;
/* A zeroed struct is fine. */
void figure_fini(struct figure_parts *parts);

/* A number, or why there is none. */
struct figure_number {
	bool is_there;
	bool too_large;
	int64_t n;
};
/* What the parts come to in each of `n` rows, whose keys rise in the order of
 * bytes_compare, into `numbers`; with `places` the row that stands at place i
 * is rows[places[i]] and each holds those before it as well.  `total` is all of
 * them together.  Reorders `parts`. */
struct figure_rows {
	const struct bytes *keys;
	size_t n;
	const size_t *places; /* NULL: nothing is summed up */
};
void figure_reduce(struct figure_parts *parts, const struct figure_rows *rows,
    struct figure_number *numbers, struct figure_number *total);
/* a / b, times 10^digits, and times 100 for a percentage, rounded to the
 * nearest, halves away from zero.  Not there when one of them is not, b is zero
 * or it is too large. */
struct figure_number figure_divide(const struct figure_number *a,
    const struct figure_number *b, unsigned digits, bool percent);

/* Does `figure` depend on a period? */
bool figure_is_timed(const struct pack_figure *figure);

#endif
