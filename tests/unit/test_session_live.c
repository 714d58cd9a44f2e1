/*
 * Links that stay: news travel at once, through others too, and rights that
 * grow bring what is owed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/safety.h"
#include "tests/lib/wire.h"

#define ALL "read:NPSF,write,hold"
#define SPACE "d01/c001/case"

static void
wires_assert_well(struct wire *wires, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		for (size_t k = 0; k < 2; k++) {
			const struct wire_end *end = &wires[i].ends[k];

			if (end->fault.code != ERR_OK)
				print_error("wire %zu end %zu: %s\n", i, k,
				    end->fault.text);
			assert_int_equal(end->fault.code, ERR_OK);
			assert_true(session_is_idle(end->session));
		}
	}
}

static void
news_are_pushed_both_ways(void **state)
{
	struct town town;
	struct wire wire;
	uint64_t before;
	size_t b;

	(void)state;
	town_init(&town, 1);
	b = town_member(&town, "", ALL);
	assert_int_equal(town_grant(&town, 0, 0, "", ALL, ""), ERR_OK);
	(void)town_create(&town, 0, SPACE, "하나");
	(void)town_create(&town, b, SPACE, "둘");
	wire_open(&wire, &town, 0, b, false);
	wire_run(&wire, 1);
	wires_assert_well(&wire, 1);
	for (int i = 0; i < 5; i++) {
		before = wire_status(&wire, 0).out_bytes +
			 wire_status(&wire, 1).out_bytes;
		(void)town_create(&town, i % 2 == 0 ? 0 : b, SPACE, "셋");
		wire_run(&wire, 1);
		wires_assert_well(&wire, 1);
		town_assert_equal(&town, 0);
		before = wire_status(&wire, 0).out_bytes +
			 wire_status(&wire, 1).out_bytes - before;
		print_message("one delta cost %llu bytes both ways\n",
		    (unsigned long long)before);
		assert_true(before < 1500);
	}
	assert_true(wire_status(&wire, 0).deltas_out <= 9);
	wire_close(&wire);
	wire_assert_sound(&town, 0);
	wire_assert_sound(&town, b);
	town_fini(&town);
}

static void
news_go_through_a_relay(void **state)
{
	struct town town;
	struct wire wires[2];
	size_t b;
	size_t c;

	(void)state;
	town_init(&town, 2);
	assert_int_equal(town_grant(&town, 0, 0, "", ALL, ""), ERR_OK);
	b = town_member(&town, "", ALL);
	c = town_member(&town, "", ALL);
	town_copy(&town, 0, b);
	wire_open(&wires[0], &town, 0, b, false);
	wire_open(&wires[1], &town, c, b, false);
	wire_run(wires, 2);
	(void)town_create(&town, 0, SPACE, "하나");
	(void)town_create(&town, c, SPACE, "둘");
	wire_run(wires, 2);
	(void)town_create(&town, b, SPACE, "셋");
	(void)town_create(&town, 0, SPACE, "넷");
	wire_run(wires, 2);
	wires_assert_well(wires, 2);
	town_assert_equal(&town, 0);
	for (size_t i = 0; i < 2; i++)
		wire_close(&wires[i]);
	for (size_t i = 0; i < 3; i++)
		wire_assert_sound(&town, i);
	town_fini(&town);
}

static void
a_triangle_settles_and_sends_little_twice(void **state)
{
	struct town town;
	struct wire wires[3];
	size_t b;
	size_t c;
	uint64_t out = 0;

	(void)state;
	town_init(&town, 3);
	assert_int_equal(town_grant(&town, 0, 0, "", ALL, ""), ERR_OK);
	b = town_member(&town, "", ALL);
	c = town_member(&town, "", ALL);
	for (int i = 0; i < 300; i++)
		(void)town_create(&town, 0, SPACE, "하나");
	town_copy(&town, 0, b);
	wire_open(&wires[0], &town, 0, c, false);
	wire_open(&wires[1], &town, b, c, false);
	wire_open(&wires[2], &town, 0, b, false);
	for (size_t i = 0; i < 3; i++)
		wires[i].piece = 1000;
	wire_run(wires, 3);
	(void)town_create(&town, c, SPACE, "둘");
	(void)town_create(&town, b, SPACE, "셋");
	wire_run(wires, 3);
	wires_assert_well(wires, 3);
	town_assert_equal(&town, 0);
	for (size_t i = 0; i < 3; i++) {
		out += wire_status(&wires[i], 0).deltas_out;
		wire_close(&wires[i]);
	}
	assert_true(out < 2 * 310 + 20);
	for (size_t i = 0; i < 3; i++)
		wire_assert_sound(&town, i);
	town_fini(&town);
}

static void
a_grant_that_grows_brings_what_is_owed_at_once(void **state)
{
	struct town town;
	struct wire wires[2];
	size_t b;
	size_t c;

	(void)state;
	town_init(&town, 4);
	assert_int_equal(town_grant(&town, 0, 0, "", ALL, ""), ERR_OK);
	b = town_member(&town, "", "hold");
	c = town_member(&town, "d02", "read:N");
	town_copy(&town, 0, b);
	for (int i = 0; i < 40; i++)
		(void)town_create(&town, 0, SPACE, "하나");
	wire_open(&wires[0], &town, 0, b, false);
	/* c hears of everything through b, who is blind. */
	wire_open(&wires[1], &town, b, c, false);
	wire_run(wires, 2);
	wires_assert_well(wires, 2);
	assert_true(town_deltas(&town, c) < town_deltas(&town, b));
	assert_int_equal(town_grant(&town, 0, b, "", "read:NPSF", ""), ERR_OK);
	wire_run(wires, 2);
	wires_assert_well(wires, 2);
	assert_int_equal(
	    town_grant(&town, 0, c, "d01", "read:NPSF,hold", ""), ERR_OK);
	wire_run(wires, 2);
	wires_assert_well(wires, 2);
	town_assert_equal(&town, 0);
	for (size_t i = 0; i < 2; i++)
		wire_close(&wires[i]);
	for (size_t i = 0; i < 3; i++)
		wire_assert_sound(&town, i);
	town_fini(&town);
}

