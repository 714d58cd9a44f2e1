#ifndef GOLMOK_PROTO_WHEN_H
#define GOLMOK_PROTO_WHEN_H

#include "proto/buf.h"
#include "proto/err.h"

/*
 * Days and times as people write them in tables, in one of several styles
 * (docs/importing.md, "Dates").  No style is guessed: what two of them read
 * differently is only read when the caller names one.
 */
enum when_style {
	WHEN_ISO,	  /* 2016-07-25 */
	WHEN_DOTS,	  /* 2016.7.25 and 2016. 7. 25.(월) */
	WHEN_SLASHES,	  /* 2016/07/25 */
	WHEN_COMPACT,	  /* 20160725 */
	WHEN_KOREAN,	  /* 2016년 7월 25일 */
	WHEN_SERIAL,	  /* 42576: days of a spreadsheet */
	WHEN_MONTH_FIRST, /* 7/25/2016 */
	WHEN_DAY_FIRST,	  /* 25/7/2016 */
};
enum { WHEN_STYLE_COUNT = WHEN_DAY_FIRST + 1 };

extern const char *const when_style_names[WHEN_STYLE_COUNT];

struct when {
	int64_t day;		/* counted from 1970-01-01 */
	bool has_time;		/* else it is the start of the day */
	int64_t second;		/* of that day */
	bool has_offset;	/* the text said how far clocks are ahead */
	int64_t offset_seconds; /* of UTC */
};

/* Reads `text`, in UTF-8, in one of `styles` (bits 1 << style) into `*when`.
 * ERR_INVALID with `text`: it is of none of them (the style it would be of is
 * named), might be read in two ways, has a year of two digits, or is no day of
 * the calendar. */
enum err when_read(
    struct bytes text, unsigned styles, struct when *when) MUST_USE;
/* Appends the day of `when` as YYYY-MM-DD to `text`. */
void when_put_day(const struct when *when, struct buf *text);
/* Appends `when` as a time of RFC 3339, where clocks that are not said to be
 * otherwise are `offset_seconds` ahead of UTC. */
void when_put_time(
    const struct when *when, int64_t offset_seconds, struct buf *text);

#endif
