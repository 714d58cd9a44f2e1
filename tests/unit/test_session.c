/*
 * Conversations of two and more nodes over real stores: what both end with.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/lib/wire.h"

static void
two_fresh_stores_end_with_the_same(void **state)
{
	struct town town;
	size_t b;

	(void)state;
	town_init(&town, 1);
	b = town_member(&town, "", "read:NPSF,write,hold");
	assert_int_equal(
	    town_grant(&town, 0, 0, "", "read:NPSF,write,hold", ""), ERR_OK);
	(void)town_create(&town, 0, "d01/c001/case", "하나");
	wire_sync(&town, b, 0);
	(void)town_create(&town, b, "d01/c001/case", "둘");
	(void)town_create(&town, 0, "d01/c001/case", "셋");
	wire_sync(&town, 0, b);
	town_assert_equal(&town, 0);
	assert_true(town_deltas(&town, 0) >= 7);
	wire_assert_sound(&town, 0);
	wire_assert_sound(&town, b);
	town_fini(&town);
}

static void
a_joiner_gets_the_authority_space_and_what_it_may_read(void **state)
{
	struct town town;
	size_t b;

	(void)state;
	town_init(&town, 2);
	assert_int_equal(
	    town_grant(&town, 0, 0, "", "read:NPSF,write,hold", ""), ERR_OK);
	(void)town_create(&town, 0, "d01/c001/case", "하나");
	(void)town_create(&town, 0, "d02/c001/case", "하나");
	b = town_join(&town);
	assert_int_equal(town_admit(&town, 0, b), ERR_OK);
	assert_int_equal(
	    town_grant(&town, 0, b, "d01", "read:NPSF,write", ""), ERR_OK);
	wire_sync(&town, b, 0);
	assert_int_equal(town_deltas(&town, b), town_deltas(&town, 0) - 2);
	wire_assert_sound(&town, b);
	town_fini(&town);
}

static void
a_session_with_nothing_to_do_costs_little(void **state)
{
	struct town town;
	struct wire wire;
	size_t b;

	(void)state;
	town_init(&town, 3);
	b = town_member(&town, "", "read:NPSF,write,hold");
	(void)town_create(&town, b, "d01/c001/case", "하나");
	wire_sync(&town, 0, b);
	for (int i = 0; i < 3; i++) {
		wire_open(&wire, &town, 0, b, true);
		wire_run(&wire, 1);
		for (size_t k = 0; k < 2; k++) {
			struct session_status status = wire_status(&wire, k);

			assert_true(session_is_done(wire.ends[k].session));
			assert_true(status.deltas_out == 0);
			assert_in_range(status.out_plain_bytes, 40, 128);
			assert_true(status.round_trips <= 3);
		}
		wire_close(&wire);
	}
	town_fini(&town);
}

static void
who_is_not_admitted_is_refused_and_both_say_why(void **state)
{
	struct town town;
	struct wire wire;
	size_t b;

	(void)state;
	town_init(&town, 4);
	b = town_join(&town);
	for (size_t way = 0; way < 2; way++) {
		wire_open(
		    &wire, &town, way == 0 ? 0 : b, way == 0 ? b : 0, true);
		wire_run(&wire, 1);
		assert_int_equal(wire.ends[way].fault.code, ERR_DENIED);
		assert_non_null(
		    strstr(wire.ends[way].fault.text, "not one of a member"));
		assert_int_equal(wire.ends[1 - way].fault.code, ERR_PEER);
		assert_non_null(strstr(
		    wire.ends[1 - way].fault.text, "not one of a member"));
		wire_close(&wire);
	}
	assert_int_equal(town_deltas(&town, b), 0);
	town_fini(&town);
}

static void
a_node_of_another_city_is_told_from_ours(void **state)
{
	struct town town;
	struct town other;
	struct wire wire;
	struct session *initiator;
	struct squeeze squeeze = {0};
	bool moved = true;
	enum err e = ERR_OK;

	(void)state;
	town_init(&town, 5);
	town_init(&other, 6);
	wire_open(&wire, &town, 0, 0, true);
	session_free(wire.ends[0].session);
	wire.ends[0].session = NULL;
	initiator = session_new(&(struct session_config){.initiator = true,
	    .store = town_store(&other, 0),
	    .host = &other.host,
	    .squeeze = &squeeze});
	while (moved && e == ERR_OK) {
		struct bytes out = session_out(initiator);

		moved = out.n > 0 || wire.ends[0].in.n > 0;
		buf_add(&wire.ends[1].in, out);
		session_sent(initiator, out.n);
		(void)wire_step(&wire);
		e = session_feed(initiator, buf_bytes(&wire.ends[0].in), 0);
		buf_cut(&wire.ends[0].in, 0);
	}
	assert_int_equal(e, ERR_MALFORMED);
	assert_non_null(strstr(err_text(), "no node of our city"));
	assert_false(wire_status(&wire, 1).up);
	session_free(initiator);
	squeeze_fini(&squeeze);
	wire_close(&wire);
	town_fini(&other);
	town_fini(&town);
}

static void
one_side_may_stay_when_the_other_has_done(void **state)
{
	struct town town;
	struct wire wire;
	size_t b;

	(void)state;
	town_init(&town, 7);
	b = town_member(&town, "", "read:NPSF,write,hold");
	(void)town_create(&town, b, "d01/c001/case", "하나");
	for (int i = 0; i < 2; i++) {
		wire_open(&wire, &town, 0, b, false);
		session_free(wire.ends[0].session);
		wire.ends[1].in.n = 0;
		wire.ends[0].session = session_new(
		    &(struct session_config){.initiator = true,
			.once = true,
			.store = town_store(&town, 0),
			.host = &town.host,
			.squeeze = &wire.squeeze});
		wire_run(&wire, 1);
		assert_true(session_is_done(wire.ends[0].session));
		assert_true(session_is_done(wire.ends[1].session));
		wire_close(&wire);
	}
	town_assert_equal(&town, 0);
	town_fini(&town);
}

static void
a_silent_peer_is_asked_and_then_given_up(void **state)
{
	struct town town;
	struct wire wire;
	struct session *session;
	uint64_t out;
	size_t b;

	(void)state;
	town_init(&town, 8);
	b = town_member(&town, "", "read:NPSF,write,hold");
	wire_open(&wire, &town, 0, b, false);
	wire_run(&wire, 1);
	session = wire.ends[0].session;
	/* The first waking writes down whom we met. */
	assert_int_equal(session_tick(session, 2000), ERR_OK);
	assert_true(session_has_work(session));
	wire_run(&wire, 1);
	assert_false(session_has_work(session));
	wire.now_ms = session_wake_ms(session);
	assert_true(wire.now_ms < 60 * 1000);
	out = wire_status(&wire, 0).out_bytes;
	assert_int_equal(session_tick(session, wire.now_ms), ERR_OK);
	wire_run(&wire, 1);
	assert_true(wire_status(&wire, 0).out_bytes > out);
	assert_true(session_wake_ms(session) > wire.now_ms);
	assert_int_equal(
	    session_tick(session, wire.now_ms + 600 * 1000), ERR_PEER);
	assert_int_equal(session_wake_ms(session), UINT64_MAX);
	assert_false(session_is_done(session));
	wire_close(&wire);
	town_fini(&town);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(two_fresh_stores_end_with_the_same),
	    cmocka_unit_test(
		a_joiner_gets_the_authority_space_and_what_it_may_read),
	    cmocka_unit_test(a_session_with_nothing_to_do_costs_little),
	    cmocka_unit_test(who_is_not_admitted_is_refused_and_both_say_why),
	    cmocka_unit_test(a_node_of_another_city_is_told_from_ours),
	    cmocka_unit_test(one_side_may_stay_when_the_other_has_done),
	    cmocka_unit_test(a_silent_peer_is_asked_and_then_given_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
