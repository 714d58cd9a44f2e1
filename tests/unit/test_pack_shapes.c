/*
 * What a pack says in parts that belong together: taken where all of them fit,
 * and refused with the place and the reason where one does not, be it with the
 * first error or with all at once.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/pack.h"
#include "tests/lib/clinic.h"

enum { SWAPS_MAX = 4 };

/* What of the clinic is written otherwise, up to the first NULL; ` for every
 * quote. */
struct swap {
	const char *from;
	const char *to;
};

struct shape {
	struct swap swaps[SWAPS_MAX];
	const char *why; /* NULL: it is taken */
};

/* A field, a label. */
#define LABEL "`label`:{`ko`:`가`,`en`:`a`}"
#define FIELD(name, rest) "{`name`:`" name "`," LABEL "," rest "}"

static void
add_quoted(const char *text, struct buf *json)
{
	for (; *text != '\0'; text++)
		buf_add_u8(json, *text == '`' ? '"' : (uint8_t)*text);
}

static void
swapped(const struct swap *swaps, struct buf *json)
{
	clinic_json(NULL, NULL, json);
	for (size_t i = 0; i < SWAPS_MAX && swaps[i].from != NULL; i++)
		clinic_swap(swaps[i].from, swaps[i].to, json);
}

static void
shapes_are(const struct shape *shapes, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct buf json = {0};
		struct pack *pack;
		enum err e;

		swapped(shapes[i].swaps, &json);
		e = pack_parse(buf_bytes(&json), &pack);
		if (shapes[i].why == NULL && e != ERR_OK)
			fail_msg("shape %zu: %s", i, err_text());
		if (shapes[i].why != NULL) {
			assert_int_not_equal(e, ERR_OK);
			assert_null(pack);
			assert_string_equal(err_text(), shapes[i].why);
		}
		pack_free(pack);
		buf_fini(&json);
	}
}

#define TWIN_KEY                                                \
	"{`name`:`key`,`label`:{`ko`:`키`,`en`:`Key`},`kind`:" \
	"`register`,`type`:`hash`,`class`:`N`,`index`:`plain`}"

