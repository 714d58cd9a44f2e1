/*
 * Promises of core/oplog.h and core/oplog_row.h about bodies: what of a delta
 * is here, and how it comes later.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/oplog_body.h"
#include "tests/lib/prng.h"
#include "tests/lib/replica.h"

enum { N = 1 << CLASS_N, P = 1 << CLASS_P };

static struct log *
log_of(struct txn *txn)
{
	struct log_name name;
	struct log *log;

	replica_name(1, "d03/c017/case", &name);
	assert_int_equal(oplog_open(txn, &name, &log), ERR_OK);
	return log;
}

/* The body of class `class` as `form`; its key tells the form. */
static struct stored_body
body_of(enum delta_class class, enum body_form form)
{
	struct stored_body body = {
	    .class = class, .form = form, .sealed = bytes_text("sealed bytes")};

	memset(body.key, (int)form, sizeof(body.key));
	return body;
}

static void
append(struct txn *txn, struct log *log, unsigned classes,
    const struct stored_body *bodies, size_t bodies_n)
{
	uint64_t seq = log->frontier.size;
	struct buf header = {0};
	struct oplog_entry entry = {.bodies = bodies, .bodies_n = bodies_n};
	struct delta delta;
	struct hash leaf;

	replica_header(log, seq, seq + 1, classes, &header);
	entry.header = buf_bytes(&header);
	assert_int_equal(oplog_append(txn, log, &entry, &delta, &leaf), ERR_OK);
	assert_false(delta.opaque);
	buf_fini(&header);
}

static bool
put(struct txn *txn, struct log *log, uint64_t seq, struct stored_body body)
{
	bool news;

	assert_int_equal(oplog_body_put(txn, log, seq, &body, &news), ERR_OK);
	return news;
}

static void
bodies_come_back_in_order(void **state)
{
	struct replica *replica = *state;
	struct txn *txn = replica_begin(replica, true);
	struct log *log = log_of(txn);
	struct stored_body given[] = {
	    body_of(CLASS_N, BODY_OPEN), body_of(CLASS_P, BODY_BLIND)};
	struct stored_delta stored;
	struct stored_body body;
	struct bytes rest;

	append(txn, log, 0, NULL, 0);
	append(txn, log, N | P, given, 2);
	txn = replica_reopen(replica);
	log = log_of(txn);
	assert_int_equal(oplog_get(txn, log, 1, &stored), ERR_OK);
	rest = stored.bodies;
	for (size_t i = 0; i < 2; i++) {
		assert_true(oplog_body_next(&rest, &body));
		assert_int_equal(body.change, 0);
		assert_int_equal(body.class, given[i].class);
		assert_int_equal(body.form, given[i].form);
		assert_memory_equal(body.key, given[i].key, 32);
		assert_true(bytes_equal(body.sealed, given[i].sealed));
	}
	assert_false(oplog_body_next(&rest, &body));
	replica_commit(replica);
}

static void
counts_tell_how_far_each_class_is_here(void **state)
{
	struct replica *replica = *state;
	struct txn *txn = replica_begin(replica, true);
	struct log *log = log_of(txn);
	struct stored_body n = body_of(CLASS_N, BODY_OPEN);
	struct stored_body both[] = {n, body_of(CLASS_P, BODY_BLIND)};

	append(txn, log, 0, NULL, 0); /* 0: an open has none */
	append(txn, log, N, &n, 1);
	append(txn, log, N | P, both, 2); /* 2: P is blind */
	append(txn, log, N | P, &n, 1);	  /* 3: P is missing */
	append(txn, log, N, &n, 1);
	append(txn, log, N, NULL, 0); /* 5: N is missing */
	txn = replica_reopen(replica);
	log = log_of(txn);
	assert_int_equal(log->held, 3);
	assert_int_equal(log->open[CLASS_N], 5);
	assert_int_equal(log->open[CLASS_P], 2);
	assert_int_equal(log->open[CLASS_S], 6);
	assert_int_equal(log->open[CLASS_F], 6);
	replica_commit(replica);
}

static void
an_opaque_delta_owes_nothing(void **state)
{
	struct replica *replica = *state;
	struct txn *txn = replica_begin(replica, true);
	struct log *log = log_of(txn);
	struct delta delta;
	struct hash leaf;

	assert_int_equal(oplog_append(txn, log,
			     &(struct oplog_entry){.header = bytes_text("?")},
			     &delta, &leaf),
	    ERR_OK);
	assert_int_equal(log->held, 1);
	assert_int_equal(log->open[CLASS_P], 1);
	replica_commit(replica);
}

