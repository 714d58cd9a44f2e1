#ifndef GOLMOK_PROTO_STAMP_H
#define GOLMOK_PROTO_STAMP_H

#include "proto/buf.h"

/*
 * A hybrid logical clock as a value (docs/format.md §5): 47 bits of
 * milliseconds since 1970 and 16 bits of counter, so that it fits an int64.
 * It decides only which of several kept values is shown first.
 */
struct stamp {
	uint64_t v; /* ms << 16 | counter; at most INT64_MAX */
};

/* The milliseconds of `stamp`. */
uint64_t stamp_ms(struct stamp stamp);
/* Appends the time of `stamp` for people, "2026-11-21 09:30 UTC". */
void stamp_utc(struct stamp stamp, struct buf *text);
/* The stamp of a new event: later than `last`, and not before `now_ms`.  A wall
 * clock past the range, or a counter that is full, moves the milliseconds; at
 * the very end of the range the last stamp repeats. */
struct stamp stamp_next(struct stamp last, uint64_t now_ms);
/* `mine` after having met `theirs` at `now_ms`: the later of the two, but
 * theirs pulls at most LIMIT_CLOCK_PULL_MS ahead of `now_ms`. */
struct stamp stamp_meet(
    struct stamp mine, struct stamp theirs, uint64_t now_ms);

#endif
