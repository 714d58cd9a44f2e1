/*
 * Promises of core/expr.h: what is no expression is refused with the place and
 * the reason, and what is one gives the same for the same record, whatever the
 * record lacks.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/expr.h"
#include "core/meta.h"
#include "proto/calendar.h"
#include "proto/codec.h"
#include "tests/lib/desk.h"

static const char here[] = "d03/c017/case";

struct scene {
	struct desk desk;
	struct pack *pack;
	struct arena arena;
	struct record_id household;
	struct record_id visits[3];
	int64_t now;
};

static void
well(enum err e)
{
	if (e != ERR_OK)
		fail_msg("%s: %s", err_name(e), err_text());
}

/* One edit of those below: "=field value" sets a text, "#field 3" an int,
 * "+field x" adds to a set, ">field x" moves, "@field" sets a reference to the
 * household. */
static void
edit_make(struct scene *scene, const char *text, struct store_edit *edit,
    struct buf *value)
{
	struct bytes rest = bytes_after(bytes_text(text), 1);
	size_t space = bytes_find(rest, ' ');
	int64_t number = 0;

	edit->field = bytes_first(rest, space);
	edit->class = CLASS_N;
	edit->code = text[0] == '+'   ? OP_ADD
		     : text[0] == '>' ? OP_MOVE
		     : text[0] == '*' ? OP_COUNT
				      : OP_SET;
	if (space < rest.n)
		rest = bytes_after(rest, space + 1);
	if (text[0] == '#' || text[0] == '*') {
		number = rest.p[0] - '0';
		codec_put_int(value, number);
	} else if (text[0] == '@') {
		codec_put_bytes(
		    value, bytes_of(scene->household.b, PACK_REF_SIZE));
	} else {
		codec_put_text(value, rest);
	}
	edit->value = buf_bytes(value);
}

static struct record_id
make(struct scene *scene, const char *collection, const char *const *texts)
{
	struct store_edit edits[12];
	struct buf values[12] = {0};
	struct store_write write = {
	    .create = true, .collection = bytes_text(collection)};
	struct record_id id;
	bool changed;

	well(id_space(bytes_text(here), &write.space));
	for (; texts[write.edits_n] != NULL; write.edits_n++)
		edit_make(scene, texts[write.edits_n], &edits[write.edits_n],
		    &values[write.edits_n]);
	write.edits = edits;
	well(store_write(scene->desk.store, &write, &id, &changed));
	for (size_t i = 0; i < write.edits_n; i++)
		buf_fini(&values[i]);
	return id;
}

static int
scene_make(void **state)
{
	static struct scene scene;
	static const char *const household[] = {"=hh_no 가-1", ">state active",
	    "+types 독거노인", "+types 장애인", NULL};
	static const char *const visits[][8] = {
	    {"@household", "=kind 정기", ">state done",
		"=visited_at 2016-07-25T09:30:00+09:00", "=outcome 특이없음",
		"*attempts 2", NULL},
	    {"@household", "=kind 보편_65세", ">state refused",
		"=visited_at 2016-09-30T20:00:00Z", NULL},
	    {"@household", "=kind 정기", ">state planned", "=due_on 2016-08-01",
		NULL}};

	memset(&scene, 0, sizeof(scene));
	desk_found(&scene.desk, 5);
	desk_begin(&scene.desk, true);
	scene.household = make(&scene, "household", household);
	for (size_t i = 0; i < 3; i++)
		scene.visits[i] = make(&scene, "visit", visits[i]);
	meta_put(
	    store_txn(scene.desk.store), meta_pack, bytes_text("chatdong"));
	desk_commit(&scene.desk);
	desk_close(&scene.desk);
	desk_open(&scene.desk, false);
	/* The first writer under another pack makes its indexes. */
	desk_begin(&scene.desk, true);
	desk_commit(&scene.desk);
	well(pack_parse(pack_embedded(), &scene.pack));
	scene.pack->clock_seconds = 9 * 3600;
	assert_true(calendar_read_time(
	    bytes_text("2016-08-03T10:00:00+09:00"), &scene.now));
	*state = &scene;
	return 0;
}

static int
scene_remove(void **state)
{
	struct scene *scene = *state;

	arena_fini(&scene->arena);
	pack_free(scene->pack);
	desk_fini(&scene->desk);
	return 0;
}

