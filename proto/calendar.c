/*
 * Counts days.  Called by whoever compares or adds dates; knows no clock.
 */
#include "proto/calendar.h"

#include <stdio.h>

enum {
	YEAR_MAX = 9999,
	ERA_YEARS = 400,
	ERA_DAYS = 146097,
	/* From 0000-03-01, where counting in eras begins, to 1970-01-01. */
	EPOCH_DAYS = 719468,
};

bool
calendar_has(int64_t day)
{
	return day >= CALENDAR_FIRST_DAY && day <= CALENDAR_LAST_DAY;
}

/* Years are taken to begin in March, so that the leap day is their last. */
int64_t
calendar_day(struct calendar_date date)
{
	int64_t year = date.year - (date.month <= 2 ? 1 : 0);
	int64_t era = year / ERA_YEARS;
	int64_t of_era = year % ERA_YEARS;
	int64_t month = (date.month + 9) % 12;
	int64_t of_year = (153 * month + 2) / 5 + (int64_t)date.day - 1;

	assert(date.year >= 1 && date.year <= YEAR_MAX);
	assert(date.month >= 1 && date.month <= 12);
	assert(date.day >= 1 &&
	       date.day <= calendar_month_days(date.year, date.month));
	return era * ERA_DAYS + of_era * 365 + of_era / 4 - of_era / 100 +
	       of_year - EPOCH_DAYS;
}

struct calendar_date
calendar_date(int64_t day)
{
	int64_t from = day + EPOCH_DAYS;
	int64_t era = from / ERA_DAYS;
	int64_t of_era = from % ERA_DAYS;
	int64_t year = (of_era - of_era / 1460 + of_era / 36524 -
			   of_era / 146096) /
		       365;
	int64_t of_year = of_era - (365 * year + year / 4 - year / 100);
	int64_t month = (5 * of_year + 2) / 153;
	struct calendar_date date;

	assert(calendar_has(day));
	date.day = (unsigned)(of_year - (153 * month + 2) / 5 + 1);
	date.month = (unsigned)(month < 10 ? month + 3 : month - 9);
	date.year = (int)(year + era * ERA_YEARS + (date.month <= 2 ? 1 : 0));
	return date;
}