static const struct shape twins[] = {
    {{{TWIN_KEY, FIELD("key", "`kind`:`counter`,`class`:`N`")},
	 {"`fields`:{`key`:`secret_key`}", "`fields`:{`key`:`tries`}"}},
	"pack: mirror[0]: fields.key: task.tries cannot be copied there: both "
	"must be the same, a register, set or state of one type"},
    {{{TWIN_KEY, FIELD("key", "`kind`:`notes`,`class`:`N`")},
	 {"{`name`:`score`",
	     FIELD("memo", "`kind`:`notes`,`class`:`N`") ",{`name`:`score`"},
	 {"`fields`:{`key`:`secret_key`}", "`fields`:{`key`:`memo`}"}},
	"pack: mirror[0]: fields.key: task.memo cannot be copied there: both "
	"must be the same, a register, set or state of one type"},
    {{{"`duplicates`:{`collection`:`twin`", "`duplicates`:{`collection`:`x`"}},
	"pack: duplicates: collection: there is no collection 'x'"},
    /* To two places, and from there to what is compared. */
    {{{"`mirror`:[", "`mirror`:[{`from`:`task`,`to`:`pair`,`source`:`a`,"
		     "`fields`:{`unit_a`:`no`}},"}},
	NULL},
    {{{"`mirror`:[", "`mirror`:[{`from`:`task`,`to`:`twin`,`source`:`of`,"
		     "`fields`:{`key`:`secret_key`}},"}},
	"pack: mirror[1]: task is copied to twin twice"},
    {{{TWIN_KEY, TWIN_KEY "," FIELD("of_unit",
		     "`kind`:`register`,`type`:`ref`,"
		     "`targets`:[`unit`],`class`:`N`") "," FIELD("nick",
		     "`kind`:`register`,`type`:`text`,`class`:`N`")},
	 {"`targets`:[`task`],`class`:`N`,`required`:true}",
	     "`targets`:[`task`],`class`:`N`}"},
	 {"`mirror`:[",
	     "`mirror`:[{`from`:`unit`,`to`:`twin`,`source`:`of_unit`,"
	     "`fields`:{`nick`:`name`}},"}},
	"pack: duplicates: collection: mirrors into twin name different "
	"sources"},
    {{{TWIN_KEY, TWIN_KEY
	  "," FIELD("hid", "`kind`:`register`,`type`:`hash`,`class`:`P`")},
	 {"`weights`:{`key`:350}", "`weights`:{`hid`:350}"}},
	"pack: duplicates: weights.hid: is not of class N"},
    {{{"`weights`:{`key`:350}", "`weights`:{`key`:0,`of`:1}"}},
	"pack: duplicates: weights.key: must be a whole number from 1 to "
	"1000"},
    {{{TWIN_KEY,
	  TWIN_KEY "," FIELD("all",
	      "`kind`:`set`,`type`:`ref`,`targets`:[`task`],`class`:`N`")},
	 {"`duplicates`:{", "`duplicates`:{`group`:`all`,"}},
	"pack: duplicates: group: all is no register of class N"},
    {{{TWIN_KEY, TWIN_KEY
	  "," FIELD("hid", "`kind`:`register`,`type`:`ref`,`targets`:[`task`],"
			   "`class`:`P`")},
	 {"`duplicates`:{", "`duplicates`:{`group`:`hid`,"}},
	"pack: duplicates: group: hid is no register of class N"},
    /* It may lead elsewhere as well. */
    {{{"`fields`:[{`name`:`of`", "`alias`:`of`,`fields`:[{`name`:`of`"},
	 {"`targets`:[`task`],`class`:`N`,`required`:true}",
	     "`targets`:[`twin`,`task`],`class`:`N`,`required`:true}"}},
	NULL},
};

static void
copies_and_what_is_compared_fit_together(void **state)
{
	(void)state;
	shapes_are(twins, COUNT_OF(twins));
}

static const struct shape aliases[] = {
    {{{"`fields`:[{`name`:`of`,`label`:{`ko`:`원`,`en`:`Of`},"
       "`kind`:`register`,",
	  "`alias`:`of`,`fields`:[{`name`:`of`,`label`:{`ko`:`원`,"
	  "`en`:`Of`},`kind`:`set`,"},
	 {"`targets`:[`task`],`class`:`N`,`required`:true}",
	     "`targets`:[`twin`],`class`:`N`}"}},
	"pack: collections[2]: alias: of must be a register of class N that "
	"leads to twin"},
    {{{"`fields`:[{`name`:`of`", "`alias`:`of`,`fields`:[{`name`:`of`"},
	 {"`targets`:[`task`],`class`:`N`,`required`:true}",
	     "`targets`:[`twin`],`class`:`P`}"}},
	"pack: collections[2]: alias: of must be a register of class N that "
	"leads to twin"},
};

static void
an_alias_is_one_and_in_the_open(void **state)
{
	(void)state;
	shapes_are(aliases, COUNT_OF(aliases));
}

#define DERIVED(type, is)                                                   \
	{                                                                   \
		"`title`:`no`,",                                            \
		    "`title`:`no`,`derived`:[" FIELD("d",                   \
			"`type`:`" type "`,`class`:`N`,`is`:`" is "`") "]," \
	}

