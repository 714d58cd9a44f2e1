/*
 * Promises of proto/stamp.h, and tests/vectors/stamp.txt.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "proto/limits.h"
#include "proto/stamp.h"
#include "tests/lib/prng.h"
#include "tests/lib/vectors.h"

static const uint64_t now_ms = UINT64_C(1700000000000);

static struct stamp
at(uint64_t ms, uint64_t counter)
{
	return (struct stamp){.v = ms << 16 | counter};
}

static void
stamps_are_those_of_the_vectors(void **state)
{
	struct vectors v;
	size_t cases = 0;

	(void)state;
	vectors_open(&v, "stamp.txt");
	for (; vectors_next(&v); cases++) {
		struct stamp last = {vectors_number(&v, 1)};
		struct stamp got;

		if (vectors_is(&v, "next")) {
			got = stamp_next(last, vectors_number(&v, 2));
			assert_int_equal(got.v, vectors_number(&v, 3));
			continue;
		}
		assert_true(vectors_is(&v, "meet"));
		got = stamp_meet(last, (struct stamp){vectors_number(&v, 2)},
		    vectors_number(&v, 3));
		assert_int_equal(got.v, vectors_number(&v, 4));
	}
	assert_int_equal(cases, 24);
	vectors_close(&v);
}

static void
a_new_event_is_later_than_the_last_and_not_before_the_wall(void **state)
{
	struct prng prng = {1};
	struct stamp last = {0};

	(void)state;
	for (int i = 0; i < 10000; i++) {
		/* A wall clock that jumps an hour either way. */
		uint64_t wall = now_ms + prng_below(&prng, 7200000);
		struct stamp next = stamp_next(last, wall);

		assert_true(next.v > last.v);
		assert_true(stamp_ms(next) >= wall);
		last = next;
	}
}

static void
a_full_counter_moves_the_milliseconds(void **state)
{
	struct stamp next = stamp_next(at(now_ms, 0xffff), now_ms);

	(void)state;
	assert_int_equal(next.v, at(now_ms + 1, 0).v);
}

static void
no_stamp_leaves_the_range_of_an_int64(void **state)
{
	struct stamp end = {INT64_MAX};

	(void)state;
	assert_int_equal(stamp_next(end, UINT64_MAX).v, INT64_MAX);
	assert_true(stamp_next((struct stamp){0}, UINT64_MAX).v <= INT64_MAX);
	assert_true(
	    stamp_meet((struct stamp){0}, end, UINT64_MAX).v <= INT64_MAX);
}

static void
another_clock_pulls_ours_by_the_bound_at_the_most(void **state)
{
	struct stamp mine = at(now_ms, 0);
	uint64_t bound_ms = now_ms + LIMIT_CLOCK_PULL_MS;

	(void)state;
	assert_int_equal(
	    stamp_meet(mine, at(bound_ms, 0), now_ms).v, at(bound_ms, 0).v);
	assert_int_equal(
	    stamp_meet(mine, at(bound_ms, 1), now_ms).v, at(bound_ms, 0).v);
	assert_int_equal(
	    stamp_meet(mine, at(bound_ms * 2, 9), now_ms).v, at(bound_ms, 0).v);
}

static void
meeting_never_moves_our_clock_back(void **state)
{
	struct prng prng = {2};

	(void)state;
	for (int i = 0; i < 10000; i++) {
		struct stamp mine = {prng_u64(&prng) >> 1};
		struct stamp theirs = {prng_u64(&prng) >> 1};

		assert_true(
		    stamp_meet(mine, theirs, prng_u64(&prng)).v >= mine.v);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(stamps_are_those_of_the_vectors),
	    cmocka_unit_test(
		a_new_event_is_later_than_the_last_and_not_before_the_wall),
	    cmocka_unit_test(a_full_counter_moves_the_milliseconds),
	    cmocka_unit_test(no_stamp_leaves_the_range_of_an_int64),
	    cmocka_unit_test(another_clock_pulls_ours_by_the_bound_at_the_most),
	    cmocka_unit_test(meeting_never_moves_our_clock_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
