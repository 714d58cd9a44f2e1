/*
 * Promises of core/seat.h about rows that nobody wrote, and under failing
 * calls; and of core/actor.h about names that change.  All of it happens in
 * transactions that are given up.
 *
 * LINK: -Wl,@tests/lib/fault.wrap
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/actor.h"
#include "core/seat.h"
#include "core/space.h"
#include "tests/lib/probe.h"
#include "tests/lib/slip.h"
#include "tests/lib/town.h"

enum { RECORDS = 8, ID_SIZE = 16, RECORD_KEY_SIZE = 4 + ID_SIZE };

static const char here[] = "d03/c017/case";

static struct {
	struct town town;
	struct record_id ids[RECORDS];
} city;

static int
city_make(void **state)
{
	struct town *town = &city.town;

	(void)state;
	tempdir_in_memory();
	town_init(town, 5);
	slip_is(town_grant(town, 0, 0, "", "read:NPSF,write,hold", ""), ERR_OK,
	    NULL);
	for (size_t i = 0; i < RECORDS; i++)
		city.ids[i] = town_create(town, 0, here, "가");
	return 0;
}

static int
city_remove(void **state)
{
	(void)state;
	town_fini(&city.town);
	return 0;
}

static struct txn *
begin(bool write)
{
	struct store *store = town_store(&city.town, 0);

	slip_is(store_begin(store, write), ERR_OK, NULL);
	return store_txn(store);
}

static void
give_up(void)
{
	store_abort(town_store(&city.town, 0));
}

static void
a_row_with_a_key_of_another_length_is_told(void **state)
{
	struct txn *txn = begin(true);
	struct space name = town_space(here);
	struct space_no no = space_find(txn, &name)->no;
	struct seats seats = {0};
	uint8_t key[ID_SIZE + 3] = {0};
	bool all;

	(void)state;
	slip_is(seat_find(txn, &city.ids[0], &seats, &all), ERR_OK, NULL);
	assert_false(all);
	assert_int_equal(seats.n, 1);
	seat_end(&seats);
	/* As many rows as before. */
	memcpy(key, city.ids[0].b, ID_SIZE);
	seat_drop(txn, no, &city.ids[0]);
	kv_put(txn->kv, TABLE_SEATS, bytes_of(key, sizeof(key)),
	    (struct bytes){0});
	assert_false(seat_has(txn, no, &city.ids[0]));
	slip_is(seat_find(txn, &city.ids[0], &seats, &all), ERR_CORRUPT,
	    "its key has a wrong length");
	seat_end(&seats);
	slip_is(kv_failed(txn->kv), ERR_CORRUPT, "wrong length");
	give_up();
}

static void
a_record_with_a_key_of_another_length_is_told(void **state)
{
	struct txn *txn = begin(true);
	uint8_t key[RECORD_KEY_SIZE + 1];
	bool whole = true;

	(void)state;
	memset(key, 0xff, sizeof(key));
	kv_put(txn->kv, TABLE_RECORDS, bytes_of(key, sizeof(key)),
	    bytes_text("?"));
	seat_reset(txn);
	assert_false(seat_is_made(txn));
	slip_is(
	    seat_refresh(txn, &whole), ERR_CORRUPT, "its key is no record's");
	give_up();
}

/* Space 0 is none; the rest has its rows. */
static void
a_record_of_no_space_has_no_seat(void **state)
{
	static const uint8_t key[RECORD_KEY_SIZE];
	struct txn *txn = begin(true);
	struct space name = town_space(here);
	struct space_no no = space_find(txn, &name)->no;
	bool whole = true;

	(void)state;
	kv_put(txn->kv, TABLE_RECORDS, bytes_of(key, sizeof(key)),
	    bytes_text("?"));
	seat_reset(txn);
	slip_is(seat_refresh(txn, &whole), ERR_OK, NULL);
	assert_true(whole);
	assert_int_equal(kv_count(txn->kv, TABLE_SEATS), RECORDS);
	for (size_t i = 0; i < RECORDS; i++)
		assert_true(seat_has(txn, no, &city.ids[i]));
	give_up();
}

static void
what_others_left_undone_stays_undone(void **state)
{
	struct txn *txn = begin(true);
	bool whole = false;

	(void)state;
	seat_reset(txn);
	slip_is(seat_refresh(txn, &whole), ERR_OK, NULL);
	assert_false(whole);
	assert_true(seat_is_made(txn));
	give_up();
}

static void
after_a_failure_nothing_is_made(void **state)
{
	struct txn *txn = begin(true);
	bool whole = true;

	(void)state;
	seat_reset(txn);
	kv_fail(txn->kv, err_set(ERR_IO, "the disk is gone"));
	slip_is(seat_refresh(txn, &whole), ERR_IO, "the disk is gone");
	give_up();
}

static enum err
seats_tell(struct store *store, void *arg, struct buf *text)
{
	struct txn *txn = store_txn(store);
	bool whole = true;
	enum err e;

	(void)arg;
	seat_reset(txn);
	e = seat_refresh(txn, &whole);
	for (size_t i = 0; i < RECORDS && e == ERR_OK; i++) {
		struct seats seats = {0};
		bool all;

		e = seat_find(txn, &city.ids[i], &seats, &all);
		for (size_t k = 0; k < seats.n; k++)
			buf_add_format(
			    text, "%d %s ", all, seats.p[k]->name.text);
		seat_end(&seats);
	}
	return e == ERR_OK ? kv_failed(txn->kv) : e;
}

static void
calls_that_fail_are_told(void **state)
{
	(void)state;
	assert_true(
	    probe_run(&(struct probe){.store = town_store(&city.town, 0),
		.write = true,
		.fn = seats_tell}) > RECORDS);
}

static void
an_actor_has_the_name_that_was_given_last(void **state)
{
	const struct actor_id actor = {.b = {1}};
	const struct actor_id other = {.b = {2}};
	struct txn *txn = begin(true);
	struct arena arena = {0};

	(void)state;
	assert_int_equal(actor_name(txn, &actor, &arena).n, 0);
	for (size_t i = 0; i < 2; i++) {
		actor_put(txn, &actor, bytes_text("김가온"));
		assert_true(
		    bytes_is(actor_name(txn, &actor, &arena), "김가온"));
	}
	actor_put(txn, &actor, bytes_text("김나래"));
	assert_true(bytes_is(actor_name(txn, &actor, &arena), "김나래"));
	assert_int_equal(actor_name(txn, &other, &arena).n, 0);
	arena_fini(&arena);
	give_up();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_row_with_a_key_of_another_length_is_told),
	    cmocka_unit_test(a_record_with_a_key_of_another_length_is_told),
	    cmocka_unit_test(a_record_of_no_space_has_no_seat),
	    cmocka_unit_test(what_others_left_undone_stays_undone),
	    cmocka_unit_test(after_a_failure_nothing_is_made),
	    cmocka_unit_test(calls_that_fail_are_told),
	    cmocka_unit_test(an_actor_has_the_name_that_was_given_last),
	};

	return cmocka_run_group_tests(tests, city_make, city_remove);
}
