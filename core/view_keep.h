#ifndef GOLMOK_CORE_VIEW_KEEP_H
#define GOLMOK_CORE_VIEW_KEEP_H

#include "core/view_rows.h"

/*
 * The rows of views, written with the records that they count.
 */

/* What a change of a record does to views, between the two calls. */
struct view_step {
	const struct view_plan *next; /* of what the record is to be */
	struct view_bits old_views;
	struct view_bits views;
	struct view_amounts amounts;
};
/* For core/record.c: before the rows of a record are written, and after.  A
 * change that no view of its collection reads costs a look at its fields, one
 * of a collection without views a look for its name. */
void view_keep_leave(const struct turn_place *at, const struct turn *turn,
    struct view_step *step);
void view_keep_enter(const struct turn_place *at, const struct turn *turn,
    struct view_step *step);

/* In a writer: when the views in the table are not those of txn->views, counts
 * the next thousand records; `*whole` is set to false unless that is done.  A
 * transaction has no room for all of a large store, so the caller commits and
 * comes again.  A record whose turn has not come adds nothing when it is
 * changed meanwhile, and is counted as it is when it comes. */
enum err view_keep_refresh(struct txn *txn, bool *whole) MUST_USE;
/* For core/rebuild.c, which makes all records again: empties the table, and
 * says that what comes is whole. */
void view_keep_reset(struct txn *txn);

#endif
