/*
 * Promises of core/pack_compare.h: a later version of a pack loses nothing.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/pack_compare.h"
#include "tests/lib/clinic.h"

/* The clinic with `from` written as `to`, as another version. */
static struct pack *
version_make(const char *from, const char *to, uint64_t version)
{
	struct pack *pack = clinic_pack(from, to);

	pack->version = version;
	return pack;
}

static const struct {
	const char *from;
	const char *to;
	const char *losses;
} lost[] = {
    {"`name`:`clinic`", "`name`:`clinic2`",
	"name: was clinic and is clinic2\n"},
    {"`name`:`pair`,`space`:`match`", "`name`:`pair`,`space`:`unit`",
	"pair: space: was match and is unit\n"},
    {"`en`:`Birth`},`kind`:`register`", "`en`:`Birth`},`kind`:`set`",
	"task.born: kind: was register and is set\n"},
    {"`type`:`int`,`class`:`N`,`min`:0", "`type`:`money`,`class`:`N`,`min`:0",
	"task.score: type: was int and is money\n"},
    {"`type`:`date`,`class`:`P`", "`type`:`date`,`class`:`N`",
	"task.born: class: was P and is N\n"},
    {"`unit`:`회`", "`unit`:`분`", "task.tries: unit: was 회 and is 분\n"},
    {",`unit`:`회`", "", "task.tries: unit: was 회 and is none\n"},
    {"`values`:[`x`,`y`]", "`values`:[`x`]",
	"task.people: values: 'y' is gone\n"},
    {",{`value`:`c`}", "",
	"task.kind: values: 'c' is gone\n"
	"codes kind: 'c' is gone: say by \"to\" when it ended\n"},
    {"`targets`:[`task`,`twin`]", "`targets`:[`twin`]",
	"pair.a: targets: task is gone\n"},
    {"`type`:`date`,`class`:`P`,`not_after`:`now`",
	"`type`:`enum`,`values`:[`a`],`class`:`P`",
	"task.born: type: was date and is enum\n"},
    {"`as`:`address`", "`as`:`name`",
	"task.secret_key: match.as: was address and is name\n"},
};

static void
each_loss_is_told(void **state)
{
	struct pack *old = version_make(NULL, NULL, 1);

	(void)state;
	for (size_t i = 0; i < COUNT_OF(lost); i++) {
		struct buf losses = {0};
		struct pack *next;

		next = version_make(lost[i].from, lost[i].to, 2);
		assert_int_equal(
		    pack_compare_versions(old, next, &losses), ERR_INVALID);
		assert_string_equal(buf_text(&losses), lost[i].losses);
		buf_fini(&losses);
		pack_free(next);
	}
	pack_free(old);
}

static void
what_is_gone_is_told_by_name(void **state)
{
	struct pack *old = version_make("{`name`:`match_key`",
	    "{`name`:`old`,`space`:`task`,`label`:{`ko`:`a`,`en`:`a`},"
	    "`fields`:[{`name`:`f`,`label`:{`ko`:`a`,`en`:`a`},"
	    "`kind`:`notes`,`class`:`N`}]},{`name`:`match_key`",
	    1);
	struct pack *next = version_make(NULL, NULL, 2);
	struct buf losses = {0};

	(void)state;
	assert_int_equal(
	    pack_compare_versions(old, next, &losses), ERR_INVALID);
	assert_string_equal(buf_text(&losses), "old: the collection is gone\n");
	assert_string_equal(err_text(),
	    "version 2 cannot replace version 1 of the pack clinic: old: the "
	    "collection is gone");
	pack_free(old);
	old = version_make("{`name`:`due_on`",
	    "{`name`:`gone_on`,`label`:{`ko`:`a`,`en`:`a`},`kind`:`notes`,"
	    "`class`:`N`},{`name`:`due_on`",
	    3);
	buf_cut(&losses, 0);
	assert_int_equal(
	    pack_compare_versions(old, next, &losses), ERR_INVALID);
	assert_string_equal(buf_text(&losses),
	    "version: 2 must be above 3\n"
	    "task.gone_on: the field is gone\n");
	assert_string_equal(err_text(),
	    "version 2 cannot replace version 3 of the pack clinic: version: 2 "
	    "must be above 3, and more");
	pack_free(old);
	old = version_make("`codes`:[{`name`:`kind`",
	    "`codes`:[{`name`:`unused`,`values`:[{`value`:`a`}]},"
	    "{`name`:`kind`",
	    1);
	buf_cut(&losses, 0);
	assert_int_equal(
	    pack_compare_versions(old, next, &losses), ERR_INVALID);
	assert_string_equal(
	    buf_text(&losses), "codes unused: the list is gone\n");
	pack_free(old);
	buf_fini(&losses);
	pack_free(next);
}

