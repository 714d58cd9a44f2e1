/*
 * Rates shared by turns, and how much may wait in front of a link: all of it
 * in time that the test makes up.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "net/peer/budget.h"
#include "net/peer/pace.h"
#include "proto/limits.h"
#include "tests/lib/prng.h"

enum { SEATS_MAX = LIMIT_SESSIONS };

/* Everybody wants without end; who got how much by `end_ms`, and the longest
 * that one of them had to wait. */
struct crowd {
	struct budget budget;
	struct budget_seat seats[SEATS_MAX];
	uint64_t got[SEATS_MAX];
	uint64_t last_ms[SEATS_MAX];
	uint64_t longest_ms;
	uint64_t sum;
};

static void
crowd_take(struct crowd *crowd, size_t i, uint64_t now_ms)
{
	size_t n = budget_take(
	    &crowd->budget, &crowd->seats[i], 100000000, now_ms);

	crowd->got[i] += n;
	crowd->sum += n;
	if (n == 0)
		return;
	if (now_ms - crowd->last_ms[i] > crowd->longest_ms)
		crowd->longest_ms = now_ms - crowd->last_ms[i];
	crowd->last_ms[i] = now_ms;
}

static void
crowd_run(struct crowd *crowd, size_t n, uint64_t rate, uint64_t end_ms)
{
	uint64_t now_ms = 0;

	memset(crowd, 0, sizeof(*crowd));
	budget_init(&crowd->budget, rate, now_ms);
	for (size_t i = 0; i < n; i++)
		crowd_take(crowd, i, now_ms);
	while (now_ms < end_ms) {
		struct budget_seat *seat;

		now_ms = budget_wake_ms(&crowd->budget);
		assert_true(now_ms < UINT64_MAX);
		while ((seat = budget_next(&crowd->budget, now_ms)) != NULL)
			crowd_take(
			    crowd, (size_t)(seat - crowd->seats), now_ms);
		/* Whoever is told to wait is not told to come at once. */
		assert_true(budget_wake_ms(&crowd->budget) > now_ms);
		assert_true(crowd->sum <= rate + rate * now_ms / 1000);
	}
	/* And nothing of the rate is wasted, but for the turn under way. */
	assert_true(crowd->sum + 4096 + rate / 10 >= rate * end_ms / 1000);
}

static void
many_get_equal_parts_of_a_rate_and_no_more(void **state)
{
	static const uint64_t rates[] = {
	    BUDGET_RATE_MIN, 3750, 100000, 12500000};
	static struct crowd crowd;

	(void)state;
	for (size_t r = 0; r < COUNT_OF(rates); r++) {
		for (size_t n = 1; n <= 64; n *= 4) {
			uint64_t least = UINT64_MAX;
			uint64_t most = 0;

			crowd_run(&crowd, n, rates[r], 120 * 1000);
			for (size_t i = 0; i < n; i++) {
				if (crowd.got[i] < least)
					least = crowd.got[i];
				if (crowd.got[i] > most)
					most = crowd.got[i];
			}
			/* The first finds a full bucket. */
			assert_true(most - least <= 2 * rates[r]);
			assert_true(least * 2 > rates[r] * 118 / n);
		}
	}
}

static void
at_the_least_rate_all_sessions_stay_alive(void **state)
{
	static struct crowd crowd;

	(void)state;
	crowd_run(&crowd, SEATS_MAX, BUDGET_RATE_MIN, 300 * 1000);
	print_message("%d links at %d bytes a second: %llu ms at the most "
		      "without a byte\n",
	    SEATS_MAX, BUDGET_RATE_MIN, (unsigned long long)crowd.longest_ms);
	/* A peer that hears nothing for 90 seconds gives up. */
	assert_true(crowd.longest_ms < 45 * 1000);
	for (size_t i = 0; i < SEATS_MAX; i++)
		assert_true(crowd.got[i] > 0);
}

