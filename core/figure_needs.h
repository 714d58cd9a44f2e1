#ifndef GOLMOK_CORE_FIGURE_NEEDS_H
#define GOLMOK_CORE_FIGURE_NEEDS_H

#include "core/figure.h"

/*
 * Which data classes of which records a figure or a list is made of, and
 * whether they are wholly here.
 */

/* Of each collection of the pack the data classes (bits) that are read. */
struct figure_needs {
	const struct pack *pack;
	unsigned classes[LIMIT_COLLECTIONS];
};

/* What `figure`, of a view or a query of records of `collection`, is made of.
 */
void figure_needs_make(const struct pack_figure *figure,
    const struct pack_collection *collection, struct figure_needs *needs);
/* The same for a list of the pack: what decides which records are on it.  None
 * for one of open work in all collections. */
void figure_needs_list(const struct pack_due *list, struct figure_needs *needs);
/* The data classes that `needs` has of records in `space`. */
unsigned figure_needs_in(
    const struct figure_needs *needs, const struct space *space);
/* Adds to `parts` which of `classes` are not here with all bodies of the
 * space's logs, and of how many. */
enum err figure_needs_missing(struct txn *txn, struct space_state *space,
    unsigned classes, struct figure_parts *parts) MUST_USE;

#endif
