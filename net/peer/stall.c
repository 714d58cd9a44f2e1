/*
 * Progress of a session.  net/peer/session.c shows it what happened, and ends
 * the session when it says so.  Must never end one that is merely slow.
 */
#include "net/peer/stall.h"

#include "proto/limits.h"

enum {
	/* Without a message of data taken or a byte credited. */
	WAIT_MS = 30 * 60 * 1000,
	/* What each byte on the wire adds to it: so a line of four bytes a
	 * second, which hundreds of links that share a narrow one may have,
	 * carries the largest message, and pings alone do not hold it up. */
	BYTE_MS = 250,
	BYTES_MAX = LIMIT_FRAME_SIZE,
};

void
stall_look(struct stall *stall, struct stall_seen seen, uint64_t now_ms)
{
	bool rested = stall->rests || seen.rests;

	stall->wire_bytes = seen.wire_bytes;
	stall->rests = seen.rests;
	if (!rested && seen.done_bytes == stall->done_bytes)
		return;
	stall->done_bytes = seen.done_bytes;
	stall->since_ms = now_ms;
	stall->from_bytes = seen.wire_bytes;
}

uint64_t
stall_end_ms(const struct stall *stall)
{
	uint64_t bytes = stall->wire_bytes - stall->from_bytes;

	if (stall->rests)
		return UINT64_MAX;
	if (bytes > BYTES_MAX)
		bytes = BYTES_MAX;
	return stall->since_ms + WAIT_MS + bytes * BYTE_MS;
}
