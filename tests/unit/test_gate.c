/*
 * Promises of net/peer/gate.h.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "net/peer/gate.h"

/* Those who come; only their addresses are used. */
static uint8_t crowd[4 * LIMIT_HALF_OPEN];

static void *
enter(struct gate *gate, const char *from, size_t who)
{
	struct gate_source source;

	gate_source(from, &source);
	return gate_enter(gate, &source, &crowd[who]);
}

static void
empty(struct gate *gate)
{
	for (size_t i = 0; i < sizeof(crowd); i++)
		gate_leave(gate, &crowd[i]);
	assert_int_equal(gate_count(gate), 0);
	gate_free(gate);
}

static bool
same_source(const char *one, const char *two)
{
	struct gate_source a;
	struct gate_source b;

	gate_source(one, &a);
	gate_source(two, &b);
	return memcmp(&a, &b, sizeof(a)) == 0;
}

static void
a_source_is_an_address_or_the_network_of_one_customer(void **state)
{
	(void)state;
	assert_true(same_source("192.0.2.1:1", "192.0.2.1:65535"));
	assert_false(same_source("192.0.2.1:1", "192.0.2.2:1"));
	assert_true(same_source("[::ffff:192.0.2.1]:1", "192.0.2.1:2"));
	assert_false(
	    same_source("[::ffff:192.0.2.1]:1", "[::ffff:192.0.2.2]:1"));
	assert_true(
	    same_source("[2001:db8:0:7::1]:1", "[2001:db8:0:7:a:b:c:d]:2"));
	assert_false(same_source("[2001:db8:0:7::1]:1", "[2001:db8:0:8::1]:1"));
	assert_true(same_source("?:1", ""));
}

static void
a_whole_city_behind_one_address_gets_in_at_once(void **state)
{
	struct gate *gate = gate_new(
	    LIMIT_HALF_OPEN, LIMIT_HALF_OPEN_OF_SOURCE);

	(void)state;
	for (size_t i = 0; i < 424; i++)
		assert_null(enter(gate, "198.51.100.7:4000", i));
	assert_int_equal(gate_count(gate), 424);
	empty(gate);
}

static void
a_source_that_has_its_share_pushes_out_its_own(void **state)
{
	struct gate *gate = gate_new(8, 4);

	(void)state;
	assert_null(enter(gate, "192.0.2.1:1", 100));
	for (size_t i = 0; i < 4; i++)
		assert_null(enter(gate, "203.0.113.9:1", i));
	for (size_t i = 4; i < 20; i++)
		assert_ptr_equal(
		    enter(gate, "203.0.113.9:1", i), &crowd[i - 4]);
	assert_int_equal(gate_count(gate), 5);
	empty(gate);
}

static void
a_full_gate_takes_from_who_has_the_most(void **state)
{
	struct gate *gate = gate_new(8, 6);

	(void)state;
	assert_null(enter(gate, "192.0.2.1:1", 100));
	assert_null(enter(gate, "192.0.2.2:1", 101));
	for (size_t i = 0; i < 6; i++)
		assert_null(enter(gate, "203.0.113.9:1", i));
	assert_ptr_equal(enter(gate, "192.0.2.3:1", 102), &crowd[0]);
	assert_ptr_equal(enter(gate, "192.0.2.4:1", 103), &crowd[1]);
	assert_ptr_equal(enter(gate, "192.0.2.5:1", 104), &crowd[2]);
	assert_ptr_equal(enter(gate, "192.0.2.6:1", 105), &crowd[3]);
	/* Two left of it, one of each other. */
	assert_ptr_equal(enter(gate, "192.0.2.7:1", 106), &crowd[4]);
	/* All equal: who waits the longest. */
	assert_ptr_equal(enter(gate, "192.0.2.8:1", 107), &crowd[100]);
	empty(gate);
}

static void
who_comes_further_is_the_last_to_go(void **state)
{
	struct gate *gate = gate_new(4, 4);

	(void)state;
	for (size_t i = 0; i < 4; i++)
		assert_null(enter(gate, "192.0.2.1:1", i));
	gate_advance(gate, &crowd[0], 1);
	assert_ptr_equal(enter(gate, "192.0.2.1:1", 4), &crowd[1]);
	/* Saying more without getting further is nothing. */
	gate_advance(gate, &crowd[0], 1);
	gate_advance(gate, &crowd[2], 1);
	gate_advance(gate, &crowd[3], 1);
	gate_advance(gate, &crowd[4], 1);
	assert_ptr_equal(enter(gate, "192.0.2.1:1", 5), &crowd[0]);
	gate_advance(gate, &crowd[100], 7);
	gate_leave(gate, &crowd[100]);
	assert_int_equal(gate_count(gate), 4);
	empty(gate);
}

/* An honest one gets its two round trips however many strangers come, each of
 * an address of its own, as long as no more come in that time than there is
 * room for. */
static void
a_flood_leaves_time_for_a_handshake(void **state)
{
	struct gate *gate = gate_new(
	    LIMIT_HALF_OPEN, LIMIT_HALF_OPEN_OF_SOURCE);
	size_t flood = 0;

	(void)state;
	for (size_t round = 0; round < 20; round++) {
		void *honest = &crowd[sizeof(crowd) - 1];
		unsigned stage;

		(void)enter(gate, "192.0.2.1:1", sizeof(crowd) - 1);
		for (stage = 1; stage <= 2; stage++) {
			for (size_t i = 0; i < LIMIT_HALF_OPEN - 1; i++) {
				char from[32];
				void *who = &crowd[flood++ %
						   (sizeof(crowd) - 1)];

				(void)snprintf(from, sizeof(from),
				    "10.%zu.%zu.%zu:1", flood >> 16 & 255,
				    flood >> 8 & 255, flood & 255);
				gate_leave(gate, who);
				assert_ptr_not_equal(
				    enter(gate, from,
					(size_t)((uint8_t *)who - crowd)),
				    honest);
			}
			gate_advance(gate, honest, stage);
		}
		gate_leave(gate, honest);
	}
	empty(gate);
}

static void
so_many_are_heard_in_one_turn_and_no_more(void **state)
{
	struct gate *gate = gate_new(1, 1);

	(void)state;
	for (uint64_t turn = 5; turn < 8; turn++) {
		for (size_t i = 0; i < LIMIT_KNOCKS_OF_TURN; i++)
			assert_true(gate_hears(gate, turn));
		assert_false(gate_hears(gate, turn));
		assert_false(gate_hears(gate, turn));
	}
	gate_free(gate);
	gate_free(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
		a_source_is_an_address_or_the_network_of_one_customer),
	    cmocka_unit_test(a_whole_city_behind_one_address_gets_in_at_once),
	    cmocka_unit_test(a_source_that_has_its_share_pushes_out_its_own),
	    cmocka_unit_test(a_full_gate_takes_from_who_has_the_most),
	    cmocka_unit_test(who_comes_further_is_the_last_to_go),
	    cmocka_unit_test(a_flood_leaves_time_for_a_handshake),
	    cmocka_unit_test(so_many_are_heard_in_one_turn_and_no_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
