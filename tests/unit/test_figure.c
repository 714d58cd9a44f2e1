/*
 * Promises of core/figure.h that need no store: how parts add up to rows, and
 * how numbers are divided.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/figure.h"
#include "core/figure_key.h"
#include "proto/mem.h"

/* In tables of what is wanted: no number, and one too large. */
#define NONE (INT64_MIN + 100)
#define MANY (INT64_MIN + 200)

static void
number_is(const struct figure_number *number, int64_t wanted)
{
	assert_int_equal(number->too_large, wanted == MANY);
	if (wanted == MANY)
		return;
	assert_int_equal(number->is_there, wanted != NONE);
	if (number->is_there)
		assert_true(number->n == wanted);
}

/* ---- ratios ------------------------------------------------------------- */

static void
ratios_are_rounded_to_the_nearest(void **state)
{
	static const struct {
		int64_t a;
		int64_t b;
		unsigned digits;
		bool percent;
		int64_t wanted;
	} examples[] = {
	    {3183, 498, 1, false, 64}, /* 6.39 */
	    {152, 57, 1, false, 27},   /* 2.67 */
	    {1, 2, 0, false, 1},
	    {-1, 2, 0, false, -1},
	    {1, -2, 0, false, -1},
	    {-1, -2, 0, false, 1},
	    {49, 100, 0, false, 0},
	    {-49, 100, 0, false, 0},
	    {51, 100, 0, false, 1},
	    {1, 3, 6, false, 333333},
	    {2, 3, 6, false, 666667},
	    {-2, 3, 6, false, -666667},
	    {61, 659, 1, true, 93},
	    {13, 31, 0, true, 42},
	    {0, 5, 6, true, 0},
	    {0, -5, 6, true, 0},
	    {7, 0, 1, false, NONE},
	    {0, 0, 0, true, NONE},
	    {INT64_MAX, INT64_MAX, 0, false, 1},
	    {INT64_MAX, 1, 0, false, INT64_MAX},
	    {INT64_MAX, -1, 0, false, -INT64_MAX},
	    {INT64_MAX, 2, 0, false, INT64_MAX / 2 + 1},
	    {1, INT64_MAX, 0, false, 0},
	    {1, INT64_MIN, 0, false, 0},
	    {INT64_MAX, INT64_MIN, 0, false, -1},
	    {INT64_MIN, 1, 0, false, MANY},
	    {INT64_MAX, 1, 1, false, MANY},
	    {INT64_MAX / 100000000, 1, 6, true,
		INT64_MAX / 100000000 * 100000000},
	    {INT64_MAX / 100000000 + 1, 1, 6, true, MANY},
	    {INT64_MIN / 100000000 - 1, 1, 6, true, MANY},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(examples); i++) {
		struct figure_number a = {.is_there = true, .n = examples[i].a};
		struct figure_number b = {.is_there = true, .n = examples[i].b};
		struct figure_number ratio = figure_divide(
		    &a, &b, examples[i].digits, examples[i].percent);

		number_is(&ratio, examples[i].wanted);
	}
}

static void
a_ratio_of_what_is_not_there_is_not_there(void **state)
{
	const struct figure_number none = {0};
	const struct figure_number five = {.is_there = true, .n = 5};
	const struct figure_number many = {
	    .is_there = true, .too_large = true, .n = INT64_MAX};
	struct figure_number ratio;

	(void)state;
	ratio = figure_divide(&none, &five, 1, false);
	number_is(&ratio, NONE);
	ratio = figure_divide(&five, &none, 1, false);
	number_is(&ratio, NONE);
	ratio = figure_divide(&many, &five, 0, false);
	number_is(&ratio, MANY);
	ratio = figure_divide(&five, &many, 0, false);
	number_is(&ratio, MANY);
}

/* ---- adding up ---------------------------------------------------------- */

struct given {
	const char *key;
	int64_t high;
	uint64_t low;
	const char *element;
};

static void
reduce(const struct given *given, size_t n, bool distinct,
    const struct figure_rows *rows, const int64_t *wanted, int64_t total)
{
	struct figure_number numbers[8];
	struct figure_number all;
	struct figure_parts parts = {.n = n, .distinct = distinct};

	assert_true(rows->n <= COUNT_OF(numbers));
	parts.p = mem_zeros(n + 1, sizeof(*parts.p));
	for (size_t i = 0; i < n; i++) {
		parts.p[i].key = bytes_text(given[i].key);
		parts.p[i].sum = (struct view_sum){
		    .high = given[i].high, .low = given[i].low};
		parts.p[i].element = bytes_text(
		    distinct ? given[i].element : "");
	}
	figure_reduce(&parts, rows, numbers, &all);
	for (size_t i = 0; i < rows->n; i++)
		number_is(&numbers[i], wanted[i]);
	number_is(&all, total);
	figure_fini(&parts);
	assert_null(parts.p);
}

static void
no_parts_come_to_nothing(void **state)
{
	const struct bytes keys[] = {bytes_text("a")};
	const struct figure_rows none = {.n = 0};
	const struct figure_rows one = {.keys = keys, .n = 1};

	(void)state;
	reduce(NULL, 0, false, &none, NULL, 0);
	reduce(NULL, 0, true, &none, NULL, 0);
	reduce(NULL, 0, false, &one, (const int64_t[]){0}, 0);
	reduce(NULL, 0, true, &one, (const int64_t[]){0}, 0);
}