static void
a_body_comes_blind_and_is_opened_later(void **state)
{
	struct replica *replica = *state;
	struct txn *txn = replica_begin(replica, true);
	struct log *log = log_of(txn);
	struct stored_delta stored;
	struct stored_body body;

	append(txn, log, 0, NULL, 0);
	append(txn, log, P, NULL, 0);
	assert_int_equal(log->held, 1);
	assert_true(put(txn, log, 1, body_of(CLASS_P, BODY_BLIND)));
	assert_int_equal(log->held, 2);
	assert_int_equal(log->open[CLASS_P], 1);
	assert_false(put(txn, log, 1, body_of(CLASS_P, BODY_BLIND)));
	assert_true(put(txn, log, 1, body_of(CLASS_P, BODY_OPEN)));
	assert_int_equal(log->open[CLASS_P], 2);

	txn = replica_reopen(replica);
	log = log_of(txn);
	assert_int_equal(log->open[CLASS_P], 2);
	/* What is open is neither made blind again nor replaced. */
	assert_false(put(txn, log, 1, body_of(CLASS_P, BODY_BLIND)));
	assert_false(put(txn, log, 1, body_of(CLASS_P, BODY_OPEN)));
	assert_int_equal(oplog_get(txn, log, 1, &stored), ERR_OK);
	assert_true(oplog_body_next(&stored.bodies, &body));
	assert_int_equal(body.form, BODY_OPEN);
	assert_int_equal(body.key[0], BODY_OPEN);
	assert_int_equal(stored.bodies.n, 0);
	replica_commit(replica);
}

/* The form of the only body of the delta 1. */
static enum body_form
form_at_1(struct txn *txn, struct log *log)
{
	struct stored_delta stored;
	struct stored_body body;

	assert_int_equal(oplog_get(txn, log, 1, &stored), ERR_OK);
	assert_true(oplog_body_next(&stored.bodies, &body));
	assert_int_equal(body.key[0], body.form);
	if (body.form == BODY_PASSED || body.form == BODY_KEPT)
		assert_int_equal(body.wrap.b[WRAP_SIZE - 1], 16 + body.form);
	assert_int_equal(stored.bodies.n, 0);
	return body.form;
}

/* Whatever comes, the form of most worth so far stays: blind, with a wrap that
 * was passed on, with the author's, open. */
static void
the_worthiest_form_of_a_body_is_kept(void **state)
{
	static const enum body_form rising[] = {
	    BODY_BLIND, BODY_PASSED, BODY_KEPT, BODY_OPEN};
	struct replica *replica = *state;
	struct prng prng = {.seed = 21};

	for (int try = 0; try < 200; try++) {
		struct txn *txn = replica_begin(replica, true);
		struct log *log = log_of(txn);
		size_t best = 0;

		append(txn, log, 0, NULL, 0);
		append(txn, log, P, NULL, 0);
		for (int i = 0; i < 5; i++) {
			size_t next = prng_below(&prng, COUNT_OF(rising));
			struct stored_body body = body_of(
			    CLASS_P, rising[next]);

			memset(body.wrap.b, 16 + (int)body.form, WRAP_SIZE);
			assert_int_equal(
			    put(txn, log, 1, body), i == 0 || next > best);
			best = next > best ? next : best;
			assert_int_equal(form_at_1(txn, log), rising[best]);
			assert_int_equal(log->held, 2);
			assert_int_equal(log->wrapped, best >= 1 ? 2 : 1);
			assert_int_equal(log->kept, best >= 2 ? 2 : 1);
			assert_int_equal(log->open[CLASS_P], best >= 3 ? 2 : 1);
		}
		replica_abort(replica);
	}
}

/* Of a delta with several bodies the least counts. */
static void
wraps_are_counted_by_whole_deltas(void **state)
{
	struct replica *replica = *state;
	struct txn *txn = replica_begin(replica, true);
	struct log *log = log_of(txn);
	struct stored_body first[] = {
	    body_of(CLASS_N, BODY_OPEN), body_of(CLASS_P, BODY_KEPT)};
	struct stored_body second[] = {
	    body_of(CLASS_N, BODY_OPEN), body_of(CLASS_P, BODY_PASSED)};
	struct stored_body third[] = {
	    body_of(CLASS_N, BODY_BLIND), body_of(CLASS_P, BODY_KEPT)};

	append(txn, log, 0, NULL, 0);
	append(txn, log, N | P, first, 2);
	append(txn, log, N | P, second, 2);
	append(txn, log, N | P, third, 2);
	txn = replica_reopen(replica);
	log = log_of(txn);
	assert_int_equal(log->held, 4);
	assert_int_equal(log->wrapped, 3);
	assert_int_equal(log->kept, 2);
	assert_int_equal(log->open[CLASS_N], 3);
	assert_int_equal(log->open[CLASS_P], 1);
	replica_commit(replica);
}

