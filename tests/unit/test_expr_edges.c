/*
 * Promises of core/expr.h at their edges: what cannot be reckoned is nothing,
 * values of the wrong type are passed over, and what stands at the wrong place
 * is refused there.
 *
 * LINK: -Wl,--wrap=pack_embedded
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "proto/calendar.h"
#include "tests/lib/office.h"
#include "tests/lib/slip.h"

struct bytes __wrap_pack_embedded(void);

enum { HALL, WARD };

struct bytes
__wrap_pack_embedded(void)
{
	return office_pack();
}

struct sentence {
	const char *text;
	const char *gives;
};

/* ---- asking -------------------------------------------------------------- */

static void
value_add(const struct expr_value *value, struct buf *out)
{
	char day[CALENDAR_TEXT_SIZE];

	if (value->is_set) {
		buf_add_format(out, "%zu values", value->n);
	} else if (value->type == EXPR_NOTHING) {
		buf_add_text(out, "nothing");
	} else if (value->type == EXPR_TEXT) {
		buf_add(out, value->b);
	} else if (value->type == EXPR_DATE) {
		calendar_write_day(value->i, day);
		buf_add_text(out, day);
	} else if (value->type == EXPR_BOOL) {
		buf_add_text(out, value->i != 0 ? "true" : "false");
	} else if (value->type == EXPR_REF) {
		buf_add_text(out, "a record");
	} else {
		buf_add_format(out, "%lld", (long long)value->i);
	}
}

/* What `text` gives for the record `id` of `collection`, or the error. */
static void
ask(struct town *town, const char *collection, const struct record_id *id,
    const char *text, struct buf *out)
{
	struct store *store = town_store(town, HALL);
	struct space space = town_space(OFFICE_SPACE);
	struct arena arena = {0};
	struct expr_scope scope = {.may = EXPR_MAY_ALL};
	struct expr_value value;
	const struct expr *expr;
	struct record record;
	enum err e;

	slip_is(store_begin(store, false), ERR_OK, NULL);
	slip_is(store_locate(store, id, &space), ERR_OK, NULL);
	scope.pack = store_txn(store)->pack;
	scope.collection = pack_collection(scope.pack, bytes_text(collection));
	slip_is(store_get(store, &space, id, &arena, &record), ERR_OK, NULL);
	e = expr_parse(bytes_text(text), &scope,
	    EXPR_ANY | EXPR_SETS | 1 << EXPR_SPAN, &arena, &expr);
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
all_give(struct town *town, const char *collection, const struct record_id *id,
    const struct sentence *list, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct buf out = {0};

		ask(town, collection, id, list[i].text, &out);
		if (strcmp(buf_text(&out), list[i].gives) != 0)
			fail_msg("%s: gives %s, not %s", list[i].text,
			    buf_text(&out), list[i].gives);
		buf_fini(&out);
	}
}

/* A visit on a Monday with all there is. */
static struct record_id
visit(struct town *town)
{
	struct record_id home = office_put(
	    town, HALL, OFFICE_SPACE, "home", WORDS("no=H-1", "income=500"));

	return office_put(town, HALL, OFFICE_SPACE, "visit",
	    WORDS("on=2016-07-25", "at=2016-07-25T09:30:00+09:00",
		"until=2016-07-26T09:30:00+09:00", "kind=crisis", "state=open",
		"born=1946-07-30", "ill=true", "cost=1000", "amount=7",
		"tries+=2", "tags+=가", "tags+=나", office_ref("home", &home)));
}

/* ---- what is reckoned ---------------------------------------------------- */

