/*
 * Promises of proto/period.h: what people name is the days that they mean, and
 * what is no span is refused.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "proto/calendar.h"
#include "proto/period.h"

static int64_t
day(const char *text)
{
	int64_t at;

	assert_true(calendar_read_day(bytes_text(text), &at));
	return at;
}

static void
spans_are_whole_days(void **state)
{
	static const struct {
		const char *text;
		const char *first;
		const char *last;
	} examples[] = {
	    {"2016", "2016-01-01", "2016-12-31"},
	    {"2016-Q1", "2016-01-01", "2016-03-31"},
	    {"2016-Q4", "2016-10-01", "2016-12-31"},
	    {"2016-02", "2016-02-01", "2016-02-29"},
	    {"2015-02", "2015-02-01", "2015-02-28"},
	    {"1900-02", "1900-02-01", "1900-02-28"},
	    {"2000-02", "2000-02-01", "2000-02-29"},
	    {"2016-02-29", "2016-02-29", "2016-02-29"},
	    {"2015/2016", "2015-01-01", "2016-12-31"},
	    {"2015-12..2016-01", "2015-12-01", "2016-01-31"},
	    {"2015-12-31/2016-01-01", "2015-12-31", "2016-01-01"},
	    {"2016-01/2016-Q2", "2016-01-01", "2016-06-30"},
	    {"0001", "0001-01-01", "0001-12-31"},
	    {"9999", "9999-01-01", "9999-12-31"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(examples); i++) {
		struct period period;

		assert_true(period_read(bytes_text(examples[i].text), &period));
		assert_int_equal(period.first, day(examples[i].first));
		assert_int_equal(period.last, day(examples[i].last));
	}
}

static void
one_end_may_be_open(void **state)
{
	struct period period;

	(void)state;
	assert_true(period_read(bytes_text("2016-07/"), &period));
	assert_int_equal(period.first, day("2016-07-01"));
	assert_true(period.last == INT64_MAX);
	assert_true(period_read(bytes_text("..2016-Q2"), &period));
	assert_true(period.first == INT64_MIN);
	assert_int_equal(period.last, day("2016-06-30"));
}

static void
what_names_no_span_is_refused(void **state)
{
	static const char *const texts[] = {"", "/", "..", ".", "2", "201",
	    "20166", "2016-", "2016-0", "2016-00", "2016-13", "2016-Q0",
	    "2016-Q5", "2016-Q", "2016-Q11", "2016-q1", "2016-QQ", "2016-1",
	    "2016/7/25", "2016x07", "2016Q03", "2016-02-30", "2015-02-29",
	    "0000", "0000-01", "-016", "+016", "2016 ", " 2016",
	    "2016-07-25T00:00:00Z", "2017/2016", "2016-07-25/2016-07-24",
	    "2016//2017", "2016...2017", "2016-x7", "x/2016", "2016/x",
	    "２０１６"};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		struct period period;

		if (period_read(bytes_text(texts[i]), &period))
			fail_msg("'%s' was read", texts[i]);
	}
}

/* A zero byte is no end. */
static void
a_span_ends_where_its_bytes_end(void **state)
{
	struct period period;

	(void)state;
	assert_false(period_read(bytes_of("2016\0", 5), &period));
	assert_true(period_read(bytes_of("2016-07", 4), &period));
	assert_int_equal(period.last, day("2016-12-31"));
}

static void
one_span_has_another_when_all_its_days_are_in_it(void **state)
{
	struct period year;
	struct period other;

	(void)state;
	assert_true(period_read(bytes_text("2016"), &year));
	assert_true(period_has(&year, &year));
	assert_true(period_read(bytes_text("2016-12-31"), &other));
	assert_true(period_has(&year, &other));
	assert_false(period_has(&other, &year));
	assert_true(period_read(bytes_text("2015-12-31/2016-01-01"), &other));
	assert_false(period_has(&year, &other));
	assert_true(period_read(bytes_text("2016-06/"), &other));
	assert_false(period_has(&year, &other));
	assert_true(period_has(&(struct period){INT64_MIN, INT64_MAX}, &other));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(spans_are_whole_days),
	    cmocka_unit_test(one_end_may_be_open),
	    cmocka_unit_test(what_names_no_span_is_refused),
	    cmocka_unit_test(a_span_ends_where_its_bytes_end),
	    cmocka_unit_test(one_span_has_another_when_all_its_days_are_in_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
