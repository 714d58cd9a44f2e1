/*
 * The order in which changes come never matters to core/merge.c, which says
 * what an oracle says that was written to be plain instead of fast.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/lib/saga.h"

enum { SMALL = 5, LARGE = 24, ROUNDS = 1000, SHUFFLES = 12 };

/* The text of what the changes make; kept in `text`. */
static const char *
merged(const struct merge_change *changes, size_t n, struct buf *text)
{
	struct arena arena = {0};
	struct record record;

	buf_cut(text, 0);
	merge_record(changes, n, &arena, &record);
	saga_text(&record, text);
	arena_fini(&arena);
	return buf_text(text);
}

/* A history of up to `max` changes, of which some got lost. */
static struct merge_change *
some_history(uint64_t seed, size_t max, struct arena *arena, size_t *n)
{
	uint64_t state = seed * 77;
	struct saga_config config = {
	    .seed = seed,
	    .writers = 1 + saga_random(&state, SAGA_WRITERS_MAX),
	    .changes = 1 + saga_random(&state, max),
	    .settle = 15,
	    .void_ = 15,
	    .bare = 15,
	    .odd = 20,
	};
	struct merge_change *changes = saga_make(&config, arena);

	*n = config.changes;
	while (*n > 1 && saga_random(&state, 3) == 0)
		changes[saga_random(&state, *n)] = changes[*n - 1], --*n;
	return changes;
}

/* The next order of `order` as numbers; false after the last. */
static bool
next_order(size_t *order, size_t n)
{
	size_t i = n - 1;
	size_t k = n - 1;
	size_t kept;

	while (i > 0 && order[i - 1] >= order[i])
		i--;
	if (i == 0)
		return false;
	while (order[k] <= order[i - 1])
		k--;
	kept = order[k];
	order[k] = order[i - 1];
	order[i - 1] = kept;
	for (size_t a = i, b = n - 1; a < b; a++, b--) {
		kept = order[a];
		order[a] = order[b];
		order[b] = kept;
	}
	return true;
}

static void
every_order_of_a_few_changes_makes_one_record(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= ROUNDS; seed++) {
		struct merge_change given[SMALL];
		size_t order[SMALL] = {0, 1, 2, 3, 4};
		struct arena arena = {0};
		struct buf first = {0};
		struct buf text = {0};
		size_t n;
		const struct merge_change *changes = some_history(
		    seed, SMALL, &arena, &n);

		(void)merged(changes, n, &first);
		while (next_order(order, n)) {
			for (size_t i = 0; i < n; i++)
				given[i] = changes[order[i]];
			assert_string_equal(
			    merged(given, n, &text), buf_text(&first));
		}
		buf_fini(&first);
		buf_fini(&text);
		arena_fini(&arena);
	}
}

static void
any_order_of_many_changes_makes_one_record(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= ROUNDS; seed++) {
		uint64_t random = seed;
		struct arena arena = {0};
		struct buf first = {0};
		struct buf text = {0};
		size_t n;
		struct merge_change *changes = some_history(
		    seed + ROUNDS, LARGE, &arena, &n);

		(void)merged(changes, n, &first);
		for (int i = 0; i < SHUFFLES; i++) {
			saga_shuffle(&random, changes, n);
			assert_string_equal(
			    merged(changes, n, &text), buf_text(&first));
		}
		buf_fini(&first);
		buf_fini(&text);
		arena_fini(&arena);
	}
}

/* The oracle's marks of one change: what it hides, and its descent. */
struct plainly {
	const struct merge_change *changes;
	size_t n;
	bool hidden[LARGE][8];
	bool before[LARGE][LARGE]; /* [a][b]: a is an ancestor of b */
};

static void
plainly_see(struct plainly *p, const struct merge_op *op, bool *moved)
{
	for (size_t s = 0; s < op->seen_n; s++)
		for (size_t i = 0; i < p->n; i++)
			for (size_t k = 0; k < p->changes[i].ops_n; k++) {
				struct dot dot = {.at = p->changes[i].at,
				    .op = p->changes[i].ops[k].number};

				if (p->hidden[i][k] ||
				    id_dot_compare(&dot, &op->seen[s]) != 0)
					continue;
				p->hidden[i][k] = true;
				*moved = true;
			}
}

static void
plainly_work(struct plainly *p)
{
	bool moved = true;

	while (moved) {
		moved = false;
		for (size_t i = 0; i < p->n; i++)
			for (size_t k = 0; k < p->changes[i].ops_n; k++)
				if (p->changes[i].counts || p->hidden[i][k])
					plainly_see(
					    p, &p->changes[i].ops[k], &moved);
	}
	for (size_t i = 0; i < p->n; i++)
		for (size_t k = 0; k < p->changes[i].parents_n; k++)
			for (size_t a = 0; a < p->n; a++)
				if (id_change_compare(&p->changes[a].at,
					&p->changes[i].parents[k]) == 0)
					p->before[a][i] = true;
	for (size_t via = 0; via < p->n; via++)
		for (size_t a = 0; a < p->n; a++)
			for (size_t b = 0; b < p->n; b++)
				if (p->before[a][via] && p->before[via][b])
					p->before[a][b] = true;
}

static bool
is_settling(const struct merge_change *change)
{
	return change->counts && change->act != ACT_EDIT;
}

