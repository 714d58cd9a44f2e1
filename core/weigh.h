#ifndef GOLMOK_CORE_WEIGH_H
#define GOLMOK_CORE_WEIGH_H

#include "core/clock.h"

/*
 * What deltas weigh on their way to a peer, reckoned by a few of them: good
 * enough for an order and for a person, never for a limit.
 */
struct weight {
	uint64_t n; /* deltas looked at; the rest is sums over them: */
	uint64_t headers;
	uint64_t sealed;	    /* all bodies that are here */
	uint64_t open[CLASS_COUNT]; /* of these, with secrets, by class */
};

/* Looks at `samples` (at least 1) deltas of `log`, evenly over those from
 * `from` (below its size) on, or at all of those when they are no more. */
enum err weigh_log(struct txn *txn, const struct log *log, uint64_t from,
    uint64_t samples, struct weight *weight) MUST_USE;
/* The bytes of one such delta, for who may have what `depth` says; 0 for a
 * weight of nothing. */
uint64_t weigh_one(
    const struct weight *weight, const struct clock_depth *depth);

#endif