unsigned
calendar_month_days(int year, unsigned month)
{
	static const uint8_t days[] = {
	    31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

	assert(month >= 1 && month <= 12);
	return days[month - 1] + (month == 2 && leap ? 1U : 0U);
}

/* The number of the `n` digits at `at` of `text`, which has that many bytes;
 * one too large for any calendar when they are not all digits. */
static unsigned
digits(struct bytes text, size_t at, size_t n)
{
	unsigned v = 0;

	for (size_t i = at; i < at + n; i++) {
		if (text.p[i] < '0' || text.p[i] > '9')
			return UINT16_MAX;
		v = v * 10 + (unsigned)(text.p[i] - '0');
	}
	return v;
}

bool
calendar_read_day(struct bytes text, int64_t *day)
{
	struct calendar_date date;
	unsigned year;

	if (text.n != 10 || text.p[4] != '-' || text.p[7] != '-')
		return false;
	year = digits(text, 0, 4);
	date.month = digits(text, 5, 2);
	date.day = digits(text, 8, 2);
	if (year < 1 || year > YEAR_MAX || date.month < 1 || date.month > 12 ||
	    date.day < 1 ||
	    date.day > calendar_month_days((int)year, date.month))
		return false;
	date.year = (int)year;
	*day = calendar_day(date);
	return true;
}

void
calendar_write_day(int64_t day, char text[CALENDAR_TEXT_SIZE])
{
	struct calendar_date date = calendar_date(day);

	(void)snprintf(text, CALENDAR_TEXT_SIZE, "%04u-%02u-%02u",
	    (unsigned)date.year % 10000, date.month % 100, date.day % 100);
}

void
calendar_write_time(
    int64_t seconds, int64_t offset_seconds, char text[CALENDAR_TIME_SIZE])
{
	int64_t day = calendar_day_at(seconds, offset_seconds);
	int64_t of_day = seconds + offset_seconds - day * CALENDAR_DAY_SECONDS;
	int64_t ahead = offset_seconds < 0 ? -offset_seconds : offset_seconds;
	char date[CALENDAR_TEXT_SIZE];

	calendar_write_day(day, date);
	(void)snprintf(text, CALENDAR_TIME_SIZE, "%sT%02u:%02u:%02u%c%02u:%02u",
	    date, (unsigned)(of_day / 3600) % 100, (unsigned)(of_day / 60 % 60),
	    (unsigned)(of_day % 60), offset_seconds < 0 ? '-' : '+',
	    (unsigned)(ahead / 3600) % 100, (unsigned)(ahead / 60 % 60));
}

/* The offset at the end of an RFC 3339 time, in seconds. */
static bool
read_offset(struct bytes text, int64_t *seconds)
{
	unsigned hours;
	unsigned minutes;

	*seconds = 0;
	if (text.n == 1)
		return text.p[0] == 'Z';
	if (text.n != 6 || (text.p[0] != '+' && text.p[0] != '-') ||
	    text.p[3] != ':')
		return false;
	hours = digits(text, 1, 2);
	minutes = digits(text, 4, 2);
	*seconds = (int64_t)hours * 3600 + (int64_t)minutes * 60;
	if (text.p[0] == '-')
		*seconds = -*seconds;
	return hours <= 23 && minutes <= 59;
}

/* Where the offset begins behind a fraction at `at`; 0 when it is none. */
static size_t
fraction_end(struct bytes text, size_t at)
{
	size_t begin = at + 1;

	if (text.p[at] != '.')
		return at;
	at = begin;
	while (at < text.n && at < begin + 9 && digits(text, at, 1) <= 9)
		at++;
	return at == begin ? 0 : at;
}

bool
calendar_read_time(struct bytes text, int64_t *seconds)
{
	size_t at = 19;
	int64_t offset;
	int64_t day;
	unsigned hour;
	unsigned minute;
	unsigned second;

	if (text.n <= at || !calendar_read_day(bytes_first(text, 10), &day) ||
	    text.p[10] != 'T' || text.p[13] != ':' || text.p[16] != ':')
		return false;
	hour = digits(text, 11, 2);
	minute = digits(text, 14, 2);
	second = digits(text, 17, 2);
	/* A leap second ends the last minute of an hour, in any offset of
	 * whole hours. */
	if (hour > 23 || minute > 59 || second > (minute == 59 ? 60 : 59))
		return false;
	at = fraction_end(text, at);
	if (at == 0 || !read_offset(bytes_after(text, at), &offset))
		return false;
	*seconds = day * CALENDAR_DAY_SECONDS + (int64_t)hour * 3600 +
		   (int64_t)minute * 60 + (second == 60 ? 59 : second) - offset;
	return true;
}

int64_t
calendar_seconds(uint64_t now_ms)
{
	/* A day less than there are: elsewhere it may be tomorrow. */
	const uint64_t last = (uint64_t)CALENDAR_LAST_DAY *
			      CALENDAR_DAY_SECONDS;

	return (int64_t)(now_ms / 1000 < last ? now_ms / 1000 : last - 1);
}

int64_t
calendar_day_at(int64_t seconds, int64_t offset_seconds)
{
	int64_t local = seconds + offset_seconds;
	int64_t day = local / CALENDAR_DAY_SECONDS;

	return local % CALENDAR_DAY_SECONDS < 0 ? day - 1 : day;
}

bool
calendar_add_months(int64_t day, int64_t n, int64_t *sum)
{
	struct calendar_date date = calendar_date(day);
	int64_t months;
	unsigned last;

	if (n < -12 * YEAR_MAX || n > 12 * YEAR_MAX)
		return false;
	months = (int64_t)date.year * 12 + date.month - 1 + n;
	if (months < 12 || months >= 12 * (YEAR_MAX + 1))
		return false;
	date.year = (int)(months / 12);
	date.month = (unsigned)(months % 12) + 1;
	last = calendar_month_days(date.year, date.month);
	if (date.day > last)
		date.day = last;
	*sum = calendar_day(date);
	return true;
}

bool
calendar_birthday(int64_t birth, int64_t years, int64_t *day)
{
	struct calendar_date date = calendar_date(birth);

	if (years < -YEAR_MAX || years > YEAR_MAX || date.year + years < 1 ||
	    date.year + years > YEAR_MAX)
		return false;
	date.year += (int)years;
	if (date.day > calendar_month_days(date.year, date.month)) {
		date.month = 3;
		date.day = 1;
	}
	*day = calendar_day(date);
	return true;
}

int64_t
calendar_age(int64_t birth, int64_t day)
{
	int64_t years = calendar_date(day).year - calendar_date(birth).year;
	int64_t on;

	/* In the last year of the calendar the birthday can lie outside. */
	return calendar_birthday(birth, years, &on) && on <= day ? years
								 : years - 1;
}

unsigned
calendar_weekday(int64_t day)
{
	/* 1970-01-01 was a Thursday. */
	return (unsigned)((day % 7 + 7 + 3) % 7);
}