static void
one_alone_has_the_whole_rate(void **state)
{
	struct budget budget;
	struct budget_seat seat = {0};
	uint64_t now_ms = 50;

	(void)state;
	budget_init(&budget, 3750, now_ms);
	assert_int_equal(budget_take(&budget, &seat, 3000, now_ms), 3000);
	assert_int_equal(budget_take(&budget, &seat, 750, now_ms), 750);
	assert_int_equal(budget_take(&budget, &seat, 20, now_ms), 0);
	assert_ptr_equal(budget_next(&budget, now_ms), NULL);
	now_ms = budget_wake_ms(&budget);
	assert_in_range(now_ms, 51, 50 + 1000);
	assert_ptr_equal(budget_next(&budget, now_ms), &seat);
	assert_int_equal(budget_take(&budget, &seat, 20, now_ms), 20);
	assert_int_equal(budget_wake_ms(&budget), UINT64_MAX);
	/* Long silence fills it once. */
	now_ms += 1000000;
	assert_int_equal(budget_take(&budget, &seat, 100000, now_ms), 3750);
	/* A clock that goes back gives nothing, and one that jumps no more
	 * than a second. */
	budget_leave(&budget, &seat);
	assert_int_equal(budget_take(&budget, &seat, 1000, 7), 0);
	assert_ptr_equal(budget_next(&budget, 7), NULL);
	assert_ptr_equal(budget_next(&budget, UINT64_MAX / 2), &seat);
	assert_int_equal(
	    budget_take(&budget, &seat, 100000, UINT64_MAX / 2), 3750);
	budget_leave(&budget, &seat);
}

static void
what_nobody_could_hold_back_is_made_up_for_within_bounds(void **state)
{
	struct budget budget;
	struct budget_seat seat = {0};

	(void)state;
	budget_init(&budget, 1000, 0);
	budget_spend(&budget, 3000, 0);
	assert_int_equal(budget_take(&budget, &seat, 1, 0), 0);
	assert_ptr_equal(budget_next(&budget, 2000), NULL);
	assert_ptr_equal(budget_next(&budget, 3000), &seat);
	assert_int_equal(budget_take(&budget, &seat, 1, 3000), 1);
	for (int i = 0; i < 1000; i++)
		budget_spend(&budget, SIZE_MAX, 3000);
	assert_int_equal(budget_take(&budget, &seat, 1, 3000), 0);
	assert_ptr_equal(budget_next(&budget, 3000 + 11 * 1000), &seat);
}

static void
who_leaves_is_not_called(void **state)
{
	struct budget budget;
	struct budget_seat seats[5] = {0};
	struct prng prng = {.seed = 7};
	size_t waiting_n = 0;

	(void)state;
	budget_init(&budget, 1000, 0);
	budget_spend(&budget, 1000, 0);
	for (uint64_t now_ms = 0; now_ms < 20000; now_ms++) {
		struct budget_seat *seat = &seats[prng_below(&prng, 5)];
		struct budget_seat *next;

		if (prng_below(&prng, 3) == 0)
			budget_leave(&budget, seat);
		else
			(void)budget_take(
			    &budget, seat, 1 + prng_below(&prng, 3000), now_ms);
		next = budget_next(&budget, now_ms);
		if (next != NULL)
			assert_false(next->waits);
		waiting_n = 0;
		for (size_t i = 0; i < 5; i++)
			waiting_n += seats[i].waits;
		assert_int_equal(waiting_n, budget.waiting_n);
	}
}

static void
a_queue_is_as_long_as_its_link_is_fast(void **state)
{
	struct pace pace;
	uint64_t sent = 0;
	uint64_t now_ms = 0;

	(void)state;
	/* A fast link: what is written is gone at the next look. */
	pace_init(&pace, LIMIT_QUEUE_SIZE);
	for (int i = 0; i < 10; i++) {
		pace_note(&pace, sent, pace.bytes, now_ms);
		sent += pace.bytes;
		pace_note(&pace, sent, 0, now_ms + 5);
		now_ms += 10;
	}
	assert_int_equal(pace.bytes, LIMIT_QUEUE_SIZE);
	/* It becomes slow: 20,000 bytes a second. */
	for (int i = 0; i < 100; i++) {
		sent += 2000;
		now_ms += 100;
		pace_note(&pace, sent, 50000, now_ms);
	}
	assert_in_range(pace.bytes, 35000, 45000);
	/* It stalls. */
	pace_note(&pace, sent, 50000, now_ms + 60000);
	assert_in_range(pace.bytes, 1, 16 * 1024);
	/* Silence says nothing. */
	pace_note(&pace, sent, 0, now_ms + 61000);
	pace_note(&pace, sent, 0, now_ms + 99000);
	assert_in_range(pace.bytes, 1, 16 * 1024);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(many_get_equal_parts_of_a_rate_and_no_more),
	    cmocka_unit_test(at_the_least_rate_all_sessions_stay_alive),
	    cmocka_unit_test(one_alone_has_the_whole_rate),
	    cmocka_unit_test(
		what_nobody_could_hold_back_is_made_up_for_within_bounds),
	    cmocka_unit_test(who_leaves_is_not_called),
	    cmocka_unit_test(a_queue_is_as_long_as_its_link_is_fast),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
