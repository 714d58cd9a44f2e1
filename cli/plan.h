#ifndef GOLMOK_CLI_PLAN_H
#define GOLMOK_CLI_PLAN_H

#include "cli/load.h"
#include "cli/open.h"
#include "cli/seen.h"

/*
 * What one row of an import means for a record: make it, or change it so that
 * it is as the row says.
 */
struct plan {
	struct opened *work; /* borrowed */
	bool has_space;	     /* for rows that name none */
	struct space space;
	const char *prefix; /* else: the class of the collection goes behind */
	bool update;	    /* records that exist are changed */
	bool restore;	    /* rows that export wrote: store_write.restored */
	struct seen fresh;  /* ids of rows that no delta holds yet */
};

enum plan_outcome { PLAN_CREATED, PLAN_CHANGED, PLAN_SAME };

/* Writes what `row` means in the open write transaction, or only checks it when
 * `dry`.  A derived row leaves a record that is there as it is: without
 * plan->update all of it, with it its states, and all of a deleted one.  Else
 * ERR_EXISTS for a record that is there, without plan->update;
 * ERR_INVALID for another collection or space than that record has, and for a
 * row without space or, with plan->restore, without id; else as store_write.
 */
enum err plan_write(struct plan *plan, const struct load_row *row, bool dry,
    enum plan_outcome *outcome) MUST_USE;
/* The transaction has ended, or the work. */
void plan_ended(struct plan *plan);
/* In which space the row's record is to lie.  ERR_INVALID: nothing says. */
enum err plan_space(const struct plan *plan, const struct load_row *row,
    struct space *space) MUST_USE;
/* Is `e` the fault of a row, so that others may still be told of? */
bool plan_is_rows_fault(enum err e);

#endif
