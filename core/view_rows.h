#ifndef GOLMOK_CORE_VIEW_ROWS_H
#define GOLMOK_CORE_VIEW_ROWS_H

#include "core/turn.h"
#include "core/view_plan.h"

/*
 * What a record adds to the rows of views: a function of the pack, the record
 * and its space, and of nothing else.
 */

/* What comes to one row, or leaves it. */
struct view_amount {
	struct bytes key;
	int64_t records;
	struct view_sum *sums;
	size_t sums_n;
};
struct view_amounts {
	bool leaves; /* what is appended is taken away */
	/* The step of which the record is the one end; NULL: none is under
	 * way.  Borrowed. */
	const struct turn *turn;
	struct view_amount *p; /* in the arena of the place */
	size_t n;
	size_t room;
};

/* All views of `plan`. */
void view_rows_all(const struct view_plan *plan, struct view_bits *views);
/* Appends to `amounts` what the record `record` at `at`, of the collection of
 * `plan`, adds to those of its views that are in `views`, or takes away. Values
 * of fields that are not loaded are read from TABLE_CELLS as it is, those alone
 * that the views need; the total of a counter from where it is kept and from
 * amounts->turn.  Everything is taken from at->arena.  ERR_CORRUPT for
 * damaged cells. */
enum err view_rows_add(const struct turn_place *at,
    const struct view_plan *plan, const struct view_bits *views,
    const struct record *record, struct view_amounts *amounts) MUST_USE;
/* Puts amounts of the same row together, in the order of their keys, and drops
 * those that are nothing. */
void view_rows_settle(struct view_amounts *amounts);

#endif
