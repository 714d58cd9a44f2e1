/*
 * The measure of a line.  session.c tells it what happens, sender.c cuts chunks
 * by it.  A wrong guess costs time, never data.
 */
#include "net/peer/pace.h"

#include "proto/limits.h"

static size_t
clamped(uint64_t bytes)
{
	if (bytes < PACE_CHUNK_MIN)
		return PACE_CHUNK_MIN;
	return bytes < PACE_CHUNK_MAX ? (size_t)bytes : PACE_CHUNK_MAX;
}

void
pace_init(struct pace *pace, uint64_t now_ms)
{
	*pace = (struct pace){.opened_ms = now_ms};
}

void
pace_heard(struct pace *pace, uint64_t now_ms)
{
	uint64_t took_ms = now_ms - pace->opened_ms;

	if (pace->chunk_bytes > 0)
		return;
	if (took_ms < PACE_NEAR_MS)
		took_ms = PACE_NEAR_MS;
	pace->chunk_bytes = clamped(
	    (uint64_t)PACE_CHUNK_MAX * PACE_NEAR_MS / took_ms);
}

void
pace_look(struct pace *pace, uint64_t sent, uint64_t credited, uint64_t now_ms)
{
	uint64_t took_ms = now_ms - pace->since_ms;
	uint64_t bytes = credited - pace->since_bytes;
	size_t guess = PACE_CHUNK_MAX;

	if (pace->busy && bytes > 0 &&
	    (took_ms >= PACE_WINDOW_MS || credited == sent)) {
		if (took_ms > 0)
			guess = clamped(bytes * PACE_CHUNK_MS / took_ms);
		/* Who had little to send shows what a line bears at least. */
		if (guess > pace->chunk_bytes || bytes >= pace->chunk_bytes)
			pace->chunk_bytes = guess;
		pace->busy = false;
	}
	if (!pace->busy) {
		pace->since_ms = now_ms;
		pace->since_bytes = credited;
		pace->busy = sent > credited;
	}
}

size_t
pace_window(const struct pace *pace)
{
	size_t window = PACE_CHUNKS * pace->chunk_bytes;

	if (pace->chunk_bytes == PACE_CHUNK_MAX || window > LIMIT_CREDIT_SIZE)
		return LIMIT_CREDIT_SIZE;
	return window;
}
