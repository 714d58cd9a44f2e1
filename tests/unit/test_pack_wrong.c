/*
 * More of what docs/packs.md does not allow, each with its place and reason:
 * what copies, compares and merges records, what is told in numbers, and the
 * shape of what is read.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/pack.h"
#include "tests/lib/clinic.h"

/* What of the clinic is written otherwise, and the error. */
struct wrong {
	const char *from;
	const char *to;
	const char *why;
};

static void
all_refused(const struct wrong *wrong, size_t n)
{
	for (size_t i = 0; i < n; i++)
		clinic_refused(wrong[i].from, wrong[i].to, wrong[i].why);
}

static void
a_copy_is_of_fields_that_are_alike_and_in_the_open(void **state)
{
	static const struct wrong wrong[] = {
	    {"`fields`:{`key`:`secret_key`}", "`fields`:{`key`:`secret`}",
		"pack: mirror[0]: fields.key: task.secret cannot be copied "
		"there: both must be the same, a register, set or state of one "
		"type"},
	    {"`fields`:{`key`:`secret_key`}", "`fields`:{`key`:`people`}",
		"pack: mirror[0]: fields.key: task.people cannot be copied "
		"there: both must be the same, a register, set or state of one "
		"type"},
	    {"`fields`:{`key`:`secret_key`}", "`fields`:{}",
		"pack: mirror[0]: fields: must be an object of 1 to 256 "
		"fields"},
	    {"`fields`:{`key`:`secret_key`}", "`fields`:[]",
		"pack: mirror[0]: fields: must be an object of 1 to 256 "
		"fields"},
	    {"`fields`:{`key`:`secret_key`}", "`fields`:{`key`:`none`}",
		"pack: mirror[0]: fields.key: task: there is no field 'none'"},
	    {"`fields`:{`key`:`secret_key`}", "`fields`:{`none`:`no`}",
		"pack: mirror[0]: fields.none: twin: there is no field 'none'"},
	    {"`fields`:{`key`:`secret_key`}", "`fields`:{`key`:7}",
		"pack: mirror[0]: fields.key: task: there is no field ''"},
	    {"`type`:`ref`,`targets`:[`task`],`class`:`N`,`required`:true}",
		"`type`:`ref`,`targets`:[`pair`],`class`:`N`,`required`:true}",
		"pack: mirror[0]: source: of must be of class N and lead to "
		"task"},
	    {"`type`:`ref`,`targets`:[`task`],`class`:`N`,`required`:true}",
		"`type`:`ref`,`targets`:[`task`],`class`:`P`,`required`:true}",
		"pack: mirror[0]: source: of must be of class N and lead to "
		"task"},
	    {"`kind`:`register`,`type`:`hash`,`class`:`N`,`index`:`plain`}",
		"`kind`:`register`,`type`:`hash`,`class`:`P`,`index`:`plain`}",
		"pack: mirror[0]: fields.key: is not of class N"},
	    {"`mirror`:[",
		"`mirror`:[{`from`:`task`,`to`:`pair`,`source`:`a`,"
		"`fields`:{`members`:`people`}},",
		"pack: mirror[0]: fields.members: task.people cannot be copied "
		"there: both must be the same, a register, set or state of one "
		"type"},
	    {"`mirror`:[",
		"`mirror`:[{`from`:`pair`,`to`:`twin`,`source`:`of`,"
		"`fields`:{`key`:`score`}},",
		"pack: mirror[0]: fields.key: pair.score cannot be copied "
		"there: both must be the same, a register, set or state of one "
		"type"},
	};

	(void)state;
	all_refused(wrong, COUNT_OF(wrong));
}

static void
counters_and_notes_are_not_copied(void **state)
{
	static const struct wrong wrong[] = {
	    {"{`name`:`key`,`label`:{`ko`:`키`,`en`:`Key`},`kind`:`register`,"
	     "`type`:`hash`,`class`:`N`,`index`:`plain`}",
		"{`name`:`key`,`label`:{`ko`:`키`,`en`:`Key`},`kind`:`counter`,"
		"`class`:`N`}",
		"pack: mirror[0]: fields.key: task.secret_key cannot be copied "
		"there: both must be the same, a register, set or state of one "
		"type"},
	};

	(void)state;
	all_refused(wrong, COUNT_OF(wrong));
}

