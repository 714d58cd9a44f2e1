/*
 * Promises of core/intake.h, as core/apply.h has them, about logs whose grant
 * was taken back: what arrives counts as far as the cut says, whatever it is
 * split into and whichever branch comes first.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/lib/council.h"
#include "tests/lib/offer.h"

/* The hall takes the log of the centre, and then its grant back: the log counts
 * as far as that. */
static void
cut_make(void)
{
	offer_headers(0, DELTAS);
	(void)offer_begin(HALL);
	assert_int_equal(offer_announce(), ERR_OK);
	assert_int_equal(offer_bring(), ERR_OK);
	assert_int_equal(store_commit(offer.store), ERR_OK);
	assert_int_equal(
	    council_revoke(&offer.town, HALL, CENTRE, 0, NULL), ERR_OK);
}

/* Offers the headers from `from` on of a log that is another from `fork` on. */
static void
offer_fork(uint64_t from, uint64_t fork)
{
	struct hash root;

	offer_headers(from, DELTAS);
	for (uint64_t i = fork; i < DELTAS; i++)
		offer.headers[i] = bytes_text("another");
	offer.chunk.bodies_n = 0;
	root = offer_root(DELTAS);
	offer_sign(DELTAS, &root);
}

static void
a_branch_counts_as_far_as_it_is_the_log_that_was_cut(void **state)
{
	const struct log *log;

	(void)state;
	cut_make();
	for (uint64_t fork = 1; fork < DELTAS; fork++) {
		(void)offer_begin(HALL);
		offer_fork(0, fork);
		assert_int_equal(offer_announce(), ERR_FORKED);
		assert_int_equal(offer_bring(), ERR_OK);
		assert_true(offer.taken.split);
		log = offer.taken.log;
		assert_true(log->forked);
		assert_true(log->cut == fork);
		offer_headers(0, DELTAS);
		assert_int_equal(offer_bring(), ERR_OK);
		assert_true(offer.taken.log != log);
		assert_true(offer.taken.log->forked);
		assert_true(offer.taken.log->cut == DELTAS);
		offer_end();
	}
}

static uint64_t
records(void)
{
	struct space name = town_space(OFFER_SPACE);

	return space_find(store_txn(offer.store), &name)->records;
}

/* Which log it is shows when it has grown as far as the cut: what counted until
 * then does so no more. */
static void
a_log_that_is_not_the_one_that_was_cut_counts_no_more(void **state)
{
	size_t late = town_member(&offer.town, "", "read:NPSF,write,hold");

	(void)state;
	cut_make();
	town_carry(&offer.town, HALL, late,
	    &(struct town_cargo){.space = "authority"});
	(void)offer_begin(late);
	offer_fork(0, 3);
	offer.chunk.headers_n = 3;
	assert_int_equal(
	    merkle_consistency(3, DELTAS, offer_node, NULL, &offer.proof),
	    ERR_OK);
	offer.chunk.bodies_n = 8;
	assert_int_equal(offer_bring(), ERR_OK);
	assert_int_equal(store_commit(offer.store), ERR_OK);
	assert_int_equal(store_begin(offer.store, false), ERR_OK);
	assert_true(records() == 4);
	offer_end();
	(void)offer_begin(late);
	offer_fork(3, 3);
	assert_int_equal(offer_bring(), ERR_OK);
	assert_int_equal(store_commit(offer.store), ERR_OK);
	assert_int_equal(store_begin(offer.store, false), ERR_OK);
	assert_true(records() == 0);
	offer_end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
		a_branch_counts_as_far_as_it_is_the_log_that_was_cut,
		offer_make, offer_remove),
	    cmocka_unit_test_setup_teardown(
		a_log_that_is_not_the_one_that_was_cut_counts_no_more,
		offer_make, offer_remove),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
