/*
 * Dates out of the cells of other people's tables.  A style is a pattern of
 * numbers and the signs between them; behind the day a time may follow.
 */
#include "proto/when.h"

#include "proto/calendar.h"
#include "proto/text.h"

enum {
	/* Serial days count from 30 December 1899, as spreadsheets do from
	 * March 1900 on.  With five digits they are from 1927 to 2173: shorter
	 * and longer numbers are more likely something else. */
	SERIAL_OF_1970 = 25569,
	SERIAL_MIN = 10000,
	SERIAL_MAX = 99999,
	SEEN_COLUMNS = 40,
};

const char *const when_style_names[WHEN_STYLE_COUNT] = {
    [WHEN_ISO] = "iso",
    [WHEN_DOTS] = "dots",
    [WHEN_SLASHES] = "slashes",
    [WHEN_COMPACT] = "compact",
    [WHEN_KOREAN] = "korean",
    [WHEN_SERIAL] = "serial",
    [WHEN_MONTH_FIRST] = "month_first",
    [WHEN_DAY_FIRST] = "day_first",
};

/* Y is four digits, y two, M and D one or two, N two; a space may be there or
 * not; what stands in brackets may be missing. */
static const char *const patterns[WHEN_STYLE_COUNT] = {
    [WHEN_ISO] = "Y-M-D",
    [WHEN_DOTS] = "Y. M. D[.]",
    [WHEN_SLASHES] = "Y/ M/ D",
    [WHEN_COMPACT] = "YNn",
    [WHEN_KOREAN] = "Y년 M월 D일",
    [WHEN_MONTH_FIRST] = "M/D/Y",
    [WHEN_DAY_FIRST] = "D/M/Y",
};

enum outcome { NOT_SO, NO_DAY, READ };

static enum outcome style_read(
    struct bytes text, enum when_style style, struct when *when);
static enum outcome pattern_read(
    struct bytes text, const char *pattern, struct when *when);
static enum outcome serial_read(struct bytes text, struct when *when);
static bool weekday_take(struct bytes *rest, int64_t day);
static bool time_take(struct bytes *rest, struct when *when);
static bool zone_take(struct bytes *rest, struct when *when);

static void
spaces_drop(struct bytes *rest)
{
	while (rest->n > 0 && rest->p[0] == ' ')
		*rest = bytes_after(*rest, 1);
}

/* Is `word` what comes next?  It is taken then. */
static bool
word_take(struct bytes *rest, const char *word)
{
	struct bytes expected = bytes_text(word);

	if (!bytes_begins(*rest, expected))
		return false;
	*rest = bytes_after(*rest, expected.n);
	return true;
}

/* A number of `min` to `max` digits. */
static bool
number_take(struct bytes *rest, size_t min, size_t max, int64_t *v)
{
	size_t n = 0;

	*v = 0;
	while (n < rest->n && n < max && rest->p[n] >= '0' && rest->p[n] <= '9')
		*v = *v * 10 + (rest->p[n++] - '0');
	*rest = bytes_after(*rest, n);
	return n >= min;
}

static struct bytes
trimmed(struct bytes text)
{
	spaces_drop(&text);
	while (text.n > 0 && text.p[text.n - 1] == ' ')
		text = bytes_first(text, text.n - 1);
	return text;
}

/* "is a date of the style serial, ..." */
static enum err
refuse(struct bytes text, unsigned styles, unsigned others)
{
	struct bytes seen = text_cut_columns(text, SEEN_COLUMNS);
	int n = (int)seen.n;
	const char *p = (const char *)seen.p;
	struct buf names = {0};
	enum err e;

	for (size_t i = 0; i < WHEN_STYLE_COUNT; i++)
		if (((others != 0 ? others : styles) >> i & 1) != 0)
			buf_add_format(&names, "%s%s", names.n > 0 ? ", " : "",
			    when_style_names[i]);
	if (others == 0)
		e = err_set(ERR_INVALID,
		    "'%.*s' is no date of the styles %s that are expected", n,
		    p, buf_text(&names));
	else if ((others & (others - 1)) != 0)
		e = err_set(ERR_INVALID,
		    "'%.*s' can be read as %s: the mapping has to say which", n,
		    p, buf_text(&names));
	else
		e = err_set(ERR_INVALID,
		    "'%.*s' would be a date of the style %s, which the mapping "
		    "does not name",
		    n, p, buf_text(&names));
	buf_fini(&names);
	return e;
}

