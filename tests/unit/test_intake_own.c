/*
 * Promises of core/intake.h about what a node knows of itself: that it was set
 * back in time when somebody has more of its own log than it does, which heads
 * it has checked before, and which deltas ended it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <unistd.h>

#include "core/vouch.h"
#include "tests/lib/offer.h"

static size_t
logs_n(void)
{
	struct txn *txn = store_txn(offer.store);
	struct space name = town_space(OFFER_SPACE);
	struct space_state *space = space_find(txn, &name);
	struct log **logs;
	size_t n = 0;

	if (space != NULL)
		assert_int_equal(oplog_all(txn, space, &logs, &n), ERR_OK);
	return n;
}

/* Ends the transaction with a write of the node: is it to a new log? */
static bool
goes_on_anew(void)
{
	struct store_edit edit = town_edit(OP_SET, "name", town_text("둘"));
	struct store_write write = {.space = town_space(OFFER_SPACE),
	    .create = true,
	    .collection = bytes_text("card"),
	    .edits = &edit,
	    .edits_n = 1};
	size_t before = logs_n();
	struct record_id id;
	bool changed;
	size_t after;

	assert_int_equal(
	    store_write(offer.store, &write, &id, &changed), ERR_OK);
	assert_int_equal(store_commit(offer.store), ERR_OK);
	assert_int_equal(store_begin(offer.store, false), ERR_OK);
	after = logs_n();
	assert_in_range(after, before, before + 1);
	offer_end();
	return after > before;
}

static void
an_own_log_that_comes_back_as_it_is_says_nothing(void **state)
{
	struct hash root;

	(void)state;
	for (uint64_t n = 1; n <= DELTAS; n++) {
		offer_headers(n - 1, DELTAS);
		(void)offer_begin(CENTRE);
		assert_int_equal(offer_bring(), ERR_OK);
		assert_true(offer.taken.deltas == 0);
		root = offer_root(n);
		offer_sign(n, &root);
		assert_int_equal(offer_announce(), ERR_OK);
		assert_false(goes_on_anew());
	}
}

static void
more_of_an_own_log_than_is_held_tells_of_a_restore(void **state)
{
	const struct hash root = {{7}};

	(void)state;
	for (int again = 0; again < 2; again++) {
		offer_headers(0, DELTAS);
		(void)offer_begin(CENTRE);
		offer_sign(100, &root);
		assert_int_equal(offer_announce(), ERR_OK);
		/* Once: it is not written any more. */
		assert_int_equal(goes_on_anew(), again == 0);
	}
}

static void
more_of_the_log_of_another_tells_nothing(void **state)
{
	const struct hash root = {{7}};

	(void)state;
	(void)offer_begin(HALL);
	(void)goes_on_anew();
	offer_headers(0, DELTAS);
	(void)offer_begin(HALL);
	assert_int_equal(offer_bring(), ERR_OK);
	offer_sign(100, &root);
	assert_int_equal(offer_announce(), ERR_OK);
	assert_false(goes_on_anew());
}

static void
a_head_is_checked_once(void **state)
{
	struct vouch *memo = vouch_new();
	struct note_head head;
	struct hash claim;

	(void)state;
	offer_headers(0, DELTAS);
	offer_begin(HALL)->vouch = memo;
	head = offer.branch.head;
	vouch_name(&offer.branch.name, &head, &claim);
	assert_int_equal(offer_announce(), ERR_OK);
	assert_true(vouch_has(memo, &claim));
	/* What is wrong stays wrong, however often it is said. */
	offer.run.head_signature.b[5] ^= 1;
	head.signature = offer.run.head_signature;
	vouch_name(&offer.branch.name, &head, &claim);
	for (int i = 0; i < 3; i++)
		assert_int_equal(offer_announce(), ERR_MALFORMED);
	assert_false(vouch_has(memo, &claim));
	/* Who has found it good ahead is believed. */
	vouch_put(memo, &claim);
	assert_int_equal(offer_announce(), ERR_OK);
	store_txn(offer.store)->vouch = NULL;
	offer_end();
	vouch_free(memo);
}

static void
deltas_that_ended_the_process_are_not_taken(void **state)
{
	struct intake_accept all = {.hold = true, .classes = CLASSES_ALL};
	struct aside_log entry = {
	    .log = offer.branch.id, .from = 3, .times = 1};
	struct msg_body body = offer.branch.bodies[8];
	struct aside *aside = &offer_begin(HALL)->kept->aside;
	struct aside was = *aside;
	struct log *log;
	struct txn *txn;

	(void)state;
	assert_true(body.seq == entry.from);
	aside->logs = &entry;
	aside->n = 1;
	offer_headers(0, DELTAS);
	offer.chunk.bodies_n = 0;
	assert_int_equal(offer_bring(), ERR_OK);
	assert_true(offer.taken.deltas == DELTAS);
	assert_int_equal(
	    intake_body(store_txn(offer.store), offer.taken.log, &body, all),
	    ERR_OK);
	assert_int_equal(offer_bodies(BODY_OPEN), 1);
	offer_end();
	entry.times = 2;
	txn = offer_begin(HALL);
	offer_headers(0, entry.from);
	offer.chunk.bodies_n = 0;
	assert_int_equal(offer_bring(), ERR_OK);
	log = offer.taken.log;
	offer_headers(0, entry.from + 1);
	assert_int_equal(offer_bring(), ERR_DENIED);
	assert_true(offer.taken.deltas == 0);
	assert_non_null(strstr(err_text(), "set aside"));
	/* Nobody looks any further. */
	offer.run.head_size = 1;
	assert_int_equal(offer_bring(), ERR_DENIED);
	/* Nor at its bodies. */
	entry.from = 2;
	body = offer.branch.bodies[4];
	assert_true(body.seq == entry.from);
	for (entry.times = 2; entry.times > 0; entry.times--) {
		assert_int_equal(intake_body(txn, log, &body, all), ERR_OK);
		offer.taken.log = log;
		assert_int_equal(
		    offer_bodies(BODY_OPEN), entry.times == 2 ? 0 : 1);
	}
	*aside = was;
	offer_end();
}

/* Whichever of a chunk ended the process is the first that is not taken. */
static void
what_is_noted_is_what_was_under_way(void **state)
{
	const char *dir = offer.town.nodes[HALL].dir;
	struct aside noted;

	(void)state;
	(void)offer_begin(HALL);
	offer_headers(0, 3);
	offer.chunk.bodies_n = 0;
	assert_int_equal(offer_bring(), ERR_OK);
	offer_headers(0, DELTAS);
	assert_int_equal(offer_bring(), ERR_OK);
	aside_crashed();
	aside_init(&noted, dir);
	assert_int_equal(noted.n, 1);
	assert_memory_equal(
	    &noted.logs[0].log, &offer.branch.id, sizeof(struct log_id));
	assert_true(noted.logs[0].from == 3);
	assert_int_equal(unlink(noted.path), 0);
	aside_fini(&noted);
	offer_end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_head_is_checked_once),
	    cmocka_unit_test(deltas_that_ended_the_process_are_not_taken),
	    cmocka_unit_test(what_is_noted_is_what_was_under_way),
	    /* What is written stays. */
	    cmocka_unit_test(an_own_log_that_comes_back_as_it_is_says_nothing),
	    cmocka_unit_test(
		more_of_an_own_log_than_is_held_tells_of_a_restore),
	    cmocka_unit_test(more_of_the_log_of_another_tells_nothing),
	};

	return cmocka_run_group_tests(tests, offer_make, offer_remove);
}
