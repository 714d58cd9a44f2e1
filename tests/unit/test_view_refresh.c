/*
 * Promises of core/view_keep.h about views that are counted anew: a thousand
 * records at a time, cut off anywhere, written to meanwhile; and of fsck about
 * rows that are damaged.
 *
 * LINK: -Wl,--wrap=pack_embedded,--wrap=mdb_txn_commit
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/fsck.h"
#include "core/meta.h"
#include "core/pack.h"
#include "core/record.h"
#include "core/view_form.h"
#include "core/view_keep.h"
#include "tests/lib/fault.h"
#include "tests/lib/tally.h"

/* More than two thousand, beside those of a tally. */
enum { RECORDS = 2300, BATCH = 100 };

struct bytes __wrap_pack_embedded(void);

struct bytes
__wrap_pack_embedded(void)
{
	return tally_pack();
}

static void
well(enum err e)
{
	if (e != ERR_OK)
		fail_msg("%s: %s", err_name(e), err_text());
}

static int
town_make(void **state)
{
	static const char *const kinds[] = {"a", "b", "다"};
	static struct town town;
	struct store *store;

	tempdir_in_memory();
	tally_version(1);
	town_init(&town, 7);
	store = town_store(&town, 0);
	for (int i = 0; i < RECORDS; i++) {
		struct store_edit edits[] = {
		    town_edit(OP_SET, "kind", town_text(kinds[i % 3])),
		    town_edit(OP_SET, "amount", town_int(i))};

		if (i % BATCH == 0)
			well(store_begin(store, true));
		(void)tally_make(store, "item", edits, COUNT_OF(edits));
		if (i % BATCH == BATCH - 1)
			well(store_commit(store));
	}
	tally_follow(&town, 0, true);
	*state = &town;
	return 0;
}

static int
town_remove(void **state)
{
	town_fini(*state);
	return 0;
}

static enum stand
stand(struct town *town, struct stand_done *done)
{
	struct store *store = town_store(town, 0);
	enum stand is;

	well(store_begin(store, false));
	is = view_stand(store_txn(store), done);
	assert_int_equal(view_is_current(store_txn(store)), is == STAND_WHOLE);
	store_abort(store);
	return is;
}

static struct fsck_report
check(struct town *town)
{
	struct store *store = town_store(town, 0);
	struct fsck_report report;
	enum err e;

	well(store_begin(store, false));
	e = fsck_run(store, NULL, &report);
	store_abort(store);
	report.found += e != ERR_OK && report.found == 0 ? 1 : 0;
	return report;
}

/* The other version of the pack is in force. */
static void
turn_over(struct town *town, unsigned version)
{
	tally_version(version);
	town_close(town, 0);
	(void)town_open(town, 0);
}

/* Lets the `nth` commit of the next writer fail; then opens the store anew. */
static void
cut_off(struct town *town, unsigned nth)
{
	fault_arm((struct fault_plan){
	    .names = "mdb_txn_commit", .nth = nth, .number = EIO});
	assert_int_equal(store_begin(town_store(town, 0), true), ERR_IO);
	assert_true(fault_disarm());
	town_close(town, 0);
	(void)town_open(town, 0);
}

static void
what_was_cut_off_goes_on_where_it_was(void **state)
{
	struct town *town = *state;
	struct store *store;
	struct stand_done first;
	struct stand_done done;

	turn_over(town, 2);
	assert_int_equal(stand(town, &done), STAND_OTHER);
	cut_off(town, 1);
	assert_int_equal(stand(town, &done), STAND_OTHER);
	cut_off(town, 2);
	assert_int_equal(stand(town, &first), STAND_UNDONE);
	/* Half of it is no damage: nobody reads it. */
	assert_int_equal(check(town).found, 0);
	/* The last part goes with what its writer gives up. */
	well(store_begin(town_store(town, 0), true));
	store_abort(town_store(town, 0));
	assert_int_equal(stand(town, &done), STAND_UNDONE);
	assert_true(memcmp(&first, &done, sizeof(done)) != 0);
	store = town_store(town, 0);
	well(store_begin(store, true));
	well(store_commit(store));
	assert_true(tally_compare(store) > 5);
	assert_int_equal(check(town).found, 0);
	/* Half of one version is no beginning of another. */
	turn_over(town, 1);
	cut_off(town, 2);
	turn_over(town, 2);
	assert_int_equal(stand(town, &done), STAND_OTHER);
	store = town_store(town, 0);
	well(store_begin(store, true));
	well(store_commit(store));
	assert_true(tally_compare(store) > 5);
}

