/*
 * Promises of core/intake.h about bodies: only those that their header promised
 * are taken, only as far as they are accepted, now or later.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/lib/offer.h"

static struct hash
tag_of(const struct msg_body *body)
{
	struct secret secret;
	struct hash tag;

	memcpy(secret.b, body->key, sizeof(secret.b));
	body_tag(&secret, &tag);
	return tag;
}

static void
bodies_in_any_other_order_are_refused(void **state)
{
	size_t n;

	(void)state;
	offer_headers(0, DELTAS);
	n = offer.chunk.bodies_n;
	for (size_t i = 1; i < n; i++) {
		struct msg_body body;

		offer_headers(0, DELTAS);
		body = offer.bodies[i - 1];
		offer.bodies[i - 1] = offer.bodies[i];
		offer.bodies[i] = body;
		offer_refused(ERR_MALFORMED, "out of order");
		offer_headers(0, DELTAS);
		offer.bodies[i - 1] = offer.bodies[i];
		offer_refused(ERR_MALFORMED, "out of order");
	}
	/* By change first, whatever the class; by delta first, whatever the
	 * change. */
	offer_headers(0, DELTAS);
	assert_true(offer.bodies[1].class > offer.bodies[2].class);
	assert_true(offer.bodies[3].change > offer.bodies[4].change);
	(void)offer_begin(HALL);
	assert_int_equal(offer_bring(), ERR_OK);
	offer_end();
}

static void
bodies_of_other_headers_are_refused(void **state)
{
	(void)state;
	/* Of the first header that is not in the chunk. */
	offer_headers(0, 3);
	offer.bodies[offer.chunk.bodies_n++] = offer.branch.bodies[8];
	assert_true(offer.branch.bodies[8].seq == 3);
	offer_refused(ERR_MALFORMED, "out of order");
	/* Of the last before it. */
	(void)offer_begin(HALL);
	offer_headers(0, 2);
	assert_int_equal(offer_bring(), ERR_OK);
	offer_headers(2, DELTAS);
	offer.bodies[0] = offer.branch.bodies[3];
	assert_true(offer.bodies[0].seq == 1);
	assert_int_equal(offer_bring(), ERR_MALFORMED);
	assert_non_null(strstr(err_text(), "out of order"));
	offer_end();
}

static void
bodies_that_no_header_promised_are_refused(void **state)
{
	(void)state;
	for (size_t i = 3; i < offer.branch.bodies_n; i += 4) {
		for (uint16_t change = 2; change < 9; change++) {
			offer_headers(0, DELTAS);
			offer.bodies[i].change = change;
			offer_refused(ERR_MALFORMED, "no header promised");
		}
	}
	offer_headers(0, DELTAS);
	offer.bodies[offer.chunk.bodies_n - 1].class = CLASS_S;
	offer_refused(ERR_MALFORMED, "no header promised (delta 4)");
	/* One body more than was promised. */
	offer_headers(0, DELTAS);
	offer.bodies[offer.chunk.bodies_n] =
	    offer.bodies[offer.chunk.bodies_n - 1];
	offer.bodies[offer.chunk.bodies_n++].change = 2;
	offer_refused(ERR_MALFORMED, "no header promised (delta 4)");
	/* The open has none. */
	offer_headers(0, DELTAS);
	offer.bodies[0].seq = 0;
	offer_refused(ERR_MALFORMED, "no header promised (delta 0)");
}

static void
bodies_that_do_not_fit_are_refused(void **state)
{
	size_t n = offer.branch.bodies_n;

	(void)state;
	for (size_t i = 0; i < n; i++) {
		struct buf sealed = {0};

		offer_headers(0, DELTAS);
		offer.bodies[i].key[i % 32] ^= 1;
		offer_refused(ERR_MALFORMED, "not the one its header");
		/* The secret said to be the tag, and the tag the secret. */
		offer_headers(0, DELTAS);
		offer.bodies[i].is_open = false;
		offer_refused(ERR_MALFORMED, "not the one its header");
		offer_headers(0, DELTAS);
		memcpy(offer.bodies[i].key, tag_of(&offer.bodies[i]).b, 32);
		offer_refused(ERR_MALFORMED, "not the one its header");
		offer_headers(0, DELTAS);
		buf_add(&sealed, offer.bodies[i].sealed);
		sealed.p[sealed.n - 1] ^= 0x80;
		offer.bodies[i].sealed = buf_bytes(&sealed);
		offer_refused(ERR_MALFORMED, "not the one its header");
		buf_fini(&sealed);
	}
}

