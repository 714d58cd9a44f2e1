/*
 * The measure of a link.  net/peer/link.c notes what its stream has taken.
 */
#include "net/peer/pace.h"

enum {
	/* A link whose speed is not known yet. */
	PACE_FIRST = 32 * 1024,
	PACE_MIN = 8 * 1024,
	PACE_MS = 1000,
};

void
pace_init(struct pace *pace, size_t max)
{
	*pace = (struct pace){
	    .max = max, .bytes = PACE_FIRST < max ? PACE_FIRST : max};
}

/* A link that takes all that there is within a second may have twice as much;
 * one that is behind for a second gets what it takes in two. */
void
pace_note(struct pace *pace, uint64_t sent, size_t unsent, uint64_t now_ms)
{
	uint64_t spent_ms = pace->is_busy ? now_ms - pace->from_ms : 0;
	uint64_t taken = sent - pace->from_sent;
	uint64_t rate;

	if (pace->is_busy && spent_ms < PACE_MS && unsent > 0)
		return;
	if (pace->is_busy && spent_ms < PACE_MS && taken >= pace->bytes)
		pace->bytes = 2 * pace->bytes < pace->max ? 2 * pace->bytes
							  : pace->max;
	if (pace->is_busy && spent_ms >= PACE_MS) {
		rate = taken / (spent_ms / PACE_MS);
		pace->bytes = rate < pace->max / 2 ? (size_t)rate * 2
						   : pace->max;
		if (pace->bytes < PACE_MIN)
			pace->bytes = PACE_MIN;
	}
	pace->is_busy = unsent > 0;
	pace->from_ms = now_ms;
	pace->from_sent = sent;
}
