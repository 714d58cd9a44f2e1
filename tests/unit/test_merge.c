/*
 * Promises of core/merge.h: each row of what merging does, one by one, and that
 * the order in which changes come never matters.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/lib/saga.h"

/* Changes written by hand.  Change number i is made by the log `log`. */
enum { MADE_MAX = 16 };
struct made {
	struct arena arena;
	struct merge_change changes[MADE_MAX];
	size_t n;
	struct record record;
};

static struct merge_change *
made_change(struct made *m, int log, uint64_t stamp)
{
	struct merge_change *change = &m->changes[m->n];

	assert_true(m->n < MADE_MAX);
	memset(change->at.delta.log.b, log, 16);
	change->at.delta.seq = m->n++;
	change->stamp.v = stamp;
	change->counts = true;
	return change;
}

static void
made_parent(
    struct made *m, struct merge_change *change, const struct merge_change *of)
{
	struct change_ref *parents = arena_array(
	    &m->arena, change->parents_n + 1, sizeof(*parents));

	for (size_t i = 0; i < change->parents_n; i++)
		parents[i] = change->parents[i];
	parents[change->parents_n++] = of->at;
	change->parents = parents;
}

static struct merge_op *
made_op(struct made *m, struct merge_change *change, enum op_code code,
    const char *value)
{
	struct merge_op *ops = arena_array(
	    &m->arena, change->ops_n + 1, sizeof(*ops));
	struct merge_op *op = &ops[change->ops_n];

	for (size_t i = 0; i < change->ops_n; i++)
		ops[i] = change->ops[i];
	op->number = (uint16_t)change->ops_n;
	op->has_body = true;
	op->code = code;
	op->field = bytes_text("f");
	op->value = bytes_text(value);
	change->ops_n++;
	change->ops = ops;
	return op;
}

/* `op` saw the first operation of `change`. */
static void
made_saw(struct made *m, struct merge_op *op, const struct merge_change *change)
{
	struct dot *seen = arena_array(
	    &m->arena, op->seen_n + 1, sizeof(*seen));

	for (size_t i = 0; i < op->seen_n; i++)
		seen[i] = op->seen[i];
	seen[op->seen_n++].at = change->at;
	op->seen = seen;
}

static const struct record *
made_merge(struct made *m)
{
	merge_record(m->changes, m->n, &m->arena, &m->record);
	return &m->record;
}

/* The values of field "f" in their order, joined by spaces. */
static void
assert_values(struct made *m, enum field_kind kind, const char *expected)
{
	const struct record *record = made_merge(m);
	const struct record_field *field = merge_find(
	    record, bytes_text("f"), kind);
	struct buf text = {0};

	for (size_t i = 0; field != NULL && i < field->n; i++) {
		if (i > 0)
			buf_add_text(&text, " ");
		buf_add(&text, field->values[i].value);
	}
	assert_string_equal(buf_text(&text), expected);
	buf_fini(&text);
}

static void
values_written_apart_both_stay(void **state)
{
	struct made m = {0};
	struct merge_change *a = made_change(&m, 1, 10);
	struct merge_change *b = made_change(&m, 2, 20);
	const struct record_field *field;

	(void)state;
	made_op(&m, a, OP_SET, "a");
	made_op(&m, b, OP_SET, "b");
	assert_values(&m, KIND_REGISTER, "a b");
	field = merge_find(&m.record, bytes_text("f"), KIND_REGISTER);
	assert_true(merge_is_conflict(field));
	assert_true(bytes_is(merge_winner(&m.record, field)->value, "b"));
	assert_int_equal(m.record.heads_n, 2);
	a->stamp.v = 21;
	assert_values(&m, KIND_REGISTER, "a b");
	field = merge_find(&m.record, bytes_text("f"), KIND_REGISTER);
	assert_true(bytes_is(merge_winner(&m.record, field)->value, "a"));
	b->stamp.v = 21;
	assert_values(&m, KIND_REGISTER, "a b");
	field = merge_find(&m.record, bytes_text("f"), KIND_REGISTER);
	assert_true(bytes_is(merge_winner(&m.record, field)->value, "b"));
	arena_fini(&m.arena);
}

