/*
 * Promises of core/intake.h when the store fails below it: each call of LMDB
 * fails once in turn, and what the gate says then is never that all went well.
 *
 * LINK: -Wl,--wrap=mdb_get,--wrap=mdb_put,--wrap=mdb_del
 * LINK: -Wl,--wrap=mdb_cursor_open,--wrap=mdb_cursor_get
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/lib/fault.h"
#include "tests/lib/offer.h"
#include "tests/lib/trial.h"

#define CALLS "mdb_get mdb_put mdb_del mdb_cursor_open mdb_cursor_get"

static struct log *held;

/* One way through the gate, in a transaction that is open. */
typedef enum err way_fn(void);

static enum err
a_new_log(void)
{
	enum err e;

	offer_headers(0, DELTAS);
	e = offer_announce();
	return e == ERR_OK ? offer_bring() : e;
}

static enum err
a_log_in_two_parts(void)
{
	enum err e;

	offer_headers(0, 3);
	offer.chunk.bodies_n = 0;
	e = offer_announce();
	if (e == ERR_OK)
		e = offer_bring();
	offer_headers(0, DELTAS);
	if (e == ERR_OK)
		e = offer_announce();
	return e == ERR_OK ? offer_bring() : e;
}

static enum err
a_branch(void)
{
	struct hash root;
	enum err e = a_new_log();

	offer_headers(DELTAS - 2, DELTAS);
	offer.headers[DELTAS - 1] = bytes_text("another");
	offer.chunk.bodies_n = 0;
	root = offer_root(DELTAS);
	offer_sign(DELTAS, &root);
	if (e == ERR_OK)
		e = offer_announce();
	/* A fork is no failure; it is the only one that is told so. */
	return e == ERR_FORKED ? offer_bring() : e;
}

static enum err
a_root_that_is_not_said(void)
{
	struct bytes more = bytes_text("more");
	struct msg_chunk chunk = {.n = 1, .headers = &more};
	struct hash root;
	bool found = false;
	enum err e = a_branch();

	offer_headers(DELTAS, DELTAS);
	if (e == ERR_OK)
		e = intake_root(
		    store_txn(offer.store), &offer.run, &chunk, &root, &found);
	assert_true(e != ERR_OK || found);
	return e;
}

/* Each call fails in turn, until none is left to fail. */
static void
assert_heard(way_fn *way)
{
	unsigned heard = 0;

	for (unsigned nth = 1;; nth++) {
		bool hit;
		enum err e;

		(void)offer_begin(HALL);
		fault_arm((struct fault_plan){
		    .names = CALLS, .nth = nth, .number = EIO});
		e = way();
		hit = fault_disarm();
		assert_int_equal(e, hit ? ERR_IO : ERR_OK);
		if (hit)
			assert_int_equal(
			    kv_failed(store_txn(offer.store)->kv), ERR_IO);
		offer_end();
		if (!hit)
			break;
		heard++;
	}
	assert_true(heard > 10);
}

/* Of `say`, with the log held as headers alone, each call fails in turn. */
static void
assert_heard_of_held(way_fn *say)
{
	bool hit = true;

	for (unsigned nth = 1; hit; nth++) {
		enum err e;

		(void)offer_begin(HALL);
		offer_headers(0, 3);
		offer.chunk.bodies_n = 0;
		assert_int_equal(offer_bring(), ERR_OK);
		held = offer.taken.log;
		offer_headers(0, DELTAS);
		fault_arm((struct fault_plan){
		    .names = CALLS, .nth = nth, .number = EIO});
		e = say();
		hit = fault_disarm();
		assert_int_equal(e, hit ? ERR_IO : ERR_OK);
		offer_end();
		assert_true(hit || nth > 1);
	}
}

/* A head that contradicts what is held, were it not for the fault. */
static enum err
a_smaller_head(void)
{
	struct hash root = offer_root(2);
	enum err e;

	offer_sign(2, &root);
	e = offer_announce();
	if (e != ERR_OK)
		return e;
	root.b[0] ^= 1;
	offer_sign(2, &root);
	e = offer_announce();
	return e == ERR_FORKED ? ERR_OK : e;
}

static enum err
an_owed_body(void)
{
	struct intake_accept all = {.hold = true, .classes = CLASSES_ALL};

	return intake_body(
	    store_txn(offer.store), held, &offer.branch.bodies[4], all);
}

static void
a_head_that_meets_a_fault_contradicts_nothing(void **state)
{
	(void)state;
	assert_heard_of_held(a_smaller_head);
}

/* Of the calls for so many logs some fail, ever farther from each other. */
static void
a_count_of_logs_that_meets_a_fault_leaves_no_room(void **state)
{
	bool hit = true;

	(void)state;
	for (unsigned nth = 1; hit; nth = trial_after(nth, 8)) {
		enum err e;

		(void)offer_begin(HALL);
		offer_headers(0, DELTAS);
		offer_crowd(NULL, LIMIT_LOGS_OF_MEMBER);
		fault_arm((struct fault_plan){
		    .names = CALLS, .nth = nth, .number = EIO});
		e = offer_announce();
		hit = fault_disarm();
		assert_int_equal(e, hit ? ERR_IO : ERR_OK);
		offer_end();
		assert_true(hit || nth > LIMIT_LOGS_OF_MEMBER);
	}
}

static void
a_body_that_meets_a_fault_is_not_taken(void **state)
{
	(void)state;
	assert_heard_of_held(an_owed_body);
}

static void
a_new_log_that_meets_a_fault_is_not_taken(void **state)
{
	(void)state;
	assert_heard(a_new_log);
}

static void
a_longer_log_that_meets_a_fault_is_not_taken(void **state)
{
	(void)state;
	assert_heard(a_log_in_two_parts);
}

static void
a_branch_that_meets_a_fault_is_not_taken(void **state)
{
	(void)state;
	assert_heard(a_branch);
}

static void
a_root_that_meets_a_fault_is_not_found(void **state)
{
	(void)state;
	assert_heard(a_root_that_is_not_said);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_new_log_that_meets_a_fault_is_not_taken),
	    cmocka_unit_test(a_longer_log_that_meets_a_fault_is_not_taken),
	    cmocka_unit_test(a_branch_that_meets_a_fault_is_not_taken),
	    cmocka_unit_test(a_root_that_meets_a_fault_is_not_found),
	    cmocka_unit_test(a_head_that_meets_a_fault_contradicts_nothing),
	    cmocka_unit_test(a_body_that_meets_a_fault_is_not_taken),
	    cmocka_unit_test(a_count_of_logs_that_meets_a_fault_leaves_no_room),
	};

	return cmocka_run_group_tests(tests, offer_make, offer_remove);
}