/* What is held blind is held with its tag, what is open with its secret. */
static void
assert_keys(void)
{
	struct stored_delta delta;
	struct stored_body body;
	size_t at = 0;

	for (uint64_t seq = 1; seq < DELTAS; seq++) {
		assert_int_equal(oplog_get(store_txn(offer.store),
				     offer.taken.log, seq, &delta),
		    ERR_OK);
		while (oplog_body_next(&delta.bodies, &body)) {
			const struct msg_body *from;
			struct hash tag;

			do
				from = &offer.branch.bodies[at++];
			while (from->seq != seq ||
			       from->change != body.change ||
			       from->class != body.class);
			tag = tag_of(from);
			assert_memory_equal(body.key,
			    body.form == BODY_OPEN ? from->key : tag.b, 32);
		}
	}
}

static void
what_is_not_accepted_is_passed_over(void **state)
{
	static const struct {
		bool hold;
		unsigned classes;
		unsigned open_n; /* of each delta's four */
		unsigned blind_n;
	} cases[] = {
	    {true, CLASSES_ALL, 4, 0},
	    {true, 1u << CLASS_N, 2, 2},
	    {true, 1u << CLASS_P, 2, 2},
	    {true, 0, 0, 4},
	    {false, CLASSES_ALL, 4, 0},
	    {false, 1u << CLASS_P, 2, 0},
	    {false, 0, 0, 0},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		offer_headers(0, DELTAS);
		offer.chunk.accept = (struct intake_accept){
		    .hold = cases[i].hold, .classes = cases[i].classes};
		(void)offer_begin(HALL);
		assert_int_equal(offer_bring(), ERR_OK);
		assert_int_equal(
		    offer_bodies(BODY_OPEN), (DELTAS - 1) * cases[i].open_n);
		assert_int_equal(
		    offer_bodies(BODY_BLIND), (DELTAS - 1) * cases[i].blind_n);
		assert_keys();
		offer_end();
		/* Tags alone: nothing can be read, all can be held. */
		offer_headers(0, DELTAS);
		offer.chunk.accept = (struct intake_accept){
		    .hold = cases[i].hold, .classes = cases[i].classes};
		for (size_t k = 0; k < offer.chunk.bodies_n; k++) {
			struct hash tag = tag_of(&offer.bodies[k]);

			memcpy(offer.bodies[k].key, tag.b, 32);
			offer.bodies[k].is_open = false;
		}
		(void)offer_begin(HALL);
		assert_int_equal(offer_bring(), ERR_OK);
		assert_int_equal(offer_bodies(BODY_OPEN), 0);
		assert_int_equal(offer_bodies(BODY_BLIND),
		    cases[i].hold ? offer.branch.bodies_n : 0);
		assert_keys();
		offer_end();
	}
}

/* Makes of all bodies tags with a wrap under `key`. */
static void
wrap_all(const struct secret *key)
{
	for (size_t i = 0; i < offer.chunk.bodies_n; i++) {
		struct msg_body *body = &offer.bodies[i];
		struct hash tag = tag_of(body);
		struct secret secret;

		memcpy(secret.b, body->key, sizeof(secret.b));
		wrap_seal(key, &secret, &tag, &body->wrap);
		memcpy(body->key, tag.b, sizeof(body->key));
		body->is_open = false;
		body->has_wrap = true;
	}
}