static void
pairs_that_may_be_one_need_all_their_fields(void **state)
{
	static const struct wrong wrong[] = {
	    {"`weights`:{`key`:350}", "`weights`:{}",
		"pack: duplicates: weights: must be an object of 1 to 8 "
		"fields"},
	    {"`weights`:{`key`:350}", "`weights`:350",
		"pack: duplicates: weights: must be an object of 1 to 8 "
		"fields"},
	    {"`weights`:{`key`:350}", "`weights`:{`key`:0}",
		"pack: duplicates: weights.key: must be a whole number from 1 "
		"to 1000"},
	    {"`weights`:{`key`:350}", "`weights`:{`key`:-1}",
		"pack: duplicates: weights.key: must be a whole number from 1 "
		"to 1000"},
	    {"`weights`:{`key`:350}", "`weights`:{`key`:`x`}",
		"pack: duplicates: weights.key: must be a whole number from 1 "
		"to 1000"},
	    {"`weights`:{`key`:350}", "`weights`:{`none`:350}",
		"pack: duplicates: weights.none: twin: there is no field "
		"'none'"},
	    {"`likely`:700", "`likely`:0",
		"pack: duplicates: likely: must be a whole number from 1 to "
		"2147483647"},
	    {"`likely`:700,", "", "pack: duplicates: likely: missing"},
	    {"`likely`:700,`review`:450,", "`likely`:700,",
		"pack: duplicates: review: missing"},
	    {"`likely`:700", "`likely`:449",
		"pack: duplicates: likely: is less than review"},
	    {"`candidate`:`pair`", "`candidate`:`twin`",
		"pack: duplicates: candidate: twin has no field 'a'"},
	    {"`candidate`:`pair`", "`candidate`:`none`",
		"pack: duplicates: candidate: there is no collection 'none'"},
	    {"{`name`:`said`,`label`", "{`name`:`says`,`label`",
		"pack: duplicates: candidate: pair has no field 'said'"},
	    {"`kind`:`set`,`type`:`bytes`,`class`:`N`",
		"`kind`:`register`,`type`:`bytes`,`class`:`N`",
		"pack: duplicates: candidate: pair.members is of the wrong "
		"kind, type or class (docs/packs.md, duplicates)"},
	    {"`kind`:`set`,`type`:`bytes`,`class`:`N`",
		"`kind`:`set`,`type`:`bytes`,`class`:`P`",
		"pack: duplicates: candidate: pair.members is of the wrong "
		"kind, type or class (docs/packs.md, duplicates)"},
	    {"`kind`:`set`,`type`:`bytes`,`class`:`N`",
		"`kind`:`set`,`type`:`text`,`class`:`N`",
		"pack: duplicates: candidate: pair.members is of the wrong "
		"kind, type or class (docs/packs.md, duplicates)"},
	    {"`kind`:`state`,`values`:[`open`,`same`,",
		"`kind`:`state`,`values`:[`open`,`like`,",
		"pack: duplicates: candidate: pair.state has no value 'same'"},
	    {"`type`:`enum`,`values`:[`key`]", "`type`:`enum`,`values`:[`x`]",
		"pack: duplicates: candidate: pair.keys has no value 'key', "
		"which has a weight"},
	};

	(void)state;
	all_refused(wrong, COUNT_OF(wrong));
}

static void
a_whole_is_led_to_by_a_register_in_the_open(void **state)
{
	static const char twins[] = "`duplicates`:{`collection`:`twin`,";
	static const struct wrong wrong[] = {
	    {twins, "`duplicates`:{`collection`:`twin`,`group`:`key`,",
		"pack: duplicates: group: key is of type hash, not ref"},
	    {twins, "`duplicates`:{`collection`:`twin`,`group`:`none`,",
		"pack: duplicates: group: twin: there is no field 'none'"},
	    {"`collection`:`twin`,`weights`:{`key`:350}",
		"`collection`:`task`,`weights`:{`no`:350},`group`:`people`",
		"pack: duplicates: group: people is of type enum, not ref"},
	};

	(void)state;
	all_refused(wrong, COUNT_OF(wrong));
}

static void
an_alias_leads_to_its_own_kind(void **state)
{
	static const char title[] = "`title`:`name`,";
	static const struct wrong wrong[] = {
	    {title, "`title`:`name`,`alias`:`name`,",
		"pack: collections[0]: alias: name is of type text, not ref"},
	    {title, "`title`:`name`,`alias`:`none`,",
		"pack: collections[0]: alias: unit: there is no field 'none'"},
	    {"`fields`:[{`name`:`of`", "`alias`:`of`,`fields`:[{`name`:`of`",
		"pack: collections[2]: alias: of must be a register of class N "
		"that leads to twin"},
	};

	(void)state;
	all_refused(wrong, COUNT_OF(wrong));
}

static void
a_clock_is_hours_and_minutes(void **state)
{
	static const char *const clocks[] = {"`+9:00`", "`+09.00`", "`+29:00`",
	    "`+0a:00`", "`+09:60`", "`+09:0x`", "`+15:00`", "`*09:00`",
	    "`+09:000`", "9", "``", "`+/9:00`", "`+09:0/`"};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(clocks); i++)
		clinic_refused("`+09:00`", clocks[i],
		    "pack: clock: must be what clocks are ahead of UTC, as "
		    "+09:00");
}