/* Has it the form of a date whose year has two digits? */
static bool
is_short(struct bytes text)
{
	static const char *const forms[] = {
	    "y-M-D", "y. M. D[.]", "y/M/D", "y년 M월 D일", "M/D/y", "NNn"};
	struct when when;

	for (size_t i = 0; i < COUNT_OF(forms); i++)
		if (pattern_read(text, forms[i], &when) != NOT_SO)
			return true;
	return false;
}

enum err
when_read(struct bytes text, unsigned styles, struct when *when)
{
	struct bytes seen;
	unsigned others = 0;

	text = trimmed(text);
	seen = text_cut_columns(text, SEEN_COLUMNS);
	for (size_t i = 0; i < WHEN_STYLE_COUNT; i++) {
		struct when other;
		bool wanted = (styles >> i & 1) != 0;
		enum outcome outcome = style_read(
		    text, (enum when_style)i, wanted ? when : &other);

		if (outcome == READ && wanted)
			return ERR_OK;
		if (outcome == NO_DAY && wanted)
			return err_set(ERR_INVALID,
			    "'%.*s' is no day of the calendar, or no time of a "
			    "day",
			    (int)seen.n, (const char *)seen.p);
		if (outcome != NOT_SO)
			others |= 1U << i;
	}
	if (others == 0 && is_short(text))
		return err_set(ERR_INVALID,
		    "'%.*s' has a year of two digits, which nobody guesses: "
		    "write all four",
		    (int)seen.n, (const char *)seen.p);
	return refuse(text, styles, others);
}

static enum outcome
style_read(struct bytes text, enum when_style style, struct when *when)
{
	*when = (struct when){0};
	return style == WHEN_SERIAL ? serial_read(text, when)
				    : pattern_read(text, patterns[style], when);
}

/* One sign of a pattern, and what of `rest` it stands for. */
static bool
sign_take(struct bytes *pattern, struct bytes *rest, struct calendar_date *date)
{
	uint8_t sign = pattern->p[0];
	int64_t v = 0;
	bool fine = true;

	*pattern = bytes_after(*pattern, 1);
	if (sign == ' ') {
		spaces_drop(rest);
	} else if (sign == '[') {
		if (rest->n > 0 && rest->p[0] == pattern->p[0])
			*rest = bytes_after(*rest, 1);
		*pattern = bytes_after(*pattern, 2);
	} else if (sign == 'Y') {
		fine = number_take(rest, 4, 4, &v);
		date->year = (int)v;
	} else if (sign == 'y') {
		fine = number_take(rest, 2, 2, &v);
		date->year = 2000;
	} else if (sign == 'M' || sign == 'N') {
		fine = number_take(rest, sign == 'N' ? 2 : 1, 2, &v);
		date->month = (unsigned)v;
	} else if (sign == 'D' || sign == 'n') {
		fine = number_take(rest, sign == 'n' ? 2 : 1, 2, &v);
		date->day = (unsigned)v;
	} else {
		fine = rest->n > 0 && rest->p[0] == sign;
		if (fine)
			*rest = bytes_after(*rest, 1);
	}
	return fine;
}

static enum outcome
pattern_read(struct bytes text, const char *pattern, struct when *when)
{
	struct calendar_date date = {.year = 2000};
	struct bytes signs = bytes_text(pattern);
	struct bytes rest = text;

	while (signs.n > 0)
		if (!sign_take(&signs, &rest, &date))
			return NOT_SO;
	/* A number that goes on is no day. */
	if (rest.n > 0 && rest.p[0] >= '0' && rest.p[0] <= '9')
		return NOT_SO;
	if (date.year < 1 || date.month < 1 || date.month > 12 ||
	    date.day < 1 ||
	    date.day > calendar_month_days(date.year, date.month))
		return NO_DAY;
	when->day = calendar_day(date);
	if (!weekday_take(&rest, when->day))
		return NO_DAY;
	if (rest.n == 0)
		return READ;
	return time_take(&rest, when) && rest.n == 0 ? READ : NO_DAY;
}

/* "(월)" behind a day has to be true of it. */
static bool
weekday_take(struct bytes *rest, int64_t day)
{
	static const char *const names[] = {
	    "(월)", "(화)", "(수)", "(목)", "(금)", "(토)", "(일)"};
	struct bytes after = *rest;

	spaces_drop(&after);
	if (after.n == 0 || after.p[0] != '(')
		return true;
	if (!word_take(&after, names[calendar_weekday(day)]))
		return false;
	*rest = after;
	return true;
}

