/*
 * Promises of core/record.h and core/row.h: what is read back, what is counted,
 * what is noticed.  That folding equals merging is in test_record_fold.c.
 *
 * LINK: -Wl,--wrap=oplog_find,--wrap=oplog_holds
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/digest.h"
#include "core/row_read.h"
#include "tests/lib/saga.h"
#include "tests/lib/shelf.h"

/* A change of one operation, made by the log `log`. */
struct single {
	struct merge_change change;
	struct merge_op op;
	struct change_ref parents[4];
	struct dot seen[4];
};

static void
single_make(struct single *s, unsigned log, uint64_t seq, enum op_code code)
{
	memset(s, 0, sizeof(*s));
	memset(s->change.at.delta.log.b, (int)log, 16);
	s->change.at.delta.seq = seq;
	s->change.stamp.v = 100 + seq;
	s->change.counts = true;
	s->change.parents = s->parents;
	s->change.ops = &s->op;
	s->change.ops_n = 1;
	s->op.has_body = true;
	s->op.code = code;
	s->op.class = CLASS_P;
	s->op.field = bytes_text("이름");
	s->op.value = bytes_text("\xa3"
				 "김");
	s->op.seen = s->seen;
}

/* `s` was written by someone who knew `of` and replaces its value. */
static void
single_after(struct single *s, const struct single *of, bool saw)
{
	s->parents[s->change.parents_n++] = of->change.at;
	if (saw)
		s->seen[s->op.seen_n++].at = of->change.at;
}

static struct record
read_back(struct shelf *shelf, struct arena *arena)
{
	struct record record;

	assert_int_equal(
	    record_get(shelf->txn,
		&(struct record_read){
		    .space = shelf->folded, .cells = true, .arena = arena},
		&shelf->id, &record),
	    ERR_OK);
	return record;
}

static void
a_record_never_seen_reads_as_none(void **state)
{
	struct replica *replica = *state;
	struct shelf shelf;
	struct arena arena = {0};
	struct record record;

	shelf_init(&shelf, replica_begin(replica, true));
	record = read_back(&shelf, &arena);
	assert_false(record.exists);
	assert_int_equal(record.heads_n, 0);
	assert_int_equal(shelf.folded->records, 0);
	shelf_fini(&shelf);
	arena_fini(&arena);
	replica_abort(replica);
}

static void
a_conflict_takes_cells_and_its_resolution_gives_them_back(void **state)
{
	struct replica *replica = *state;
	struct single a, b, c;
	struct shelf shelf;

	shelf_init(&shelf, replica_begin(replica, true));
	single_make(&a, 1, 0, OP_SET);
	shelf_take(&shelf, &a.change);
	assert_int_equal(shelf_cells(&shelf), 0);
	single_make(&b, 2, 0, OP_SET);
	shelf_take(&shelf, &b.change);
	assert_int_equal(shelf_cells(&shelf), 2);
	shelf_assert(&shelf);
	single_make(&c, 1, 1, OP_SET);
	single_after(&c, &a, true);
	single_after(&c, &b, true);
	shelf_take(&shelf, &c.change);
	assert_int_equal(shelf_cells(&shelf), 0);
	assert_int_equal(shelf.folds, 3);
	shelf_assert(&shelf);
	shelf_fini(&shelf);
	replica_abort(replica);
}

static void
of_two_values_the_one_that_is_left_returns_to_the_row(void **state)
{
	struct replica *replica = *state;
	struct single a, b, c;
	struct arena arena = {0};
	struct record record;
	struct shelf shelf;

	shelf_init(&shelf, replica_begin(replica, true));
	single_make(&a, 1, 0, OP_ADD);
	single_make(&b, 2, 0, OP_ADD);
	b.op.value = bytes_text("\x07");
	single_make(&c, 3, 0, OP_REMOVE);
	single_after(&c, &a, true);
	shelf_take(&shelf, &a.change);
	shelf_take(&shelf, &b.change);
	shelf_take(&shelf, &c.change);
	assert_int_equal(shelf.folds, 3);
	assert_int_equal(shelf_cells(&shelf), 0);
	record = read_back(&shelf, &arena);
	assert_int_equal(record.fields_n, 1);
	assert_true(bytes_is(record.fields[0].values[0].value, "\x07"));
	assert_int_equal(record.heads_n, 2);
	shelf_assert(&shelf);
	shelf_fini(&shelf);
	arena_fini(&arena);
	replica_abort(replica);
}