/* Forgets the views, in the open writer, and that they were whole. */
static void
forget(struct txn *txn)
{
	meta_del(txn, view_meta);
	txn->view_memo = NULL;
}

static void
what_is_written_meanwhile_is_counted_once(void **state)
{
	struct town *town = *state;
	struct store *store = town_store(town, 0);
	struct tally tally = {.n = 0};
	struct prng prng = {3};
	struct arena arena = {0};
	struct space name = tally_space();
	struct record_id id = {0};
	struct record record;
	bool whole = false;
	bool found = true;
	int rounds = 0;

	well(store_begin(store, true));
	/* From here and there among all of them. */
	for (size_t i = 0; found && tally.n < TALLY_RECORDS - 8; i++) {
		well(record_next(store_txn(store),
		    &(struct record_read){
			.space = space_find(store_txn(store), &name),
			.arena = &arena},
		    &id, &record, &found));
		if (i % 50 == 0)
			tally.ids[tally.n++] = id;
	}
	forget(store_txn(store));
	for (; !whole; rounds++) {
		for (int i = 0; i < 60; i++) {
			tally_write(&tally, store, &prng);
			if (i % 7 == 0)
				well(store_settle(store));
		}
		well(store_settle(store));
		whole = true;
		well(view_keep_refresh(store_txn(store), &whole));
	}
	assert_true(rounds > 2);
	assert_true(tally_compare_open(store) > 20);
	well(store_commit(store));
	assert_int_equal(check(town).found, 0);
	arena_fini(&arena);
}

static void
who_cannot_read_how_far_it_is_begins_anew(void **state)
{
	static const size_t sizes[] = {0, STAND_STATE - 1, STAND_STATE + 1,
	    STAND_STATE + 19, STAND_STATE + 21};
	struct town *town = *state;
	struct store *store = town_store(town, 0);

	for (size_t i = 0; i < COUNT_OF(sizes); i++) {
		struct buf row = {0};
		struct bytes is;

		well(store_begin(store, true));
		assert_true(meta_find(store_txn(store), view_meta, &is));
		assert_int_equal(is.n, STAND_STATE);
		buf_add(
		    &row, bytes_first(is, sizes[i] < is.n ? sizes[i] : is.n));
		while (row.n < sizes[i])
			buf_add_u8(&row, 0);
		meta_put(store_txn(store), view_meta, buf_bytes(&row));
		well(store_commit(store));
		buf_fini(&row);
		well(store_begin(store, false));
		assert_false(view_is_current(store_txn(store)));
		store_abort(store);
		well(store_begin(store, true));
		well(store_commit(store));
		(void)tally_compare(store);
	}
}

/* ---- damage ------------------------------------------------------------- */

/* The first row of TABLE_VIEWS with sums, and its content. */
static void
row_find(struct txn *txn, struct view_key *key, struct buf *content)
{
	struct kv_cursor cursor;
	struct bytes is;

	kv_cursor_init(&cursor, txn->kv, TABLE_VIEWS);
	assert_true(kv_seek(&cursor, (struct bytes){0}));
	well(tables_open(TABLE_VIEWS, cursor.key, cursor.value, &is));
	key->n = 0;
	view_form_add(key, cursor.key);
	buf_add(content, is);
	kv_cursor_fini(&cursor);
	assert_true(content->n > 8);
}

enum damage {
	BIT,	   /* the row no longer fits its checksum */
	COUNT,	   /* one record more */
	SUM,	   /* one more */
	HIGH,	   /* 2^64 more */
	GONE,	   /* no such row */
	STRANGE,   /* a row of no view */
	ELSEWHERE, /* a row of a space that there is not */
	DAMAGES,
};