static enum err
parse(struct scene *scene, const char *collection, const char *text,
    unsigned may, unsigned want, const struct expr **expr)
{
	struct expr_scope scope = {.pack = scene->pack,
	    .collection = pack_collection(scene->pack, bytes_text(collection)),
	    .may = may};

	return expr_parse(bytes_text(text), &scope, want, &scene->arena, expr);
}

/* What `text` gives for the record `id`, as text. */
static void
evaluate(struct scene *scene, const char *collection,
    const struct record_id *id, const char *text, struct buf *out)
{
	struct space space;
	struct record record;
	struct expr_value value;
	const struct expr *expr;
	char day[CALENDAR_TEXT_SIZE];

	well(id_space(bytes_text(here), &space));
	well(store_get(scene->desk.store, &space, id, &scene->arena, &record));
	well(parse(scene, collection, text, EXPR_MAY_ALL,
	    EXPR_ANY | EXPR_SETS | 1 << EXPR_SPAN, &expr));
	well(expr_eval(expr,
	    &(struct expr_source){.txn = store_txn(scene->desk.store),
		.space = &space,
		.id = id,
		.record = &record,
		.now_seconds = scene->now,
		.arena = &scene->arena},
	    &value));
	if (value.is_set)
		buf_add_format(out, "%zu values", value.n);
	else if (value.type == EXPR_NOTHING)
		buf_add_text(out, "nothing");
	else if (value.type == EXPR_TEXT)
		buf_add(out, value.b);
	else if (value.type == EXPR_DATE)
		calendar_write_day(value.i, day), buf_add_text(out, day);
	else if (value.type == EXPR_BOOL)
		buf_add_text(out, value.i != 0 ? "true" : "false");
	else
		buf_add_format(out, "%lld", (long long)value.i);
}

struct sentence {
	const char *text;
	const char *gives;
};

static void
check_all(struct scene *scene, const char *collection,
    const struct record_id *id, const struct sentence *list, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct buf out = {0};

		evaluate(scene, collection, id, list[i].text, &out);
		if (strcmp(buf_text(&out), list[i].gives) != 0)
			fail_msg("%s: gives %s, not %s", list[i].text,
			    buf_text(&out), list[i].gives);
		buf_fini(&out);
	}
}

static void
sentences_are_true_of_a_record(void **state)
{
	static const struct sentence list[] = {{"state = done", "true"},
	    {"state in (planned, done)", "true"}, {"state != done", "false"},
	    {"not state = done or kind = '정기' and attempts >= 2", "true"},
	    {"planned_on is nothing", "true"}, {"planned_on < today", "false"},
	    {"planned_on != today", "false"},
	    {"not planned_on < today", "true"},
	    {"visited_at is something", "true"},
	    {"date_of(visited_at)", "2016-07-25"},
	    {"month(visited_at)", "2016-07"},
	    {"quarter(visited_at)", "2016-Q3"}, {"year(visited_at)", "2016"},
	    {"visited_at = '2016-07-25T00:30:00Z'", "true"},
	    {"now - visited_at", "779400"}, {"visited_at + 72h < now", "true"},
	    {"today - date_of(visited_at)", "9"},
	    {"date('2016-01-31') + 1", "2016-02-01"},
	    {"date('2016-01-31') + 7d", "2016-02-07"},
	    {"months(date('2016-01-31'), 1)", "2016-02-29"},
	    {"end_of_quarter(today)", "2016-09-30"},
	    {"end_of_month(date('2016-02-01'))", "2016-02-29"},
	    {"workdays(date('2016-07-29'), 1)", "2016-08-01"},
	    {"workdays(date('2016-07-30'), 5)", "2016-08-05"},
	    {"workdays(date('2016-08-01'), -1)", "2016-07-29"},
	    {"age(date('1951-08-03'), today)", "65"},
	    {"birthday(date('1951-08-03'), 70)", "2021-08-03"},
	    {"if(state = done, 1, 2) * 3 - 4 / 2", "1"}, {"1 / 0", "nothing"},
	    {"-9223372036854775807 - 2", "nothing"},
	    {"first(due_on, planned_on, today)", "2016-08-03"},
	    {"max(1, 3, 2)", "3"},
	    {"min(today, date('2016-01-01'))", "2016-01-01"},
	    {"rank(state) > rank(outcome)", "true"}, {"count(staff)", "0"},
	    {"conflict(state)", "false"}, {"space", "d03/c017"},
	    {"kind begins '정'", "true"}, {"household.hh_no", "가-1"},
	    {"household.types has 장애인", "true"},
	    {"household.types has ('조손', 독거노인)", "true"},
	    {"household.types has 조손", "false"},
	    {"household.types", "2 values"},
	    {"household.zone is nothing", "true"},
	    {"count(household.types)", "2"}, {"health_check.gds", "nothing"},
	    {"today > date('2016-08-02') or 1 / 0 = 1", "true"}};
	struct scene *scene = *state;

	desk_begin(&scene->desk, false);
	check_all(scene, "visit", &scene->visits[0], list, COUNT_OF(list));
	store_abort(scene->desk.store);
}

