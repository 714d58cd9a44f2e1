/*
 * Promises of core/pack.h about format 2: what each key of docs/packs.md
 * becomes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/expr.h"
#include "core/pack.h"
#include "tests/lib/clinic.h"

static int
open_clinic(void **state)
{
	*state = clinic_pack(NULL, NULL);
	return 0;
}

static int
close_clinic(void **state)
{
	pack_free(*state);
	return 0;
}

static const struct pack_collection *
collection_of(const struct pack *pack, const char *name)
{
	const struct pack_collection *c = pack_collection(
	    pack, bytes_text(name));

	assert_non_null(c);
	return c;
}

static const struct pack_field *
field_of(const struct pack *pack, const char *collection, const char *name)
{
	const struct pack_field *field = pack_field(
	    collection_of(pack, collection), bytes_text(name));

	assert_non_null(field);
	return field;
}

static void
expr_is(const struct pack_expr *expr, const char *text)
{
	assert_true(bytes_is(expr->text, text));
	assert_non_null(expr->code);
}

static void
codes_have_days_labels_and_a_rank(void **state)
{
	const struct pack *pack = *state;
	const struct pack_field *kind = field_of(pack, "task", "kind");
	const struct pack_code *a = pack_code(kind, bytes_text("a"));
	const struct pack_code *b = pack_code(kind, bytes_text("b"));

	assert_int_equal(pack->format, 2);
	assert_int_equal(pack->codes_n, 3);
	assert_ptr_equal(kind->codes, &pack->codes[0]);
	assert_int_equal(kind->values_n, 3);
	assert_string_equal(kind->values[1], "b");
	assert_string_equal(a->label.ko, "가");
	assert_string_equal(a->label.en, "A");
	assert_int_equal(a->from_days, 16617);
	assert_int_equal(a->to_days, 18077);
	assert_string_equal(a->from, "2015-07-01");
	assert_string_equal(a->to, "2019-06-30");
	assert_int_equal(a->rank, 3);
	assert_string_equal(b->label.ko, "b");
	assert_string_equal(b->label.en, "b");
	assert_true(b->from_days == INT64_MIN && b->to_days == INT64_MAX);
	assert_null(b->from);
	assert_int_equal(b->rank, 0);
	assert_null(pack_code(kind, bytes_text("d")));
	assert_null(
	    pack_code(field_of(pack, "task", "people"), bytes_text("x")));
	assert_true(bytes_is(pack_word(kind, bytes_text("a"), false), "가"));
	assert_true(bytes_is(pack_word(kind, bytes_text("a"), true), "A"));
	assert_true(bytes_is(pack_word(kind, bytes_text("z"), true), "z"));
}

static void
units_and_scopes_lead_to_fields(void **state)
{
	const struct pack *pack = *state;
	const struct pack_units *units = pack->units;

	assert_ptr_equal(units->collection, collection_of(pack, "unit"));
	assert_ptr_equal(units->name, field_of(pack, "unit", "name"));
	assert_ptr_equal(units->aliases, field_of(pack, "unit", "aliases"));
	assert_ptr_equal(units->code, field_of(pack, "unit", "code"));
	assert_ptr_equal(units->prefix, field_of(pack, "unit", "prefix"));
	assert_ptr_equal(units->parent, field_of(pack, "unit", "parent"));
	assert_ptr_equal(units->level, field_of(pack, "unit", "level"));
	assert_ptr_equal(units->from, field_of(pack, "unit", "since"));
	assert_ptr_equal(units->to, field_of(pack, "unit", "until"));
	assert_int_equal(pack->scopes_n, 2);
	assert_string_equal(pack->scopes[0].name, "house");
	assert_string_equal(pack->scopes[0].level, "house");
	assert_string_equal(pack->scopes[0].label.ko, "house");
	assert_string_equal(pack->scopes[1].label.ko, "시");
}

static void
the_clock_and_the_fold_are_read(void **state)
{
	const struct pack *pack = *state;
	struct pack *other;

	assert_int_equal(pack->clock_seconds, 9 * 3600);
	assert_int_equal(pack->fold->drop_n, 2);
	assert_string_equal(pack->fold->drop[1], ".");
	assert_string_equal(pack->fold->drop_before_digit[0], "제");
	other = clinic_pack("`+09:00`", "`-03:30`");
	assert_int_equal(other->clock_seconds, -3 * 3600 - 1800);
	pack_free(other);
	other = clinic_pack("`clock`:`+09:00`,", "");
	assert_int_equal(other->clock_seconds, 0);
	pack_free(other);
}

static void
roles_say_what_they_read_write_and_hide(void **state)
{
	const struct pack *pack = *state;
	const struct pack_role *role = &pack->roles[0];

	assert_int_equal(pack->roles_n, 1);
	assert_string_equal(role->name, "의사");
	assert_string_equal(role->label.en, "Doctor");
	assert_ptr_equal(role->scope, &pack->scopes[0]);
	assert_int_equal(role->read, 1U << CLASS_N | 1U << CLASS_P);
	assert_int_equal(role->write_n, 1);
	assert_ptr_equal(role->write[0], collection_of(pack, "task"));
	assert_int_equal(role->hide_n, 1);
	assert_ptr_equal(role->hide[0], field_of(pack, "task", "secret"));
}

static void
collections_have_retention_title_and_indexes(void **state)
{
	const struct pack *pack = *state;
	const struct pack_collection *task = collection_of(pack, "task");
	const struct pack_collection *unit = collection_of(pack, "unit");

	assert_string_equal(task->retention->name, "5y");
	assert_int_equal(task->retention->years, 5);
	assert_int_equal(task->retention->months, 0);
	assert_false(task->retention->keep);
	assert_string_equal(task->retention->from, "closed");
	expr_is(&task->retention_from, "closed_on");
	assert_true(unit->retention->keep);
	assert_int_equal(unit->retention_from.text.n, 0);
	assert_ptr_equal(task->title, field_of(pack, "task", "no"));
	assert_int_equal(task->indexes_n, 2);
	assert_string_equal(task->indexes[0].name, "by_state_due");
	assert_false(task->indexes[0].unique);
	assert_int_equal(task->indexes[0].fields_n, 2);
	assert_ptr_equal(
	    task->indexes[0].fields[0], field_of(pack, "task", "state"));
	assert_ptr_equal(
	    task->indexes[0].fields[1], field_of(pack, "task", "due_on"));
	assert_true(task->indexes[1].unique);
	assert_int_equal(unit->indexes_n, 0);
}

static void
fields_have_bounds_search_and_match(void **state)
{
	const struct pack *pack = *state;
	const struct pack_field *tries = field_of(pack, "task", "tries");
	const struct pack_field *score = field_of(pack, "task", "score");
	const struct pack_field *key = field_of(pack, "task", "secret_key");

	assert_true(tries->grows);
	assert_true(tries->min == INT64_MIN && tries->max == 10);
	assert_true(score->min == 0 && score->max == 100 && !score->grows);
	assert_true(field_of(pack, "unit", "name")->search);
	assert_true(field_of(pack, "unit", "aliases")->search);
	assert_false(field_of(pack, "unit", "code")->search);
	assert_ptr_equal(key->match->of, field_of(pack, "task", "secret"));
	assert_int_equal(key->match->as, PACK_NORMAL_ADDRESS);
	assert_null(score->match);
}

static void
a_state_has_start_end_contested_and_guards(void **state)
{
	const struct pack *pack = *state;
	const struct pack_field *field = field_of(pack, "task", "state");
	const struct pack_guard *guard = &field->guards[0];

	assert_int_equal(field->kind, KIND_STATE);
	assert_int_equal(field->values_n, 4);
	assert_true(field->starts == 8 && field->ends == 12);
	assert_true(field->moves[0] == 2 && field->moves[1] == 5);
	assert_int_equal(field->contested_n, 2);
	assert_string_equal(field->contested[0], "done");
	assert_string_equal(field->contested[1], "doing");
	assert_int_equal(field->guards_n, 1);
	assert_true(guard->to == 4);
	expr_is(&guard->need, "people is something");
	expr_is(&guard->unless, "kind = a");
	assert_string_equal(guard->say.en, "Who?");
	assert_int_equal(guard->who_n, 1);
	assert_ptr_equal(guard->who[0], &pack->roles[0]);
}

static void
views_have_groups_sums_and_distincts(void **state)
{
	const struct pack *pack = *state;
	const struct pack_view *view = &pack->views[0];

	assert_int_equal(pack->views_n, 1);
	assert_string_equal(view->name, "done");
	assert_ptr_equal(view->collection, collection_of(pack, "task"));
	expr_is(&view->where, "state = done");
	assert_int_equal(view->group_n, 2);
	assert_string_equal(view->group[0].name, "month");
	expr_is(&view->group[0].is, "month(due_on)");
	assert_true(view->count);
	assert_int_equal(view->sum_n, 1);
	expr_is(&view->sum[0].is, "tries");
	assert_int_equal(view->distinct_n, 1);
	assert_string_equal(view->distinct[0].name, "people");
}

static void
lists_of_what_is_due_are_read(void **state)
{
	const struct pack *pack = *state;
	const struct pack_due *due = &pack->due[0];

	assert_int_equal(pack->due_n, 2);
	assert_string_equal(due->name, "DL-01");
	assert_false(due->open);
	assert_ptr_equal(due->collection, collection_of(pack, "task"));
	expr_is(&due->where, "state != done");
	expr_is(&due->due, "due_on");
	expr_is(&due->from, "due_on - 30");
	expr_is(&due->overdue, "due_on + 7");
	expr_is(&due->urgency, "if(kind = a, 1, 0)");
	expr_is(&due->risk, "score");
	assert_int_equal(due->show_n, 2);
	assert_string_equal(due->show[0].label.en, "No.");
	expr_is(&due->show[0].is, "no");
	assert_string_equal(due->show[1].label.en, "Rank");
	expr_is(&due->show[1].is, "rank(kind)");
	assert_int_equal(expr_type(due->show[1].is.code), EXPR_INT);
	assert_int_equal(due->by_n, 1);
	assert_string_equal(due->by[0].label.ko, "종류");
	assert_true(pack->due[1].open);
	assert_null(pack->due[1].collection);
}

static void
figures_are_of_a_view_a_ratio_or_a_query(void **state)
{
	const struct pack *pack = *state;
	const struct pack_figure *f = pack->figures;

	assert_int_equal(pack->figures_n, 5);
	assert_int_equal(f[0].source, PACK_OF_RATIO);
	assert_ptr_equal(f[0].ratio[0], &f[1]);
	assert_ptr_equal(f[0].ratio[1], &f[2]);
	assert_int_equal(f[0].digits, 2);
	assert_true(f[0].percent);
	assert_null(f[0].unit.ko);
	assert_int_equal(f[1].source, PACK_OF_VIEW);
	assert_ptr_equal(f[1].view, &pack->views[0]);
	assert_int_equal(f[1].take, PACK_TAKE_COUNT);
	assert_string_equal(f[1].unit.en, "tasks");
	assert_int_equal(f[1].filters_n, 1);
	assert_int_equal(f[1].filters[0].group, 1);
	assert_int_equal(f[1].filters[0].values_n, 2);
	assert_string_equal(f[1].filters[0].values[1], "b");
	assert_int_equal(f[1].period, 0);
	assert_string_equal(f[1].metric, "done");
	assert_int_equal(f[2].take, PACK_TAKE_SUM);
	assert_int_equal(f[2].part, 0);
	assert_int_equal(f[3].take, PACK_TAKE_DISTINCT);
	assert_true(f[3].period == SIZE_MAX);
	assert_int_equal(f[4].source, PACK_OF_QUERY);
	assert_int_equal(f[4].take, PACK_TAKE_SUM);
	assert_ptr_equal(f[4].collection, collection_of(pack, "task"));
	expr_is(&f[4].where, "state = done");
	expr_is(&f[4].of, "score");
	expr_is(&f[4].on, "due_on");
	assert_ptr_equal(pack->reported->key, field_of(pack, "metric", "key"));
	assert_ptr_equal(
	    pack->reported->value, field_of(pack, "metric", "value"));
	assert_null(pack->reported->source);
}

static void
reports_have_tables(void **state)
{
	const struct pack *pack = *state;
	const struct pack_report *report = &pack->reports[0];

	assert_int_equal(pack->reports_n, 1);
	assert_string_equal(report->name, "RP-01");
	assert_int_equal(report->tables_n, 3);
	assert_int_equal(report->tables[0].rows, PACK_ROWS_UNIT);
	assert_int_equal(report->tables[0].chart, PACK_CHART_BAR);
	assert_true(report->tables[0].total);
	assert_int_equal(report->tables[0].columns_n, 3);
	assert_ptr_equal(report->tables[0].columns[1], &pack->figures[4]);
	assert_int_equal(report->tables[1].rows, PACK_ROWS_GROUP);
	assert_string_equal(report->tables[1].group, "kind");
	assert_int_equal(report->tables[1].chart, PACK_CHART_NONE);
	assert_false(report->tables[1].total);
	assert_int_equal(report->tables[2].rows, PACK_ROWS_PERIOD);
	assert_int_equal(report->tables[2].chart, PACK_CHART_LINE);
}

static void
twins_are_told_by_keys_mirrors_and_weights(void **state)
{
	const struct pack *pack = *state;
	const struct pack_mirror *mirror = &pack->mirrors[0];
	const struct pack_duplicates *twins = pack->duplicates;

	assert_ptr_equal(
	    pack->match->collection, collection_of(pack, "match_key"));
	assert_ptr_equal(
	    pack->match->secret, field_of(pack, "match_key", "secret"));
	assert_ptr_equal(
	    pack->match->from, field_of(pack, "match_key", "valid_from"));
	assert_int_equal(pack->mirrors_n, 1);
	assert_ptr_equal(mirror->from, collection_of(pack, "task"));
	assert_ptr_equal(mirror->to, collection_of(pack, "twin"));
	assert_ptr_equal(mirror->source, field_of(pack, "twin", "of"));
	assert_int_equal(mirror->fields_n, 1);
	assert_ptr_equal(
	    mirror->fields[0].from, field_of(pack, "task", "secret_key"));
	assert_ptr_equal(mirror->fields[0].to, field_of(pack, "twin", "key"));
	assert_ptr_equal(twins->collection, mirror->to);
	assert_int_equal(twins->weights_n, 1);
	assert_ptr_equal(twins->weights[0].field, mirror->fields[0].to);
	assert_int_equal(twins->weights[0].weight, 350);
	assert_int_equal(twins->likely, 700);
	assert_int_equal(twins->review, 450);
	assert_ptr_equal(
	    twins->candidate.collection, collection_of(pack, "pair"));
	assert_ptr_equal(twins->candidate.said, field_of(pack, "pair", "said"));
	assert_ptr_equal(twins->source, field_of(pack, "twin", "of"));
	assert_null(twins->group);
}

static void
who_took_personal_data_out_stands_in_a_collection(void **state)
{
	const struct pack *pack = *state;
	const struct pack_access *access = pack->access;
	struct pack *less;

	assert_ptr_equal(access->collection, collection_of(pack, "looked"));
	assert_ptr_equal(access->who, field_of(pack, "looked", "who"));
	assert_ptr_equal(access->at, field_of(pack, "looked", "at"));
	assert_ptr_equal(access->action, field_of(pack, "looked", "deed"));
	assert_string_equal(access->export, "carried");
	assert_ptr_equal(access->reason, field_of(pack, "looked", "why"));
	assert_ptr_equal(access->place, field_of(pack, "looked", "seat"));
	assert_ptr_equal(access->before, field_of(pack, "looked", "before"));
	/* The last two may be missing. */
	less = clinic_pack(",`where`:`seat`,`before`:`before`", "");
	assert_non_null(less->access);
	assert_null(less->access->place);
	assert_null(less->access->before);
	pack_free(less);
	less = clinic_pack(",`access`:{`collection`:`looked`,`who`:`who`,"
			   "`at`:`at`,`action`:`deed`,`export`:`carried`,"
			   "`reason`:`why`,`where`:`seat`,`before`:`before`}",
	    "");
	assert_null(less->access);
	pack_free(less);
}