static void
damage(struct txn *txn, enum damage how)
{
	struct view_key key;
	struct buf content = {0};
	struct buf row = {0};

	row_find(txn, &key, &content);
	switch (how) {
	case BIT:
	case GONE:
		break;
	case COUNT:
		content.p[7]++;
		break;
	case SUM:
		content.p[8 + 15]++;
		break;
	case HIGH:
		content.p[8 + 7]++;
		break;
	case STRANGE:
		key.b[5] = 200;
		break;
	case ELSEWHERE:
		key.b[3] = 99;
		break;
	case DAMAGES:
		fail();
	}
	tables_row(view_form_key(&key), buf_bytes(&content), &row);
	if (how == BIT)
		row.p[row.n - 1] ^= 1;
	if (how == GONE)
		kv_del(txn->kv, TABLE_VIEWS, view_form_key(&key));
	else
		kv_put(
		    txn->kv, TABLE_VIEWS, view_form_key(&key), buf_bytes(&row));
	buf_fini(&row);
	buf_fini(&content);
}

/* Counts all anew. */
static void
anew(struct store *store)
{
	well(store_begin(store, true));
	forget(store_txn(store));
	well(store_commit(store));
	well(store_begin(store, true));
	well(store_commit(store));
	(void)tally_compare(store);
}

static void
every_wrong_row_is_found_by_fsck(void **state)
{
	struct town *town = *state;
	struct store *store = town_store(town, 0);

	for (unsigned how = 0; how < DAMAGES; how++) {
		well(store_begin(store, true));
		damage(store_txn(store), (enum damage)how);
		well(store_commit(store));
		assert_true(check(town).found > 0);
		anew(store);
		assert_int_equal(check(town).found, 0);
	}
}

static void
who_reads_a_damaged_row_is_told(void **state)
{
	struct town *town = *state;
	struct store *store = town_store(town, 0);
	struct view_range all = {0};
	struct space name = tally_space();
	struct view_scan scan;
	struct view_row row;
	bool found = true;
	enum err e = ERR_OK;

	well(store_begin(store, true));
	damage(store_txn(store), BIT);
	view_scan(store_txn(store), space_find(store_txn(store), &name)->no,
	    &store_pack(store)->views[0], &all, &scan);
	while (e == ERR_OK && found)
		e = view_next(&scan, &row, &found);
	assert_int_equal(e, ERR_CORRUPT);
	assert_false(found);
	assert_non_null(strstr(err_text(), "golmok fsck"));
	store_abort(store);
}

/* One bit of every row is another. */
static void
rows_spoil(struct kv_txn *kv)
{
	struct view_key at = {.n = 1};
	struct kv_cursor cursor;
	struct buf row = {0};

	kv_cursor_init(&cursor, kv, TABLE_VIEWS);
	while (kv_seek(&cursor, view_form_key(&at))) {
		at.n = 0;
		view_form_add(&at, cursor.key);
		buf_cut(&row, 0);
		buf_add(&row, cursor.value);
		assert(row.p != NULL);
		row.p[row.n - 1] ^= 1;
		kv_put(kv, TABLE_VIEWS, view_form_key(&at), buf_bytes(&row));
		view_form_add(&at, bytes_of("", 1));
	}
	kv_cursor_fini(&cursor);
	buf_fini(&row);
}

/* What says how many records are in no row is damaged, and then says nothing
 * that is a number. */
static void
who_reads_how_much_is_left_out_is_told(void **state)
{
	struct town *town = *state;
	struct store *store = town_store(town, 0);
	struct space name = tally_space();

	for (int bit = 0; bit < 2; bit++) {
		struct view_range all = {0};
		struct view_key first;
		struct view_key key;
		struct view_scan scan;
		struct view_row view_row;
		struct buf content = {0};
		struct buf row = {0};
		struct txn *txn;
		bool found;

		well(store_begin(store, true));
		txn = store_txn(store);
		row_find(txn, &first, &content);
		view_form_begin(space_find(txn, &name)->no,
		    bytes_be16(first.b + 4), VIEW_LEFT_OUT, &key);
		tables_row(view_form_key(&key), bytes_text("x"), &row);
		row.p[row.n - 1] ^= (uint8_t)bit;
		kv_put(
		    txn->kv, TABLE_VIEWS, view_form_key(&key), buf_bytes(&row));
		view_scan(txn, space_find(txn, &name)->no,
		    &store_pack(store)->views[0], &all, &scan);
		assert_int_equal(
		    view_next(&scan, &view_row, &found), ERR_CORRUPT);
		assert_non_null(strstr(err_text(), "golmok fsck"));
		store_abort(store);
		buf_fini(&content);
		buf_fini(&row);
	}
}