static void
other_records_are_found_by_an_index(void **state)
{
	static const struct sentence list[] = {
	    {"count(visit, household = this)", "3"},
	    {"count(visit, this = household and kind = 정기)", "2"},
	    {"exists(visit, household = this and state = refused)", "true"},
	    {"exists(visit, household = this.id and state = absent)", "false"},
	    {"latest(visit, date_of(visited_at), household = this)",
		"2016-10-01"},
	    {"earliest(visit, visited_at, household = this) < now", "true"},
	    {"latest(visit, visited_at, household = this and kind = 안부)",
		"nothing"},
	    {"total(visit, attempts, household = this)", "2"},
	    {"count(visit, household = this and count(visit, household = "
	     "this.household and state = done) = 1)",
		"3"},
	    {"exists(visit, household = this and kind begins this.hh_no)",
		"false"}};
	struct scene *scene = *state;

	desk_begin(&scene->desk, false);
	check_all(scene, "household", &scene->household, list, COUNT_OF(list));
	store_abort(scene->desk.store);
}

static void
what_is_no_expression_is_refused_with_its_place(void **state)
{
	static const struct sentence list[] = {{"", "column 1: a field"},
	    {"state =", "column 8: a field"},
	    {"stat = done", "column 1: visit: there is no field 'stat'; did "
			    "you mean state"},
	    {"state = dnoe",
		"column 9: there is no value of visit.state (and no field) "
		"called 'dnoe'"},
	    {"state = 'dnoe'", "column 9: 'dnoe' is no value of visit.state"},
	    {"state < done", "column 1: values of a list have no order"},
	    {"state = 3", "column 9: a text cannot be compared with a number"},
	    {"staff = 3", "column 1: a set is compared with 'has'"},
	    {"state has done", "column 1: 'has' asks"},
	    {"staff in (3)", "column 1: 'has' asks"},
	    {"geo is nothing", "column 5: places"},
	    {"kind and state = done", "column 1: here must be a condition"},
	    {"state = done state", "column 14: what begins here"},
	    {"(state = done", "column 14: ')' is missing"},
	    {"'open", "column 1: the ' is not closed"},
	    {"방문 = done", "column 1: visit: there is no field '방문'"},
	    {"visited_at + 3 < now", "column 12: this cannot be reckoned"},
	    {"99999999999999999999 = 1", "column 1: the number is too large"},
	    {"state is empty", "column 10: behind 'is'"},
	    {"health_check = 3", "column 16: a map cannot be compared"},
	    {"health_check.pulse = 3", "column 14: visit.health_check has no"},
	    {"month(3) = '2016-07'", "column 7: month does not take a number"},
	    {"age(today) = 3", "column 5: age takes 2 arguments, not 1"},
	    {"today", "column 1: this is a date; wanted is a condition"},
	    {"sum(3) = 3", "column 1: there is no function 'sum'"},
	    {"this.state = done", "column 1: 'this' is the record around"},
	    {"companions.name = 'a'", "column 11: what begins here"},
	    {"exists(visit, kind = 정기 or household = this.household)",
		"column 15: no index of 'visit' leads"},
	    {"exists(vist, household = this.household)",
		"column 8: there is no collection 'vist'; did you mean visit"},
	    {"exists(visit, household = this.household and exists(visit, "
	     "household = this.household and exists(visit, household = "
	     "this.household)))",
		"column 98: more than 2 sub-queries"}};
	struct scene *scene = *state;
	const struct expr *expr;

	for (size_t i = 0; i < COUNT_OF(list); i++) {
		enum err e = parse(scene, "visit", list[i].text, EXPR_MAY_ALL,
		    1U << EXPR_BOOL, &expr);

		if (e == ERR_OK)
			fail_msg("%s: was taken", list[i].text);
		if (strncmp(err_text(), list[i].gives, strlen(list[i].gives)) !=
		    0)
			fail_msg("%s: says %s", list[i].text, err_text());
		assert_null(expr);
	}
}

