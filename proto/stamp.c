/*
 * The hybrid logical clock.  Whoever writes a delta takes its stamp here.
 * Reads no clock: the wall's time is an argument.
 */
#include "proto/stamp.h"

#include <time.h>

#include "proto/limits.h"

enum { COUNTER_BITS = 16 };

static const uint64_t ms_max = (uint64_t)INT64_MAX >> COUNTER_BITS;

static struct stamp stamp_of_ms(uint64_t ms);

uint64_t
stamp_ms(struct stamp stamp)
{
	return stamp.v >> COUNTER_BITS;
}

void
stamp_utc(struct stamp stamp, struct buf *text)
{
	time_t seconds = (time_t)(stamp_ms(stamp) / 1000);
	struct tm wall;

	if (gmtime_r(&seconds, &wall) == NULL) {
		buf_add_text(text, "?");
		return;
	}
	buf_add_format(text, "%04d-%02d-%02d %02d:%02d UTC",
	    wall.tm_year + 1900, wall.tm_mon + 1, wall.tm_mday, wall.tm_hour,
	    wall.tm_min);
}

static struct stamp
stamp_of_ms(uint64_t ms)
{
	if (ms > ms_max)
		ms = ms_max;
	return (struct stamp){.v = ms << COUNTER_BITS};
}

struct stamp
stamp_next(struct stamp last, uint64_t now_ms)
{
	struct stamp now = stamp_of_ms(now_ms);

	if (now.v > last.v)
		return now;
	if (last.v >= INT64_MAX)
		return last;
	return (struct stamp){.v = last.v + 1};
}

struct stamp
stamp_meet(struct stamp mine, struct stamp theirs, uint64_t now_ms)
{
	uint64_t bound_ms = now_ms < ms_max ? now_ms : ms_max;
	struct stamp bound = stamp_of_ms(bound_ms + LIMIT_CLOCK_PULL_MS);

	if (theirs.v > bound.v)
		theirs = bound;
	return theirs.v > mine.v ? theirs : mine;
}