static void
five_thousand_notes_cost_the_row_nothing(void **state)
{
	enum { NOTES = 5000 };
	struct replica *replica = *state;
	struct single *notes = calloc(NOTES, sizeof(*notes));
	struct arena arena = {0};
	struct record record;
	struct bytes row;
	struct shelf shelf;
	struct key key;

	assert_non_null(notes);
	shelf_init(&shelf, replica_begin(replica, true));
	for (size_t i = 0; i < NOTES; i++) {
		single_make(&notes[i], 1, i, OP_APPEND);
		if (i > 0)
			single_after(&notes[i], &notes[i - 1], false);
		shelf_take(&shelf, &notes[i].change);
	}
	assert_int_equal(shelf.folds, NOTES);
	assert_int_equal(shelf_cells(&shelf), NOTES);
	tables_record_key(shelf.folded->no, &shelf.id, &key);
	assert_true(txn_find(shelf.txn, TABLE_RECORDS, &key, &row));
	assert_true(row.n < 100);
	assert_int_equal(
	    record_get(shelf.txn,
		&(struct record_read){.space = shelf.folded, .arena = &arena},
		&shelf.id, &record),
	    ERR_OK);
	assert_int_equal(record.fields[0].n, NOTES);
	assert_null(record.fields[0].values);
	assert_null(merge_winner(&record, &record.fields[0]));
	record = read_back(&shelf, &arena);
	assert_int_equal(record.sources_n, NOTES);
	for (size_t i = 0; i < NOTES; i++)
		assert_int_equal(record.sources[i].at.delta.seq, i);
	shelf_assert(&shelf);
	shelf_fini(&shelf);
	free(notes);
	arena_fini(&arena);
	replica_abort(replica);
}

/* Whether `change` is folded into a record that has `a` alone. */
static bool
folds(struct replica *replica, const struct single *a, const struct single *b)
{
	struct shelf shelf;
	bool folded;

	shelf_init(&shelf, replica_begin(replica, true));
	shelf_take(&shelf, &a->change);
	shelf.folds = 0;
	shelf_take(&shelf, &b->change);
	shelf_assert(&shelf);
	folded = shelf.folds == 1;
	shelf_fini(&shelf);
	replica_abort(replica);
	return folded;
}

static void
what_is_not_certain_is_not_folded(void **state)
{
	struct single a, b, away;

	single_make(&a, 1, 0, OP_SET);
	single_make(&b, 2, 0, OP_SET);
	single_make(&away, 3, 0, OP_SET);
	assert_true(folds(*state, &a, &b));
	b.change.counts = false;
	assert_false(folds(*state, &a, &b));
	b.change.counts = true;
	b.change.act = ACT_DELETE;
	assert_false(folds(*state, &a, &b));
	b.change.act = ACT_EDIT;
	single_after(&b, &away, false);
	assert_false(folds(*state, &a, &b));
	b.parents[0] = a.change.at;
	assert_true(folds(*state, &a, &b));
	b.parents[0].delta.leaf[7] = 1;
	assert_false(folds(*state, &a, &b));
	b.parents[0] = a.change.at;
	b.parents[0].change = 1;
	assert_false(folds(*state, &a, &b));
	b.change.parents_n = 0;
	single_after(&b, &a, true);
	b.seen[0].op = 1;
	assert_false(folds(*state, &a, &b));
	single_make(&b, 2, 0, OP_SET);
	a.change.collection = bytes_text("case");
	b.change.collection = bytes_text("visit");
	assert_false(folds(*state, &a, &b));
	b.change.stamp.v++;
	assert_true(folds(*state, &a, &b));
	a.change.counts = false;
	assert_false(folds(*state, &a, &b));
}

