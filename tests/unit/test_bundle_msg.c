/*
 * Promises of proto/bundle_msg.h: a message of a bundle is read back, and
 * nothing else is taken for one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "proto/bundle_msg.h"

static void
frontiers_are_read_back(void **state)
{
	static const uint64_t sizes[] = {0, 1, 2, 7, 256, INT64_MAX};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(sizes); i++) {
		struct frontier frontier = {.size = sizes[i]};
		size_t n = merkle_frontier_n(sizes[i]);
		struct frontier got;
		struct buf out = {0};

		for (size_t k = 0; k < n; k++)
			frontier.nodes[k].b[k % 32] = (uint8_t)(k + 1);
		bundle_msg_put_frontier(&frontier, &out);
		assert_true(bundle_msg_get_frontier(buf_bytes(&out), &got));
		assert_true(got.size == sizes[i]);
		assert_memory_equal(
		    got.nodes, frontier.nodes, n * sizeof(struct hash));
		/* Cut anywhere, longer, or of another kind. */
		for (size_t cut = 0; cut < out.n; cut++)
			assert_false(bundle_msg_get_frontier(
			    bytes_first(buf_bytes(&out), cut), &got));
		buf_add_u8(&out, 0);
		assert_false(bundle_msg_get_frontier(buf_bytes(&out), &got));
		buf_cut(&out, out.n - 1);
		out.p[0] ^= 1;
		assert_false(bundle_msg_get_frontier(buf_bytes(&out), &got));
		buf_fini(&out);
	}
}

static void
a_frontier_of_more_leaves_than_there_can_be_is_refused(void **state)
{
	static const uint64_t sizes[] = {
	    UINT64_C(1) << 63, (UINT64_C(1) << 63) + 5, UINT64_MAX};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(sizes); i++) {
		struct frontier frontier = {.size = sizes[i]};
		struct frontier got;
		struct buf out = {0};

		bundle_msg_put_frontier(&frontier, &out);
		assert_false(bundle_msg_get_frontier(buf_bytes(&out), &got));
		buf_fini(&out);
	}
}

static void
sums_are_read_back_and_nothing_else(void **state)
{
	struct bundle_sum sum = {
	    .runs = 1, .deltas = UINT64_MAX, .bodies = 3, .blocks = 256};
	struct bundle_sum got;
	struct buf out = {0};

	(void)state;
	bundle_msg_put_sum(&sum, &out);
	assert_true(bundle_msg_get_sum(buf_bytes(&out), &got));
	assert_memory_equal(&got, &sum, sizeof(sum));
	for (size_t cut = 0; cut < out.n; cut++)
		assert_false(bundle_msg_get_sum(
		    bytes_first(buf_bytes(&out), cut), &got));
	buf_add_u8(&out, 0);
	assert_false(bundle_msg_get_sum(buf_bytes(&out), &got));
	buf_cut(&out, out.n - 1);
	out.p[0] ^= 1;
	assert_false(bundle_msg_get_sum(buf_bytes(&out), &got));
	buf_fini(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(frontiers_are_read_back),
	    cmocka_unit_test(
		a_frontier_of_more_leaves_than_there_can_be_is_refused),
	    cmocka_unit_test(sums_are_read_back_and_nothing_else),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
