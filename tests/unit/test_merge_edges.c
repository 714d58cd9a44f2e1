/*
 * Promises of core/merge.h at their edges: names given twice, changes that name
 * themselves, settling changes with operations, lists of nothing.  qsort is one
 * that turns equals around, as the C standard allows, so that no order of ours
 * rests on a sort that keeps them.
 *
 * LINK: -Wl,--wrap=qsort
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/merge.h"
#include "proto/mem.h"

typedef int order_fn(const void *a, const void *b);

void __wrap_qsort(void *array, size_t n, size_t size, order_fn *order);

void
__wrap_qsort(void *array, size_t n, size_t size, order_fn *order)
{
	uint8_t *rest = array;
	uint8_t *took = mem_new(size);

	/* The last of the least comes first, whichever way round one asks. */
	for (size_t done = 0; done < n; done++) {
		size_t least = done;

		for (size_t i = done; i < n; i++)
			if (order(rest + i * size, rest + least * size) <= 0 ||
			    order(rest + least * size, rest + i * size) >= 0)
				least = i;
		memcpy(took, rest + least * size, size);
		memmove(rest + (done + 1) * size, rest + done * size,
		    (least - done) * size);
		memcpy(rest + done * size, took, size);
	}
	mem_free(took);
}

enum { MADE_MAX = 8 };

/* Change i is made by the log i + 1, so that places are as given. */
struct made {
	struct arena arena;
	struct merge_change changes[MADE_MAX];
	struct merge_op ops[MADE_MAX][4];
	struct change_ref parents[MADE_MAX][4];
	struct dot seen[MADE_MAX][4][2];
	struct record record;
};

static struct made made;

static int
made_fini(void **state)
{
	(void)state;
	arena_fini(&made.arena);
	memset(&made, 0, sizeof(made));
	return 0;
}

static struct merge_change *
made_change(size_t i, uint64_t stamp)
{
	struct merge_change *change = &made.changes[i];

	memset(change->at.delta.log.b, (int)i + 1, 16);
	change->stamp.v = stamp;
	change->counts = true;
	change->ops = made.ops[i];
	change->parents = made.parents[i];
	return change;
}

static void
made_parent(size_t i, size_t parent)
{
	struct merge_change *change = &made.changes[i];

	made.parents[i][change->parents_n++] = made.changes[parent].at;
}

static struct merge_op *
made_op(size_t i, enum op_code code, const char *field, const char *value)
{
	struct merge_change *change = &made.changes[i];
	struct merge_op *op = &made.ops[i][change->ops_n];

	*op = (struct merge_op){.number = (uint16_t)(10 * change->ops_n + 10),
	    .has_body = true,
	    .code = code,
	    .field = bytes_text(field),
	    .value = bytes_text(value),
	    .seen = made.seen[i][change->ops_n]};
	change->ops_n++;
	return op;
}

/* The last operation of change i saw the operation `op` of change `of`. */
static void
made_saw(size_t i, size_t of, uint16_t op)
{
	size_t k = made.changes[i].ops_n - 1;
	struct dot *seen = made.seen[i][k];

	seen[made.ops[i][k].seen_n++] = (struct dot){
	    .at = made.changes[of].at, .op = op};
}

static const struct record *
made_merge(size_t n)
{
	merge_record(made.changes, n, &made.arena, &made.record);
	return &made.record;
}

static void
assert_field(enum field_kind kind, const char *name, const char *expected)
{
	const struct record_field *field = merge_find(
	    &made.record, bytes_text(name), kind);
	struct buf text = {0};

	for (size_t i = 0; field != NULL && i < field->n; i++)
		buf_add(&text, field->values[i].value);
	assert_string_equal(buf_text(&text), expected);
	buf_fini(&text);
}

static bool
is_conflict(enum field_kind kind, const char *name)
{
	return merge_is_conflict(
	    merge_find(&made.record, bytes_text(name), kind));
}

static void
nothing_makes_a_record_that_is_not(void **state)
{
	const struct record *record = made_merge(0);

	(void)state;
	assert_false(record->exists);
	assert_false(record->plain);
	assert_int_equal(record->status, RECORD_LIVE);
	assert_int_equal(record->heads_n, 0);
	assert_int_equal(record->sources_n, 0);
	assert_int_equal(record->fields_n, 0);
	assert_int_equal(record->changed.v, 0);
	assert_null(merge_find(record, bytes_text("f"), KIND_REGISTER));
}

