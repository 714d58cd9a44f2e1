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

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(two_fresh_stores_end_with_the_same),
	    cmocka_unit_test(
		a_joiner_gets_the_authority_space_and_what_it_may_read),
	    cmocka_unit_test(a_session_with_nothing_to_do_costs_little),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