static void
equal_values_written_apart_are_no_conflict(void **state)
{
	struct made m = {0};

	(void)state;
	made_op(&m, made_change(&m, 1, 10), OP_SET, "a");
	made_op(&m, made_change(&m, 2, 20), OP_SET, "a");
	assert_values(&m, KIND_REGISTER, "a a");
	assert_false(merge_is_conflict(
	    merge_find(&m.record, bytes_text("f"), KIND_REGISTER)));
	arena_fini(&m.arena);
}

static void
a_set_replaces_only_what_it_saw(void **state)
{
	struct made m = {0};
	struct merge_change *a = made_change(&m, 1, 10);
	struct merge_change *b = made_change(&m, 2, 20);
	struct merge_change *c = made_change(&m, 3, 5);

	(void)state;
	made_op(&m, a, OP_SET, "a");
	made_op(&m, b, OP_SET, "b");
	made_saw(&m, made_op(&m, c, OP_SET, "c"), a);
	assert_values(&m, KIND_REGISTER, "b c");
	arena_fini(&m.arena);
}

static void
a_clear_leaves_no_value_but_spares_what_it_did_not_see(void **state)
{
	struct made m = {0};
	struct merge_change *a = made_change(&m, 1, 10);
	struct merge_change *b = made_change(&m, 2, 20);

	(void)state;
	made_op(&m, a, OP_SET, "a");
	made_saw(&m, made_op(&m, b, OP_CLEAR, "nil"), a);
	assert_values(&m, KIND_REGISTER, "");
	assert_int_equal(m.record.fields_n, 0);
	made_op(&m, made_change(&m, 3, 1), OP_SET, "c");
	assert_values(&m, KIND_REGISTER, "c");
	arena_fini(&m.arena);
}

static void
a_remove_takes_only_the_additions_it_saw(void **state)
{
	struct made m = {0};
	struct merge_change *a = made_change(&m, 1, 10);
	struct merge_change *b = made_change(&m, 2, 20);
	struct merge_change *c = made_change(&m, 3, 30);

	(void)state;
	made_op(&m, a, OP_ADD, "x");
	made_op(&m, b, OP_ADD, "x");
	made_saw(&m, made_op(&m, c, OP_REMOVE, "nil"), a);
	assert_values(&m, KIND_SET, "x");
	assert_int_equal(m.record.sources_n, 1);
	assert_int_equal(id_change_compare(&m.record.sources[0].at, &b->at), 0);
	arena_fini(&m.arena);
}

static void
counts_and_notes_are_all_kept(void **state)
{
	struct made m = {0};

	(void)state;
	for (int i = 0; i < 5; i++) {
		struct merge_change *change = made_change(&m, 1 + i % 2, 10);

		made_op(&m, change, OP_COUNT, "1");
		made_op(&m, change, OP_APPEND, "방문");
	}
	assert_values(&m, KIND_COUNTER, "1 1 1 1 1");
	assert_values(&m, KIND_NOTES, "방문 방문 방문 방문 방문");
	assert_false(merge_is_conflict(
	    merge_find(&m.record, bytes_text("f"), KIND_NOTES)));
	arena_fini(&m.arena);
}

static void
states_reached_apart_are_contested(void **state)
{
	struct made m = {0};
	struct merge_change *a = made_change(&m, 1, 10);
	struct merge_change *b = made_change(&m, 1, 20);
	struct merge_change *c = made_change(&m, 2, 20);

	(void)state;
	made_op(&m, a, OP_MOVE, "open");
	made_saw(&m, made_op(&m, b, OP_MOVE, "closed"), a);
	made_saw(&m, made_op(&m, c, OP_MOVE, "referred"), a);
	assert_values(&m, KIND_STATE, "closed referred");
	assert_true(merge_is_conflict(
	    merge_find(&m.record, bytes_text("f"), KIND_STATE)));
	arena_fini(&m.arena);
}

