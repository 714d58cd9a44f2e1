/*
 * The measure of a line.  session.c tells it what happens, sender.c cuts chunks
 * by it.  A wrong guess costs time, never data.
 */
#include "net/peer/gauge.h"

#include "proto/limits.h"

static size_t
clamped(uint64_t bytes)
{
	if (bytes < GAUGE_CHUNK_MIN)
		return GAUGE_CHUNK_MIN;
	return bytes < GAUGE_CHUNK_MAX ? (size_t)bytes : GAUGE_CHUNK_MAX;
}

void
gauge_init(struct gauge *gauge, uint64_t now_ms)
{
	*gauge = (struct gauge){.opened_ms = now_ms};
}

void
gauge_heard(struct gauge *gauge, uint64_t now_ms)
{
	uint64_t took_ms = now_ms - gauge->opened_ms;

	if (gauge->chunk_bytes > 0)
		return;
	if (took_ms < GAUGE_NEAR_MS)
		took_ms = GAUGE_NEAR_MS;
	gauge->chunk_bytes = clamped(
	    (uint64_t)GAUGE_CHUNK_MAX * GAUGE_NEAR_MS / took_ms);
}

void
gauge_look(
    struct gauge *gauge, uint64_t sent, uint64_t credited, uint64_t now_ms)
{
	uint64_t took_ms = now_ms - gauge->since_ms;
	uint64_t bytes = credited - gauge->since_bytes;
	size_t guess = GAUGE_CHUNK_MAX;

	if (gauge->busy && bytes > 0 &&
	    (took_ms >= GAUGE_WINDOW_MS || credited == sent)) {
		if (took_ms > 0)
			guess = clamped(bytes * GAUGE_CHUNK_MS / took_ms);
		/* Who had little to send shows what a line bears at least. */
		if (guess > gauge->chunk_bytes || bytes >= gauge->chunk_bytes)
			gauge->chunk_bytes = guess;
		gauge->busy = false;
	}
	if (!gauge->busy) {
		gauge->since_ms = now_ms;
		gauge->since_bytes = credited;
		gauge->busy = sent > credited;
	}
}

size_t
gauge_window(const struct gauge *gauge)
{
	size_t window = GAUGE_CHUNKS * gauge->chunk_bytes;

	if (gauge->chunk_bytes == GAUGE_CHUNK_MAX || window > LIMIT_CREDIT_SIZE)
		return LIMIT_CREDIT_SIZE;
	return window;
}
