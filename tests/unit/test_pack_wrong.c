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

static const struct wrong shapes[] = {
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
    {"`type`:`hash`,`class`:`P`,`match`", "`type`:`bytes`,`class`:`P`,`match`",
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

static void
what_is_no_list_or_object_is_refused(void **state)
{
	(void)state;
	all_refused(shapes, COUNT_OF(shapes));
}

static const struct wrong ways[] = {
    {"`when`:{`of`:`state`,`is`:[`done`]}", "`when`:{}",
	"pack: collections[1]: fields[4]: when: of: must be a state"},
    {"`when`:{`of`:`state`,`is`:[`done`]}", "`when`:{`of`:`kind`,`is`:[`a`]}",
	"pack: collections[1]: fields[4]: when: of: must be a state"},
    {"`when`:{`of`:`state`,`is`:[`done`]}", "`when`:{`of`:`none`,`is`:[`a`]}",
	"pack: collections[1]: fields[4]: when: of: task: there is no "
	"field 'none'"},
    {"`when`:{`of`:`state`,`is`:[`done`]}", "`when`:{`of`:`state`}",
	"pack: collections[1]: fields[4]: when: is: missing"},
    {"`when`:{`of`:`state`,`is`:[`done`]}", "`when`:{`of`:`state`,`is`:[]}",
	"pack: collections[1]: fields[4]: when: is: must be a list of "
	"1 to 64"},
    {"`when`:{`of`:`state`,`is`:[`done`]}",
	"`when`:{`of`:`state`,`is`:[`zzz`]}",
	"pack: collections[1]: fields[4]: when: is[0]: there is no "
	"state 'zzz'"},
    {"`when`:{`of`:`state`,`is`:[`done`]}", "`when`:{`of`:`state`,`is`:[7]}",
	"pack: collections[1]: fields[4]: when: is[0]: must be a text "
	"of 1 to 256 bytes"},
    {"`when`:{`of`:`state`,`is`:[`done`]}", "`when`:{`of`:`state`,`is`:`done`}",
	"pack: collections[1]: fields[4]: when: is: must be a list of "
	"1 to 64"},
    {"`when`:{`of`:`state`,`is`:[`done`]}", "`when`:{`of`:`state`,`x`:1}",
	"pack: collections[1]: fields[4]: when: x: unknown key"},
    {"`who`:[`의사`]", "`who`:[]",
	"pack: collections[1]: fields[1]: guards[0]: who: must be a "
	"list of 1 to 64"},
    {"`who`:[`의사`]", "`who`:[`간호사`]",
	"pack: collections[1]: fields[1]: guards[0]: who[0]: there is "
	"no role '간호사'"},
    {"`who`:[`의사`]", "`who`:`의사`",
	"pack: collections[1]: fields[1]: guards[0]: who: must be a "
	"list of 1 to 64"},
    {"`need`:`people is something`,", "`need`:7,",
	"pack: collections[1]: fields[1]: guards[0]: need: must be a "
	"text of 1 to 4096 bytes"},
    {"`need`:`people is something`,", "`need`:`people`,",
	"pack: collections[1]: fields[1]: guards[0]: need: column 1: "
	"this is a set; wanted is a condition"},
    {"`unless`:`kind = a`", "`unless`:`kind = z`",
	"pack: collections[1]: fields[1]: guards[0]: unless: column 8: "
	"there is no value of task.kind (and no field) called 'z'; did "
	"you mean a or b or c?"},
    {"`transitions`:{`open`:[`doing`],`doing`:[`done`,`open`]}",
	"`transitions`:{`open`:[`zzz`]}",
	"pack: collections[1]: fields[1]: transitions.open: there is "
	"no state 'zzz'"},
    {"`transitions`:{`open`:[`doing`],`doing`:[`done`,`open`]}",
	"`transitions`:{`zzz`:[`open`]}",
	"pack: collections[1]: fields[1]: transitions.zzz: there is no "
	"state 'zzz'"},
    {"`transitions`:{`open`:[`doing`],`doing`:[`done`,`open`]}",
	"`transitions`:{`open`:7}",
	"pack: collections[1]: fields[1]: transitions.open: must be a "
	"list of states"},
    {"`transitions`:{`open`:[`doing`],`doing`:[`done`,`open`]}",
	"`transitions`:[]",
	"pack: collections[1]: fields[1]: transitions: must be an "
	"object of lists"},
    {"`contested`:[`done`,`doing`]", "`contested`:[`done`,`zzz`]",
	"pack: collections[1]: fields[1]: contested[1]: there is no "
	"state 'zzz'"},
    {"`contested`:[`done`,`doing`]", "`contested`:[]",
	"pack: collections[1]: fields[1]: contested: must be a list of "
	"1 to 64"},
    {"`start`:[`shut`]", "`start`:[7]",
	"pack: collections[1]: fields[1]: start[0]: must be a text of "
	"1 to 256 bytes"},
    {"`collection`:`unit`,`name`:`name`,`aliases`",
	"`collection`:`none`,`name`:`name`,`aliases`",
	"pack: units: collection: there is no collection 'none'"},
    {"`collection`:`unit`,`name`:`name`,`aliases`",
	"`collection`:`unit`,`name`:`since`,`aliases`",
	"pack: units: name: since is of type date, not text"},
    {"`collection`:`unit`,`name`:`name`,`aliases`",
	"`collection`:`unit`,`aliases`", "pack: units: name: missing"},
    {"`aliases`:`aliases`", "`aliases`:`level`",
	"pack: units: aliases: level is of type enum, not text"},
    {"`level`:`level`,`from`", "`level`:`name`,`from`",
	"pack: units: level: name is of type text, not enum"},
    {"`parent`:`parent`", "`parent`:`name`",
	"pack: units: parent: name is of type text, not ref"},
    {"`scopes`:[{`name`:`house`,`level`:`house`}",
	"`scopes`:[{`name`:`house`,`level`:`none`}",
	"pack: scopes[0]: level: there is no level 'none'"},
    {"`scopes`:[{`name`:`house`,`level`:`house`}", "`scopes`:[{`name`:`house`}",
	"pack: scopes[0]: level: must be a text of 1 to 256 bytes"},
    {"`scope`:`house`,`read`", "`scope`:`none`,`read`",
	"pack: roles[0]: scope: there is no scope 'none'"},
    {"`read`:[`N`,`P`]", "`read`:[`Q`]",
	"pack: roles[0]: read[0]: must be one of N, P, S, F"},
    {"`read`:[`N`,`P`]", "`read`:[]",
	"pack: roles[0]: read: must be a list of 1 to 4"},
    {"`read`:[`N`,`P`],", "", "pack: roles[0]: read: missing"},
    {"`write`:[`task`]", "`write`:[`none`]",
	"pack: roles[0]: write[0]: there is no collection 'none'"},
    {"`write`:[`task`]", "`write`:7",
	"pack: roles[0]: write: must be a list of 1 to 256"},
    {"`hide`:[`task.secret`]", "`hide`:[`task`]",
	"pack: roles[0]: hide[0]: must be a field with its collection: "
	"loan.neighbour"},
    {"`hide`:[`task.secret`]", "`hide`:[`none.secret`]",
	"pack: roles[0]: hide[0]: there is no collection 'none'"},
    {"`hide`:[`task.secret`]", "`hide`:[`task.none`]",
	"pack: roles[0]: hide[0]: task: there is no field 'none'"},
    {"`hide`:[`task.secret`]", "`hide`:[7]",
	"pack: roles[0]: hide[0]: must be a text of 1 to 256 bytes"},
    {"`years`:5,`from`:`closed`", "`years`:0,`from`:`closed`",
	"pack: retention: 5y: must have either keep or years, months, "
	"days"},
    {"`keep`:true", "`keep`:false",
	"pack: retention: K: must have either keep or years, months, "
	"days"},
    {"`ratio`:[`done`,`tried`]", "`ratio`:[`done`]",
	"pack: figures[0]: ratio: must be a list of two"},
    {"`ratio`:[`done`,`tried`]", "`ratio`:[`done`,`none`]",
	"pack: figures[0]: ratio[1]: there is no figure 'none'; did "
	"you mean done?"},
    {"`ratio`:[`done`,`tried`]", "`ratio`:[`done`,`ratio`]",
	"pack: figures[0]: ratio[1]: ratio is a ratio itself"},
    {"`view`:`done`,`take`:`count`", "`view`:`none`,`take`:`count`",
	"pack: figures[1]: view: there is no view 'none'; did you mean "
	"done?"},
    {"`take`:`sum:tries`", "`take`:`sum:none`",
	"pack: figures[2]: take: there is no sum 'none'"},
    {"`take`:`sum:tries`", "`take`:`most`",
	"pack: figures[2]: take: must be count, sum:NAME or "
	"distinct:NAME of the view"},
    {"`period`:`month`,`metric`", "`period`:`none`,`metric`",
	"pack: figures[1]: period: there is no group 'none'"},
    {"`query`:{`collection`:`task`,`where`",
	"`query`:{`collection`:`none`,`where`",
	"pack: figures[4]: query: collection: there is no collection "
	"'none'"},
    {"`query`:{`collection`:`task`,`where`:`state = done`,`of`:`score`",
	"`query`:{`collection`:`task`,`where`:`state = done`,`of`:`no`",
	"pack: figures[4]: query: of: column 1: this is a text; wanted "
	"is a number"},
    {"`on`:`due_on`}", "`on`:`score`}",
	"pack: figures[4]: query: on: column 1: this is a number; "
	"wanted is a date, a time of day"},
    {"`columns`:[`ratio`,`small`,`who`]", "`columns`:[]",
	"pack: reports[0]: tables[0]: columns: must be a list of 1 to "
	"32"},
    {"`columns`:[`ratio`,`small`,`who`]", "`columns`:[`none`]",
	"pack: reports[0]: tables[0]: columns[0]: there is no figure "
	"'none'; did you mean done?"},
    {"`chart`:`bar`", "`chart`:`pie`",
	"pack: reports[0]: tables[0]: chart: must be one of none, bar, "
	"line"},
    {"`total`:true}", "`total`:1}",
	"pack: reports[0]: tables[0]: total: must be true or false"},
    {"`tables`:[", "`tables`:7,`x`:[", "pack: reports[0]: x: unknown key"},
    {"`reported`:{`collection`:`metric`", "`reported`:{`collection`:`none`",
	"pack: reported: collection: there is no collection 'none'"},
    {"`key`:`key`,`value`:`value`", "`key`:`value`,`value`:`value`",
	"pack: reported: key: value is of type int, not text"},
    {"`match`:{`collection`:`match_key`", "`match`:{`collection`:`none`",
	"pack: match: collection: there is no collection 'none'"},
    {"`from`:`valid_from`", "`from`:`secret`",
	"pack: match: from: secret is of type bytes, not date"},
    {"`secret`:`secret`,`from`", "`secret`:`valid_from`,`from`",
	"pack: match: secret: valid_from is of type date, not hash or "
	"bytes"},
    {"`before`:`before`", "`before`:`seat`",
	"pack: access: before: seat is of type text, not hash"},
    {"`export`:`carried`", "`export`:`none`",
	"pack: access: export: deed has no value 'none'"},
    {"`reason`:`why`", "`reason`:`at`",
	"pack: access: reason: at is of type datetime, not text"},
};

static void
what_leads_nowhere_or_to_the_wrong_kind_is_refused(void **state)
{
	(void)state;
	all_refused(ways, COUNT_OF(ways));
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
	    cmocka_unit_test(
		what_leads_nowhere_or_to_the_wrong_kind_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