static void
kinds_of_one_name_do_not_meet(void **state)
{
	struct made m = {0};
	struct merge_change *a = made_change(&m, 1, 10);

	(void)state;
	made_op(&m, a, OP_SET, "register");
	made_op(&m, a, OP_ADD, "set");
	assert_values(&m, KIND_REGISTER, "register");
	assert_values(&m, KIND_SET, "set");
	assert_int_equal(m.record.fields_n, 2);
	arena_fini(&m.arena);
}

/* a <- b <- c: c saw b, b saw a. */
static void
chain_of_three(struct made *m)
{
	struct merge_change *a = made_change(m, 1, 10);
	struct merge_change *b = made_change(m, 2, 20);
	struct merge_change *c = made_change(m, 3, 30);

	made_op(m, a, OP_SET, "a");
	made_saw(m, made_op(m, b, OP_SET, "b"), a);
	made_saw(m, made_op(m, c, OP_SET, "c"), b);
}

static void
what_was_replaced_stays_hidden_when_the_link_is_void(void **state)
{
	struct made m = {0};

	(void)state;
	chain_of_three(&m);
	m.changes[1].counts = false;
	assert_values(&m, KIND_REGISTER, "c");
	assert_false(m.record.plain);
	arena_fini(&m.arena);
}

static void
what_was_replaced_comes_back_when_all_that_saw_it_is_void(void **state)
{
	struct made m = {0};

	(void)state;
	chain_of_three(&m);
	m.changes[1].counts = false;
	m.changes[2].counts = false;
	assert_values(&m, KIND_REGISTER, "a");
	assert_int_equal(m.record.heads_n, 3);
	arena_fini(&m.arena);
}

static void
erasing_a_value_brings_nothing_back(void **state)
{
	struct made m = {0};
	struct merge_op erased;

	(void)state;
	chain_of_three(&m);
	erased = (struct merge_op){.seen_n = m.changes[2].ops[0].seen_n,
	    .seen = m.changes[2].ops[0].seen};
	m.changes[2].ops = &erased;
	assert_values(&m, KIND_REGISTER, "");
	assert_true(m.record.plain);
	arena_fini(&m.arena);
}

static void
a_missing_link_hides_nothing_until_it_comes(void **state)
{
	struct made m = {0};

	(void)state;
	chain_of_three(&m);
	m.changes[1] = m.changes[2];
	m.n = 2;
	assert_values(&m, KIND_REGISTER, "a c");
	assert_false(m.record.plain);
	arena_fini(&m.arena);
}

static void
a_hidden_operation_still_hides_what_it_saw(void **state)
{
	struct made m = {0};
	struct merge_change *d;

	(void)state;
	chain_of_three(&m);
	d = made_change(&m, 4, 40);
	made_saw(&m, made_op(&m, d, OP_CLEAR, "nil"), &m.changes[2]);
	assert_values(&m, KIND_REGISTER, "");
	arena_fini(&m.arena);
}

static void
what_sees_itself_in_a_circle_ends(void **state)
{
	struct made m = {0};
	struct merge_change *a = made_change(&m, 1, 10);
	struct merge_change *b = made_change(&m, 2, 20);
	struct merge_op *x = made_op(&m, a, OP_SET, "a");
	struct merge_op *y = made_op(&m, b, OP_SET, "b");

	(void)state;
	made_saw(&m, x, b);
	made_saw(&m, y, a);
	made_parent(&m, a, b);
	made_parent(&m, b, a);
	a->act = ACT_EDIT;
	assert_values(&m, KIND_REGISTER, "");
	assert_int_equal(m.record.heads_n, 0);
	arena_fini(&m.arena);
}

static void
a_delete_deletes_what_it_knew(void **state)
{
	struct made m = {0};
	struct merge_change *a = made_change(&m, 1, 10);
	struct merge_change *b = made_change(&m, 2, 20);

	(void)state;
	made_op(&m, a, OP_SET, "a");
	b->act = ACT_DELETE;
	made_parent(&m, b, a);
	assert_values(&m, KIND_REGISTER, "a");
	assert_int_equal(m.record.status, RECORD_DELETED);
	assert_false(m.record.plain);
	b->counts = false;
	assert_int_equal(made_merge(&m)->status, RECORD_LIVE);
	arena_fini(&m.arena);
}