static void
days_lead_to_days_or_to_nothing(void **state)
{
	static const struct sentence list[] = {
	    {"workdays(on, 1)", "2016-07-26"},
	    {"workdays(on, 5)", "2016-08-01"},
	    {"workdays(on, -1)", "2016-07-22"},
	    {"workdays(on, -6)", "2016-07-15"},
	    {"workdays(on + 5, 1)", "2016-08-01"},
	    {"workdays(on + 6, -1)", "2016-07-29"},
	    {"workdays(on + 5, 0)", "2016-07-30"},
	    {"workdays(on, 9000000000000000000)", "nothing"},
	    {"workdays(on, -9000000000000000000)", "nothing"},
	    {"workdays(on, 18000000)", "nothing"},
	    {"age(born, on)", "69"},
	    {"age(born, today + 1 / 0)", "nothing"},
	    {"age(today + 1 / 0, on)", "nothing"},
	    {"months(on, 1 / 0)", "nothing"},
	    {"months(date('2016-01-31'), 1)", "2016-02-29"},
	    {"months(on, 999999999)", "nothing"},
	    {"birthday(born, 70)", "2016-07-30"},
	    {"birthday(born, 99999)", "nothing"},
	    {"on + 9000000000000000000", "nothing"},
	    {"on + 99999999", "nothing"},
	    {"on - 99999999", "nothing"},
	    {"on + 25h", "2016-07-26"},
	    {"on - 48h", "2016-07-23"},
	    {"end_of_month(on + 1 / 0)", "nothing"},
	    {"end_of_quarter(on)", "2016-09-30"},
	    {"year(at)", "2016"},
	    {"quarter(at)", "2016-Q3"},
	    {"month(on)", "2016-07"},
	    {"date_of(at + 15h)", "2016-07-26"},
	    {"year(at + 9000000000000000000h)",
		"column 11: the time is too long"},
	    {"year(at + 2400000000000h)", "nothing"},
	    {"date_of(at + 2400000000000h)", "nothing"},
	};
	struct record_id id = visit(*state);

	all_give(*state, "visit", &id, list, COUNT_OF(list));
}

static void
numbers_that_have_no_place_are_nothing(void **state)
{
	static const struct sentence list[] = {
	    {"amount * 9223372036854775807", "nothing"},
	    {"amount + 9223372036854775807", "nothing"},
	    {"-9223372036854775807 - amount", "nothing"},
	    {"(-9223372036854775807 - 1) / -1", "nothing"},
	    {"(-9223372036854775807 - 1) / 1", "-9223372036854775808"},
	    {"amount / 0", "nothing"},
	    {"amount / -2", "-3"},
	    {"amount - cost * 2", "-1993"},
	    {"(until - at) / 2", "43200"},
	    {"2d - 1h", "169200"},
	    {"2d + 1h", "176400"},
	    {"2d * 3", "518400"},
	    {"on - date('2016-07-01')", "24"},
	    {"amount / 0 = 1", "false"},
	    {"amount / 0 != 1", "false"},
	    {"amount / 0 is nothing", "true"},
	    {"amount in (1 / 0, 7)", "true"},
	    {"amount in (1 / 0, 8)", "false"},
	    {"tags has ('다', '나')", "true"},
	    {"tags has '다'", "false"},
	    {"tags is something", "true"},
	    {"min(amount, 3, 1 / 0)", "3"},
	    {"max(amount / 0, amount, 3)", "7"},
	    {"max(1 / 0, 2 / 0)", "nothing"},
	    {"first(amount / 0, amount)", "7"},
	    {"first(amount / 0, amount / 0)", "nothing"},
	    {"if(amount > 3, on, today - 1)", "2016-07-25"},
	    {"if(amount / 0 > 3, on, today - 1)", "2016-07-24"},
	    {"rank(kind)", "9"},
	    {"rank(first(kind, kind))", "9"},
	    {"rank(if(ill, kind, kind))", "9"},
	    {"count(tags)", "2"},
	    {"tries", "2"},
	    {"conflict(state)", "false"},
	    {"conflict(person)", "false"},
	    {"person.no is nothing", "true"},
	    {"home.income", "500"},
	    {"home[home].no begins 'H'", "true"},
	    {"person.no begins 'H'", "false"},
	    {"'H-1' begins person.no", "false"},
	    {"home.same_as.no is nothing", "true"},
	    {"space = 'd03/c017'", "true"},
	    {"created <= changed", "true"},
	    {"created = today", "false"},
	    {"home = id", "false"},
	    {"id = id", "true"},
	    {"home = '00'",
		"column 8: a reference cannot be compared with a text"},
	    {"home = '0123456789abcdef0123456789abcdef'", "false"},
	    {"'0123456789abcdef0123456789abcdef' = home", "false"},
	    {"home = 'xyz'",
		"column 8: a reference cannot be compared with a text"},
	    {"ill and not false", "true"},
	    {"true = ill", "true"},
	    {"'2016-07-25' = on", "true"},
	    {"on\t=\n'2016-07-25'", "true"},
	    {"'it''s' = 'it''s'", "true"},
	    {"'it''s'", "it's"},
	    {"3h < 2d and 3h <= 3h and 2d > 1d and 2d >= 2d", "true"},
	};
	struct record_id id = visit(*state);

	all_give(*state, "visit", &id, list, COUNT_OF(list));
}

