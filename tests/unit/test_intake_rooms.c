/*
 * Promises of core/intake.h about how many logs and branches there is room for:
 * in the whole store, for one member, and of one log.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/lib/offer.h"

static void
assert_no_room(enum err e)
{
	assert_int_equal(e, ERR_LIMIT);
	assert_non_null(strstr(err_text(), "no more logs"));
}

static void
a_store_has_room_for_so_many_logs(void **state)
{
	struct txn *txn = offer_begin(HALL);
	uint64_t have = kv_count(txn->kv, TABLE_LOG_NOS);

	(void)state;
	offer_headers(0, DELTAS);
	offer_crowd(NULL, LIMIT_LOGS - 1 - have);
	assert_int_equal(offer_announce(), ERR_OK);
	assert_int_equal(offer_bring(), ERR_OK);
	/* It is one of those that are held now, and goes on. */
	assert_true(kv_count(txn->kv, TABLE_LOG_NOS) == LIMIT_LOGS);
	assert_int_equal(offer_announce(), ERR_OK);
	offer_end();
	(void)offer_begin(HALL);
	offer_crowd(NULL, LIMIT_LOGS - have);
	assert_no_room(offer_announce());
	offer_end();
}

/* One log that differs from all others in its last header. */
static enum err
branch_bring_nth(unsigned nth)
{
	char text[] = "branch  ";
	struct hash root;

	text[6] = (char)('0' + nth / 10);
	text[7] = (char)('0' + nth % 10);
	offer_headers(DELTAS - 1, DELTAS);
	offer.headers[DELTAS - 1] = bytes_text(text);
	offer.chunk.bodies_n = 0;
	root = offer_root(DELTAS);
	offer_sign(DELTAS, &root);
	assert_int_equal(offer_announce(), ERR_FORKED);
	return offer_bring();
}

static void
whole_bring(void)
{
	(void)offer_begin(HALL);
	offer_headers(0, DELTAS);
	assert_int_equal(offer_announce(), ERR_OK);
	assert_int_equal(offer_bring(), ERR_OK);
}

static void
a_log_has_room_for_so_many_branches(void **state)
{
	struct log **tips;
	struct txn *txn;
	size_t n;

	(void)state;
	whole_bring();
	txn = store_txn(offer.store);
	for (unsigned i = 1; i < LIMIT_BRANCHES; i++)
		assert_int_equal(branch_bring_nth(i), ERR_OK);
	assert_int_equal(branch_bring_nth(LIMIT_BRANCHES), ERR_LIMIT);
	assert_non_null(strstr(err_text(), "branches of one log"));
	assert_int_equal(
	    oplog_tips(txn, space_find(txn, &offer.branch.name.space),
		&offer.branch.id, &tips, &n),
	    ERR_OK);
	assert_int_equal(n, LIMIT_BRANCHES);
	offer_end();
}

static void
a_branch_takes_the_room_of_a_log(void **state)
{
	const struct sign_key *author = &offer.branch.name.author;

	(void)state;
	for (unsigned more = 0; more < 2; more++) {
		whole_bring();
		offer_crowd(author, LIMIT_LOGS_OF_MEMBER - 2 + more);
		if (more)
			assert_no_room(branch_bring_nth(1));
		else
			assert_int_equal(branch_bring_nth(1), ERR_OK);
		offer_end();
	}
}

static void
others_take_no_room_of_a_member(void **state)
{
	(void)state;
	whole_bring();
	offer_crowd(NULL, 2 * LIMIT_LOGS_OF_MEMBER);
	assert_int_equal(branch_bring_nth(1), ERR_OK);
	offer_end();
}

/* Whoever knows nothing yet hears logs of the city's authority from anybody. */
static void
one_author_cannot_fill_a_store_that_knows_nothing(void **state)
{
	(void)state;
	for (unsigned more = 0; more < 2; more++) {
		(void)offer_begin(STRANGER);
		offer_crowd(
		    &offer.branch.name.author, LIMIT_LOGS_OF_MEMBER - 1 + more);
		assert_true(
		    kv_count(store_txn(offer.store)->kv, TABLE_LOG_NOS) ==
		    LIMIT_LOGS_OF_MEMBER - 1 + more);
		offer_headers(0, DELTAS);
		offer.run.name.space = town_space("authority");
		offer_sign(DELTAS, &offer.branch.head.root);
		if (more)
			assert_no_room(offer_announce());
		else
			assert_int_equal(offer_announce(), ERR_OK);
		offer_end();
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_store_has_room_for_so_many_logs),
	    cmocka_unit_test(a_log_has_room_for_so_many_branches),
	    cmocka_unit_test(a_branch_takes_the_room_of_a_log),
	    cmocka_unit_test(others_take_no_room_of_a_member),
	    cmocka_unit_test(one_author_cannot_fill_a_store_that_knows_nothing),
	};

	return cmocka_run_group_tests(tests, offer_make, offer_remove);
}
