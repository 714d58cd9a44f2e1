#ifndef GOLMOK_TESTS_LIB_SHELF_H
#define GOLMOK_TESTS_LIB_SHELF_H

#include "core/record.h"
#include "tests/lib/replica.h"

/*
 * A record that takes changes as they come, in two spaces of one replica: in
 * `folded` step by step, in `fresh` always anew from the whole history.  The
 * program that uses it links with --wrap=oplog_find,--wrap=oplog_holds: the
 * logs that both then tell of are the changes that came.
 */
enum { SHELF_MAX = 8000 };

struct shelf {
	struct txn *txn;
	struct space_state *folded;
	struct space_state *fresh;
	struct record_id id;
	struct merge_change *changes; /* what came; SHELF_MAX of them */
	size_t n;
	struct arena arena;
	size_t folds; /* how many were done without the history */
};

/* Empties both spaces.  Only one shelf is in use at a time. */
void shelf_init(struct shelf *shelf, struct txn *txn);
void shelf_fini(struct shelf *shelf);
/* Takes `change` in `folded`: folded, or when that is not done merged from all
 * that came. */
void shelf_take(struct shelf *shelf, const struct merge_change *change);
/* Merges all that came. */
void shelf_merge(
    struct shelf *shelf, struct arena *arena, struct record *record);
/* `folded` holds, row by row and digest by digest, what `fresh` does after the
 * whole history was merged into it; and that reads back as it was merged. */
void shelf_assert(struct shelf *shelf);
/* How many cells the record has in `folded`. */
size_t shelf_cells(struct shelf *shelf);

#endif
