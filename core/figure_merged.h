#ifndef GOLMOK_CORE_FIGURE_MERGED_H
#define GOLMOK_CORE_FIGURE_MERGED_H

#include "core/alias.h"
#include "core/view_rows.h"

/*
 * What a view counts for records that others stand for (core/alias.h).  A view
 * goes by each record alone, and knows nothing of that; a figure takes it away
 * again, since the one that stands for both is counted itself.
 */
struct figure_merged {
	struct txn *txn;	      /* borrowed */
	const struct pack_view *view; /* borrowed */
	unsigned part;
	const struct aliases *aliases; /* NULL: there is nothing to take */
	struct space_state *space;     /* of the row given last */
	struct query query;
	struct query_run run;
	struct arena words; /* owned: the condition of the query */
	struct view_amounts amounts;
	size_t next;
};

/* Starts a walk through what part `part` of `view` counts so in the spaces
 * below `prefix`; `walk` is ended by figure_merged_end in every case. */
enum err figure_merged_begin(struct txn *txn, const struct space *prefix,
    const struct pack_view *view, unsigned part,
    struct figure_merged *walk) MUST_USE;
/* The next row, which holds what one record adds to it: `*left_out` is true,
 * and `row` is nothing, for a record that is in none of the rows. */
enum err figure_merged_next(struct figure_merged *walk, struct view_row *row,
    bool *left_out, bool *found) MUST_USE;
/* A zeroed struct is fine. */
void figure_merged_end(struct figure_merged *walk);

#endif
