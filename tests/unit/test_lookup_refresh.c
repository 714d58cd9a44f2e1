/*
 * Promises of core/lookup_keep.h about indexes that are made anew: it is done
 * a thousand records at a time, may be cut off between any two of them, and
 * goes on where it was; what says how far it is may be damaged.
 *
 * LINK: -Wl,--wrap=mdb_txn_commit
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/lookup_keep.h"
#include "core/meta.h"
#include "core/rebuild.h"
#include "proto/codec.h"
#include "tests/lib/desk.h"
#include "tests/lib/fault.h"

/* More than two thousand, in the second of several spaces; each with a row in
 * the list of its collection, three by a field and one by two of them. */
enum { RECORDS = 2300, ROWS = 5, BATCH = 100 };

static const char *const spaces[] = {
    "d03/c001/case", "d03/c017/case", "d03/c020/case"};

static void
well(enum err e)
{
	if (e != ERR_OK)
		fail_msg("%s: %s", err_name(e), err_text());
}

static void
household(struct desk *desk, const char *space, int number)
{
	struct store_edit edits[] = {
	    {.field = bytes_text("hh_no"), .code = OP_SET, .class = CLASS_N},
	    {.field = bytes_text("owner_dong"),
		.code = OP_SET,
		.class = CLASS_N},
	    {.field = bytes_text("state"), .code = OP_MOVE, .class = CLASS_N},
	};
	struct store_write write = {.create = true,
	    .collection = bytes_text("household"),
	    .edits = edits,
	    .edits_n = COUNT_OF(edits)};
	struct buf values[COUNT_OF(edits)] = {0};
	struct record_id id;
	bool changed;

	well(id_space(bytes_text(space), &write.space));
	codec_put_int(&values[0], number);
	codec_put_bytes(&values[1], bytes_of("0123456789abcdef", 16));
	codec_put_text(&values[2], bytes_text("active"));
	for (size_t i = 0; i < COUNT_OF(edits); i++)
		edits[i].value = buf_bytes(&values[i]);
	well(store_write(desk->store, &write, &id, &changed));
	for (size_t i = 0; i < COUNT_OF(edits); i++)
		buf_fini(&values[i]);
}

static int
desk_make(void **state)
{
	static struct desk desk;

	desk_found(&desk, 31);
	for (int i = 0; i < RECORDS; i++) {
		size_t space = i < 20 ? 0 : i < RECORDS - 20 ? 1 : 2;

		if (i % BATCH == 0)
			desk_begin(&desk, true);
		household(&desk, spaces[space], i % 50);
		if (i % BATCH == BATCH - 1)
			desk_commit(&desk);
	}
	*state = &desk;
	return 0;
}

static int
desk_remove(void **state)
{
	desk_fini(*state);
	return 0;
}

static void
reopen(struct desk *desk, bool alone)
{
	desk_close(desk);
	desk_open(desk, alone);
}

/* From now on `desk` follows the pack `name`; NULL: none. */
static void
follow(struct desk *desk, const char *name)
{
	desk_begin(desk, true);
	if (name != NULL)
		meta_put(store_txn(desk->store), meta_pack, bytes_text(name));
	else
		meta_del(store_txn(desk->store), meta_pack);
	desk_commit(desk);
	reopen(desk, false);
}

static enum stand
stand(struct desk *desk, struct stand_done *done)
{
	enum stand is;

	desk_begin(desk, false);
	is = lookup_stand(store_txn(desk->store), done);
	assert_int_equal(
	    lookup_is_current(store_txn(desk->store)), is == STAND_WHOLE);
	store_abort(desk->store);
	return is;
}

static void
table_dump(struct desk *desk, struct buf *out, size_t *n)
{
	struct kv_cursor cursor;

	*n = 0;
	desk_begin(desk, false);
	kv_cursor_init(&cursor, store_txn(desk->store)->kv, TABLE_LOOKUP);
	for (bool more = kv_seek(&cursor, (struct bytes){0}); more;
	     more = kv_next(&cursor)) {
		buf_add(out, cursor.key);
		buf_add(out, cursor.value);
		++*n;
	}
	kv_cursor_fini(&cursor);
	store_abort(desk->store);
}

/* The table is whole, and what a rebuild makes of all records. */
static void
assert_whole(struct desk *desk)
{
	struct stand_done done;
	struct buf before = {0};
	struct buf after = {0};
	size_t n;

	assert_int_equal(stand(desk, &done), STAND_WHOLE);
	table_dump(desk, &before, &n);
	assert_int_equal(n, ROWS * RECORDS);
	assert_int_equal(desk_check(desk, true), 0);
	desk_close(desk);
	desk_open(desk, true);
	well(rebuild_run(desk->store, NULL));
	table_dump(desk, &after, &n);
	assert_true(bytes_equal(buf_bytes(&before), buf_bytes(&after)));
	reopen(desk, false);
	buf_fini(&before);
	buf_fini(&after);
}

