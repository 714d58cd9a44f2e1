#ifndef GOLMOK_NET_PEER_BUDGET_H
#define GOLMOK_NET_PEER_BUDGET_H

#include "proto/base.h"

/*
 * How many bytes may move now: a rate that several share by turns.  Pure: times
 * and counts are arguments.
 */

enum {
	/* The least rate of a node in bytes a second, 8 kbit/s: with all
	 * sessions that there may be each still moves some bytes every twenty
	 * seconds, so that none is taken for dead. */
	BUDGET_RATE_MIN = 1000,
};

/* Who wants to move bytes; zeroed at first, and at one place in memory. */
struct budget_seat {
	struct budget_seat *next; /* those who wait, in the order of turns */
	struct budget_seat *before;
	bool waits;
	bool has_turn;
};

/* A bucket that fills at a rate and holds what comes in a second. */
struct budget {
	uint64_t rate_bytes; /* a second */
	int64_t milli;	     /* thousandths of bytes in it; below 0: owed */
	uint64_t at_ms;	     /* when it was last filled */
	struct budget_seat *first;
	struct budget_seat *last;
	size_t waiting_n;
};

/* A full bucket for `rate_bytes`, at least BUDGET_RATE_MIN. */
void budget_init(struct budget *budget, uint64_t rate_bytes, uint64_t now_ms);
/* How many of `want` bytes (not 0) may move now; they count as moved.  If it is
 * less than `want`, `seat` waits for another turn. */
size_t budget_take(struct budget *budget, struct budget_seat *seat, size_t want,
    uint64_t now_ms);
/* Bytes have moved that nobody could hold back. */
void budget_spend(struct budget *budget, size_t bytes, uint64_t now_ms);
/* The one whose turn it is now, out of those who wait; it is to call
 * budget_take.  NULL when nobody waits or nothing may move yet. */
struct budget_seat *budget_next(struct budget *budget, uint64_t now_ms);
/* `seat` waits no more; fine if it did not. */
void budget_leave(struct budget *budget, struct budget_seat *seat);
/* When budget_next will find somebody; UINT64_MAX: nobody waits. */
uint64_t budget_wake_ms(const struct budget *budget);
/* What one of those who wait moves in about two seconds. */
size_t budget_share(const struct budget *budget);

#endif
