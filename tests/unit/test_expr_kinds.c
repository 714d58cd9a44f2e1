/*
 * Promises of core/expr.h about fields of kinds that few packs have: maps and
 * what stands in them, hashes, references that lead to several collections,
 * sets of all types, and what is derived.
 *
 * LINK: -Wl,--wrap=pack_embedded
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "proto/codec.h"
#include "tests/lib/look.h"
#include "tests/lib/office.h"
#include "tests/lib/slip.h"

/* JSON with ` for every quote. */
/* clang-format off */
#define LABEL "`label`:{`ko`:`가`,`en`:`a`}"
#define FIELD(name, kind, rest) "{`name`:`" name "`," LABEL ",`kind`:`" kind \
	"`,`class`:`N`" rest "}"
#define REGISTER(name, type) FIELD(name, "register", ",`type`:`" type "`")
#define SET(name, type) FIELD(name, "set", ",`type`:`" type "`")
#define REF(name, to) FIELD(name, "register", ",`type`:`ref`,`targets`:[" to \
	"],`index`:`plain`")
#define DERIVED(name, is) "{`name`:`" name "`," LABEL ",`type`:`bool`," \
	"`class`:`N`" is "}"
static const char kinds[] =
    "{`format`:2,`name`:`office`,`version`:1," LABEL ",`clock`:`+09:00`,"
    "`codes`:[{`name`:`rank`,`values`:[{`value`:`high`,`rank`:3},"
    "{`value`:`low`}]}],`collections`:["
    "{`name`:`thing`,`space`:`case`," LABEL ",`fields`:["
    REGISTER("no", "text") "," REGISTER("born", "date") ","
    FIELD("measured", "register", ",`type`:`map`,`values`:[`high`,`low`]") ","
    FIELD("other", "register", ",`type`:`map`") ","
    FIELD("print", "register", ",`type`:`hash`,`index`:`plain`") ","
    FIELD("spot", "register", ",`type`:`geo`") ","
    FIELD("kind", "register", ",`type`:`enum`,`codes`:`rank`") ","
    FIELD("plain", "register", ",`type`:`enum`,`values`:[`a`,`b`]") ","
    REF("up", "`thing`") "," REF("to", "`thing`,`part`") ","
    REF("lost", "`gone`") ","
    SET("flags", "bool") "," SET("days", "date") "," SET("numbers", "int") "," SET("tags", "text")
    "],`derived`:["
    DERIVED("late", ",`is`:`born < today`") ","
    DERIVED("very", ",`is`:`late and no = 'N-1'`") ","
    DERIVED("bare", "") "]},"
    "{`name`:`part`,`space`:`case`," LABEL ",`fields`:["
    REGISTER("no", "text") "]}]}";
/* clang-format on */

static struct buf json;

struct bytes __wrap_pack_embedded(void);

struct bytes
__wrap_pack_embedded(void)
{
	if (json.n > 0)
		return buf_bytes(&json);
	buf_add_text(&json, kinds);
	for (size_t i = 0; i < json.n; i++)
		json.p[i] = json.p[i] == '`' ? '"' : json.p[i];
	return buf_bytes(&json);
}

struct sentence {
	const char *text;
	const char *gives;
};

static void
value_add(const struct expr_value *value, struct buf *out)
{
	if (value->is_set)
		buf_add_format(out, "%zu values", value->n);
	else if (value->type == EXPR_NOTHING)
		buf_add_text(out, "nothing");
	else if (value->type == EXPR_BOOL)
		buf_add_text(out, value->i != 0 ? "true" : "false");
	else if (value->type == EXPR_TEXT)
		buf_add(out, value->b);
	else if (value->type == EXPR_BYTES || value->type == EXPR_MAP)
		buf_add_format(out, "%zu bytes", value->b.n);
	else
		buf_add_format(out, "%lld", (long long)value->i);
}

/* What `text` gives for the record `id`, in a place that lets it look at `may`,
 * or the error. */
