#ifndef GOLMOK_PROTO_CALENDAR_H
#define GOLMOK_PROTO_CALENDAR_H

#include "proto/bytes.h"

/*
 * Days of the Gregorian calendar as numbers, so that they can be counted with:
 * day 0 is 1970-01-01.  Years 1 to 9999; no clock and no time zone is known
 * here.
 */
enum {
	CALENDAR_FIRST_DAY = -719162, /* 0001-01-01 */
	CALENDAR_LAST_DAY = 2932896,  /* 9999-12-31 */
	CALENDAR_DAY_SECONDS = 86400,
	CALENDAR_TEXT_SIZE = sizeof("YYYY-MM-DD"),
	CALENDAR_TIME_SIZE = sizeof("YYYY-MM-DDThh:mm:ss+hh:mm"),
};

struct calendar_date {
	int year;	/* 1 to 9999 */
	unsigned month; /* 1 to 12 */
	unsigned day;	/* 1 to 31 */
};

/* Is `day` a number of a day from year 1 to 9999? */
bool calendar_has(int64_t day);
/* The number of `date`, which must be a day of the calendar, and back; `day`
 * must be one that calendar_has. */
int64_t calendar_day(struct calendar_date date);
struct calendar_date calendar_date(int64_t day);
/* Reads "YYYY-MM-DD"; false when `text` is no day of the calendar. */
bool calendar_read_day(struct bytes text, int64_t *day) MUST_USE;
/* Writes it, with a final zero. */
void calendar_write_day(int64_t day, char text[CALENDAR_TEXT_SIZE]);
/* Reads a time of RFC 3339 §5.6 with a capital T, up to nine digits of a
 * fraction, and Z or an offset, as seconds since 1970 (the fraction is dropped,
 * a leap second is the second before it); false when `text` is none. */
bool calendar_read_time(struct bytes text, int64_t *seconds) MUST_USE;
/* Writes the time at `seconds` since 1970 by clocks that are `offset_seconds`
 * ahead of UTC (less than a day, whole minutes), as calendar_read_time reads
 * it, with a final zero: always with the offset, "+00:00" for UTC.  The day
 * there must be one that calendar_has. */
void calendar_write_time(
    int64_t seconds, int64_t offset_seconds, char text[CALENDAR_TIME_SIZE]);
/* The seconds since 1970 that a clock shows at `now_ms` milliseconds since
 * then. One that is set thousands of years ahead counts as the end of the
 * calendar: the day there, by clocks anywhere, is one that calendar_has. */
int64_t calendar_seconds(uint64_t now_ms);
/* The day at `seconds` where clocks are `offset_seconds` ahead of UTC. */
int64_t calendar_day_at(int64_t seconds, int64_t offset_seconds);
/* The day `n` months after `day`, the last of that month when the month is too
 * short.  False when that lies outside the calendar. */
bool calendar_add_months(int64_t day, int64_t n, int64_t *sum) MUST_USE;
/* The day on which who was born on `birth` is `years` old: born on 29 February,
 * that is 1 March in other years.  False outside the calendar. */
bool calendar_birthday(int64_t birth, int64_t years, int64_t *day) MUST_USE;
/* How many birthdays in that sense have come by `day`; negative before. */
int64_t calendar_age(int64_t birth, int64_t day);
/* 0 for Monday to 6 for Sunday. */
unsigned calendar_weekday(int64_t day);
/* How many days `month` of `year` has. */
unsigned calendar_month_days(int year, unsigned month);

#endif