static void
a_place_allows_only_what_it_may(void **state)
{
	static const struct sentence list[] = {
	    {"today > due_on", "column 1: what stands here may not depend"},
	    {"household.hh_no = '1'", "column 10: references cannot"},
	    {"exists(visit, household = this)",
		"column 8: other records cannot"}};
	struct scene *scene = *state;
	const struct expr *expr;

	for (size_t i = 0; i < COUNT_OF(list); i++) {
		assert_int_equal(
		    parse(scene, "visit", list[i].text,
			EXPR_MAY_ALL & ~(1U << i), 1U << EXPR_BOOL, &expr),
		    ERR_INVALID);
		if (strncmp(err_text(), list[i].gives, strlen(list[i].gives)) !=
		    0)
			fail_msg("%s: says %s", list[i].text, err_text());
		well(parse(scene, i == 2 ? "household" : "visit", list[i].text,
		    1U << i, 1U << EXPR_BOOL, &expr));
	}
}

static void
what_is_too_large_is_refused(void **state)
{
	struct scene *scene = *state;
	const struct expr *expr;
	struct buf text = {0};

	for (int i = 0; i < LIMIT_EXPRESSION_DEPTH; i++)
		buf_add_text(&text, "(");
	assert_int_equal(parse(scene, "visit", buf_text(&text), EXPR_MAY_ALL,
			     1U << EXPR_BOOL, &expr),
	    ERR_LIMIT);
	buf_fini(&text);
	buf_add_text(&text, "1 = 1");
	for (int i = 0; i < LIMIT_EXPRESSION_NODES; i++)
		buf_add_text(&text, " + 1");
	assert_int_equal(parse(scene, "visit", buf_text(&text), EXPR_MAY_ALL,
			     1U << EXPR_BOOL, &expr),
	    ERR_LIMIT);
	buf_fini(&text);
	buf_add_text(&text, "kind in ('정기'");
	for (int i = 0; i < LIMIT_EXPRESSION_NODES; i++)
		buf_add_text(&text, ", '정기'");
	assert_int_equal(parse(scene, "visit", buf_text(&text), EXPR_MAY_ALL,
			     1U << EXPR_BOOL, &expr),
	    ERR_LIMIT);
	buf_fini(&text);
}

static void
bound_fields_are_told_to_whoever_seeks_records(void **state)
{
	struct scene *scene = *state;
	const struct expr_bind *binds;
	const struct expr *expr;

	well(parse(scene, "visit",
	    "state in (done, planned) and (kind = 정기 or kind = 안부) and "
	    "today > due_on and planned_on = due_on and not offline",
	    EXPR_MAY_ALL, 1U << EXPR_BOOL, &expr));
	assert_int_equal(expr_binds(expr, &scene->arena, &binds), 2);
	assert_string_equal(binds[0].field->name, "state");
	assert_int_equal(binds[0].relation, EXPR_EQUAL);
	assert_int_equal(binds[0].values_n, 2);
	assert_string_equal(binds[1].field->name, "due_on");
	assert_int_equal(binds[1].relation, EXPR_LESS);
	assert_true(expr_reads(expr, binds[0].field));
	assert_false(expr_reads(
	    expr, pack_field(pack_collection(scene->pack, bytes_text("visit")),
		      bytes_text("outcome"))));
	assert_int_equal(expr_binds(NULL, &scene->arena, &binds), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(sentences_are_true_of_a_record),
	    cmocka_unit_test(other_records_are_found_by_an_index),
	    cmocka_unit_test(what_is_no_expression_is_refused_with_its_place),
	    cmocka_unit_test(a_place_allows_only_what_it_may),
	    cmocka_unit_test(what_is_too_large_is_refused),
	    cmocka_unit_test(bound_fields_are_told_to_whoever_seeks_records),
	};

	return cmocka_run_group_tests(tests, scene_make, scene_remove);
}