static void
an_edit_apart_from_or_after_a_delete_contests_it(void **state)
{
	struct made m = {0};
	struct merge_change *a = made_change(&m, 1, 10);
	struct merge_change *b = made_change(&m, 2, 20);
	struct merge_change *c = made_change(&m, 3, 30);

	(void)state;
	b->act = ACT_DELETE;
	made_parent(&m, b, a);
	made_parent(&m, c, a);
	made_op(&m, c, OP_SET, "c");
	assert_int_equal(made_merge(&m)->status, RECORD_CONTESTED);
	made_parent(&m, c, b);
	assert_int_equal(made_merge(&m)->status, RECORD_CONTESTED);
	c->counts = false;
	assert_int_equal(made_merge(&m)->status, RECORD_DELETED);
	arena_fini(&m.arena);
}

static void
a_later_keep_or_delete_settles_a_contest(void **state)
{
	struct made m = {0};
	struct merge_change *a = made_change(&m, 1, 10);
	struct merge_change *b = made_change(&m, 2, 20);
	struct merge_change *c = made_change(&m, 3, 30);
	struct merge_change *d = made_change(&m, 1, 40);

	(void)state;
	b->act = ACT_DELETE;
	made_parent(&m, b, a);
	made_parent(&m, c, a);
	made_parent(&m, d, b);
	made_parent(&m, d, c);
	d->act = ACT_KEEP;
	assert_int_equal(made_merge(&m)->status, RECORD_LIVE);
	d->act = ACT_DELETE;
	assert_int_equal(made_merge(&m)->status, RECORD_DELETED);
	arena_fini(&m.arena);
}

static void
a_keep_and_a_delete_apart_are_contested(void **state)
{
	struct made m = {0};
	struct merge_change *a = made_change(&m, 1, 10);
	struct merge_change *b = made_change(&m, 2, 20);
	struct merge_change *c = made_change(&m, 3, 30);

	(void)state;
	b->act = ACT_DELETE;
	c->act = ACT_KEEP;
	made_parent(&m, b, a);
	made_parent(&m, c, a);
	assert_int_equal(made_merge(&m)->status, RECORD_CONTESTED);
	b->act = ACT_KEEP;
	assert_int_equal(made_merge(&m)->status, RECORD_LIVE);
	b->act = ACT_DELETE;
	c->act = ACT_DELETE;
	assert_int_equal(made_merge(&m)->status, RECORD_DELETED);
	arena_fini(&m.arena);
}

static void
ancestry_runs_through_changes_that_do_not_count(void **state)
{
	struct made m = {0};
	struct merge_change *a = made_change(&m, 1, 10);
	struct merge_change *b = made_change(&m, 2, 20);
	struct merge_change *c = made_change(&m, 3, 30);

	(void)state;
	b->counts = false;
	c->act = ACT_DELETE;
	made_parent(&m, b, a);
	made_parent(&m, c, b);
	assert_int_equal(made_merge(&m)->status, RECORD_DELETED);
	b->act = ACT_KEEP;
	assert_int_equal(made_merge(&m)->status, RECORD_DELETED);
	arena_fini(&m.arena);
}

static void
the_first_creating_change_names_the_collection(void **state)
{
	struct made m = {0};
	struct merge_change *a = made_change(&m, 2, 10);
	struct merge_change *b = made_change(&m, 1, 10);
	struct merge_change *c = made_change(&m, 1, 5);

	(void)state;
	a->collection = bytes_text("late");
	b->collection = bytes_text("first");
	c->collection = bytes_text("void");
	c->counts = false;
	assert_true(bytes_is(made_merge(&m)->collection, "first"));
	assert_int_equal(m.record.created.v, 10);
	assert_int_equal(m.record.changed.v, 10);
	c->counts = true;
	assert_true(bytes_is(made_merge(&m)->collection, "void"));
	assert_int_equal(m.record.created.v, 5);
	arena_fini(&m.arena);
}