/* Nobody's change is refused: views are for looking at. */
static void
who_writes_to_a_damaged_row_has_all_counted_anew(void **state)
{
	struct town *town = *state;
	struct store *store = town_store(town, 0);
	struct space name = tally_space();

	for (int gone = 0; gone < 2; gone++) {
		struct store_write write = {
		    .space = name, .has_record = true, .act = ACT_DELETE};
		struct arena arena = {0};
		struct record record;
		bool found = true;
		bool changed;

		well(store_begin(store, true));
		do
			well(record_next(store_txn(store),
			    &(struct record_read){
				.space = space_find(store_txn(store), &name),
				.arena = &arena},
			    &write.record, &record, &found));
		while (found && (record.status == RECORD_DELETED ||
				    !bytes_is(record.collection, "item")));
		assert_true(found);
		if (gone)
			kv_clear(store_txn(store)->kv, TABLE_VIEWS);
		else
			rows_spoil(store_txn(store)->kv);
		well(store_write(store, &write, &write.record, &changed));
		assert_true(changed);
		well(store_commit(store));
		well(store_begin(store, false));
		assert_false(view_is_current(store_txn(store)));
		store_abort(store);
		well(store_begin(store, true));
		well(store_commit(store));
		(void)tally_compare(store);
		assert_int_equal(check(town).found, 0);
		arena_fini(&arena);
	}
}

/* Every row has the checksum of what is no number. */
static void
rows_empty(struct kv_txn *kv)
{
	struct view_key at = {.n = 1};
	struct kv_cursor cursor;
	struct buf row = {0};

	kv_cursor_init(&cursor, kv, TABLE_VIEWS);
	while (kv_seek(&cursor, view_form_key(&at))) {
		at.n = 0;
		view_form_add(&at, cursor.key);
		buf_cut(&row, 0);
		tables_row(view_form_key(&at), bytes_text("x"), &row);
		kv_put(kv, TABLE_VIEWS, view_form_key(&at), buf_bytes(&row));
		view_form_add(&at, bytes_of("", 1));
	}
	kv_cursor_fini(&cursor);
	buf_fini(&row);
}

static void
what_was_counted_into_a_damaged_row_begins_anew(void **state)
{
	struct town *town = *state;
	struct store *store = town_store(town, 0);

	for (int empty = 0; empty < 2; empty++) {
		struct stand_done done;
		bool whole = true;
		int rounds = 0;

		well(store_begin(store, true));
		forget(store_txn(store));
		well(view_keep_refresh(store_txn(store), &whole));
		assert_false(whole);
		assert_int_equal(
		    view_stand(store_txn(store), &done), STAND_UNDONE);
		if (empty)
			rows_empty(store_txn(store)->kv);
		else
			rows_spoil(store_txn(store)->kv);
		for (whole = false; !whole; rounds++) {
			whole = true;
			well(view_keep_refresh(store_txn(store), &whole));
		}
		/* All of it once more, not the rest. */
		assert_true(rounds > RECORDS / 1000);
		well(store_commit(store));
		(void)tally_compare(store);
		assert_int_equal(check(town).found, 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_was_cut_off_goes_on_where_it_was),
	    cmocka_unit_test(what_is_written_meanwhile_is_counted_once),
	    cmocka_unit_test(who_cannot_read_how_far_it_is_begins_anew),
	    cmocka_unit_test(every_wrong_row_is_found_by_fsck),
	    cmocka_unit_test(who_reads_a_damaged_row_is_told),
	    cmocka_unit_test(who_writes_to_a_damaged_row_has_all_counted_anew),
	    cmocka_unit_test(who_reads_how_much_is_left_out_is_told),
	    cmocka_unit_test(what_was_counted_into_a_damaged_row_begins_anew),
	};

	return cmocka_run_group_tests_name(
	    "view_refresh", tests, town_make, town_remove);
}
