/*
 * Reads spans of days.  Called by reports and lists.
 */
#include "proto/period.h"

#include "proto/calendar.h"

/* The number of the digits `text`; -1 when they are none. */
static int
number(struct bytes text)
{
	int n = 0;

	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] < '0' || text.p[i] > '9')
			return -1;
		n = n * 10 + (text.p[i] - '0');
	}
	return n;
}

/* From the first day of `first` to the last of `last`, months of `year`. */
static bool
months(int year, int first, int last, struct period *period)
{
	if (year < 1 || first < 1 || last > 12)
		return false;
	period->first = calendar_day((struct calendar_date){
	    .year = year, .month = (unsigned)first, .day = 1});
	period->last = calendar_day((struct calendar_date){.year = year,
	    .month = (unsigned)last,
	    .day = calendar_month_days(year, (unsigned)last)});
	return true;
}

/* One span without a slash. */
static bool
one_read(struct bytes text, struct period *period)
{
	int year;
	int part;

	if (calendar_read_day(text, &period->first)) {
		period->last = period->first;
		return true;
	}
	if (text.n != 4 && (text.n != 7 || text.p[4] != '-'))
		return false;
	year = number(bytes_first(text, 4));
	if (text.n == 4)
		return months(year, 1, 12, period);
	if (text.p[5] == 'Q') {
		part = number(bytes_after(text, 6));
		return part >= 1 && part <= 4 &&
		       months(year, 3 * part - 2, 3 * part, period);
	}
	part = number(bytes_after(text, 5));
	return months(year, part, part, period);
}

/* Where the two halves part, and how wide that is: '/' or "..". */
static size_t
middle(struct bytes text, size_t *width)
{
	size_t at = bytes_find(text, '/');

	*width = 1;
	if (at < text.n)
		return at;
	*width = 2;
	for (at = 0; at + 1 < text.n; at++)
		if (text.p[at] == '.' && text.p[at + 1] == '.')
			return at;
	return text.n;
}

bool
period_read(struct bytes text, struct period *period)
{
	size_t width;
	size_t at = middle(text, &width);
	struct period from = {.first = INT64_MIN};
	struct period to = {.last = INT64_MAX};

	if (at == text.n)
		return one_read(text, period);
	if (text.n == width ||
	    (at > 0 && !one_read(bytes_first(text, at), &from)) ||
	    (at + width < text.n &&
		!one_read(bytes_after(text, at + width), &to)))
		return false;
	period->first = from.first;
	period->last = to.last;
	return period->first <= period->last;
}

bool
period_has(const struct period *outer, const struct period *inner)
{
	return inner->first >= outer->first && inner->last <= outer->last;
}