static const struct shape fields[] = {
    {{DERIVED("bool", "kind = a")}, NULL},
    {{DERIVED("bool", "score")},
	"pack: collections[1]: derived[0]: is: column 1: this is a number; "
	"wanted is a condition"},
    {{DERIVED("int", "score + 1")}, NULL},
    {{DERIVED("int", "kind = a")},
	"pack: collections[1]: derived[0]: is: column 1: this is a condition; "
	"wanted is a number"},
    {{DERIVED("money", "score + 1")}, NULL},
    {{{"`en`:`Birth`},`kind`:`register`,", "`en`:`Birth`},"}},
	"pack: collections[1]: fields[9]: kind: missing"},
    {{{"`type`:`date`,`class`:`P`,", "`type`:`date`,"}},
	"pack: collections[1]: fields[9]: class: missing"},
    {{{"`kind`:`register`,`type`:`date`,`class`:`P`",
	 "`kind`:7,`type`:`date`,`class`:`P`"}},
	"pack: collections[1]: fields[9]: kind: must be one of register, set, "
	"counter, notes, state"},
    {{{"`match`:{`of`:`secret`,`as`:`address`}}",
	 "`match`:{`of`:`nick`,`as`:`address`}}," FIELD(
	     "nick", "`kind`:`set`,`type`:`text`,`class`:`P`")}},
	"pack: collections[1]: fields[10]: match: of: nick is no register"},
    {{{"`transitions`:{`open`:[`doing`],",
	 "`transitions`:{`open`:[`zzz`,`doing`],"}},
	"pack: collections[1]: fields[1]: transitions.open: there is no state "
	"'zzz'"},
    {{{"`transitions`:{`open`:[`doing`],", "`transitions`:{`open`:[7,8],"}},
	"pack: collections[1]: fields[1]: transitions.open: must be a list of "
	"states"},
    {{{"`transitions`:{`open`:[`doing`],", "`transitions`:{`open`:[],"}},
	"pack: collections[1]: fields[1]: transitions.open: must be a list of "
	"states"},
    {{{"`need`:`people is something`,", ""}}, NULL},
    {{{"`need`:`people is something`,", ""}, {",`who`:[`의사`]", ""}},
	"pack: collections[1]: fields[1]: guards[0]: need: missing, and so is "
	"who"},
    {{{"`kind`:`register`,`type`:`date`,`class`:`N`,`when`",
	 "`kind`:`register`,`type`:`datetime`,`class`:`N`,`when`"}},
	NULL},
    {{{"`start`:[`shut`]", "`start`:[``,`open`]"}},
	"pack: collections[1]: fields[1]: start[0]: must be a text of 1 to 256 "
	"bytes"},
    {{{"`start`:[`shut`]", "`start`:[`open`,`shut`,`open`]"}},
	"pack: collections[1]: fields[1]: start[2]: stands there twice"},
    {{{"`title`:`no`", "`title`:7"}},
	"pack: collections[1]: title: must be a text of 1 to 256 bytes"},
    {{{"{`name`:`score`",
	  FIELD("place",
	      "`kind`:`register`,`type`:`geo`,`class`:`N`") ",{`name`:`score`"},
	 {"`fields`:[`state`,`due_on`]", "`fields`:[`state`,`place`]"}},
	"pack: collections[1]: indexes[0]: fields[1]: place is of type geo, "
	"which has no order"},
    {{{"{`name`:`score`",
	  FIELD("sizes",
	      "`kind`:`register`,`type`:`map`,`class`:`N`") ",{`name`:`score`"},
	 {"`fields`:[`state`,`due_on`]", "`fields`:[`state`,`sizes`]"}},
	"pack: collections[1]: indexes[0]: fields[1]: sizes is of type map, "
	"which has no order"},
};

static void
fields_and_what_names_them_fit_together(void **state)
{
	(void)state;
	shapes_are(fields, COUNT_OF(fields));
}