static void
a_record_of_which_nothing_counts_is_kept_but_not_shown(void **state)
{
	struct replica *replica = *state;
	struct single a;
	struct arena arena = {0};
	struct record record;
	struct record_id id = {0};
	struct digest none[CLASS_COUNT] = {0};
	struct shelf shelf;
	bool found;

	shelf_init(&shelf, replica_begin(replica, true));
	single_make(&a, 1, 0, OP_SET);
	a.change.counts = false;
	shelf_take(&shelf, &a.change);
	record = read_back(&shelf, &arena);
	assert_false(record.exists);
	assert_int_equal(record.heads_n, 1);
	assert_int_equal(shelf.folded->records, 0);
	assert_memory_equal(shelf.folded->digests, none, sizeof(none));
	assert_int_equal(
	    record_next(shelf.txn,
		&(struct record_read){
		    .space = shelf.folded, .cells = true, .arena = &arena},
		&id, &record, &found),
	    ERR_OK);
	assert_false(found);
	shelf_fini(&shelf);
	arena_fini(&arena);
	replica_abort(replica);
}

static void
what_was_put_and_removed_leaves_no_trace(void **state)
{
	struct replica *replica = *state;
	struct saga_config config = {
	    .seed = 5, .writers = 4, .changes = 40, .odd = 20};
	struct digest none[CLASS_COUNT] = {0};
	struct arena arena = {0};
	struct record record = {0};
	struct merge_change *changes = saga_make(&config, &arena);
	struct shelf shelf;

	shelf_init(&shelf, replica_begin(replica, true));
	for (size_t i = 0; i < config.changes; i++)
		shelf_take(&shelf, &changes[i]);
	assert_true(shelf_cells(&shelf) > 0);
	assert_memory_not_equal(shelf.folded->digests, none, sizeof(none));
	assert_int_equal(
	    record_replace(shelf.txn, shelf.folded, &shelf.id, &record),
	    ERR_OK);
	assert_int_equal(shelf_cells(&shelf), 0);
	assert_int_equal(shelf.folded->records, 0);
	assert_memory_equal(shelf.folded->digests, none, sizeof(none));
	shelf_fini(&shelf);
	arena_fini(&arena);
	replica_abort(replica);
}

static void
records_come_one_after_another_in_the_order_of_ids(void **state)
{
	struct replica *replica = *state;
	struct record_id id = {0};
	struct arena arena = {0};
	struct record record;
	struct single a;
	struct shelf shelf;
	bool found = true;
	unsigned n = 0;

	shelf_init(&shelf, replica_begin(replica, true));
	for (unsigned i = 0; i < 20; i++) {
		shelf.id.b[0] = (uint8_t)(1 + i * 7 % 20);
		single_make(&a, 1 + i % 2, i, OP_SET);
		shelf.n = 0;
		shelf_take(&shelf, &a.change);
	}
	assert_int_equal(
	    record_fold(shelf.txn, shelf.fresh, &id, &a.change, &found),
	    ERR_OK);
	assert_int_equal(shelf.folded->records, 20);
	for (;;) {
		assert_int_equal(
		    record_next(shelf.txn,
			&(struct record_read){
			    .space = shelf.folded, .arena = &arena},
			&id, &record, &found),
		    ERR_OK);
		if (!found)
			break;
		assert_int_equal(id.b[0], ++n);
		assert_true(record.exists);
		assert_int_equal(record.fields_n, 1);
	}
	assert_int_equal(n, 20);
	shelf_fini(&shelf);
	arena_fini(&arena);
	replica_abort(replica);
}

