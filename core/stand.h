#ifndef GOLMOK_CORE_STAND_H
#define GOLMOK_CORE_STAND_H

#include "core/txn.h"

/*
 * How far a derived table that follows from the pack (indexes, views) is made:
 * a value of meta with the state, 32 bytes that name all that its rows depend
 * on, and while they are made anew the number of a space (4 bytes) and the id
 * of the record of it that was done last; those of spaces with lower numbers
 * are done.
 */
enum { STAND_STATE = 32 };

enum stand {
	STAND_OTHER,  /* the rows depend on something else, or nobody knows */
	STAND_UNDONE, /* they are made up to a record */
	STAND_WHOLE,
};
struct stand_done {
	uint32_t space; /* its number; from 1 */
	struct record_id id;
};

/* What the meta value `name` says of `state` (STAND_STATE bytes); of
 * STAND_UNDONE up to where into `*done`.  A value that is damaged is as good as
 * none; other failures are kept in `txn`. */
enum stand stand_find(struct txn *txn, const char *name, const uint8_t *state,
    struct stand_done *done);
/* In a writer: says that the rows of `state` are made up to `done`, or (NULL)
 * wholly. */
void stand_put(struct txn *txn, const char *name, const uint8_t *state,
    const struct stand_done *done);

#endif
