#ifndef GOLMOK_CORE_TURN_H
#define GOLMOK_CORE_TURN_H

#include "core/cell.h"
#include "core/oplog.h"

/*
 * The step from one stored record to the next: which row and which cells
 * replace which.  Worked out here by reading alone; core/record.c then writes.
 */
struct turn {
	const struct record *old;
	const struct record *next;
	size_t gone_n; /* cells that leave TABLE_CELLS */
	struct cell *gone;
	size_t come_n; /* cells that enter it */
	struct cell *come;
};

/* Where a record stands. */
struct turn_place {
	struct txn *txn;
	struct space_state *space;
	const struct record_id *id;
	struct arena *arena; /* what the turn points at is taken from it */
};

/* From `old`, whose fields of several values are not loaded and whose views
 * live as long as the arena, to what it is with `change`, not yet part of it,
 * besides.  `*done` is false when the row and the history do not make certain
 * what that is (core/record.h, record_fold); `turn` then says nothing.
 * ERR_CORRUPT when cells do not agree with the row. */
enum err turn_fold(const struct turn_place *at, const struct record *old,
    const struct merge_change *change, struct turn *turn, bool *done) MUST_USE;

#endif