static const struct shape others[] = {
    {{{"`format`:2,", ""}}, "pack: format: this program reads 1 to 2"},
    {{{"`format`:2,", "`format`:0,"}},
	"pack: format: this program reads 1 to 2"},
    {{{"`format`:2,", "`format`:3,"}},
	"pack: format: this program reads 1 to 2"},
    {{{"`name`:`clinic`", "`name`:`Clinic`"}},
	"pack: name: must be a name: a-z, 0-9 and _, at most 64"},
    {{{"`label`:{`ko`:`의원`,`en`:`Clinic`},", ""}},
	"pack: label: is not an object"},
    {{{"`spaces`:[{`name`:`task`,`urgent`:true}]", "`spaces`:7"}},
	"pack: spaces: must be a list of 1 to 256"},
    {{{"`name`:`task`,`urgent`:true", "`name`:`Task`,`urgent`:true"}},
	"pack: spaces[0]: name: must be a name: a-z, 0-9 and _, at most 64"},
    {{{"`scopes`:[{`name`:`house`", "`scopes`:[{`name`:``"}},
	"pack: scopes[0]: name: must be a name: a-z, 0-9 and _, at most 64"},
    {{{"`label`:{`ko`:`시`,`en`:`City`}", "`label`:7"}},
	"pack: scopes[1]: label: is not an object"},
    {{{"`read`:[`N`,`P`]", "`read`:[7,`N`]"}},
	"pack: roles[0]: read[0]: must be a text of 1 to 256 bytes"},
    {{{"`write`:[`task`],", ""}}, NULL},
    {{{"`show`:[`no`,", "`show`:[``,"}},
	"pack: due[0]: show[0]: must be a text of 1 to 4096 bytes"},
    {{{"`metric`:`done`}", "`metric`:7}"}},
	"pack: figures[1]: metric: must be a text of 1 to 256 bytes"},
    {{{"`filter`:{`kind`:[`a`,`b`]}", "`filter`:{`kind`:[],`month`:[`x`]}"}},
	"pack: figures[1]: filter: kind: must be a list of 1 to 1000"},
    {{{"`filter`:{`kind`:[`a`,`b`]}", "`filter`:{`kind`:[`z`],`month`:[`x`]}"}},
	"pack: figures[1]: filter: kind[0]: there is no value 'z'; did you "
	"mean a or b or c?"},
    /* What is worked out may be anything. */
    {{{"`filter`:{`kind`:[`a`,`b`]}", "`filter`:{`month`:[`2016-01`]}"}}, NULL},
    {{{"`period`:`month`,`metric`", "`period`:7,`metric`"}},
	"pack: figures[1]: period: must be a name: a-z, 0-9 and _, at most "
	"64"},
    {{{"`on`:`due_on`},`take`:`sum`}", "`on`:`due_on`},`take`:`most`}"}},
	"pack: figures[4]: take: must be one of count, sum, distinct"},
    {{{"`ratio`:[`done`,`tried`]", "`ratio`:[`small`,`tried`]"}},
	"pack: reports[0]: tables[1]: columns[1]: the figure small is a query, "
	"or of logs, and has no groups"},
    {{{"`query`:{`collection`:`task`,`where`:`state = done`,`of`:`score`,"
       "`on`:`due_on`},`take`:`sum`",
	  "`logs`:`logs`"},
	 {"`rows`:`kind`,`columns`:[`done`,`ratio`]",
	     "`rows`:`kind`,`columns`:[`small`]"}},
	"pack: reports[0]: tables[1]: columns[0]: the figure small is a query, "
	"or of logs, and has no groups"},
};

static void
other_parts_fit_together(void **state)
{
	(void)state;
	shapes_are(others, COUNT_OF(others));
}

/* ---- small packs -------------------------------------------------------- */

#define SMALL(more) "{`format`:2,`name`:`small`,`version`:1," LABEL more "}"
#define CARDS                                               \
	",`collections`:[{`name`:`card`,`space`:`s`," LABEL \
	",`fields`:[" FIELD(                                \
	    "f", "`kind`:`register`,`type`:`text`,`class`:`N`") "]}]"