static void
what_is_no_list_or_object_is_refused(void **state)
{
	static const struct wrong wrong[] = {
	    {"`retention`:{`5y`:{`years`:5,`from`:`closed`},`K`:{`keep`:true}}",
		"`retention`:{}",
		"pack: retention: must be an object of 1 to 64 times"},
	    {"`retention`:{`5y`:{`years`:5,`from`:`closed`},`K`:{`keep`:true}}",
		"`retention`:[]",
		"pack: retention: must be an object of 1 to 64 times"},
	    {"`filter`:{`kind`:[`a`,`b`]}", "`filter`:{}",
		"pack: figures[1]: filter: must be an object of 1 to 8 groups"},
	    {"`filter`:{`kind`:[`a`,`b`]}", "`filter`:[`a`]",
		"pack: figures[1]: filter: must be an object of 1 to 8 groups"},
	    {"`filter`:{`kind`:[`a`,`b`]}", "`filter`:{`kind`:[]}",
		"pack: figures[1]: filter: kind: must be a list of 1 to 1000"},
	    {"`filter`:{`kind`:[`a`,`b`]}", "`filter`:{`kind`:[`z`]}",
		"pack: figures[1]: filter: kind[0]: there is no value 'z'; did "
		"you mean a or b or c?"},
	    {"`filter`:{`kind`:[`a`,`b`]}", "`filter`:{`none`:[`a`]}",
		"pack: figures[1]: filter: there is no group 'none'"},
	    {"`max`:10", "`max`:`10`",
		"pack: collections[1]: fields[6]: max: must be a whole number"},
	    {"`grows`:true", "`grows`:1",
		"pack: collections[1]: fields[6]: grows: must be true or "
		"false"},
	    {"`as`:`address`", "`as`:`face`",
		"pack: collections[1]: fields[10]: match: as: must be one of "
		"text, name, address, phone, date"},
	    {",`as`:`address`", "",
		"pack: collections[1]: fields[10]: match: as: missing"},
	    {"`of`:`secret`,", "",
		"pack: collections[1]: fields[10]: match: of: missing"},
	    {"`of`:`secret`,`as`:`address`", "`of`:`born`,`as`:`address`",
		"pack: collections[1]: fields[10]: match: of: born is of type "
		"date, not text"},
	    {"`kind`:`register`,`type`:`hash`,`class`:`P`,`match`",
		"`kind`:`set`,`type`:`hash`,`class`:`P`,`match`",
		"pack: collections[1]: fields[10]: match: only a register of "
		"type hash can be filled so"},
	    {"`type`:`hash`,`class`:`P`,`match`",
		"`type`:`bytes`,`class`:`P`,`match`",
		"pack: collections[1]: fields[10]: match: only a register of "
		"type hash can be filled so"},
	    {"`kind`:`register`,`type`:`date`,`class`:`N`,`when`",
		"`kind`:`set`,`type`:`date`,`class`:`N`,`when`",
		"pack: collections[1]: fields[4]: when: only a register of "
		"type date or datetime is filled so"},
	    {"`kind`:`register`,`type`:`date`,`class`:`N`,`when`",
		"`kind`:`register`,`type`:`int`,`class`:`N`,`when`",
		"pack: collections[1]: fields[4]: when: only a register of "
		"type date or datetime is filled so"},
	    {"`rows`:`kind`,`columns`:[`done`,`ratio`]",
		"`rows`:`kind`,`columns`:[`small`]",
		"pack: reports[0]: tables[1]: columns[0]: the figure small is "
		"a query, or of logs, and has no groups"},
	    {"`rows`:`kind`,`columns`:[`done`,`ratio`]",
		"`rows`:`none`,`columns`:[`done`]",
		"pack: reports[0]: tables[1]: columns[0]: there is no group "
		"'none'"},
	    {"`rows`:`period`,`columns`:[`done`,`small`]",
		"`rows`:`period`,`columns`:[`who`]",
		"pack: reports[0]: tables[2]: columns[0]: the figure who has "
		"no period"},
	    {"`fields`:[`state`,`due_on`]", "`fields`:[`state`,`place`]",
		"pack: collections[1]: indexes[0]: fields[1]: task: there is "
		"no field 'place'"},
	};

	(void)state;
	all_refused(wrong, COUNT_OF(wrong));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
		a_copy_is_of_fields_that_are_alike_and_in_the_open),
	    cmocka_unit_test(counters_and_notes_are_not_copied),
	    cmocka_unit_test(pairs_that_may_be_one_need_all_their_fields),
	    cmocka_unit_test(a_whole_is_led_to_by_a_register_in_the_open),
	    cmocka_unit_test(an_alias_leads_to_its_own_kind),
	    cmocka_unit_test(a_clock_is_hours_and_minutes),
	    cmocka_unit_test(what_is_no_list_or_object_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