/* A small record with something of everything, stored and committed. */
static void
store_example(struct replica *replica, struct record_id *id)
{
	struct single a, b, c;
	struct shelf shelf;

	shelf_init(&shelf, replica_begin(replica, true));
	single_make(&a, 1, 0, OP_SET);
	single_make(&b, 2, 0, OP_SET);
	single_make(&c, 3, 0, OP_COUNT);
	a.change.collection = bytes_text("case");
	a.change.has_actor = true;
	c.op.field = bytes_text("n");
	c.change.has_actor = true;
	shelf_take(&shelf, &a.change);
	shelf_take(&shelf, &b.change);
	shelf_take(&shelf, &c.change);
	*id = shelf.id;
	shelf_fini(&shelf);
	replica_commit(replica);
}

/* Flips every bit of the row `key`, which has `n` bytes, and wants to be told.
 */
static void
flip_all(struct replica *replica, const struct record_id *id, enum table table,
    const struct key *key)
{
	struct txn *txn = replica_begin(replica, false);
	struct bytes row;
	size_t bits;

	assert_true(kv_find(txn->kv, (unsigned)table, tables_key(key), &row));
	bits = 8 * row.n;
	replica_abort(replica);
	for (size_t bit = 0; bit < bits; bit++) {
		struct arena arena = {0};
		struct space_state *space;
		struct record record;
		struct space name;
		struct buf copy = {0};

		txn = replica_begin(replica, true);
		assert_int_equal(
		    id_space(bytes_text("d01/c001/case"), &name), ERR_OK);
		space = space_find(txn, &name);
		assert_true(
		    kv_find(txn->kv, (unsigned)table, tables_key(key), &row));
		buf_add(&copy, row);
		assert_true(bit / 8 < row.n);
		copy.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
		kv_put(txn->kv, (unsigned)table, tables_key(key),
		    buf_bytes(&copy));
		assert_int_equal(
		    record_get(txn,
			&(struct record_read){
			    .space = space, .cells = true, .arena = &arena},
			id, &record),
		    ERR_CORRUPT);
		buf_fini(&copy);
		arena_fini(&arena);
		replica_abort(replica);
	}
}

static void
a_flipped_bit_in_a_row_or_a_cell_is_noticed(void **state)
{
	struct replica *replica = *state;
	struct kv_cursor cursor;
	struct record_id id;
	struct key key = {0};
	struct key cell = {0};
	struct txn *txn;

	store_example(replica, &id);
	txn = replica_begin(replica, false);
	kv_cursor_init(&cursor, txn->kv, TABLE_RECORDS);
	assert_true(kv_seek(&cursor, bytes_text("\x00")));
	tables_key_add(&key, cursor.key);
	kv_cursor_fini(&cursor);
	kv_cursor_init(&cursor, txn->kv, TABLE_CELLS);
	assert_true(kv_seek(&cursor, bytes_text("\x00")));
	tables_key_add(&cell, cursor.key);
	kv_cursor_fini(&cursor);
	replica_abort(replica);
	flip_all(replica, &id, TABLE_RECORDS, &key);
	flip_all(replica, &id, TABLE_CELLS, &cell);
}

static void
a_cell_too_few_or_too_many_is_noticed(void **state)
{
	struct replica *replica = *state;

	for (int more = 0; more < 2; more++) {
		struct arena arena = {0};
		struct record record;
		struct kv_cursor cursor;
		struct bytes content;
		struct shelf shelf;
		struct single a, b;
		struct key key = {0};

		shelf_init(&shelf, replica_begin(replica, true));
		single_make(&a, 1, 0, OP_SET);
		single_make(&b, 2, 0, OP_SET);
		shelf_take(&shelf, &a.change);
		shelf_take(&shelf, &b.change);
		kv_cursor_init(&cursor, shelf.txn->kv, TABLE_CELLS);
		tables_space_key(shelf.folded->no, &key);
		assert_true(kv_seek(&cursor, tables_key(&key)));
		key.n = 0;
		tables_key_add(&key, cursor.key);
		kv_cursor_fini(&cursor);
		assert_true(txn_find(shelf.txn, TABLE_CELLS, &key, &content));
		content = arena_bytes(&arena, content);
		if (more) {
			key.b[key.n - 1] ^= 1;
			txn_put(shelf.txn, TABLE_CELLS, &key, content);
		} else {
			kv_del(shelf.txn->kv, TABLE_CELLS, tables_key(&key));
		}
		assert_int_equal(
		    record_get(shelf.txn,
			&(struct record_read){.space = shelf.folded,
			    .cells = true,
			    .arena = &arena},
			&shelf.id, &record),
		    ERR_CORRUPT);
		shelf_fini(&shelf);
		arena_fini(&arena);
		replica_abort(replica);
	}
}