static void
of_changes_with_one_name_the_first_given_stays(void **state)
{
	(void)state;
	made_change(0, 10);
	made_op(0, OP_SET, "f", "a");
	for (size_t i = 1; i < 4; i++) {
		made_change(i, 10 + i);
		made.changes[i].at = made.changes[0].at;
		made_op(i, OP_SET, "f", i == 1 ? "b" : "c");
	}
	made_merge(4);
	assert_field(KIND_REGISTER, "f", "a");
	assert_int_equal(made.record.heads_n, 1);
	assert_int_equal(made.record.changed.v, 10);
}

static void
values_stand_in_the_order_of_their_dots(void **state)
{
	(void)state;
	for (size_t i = 0; i < 4; i++)
		made_change(i, 40 - i);
	made_op(2, OP_ADD, "f", "e");
	made_op(2, OP_ADD, "f", "f");
	made_op(2, OP_ADD, "f", "g");
	made_op(0, OP_ADD, "f", "a");
	made_op(0, OP_ADD, "f", "b");
	made_op(3, OP_ADD, "f", "h");
	made_op(1, OP_ADD, "f", "c");
	made_op(1, OP_ADD, "f", "d");
	made_merge(4);
	assert_field(KIND_SET, "f", "abcdefgh");
}

static void
who_names_itself_is_not_its_own_parent(void **state)
{
	(void)state;
	made_change(0, 10);
	made_change(1, 20);
	made_parent(0, 0);
	made_parent(1, 1);
	made_parent(1, 0);
	made_merge(2);
	assert_int_equal(made.record.heads_n, 1);
	assert_int_equal(
	    id_change_compare(&made.record.heads[0], &made.changes[1].at), 0);
}

static void
what_lies_behind_a_list_is_no_part_of_it(void **state)
{
	(void)state;
	for (size_t i = 0; i < 3; i++) {
		made_change(i, 10);
		made_op(i, OP_SET, "f", i == 0 ? "a" : i == 1 ? "b" : "c");
	}
	made_parent(2, 0);
	made_parent(2, 1);
	made_saw(2, 0, 10);
	made_saw(2, 1, 10);
	made.changes[2].parents_n = 1;
	made.ops[2][0].seen_n = 1;
	made_merge(3);
	assert_int_equal(made.record.heads_n, 2);
	assert_field(KIND_REGISTER, "f", "bc");
	assert_true(made.record.plain);
	/* And nothing is missed that only lies behind. */
	made.parents[2][1] = (struct change_ref){.change = 7};
	made.seen[2][0][1] = (struct dot){.op = 7};
	assert_true(made_merge(3)->plain);
}

static void
a_delete_that_knows_nothing_settles_nothing(void **state)
{
	(void)state;
	made_change(0, 10)->counts = false;
	made_change(1, 20);
	made_change(2, 30)->act = ACT_DELETE;
	made_parent(0, 1);
	assert_int_equal(made_merge(3)->status, RECORD_CONTESTED);
	made.changes[1].counts = false;
	assert_int_equal(made_merge(3)->status, RECORD_DELETED);
}

static void
a_delete_knows_all_lines_that_lead_to_it(void **state)
{
	(void)state;
	for (size_t i = 0; i < 5; i++)
		made_change(i, 10);
	made.changes[4].act = ACT_DELETE;
	made_parent(4, 2);
	made_parent(4, 3);
	made_parent(2, 0);
	made_parent(3, 1);
	assert_int_equal(made_merge(5)->status, RECORD_DELETED);
	made.changes[3].parents_n = 0;
	assert_int_equal(made_merge(5)->status, RECORD_CONTESTED);
}

static void
only_edits_hide_show_and_create(void **state)
{
	(void)state;
	made_change(0, 10);
	made_op(0, OP_SET, "f", "a");
	for (size_t i = 1; i < 3; i++) {
		made_change(i, 5 - i)->act = i == 1 ? ACT_DELETE : ACT_KEEP;
		made.changes[i].collection = bytes_text("case");
		made_op(i, OP_SET, "f", "b");
		made_saw(i, 0, 10);
	}
	made_merge(3);
	assert_field(KIND_REGISTER, "f", "a");
	assert_int_equal(made.record.collection.n, 0);
	assert_int_equal(made.record.created.v, 0);
	made.changes[0].collection = bytes_text("visit");
	made_merge(3);
	assert_true(bytes_is(made.record.collection, "visit"));
	assert_int_equal(made.record.created.v, 10);
}

