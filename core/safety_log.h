#ifndef GOLMOK_CORE_SAFETY_LOG_H
#define GOLMOK_CORE_SAFETY_LOG_H

#include "core/safety.h"
#include "core/weigh.h"

/*
 * For core/safety.c: the logs held, and what one peer after the other says of
 * them.
 */
enum { SAFETY_ROOTS = 8 };

/* How far somebody has a log of ours: leading deltas of ours. */
struct safety_extent {
	uint64_t headers;
	uint64_t whole; /* with all their bodies */
	uint64_t open[CLASS_COUNT];
	uint64_t beyond; /* deltas that it has behind our last one */
};

struct safety_log {
	const struct log *log;
	size_t space; /* its place in safety->spaces */
	bool is_own;
	struct clock_depth ours; /* what this node may have of it */
	/* For each peer that counts and holds some of it whole, how much. */
	uint64_t *wholes; /* arena */
	size_t wholes_n;
	size_t wholes_room;
	uint64_t partly;      /* the most that somebody has in part */
	uint64_t ahead;	      /* the most that somebody has and we lack */
	struct weight weight; /* n == 0: not weighed yet */
	/* Roots of it that were worked out last. */
	struct safety_root {
		uint64_t size;
		struct hash root;
	} roots[SAFETY_ROOTS];
	size_t roots_n; /* so far; the oldest goes */
	/* Of the peer at hand: */
	struct clock_depth depth;
	struct safety_extent extent;
};

struct safety_logs {
	struct txn *txn; /* borrowed, as arena */
	struct arena *arena;
	struct safety_log *logs; /* by space, then id; in the arena */
	size_t n;
	struct safety_log **by_id;
	struct safety_log **by_trunk;
};

/* All logs of `safety->spaces`, which are set, for the node `me`. */
enum err safety_log_all(struct safety_logs *logs, struct safety *safety,
    const struct authority *authority, const struct sign_key *me) MUST_USE;
/* What `entry`, a word of the peer at hand, says of logs here goes into their
 * extents, if they may have it (`depth`).  `at` is a place in logs->by_id, 0 at
 * first, which goes on from entry to entry, sorted by log.  `*known` is false
 * when nothing of that log is held here. */
enum err safety_log_hear(struct safety_logs *logs,
    const struct msg_entry *entry, size_t *at, bool *known) MUST_USE;
/* How many deltas are missing between what `gives` has and what `takes` has,
 * headers or bodies, for who may have what `depth` says.  Bodies count up to
 * `headers` of both. */
uint64_t safety_log_owed(const struct safety_extent *gives,
    const struct safety_extent *takes, const struct clock_depth *depth);
/* What is held of `log` here. */
void safety_log_extent(const struct log *log, struct safety_extent *extent);

#endif