/* Lets the `nth` commit of the next writer fail; then opens the store anew. */
static void
cut_off(struct desk *desk, unsigned nth)
{
	fault_arm((struct fault_plan){
	    .names = "mdb_txn_commit", .nth = nth, .number = EIO});
	assert_int_equal(store_begin(desk->store, true), ERR_IO);
	assert_true(fault_disarm());
	reopen(desk, false);
}

static void
what_was_cut_off_goes_on_where_it_was(void **state)
{
	struct desk *desk = *state;
	struct stand_done done;
	struct buf rows = {0};
	size_t n;

	follow(desk, NULL);
	follow(desk, "chatdong");
	assert_int_equal(stand(desk, &done), STAND_OTHER);
	cut_off(desk, 1);
	assert_int_equal(stand(desk, &done), STAND_OTHER);
	cut_off(desk, 2);
	assert_int_equal(stand(desk, &done), STAND_UNDONE);
	table_dump(desk, &rows, &n);
	assert_in_range(n, ROWS * 990, ROWS * 1000);
	/* Whoever only reads is told nothing wrong meanwhile. */
	assert_int_equal(desk_check(desk, true), 0);
	/* The last part goes with what its writer gives up. */
	desk_begin(desk, true);
	store_abort(desk->store);
	assert_int_equal(stand(desk, &done), STAND_UNDONE);
	table_dump(desk, &rows, &n);
	assert_in_range(n, ROWS * 1990, ROWS * 2000);
	desk_begin(desk, true);
	desk_commit(desk);
	assert_whole(desk);
	buf_fini(&rows);
}

static void
half_of_one_pack_is_no_beginning_of_another(void **state)
{
	struct desk *desk = *state;
	struct stand_done done;

	follow(desk, NULL);
	follow(desk, "chatdong");
	cut_off(desk, 2);
	assert_int_equal(stand(desk, &done), STAND_UNDONE);
	follow(desk, NULL);
	assert_int_equal(stand(desk, &done), STAND_OTHER);
	desk_begin(desk, true);
	assert_int_equal(kv_count(store_txn(desk->store)->kv, TABLE_LOOKUP), 0);
	desk_commit(desk);
	follow(desk, "chatdong");
	desk_begin(desk, true);
	desk_commit(desk);
	assert_whole(desk);
}

/* `n` bytes of the meta value are kept, or as many zeros appended. */
static void
stand_damage(struct desk *desk, size_t n)
{
	struct txn *txn;
	struct bytes is;
	struct buf row = {0};

	desk_begin(desk, true);
	txn = store_txn(desk->store);
	assert_true(meta_find(txn, lookup_meta, &is));
	assert_int_equal(is.n, STAND_STATE);
	buf_add(&row, bytes_first(is, n < is.n ? n : is.n));
	while (row.n < n)
		buf_add_u8(&row, 0);
	meta_put(txn, lookup_meta, buf_bytes(&row));
	desk_commit(desk);
	buf_fini(&row);
	reopen(desk, false);
}

static void
who_cannot_read_how_far_it_is_begins_anew(void **state)
{
	static const size_t sizes[] = {0, STAND_STATE - 1, STAND_STATE + 1,
	    STAND_STATE + 19, STAND_STATE + 21};
	struct desk *desk = *state;
	struct stand_done done;

	follow(desk, "chatdong");
	for (size_t i = 0; i < COUNT_OF(sizes); i++) {
		stand_damage(desk, sizes[i]);
		assert_int_equal(stand(desk, &done), STAND_OTHER);
		desk_begin(desk, true);
		desk_commit(desk);
		assert_int_equal(stand(desk, &done), STAND_WHOLE);
	}
	assert_whole(desk);
}

static void
a_row_without_a_record_is_damage_and_no_record(void **state)
{
	struct desk *desk = *state;
	struct lookup_scan scan;
	struct space_state *space;
	struct space name;
	struct record_id id;
	struct key key;
	bool found;

	desk_begin(desk, true);
	well(id_space(bytes_text(spaces[0]), &name));
	space = space_find(store_txn(desk->store), &name);
	assert_non_null(space);
	lookup_open(store_txn(desk->store), space->no, &scan);
	well(lookup_next(&scan, &id, &found));
	assert_false(found);
	lookup_open(store_txn(desk->store), space->no, &scan);
	key = scan.at;
	tables_key_add(&key, bytes_of("short", 5));
	txn_put(
	    store_txn(desk->store), TABLE_LOOKUP, &key, bytes_of("\0\0\0", 4));
	assert_int_equal(lookup_next(&scan, &id, &found), ERR_CORRUPT);
	assert_false(found);
	assert_non_null(strstr(err_text(), "it has no record"));
	store_abort(desk->store);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_was_cut_off_goes_on_where_it_was),
	    cmocka_unit_test(half_of_one_pack_is_no_beginning_of_another),
	    cmocka_unit_test(who_cannot_read_how_far_it_is_begins_anew),
	    cmocka_unit_test(a_row_without_a_record_is_damage_and_no_record),
	};

	return cmocka_run_group_tests_name(
	    "lookup_refresh", tests, desk_make, desk_remove);
}