static void
what_a_blind_supplier_lacks_comes_from_a_second_one(void **state)
{
	struct town town;
	size_t b;
	size_t c;

	(void)state;
	town_init(&town, 5);
	assert_int_equal(town_grant(&town, 0, 0, "", ALL, ""), ERR_OK);
	b = town_member(&town, "", "hold");
	c = town_member(&town, "", ALL);
	for (int i = 0; i < 40; i++)
		(void)town_create(&town, 0, SPACE, "하나");
	wire_sync(&town, 0, b);
	wire_sync(&town, c, b);
	wire_sync(&town, 0, c);
	assert_int_equal(town_grant(&town, 0, b, "", "read:NPSF", ""), ERR_OK);
	wire_sync(&town, b, 0);
	wire_sync(&town, b, c);
	town_assert_equal(&town, 0);
	for (size_t i = 0; i < 3; i++)
		wire_assert_sound(&town, i);
	town_fini(&town);
}

static void
nothing_is_acknowledged_before_its_commit(void **state)
{
	struct town town;
	struct wire wire;
	size_t b;
	uint64_t held;

	(void)state;
	town_init(&town, 6);
	assert_int_equal(town_grant(&town, 0, 0, "", ALL, ""), ERR_OK);
	b = town_member(&town, "", ALL);
	wire_open(&wire, &town, 0, b, false);
	wire_run(&wire, 1);
	held = town_deltas(&town, b);
	(void)town_create(&town, 0, SPACE, "하나");
	wire.ends[1].refuse_commit = true;
	wire_run(&wire, 1);
	assert_int_equal(wire.ends[1].fault.code, ERR_FULL);
	assert_int_equal(wire.ends[0].fault.code, ERR_PEER);
	assert_non_null(strstr(wire.ends[0].fault.text, "disk"));
	assert_false(session_is_done(wire.ends[0].session));
	assert_false(session_is_done(wire.ends[1].session));
	assert_int_equal(town_deltas(&town, b), held);
	assert_int_equal(wire_status(&wire, 1).deltas_in, 0);
	wire_close(&wire);
	/* What the first one thinks that the other has did not move. */
	wire_open(&wire, &town, 0, b, true);
	wire_run(&wire, 1);
	assert_true(session_is_done(wire.ends[0].session));
	assert_int_equal(wire_status(&wire, 0).deltas_out, 2);
	wire_close(&wire);
	town_assert_equal(&town, 0);
	town_fini(&town);
}

