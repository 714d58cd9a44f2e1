/*
 * Promises of core/cuts.h: how far a cut lets the tips of a log count.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/cuts.h"

/* Three tips: the second and third part at 7, the first from both at 4. */
static const uint64_t sizes[] = {6, 20, 12};
static const uint64_t shared[] = {0, 4, 7};
static const struct cuts_trunk three = {
    .n = 3, .sizes = sizes, .shared = shared};

static void
ends_are(const struct cuts_trunk *trunk, const bool *match, uint64_t size,
    const uint64_t *wanted)
{
	uint64_t ends[3];

	cuts_spread(trunk, match, size, ends);
	for (size_t i = 0; i < trunk->n; i++)
		assert_int_equal(ends[i], wanted[i]);
}

static void
a_tip_that_matches_counts_and_others_as_far_as_they_share(void **state)
{
	(void)state;
	ends_are(
	    &three, (bool[]){false, true, false}, 10, (uint64_t[]){4, 10, 7});
	ends_are(&three, (bool[]){false, true, true}, 7, (uint64_t[]){4, 7, 7});
	ends_are(&three, (bool[]){false, true, true}, 3, (uint64_t[]){3, 3, 3});
	ends_are(
	    &three, (bool[]){true, false, false}, 6, (uint64_t[]){6, 4, 4});
}

static void
when_none_matches_short_tips_count_whole_and_long_ones_not(void **state)
{
	(void)state;
	ends_are(&three, (bool[3]){false}, 10, (uint64_t[]){10, 4, 4});
	ends_are(&three, (bool[3]){false}, 15, (uint64_t[]){15, 7, 15});
	ends_are(&three, (bool[3]){false}, 25, (uint64_t[]){25, 25, 25});
	ends_are(&three, (bool[3]){false}, 5, (uint64_t[]){0, 0, 0});
	ends_are(&three, (bool[3]){false}, 0, (uint64_t[]){0, 0, 0});
}

static void
a_beginning_of_another_tip_is_no_tip(void **state)
{
	static const uint64_t of_sizes[] = {5, 9};
	static const uint64_t of_shared[] = {0, 5};
	const struct cuts_trunk two = {
	    .n = 2, .sizes = of_sizes, .shared = of_shared};

	(void)state;
	ends_are(&two, (bool[2]){false}, 7, (uint64_t[]){0, 0});
	ends_are(&two, (bool[]){false, true}, 7, (uint64_t[]){5, 7});
	assert_true(cuts_fork(&two) == UINT64_MAX);
}

static void
a_log_forks_where_any_two_of_its_tips_differ(void **state)
{
	const struct cuts_trunk one = {
	    .n = 1, .sizes = sizes, .shared = shared};

	(void)state;
	assert_int_equal(cuts_fork(&three), 4);
	assert_true(cuts_fork(&one) == UINT64_MAX);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
		a_tip_that_matches_counts_and_others_as_far_as_they_share),
	    cmocka_unit_test(
		when_none_matches_short_tips_count_whole_and_long_ones_not),
	    cmocka_unit_test(a_beginning_of_another_tip_is_no_tip),
	    cmocka_unit_test(a_log_forks_where_any_two_of_its_tips_differ),
	};

	return cmocka_run_group_tests_name("cuts", tests, NULL, NULL);
}
