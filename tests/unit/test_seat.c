/*
 * Promises of core/seat.h: where a record lies is known without a look into
 * each space, also in a store that is older than the table, at every moment of
 * its making; one id in several spaces is found where it always was; and fsck
 * and rebuild know its rows.
 *
 * LINK: -Wl,--wrap=mdb_txn_commit,--wrap=mdb_get
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/fsck.h"
#include "core/meta.h"
#include "core/rebuild.h"
#include "core/record.h"
#include "core/seat.h"
#include "tests/lib/fault.h"
#include "tests/lib/town.h"

/* More than three thousand, in a space by itself; and spaces with one each. */
enum { RECORDS = 3100, SPACES = 40 };

static const char big[] = "d05/c100/case";

static void
well(enum err e)
{
	if (e != ERR_OK)
		fail_msg("%s: %s", err_name(e), err_text());
}

/* A record of the id `id`, in the writer that is open. */
static void
put(struct store *store, const char *space, const struct record_id *id)
{
	struct store_edit edit = town_edit(OP_SET, "name", town_text("가"));
	struct store_write write = {.space = town_space(space),
	    .create = true,
	    .has_record = true,
	    .record = *id,
	    .collection = bytes_text("card"),
	    .edits = &edit,
	    .edits_n = 1};
	struct record_id is;
	bool changed;

	well(store_write(store, &write, &is, &changed));
}

static struct record_id
number(unsigned n)
{
	struct record_id id = {{1}};

	bytes_put_be32(id.b + 8, n);
	return id;
}

static int
town_make(void **state)
{
	static struct town town;
	struct store *store;

	tempdir_in_memory();
	town_init(&town, 17);
	store = town_store(&town, 0);
	well(store_begin(store, true));
	for (unsigned i = 0; i < SPACES; i++) {
		struct record_id id = number(RECORDS + i);
		char name[32];

		(void)snprintf(name, sizeof(name), "d04/c%03u/case", i + 1);
		put(store, name, &id);
	}
	for (unsigned i = 0; i < RECORDS; i++) {
		struct record_id id = number(i);

		put(store, big, &id);
	}
	well(store_commit(store));
	*state = &town;
	return 0;
}

static int
town_remove(void **state)
{
	town_fini(*state);
	return 0;
}

static enum err
locate(struct store *store, const struct record_id *id, struct space *space)
{
	enum err e = store_begin(store, false);

	if (e == ERR_OK)
		e = store_locate(store, id, space);
	store_abort(store);
	return e;
}

/* Every record is found where it is, and none that is not. */
static void
assert_located(struct store *store)
{
	struct record_id none = number(RECORDS + SPACES);
	struct space space;

	for (unsigned i = 0; i < RECORDS + SPACES; i += 53) {
		struct record_id id = number(i);

		well(locate(store, &id, &space));
		assert_int_equal(
		    strcmp(space.text, big) == 0, (int)(i < RECORDS));
	}
	assert_int_equal(locate(store, &none, &space), ERR_NOT_FOUND);
}

/* One wrong bit in the key of its row makes that a row of another id. */
static void
a_row_with_a_wrong_key_hides_nothing(void **state)
{
	struct store *store = town_store(*state, 0);
	struct record_id id = number(7);
	struct record_id other = number(7 + 4 * RECORDS);
	struct space name = town_space(big);
	struct space_no space_no;

	well(store_begin(store, true));
	space_no = space_find(store_txn(store), &name)->no;
	seat_drop(store_txn(store), space_no, &id);
	seat_put(store_txn(store), space_no, &other);
	well(store_commit(store));
	well(locate(store, &id, &name));
	assert_string_equal(name.text, big);
	assert_int_equal(locate(store, &other, &name), ERR_NOT_FOUND);
	well(store_begin(store, true));
	seat_drop(store_txn(store), space_no, &other);
	seat_put(store_txn(store), (struct space_no){space_no.v - 1}, &id);
	well(store_commit(store));
	/* Or one of another space. */
	well(locate(store, &id, &name));
	assert_string_equal(name.text, big);
	well(store_begin(store, true));
	seat_drop(store_txn(store), (struct space_no){space_no.v - 1}, &id);
	seat_put(store_txn(store), space_no, &id);
	well(store_commit(store));
}

/* The store with nobody beside it, as a rebuild wants it. */
static struct store *
alone(struct town *town)
{
	town_close(town, 0);
	well(store_open_alone(
	    town->nodes[0].dir, &town->host, &town->nodes[0].store));
	return town_store(town, 0);
}

static uint64_t
check(struct store *store)
{
	struct fsck_report report;

	well(store_begin(store, false));
	well(fsck_run(store, NULL, &report));
	store_abort(store);
	return report.found;
}

