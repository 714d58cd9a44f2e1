/*
 * Promises of proto/calendar.h: every day of the calendar has one number, and
 * what is counted with numbers agrees with counting days one by one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "proto/calendar.h"

static int64_t
day(const char *text)
{
	int64_t number = 0;

	if (!calendar_read_day(bytes_text(text), &number))
		fail_msg("'%s' is no day", text);
	return number;
}

static void
numbers_follow_the_days_one_by_one(void **state)
{
	struct calendar_date date = {.year = 1, .month = 1, .day = 1};
	char text[CALENDAR_TEXT_SIZE];
	int64_t read;

	(void)state;
	for (int64_t n = CALENDAR_FIRST_DAY; n <= CALENDAR_LAST_DAY; n++) {
		struct calendar_date back = calendar_date(n);

		assert_int_equal(back.year, date.year);
		assert_int_equal(back.month, date.month);
		assert_int_equal(back.day, date.day);
		assert_int_equal(calendar_day(date), n);
		calendar_write_day(n, text);
		assert_true(calendar_read_day(bytes_text(text), &read));
		assert_int_equal(read, n);
		if (++date.day <= calendar_month_days(date.year, date.month))
			continue;
		date.day = 1;
		if (++date.month <= 12)
			continue;
		date.month = 1;
		date.year++;
	}
	assert_int_equal(date.year, 10000);
	assert_int_equal(day("1970-01-01"), 0);
	assert_false(calendar_has(CALENDAR_FIRST_DAY - 1));
	assert_false(calendar_has(CALENDAR_LAST_DAY + 1));
}

static void
what_is_no_day_is_not_read(void **state)
{
	static const char *const texts[] = {"", "2016-07-2", "2016-07-255",
	    "2016-7-25", "2016/07/25", "0000-01-01", "2015-02-29", "1900-02-29",
	    "2016-13-01", "2016-00-10", "2016-01-00", "2016-04-31",
	    "2o16-01-01"};
	int64_t read;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		assert_false(calendar_read_day(bytes_text(texts[i]), &read));
	assert_int_equal(day("2000-02-29") + 1, day("2000-03-01"));
}

static void
times_are_counted_in_seconds(void **state)
{
	static const char *const texts[] = {"2016-07-25", "2016-07-25T09:30",
	    "2016-07-25T09:30:00", "2016-07-25 09:30:00Z",
	    "2016-07-25T24:00:00Z", "2016-07-25T09:60:00Z",
	    "2016-07-25T09:30:60Z", "2016-07-25T09:30:00.Z",
	    "2016-07-25T09:30:00.1234567890Z", "2016-07-25T09:30:00+9:00",
	    "2016-07-25T09:30:00+24:00", "2016-07-25T09:30:00ZZ"};
	int64_t a;
	int64_t b;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		assert_false(calendar_read_time(bytes_text(texts[i]), &a));
	assert_true(calendar_read_time(bytes_text("1970-01-02T00:00:01Z"), &a));
	assert_int_equal(a, 86401);
	assert_true(
	    calendar_read_time(bytes_text("2016-07-25T08:30:00.5+09:00"), &a));
	assert_true(calendar_read_time(bytes_text("2016-07-24T23:30:00Z"), &b));
	assert_int_equal(a, b);
	assert_true(calendar_read_time(bytes_text("2016-12-31T23:59:60Z"), &a));
	assert_int_equal(calendar_day_at(a, 0), day("2016-12-31"));
	assert_int_equal(calendar_day_at(a, 9 * 3600), day("2017-01-01"));
	assert_int_equal(calendar_day_at(-1, 0), -1);
}

static void
times_are_written_by_the_clocks_of_a_place(void **state)
{
	static const struct {
		int64_t offset_seconds;
		const char *text;
	} all[] = {
	    {0, "2016-07-24T23:30:05+00:00"},
	    {9 * 3600, "2016-07-25T08:30:05+09:00"},
	    {-(3 * 3600 + 1800), "2016-07-24T20:00:05-03:30"},
	};
	int64_t seconds;
	int64_t again;

	(void)state;
	assert_true(
	    calendar_read_time(bytes_text("2016-07-24T23:30:05Z"), &seconds));
	for (size_t i = 0; i < COUNT_OF(all); i++) {
		char text[CALENDAR_TIME_SIZE];

		calendar_write_time(seconds, all[i].offset_seconds, text);
		assert_string_equal(text, all[i].text);
		assert_true(calendar_read_time(bytes_text(text), &again));
		assert_int_equal(again, seconds);
	}
}

static void
months_end_where_the_month_ends(void **state)
{
	int64_t sum;

	(void)state;
	assert_true(calendar_add_months(day("2016-01-31"), 1, &sum));
	assert_int_equal(sum, day("2016-02-29"));
	assert_true(calendar_add_months(day("2016-03-31"), -13, &sum));
	assert_int_equal(sum, day("2015-02-28"));
	assert_true(calendar_add_months(day("2016-12-01"), 1, &sum));
	assert_int_equal(sum, day("2017-01-01"));
	assert_false(calendar_add_months(day("9999-12-01"), 1, &sum));
	assert_false(calendar_add_months(day("0001-01-01"), -1, &sum));
	assert_false(calendar_add_months(day("2016-01-01"), INT64_MAX, &sum));
	assert_int_equal(calendar_weekday(day("2016-07-25")), 0);
	assert_int_equal(calendar_weekday(day("1969-12-28")), 6);
}

static void
birthdays_come_once_a_year(void **state)
{
	int64_t on;

	(void)state;
	assert_true(calendar_birthday(day("1952-02-29"), 65, &on));
	assert_int_equal(on, day("2017-03-01"));
	assert_true(calendar_birthday(day("1952-02-29"), 68, &on));
	assert_int_equal(on, day("2020-02-29"));
	assert_int_equal(
	    calendar_age(day("1951-07-26"), day("2016-07-25")), 64);
	assert_int_equal(
	    calendar_age(day("1951-07-25"), day("2016-07-25")), 65);
	assert_int_equal(
	    calendar_age(day("1952-02-29"), day("2017-02-28")), 64);
	assert_int_equal(
	    calendar_age(day("1952-02-29"), day("2017-03-01")), 65);
	assert_int_equal(
	    calendar_age(day("2016-07-26"), day("2016-07-25")), -1);
	assert_false(calendar_birthday(day("9990-01-01"), 20, &on));
	assert_int_equal(calendar_age(day("9990-02-01"), day("9999-12-31")), 9);
}

/* A machine whose clock was set wrong goes on: the day it shows is one. */
static void
a_clock_far_ahead_shows_the_end_of_the_calendar(void **state)
{
	const uint64_t far_ms[] = {UINT64_C(253402300799999),
	    UINT64_C(253402300800000), UINT64_C(567804000000000), UINT64_MAX};
	char text[CALENDAR_TIME_SIZE];

	(void)state;
	assert_int_equal(calendar_seconds(0), 0);
	assert_int_equal(calendar_seconds(UINT64_C(1700000000999)), 1700000000);
	for (size_t i = 0; i < COUNT_OF(far_ms); i++) {
		int64_t seconds = calendar_seconds(far_ms[i]);

		assert_true(calendar_has(calendar_day_at(seconds, 86340)));
		calendar_write_time(seconds, 86340, text);
		assert_memory_equal(text, "9999-12-31", 10);
		calendar_write_time(seconds, -86340, text);
		assert_memory_equal(text, "9999-12-", 8);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(numbers_follow_the_days_one_by_one),
	    cmocka_unit_test(what_is_no_day_is_not_read),
	    cmocka_unit_test(times_are_counted_in_seconds),
	    cmocka_unit_test(times_are_written_by_the_clocks_of_a_place),
	    cmocka_unit_test(months_end_where_the_month_ends),
	    cmocka_unit_test(a_clock_far_ahead_shows_the_end_of_the_calendar),
	    cmocka_unit_test(birthdays_come_once_a_year),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
