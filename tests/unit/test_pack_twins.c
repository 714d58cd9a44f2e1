/*
 * What the keys `mirror`, `duplicates` and `alias` of a pack may say of fields
 * that another key made (core/pack_twins.h): each refusal names its place, and
 * what is sound is read as it stands there.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/pack.h"
#include "tests/lib/clinic.h"
#include "tests/lib/slip.h"

/* Words of the clinic's pack behind which something is put, with ` for every
 * quote. */
#define TWIN                                                                \
	"{`name`:`twin`,`space`:`match`,`label`:{`ko`:`쌍`,`en`:`Twin`},`" \
	"fields`:["
#define PAIR "{`name`:`pair`,`space`:`match`,"
#define PAIR_FIELDS "`en`:`Pair`},`fields`:["
#define MIRROR "`mirror`:["
#define TWINS "`duplicates`:{"
#define FIELD(name, kind, rest)                                         \
	"{`name`:`" name "`,`label`:{`ko`:`가`,`en`:`a`},`kind`:`" kind \
	"`," rest "},"

struct putting {
	const char *behind; /* NULL: no more */
	const char *text;
};

/* The pack with what is put into it; NULL and an error when it is refused. */
static enum err
read_with(const struct putting *puttings, struct pack **pack)
{
	struct buf json = {0};
	enum err e;

	clinic_json(NULL, NULL, &json);
	for (size_t i = 0; i < 4 && puttings[i].behind != NULL; i++) {
		struct buf both = {0};

		buf_add_text(&both, puttings[i].behind);
		buf_add_text(&both, puttings[i].text);
		clinic_swap(puttings[i].behind, buf_text(&both), &json);
		buf_fini(&both);
	}
	e = pack_parse(buf_bytes(&json), pack);
	buf_fini(&json);
	return e;
}

static void
refused(const struct putting *puttings, const char *why)
{
	struct pack *pack;

	assert_int_equal(read_with(puttings, &pack), ERR_INVALID);
	assert_null(pack);
	assert_string_equal(err_text(), why);
}

/* ---- mirrors ------------------------------------------------------------ */

/* Of a counter or of notes nothing can be written that is the same. */
static void
what_only_grows_is_not_copied(void **state)
{
	static const struct putting counters[4] = {
	    {TWIN, FIELD("n", "counter", "`class`:`N`")},
	    {MIRROR, "{`from`:`task`,`to`:`twin`,`source`:`of`,"
		     "`fields`:{`n`:`tries`}},"}};
	static const struct putting notes[4] = {
	    {TWIN, FIELD("n", "notes", "`class`:`N`")},
	    {MIRROR, "{`from`:`looked`,`to`:`twin`,`source`:`of`,"
		     "`fields`:{`n`:`notes`}},"}};

	(void)state;
	refused(counters,
	    "pack: mirror[0]: fields.n: task.tries cannot be copied there: "
	    "both must be the same, a register, set or state of one type");
	refused(notes,
	    "pack: mirror[0]: fields.n: looked.notes cannot be copied there: "
	    "both must be the same, a register, set or state of one type");
}

static void
a_record_may_have_copies_in_several_places(void **state)
{
	static const struct putting puttings[4] = {
	    {MIRROR, "{`from`:`task`,`to`:`pair`,`source`:`a`,"
		     "`fields`:{`unit_a`:`no`}},"}};
	static const struct putting twice[4] = {
	    {MIRROR, "{`from`:`task`,`to`:`twin`,`source`:`of`,"
		     "`fields`:{`key`:`secret_key`}},"}};
	struct pack *pack;

	(void)state;
	slip_is(read_with(puttings, &pack), ERR_OK, NULL);
	assert_int_equal(pack->mirrors_n, 2);
	assert_string_equal(pack->mirrors[0].to->name, "pair");
	assert_string_equal(pack->mirrors[1].to->name, "twin");
	/* What is compared has the source of its own mirror. */
	assert_string_equal(pack->duplicates->source->name, "of");
	pack_free(pack);
	refused(twice, "pack: mirror[1]: task is copied to twin twice");
}

/* ---- duplicates --------------------------------------------------------- */

