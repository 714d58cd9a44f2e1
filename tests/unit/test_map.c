/*
 * Promises of cli/map.h: what docs/importing.md does not allow is refused with
 * its place, and the mappings that are compiled in are fine.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cli/map_open.h"
#include "cli/map_tree.h"

static struct pack *pack;

static int
start(void **state)
{
	(void)state;
	return pack_parse(pack_embedded(), &pack) != ERR_OK;
}

static int
end(void **state)
{
	(void)state;
	pack_free(pack);
	return 0;
}

/* A mapping that is fine, and has most keys; ` stands for a quote. */
static const char whole[] =
    "{`format`:1,`name`:`a`,`pack`:`chatdong`,`source`:`s`,`dates`:[`iso`],"
    "`columns`:[{`name`:`no`,`header`:[`번 호`,`No`]},"
    "{`name`:`who`,`header`:[`성명`]},{`name`:`day`,`header`:[`날`]},"
    "{`name`:`dong`,`header`:[`동`],`fill_down`:true}],"
    "`ignore`:[`비고`],`skip`:[{`column`:`no`,`empty`:true}],"
    "`unit`:[`dong`],`records`:[{`collection`:`volunteer`,`key`:[`no`],"
    "`at`:`day`,`fields`:{`kinds`:{`constant`:`시민찾동이`},"
    "`name`:{`column`:`who`},`dong`:{`unit`:true},"
    "`join_channel`:{`constant`:`추천`},`state`:{`constant`:`applied`},"
    "`joined_on`:{`column`:`day`}}}]}";

/* `whole` with `from` as `to`, with quotes. */
static void
changed(const char *from, const char *to, struct buf *out)
{
	const char *at = strstr(whole, from);

	assert_non_null(at);
	buf_add(out, bytes_of(whole, (size_t)(at - whole)));
	buf_add_text(out, to);
	buf_add_text(out, at + strlen(from));
	for (size_t i = 0; i < out->n; i++)
		if (out->p[i] == '`')
			out->p[i] = '"';
}

static void
a_mapping_is_read(void **state)
{
	struct buf json = {0};
	struct map *map;

	(void)state;
	changed("", "", &json);
	if (map_parse(pack, buf_bytes(&json), &map) != ERR_OK)
		fail_msg("%s", err_text());
	assert_string_equal(map->name, "a");
	assert_string_equal(map->label.ko, "a");
	assert_int_equal(map->header, 1);
	assert_int_equal(map->columns_n, 4);
	assert_true(bytes_is(map->columns[0].headers[0], "번호"));
	assert_string_equal(map->columns[0].shown, "번 호");
	assert_true(map->columns[3].fill_down);
	assert_true(bytes_is(map->ignore[0], "비고"));
	assert_false(map->ignore_all);
	assert_true(map->skips[0].empty);
	assert_int_equal(map->records_n, 1);
	assert_int_equal(map->records[0].key.at[0], 0);
	assert_int_equal(map->records[0].at, 2);
	assert_false(map->records[0].given);
	assert_int_equal(map->records[0].fields_n, 6);
	map_free(map);
	buf_fini(&json);
}

static void
the_mappings_of_the_program_are_fine(void **state)
{
	(void)state;
	for (size_t i = 0; i < 4; i++) {
		struct map *map;

		if (map_parse(pack, map_open_embedded(i), &map) != ERR_OK)
			fail_msg("%zu: %s", i, err_text());
		map_free(map);
	}
	assert_int_equal(map_open_embedded(4).n, 0);
}