/* A visit about which nothing is known. */
static void
of_what_is_not_there_nothing_follows(void **state)
{
	static const struct sentence list[] = {
	    {"rank(kind)", "nothing"},
	    {"kind = crisis", "false"},
	    {"kind != crisis", "false"},
	    {"on + 1", "nothing"},
	    {"on < today", "false"},
	    {"on > today", "false"},
	    {"year(on)", "nothing"},
	    {"workdays(on, 1)", "nothing"},
	    {"tries", "0"},
	    {"tags", "0 values"},
	    {"tags is nothing", "true"},
	    {"count(tags)", "0"},
	    {"ill", "nothing"},
	    {"not ill", "true"},
	    {"home.no", "nothing"},
	    {"min(on, today)", "2016-07-25"},
	    {"at - until", "nothing"},
	    {"exists(visit, home = this.home)", "false"},
	    {"count(visit, home = this.home)", "0"},
	    {"latest(visit, on, home = this.home)", "nothing"},
	    {"total(visit, amount, home = this.home)", "0"},
	};
	struct record_id id = office_put(
	    *state, HALL, OFFICE_SPACE, "visit", WORDS("amount=1"));

	all_give(*state, "visit", &id, list, COUNT_OF(list));
}

/* Node WARD has no pack, so that it writes what it likes. */
static void
values_of_the_wrong_type_are_passed_over(void **state)
{
	static const struct sentence list[] = {
	    {"on", "nothing"},
	    {"at", "nothing"},
	    {"amount", "nothing"},
	    {"kind", "nothing"},
	    {"rank(kind)", "nothing"},
	    {"ill", "true"},
	    {"home", "nothing"},
	    {"home.no", "nothing"},
	    {"tags", "2 values"},
	    {"tries", "9223372036854775807"},
	    {"cost", "nothing"},
	};
	struct town *town = *state;
	struct record_id id = visit(town);
	size_t ward = town_member(town, "d03", "read:NPSF,write");
	static const char *const registers[] = {
	    "on", "at", "kind", "home", "amount", "cost"};

	town_copy(town, HALL, ward);
	for (size_t i = 0; i < COUNT_OF(registers); i++)
		assert_true(town_patch(town, ward, OFFICE_SPACE, &id,
		    town_edit(OP_SET, registers[i],
			i < 4 ? town_int(5) : town_text("다섯"))));
	assert_true(town_patch(town, ward, OFFICE_SPACE, &id,
	    town_edit(OP_ADD, "tags", town_int(5))));
	for (int i = 0; i < 2; i++)
		assert_true(town_patch(town, ward, OFFICE_SPACE, &id,
		    town_edit(OP_COUNT, "tries", town_int(INT64_MAX))));
	town_copy(town, ward, HALL);
	all_give(town, "visit", &id, list, COUNT_OF(list));
}

/* ---- what is refused ----------------------------------------------------- */