static void
small_is_refused(const char *text, const char *why)
{
	struct buf json = {0};
	struct pack *pack;

	add_quoted(text, &json);
	assert_int_equal(pack_parse(buf_bytes(&json), &pack), ERR_INVALID);
	assert_null(pack);
	assert_string_equal(err_text(), why);
	buf_fini(&json);
}

static void
what_others_are_built_on_must_be_there(void **state)
{
	(void)state;
	small_is_refused(
	    SMALL(""), "pack: collections: must be a list of 1 to 256");
	small_is_refused(
	    SMALL(CARDS ",`scopes`:[{`name`:`city`,`level`:`city`}]"),
	    "pack: scopes[0]: level: the pack has no units");
	small_is_refused(
	    SMALL(CARDS ",`figures`:[{`name`:`all`," LABEL
			",`query`:{`collection`:`card`}}],"
			"`reports`:[{`name`:`r`," LABEL ",`tables`:[{" LABEL
			",`rows`:`unit`,`columns`:[`all`]}]}]"),
	    "pack: reports[0]: tables[0]: rows: the pack has no units");
	small_is_refused(
	    SMALL(CARDS ",`figures`:[{`name`:`all`," LABEL
			",`query`:{`collection`:`card`},`metric`:`m`}]"),
	    "pack: figures[0]: metric: the pack has no reported");
}

/* Nothing is near a name that is longer than any name. */
static void
long_values_are_named_near_nothing(void **state)
{
	static const char from[] = "`values`:[`x`,`y`]";
	struct buf text = {0};
	struct buf json = {0};
	struct pack *pack;

	(void)state;
	buf_add_text(&text, "`values`:[`");
	for (int i = 0; i < 100; i++)
		buf_add_u8(&text, 'x');
	buf_add_text(&text, "`,`y`]");
	swapped((struct swap[SWAPS_MAX]){{from, buf_text(&text)},
		    {"`unless`:`kind = a`", "`unless`:`people has xx`"}},
	    &json);
	assert_int_equal(pack_parse(buf_bytes(&json), &pack), ERR_INVALID);
	assert_null(pack);
	assert_string_equal(err_text(),
	    "pack: collections[1]: fields[1]: guards[0]: unless: column 12: "
	    "there is no value of task.people (and no field) called 'xx'");
	buf_fini(&text);
	buf_fini(&json);
}

/* Sixty-five states have no room in the bits of a transition. */
static void
a_state_has_so_many_values_at_most(void **state)
{
	struct buf text = {0};
	struct buf json = {0};
	struct pack *pack;

	(void)state;
	buf_add_text(&text, "{`value`:`open`}");
	for (int i = 0; i < 64; i++)
		buf_add_format(&text, ",{`value`:`s%d`}", i);
	swapped((struct swap[SWAPS_MAX]){{"{`value`:`open`}", buf_text(&text)}},
	    &json);
	assert_int_equal(pack_parse(buf_bytes(&json), &pack), ERR_INVALID);
	assert_null(pack);
	assert_string_equal(err_text(),
	    "pack: collections[1]: fields[1]: codes: steps has 68 values, and "
	    "a state at most 64");
	buf_fini(&text);
	buf_fini(&json);
}

/* ---- all errors at once ------------------------------------------------- */

static void
all_told(const struct swap *swaps, const char *lines)
{
	struct buf json = {0};
	struct buf errors = {0};
	struct buf wanted = {0};
	struct pack *pack;

	swapped(swaps, &json);
	buf_add_text(&errors, "before\n");
	buf_add_text(&wanted, "before\n");
	buf_add_text(&wanted, lines);
	assert_int_equal(
	    pack_parse_all(buf_bytes(&json), &pack, &errors), ERR_INVALID);
	assert_null(pack);
	assert_string_equal(buf_text(&errors), buf_text(&wanted));
	buf_fini(&json);
	buf_fini(&errors);
	buf_fini(&wanted);
}

