/*
 * Values of expressions as text and as JSON: cli/show_expr.h.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cli/object.h"
#include "cli/show_expr.h"

static const uint8_t reference[] = {0x01, 0xa1, 0x02, 0xb2, 0x03, 0xc3};

/* One value of each type, and how it looks: short, whole, in JSON. */
static const struct {
	struct expr_value value;
	const char *brief;
	const char *whole;
	const char *json;
} all[] = {
    {{.type = EXPR_NOTHING}, "", "", "null"},
    {{.type = EXPR_BOOL, .i = 1}, "yes", "true", "true"},
    {{.type = EXPR_BOOL}, "no", "false", "false"},
    {{.type = EXPR_INT, .i = -12}, "-12", "-12", "-12"},
    {{.type = EXPR_TEXT, .b = {(const uint8_t *)"a\"b", 3}}, "a\"b", "a\"b",
	"\"a\\\"b\""},
    {{.type = EXPR_DATE, .i = 17007}, "2016-07-25", "2016-07-25",
	"\"2016-07-25\""},
    {{.type = EXPR_DATE, .i = INT64_MAX}, "", "", "\"\""},
    {{.type = EXPR_DATETIME, .i = 1469403005}, "2016-07-25 08:30",
	"2016-07-25T08:30:05+09:00", "\"2016-07-25T08:30:05+09:00\""},
    {{.type = EXPR_SPAN, .i = 3 * 86400}, "3d", "259200", "259200"},
    {{.type = EXPR_SPAN, .i = 12 * 3600}, "12h", "43200", "43200"},
    {{.type = EXPR_REF, .b = {reference, sizeof(reference)}}, "01a102b2",
	"01a102b203c3", "\"01a102b203c3\""},
};

static void
is_shown(const struct expr_value *value, const char *brief, const char *whole,
    const char *json)
{
	const struct pack pack = {.clock_seconds = 9 * 3600};
	struct buf text = {0};

	show_expr_text(&pack, value, SHOW_EXPR_SHORT, &text);
	assert_string_equal(buf_text(&text), brief);
	buf_cut(&text, 0);
	show_expr_text(&pack, value, SHOW_EXPR_WHOLE, &text);
	assert_string_equal(buf_text(&text), whole);
	buf_cut(&text, 0);
	object_array(&text, NULL);
	show_expr_json(&pack, NULL, value, &text);
	object_array_end(&text);
	buf_cut(&text, text.n - 1);
	assert_string_equal(buf_text(&text) + 1, json);
	buf_fini(&text);
}

static void
each_type_has_a_short_and_a_whole_form(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(all); i++)
		is_shown(
		    &all[i].value, all[i].brief, all[i].whole, all[i].json);
}

static void
sets_are_lists_of_their_elements(void **state)
{
	const struct expr_value items[] = {
	    {.type = EXPR_INT, .i = 1}, {.type = EXPR_INT, .i = 2}};
	const struct expr_value set = {
	    .type = EXPR_INT, .is_set = true, .items = items, .n = 2};
	const struct expr_value empty = {.type = EXPR_INT, .is_set = true};

	(void)state;
	is_shown(&set, "1, 2", "1;2", "[1,2]");
	is_shown(&empty, "", "", "[]");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_type_has_a_short_and_a_whole_form),
	    cmocka_unit_test(sets_are_lists_of_their_elements),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