/* How much of what node 0 holds others are known to hold not. */
static uint64_t
alone(struct town *town)
{
	struct store *store = town_store(town, 0);
	struct sign_key me = town_key(town, 0);
	const struct authority *authority;
	struct arena arena = {0};
	struct safety safety;

	assert_int_equal(store_begin(store, false), ERR_OK);
	assert_int_equal(store_authority(store, &authority), ERR_OK);
	assert_int_equal(
	    safety_count(store_txn(store), authority, &me, &arena, &safety),
	    ERR_OK);
	store_abort(store);
	arena_fini(&arena);
	return safety.alone;
}

static void
what_is_acknowledged_is_soon_written_down_once(void **state)
{
	struct town town;
	struct wire wire;
	struct session *session;
	uint64_t wake_ms;
	size_t b;

	(void)state;
	town_init(&town, 7);
	b = town_member(&town, "", ALL);
	assert_int_equal(town_grant(&town, 0, 0, "", ALL, ""), ERR_OK);
	wire_open(&wire, &town, 0, b, false);
	wire_run(&wire, 1);
	session = wire.ends[0].session;
	wire.now_ms = 60 * 1000 + 1;
	for (int i = 0; i < 5; i++) {
		(void)town_create(&town, 0, SPACE, "하나");
		wire_run(&wire, 1);
	}
	/* All of it waits for one moment, the same for all sessions. */
	assert_false(session_has_work(session));
	assert_true(alone(&town) >= 5);
	wake_ms = session_wake_ms(session);
	assert_true(wake_ms > wire.now_ms && wake_ms <= wire.now_ms + 100);
	assert_int_equal(wake_ms % 100, 0);
	assert_int_equal(session_tick(session, wake_ms - 1), ERR_OK);
	assert_false(session_has_work(session));
	assert_int_equal(session_tick(session, wake_ms), ERR_OK);
	assert_true(session_has_work(session));
	wire.now_ms = wake_ms;
	wire_run(&wire, 1);
	assert_int_equal(alone(&town), 0);
	assert_true(session_wake_ms(session) > wire.now_ms + 1000);
	wire_close(&wire);
	town_fini(&town);
}

/* Who looks ahead at messages reads the ids in them twice, and gives each one
 * number all the same. */
static void
logs_keep_their_numbers_where_heads_are_looked_at_ahead(void **state)
{
	static const char *const spaces[] = {
	    "d01/c001/case", "d01/c002/case", "d01/c003/case", "d01/c004/case"};
	struct town town;
	struct wire wire;
	size_t b;

	(void)state;
	town_init(&town, 9);
	b = town_member(&town, "", ALL);
	assert_int_equal(town_grant(&town, 0, 0, "", ALL, ""), ERR_OK);
	wire_open(&wire, &town, 0, b, false);
	session_fence(wire.ends[1].session);
	wire.ends[1].looks = true;
	wire_run(&wire, 1);
	for (size_t round = 0; round < 3; round++)
		for (size_t i = 0; i < COUNT_OF(spaces); i++) {
			(void)town_create(&town, 0, spaces[i], "하나");
			wire_run(&wire, 1);
			wires_assert_well(&wire, 1);
		}
	assert_int_equal(wire_status(&wire, 1).dropped, 0);
	town_assert_equal(&town, 0);
	wire_close(&wire);
	town_fini(&town);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(news_are_pushed_both_ways),
	    cmocka_unit_test(news_go_through_a_relay),
	    cmocka_unit_test(a_triangle_settles_and_sends_little_twice),
	    cmocka_unit_test(a_grant_that_grows_brings_what_is_owed_at_once),
	    cmocka_unit_test(
		what_a_blind_supplier_lacks_comes_from_a_second_one),
	    cmocka_unit_test(nothing_is_acknowledged_before_its_commit),
	    cmocka_unit_test(what_is_acknowledged_is_soon_written_down_once),
	    cmocka_unit_test(
		logs_keep_their_numbers_where_heads_are_looked_at_ahead),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
