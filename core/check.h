#ifndef GOLMOK_CORE_CHECK_H
#define GOLMOK_CORE_CHECK_H

#include "core/fsck.h"
#include "core/txn.h"

/*
 * A check under way, for core/fsck.c and the files that do its parts: what is
 * wrong is told and counted, and the check goes on behind it.
 */
struct check {
	struct txn *txn; /* borrowed; a reader */
	const struct fsck_watch *watch;
	struct fsck_report *report;
	bool whole; /* not one log alone: what is derived from logs, too */
	struct fault fatal; /* why nothing more can be read; ends the check */
	/* So far: the rows that have their place, by table, and the changes
	 * that stand in the logs.  What is not counted here lies where nobody
	 * would ever look. */
	uint64_t rows[TABLE_COUNT];
	uint64_t changes;
	/* A log could not be read to its end: the numbers say nothing. */
	bool cut;
	uint64_t done; /* of `all`, for the progress */
	uint64_t all;
};

/* Starts `check` in the reader `txn`; `watch` (may be NULL) and `report` are
 * borrowed. */
void check_init(struct check *check, struct txn *txn,
    const struct fsck_watch *watch, struct fsck_report *report);
/* True when `e` is ERR_OK.  Otherwise the kept text is told as something that
 * is wrong, and the transaction goes on; but a failure of the system, or of
 * LMDB, ends the check. */
bool check_passed(struct check *check, enum err e);
/* As check_passed for whatever `check->txn` has kept. */
bool check_went_well(struct check *check);
/* Is there a reason to stop? */
bool check_ended(const struct check *check);
/* One more of check->all is done. */
void check_step(struct check *check);

#endif