static void
wraps_open_for_who_has_the_key(void **state)
{
	static const struct secret right = {"열쇠"};
	static const struct secret wrong = {"다른 열쇠"};
	static const struct {
		const struct secret *backup;
		bool from_author;
		enum body_form form;
	} cases[] = {
	    {NULL, false, BODY_PASSED},
	    {NULL, true, BODY_KEPT},
	    {&right, false, BODY_OPEN},
	    {&right, true, BODY_OPEN},
	    {&wrong, false, BODY_BLIND},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct stored_delta delta;
		struct stored_body body;
		bool open = cases[i].form == BODY_OPEN;

		offer_headers(0, DELTAS);
		wrap_all(&right);
		offer.chunk.accept.backup = cases[i].backup;
		offer.chunk.accept.from_author = cases[i].from_author;
		(void)offer_begin(HALL);
		assert_int_equal(offer_bring(), ERR_OK);
		assert_int_equal(
		    offer_bodies(cases[i].form), offer.branch.bodies_n);
		assert_int_equal(oplog_get(store_txn(offer.store),
				     offer.taken.log, 1, &delta),
		    ERR_OK);
		assert_true(oplog_body_next(&delta.bodies, &body));
		assert_memory_equal(body.key,
		    open ? offer.branch.bodies[0].key : offer.bodies[0].key,
		    32);
		if (cases[i].form == BODY_KEPT)
			assert_memory_equal(
			    &body.wrap, &offer.bodies[0].wrap, WRAP_SIZE);
		offer_end();
	}
}

/* Takes the log as headers alone. */
static struct log *
take_bare(void)
{
	offer_headers(0, DELTAS);
	offer.chunk.bodies_n = 0;
	(void)offer_begin(HALL);
	assert_int_equal(offer_bring(), ERR_OK);
	assert_true(offer.taken.log->held == 1);
	return offer.taken.log;
}

static void
bodies_that_were_owed_are_taken_later(void **state)
{
	struct intake_accept all = {.hold = true, .classes = CLASSES_ALL};
	struct log *log = take_bare();

	(void)state;
	for (size_t i = 0; i < offer.branch.bodies_n; i++) {
		struct msg_body body = offer.branch.bodies[i];
		struct txn *txn = store_txn(offer.store);

		body.seq = DELTAS;
		assert_int_equal(intake_body(txn, log, &body, all), ERR_OK);
		body.seq = offer.branch.bodies[i].seq;
		assert_int_equal(
		    intake_body(txn, log, &body, (struct intake_accept){0}),
		    ERR_OK);
		body.sealed = (struct bytes){0};
		assert_int_equal(intake_body(txn, log, &body, all), ERR_OK);
		assert_int_equal(offer_bodies(BODY_OPEN), i);
		body.sealed = offer.branch.bodies[i].sealed;
		body.key[0] ^= 1;
		assert_int_equal(
		    intake_body(txn, log, &body, all), ERR_MALFORMED);
		body.key[0] ^= 1;
		body.change += 2;
		assert_int_equal(
		    intake_body(txn, log, &body, all), ERR_MALFORMED);
		body.change -= 2;
		assert_int_equal(offer_bodies(BODY_OPEN), i);
		assert_int_equal(intake_body(txn, log, &body, all), ERR_OK);
		assert_int_equal(offer_bodies(BODY_OPEN), i + 1);
		/* And again, whatever it says now: nobody reads it. */
		assert_int_equal(intake_body(txn, log, &body, all), ERR_OK);
		assert_int_equal(offer_bodies(BODY_OPEN), i + 1);
	}
	assert_true(log->held == DELTAS);
	offer_end();
}

static void
a_body_that_is_open_already_is_not_looked_at(void **state)
{
	struct intake_accept all = {.hold = true, .classes = CLASSES_ALL};
	struct msg_body body = offer.branch.bodies[0];

	(void)state;
	offer_headers(0, DELTAS);
	(void)offer_begin(HALL);
	assert_int_equal(offer_bring(), ERR_OK);
	body.key[0] ^= 1;
	assert_int_equal(
	    intake_body(store_txn(offer.store), offer.taken.log, &body, all),
	    ERR_OK);
	assert_int_equal(offer_bodies(BODY_OPEN), offer.branch.bodies_n);
	offer_end();
}