static const struct sentence misplaced[] = {
    {"year(tags)", "column 6: year does not take a set here"},
    {"year()", "column 6: a field, a number, a 'text' or ( must stand here"},
    {"year(on", "column 8: ')' is missing here"},
    {"age(on, on, on)", "column 5: age takes 2 arguments, not 3"},
    {"if(ill, 1)", "column 4: here must be three arguments"},
    {"if(ill, 1, 2, 3)", "column 4: here must be three arguments"},
    {"if(tags, 1, 2)", "column 4: here must be a condition"},
    {"if(on, 1, 2)", "column 4: here must be a condition"},
    {"if(ill, tags, 2)", "column 9: here must be one value"},
    {"if(ill, 1, tags)", "column 12: here must be one value"},
    {"if(ill, 1, '가')", "column 12: a number cannot be compared with a text"},
    {"first(1)", "column 7: here must be two or more arguments"},
    {"max(ill, true)", "column 5: conditions have no order"},
    {"min(true, ill)", "column 5: conditions have no order"},
    {"min(1, 2, 3, 4, 5, 6, 7, 8, 9)", "column 29: more than 8 arguments"},
    {"count(on)", "column 7: count does not take a date"},
    {"rank(on)", "column 6: rank does not take a date"},
    {"rank(tags)", "column 6: rank does not take a set"},
    {"rank('가')", "column 6: rank does not take a text"},
    {"conflict(on + 1)", "column 10: conflict does not take a date"},
    {"date(on)", "column 6: date does not take a date"},
    {"date('2016-13-01')", "column 6: a date cannot be compared with a "
			   "text; a date is written '2016-07-25'"},
    {"date(3)", "column 6: a date cannot be compared with a number; a "
		"date is written '2016-07-25'"},
    {"exists(visit)", "column 13: ',' is missing here"},
    {"exists(3, on = today)", "column 8: a collection must stand here"},
    {"exists('visit', on = today)", "column 8: a collection must stand here"},
    {"exists(visit, amount = this.amount)",
	"column 15: no index of 'visit' leads to these records: "
	"compare an indexed field of it by = with a value of 'this'"},
    {"exists(visit, home > this.home)", "column 15: a reference has no order"},
    {"latest(visit, tags, home = this.home)",
	"column 15: this does not take a set"},
    {"latest(visit, ill, home = this.home)",
	"column 15: this does not take a condition"},
    {"total(visit, on, home = this.home)",
	"column 14: this does not take a date"},
    {"total(visit, tags, home = this.home)",
	"column 14: this does not take a set"},
    {"tags begins '가'", "column 1: 'begins' stands between texts"},
    {"on begins '2016'", "column 1: 'begins' stands between texts"},
    {"kind begins 3", "column 1: 'begins' stands between texts"},
    {"kind begins tags", "column 1: 'begins' stands between texts"},
    {"tags + 1", "column 6: this cannot be reckoned of a set and a number"},
    {"1 + tags", "column 3: this cannot be reckoned of a number and a set"},
    {"ill + 1", "column 5: this cannot be reckoned of a condition and "
		"a number"},
    {"3 * 2d", "column 3: this cannot be reckoned of a number and a "
	       "span of time"},
    {"at - on", "column 4: this cannot be reckoned of a time of day "
		"and a date"},
    {"at * 2", "column 4: this cannot be reckoned of a time of day and "
	       "a number"},
    {"on + at", "column 4: this cannot be reckoned of a date and a "
		"time of day"},
    {"-on", "column 2: a field, a number, a 'text' or ( must stand here"},
    {"-'가'", "column 2: a field, a number, a 'text' or ( must stand here"},
    {"-(3)", "column 2: a field, a number, a 'text' or ( must stand here"},
    {"ill < true", "column 1: a condition has no order"},
    {"home < id", "column 1: a reference has no order"},
    {"kind in tags", "column 9: a text cannot be compared with a set"},
    {"kind = tags", "column 8: a text cannot be compared with a set"},
    {"on = at", "column 6: a date cannot be compared with a time of "
		"day; a date is written '2016-07-25'"},
    {"on = '7월'", "column 6: a date cannot be compared with a text; a "
		   "date is written '2016-07-25'"},
    {"at = '2016'", "column 6: a time of day cannot be compared with a text"},
    {"3 = '3'", "column 5: a number cannot be compared with a text"},
    {"'3' = 3", "column 7: a text cannot be compared with a number"},
    {"home.", "column 6: a field must stand here"},
    {"home.3", "column 6: a field must stand here"},
    {"home[visit].on", "column 6: visit.home does not lead there"},
    {"home['home'].no", "column 6: visit.home does not lead there"},
    {"home[home]", "column 11: '.' is missing here"},
    {"home[home.no", "column 10: ']' is missing here"},
    {"on.year", "column 3: what begins here belongs to nothing before it"},
    {"kind = 위기", "column 8: there is no value of visit.kind (and no "
		    "field) called '위기'; did you mean crisis?"},
    {"kind = weekly", "column 8: there is no value of visit.kind (and "
		      "no field) called 'weekly'"},
    {"on = today_", "column 6: visit: there is no field 'today_'"},
    {"no = H", "column 1: visit: there is no field 'no'"},
    {"7dd = 7d", "column 2: what begins here belongs to nothing before it"},
    {"7h2 = 7d", "column 2: what begins here belongs to nothing before it"},
    {"99999999999999999d", "column 1: the time is too long"},
    {"on ? 3", "column 4: '?' begins nothing"},
    {"on \x01 3", "column 4: '?' begins nothing"},
    {"on = 'open", "column 6: the ' is not closed by another"},
    {"home.home.no", "column 6: home: there is no field 'home'"},
    {"on = (today", "column 12: ')' is missing here"},
    {"not on", "column 5: here must be a condition, not a date"},
    {"ill or on", "column 8: here must be a condition, not a date"},
    {"on and ill", "column 1: here must be a condition, not a date"},
    {"\xff", "column 1: this is not UTF-8"},
    {"ill and not ?", "column 13: '?' begins nothing"},
    {"kind begins",
	"column 12: a field, a number, a 'text' or ( must stand here"},
    {"kind begins ?", "column 13: '?' begins nothing"},
    {"on is ?", "column 7: '?' begins nothing"},
    {"on in ?", "column 7: '?' begins nothing"},
    {"on in (today ?", "column 14: '?' begins nothing"},
    {"- ?", "column 3: '?' begins nothing"},
    {"( ?", "column 3: '?' begins nothing"},
    {"home. ?", "column 7: '?' begins nothing"},
    {"home[home ?", "column 11: '?' begins nothing"},
    {"home[ ?", "column 7: '?' begins nothing"},
    {"count(?)", "column 7: '?' begins nothing"},
    {"year(?", "column 6: '?' begins nothing"},
    {"year ?", "column 6: '?' begins nothing"},
    {"exists(visit ?", "column 14: '?' begins nothing"},
    {"exists(?", "column 8: '?' begins nothing"},
    {"exists(visit, on)", "column 15: here must be a condition"},
    {"exists(visit, tags)", "column 15: here must be a condition"},
    {"latest(visit, ?, home = this.home)", "column 15: '?' begins nothing"},
    {"latest(visit, on ?", "column 18: '?' begins nothing"},
    {"date(?", "column 6: '?' begins nothing"},
    {"min(1, ?", "column 8: '?' begins nothing"},
    {"1 + ?", "column 5: '?' begins nothing"},
    {"1 * ?", "column 5: '?' begins nothing"},
    {"ill or ?", "column 8: '?' begins nothing"},
    {"on = ?", "column 6: '?' begins nothing"},
    {"this.on = on", "column 1: 'this' is the record around a "
		     "sub-query, and here is none"},
    {"this ?", "column 6: '?' begins nothing"},
    {"'가' + 1", "column 5: this cannot be reckoned of a text and a number"},
    {"home.no.x", "column 8: what begins here belongs to nothing before it"},
    {"rank(?", "column 6: '?' begins nothing"},
    {"rank(kind ?", "column 11: '?' begins nothing"},
    {"count(tags ?", "column 12: '?' begins nothing"},
    {"not not ill and ?", "column 17: '?' begins nothing"},
};