/* A map without names takes any. */
static void
names_of_a_map_may_be_freed_but_not_bound(void **state)
{
	static const char born[] =
	    "`type`:`date`,`class`:`P`,`not_after`:`now`";
	struct pack *any = version_make(born, "`type`:`map`,`class`:`P`", 1);
	struct pack *some = version_make(
	    born, "`type`:`map`,`class`:`P`,`values`:[`a`,`b`]", 1);
	struct buf losses = {0};

	(void)state;
	assert_int_equal(
	    pack_compare_contents(any, some, &losses), ERR_INVALID);
	assert_string_equal(
	    buf_text(&losses), "task.born: values: any name was allowed\n");
	buf_cut(&losses, 0);
	assert_int_equal(pack_compare_contents(some, any, &losses), ERR_OK);
	assert_int_equal(losses.n, 0);
	buf_fini(&losses);
	pack_free(any);
	pack_free(some);
}

/* What it filled would stay as it is for ever. */
static void
a_match_stays(void **state)
{
	static const char before[] = "{`name`:`score`";
	static const char with[] =
	    "{`name`:`key2`,`label`:{`ko`:`가`,`en`:`a`},`kind`:`register`,"
	    "`type`:`hash`,`class`:`P`,`match`:{`of`:`secret`,`as`:`name`}},"
	    "{`name`:`score`";
	static const char without[] =
	    "{`name`:`key2`,`label`:{`ko`:`가`,`en`:`a`},`kind`:`register`,"
	    "`type`:`hash`,`class`:`P`},{`name`:`score`";
	struct pack *old = version_make(before, with, 1);
	struct pack *next = version_make(before, without, 2);
	struct buf losses = {0};

	(void)state;
	assert_int_equal(
	    pack_compare_versions(old, next, &losses), ERR_INVALID);
	assert_string_equal(buf_text(&losses), "task.key2: match: is gone\n");
	buf_fini(&losses);
	pack_free(next);
	pack_free(old);
}

static const struct {
	const char *from;
	const char *to;
} kept[] = {
    {NULL, NULL},
    {"{`value`:`b`}", "{`value`:`b`,`to`:`2020-01-01`},{`value`:`d`}"},
    {"`values`:[`x`,`y`]", "`values`:[`z`,`y`,`x`]"},
    {"`targets`:[`task`,`twin`]", "`targets`:[`pair`,`twin`,`task`]"},
    {"`type`:`int`,`class`:`N`,`min`:0",
	"`type`:`int`,`class`:`N`,`required`:true,`min`:1"},
    {"`ko`:`점수`", "`ko`:`점`"},
    {"{`name`:`score`",
	"{`name`:`added`,`label`:{`ko`:`a`,`en`:`a`},`kind`:`notes`,"
	"`class`:`S`},{`name`:`score`"},
};

static void
what_only_adds_may_replace(void **state)
{
	struct pack *old = version_make(NULL, NULL, 1);

	(void)state;
	for (size_t i = 0; i < COUNT_OF(kept); i++) {
		struct pack *next = version_make(kept[i].from, kept[i].to, 2);
		struct buf losses = {0};

		if (pack_compare_versions(old, next, &losses) != ERR_OK)
			fail_msg("%s", err_text());
		assert_int_equal(losses.n, 0);
		pack_free(next);
	}
	pack_free(old);
}

static void
a_version_replaces_no_version_that_is_as_high(void **state)
{
	struct pack *old = version_make(NULL, NULL, 2);
	struct pack *next = version_make(NULL, NULL, 2);
	struct buf losses = {0};

	(void)state;
	assert_int_equal(
	    pack_compare_versions(old, next, &losses), ERR_INVALID);
	assert_string_equal(buf_text(&losses), "version: 2 must be above 2\n");
	buf_fini(&losses);
	pack_free(next);
	pack_free(old);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_loss_is_told),
	    cmocka_unit_test(what_is_gone_is_told_by_name),
	    cmocka_unit_test(names_of_a_map_may_be_freed_but_not_bound),
	    cmocka_unit_test(a_match_stays),
	    cmocka_unit_test(what_only_adds_may_replace),
	    cmocka_unit_test(a_version_replaces_no_version_that_is_as_high),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
