/*
 * Promises of proto/when.h: each style is read as it is meant, and what might
 * be another is an error that says so.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "proto/when.h"

enum { ALL = (1U << WHEN_MONTH_FIRST) - 1, SEOUL = 9 * 3600 };

struct example {
	const char *text;
	unsigned styles;
	const char *want; /* what is read, or a piece of the error */
};

static void
look(const struct example *example)
{
	struct buf got = {0};
	struct when when;
	enum err e = when_read(
	    bytes_text(example->text), example->styles, &when);

	if (e != ERR_OK)
		fail_msg("%s: %s", example->text, err_text());
	if (when.has_time)
		when_put_time(&when, SEOUL, &got);
	else
		when_put_day(&when, &got);
	if (!bytes_is(buf_bytes(&got), example->want))
		fail_msg("%s: %s", example->text, buf_text(&got));
	buf_fini(&got);
}

static void
styles_are_read(void **state)
{
	static const struct example examples[] = {
	    {"2016-07-25", ALL, "2016-07-25"},
	    {" 2016-7-5 ", ALL, "2016-07-05"},
	    {"2016.7.25", ALL, "2016-07-25"},
	    {"2016. 7. 25.", ALL, "2016-07-25"},
	    {"2016.07.25.(월)", ALL, "2016-07-25"},
	    {"2016. 7. 25. (월)", ALL, "2016-07-25"},
	    {"2016/07/25", ALL, "2016-07-25"},
	    {"20160725", ALL, "2016-07-25"},
	    {"2016년 7월 25일", ALL, "2016-07-25"},
	    {"2016년7월25일(월)", ALL, "2016-07-25"},
	    {"42576", ALL, "2016-07-25"},
	    {"10000", ALL, "1927-05-18"},
	    {"99999", ALL, "2173-10-13"},
	    {"2016-02-29", ALL, "2016-02-29"},
	    {"7/25/2016", 1U << WHEN_MONTH_FIRST, "2016-07-25"},
	    {"7/8/2016", 1U << WHEN_MONTH_FIRST, "2016-07-08"},
	    {"7/8/2016", 1U << WHEN_DAY_FIRST, "2016-08-07"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(examples); i++)
		look(&examples[i]);
}

static void
times_are_read(void **state)
{
	static const struct example examples[] = {
	    {"2016-07-25 09:30", ALL, "2016-07-25T09:30:00+09:00"},
	    {"2016-07-25T09:30:15Z", ALL, "2016-07-25T09:30:15+00:00"},
	    {"2016-07-25T09:30:15.250-03:30", ALL, "2016-07-25T09:30:15-03:30"},
	    {"2016.7.25 오전 12:05", ALL, "2016-07-25T00:05:00+09:00"},
	    {"2016.7.25. 오후 12:05", ALL, "2016-07-25T12:05:00+09:00"},
	    {"2016-07-25 2:30 PM", ALL, "2016-07-25T14:30:00+09:00"},
	    {"2016년 7월 25일 14시 5분", ALL, "2016-07-25T14:05:00+09:00"},
	    {"2016년 7월 25일 14시", ALL, "2016-07-25T14:00:00+09:00"},
	    {"42576.5", ALL, "2016-07-25T12:00:00+09:00"},
	    {"42576.395833333336", ALL, "2016-07-25T09:30:00+09:00"},
	    {"42576.99999999999", ALL, "2016-07-26T00:00:00+09:00"},
	    {"20160725 23:59:59", ALL, "2016-07-25T23:59:59+09:00"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(examples); i++)
		look(&examples[i]);
}

static void
what_is_not_meant_is_refused(void **state)
{
	static const struct example examples[] = {
	    {"7/25/2016", ALL, "month_first, day_first: the mapping has to"},
	    {"7/8/2016", ALL, "'7/8/2016' can be read as month_first"},
	    {"25/7/2016", 1U << WHEN_MONTH_FIRST, "no day of the calendar"},
	    {"42576", 1U << WHEN_ISO, "would be a date of the style serial"},
	    {"2016.7.25", 1U << WHEN_ISO, "would be a date of the style dots"},
	    {"16.7.25", ALL, "a year of two digits"},
	    {"7/8/16", ALL, "a year of two digits"},
	    {"160725", ALL, "a year of two digits"},
	    {"2016-02-30", ALL, "no day of the calendar"},
	    {"2015.2.29", ALL, "no day of the calendar"},
	    {"0000-01-01", ALL, "no day of the calendar"},
	    {"2016-13-01", ALL, "no day of the calendar"},
	    {"2016.7.25.(화)", ALL, "no day of the calendar"},
	    {"2016-07-25 24:00", ALL, "no day of the calendar"},
	    {"2016-07-25 오후 13:00", ALL, "no day of the calendar"},
	    {"2016-07-25 9", ALL, "no day of the calendar"},
	    {"2016-07-25 9:30 외", ALL, "no day of the calendar"},
	    {"2016-07-255", ALL, "is no date of the styles iso, dots"},
	    {"9999", ALL, "is no date"},
	    {"1000000", ALL, "is no date"},
	    {"42576.", ALL, "is no date"},
	    {"42576.5x", ALL, "is no date"},
	    {"작년 여름", ALL, "is no date"},
	    {"", ALL, "is no date"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(examples); i++) {
		const struct example *example = &examples[i];
		struct when when;

		assert_int_equal(when_read(bytes_text(example->text),
				     example->styles, &when),
		    ERR_INVALID);
		if (strstr(err_text(), example->want) == NULL)
			fail_msg("%s: %s", example->text, err_text());
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(styles_are_read),
	    cmocka_unit_test(times_are_read),
	    cmocka_unit_test(what_is_not_meant_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