static void
what_is_not_allowed_is_refused(void **state)
{
	static const struct {
		const char *from;
		const char *to;
		const char *text;
	} wrongs[] = {
	    {"{`format`:1", "[", "column"},
	    {"`format`:1", "`format`:2", "mapping: format: this program reads"},
	    {"`source`", "`sauce`", "mapping: sauce: unknown key"},
	    {"`chatdong`", "`clinic`", "is for the pack clinic"},
	    {"[`iso`]", "[`is`]", "there is no style 'is'"},
	    {"[`iso`]", "[`month_first`,`day_first`]", "in two ways"},
	    {"`name`:`who`,", "`name`:`no`,", "columns[1]: name: no stands"},
	    {"`name`:`who`,", "`name`:`unit`,", "keys call the unit so"},
	    {"`header`:[`성명`]", "`header`:[]", "columns[1]: header: must be"},
	    {",`empty`:true", "", "skip[0]: has to have empty or is"},
	    {"{`column`:`no`,`empty`", "{`column`:`nu`,`empty`",
		"skip[0]: column: columns have no 'nu'"},
	    {"`unit`:[`dong`],", "", "records[0]: "},
	    {"`volunteer`", "`voluntier`", "records[0]: "},
	    {"`key`:[`no`],", "", "records[0]: key: missing"},
	    {"`key`:[`no`]", "`key`:[`who`]", "key: who is personal"},
	    {"{`column`:`who`}", "{`column`:`who`,`constant`:`x`}",
		"records[0]: fields.name: has to have column, columns"},
	    {"{`column`:`who`}", "{`column`:`who`,`clean`:`soap`}",
		"fields.name: clean: must be one of none, text, phone"},
	    {"{`column`:`who`}", "{`column`:`who`,`split`:[`,`]}",
		"fields.name: split: it has one value"},
	    {"{`column`:`who`}", "{`column`:`who`,`dates`:[`dots`]}",
		"fields.name: dates: it is no day"},
	    {"{`column`:`who`}", "{`column`:`who`,`other`:`x`}",
		"fields.name: other: there are no codes"},
	    {"{`column`:`who`}", "{`column`:`who`,`suffixes`:[`x`]}",
		"fields.name: suffixes: only of clean"},
	    {"{`column`:`who`}",
		"{`column`:`who`,`codes`:{`a b`:`x`,`ab`:`y`}}",
		"stands there twice"},
	    {"{`column`:`who`}", "{`record`:`campaign`}",
		"fields.name: record: no earlier one"},
	    {"{`column`:`who`}", "{`unit`:true}", "fields.name: is no refe"},
	    {"{`unit`:true}", "{`column`:`dong`}", "fields.dong: is a refe"},
	    {"`name`:{`column`:`who`},", "", "volunteer.name is required"},
	    {"`name`:{", "`hours`:{`column`:`no`},`name`:{",
		"fields.hours: is a counter"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(wrongs); i++) {
		struct buf json = {0};
		struct map *map;
		enum err e;

		changed(wrongs[i].from, wrongs[i].to, &json);
		e = map_parse(pack, buf_bytes(&json), &map);
		assert_null(map);
		assert_true(e == ERR_INVALID || e == ERR_VERSION);
		if (strstr(err_text(), wrongs[i].text) == NULL)
			fail_msg("%zu: %s: %s", i, wrongs[i].to, err_text());
		buf_fini(&json);
	}
}

static enum err
member_add(void *arg, struct bytes key, struct bytes text)
{
	struct buf *all = arg;

	buf_add(all, key);
	buf_add_u8(all, '=');
	buf_add(all, text);
	buf_add_u8(all, ' ');
	return ERR_OK;
}

static void
lines_of_json_are_rows(void **state)
{
	struct buf all = {0};

	(void)state;
	assert_int_equal(
	    map_tree_read(bytes_text("{\"a\":1,\"b\":null,\"c\":[\"x\",2,true]"
				     ",\"d\":{\"e\":{\"f\":\"y\"}}}"),
		member_add, &all),
	    ERR_OK);
	assert_string_equal(buf_text(&all), "a=1 c=x;2;true d.e.f=y ");
	assert_int_equal(
	    map_tree_read(bytes_text("[1]"), member_add, &all), ERR_INVALID);
	assert_int_equal(
	    map_tree_read(bytes_text("{\"a\":[[1]]}"), member_add, &all),
	    ERR_INVALID);
	assert_non_null(strstr(err_text(), "'a': is no text"));
	buf_fini(&all);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_mapping_is_read),
	    cmocka_unit_test(the_mappings_of_the_program_are_fine),
	    cmocka_unit_test(what_is_not_allowed_is_refused),
	    cmocka_unit_test(lines_of_json_are_rows),
	};

	return cmocka_run_group_tests(tests, start, end);
}