/* By who imports and writes. */
static void
no_space_is_looked_into(void **state)
{
	struct town *town = *state;
	struct store *store = town_store(town, 0);
	struct record_id none = number(RECORDS + SPACES);
	struct space_state **spaces;
	struct space space;
	size_t n;

	well(store_begin(store, true));
	well(space_all(store_txn(store), &spaces, &n));
	assert_true(n > SPACES);
	fault_arm((struct fault_plan){
	    .names = "mdb_get", .nth = UINT32_MAX, .number = EIO});
	assert_int_equal(store_locate(store, &none, &space), ERR_NOT_FOUND);
	(void)fault_disarm();
	assert_int_equal(fault_counted(), 0);
	store_abort(store);
}

/* As a careless, or a hostile, writer may do it: the first by name counts. */
static void
an_id_of_several_spaces_is_found_in_the_first(void **state)
{
	static const char *const names[] = {
	    "d07/c300/case", "d02/c002/case", "d09/c001/case", "d02/c001/case"};
	static const char *const first[] = {
	    "d07/c300/case", "d02/c002/case", "d02/c002/case", "d02/c001/case"};
	struct town *town = *state;
	struct store *store = town_store(town, 0);
	struct record_id id = {{9}};
	struct space space;

	for (size_t i = 0; i < COUNT_OF(names); i++) {
		well(store_begin(store, true));
		put(store, names[i], &id);
		well(store_settle(store));
		well(store_locate(store, &id, &space));
		assert_string_equal(space.text, first[i]);
		well(store_commit(store));
		well(locate(store, &id, &space));
		assert_string_equal(space.text, first[i]);
	}
	/* What is deleted is there still. */
	town_act(town, 0, names[3], &id, ACT_DELETE);
	well(locate(store, &id, &space));
	assert_string_equal(space.text, names[3]);
	assert_int_equal(check(store), 0);
}

/* As a program without the table leaves it. */
static void
table_forget(struct store *store)
{
	well(store_begin(store, true));
	kv_clear(store_txn(store)->kv, TABLE_SEATS);
	well(store_commit(store));
}

static uint64_t
rows_of(struct store *store, enum table table)
{
	uint64_t n;

	well(store_begin(store, false));
	n = kv_count(store_txn(store)->kv, (unsigned)table);
	store_abort(store);
	return n;
}

static void
a_store_without_the_table_gets_it(void **state)
{
	struct town *town = *state;
	uint64_t records = rows_of(town_store(town, 0), TABLE_RECORDS);

	table_forget(town_store(town, 0));
	assert_located(town_store(town, 0));
	assert_int_equal(check(town_store(town, 0)), 0);
	for (unsigned nth = 1; nth <= 2; nth++) {
		uint64_t n;

		fault_arm((struct fault_plan){
		    .names = "mdb_txn_commit", .nth = 2, .number = EIO});
		assert_int_equal(
		    store_begin(town_store(town, 0), true), ERR_IO);
		assert_true(fault_disarm());
		town_close(town, 0);
		n = rows_of(town_open(town, 0), TABLE_SEATS);
		assert_int_equal(n, 1000 * nth);
		assert_true(n < records);
		assert_located(town_store(town, 0));
		assert_int_equal(check(town_store(town, 0)), 0);
	}
	well(store_begin(town_store(town, 0), true));
	well(store_commit(town_store(town, 0)));
	assert_int_equal(rows_of(town_store(town, 0), TABLE_SEATS), records);
	assert_located(town_store(town, 0));
	assert_int_equal(check(town_store(town, 0)), 0);
}

static void
who_cannot_read_how_far_it_is_begins_anew(void **state)
{
	struct town *town = *state;
	struct store *store = town_store(town, 0);
	uint64_t records = rows_of(store, TABLE_RECORDS);
	struct key key = {0};

	table_forget(store);
	tables_key_add(&key, bytes_text("seats"));
	for (int i = 0; i < 2; i++) {
		/* Too short for a row, and longer than any key. */
		static const uint8_t zeros[LIMIT_KEY_SIZE + 8];

		fault_arm((struct fault_plan){
		    .names = "mdb_txn_commit", .nth = 2, .number = EIO});
		assert_int_equal(
		    store_begin(town_store(town, 0), true), ERR_IO);
		assert_true(fault_disarm());
		store = alone(town);
		well(store_begin_rebuild(store, true));
		if (i == 0)
			kv_put(store_txn(store)->kv, TABLE_META,
			    tables_key(&key), bytes_text("?"));
		else
			meta_put(store_txn(store), "seats",
			    bytes_of(zeros, sizeof(zeros)));
		well(store_commit(store));
	}
	well(store_begin(store, true));
	well(store_commit(store));
	assert_int_equal(rows_of(store, TABLE_SEATS), records);
	assert_located(store);
	assert_int_equal(check(store), 0);
}