static void
each_error_is_a_line_of_its_own(void **state)
{
	(void)state;
	/* Elements of lists in lists, of which one has no name. */
	all_told((struct swap[SWAPS_MAX]){{"{`name`:`aliases`,", "{"},
		     {"`kind`:`set`,`type`:`bytes`", "`kind`:`s`,`type`:`x`"},
		     {"{`name`:`metric`,`space`:`unit`",
			 "{`name`:`metric`,`space`:`Unit`"}},
	    "collections[0]: fields[1]: name: must be a name: a-z, 0-9 and _, "
	    "at most 64\n"
	    "collections[3]: fields[6]: kind: must be one of register, set, "
	    "counter, notes, state\n"
	    "collections[5]: space: must be a name: a-z, 0-9 and _, at most "
	    "64\n");
	/* What one part of the file says of another. */
	all_told((struct swap[SWAPS_MAX]){{"`title`:`name`", "`title`:`none`"},
		     {"`title`:`no`", "`title`:`none`"}},
	    "collections[0]: title: unit: there is no field 'none'\n"
	    "collections[1]: title: task: there is no field 'none'\n");
	all_told((struct swap[SWAPS_MAX]){{"`where`:`state = done`,`group`",
					      "`where`:`score`,`group`"},
		     {"`where`:`state != done`", "`where`:`no`"},
		     {"`kind`:[`a`,`b`]", "`kind`:[`z`]"}},
	    "views[0]: where: column 1: this is a number; wanted is a "
	    "condition\n"
	    "due[0]: where: column 1: this is a text; wanted is a condition\n");
	/* Values of a group are looked at once all expressions are known. */
	all_told((struct swap[SWAPS_MAX]){{"`kind`:[`a`,`b`]", "`kind`:[`z`]"},
		     {"`take`:`sum:tries`",
			 "`take`:`sum:tries`,`filter`:{`kind`:[`y`]}"}},
	    "figures[1]: filter: kind[0]: there is no value 'z'; did you mean "
	    "a or b or c?\n"
	    "figures[2]: filter: kind[0]: there is no value 'y'; did you mean "
	    "a or b or c?\n");
	all_told((struct swap[SWAPS_MAX]){{"`clock`:`+09:00`", "`clock`:9"}},
	    "clock: must be what clocks are ahead of UTC, as +09:00\n");
}

static void
what_is_no_json_is_one_error(void **state)
{
	struct buf errors = {0};
	struct pack *pack;

	(void)state;
	assert_int_not_equal(
	    pack_parse_all(bytes_text("{"), &pack, &errors), ERR_OK);
	assert_null(pack);
	assert_true(bytes_begins(buf_bytes(&errors), bytes_text("pack: ")));
	assert_int_equal(bytes_find(buf_bytes(&errors), '\n'), errors.n - 1);
	buf_fini(&errors);
}

static void
a_sound_pack_has_no_errors(void **state)
{
	struct buf json = {0};
	struct buf errors = {0};
	struct pack *pack;

	(void)state;
	clinic_json(NULL, NULL, &json);
	assert_int_equal(
	    pack_parse_all(buf_bytes(&json), &pack, &errors), ERR_OK);
	assert_non_null(pack);
	assert_int_equal(errors.n, 0);
	pack_free(pack);
	buf_fini(&json);
	buf_fini(&errors);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(copies_and_what_is_compared_fit_together),
	    cmocka_unit_test(an_alias_is_one_and_in_the_open),
	    cmocka_unit_test(fields_and_what_names_them_fit_together),
	    cmocka_unit_test(other_parts_fit_together),
	    cmocka_unit_test(what_others_are_built_on_must_be_there),
	    cmocka_unit_test(long_values_are_named_near_nothing),
	    cmocka_unit_test(a_state_has_so_many_values_at_most),
	    cmocka_unit_test(each_error_is_a_line_of_its_own),
	    cmocka_unit_test(what_is_no_json_is_one_error),
	    cmocka_unit_test(a_sound_pack_has_no_errors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