/* The sentence of the design, word by word. */
static enum record_status
plainly_status(const struct plainly *p)
{
	bool latest[LARGE] = {0};
	bool deletes = false;
	bool keeps = false;

	for (size_t i = 0; i < p->n; i++) {
		latest[i] = is_settling(&p->changes[i]);
		for (size_t k = 0; k < p->n; k++)
			if (p->before[i][k] && is_settling(&p->changes[k]))
				latest[i] = false;
		if (latest[i] && p->changes[i].act == ACT_DELETE)
			deletes = true;
		if (latest[i] && p->changes[i].act == ACT_KEEP)
			keeps = true;
	}
	if (!deletes)
		return RECORD_LIVE;
	if (keeps)
		return RECORD_CONTESTED;
	for (size_t i = 0; i < p->n; i++) {
		bool covered = false;

		if (!p->changes[i].counts || p->changes[i].act != ACT_EDIT)
			continue;
		for (size_t k = 0; k < p->n; k++)
			covered = covered || (latest[k] && p->before[i][k]);
		if (!covered)
			return RECORD_CONTESTED;
	}
	return RECORD_DELETED;
}

static bool
record_has(const struct record *record, const struct merge_change *change,
    const struct merge_op *op)
{
	const struct record_field *field = merge_find(
	    record, op->field, body_kind(op->code));
	struct dot dot = {.at = change->at, .op = op->number};

	for (size_t i = 0; field != NULL && i < field->n; i++) {
		struct dot other = merge_dot(record, &field->values[i]);

		if (id_dot_compare(&dot, &other) == 0)
			return bytes_equal(field->values[i].value, op->value) &&
			       field->values[i].class == op->class;
	}
	return false;
}

static void
assert_plainly(const struct plainly *p, const struct record *record)
{
	size_t values = 0;

	for (size_t i = 0; i < record->fields_n; i++)
		values += record->fields[i].n;
	for (size_t i = 0; i < p->n; i++) {
		const struct merge_change *change = &p->changes[i];

		for (size_t k = 0; k < change->ops_n; k++) {
			const struct merge_op *op = &change->ops[k];
			bool stays = change->counts && op->has_body &&
				     body_has_value(op->code) &&
				     !p->hidden[i][k];

			assert_true(!op->has_body ||
				    record_has(record, change, op) == stays);
			values -= stays;
		}
	}
	assert_int_equal(values, 0);
	assert_int_equal(record->status, plainly_status(p));
}

static void
the_fast_way_agrees_with_the_plain_one(void **state)
{
	size_t seen[3] = {0};

	(void)state;
	for (uint64_t seed = 1; seed <= 2 * ROUNDS; seed++) {
		struct arena arena = {0};
		struct plainly *p = arena_new(&arena, sizeof(*p));
		struct record record;

		p->changes = some_history(seed, LARGE, &arena, &p->n);
		plainly_work(p);
		merge_record(p->changes, p->n, &arena, &record);
		assert_plainly(p, &record);
		seen[record.status]++;
		arena_fini(&arena);
	}
	/* The histories were worth it. */
	assert_true(seen[0] > 50 && seen[1] > 50 && seen[2] > 50);
}

static void
of_one_writer_the_last_change_of_a_register_stays(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 200; seed++) {
		struct saga_config config = {
		    .seed = seed, .writers = 1, .changes = 20};
		struct arena arena = {0};
		struct record record;

		merge_record(saga_make(&config, &arena), 20, &arena, &record);
		assert_true(record.plain);
		assert_int_equal(record.heads_n, 1);
		for (size_t i = 0; i < record.fields_n; i++) {
			const struct record_field *field = &record.fields[i];

			if (field->kind != KIND_REGISTER)
				continue;
			for (size_t k = 1; k < field->n; k++)
				assert_int_equal(field->values[k].source,
				    field->values[0].source);
		}
		arena_fini(&arena);
	}
}

static void
ten_thousand_changes_merge_at_once(void **state)
{
	enum { MANY = 10000 };
	struct arena arena = {0};
	struct merge_change *changes = arena_array(
	    &arena, MANY, sizeof(*changes));
	struct merge_op *ops = arena_array(&arena, MANY, sizeof(*ops));
	struct dot *dots = arena_array(&arena, MANY, sizeof(*dots));
	struct record record;

	(void)state;
	for (size_t i = 0; i < MANY; i++) {
		struct merge_change *change = &changes[MANY - 1 - i];

		change->at.delta.seq = i;
		change->counts = i == MANY - 1;
		change->ops = &ops[i];
		change->ops_n = 1;
		ops[i].has_body = true;
		ops[i].code = OP_SET;
		ops[i].field = bytes_text("f");
		if (i > 0) {
			dots[i].at.delta.seq = i - 1;
			ops[i].seen = &dots[i];
			ops[i].seen_n = 1;
			change->parents = &dots[i].at;
			change->parents_n = 1;
		}
	}
	merge_record(changes, MANY, &arena, &record);
	assert_int_equal(record.heads_n, 1);
	assert_int_equal(record.fields_n, 1);
	assert_int_equal(record.fields[0].n, 1);
	assert_int_equal(record.sources[0].at.delta.seq, MANY - 1);
	arena_fini(&arena);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_order_of_a_few_changes_makes_one_record),
	    cmocka_unit_test(any_order_of_many_changes_makes_one_record),
	    cmocka_unit_test(the_fast_way_agrees_with_the_plain_one),
	    cmocka_unit_test(of_one_writer_the_last_change_of_a_register_stays),
	    cmocka_unit_test(ten_thousand_changes_merge_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