static void
format_one_says_nothing_of_it(void **state)
{
	const struct pack_field *field;
	struct pack *pack;

	(void)state;
	assert_int_equal(
	    pack_parse(
		bytes_text(
		    "{\"format\":1,\"name\":\"p\",\"version\":1,\"label\":"
		    "{\"ko\":\"a\",\"en\":\"a\"},\"collections\":[{\"name\":"
		    "\"c\","
		    "\"space\":\"s\",\"label\":{\"ko\":\"a\",\"en\":\"a\"},"
		    "\"fields\":[{\"name\":\"f\",\"label\":{\"ko\":\"a\","
		    "\"en\":\"a\"},"
		    "\"class\":\"N\",\"kind\":\"state\",\"values\":[\"a\","
		    "\"b\"],"
		    "\"transitions\":{}}]}]}"),
		&pack),
	    ERR_OK);
	field = &pack->collections[0].fields[0];
	assert_int_equal(pack->format, 1);
	assert_null(pack->codes);
	assert_null(pack->units);
	assert_null(pack->fold);
	assert_null(pack->match);
	assert_null(pack->duplicates);
	assert_null(pack->reported);
	assert_null(pack->access);
	assert_int_equal(pack->views_n + pack->due_n + pack->figures_n +
			     pack->reports_n + pack->roles_n + pack->scopes_n,
	    0);
	assert_null(field->codes);
	assert_int_equal(field->guards_n, 0);
	assert_true(field->min == INT64_MIN && field->max == INT64_MAX);
	assert_null(pack->collections[0].title);
	assert_null(pack->collections[0].retention);
	pack_free(pack);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(codes_have_days_labels_and_a_rank),
	    cmocka_unit_test(units_and_scopes_lead_to_fields),
	    cmocka_unit_test(the_clock_and_the_fold_are_read),
	    cmocka_unit_test(roles_say_what_they_read_write_and_hide),
	    cmocka_unit_test(collections_have_retention_title_and_indexes),
	    cmocka_unit_test(fields_have_bounds_search_and_match),
	    cmocka_unit_test(a_state_has_start_end_contested_and_guards),
	    cmocka_unit_test(views_have_groups_sums_and_distincts),
	    cmocka_unit_test(lists_of_what_is_due_are_read),
	    cmocka_unit_test(figures_are_of_a_view_a_ratio_or_a_query),
	    cmocka_unit_test(reports_have_tables),
	    cmocka_unit_test(twins_are_told_by_keys_mirrors_and_weights),
	    cmocka_unit_test(who_took_personal_data_out_stands_in_a_collection),
	    cmocka_unit_test(format_one_says_nothing_of_it),
	};

	return cmocka_run_group_tests(tests, open_clinic, close_clinic);
}
