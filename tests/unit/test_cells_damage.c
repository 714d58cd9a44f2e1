/*
 * Promises of core/turn.h and core/record.h when a field has several values and
 * one of their rows is missing or damaged: nobody goes on from what is left.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/cell.h"
#include "tests/lib/branches.h"

#define CASES "d03/c017/case"

enum { WRITERS = 3 };

static struct {
	struct town town;
	struct record_id id; /* its register has a value of each writer */
	struct buf keys[WRITERS];
	struct buf rows[WRITERS];
	struct branch branch; /* of node 2, which took away what it saw */
	struct buf shown;     /* the token of what was shown */
} city;

static int
city_make(void **state)
{
	struct town *town = &city.town;
	struct arena arena = {0};
	struct record record;
	struct kv_cursor cursor;
	struct store_edit edit = town_edit(OP_CLEAR, "name", town_int(0));
	struct record_id same;
	bool changed;
	size_t n = 0;

	(void)state;
	tempdir_in_memory();
	town_init(town, 21);
	for (size_t i = 1; i <= WRITERS; i++)
		assert_int_equal(
		    town_member(town, "d03", "read:NPSF,hold,write"), i);
	city.id = town_create(town, 1, CASES, "가");
	town_meet(town);
	for (size_t i = 1; i <= WRITERS; i++)
		assert_true(town_patch(town, i, CASES, &city.id,
		    town_edit(OP_SET, "name", town_int((int64_t)i))));
	town_copy(town, 1, 2);
	town_copy(town, 2, 1);
	town_copy(town, 3, 1);
	/* Node 2 takes away the two of the three that it has seen. */
	assert_int_equal(town_write(town, 2,
			     &(struct store_write){.space = town_space(CASES),
				 .record = city.id,
				 .resolve = true,
				 .edits = &edit,
				 .edits_n = 1},
			     &same, &changed),
	    ERR_OK);
	branch_take_out(town, 2, CASES, &city.branch);
	assert_true(town_get(town, 1, CASES, &city.id, &arena, &record));
	assert_int_equal(town_values(&record, "name", KIND_REGISTER), WRITERS);
	store_token(&record, &city.shown);
	arena_fini(&arena);
	assert_int_equal(store_begin(town_store(town, 1), false), ERR_OK);
	kv_cursor_init(
	    &cursor, store_txn(town_store(town, 1))->kv, TABLE_CELLS);
	for (bool more = kv_seek(&cursor, (struct bytes){0}); more;
	     more = kv_next(&cursor)) {
		assert_true(n < WRITERS);
		buf_add(&city.keys[n], cursor.key);
		buf_add(&city.rows[n++], cursor.value);
	}
	kv_cursor_fini(&cursor);
	assert_int_equal(n, WRITERS);
	store_abort(town_store(town, 1));
	return 0;
}

static int
city_remove(void **state)
{
	(void)state;
	for (size_t i = 0; i < WRITERS; i++) {
		buf_fini(&city.keys[i]);
		buf_fini(&city.rows[i]);
	}
	branch_fini(&city.branch);
	buf_fini(&city.shown);
	town_fini(&city.town);
	return 0;
}

enum damage { GONE, SENSELESS, CUT, FLIPPED, DAMAGES };

/* What happened to the row of value `i`. */
static void
row_damage(struct txn *txn, size_t i, enum damage damage)
{
	struct bytes key_bytes = buf_bytes(&city.keys[i]);
	struct key key = {0};
	struct buf row = {0};
	struct bytes value;

	tables_key_add(&key, key_bytes);
	assert_true(kv_find(txn->kv, TABLE_CELLS, key_bytes, &value));
	buf_add(&row, value);
	if (damage == GONE) {
		kv_del(txn->kv, TABLE_CELLS, key_bytes);
	} else if (damage == SENSELESS) {
		txn_put(txn, TABLE_CELLS, &key, bytes_text("?"));
	} else {
		buf_cut(&row, damage == CUT ? TABLES_CHECKSUM_SIZE - 1 : row.n);
		row.p[row.n - 1] ^= 1;
		kv_put(txn->kv, TABLE_CELLS, key_bytes, buf_bytes(&row));
	}
	buf_fini(&row);
}

/* Replaces what is shown, or all that was shown once, after the damage. */
static enum err
patch(size_t i, enum damage damage, bool all)
{
	const struct store_edit edit = town_edit(
	    OP_SET, "name", town_text("새"));
	struct store *store = town_store(&city.town, 1);
	const struct store_write write = {.space = town_space(CASES),
	    .record = city.id,
	    .edits = &edit,
	    .edits_n = 1,
	    .token = all ? buf_bytes(&city.shown) : (struct bytes){0}};
	struct record_id id;
	bool changed;
	enum err e;

	assert_int_equal(store_begin(store, true), ERR_OK);
	row_damage(store_txn(store), i, damage);
	e = store_write(store, &write, &id, &changed);
	if (e == ERR_OK)
		return store_commit(store);
	store_abort(store);
	return e;
}

static void
nobody_writes_on_a_record_of_which_a_value_is_damaged(void **state)
{
	uint64_t before = town_deltas(&city.town, 1);

	(void)state;
	for (size_t i = 0; i < WRITERS; i++)
		for (unsigned damage = GONE; damage < DAMAGES; damage++)
			for (int all = 0; all < 2; all++)
				assert_int_equal(
				    patch(i, (enum damage)damage, all == 1),
				    ERR_CORRUPT);
	assert_int_equal(town_deltas(&city.town, 1), before);
}

/* What the change takes away, and what is left then, must be there. */
static void
nobody_takes_in_a_change_of_such_a_record(void **state)
{
	struct town *town = &city.town;
	uint64_t before = town_deltas(town, 1);
	struct arena arena = {0};
	struct record record;

	(void)state;
	for (size_t i = 0; i < WRITERS; i++)
		for (unsigned damage = GONE; damage < DAMAGES; damage++) {
			struct store *store = town_store(town, 1);
			enum err e;

			assert_int_equal(store_begin(store, true), ERR_OK);
			row_damage(store_txn(store), i, (enum damage)damage);
			assert_int_equal(store_commit(store), ERR_OK);
			e = branch_bring(town, 1, &city.branch, 0,
			    city.branch.n, city.branch.n);
			assert_int_equal(e, ERR_CORRUPT);
			assert_int_equal(store_begin(store, true), ERR_OK);
			kv_put(store_txn(store)->kv, TABLE_CELLS,
			    buf_bytes(&city.keys[i]), buf_bytes(&city.rows[i]));
			assert_int_equal(store_commit(store), ERR_OK);
		}
	assert_int_equal(town_deltas(town, 1), before);
	assert_int_equal(branch_bring(town, 1, &city.branch, 0, city.branch.n,
			     city.branch.n),
	    ERR_OK);
	assert_true(town_get(town, 1, CASES, &city.id, &arena, &record));
	assert_int_equal(town_values(&record, "name", KIND_REGISTER), 1);
	arena_fini(&arena);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
		nobody_writes_on_a_record_of_which_a_value_is_damaged),
	    cmocka_unit_test(nobody_takes_in_a_change_of_such_a_record),
	};

	return cmocka_run_group_tests(tests, city_make, city_remove);
}