/* A row of a wild record, and that record. */
static void
example_row(
    uint64_t seed, struct words *words, struct arena *arena, struct buf *row)
{
	struct saga_config config = {.seed = seed,
	    .writers = 3,
	    .changes = 12,
	    .settle = 5,
	    .void_ = 5,
	    .odd = 10};
	struct record record;

	merge_record(saga_make(&config, arena), 12, arena, &record);
	buf_cut(row, 0);
	row_encode(&record, words, row);
}

static void
a_row_comes_back_and_is_written_the_same_again(void **state)
{
	struct words words = {0};
	struct buf row = {0};
	struct buf again = {0};

	(void)state;
	for (uint64_t seed = 1; seed <= 300; seed++) {
		struct arena arena = {0};
		struct record record;

		example_row(seed, &words, &arena, &row);
		assert_true(
		    row_read_record(buf_bytes(&row), &words, &arena, &record));
		buf_cut(&again, 0);
		row_encode(&record, &words, &again);
		assert_true(bytes_equal(buf_bytes(&row), buf_bytes(&again)));
		arena_fini(&arena);
	}
	buf_fini(&row);
	buf_fini(&again);
	words_fini(&words);
}

static void
no_part_of_a_row_is_a_row_and_no_damage_is_dangerous(void **state)
{
	struct words words = {0};
	struct buf row = {0};

	(void)state;
	for (uint64_t seed = 1; seed <= 20; seed++) {
		struct arena arena = {0};
		struct record record;
		size_t n;

		example_row(seed, &words, &arena, &row);
		n = row.n;
		for (size_t i = 0; i < n; i++) {
			uint8_t *part = malloc(i + 1);

			assert_non_null(part);
			memcpy(part, row.p, i);
			assert_false(row_read_record(
			    bytes_of(part, i), &words, &arena, &record));
			free(part);
		}
		for (size_t bit = 0; bit < 8 * n; bit++) {
			row.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
			if (row_read_record(
				buf_bytes(&row), &words, &arena, &record))
				assert_true(record.fields_n <= n);
			row.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
		}
		buf_add_u8(&row, 0);
		assert_false(
		    row_read_record(buf_bytes(&row), &words, &arena, &record));
		arena_fini(&arena);
	}
	buf_fini(&row);
	words_fini(&words);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_record_never_seen_reads_as_none),
	    cmocka_unit_test(
		a_conflict_takes_cells_and_its_resolution_gives_them_back),
	    cmocka_unit_test(
		of_two_values_the_one_that_is_left_returns_to_the_row),
	    cmocka_unit_test(five_thousand_notes_cost_the_row_nothing),
	    cmocka_unit_test(what_is_not_certain_is_not_folded),
	    cmocka_unit_test(
		a_record_of_which_nothing_counts_is_kept_but_not_shown),
	    cmocka_unit_test(what_was_put_and_removed_leaves_no_trace),
	    cmocka_unit_test(
		records_come_one_after_another_in_the_order_of_ids),
	    cmocka_unit_test(a_flipped_bit_in_a_row_or_a_cell_is_noticed),
	    cmocka_unit_test(a_cell_too_few_or_too_many_is_noticed),
	    cmocka_unit_test(a_row_comes_back_and_is_written_the_same_again),
	    cmocka_unit_test(
		no_part_of_a_row_is_a_row_and_no_damage_is_dangerous),
	};

	return cmocka_run_group_tests(tests, replica_make, replica_remove);
}