/* Does the damage `how` to the row of the record `id`. */
static void
row_damage(struct store *store, const struct record_id *id, int how)
{
	struct space name = town_space(big);
	struct txn *txn;
	struct space_no no;
	struct key key;

	well(store_begin(store, true));
	txn = store_txn(store);
	no = space_find(txn, &name)->no;
	tables_seat_key(id, no, &key);
	if (how == 0)
		seat_drop(txn, no, id);
	else if (how == 1)
		kv_put(txn->kv, TABLE_SEATS, tables_key(&key), bytes_text("?"));
	else
		seat_put(txn, (struct space_no){no.v - 1}, id);
	well(store_commit(store));
}

static void
rows_that_are_wrong_are_found_and_made_anew(void **state)
{
	struct town *town = *state;
	struct record_id id = number(77);

	for (int how = 0; how < 3; how++) {
		struct store *store = alone(town);
		struct space space;

		row_damage(store, &id, how);
		assert_true(check(store) > 0);
		well(locate(store, &id, &space));
		assert_string_equal(space.text, big);
		well(rebuild_run(store, NULL));
		assert_int_equal(check(store), 0);
		assert_located(store);
	}
}

static void
a_lost_record_is_not_said_to_be_none(void **state)
{
	struct town *town = *state;
	struct store *store = alone(town);
	struct space name = town_space(big);
	struct record_id other = number(5 * RECORDS);
	struct record_id id = number(78);
	struct buf row = {0};
	struct space space;
	struct bytes value;
	struct txn *txn;
	struct key key;

	/* Under another key: the tables have as many rows as before. */
	well(store_begin(store, true));
	txn = store_txn(store);
	tables_record_key(space_find(txn, &name)->no, &id, &key);
	assert_true(txn_find(txn, TABLE_RECORDS, &key, &value));
	buf_add(&row, value);
	kv_del(txn->kv, TABLE_RECORDS, tables_key(&key));
	tables_record_key(space_find(txn, &name)->no, &other, &key);
	txn_put(txn, TABLE_RECORDS, &key, buf_bytes(&row));
	well(store_commit(store));
	assert_int_equal(locate(store, &id, &space), ERR_CORRUPT);
	well(rebuild_run(store, NULL));
	well(locate(store, &id, &space));
	buf_fini(&row);
}

/* Such keys can only be damaged ones. */
static void
keys_of_no_record_are_told_and_passed_over(void **state)
{
	struct store *store = alone(*state);
	struct record_id id = number(79);
	uint64_t records = rows_of(store, TABLE_RECORDS);
	static const uint8_t zeros[4 + 16];
	uint8_t cut[18] = {0};
	struct seats seats = {0};
	struct txn *txn;
	bool whole = true;
	bool all;

	/* A seat too short, with as many rows as before. */
	well(store_begin_rebuild(store, true));
	txn = store_txn(store);
	memcpy(cut, id.b, sizeof(id.b));
	kv_put(txn->kv, TABLE_SEATS, bytes_of(cut, sizeof(cut)),
	    (struct bytes){0});
	kv_put(txn->kv, TABLE_RECORDS, bytes_of(zeros, sizeof(zeros)),
	    bytes_text("?"));
	assert_int_equal(seat_find(txn, &id, &seats, &all), ERR_CORRUPT);
	assert_false(all);
	seat_end(&seats);
	store_abort(store);
	/* A record too short. */
	well(store_begin_rebuild(store, true));
	txn = store_txn(store);
	kv_clear(txn->kv, TABLE_SEATS);
	kv_put(txn->kv, TABLE_RECORDS, bytes_of(zeros, 8), bytes_text("?"));
	assert_int_equal(seat_refresh(txn, &whole), ERR_CORRUPT);
	assert_true(whole);
	store_abort(store);
	/* One in no space: all others have their seats. */
	well(store_begin_rebuild(store, true));
	txn = store_txn(store);
	kv_clear(txn->kv, TABLE_SEATS);
	kv_put(txn->kv, TABLE_RECORDS, bytes_of(zeros, sizeof(zeros)),
	    bytes_text("?"));
	for (unsigned i = 0; !seat_is_made(txn); i++) {
		assert_true(i < 10);
		well(seat_refresh(txn, &whole));
		assert_false(whole && !seat_is_made(txn));
	}
	assert_int_equal(kv_count(txn->kv, TABLE_SEATS), records);
	store_abort(store);
	assert_located(store);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_row_with_a_wrong_key_hides_nothing),
	    cmocka_unit_test(no_space_is_looked_into),
	    cmocka_unit_test(an_id_of_several_spaces_is_found_in_the_first),
	    cmocka_unit_test(a_store_without_the_table_gets_it),
	    cmocka_unit_test(who_cannot_read_how_far_it_is_begins_anew),
	    cmocka_unit_test(rows_that_are_wrong_are_found_and_made_anew),
	    cmocka_unit_test(keys_of_no_record_are_told_and_passed_over),
	    cmocka_unit_test(a_lost_record_is_not_said_to_be_none),
	};

	return cmocka_run_group_tests(tests, town_make, town_remove);
}