static void
a_record_of_which_nothing_counts_does_not_exist(void **state)
{
	struct made m = {0};
	struct merge_change *a = made_change(&m, 1, 10);

	(void)state;
	made_op(&m, a, OP_SET, "a");
	a->collection = bytes_text("case");
	assert_true(made_merge(&m)->exists);
	assert_true(m.record.plain);
	a->counts = false;
	assert_false(made_merge(&m)->exists);
	assert_false(m.record.plain);
	assert_int_equal(m.record.fields_n, 0);
	assert_int_equal(m.record.heads_n, 1);
	assert_int_equal(m.record.changed.v, 0);
	m.n = 0;
	assert_false(made_merge(&m)->exists);
	assert_int_equal(m.record.heads_n, 0);
	arena_fini(&m.arena);
}

static void
a_missing_parent_or_an_unknown_target_is_not_plain(void **state)
{
	struct made m = {0};
	struct merge_change *a = made_change(&m, 1, 10);
	struct merge_change *b = made_change(&m, 2, 20);
	struct merge_op *op;
	struct merge_change away = {0};

	(void)state;
	made_op(&m, a, OP_SET, "a");
	op = made_op(&m, b, OP_SET, "b");
	made_saw(&m, op, a);
	made_parent(&m, b, a);
	assert_true(made_merge(&m)->plain);
	a->ops_n = 0;
	assert_false(made_merge(&m)->plain);
	a->ops_n = 1;
	away.at.delta.log.b[0] = 9;
	made_parent(&m, b, &away);
	assert_false(made_merge(&m)->plain);
	arena_fini(&m.arena);
}

static void
a_change_given_twice_is_one(void **state)
{
	struct made m = {0};

	(void)state;
	chain_of_three(&m);
	made_op(&m, &m.changes[0], OP_COUNT, "7");
	m.changes[m.n++] = m.changes[0];
	assert_values(&m, KIND_COUNTER, "7");
	assert_int_equal(m.record.heads_n, 3);
	arena_fini(&m.arena);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(values_written_apart_both_stay),
	    cmocka_unit_test(equal_values_written_apart_are_no_conflict),
	    cmocka_unit_test(a_set_replaces_only_what_it_saw),
	    cmocka_unit_test(
		a_clear_leaves_no_value_but_spares_what_it_did_not_see),
	    cmocka_unit_test(a_remove_takes_only_the_additions_it_saw),
	    cmocka_unit_test(counts_and_notes_are_all_kept),
	    cmocka_unit_test(states_reached_apart_are_contested),
	    cmocka_unit_test(kinds_of_one_name_do_not_meet),
	    cmocka_unit_test(
		what_was_replaced_stays_hidden_when_the_link_is_void),
	    cmocka_unit_test(
		what_was_replaced_comes_back_when_all_that_saw_it_is_void),
	    cmocka_unit_test(erasing_a_value_brings_nothing_back),
	    cmocka_unit_test(a_missing_link_hides_nothing_until_it_comes),
	    cmocka_unit_test(a_hidden_operation_still_hides_what_it_saw),
	    cmocka_unit_test(what_sees_itself_in_a_circle_ends),
	    cmocka_unit_test(a_delete_deletes_what_it_knew),
	    cmocka_unit_test(an_edit_apart_from_or_after_a_delete_contests_it),
	    cmocka_unit_test(a_later_keep_or_delete_settles_a_contest),
	    cmocka_unit_test(a_keep_and_a_delete_apart_are_contested),
	    cmocka_unit_test(ancestry_runs_through_changes_that_do_not_count),
	    cmocka_unit_test(the_first_creating_change_names_the_collection),
	    cmocka_unit_test(a_record_of_which_nothing_counts_does_not_exist),
	    cmocka_unit_test(
		a_missing_parent_or_an_unknown_target_is_not_plain),
	    cmocka_unit_test(a_change_given_twice_is_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