static void
a_body_takes_its_place_among_the_others(void **state)
{
	struct replica *replica = *state;
	struct txn *txn = replica_begin(replica, true);
	struct log *log = log_of(txn);
	struct stored_delta stored;
	struct stored_body body;
	struct bytes rest;

	append(txn, log, 0, NULL, 0);
	append(txn, log, 15, NULL, 0);
	assert_true(put(txn, log, 1, body_of(CLASS_S, BODY_OPEN)));
	assert_true(put(txn, log, 1, body_of(CLASS_N, BODY_OPEN)));
	assert_true(put(txn, log, 1, body_of(CLASS_F, BODY_OPEN)));
	assert_int_equal(log->held, 1);
	assert_true(put(txn, log, 1, body_of(CLASS_P, BODY_OPEN)));
	assert_int_equal(log->held, 2);
	assert_int_equal(oplog_get(txn, log, 1, &stored), ERR_OK);
	rest = stored.bodies;
	for (unsigned class = 0; class < CLASS_COUNT; class ++) {
		assert_true(oplog_body_next(&rest, &body));
		assert_int_equal(body.class, class);
	}
	assert_int_equal(rest.n, 0);
	replica_commit(replica);
}

static void
owed_bodies_move_the_counts_in_any_order(void **state)
{
	enum { DELTAS = 12, TRIES = 20 };
	struct replica *replica = *state;
	struct prng prng = {.seed = 20};
	struct txn *txn;
	struct log *log;
	uint64_t order[DELTAS] = {0};
	bool open[DELTAS + 1];

	for (unsigned try = 0; try < TRIES; try++) {
		txn = replica_begin(replica, true);
		log = log_of(txn);
		memset(open, 0, sizeof(open));
		append(txn, log, 0, NULL, 0);
		for (uint64_t i = 0; i < DELTAS; i++) {
			uint64_t at = prng_below(&prng, i + 1);

			append(txn, log, P, NULL, 0);
			order[i] = order[at];
			order[at] = i + 1;
		}
		for (size_t i = 0; i < DELTAS; i++) {
			uint64_t first = 1;

			assert_true(put(
			    txn, log, order[i], body_of(CLASS_P, BODY_BLIND)));
			assert_true(put(
			    txn, log, order[i], body_of(CLASS_P, BODY_OPEN)));
			open[order[i]] = true;
			while (first <= DELTAS && open[first])
				first++;
			assert_int_equal(log->open[CLASS_P], first);
			assert_int_equal(log->held, first);
			assert_int_equal(log->open[CLASS_N], DELTAS + 1);
		}
		replica_abort(replica);
	}
}

static void
a_body_of_a_delta_that_is_not_held_is_not_found(void **state)
{
	struct replica *replica = *state;
	struct txn *txn = replica_begin(replica, true);
	struct log *log = log_of(txn);
	struct stored_body body = body_of(CLASS_N, BODY_OPEN);
	bool news = true;

	append(txn, log, 0, NULL, 0);
	assert_int_equal(
	    oplog_body_put(txn, log, 1, &body, &news), ERR_NOT_FOUND);
	assert_false(news);
	replica_commit(replica);
}

static void
the_largest_body_and_the_empty_one_are_kept(void **state)
{
	static uint8_t large[LIMIT_SEALED_SIZE];
	struct replica *replica = *state;
	struct txn *txn = replica_begin(replica, true);
	struct log *log = log_of(txn);
	struct stored_body bodies[] = {
	    body_of(CLASS_N, BODY_OPEN), body_of(CLASS_P, BODY_OPEN)};
	struct stored_delta stored;
	struct stored_body body;

	memset(large, 0xee, sizeof(large));
	bodies[0].sealed = bytes_of(large, sizeof(large));
	bodies[1].sealed = (struct bytes){0};
	append(txn, log, 0, NULL, 0);
	append(txn, log, N | P, bodies, 2);
	txn = replica_reopen(replica);
	assert_int_equal(oplog_get(txn, log_of(txn), 1, &stored), ERR_OK);
	assert_true(oplog_body_next(&stored.bodies, &body));
	assert_true(bytes_equal(body.sealed, bodies[0].sealed));
	assert_true(oplog_body_next(&stored.bodies, &body));
	assert_int_equal(body.sealed.n, 0);
	replica_commit(replica);
}

#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, replica_make, replica_remove)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(bodies_come_back_in_order),
	    TEST(counts_tell_how_far_each_class_is_here),
	    TEST(an_opaque_delta_owes_nothing),
	    TEST(a_body_comes_blind_and_is_opened_later),
	    TEST(the_worthiest_form_of_a_body_is_kept),
	    TEST(wraps_are_counted_by_whole_deltas),
	    TEST(a_body_takes_its_place_among_the_others),
	    TEST(owed_bodies_move_the_counts_in_any_order),
	    TEST(a_body_of_a_delta_that_is_not_held_is_not_found),
	    TEST(the_largest_body_and_the_empty_one_are_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
