#ifndef GOLMOK_PROTO_PERIOD_H
#define GOLMOK_PROTO_PERIOD_H

#include "proto/bytes.h"

/*
 * Spans of whole days, as people name them: 2016, 2016-Q3, 2016-07, 2016-07-25,
 * and two of these with a slash or ".." between, of which one may be missing.
 */
struct period {
	int64_t first; /* days as in proto/calendar.h; INT64_MIN: no begin */
	int64_t last;  /* included; INT64_MAX: no end */
};

/* Reads `text`; false when it names no span, or one that ends before it begins.
 */
bool period_read(struct bytes text, struct period *period) MUST_USE;
/* Does all of `inner` lie in `outer`? */
bool period_has(const struct period *outer, const struct period *inner);

#endif