static void
what_is_compared_must_be_there_and_open(void **state)
{
	static const struct putting personal[4] = {
	    {TWIN, FIELD("p", "register", "`type`:`hash`,`class`:`P`")},
	    {"`weights`:{`key`:350", ",`p`:10"}};

	(void)state;
	clinic_refused("`duplicates`:{`collection`:`twin`",
	    "`duplicates`:{`collection`:`twim`",
	    "pack: duplicates: collection: there is no collection 'twim'; did "
	    "you mean twin?");
	refused(personal, "pack: duplicates: weights.p: is not of class N");
}

static void
a_group_is_one_that_all_see(void **state)
{
	static const struct putting several[4] = {
	    {TWIN, FIELD("g", "set",
		       "`type`:`ref`,`targets`:[`task`],`class`:`N`")},
	    {TWINS, "`group`:`g`,"}};
	static const struct putting personal[4] = {
	    {TWIN, FIELD("g", "register",
		       "`type`:`ref`,`targets`:[`task`],`class`:`P`")},
	    {TWINS, "`group`:`g`,"}};
	static const struct putting sound[4] = {{TWINS, "`group`:`of`,"}};
	struct pack *pack;

	(void)state;
	refused(
	    several, "pack: duplicates: group: g is no register of class N");
	refused(
	    personal, "pack: duplicates: group: g is no register of class N");
	slip_is(read_with(sound, &pack), ERR_OK, NULL);
	assert_string_equal(pack->duplicates->group->name, "of");
	pack_free(pack);
}

/* Or nobody could say of which record a copy is one. */
static void
mirrors_into_what_is_compared_have_one_source(void **state)
{
	static const struct putting puttings[4] = {
	    {TWIN, FIELD("g", "register",
		       "`type`:`ref`,`targets`:[`unit`],`class`:`N`")
		       FIELD("t", "register", "`type`:`text`,`class`:`N`")},
	    {MIRROR, "{`from`:`unit`,`to`:`twin`,`source`:`g`,"
		     "`fields`:{`of`:`parent`,`t`:`name`}},"}};

	(void)state;
	refused(puttings,
	    "pack: duplicates: collection: mirrors into twin name different "
	    "sources");
}

/* ---- aliases ------------------------------------------------------------ */

static void
an_alias_leads_to_its_own_collection(void **state)
{
	static const struct {
		struct putting puttings[4];
		const char *why;
	} bad[] = {
	    {{{PAIR, "`alias`:`a`,"}},
		"pack: collections[3]: alias: a must be a register of class N "
		"that leads to pair"},
	    {{{PAIR, "`alias`:`x`,"},
		 {PAIR_FIELDS,
		     FIELD("x", "set",
			 "`type`:`ref`,`targets`:[`pair`],`class`:`N`")}},
		"pack: collections[3]: alias: x must be a register of class N "
		"that leads to pair"},
	    {{{PAIR, "`alias`:`x`,"},
		 {PAIR_FIELDS,
		     FIELD("x", "register",
			 "`type`:`ref`,`targets`:[`pair`],`class`:`P`")}},
		"pack: collections[3]: alias: x must be a register of class N "
		"that leads to pair"},
	};
	static const struct putting sound[4] = {{PAIR, "`alias`:`x`,"},
	    {PAIR_FIELDS,
		FIELD("x", "register",
		    "`type`:`ref`,`targets`:[`task`,`pair`],`class`:`N`")}};
	struct pack *pack;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(bad); i++)
		refused(bad[i].puttings, bad[i].why);
	slip_is(read_with(sound, &pack), ERR_OK, NULL);
	assert_string_equal(
	    pack_collection(pack, bytes_text("pair"))->alias->name, "x");
	pack_free(pack);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_only_grows_is_not_copied),
	    cmocka_unit_test(a_record_may_have_copies_in_several_places),
	    cmocka_unit_test(what_is_compared_must_be_there_and_open),
	    cmocka_unit_test(a_group_is_one_that_all_see),
	    cmocka_unit_test(mirrors_into_what_is_compared_have_one_source),
	    cmocka_unit_test(an_alias_leads_to_its_own_collection),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
