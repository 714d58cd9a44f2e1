/*
 * What charts of reports show: cli/report_words.h.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cli/report_words.h"

static void
what_cannot_be_drawn_is_nothing_in_a_chart(void **state)
{
	const struct figure_number three = {.is_there = true, .n = 3};
	const struct figure_number below = {.is_there = true, .n = -3};
	const struct figure_number none = {.n = 3};
	const struct figure_number large = {
	    .is_there = true, .too_large = true, .n = INT64_MAX};
	struct report_row rows[] = {
	    {.cells = &large}, {.cells = &three}, {.cells = &none}};
	const struct report_table table = {.rows = rows, .rows_n = 3};
	const struct report_table empty = {.rows = rows, .rows_n = 1};

	(void)state;
	assert_int_equal(report_words_drawn(&three), 3);
	assert_int_equal(report_words_drawn(&below), 0);
	assert_int_equal(report_words_drawn(&none), 0);
	assert_int_equal(report_words_drawn(&large), 0);
	assert_int_equal(report_words_largest(&table), 3);
	assert_int_equal(report_words_largest(&empty), 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_cannot_be_drawn_is_nothing_in_a_chart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