static void
a_secret_opens_what_was_held_blind(void **state)
{
	struct intake_accept all = {.hold = true, .classes = CLASSES_ALL};

	(void)state;
	offer_headers(0, DELTAS);
	offer.chunk.accept.classes = 0;
	(void)offer_begin(HALL);
	assert_int_equal(offer_bring(), ERR_OK);
	for (size_t i = 0; i < offer.branch.bodies_n; i++) {
		struct msg_body body = offer.branch.bodies[i];

		/* What it brings itself counts, though the right one is here.
		 */
		body.sealed = bytes_text("another");
		assert_int_equal(intake_body(store_txn(offer.store),
				     offer.taken.log, &body, all),
		    ERR_MALFORMED);
		body.sealed = (struct bytes){0};
		body.key[0] ^= 1;
		assert_int_equal(intake_body(store_txn(offer.store),
				     offer.taken.log, &body, all),
		    ERR_MALFORMED);
		body.key[0] ^= 1;
		assert_int_equal(intake_body(store_txn(offer.store),
				     offer.taken.log, &body, all),
		    ERR_OK);
		assert_int_equal(offer_bodies(BODY_OPEN), i + 1);
	}
	offer_end();
}

static void
owed_bodies_come_with_headers_that_are_held(void **state)
{
	(void)state;
	(void)take_bare();
	offer_headers(0, DELTAS);
	offer.bodies[5].key[0] ^= 1;
	assert_int_equal(offer_bring(), ERR_MALFORMED);
	offer.bodies[5].key[0] ^= 1;
	assert_int_equal(offer_bring(), ERR_OK);
	assert_true(offer.taken.deltas == 0);
	assert_int_equal(offer_bodies(BODY_OPEN), offer.branch.bodies_n);
	offer_end();
}

static void
what_lies_behind_the_bodies_is_not_looked_at(void **state)
{
	size_t n;

	(void)state;
	(void)take_bare();
	offer_headers(0, 2);
	n = offer.chunk.bodies_n;
	offer.bodies[n] = offer.bodies[n - 1];
	offer.bodies[n].change = 7;
	offer.bodies[n].class = CLASS_P;
	offer.chunk.accept.classes = 1u << CLASS_N;
	assert_int_equal(offer_bring(), ERR_OK);
	offer.chunk.bodies_n++;
	assert_int_equal(offer_bring(), ERR_MALFORMED);
	offer_end();
}

/* Of what is forked, too. */
static void
a_branch_with_a_wrong_body_is_not_begun(void **state)
{
	struct delta_change changes[2];
	struct arena arena = {0};
	struct buf header = {0};
	struct delta delta;
	struct hash root;

	(void)state;
	(void)offer_begin(HALL);
	offer_headers(0, DELTAS);
	assert_int_equal(offer_bring(), ERR_OK);
	delta_decode(offer.headers[DELTAS - 1], &arena, &delta, NULL);
	assert_int_equal(delta.changes_n, 2);
	memcpy(changes, delta.changes, sizeof(changes));
	changes[0].record.b[0] ^= 1;
	delta.changes = changes;
	assert_int_equal(delta_encode(&delta, &header), ERR_OK);
	offer_headers(DELTAS - 1, DELTAS);
	offer.headers[DELTAS - 1] = buf_bytes(&header);
	root = offer_root(DELTAS);
	offer_sign(DELTAS, &root);
	offer.bodies[2].key[0] ^= 1;
	assert_int_equal(offer_bring(), ERR_MALFORMED);
	assert_non_null(strstr(err_text(), "not the one"));
	assert_int_equal(kv_count(store_txn(offer.store)->kv, TABLE_TIPS), 0);
	offer.bodies[2].key[0] ^= 1;
	assert_int_equal(offer_bring(), ERR_OK);
	assert_true(offer.taken.split && offer.taken.deltas == 1);
	assert_true(offer.taken.log->forked);
	assert_int_equal(offer_bodies(BODY_OPEN), offer.branch.bodies_n);
	offer_end();
	buf_fini(&header);
	arena_fini(&arena);
}

/* One body that is wrong, of a header that is held: none of the new headers is
 * taken, and later all of them are. */
