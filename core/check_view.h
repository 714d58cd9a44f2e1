#ifndef GOLMOK_CORE_CHECK_VIEW_H
#define GOLMOK_CORE_CHECK_VIEW_H

#include "core/check.h"
#include "core/space.h"
#include "core/merge.h"

/*
 * The views of one space against its records.
 */
struct check_view;

/* Starts the comparison in a space; NULL when there is nothing to compare: no
 * views, or those of another pack, which nobody reads.  Ended with
 * check_view_end. */
struct check_view *check_view_begin(
    struct check *check, struct space_state *space) MUST_USE;
/* Counts `record`, whose values are loaded; scratch is taken from `arena`.
 * `view` may be NULL. */
void check_view_record(struct check_view *view, const struct record_id *id,
    const struct record *record, struct arena *arena);
/* Tells check->report of each row that is damaged or belongs to no view, and of
 * each view whose rows say other than the records; not the latter when
 * `complete` is false: some record could not be read.  Ends `view`. */
void check_view_end(struct check_view *view, bool complete);

#endif