/* What says on which side of noon it is: 0 for nothing, 1 before, 2 after. */
static int
noon_take(struct bytes *rest)
{
	static const char *const before[] = {"오전", "AM", "am"};
	static const char *const after[] = {"오후", "PM", "pm"};

	for (size_t i = 0; i < COUNT_OF(before); i++) {
		if (word_take(rest, before[i]))
			return 1;
		if (word_take(rest, after[i]))
			return 2;
	}
	return 0;
}

/* 9:30, 09:30:15.5 or 9시 30분. */
static bool
clock_take(struct bytes *rest, int64_t *hour, int64_t *minute, int64_t *second)
{
	int64_t part;

	if (!number_take(rest, 1, 2, hour))
		return false;
	if (word_take(rest, "시")) {
		spaces_drop(rest);
		return rest->n == 0 || (number_take(rest, 1, 2, minute) &&
					   word_take(rest, "분"));
	}
	if (!word_take(rest, ":") || !number_take(rest, 2, 2, minute))
		return false;
	if (!word_take(rest, ":"))
		return true;
	if (!number_take(rest, 2, 2, second))
		return false;
	return !word_take(rest, ".") || number_take(rest, 1, 9, &part);
}

static bool
time_take(struct bytes *rest, struct when *when)
{
	int64_t hour = 0;
	int64_t minute = 0;
	int64_t second = 0;
	int noon;
	int late;

	if (!word_take(rest, "T") && !word_take(rest, " "))
		return false;
	spaces_drop(rest);
	noon = noon_take(rest);
	spaces_drop(rest);
	if (!clock_take(rest, &hour, &minute, &second))
		return false;
	spaces_drop(rest);
	late = noon_take(rest);
	if (noon != 0 && late != 0)
		return false;
	noon = noon != 0 ? noon : late;
	if (hour > 23 || minute > 59 || second > 59 ||
	    (noon != 0 && (hour < 1 || hour > 12)))
		return false;
	if (noon != 0)
		hour = hour % 12 + (noon == 2 ? 12 : 0);
	when->has_time = true;
	when->second = (hour * 60 + minute) * 60 + second;
	return zone_take(rest, when);
}

/* Z, +09:00 or nothing. */
static bool
zone_take(struct bytes *rest, struct when *when)
{
	int64_t hours;
	int64_t minutes = 0;
	bool behind = false;

	if (rest->n == 0)
		return true;
	when->has_offset = true;
	if (word_take(rest, "Z"))
		return true;
	behind = rest->p[0] == '-';
	if (!behind && rest->p[0] != '+')
		return false;
	*rest = bytes_after(*rest, 1);
	if (!number_take(rest, 2, 2, &hours) || !word_take(rest, ":") ||
	    !number_take(rest, 2, 2, &minutes) || hours > 23 || minutes > 59)
		return false;
	when->offset_seconds = (hours * 60 + minutes) * 60;
	if (behind)
		when->offset_seconds = -when->offset_seconds;
	return true;
}

/* 42576 or 42576.3958: a day, and which part of it has passed. */
static enum outcome
serial_read(struct bytes text, struct when *when)
{
	int64_t scale = 1;
	int64_t part = 0;
	int64_t day;

	if (!number_take(&text, 5, 5, &day) || day < SERIAL_MIN ||
	    day > SERIAL_MAX)
		return NOT_SO;
	when->day = day - SERIAL_OF_1970;
	if (text.n == 0)
		return READ;
	if (!word_take(&text, ".") || text.n == 0)
		return NOT_SO;
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] < '0' || text.p[i] > '9')
			return NOT_SO;
		/* Behind that there is less than a second. */
		if (i < 9) {
			scale *= 10;
			part = part * 10 + (text.p[i] - '0');
		}
	}
	when->has_time = true;
	when->second = (part * CALENDAR_DAY_SECONDS + scale / 2) / scale;
	if (when->second == CALENDAR_DAY_SECONDS) {
		when->second = 0;
		when->day++;
	}
	return READ;
}

void
when_put_day(const struct when *when, struct buf *text)
{
	char day[CALENDAR_TEXT_SIZE];

	calendar_write_day(when->day, day);
	buf_add_text(text, day);
}

void
when_put_time(const struct when *when, int64_t offset_seconds, struct buf *text)
{
	int64_t offset = when->has_offset ? when->offset_seconds
					  : offset_seconds;
	int64_t seconds = when->day * CALENDAR_DAY_SECONDS + when->second;
	char time[CALENDAR_TIME_SIZE];

	calendar_write_time(seconds - offset, offset, time);
	buf_add_text(text, time);
}