static void
headers_come_whole_or_not_at_all(void **state)
{
	(void)state;
	for (size_t i = 0; i < offer.branch.bodies_n; i++) {
		const struct log *log;

		offer_headers(0, 3);
		offer.chunk.bodies_n = 0;
		(void)offer_begin(HALL);
		assert_int_equal(offer_bring(), ERR_OK);
		log = offer.taken.log;
		offer_headers(0, DELTAS);
		offer.bodies[i].key[7] ^= 1;
		assert_int_equal(offer_bring(), ERR_MALFORMED);
		assert_true(log->frontier.size == 3);
		assert_true(offer.taken.deltas == 0);
		offer.bodies[i].key[7] ^= 1;
		assert_int_equal(offer_bring(), ERR_OK);
		assert_true(offer.taken.deltas == DELTAS - 3);
		assert_int_equal(
		    offer_bodies(BODY_OPEN), offer.branch.bodies_n);
		offer_end();
	}
}

static void
bodies_of_what_has_no_meaning_here_are_passed_over(void **state)
{
	struct intake_accept all = {.hold = true, .classes = CLASSES_ALL};
	struct msg_body body;

	(void)state;
	offer_headers(0, DELTAS);
	offer.headers[DELTAS - 1] = bytes_text("from the future");
	offer.run.head_root = offer_root(DELTAS);
	(void)offer_begin(HALL);
	assert_int_equal(offer_bring(), ERR_OK);
	assert_true(offer.taken.deltas == DELTAS);
	assert_int_equal(offer_bodies(BODY_OPEN), offer.branch.bodies_n - 4);
	body = offer.bodies[offer.chunk.bodies_n - 1];
	assert_true(body.seq == DELTAS - 1);
	assert_int_equal(
	    intake_body(store_txn(offer.store), offer.taken.log, &body, all),
	    ERR_OK);
	assert_int_equal(offer_bodies(BODY_OPEN), offer.branch.bodies_n - 4);
	offer_end();
	/* Nor when others are owed. */
	(void)offer_begin(HALL);
	offer.chunk.bodies_n = 0;
	assert_int_equal(offer_bring(), ERR_OK);
	assert_true(offer.taken.log->open[body.class] < body.seq);
	assert_int_equal(
	    intake_body(store_txn(offer.store), offer.taken.log, &body, all),
	    ERR_OK);
	assert_int_equal(offer_bodies(BODY_OPEN), 0);
	offer_end();
}

/* A chunk may begin with what is held, bodies and all. */
static void
bodies_of_held_and_of_new_headers_come_together(void **state)
{
	(void)state;
	for (int bare = 0; bare < 2; bare++) {
		(void)offer_begin(HALL);
		offer_headers(0, 3);
		if (bare)
			offer.chunk.bodies_n = 0;
		assert_int_equal(offer_bring(), ERR_OK);
		offer_headers(0, DELTAS);
		assert_int_equal(offer_bring(), ERR_OK);
		assert_true(offer.taken.deltas == DELTAS - 3);
		assert_int_equal(
		    offer_bodies(BODY_OPEN), offer.branch.bodies_n);
		offer_end();
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(bodies_in_any_other_order_are_refused),
	    cmocka_unit_test(bodies_of_other_headers_are_refused),
	    cmocka_unit_test(bodies_that_no_header_promised_are_refused),
	    cmocka_unit_test(bodies_that_do_not_fit_are_refused),
	    cmocka_unit_test(what_is_not_accepted_is_passed_over),
	    cmocka_unit_test(wraps_open_for_who_has_the_key),
	    cmocka_unit_test(bodies_that_were_owed_are_taken_later),
	    cmocka_unit_test(a_body_that_is_open_already_is_not_looked_at),
	    cmocka_unit_test(a_secret_opens_what_was_held_blind),
	    cmocka_unit_test(owed_bodies_come_with_headers_that_are_held),
	    cmocka_unit_test(what_lies_behind_the_bodies_is_not_looked_at),
	    cmocka_unit_test(a_branch_with_a_wrong_body_is_not_begun),
	    cmocka_unit_test(headers_come_whole_or_not_at_all),
	    cmocka_unit_test(
		bodies_of_what_has_no_meaning_here_are_passed_over),
	    cmocka_unit_test(bodies_of_held_and_of_new_headers_come_together),
	};

	return cmocka_run_group_tests(tests, offer_make, offer_remove);
}