static void
ask(struct town *town, const struct record_id *id, unsigned may,
    const char *text, struct buf *out)
{
	struct store *store = town_store(town, 0);
	struct space space = town_space(OFFICE_SPACE);
	struct arena arena = {0};
	struct expr_scope scope = {.may = may};
	struct expr_value value;
	const struct expr *expr;
	struct record record;
	enum err e;

	slip_is(store_begin(store, false), ERR_OK, NULL);
	scope.pack = store_txn(store)->pack;
	scope.collection = pack_collection(scope.pack, bytes_text("thing"));
	slip_is(store_get(store, &space, id, &arena, &record), ERR_OK, NULL);
	e = expr_parse(bytes_text(text), &scope,
	    EXPR_ANY | EXPR_SETS | 1 << EXPR_MAP, &arena, &expr);
	if (e == ERR_OK)
		e = expr_eval(expr,
		    &(struct expr_source){.txn = store_txn(store),
			.space = &space,
			.id = id,
			.record = &record,
			.now_seconds = office_time("2016-07-25T09:00:00+09:00"),
			.arena = &arena},
		    &value);
	if (e == ERR_OK)
		value_add(&value, out);
	else
		buf_add_text(out, err_text());
	arena_fini(&arena);
	store_abort(store);
}

static void
all_give(struct town *town, const struct record_id *id, unsigned may,
    const struct sentence *list, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct buf out = {0};

		ask(town, id, may, list[i].text, &out);
		if (strcmp(buf_text(&out), list[i].gives) != 0)
			fail_msg("%s: gives %s, not %s", list[i].text,
			    buf_text(&out), list[i].gives);
		buf_fini(&out);
	}
}

static struct record_id
thing(struct town *town)
{
	return office_put(town, 0, OFFICE_SPACE, "thing",
	    WORDS("no=N-1", "born=1946-07-30", "measured=high=130",
		"other=gds=2", "print=00112233445566778899aabbccddeeff",
		"kind=high", "plain=b", "days+=2016-07-25", "numbers+=3",
		"numbers+=4", "tags+=가"));
}

static void
what_stands_in_a_map_is_a_number(void **state)
{
	static const struct sentence list[] = {
	    {"measured.high", "130"},
	    {"measured.'high' + 1", "131"},
	    {"measured.low", "nothing"},
	    {"measured.middle", "column 10: thing.measured has no such key"},
	    {"other.gds", "2"},
	    {"other.'what nobody wrote'", "nothing"},
	    {"other.3", "column 7: thing.other has no such key"},
	    {"other.?", "column 7: '?' begins nothing"},
	    {"measured is something", "true"},
	    {"measured = measured", "column 1: say which value of the map"},
	    {"measured < other", "column 1: a map has no order"},
	    {"first(other, measured)", "column 7: here must be one value"},
	    {"if(true, other, measured)", "column 10: here must be one value"},
	};
	struct town *town = *state;
	struct record_id id = thing(town);

	all_give(town, &id, EXPR_MAY_ALL, list, COUNT_OF(list));
}

static void
of_no_map_nothing_is_asked(void **state)
{
	static const struct sentence list[] = {
	    {"measured.high", "nothing"},
	    {"measured is nothing", "true"},
	    {"print is nothing", "true"},
	    {"print = '00'", "false"},
	};
	struct town *town = *state;
	struct record_id id = office_put(
	    town, 0, OFFICE_SPACE, "thing", WORDS("no=N-2"));

	all_give(town, &id, EXPR_MAY_ALL, list, COUNT_OF(list));
}

static void
hashes_are_equal_or_not(void **state)
{
	static const struct sentence list[] = {
	    {"print", "16 bytes"},
	    {"print = '00112233445566778899aabbccddeeff'", "true"},
	    {"'00112233445566778899aabbccddeeff' = print", "true"},
	    {"print = '00'", "false"},
	    {"print = 'no hex'",
		"column 9: bytes cannot be compared with a text"},
	    {"print < print", "column 1: bytes has no order"},
	    {"count(thing, print = this.print)", "1"},
	};
	struct town *town = *state;
	struct record_id id = thing(town);

	all_give(town, &id, EXPR_MAY_ALL, list, COUNT_OF(list));
}

/* Nobody asks what a reference means that can mean two things. */
static void
a_reference_says_where_it_leads(void **state)
{
	static const struct sentence list[] = {
	    {"up.no", "nothing"},
	    {"to[part].no", "nothing"},
	    {"to.no",
		"column 3: thing.to can lead to several collections or to one "
		"that the pack does not have; say which: to[name].field"},
	    {"lost.no",
		"column 5: thing.lost can lead to several collections or to "
		"one that the pack does not have; say which: lost[name].field"},
	    {"up.up.up.no is nothing", "true"},
	};
	struct town *town = *state;
	struct record_id id = thing(town);
	struct buf deep = {0};
	struct buf out = {0};

	all_give(town, &id, EXPR_MAY_ALL, list, COUNT_OF(list));
	for (int i = 0; i <= LIMIT_EXPRESSION_DEPTH; i++)
		buf_add_text(&deep, "up.");
	buf_add_text(&deep, "no");
	ask(town, &id, EXPR_MAY_ALL, buf_text(&deep), &out);
	assert_non_null(strstr(buf_text(&out), ": more than 32 references"));
	buf_fini(&deep);
	buf_fini(&out);
}