static void
sums_may_be_negative_and_larger_than_a_number(void **state)
{
	const struct bytes keys[] = {
	    bytes_text(""), bytes_text("a"), bytes_text("b")};
	const struct figure_rows rows = {.keys = keys, .n = 3};
	static const struct given given[] = {
	    {"b", 0, INT64_MAX, NULL},
	    {"a", -1, (uint64_t)-5, NULL},
	    {"b", 0, 1, NULL},
	    {"", 0, 0, NULL},
	    {"a", 0, 2, NULL},
	    {"a", -1, (uint64_t)INT64_MIN, NULL},
	    {"a", 0, 4, NULL},
	};

	(void)state;
	/* On the way "a" is beyond a number, and so is the total. */
	reduce(given, COUNT_OF(given), false, &rows,
	    (const int64_t[]){0, INT64_MIN + 1, MANY}, 1);
}

static void
rows_that_rise_hold_those_before(void **state)
{
	const struct bytes keys[] = {
	    bytes_text("a"), bytes_text("b"), bytes_text("c")};
	/* They stand in the order c, a, b. */
	const size_t places[] = {1, 2, 0};
	const struct figure_rows rows = {
	    .keys = keys, .n = 3, .places = places};
	static const struct given sums[] = {{"a", 0, 10, NULL},
	    {"b", 0, 200, NULL}, {"c", 0, 1, NULL}, {"c", 0, 3, NULL}};
	static const struct given elements[] = {{"a", 0, 1, "x"},
	    {"b", 0, 1, "x"}, {"c", 0, 1, "y"}, {"b", 0, 1, "z"},
	    {"a", 0, 1, "y"}, {"b", 0, 7, "z"}};

	(void)state;
	reduce(sums, COUNT_OF(sums), false, &rows,
	    (const int64_t[]){14, 214, 4}, 214);
	reduce(elements, COUNT_OF(elements), true, &rows,
	    (const int64_t[]){2, 3, 1}, 3);
}

static void
an_element_counts_once_in_a_row_and_once_in_all(void **state)
{
	const struct bytes keys[] = {
	    bytes_text("a"), bytes_text("b"), bytes_text("c")};
	const struct figure_rows rows = {.keys = keys, .n = 3};
	static const struct given elements[] = {{"a", 0, 4, "x"},
	    {"b", 0, 1, "x"}, {"a", 0, 9, "y"}, {"b", 0, 1, "x"},
	    {"a", 0, 1, "x"}, {"a", 0, 1, ""}};

	(void)state;
	reduce(elements, COUNT_OF(elements), true, &rows,
	    (const int64_t[]){3, 1, 0}, 3);
}

/* Of a merged record nothing stays, of an element only when another has it. */
static void
what_is_taken_away_counts_no_more(void **state)
{
	const struct bytes keys[] = {bytes_text("a"), bytes_text("b")};
	const size_t places[] = {0, 1};
	const struct figure_rows rows = {.keys = keys, .n = 2};
	const struct figure_rows rising = {
	    .keys = keys, .n = 2, .places = places};
	static const struct given elements[] = {{"a", 0, 1, "x"},
	    {"a", -1, UINT64_MAX, "x"}, {"b", 0, 1, "x"}, {"a", 0, 2, "y"},
	    {"a", -1, UINT64_MAX, "y"}, {"b", 0, 1, "z"},
	    {"b", -1, UINT64_MAX, "z"}};

	(void)state;
	reduce(elements, COUNT_OF(elements), true, &rows,
	    (const int64_t[]){1, 1}, 2);
	reduce(elements, COUNT_OF(elements), true, &rising,
	    (const int64_t[]){1, 2}, 2);
}

/* ---- keys --------------------------------------------------------------- */

enum { SEOUL = 9 * 3600, EVENING = 1795361400 /* 2026-11-22 15:30 UTC */ };

/* What has none would be one row, one element, with what is not there. */
static void
values_that_differ_have_keys_that_do(void **state)
{
	static const uint8_t id[16] = {0xab};
	static const struct {
		struct expr_value value;
		const char *key;
		const char *when;
	} examples[] = {
	    {{.type = EXPR_NOTHING}, "", ""},
	    {{.type = EXPR_BOOL, .i = 1}, "true", "true"},
	    {{.type = EXPR_INT, .i = INT64_MAX}, "9223372036854775807",
		"9223372036854775807"},
	    {{.type = EXPR_DATE, .i = 0}, "1970-01-01", "1970-01-01"},
	    {{.type = EXPR_DATETIME, .i = EVENING}, "2026-11-23T00:30:00+09:00",
		"2026-11-23"},
	    {{.type = EXPR_DATETIME, .i = EVENING + 1},
		"2026-11-23T00:30:01+09:00", "2026-11-23"},
	    {{.type = EXPR_DATETIME, .i = INT64_MAX}, "9223372036854775807",
		"9223372036854775807"},
	    {{.type = EXPR_SPAN, .i = -7}, "-7", "-7"},
	    {{.type = EXPR_BYTES, .b = {id, 1}}, "ab", "ab"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(examples); i++) {
		struct buf key = {0};

		figure_key_value(NULL, SEOUL, &examples[i].value, &key);
		assert_string_equal(buf_text(&key), examples[i].key);
		buf_cut(&key, 0);
		figure_key_when(NULL, SEOUL, &examples[i].value, &key);
		assert_string_equal(buf_text(&key), examples[i].when);
		buf_fini(&key);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(ratios_are_rounded_to_the_nearest),
	    cmocka_unit_test(a_ratio_of_what_is_not_there_is_not_there),
	    cmocka_unit_test(no_parts_come_to_nothing),
	    cmocka_unit_test(sums_may_be_negative_and_larger_than_a_number),
	    cmocka_unit_test(rows_that_rise_hold_those_before),
	    cmocka_unit_test(an_element_counts_once_in_a_row_and_once_in_all),
	    cmocka_unit_test(what_is_taken_away_counts_no_more),
	    cmocka_unit_test(values_that_differ_have_keys_that_do),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