static void
the_earliest_stamp_creates_whatever_its_log(void **state)
{
	(void)state;
	for (size_t i = 0; i < 3; i++)
		made_change(i, i == 1 ? 5 : 10)->collection = bytes_text(
		    i == 0   ? "a"
		    : i == 1 ? "b"
			     : "c");
	assert_true(bytes_is(made_merge(3)->collection, "b"));
	assert_int_equal(made.record.created.v, 5);
	assert_int_equal(made.record.changed.v, 10);
}

static void
only_registers_and_states_contradict_themselves(void **state)
{
	static const struct {
		enum op_code code;
		enum field_kind kind;
		bool conflict;
	} kinds[] = {
	    {OP_SET, KIND_REGISTER, true},
	    {OP_MOVE, KIND_STATE, true},
	    {OP_ADD, KIND_SET, false},
	    {OP_COUNT, KIND_COUNTER, false},
	    {OP_APPEND, KIND_NOTES, false},
	};

	(void)state;
	made_change(0, 10);
	made_change(1, 20);
	for (size_t i = 0; i < COUNT_OF(kinds); i++) {
		made.changes[0].ops_n = made.changes[1].ops_n = 0;
		made_op(0, kinds[i].code, "f", "a");
		made_op(1, kinds[i].code, "f", "b");
		made_merge(2);
		assert_field(kinds[i].kind, "f", "ab");
		assert_true(
		    is_conflict(kinds[i].kind, "f") == kinds[i].conflict);
	}
}

static void
one_value_of_many_that_differs_is_a_contradiction(void **state)
{
	(void)state;
	for (size_t odd = 0; odd < 5; odd++) {
		for (size_t i = 0; i < 4; i++) {
			made_change(i, 10)->ops_n = 0;
			made_op(i, OP_SET, "f", i == odd ? "b" : "a");
		}
		made_merge(4);
		assert_true(is_conflict(KIND_REGISTER, "f") == (odd < 4));
	}
}

static void
the_values_of_another_field_are_no_contradiction(void **state)
{
	(void)state;
	made_change(0, 10);
	made_change(1, 20);
	made_op(0, OP_SET, "f", "a");
	made_op(0, OP_SET, "g", "b");
	made_op(0, OP_SET, "h", "c");
	made_op(1, OP_SET, "g", "b");
	made_merge(2);
	assert_false(is_conflict(KIND_REGISTER, "f"));
	assert_false(is_conflict(KIND_REGISTER, "g"));
}

static void
what_nothing_is_known_of_is_missed(void **state)
{
	(void)state;
	made_change(0, 10);
	made_change(1, 20);
	made_op(0, OP_SET, "f", "a");
	made_op(0, OP_SET, "g", "b");
	made_op(1, OP_SET, "f", "c");
	made_saw(1, 0, 10);
	made_saw(1, 0, 20);
	assert_true(made_merge(2)->plain);
	assert_field(KIND_REGISTER, "f", "c");
	for (uint16_t op = 0; op < 40; op++) {
		bool known = op == 10 || op == 20;

		made.seen[1][0][1].op = op;
		assert_true(made_merge(2)->plain == known);
	}
}

#define EDGE(name) cmocka_unit_test_teardown(name, made_fini)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    EDGE(nothing_makes_a_record_that_is_not),
	    EDGE(of_changes_with_one_name_the_first_given_stays),
	    EDGE(values_stand_in_the_order_of_their_dots),
	    EDGE(who_names_itself_is_not_its_own_parent),
	    EDGE(what_lies_behind_a_list_is_no_part_of_it),
	    EDGE(a_delete_that_knows_nothing_settles_nothing),
	    EDGE(a_delete_knows_all_lines_that_lead_to_it),
	    EDGE(only_edits_hide_show_and_create),
	    EDGE(the_earliest_stamp_creates_whatever_its_log),
	    EDGE(only_registers_and_states_contradict_themselves),
	    EDGE(one_value_of_many_that_differs_is_a_contradiction),
	    EDGE(the_values_of_another_field_are_no_contradiction),
	    EDGE(what_nothing_is_known_of_is_missed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