static void
a_set_stands_where_a_set_may(void **state)
{
	static const struct sentence list[] = {
	    {"days", "1 values"},
	    {"days has '2016-07-25'", "true"},
	    {"numbers has (5, 4)", "true"},
	    {"count(numbers)", "2"},
	    {"born = days", "column 8: a date cannot be compared with a set"},
	    {"'가' = tags", "column 7: a text cannot be compared with a set"},
	    {"numbers + 1",
		"column 9: this cannot be reckoned of a set and a number"},
	    {"1 + numbers",
		"column 3: this cannot be reckoned of a number and a set"},
	    {"2d * 2d = 1d", "column 4: this cannot be reckoned of a span of "
			     "time and a span of time"},
	    {"2d + 1 = 1d", "column 4: this cannot be reckoned of a span of "
			    "time and a number"},
	    {"'가' < '나'", "true"},
	    {"not flags", "column 5: here must be a condition, not a set"},
	    {"plain = c", "column 9: there is no value of thing.plain (and no "
			  "field) called 'c'; did you mean a or b?"},
	    {"spot is nothing", "column 6: places cannot be reckoned with"},
	};
	struct town *town = *state;
	struct record_id id = thing(town);

	all_give(town, &id, EXPR_MAY_ALL, list, COUNT_OF(list));
}

static void
what_is_derived_stands_for_what_it_is(void **state)
{
	static const struct sentence list[] = {
	    {"late", "true"},
	    {"late and plain = b", "true"},
	    {"bare", "column 1: thing.bare is computed from other fields and "
		     "cannot be written"},
	    {"very", "thing.very: column 1: late is derived, and "
		     "cannot stand in very, which is derived too"},
	};
	static const struct sentence clockless[] = {
	    {"late", "thing.late: column 8: what stands here may not depend "
		     "on the day"},
	};
	struct town *town = *state;
	struct record_id id = thing(town);

	all_give(town, &id, EXPR_MAY_ALL, list, COUNT_OF(list));
	all_give(town, &id, 0, clockless, COUNT_OF(clockless));
}

/* A node without the pack writes what it likes. */
static void
a_value_of_no_list_has_no_rank(void **state)
{
	static const struct sentence list[] = {
	    {"rank(kind)", "nothing"},
	    {"rank(plain)", "nothing"},
	    {"measured.high", "nothing"},
	    {"measured is nothing", "true"},
	    {"print", "nothing"},
	};
	static const char *const names[] = {
	    "kind", "plain", "measured", "print"};
	static const struct sentence ranked[] = {
	    {"rank(kind)", "3"},
	    {"rank(plain)", "1"},
	};
	struct town *town = *state;
	struct record_id id = thing(town);
	size_t other = town_member(town, "d03", "read:NPSF,write");

	all_give(town, &id, EXPR_MAY_ALL, ranked, COUNT_OF(ranked));
	town_copy(town, 0, other);
	for (size_t i = 0; i < COUNT_OF(names); i++)
		assert_true(town_patch(town, other, OFFICE_SPACE, &id,
		    town_edit(OP_SET, names[i], town_text("없음"))));
	town_copy(town, other, 0);
	all_give(town, &id, EXPR_MAY_ALL, list, COUNT_OF(list));
}

#define KINDS(test) \
	cmocka_unit_test_setup_teardown(test, office_make, office_remove)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    KINDS(what_stands_in_a_map_is_a_number),
	    KINDS(of_no_map_nothing_is_asked),
	    KINDS(hashes_are_equal_or_not),
	    KINDS(a_reference_says_where_it_leads),
	    KINDS(a_set_stands_where_a_set_may),
	    KINDS(what_is_derived_stands_for_what_it_is),
	    KINDS(a_value_of_no_list_has_no_rank),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	buf_fini(&json);
	return failed;
}
