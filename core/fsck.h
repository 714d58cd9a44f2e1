#ifndef GOLMOK_CORE_FSCK_H
#define GOLMOK_CORE_FSCK_H

#include "core/store.h"

/*
 * Is everything as it must be?  Reads the raw bytes and believes no stored
 * hash.  core/rebuild.h makes what is derived again from the logs.
 */

/* One thing that is wrong, in words: what, where, what to do. */
typedef void fsck_found_fn(void *arg, enum err code, const char *text);

/* What a check covered. */
struct fsck_report {
	uint64_t logs;
	uint64_t deltas;
	uint64_t heads;
	uint64_t bodies; /* held in any form, commitments checked */
	uint64_t bodies_opened;
	/* That fit their commitment and do not open: their author's doing, the
	 * same on every replica, and no damage. */
	uint64_t bodies_unsound;
	uint64_t records;
	uint64_t forked; /* logs; their author's doing, proved, and no damage */
	uint64_t found;	 /* things that are wrong */
};

/* How far a long piece of work is: `done` of `all`. */
typedef void fsck_progress_fn(void *arg, uint64_t done, uint64_t all);

struct fsck_watch {
	fsck_found_fn *found;	    /* may be NULL */
	fsck_found_fn *forked;	    /* of each forked log; may be NULL */
	fsck_progress_fn *progress; /* may be NULL */
	void *arg;		    /* borrowed; for all */
};

/* Checks one log, in the open transaction, which only reads: every header is
 * hashed again, its newest head's root and signature must fit, every body must
 * fit its commitment; its row and tree must be what its deltas give.  What is
 * derived from logs, history first, is fsck_run's. */
enum err fsck_log(struct store *store, const struct log *log,
    const struct fsck_watch *watch, struct fsck_report *report) MUST_USE;
/* Checks all logs, and that records, cells, history and digests are those that
 * the logs give.  In the open transaction, which only reads.  ERR_OK even when
 * something is wrong: report->found counts it.  ERR_IO: the disk ended
 * the check.  ERR_CORRUPT: so did a damage that LMDB cannot step over. */
enum err fsck_run(struct store *store, const struct fsck_watch *watch,
    struct fsck_report *report) MUST_USE;
/* Checks the newest header and head of every log of `author`; fast.
 * ERR_CORRUPT names the log. In the open transaction. */
enum err fsck_heads(
    struct store *store, const struct sign_key *author) MUST_USE;

#endif