static void
what_stands_at_the_wrong_place_is_refused_there(void **state)
{
	struct record_id id = visit(*state);

	all_give(*state, "visit", &id, misplaced, COUNT_OF(misplaced));
}

static void
ranks_without_numbers_are_places(void **state)
{
	static const struct sentence list[] = {
	    {"rank(level)", "1"},
	    {"level = dong", "true"},
	    {"level < dong",
		"column 1: values of a list have no order; say rank(level)"},
	    {"name = dong", "column 8: without quotes this is a name: unit: "
			    "there is no field 'dong'"},
	    {"since = dong", "column 9: unit: there is no field 'dong'"},
	};
	struct record_id id = office_put(*state, HALL, "city/all/unit", "unit",
	    WORDS("name=신사동", "level=dong"));

	all_give(*state, "unit", &id, list, COUNT_OF(list));
}

#define OFFICE(test) \
	cmocka_unit_test_setup_teardown(test, office_make, office_remove)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    OFFICE(days_lead_to_days_or_to_nothing),
	    OFFICE(numbers_that_have_no_place_are_nothing),
	    OFFICE(of_what_is_not_there_nothing_follows),
	    OFFICE(values_of_the_wrong_type_are_passed_over),
	    OFFICE(what_stands_at_the_wrong_place_is_refused_there),
	    OFFICE(ranks_without_numbers_are_places),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
