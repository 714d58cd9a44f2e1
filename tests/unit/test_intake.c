/*
 * Promises of core/intake.h about heads, headers and logs, asked at the gate
 * itself: what is true is taken, and what is spoilt in each way that a peer
 * could spoil it is refused whole.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/lib/offer.h"

static void
what_is_true_is_taken_once(void **state)
{
	(void)state;
	for (uint64_t step = 1; step <= DELTAS; step++) {
		(void)offer_begin(HALL);
		for (uint64_t from = 0; from < DELTAS; from += step) {
			uint64_t to = from + step < DELTAS ? from + step
							   : DELTAS;

			offer_headers(from, to);
			assert_int_equal(offer_announce(), ERR_OK);
			assert_int_equal(offer_bring(), ERR_OK);
			assert_true(offer.taken.deltas == to - from);
			assert_false(offer.taken.gap || offer.taken.split);
			assert_int_equal(offer_bring(), ERR_OK);
			assert_true(offer.taken.deltas == 0);
		}
		assert_true(offer.taken.log->frontier.size == DELTAS);
		assert_true(offer.taken.log->open[CLASS_P] == DELTAS);
		assert_int_equal(
		    offer_bodies(BODY_OPEN), offer.branch.bodies_n);
		offer_end();
	}
}

static void
a_chunk_beyond_what_is_held_is_a_gap(void **state)
{
	(void)state;
	offer_headers(2, DELTAS);
	(void)offer_begin(HALL);
	assert_int_equal(offer_bring(), ERR_OK);
	assert_true(offer.taken.gap);
	assert_null(offer.taken.log);
	assert_true(offer.taken.deltas == 0);
	offer_end();
}

static void
headers_beyond_their_head_are_refused(void **state)
{
	(void)state;
	offer_headers(0, DELTAS);
	offer.run.head_size = DELTAS - 1;
	offer.run.head_root = offer_root(DELTAS - 1);
	offer_refused(ERR_MALFORMED, "beyond the head");
	offer_headers(DELTAS, DELTAS);
	offer.headers[DELTAS] = bytes_text("x");
	offer.chunk.headers_n = 1;
	offer_refused(ERR_MALFORMED, "beyond the head");
}

static void
headers_that_do_not_lead_to_their_head_are_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < DELTAS; i++) {
		offer_headers(0, DELTAS);
		offer.headers[i].n--;
		offer_refused(ERR_MALFORMED, OFFER_SPACE);
	}
	offer_headers(0, 3);
	offer.proof.nodes[0].b[0] ^= 1;
	offer_refused(ERR_MALFORMED, OFFER_SPACE);
}

static void
what_lies_behind_the_headers_is_not_looked_at(void **state)
{
	(void)state;
	for (uint64_t to = 1; to <= DELTAS; to++) {
		offer_headers(0, to);
		offer.headers[to] = (struct bytes){.n = 1};
		(void)offer_begin(HALL);
		assert_int_equal(offer_bring(), ERR_OK);
		assert_true(offer.taken.deltas == to);
		offer_end();
	}
}

/* What it may is asked with its first header: before, nothing says so. */
static void
a_new_log_is_judged_at_once(void **state)
{
	(void)state;
	for (uint64_t to = 1; to <= DELTAS; to++) {
		offer_headers(0, to);
		(void)offer_begin(HALL);
		assert_int_equal(offer_bring(), ERR_OK);
		assert_true(
		    oplog_may(offer.taken.log, RIGHT_WRITE, DELTAS - 1));
		offer_end();
	}
}

static void
only_heads_that_their_author_signed_are_heard(void **state)
{
	(void)state;
	offer_headers(0, DELTAS);
	(void)offer_begin(HALL);
	assert_int_equal(offer_announce(), ERR_OK);
	assert_memory_equal(
	    &offer.chunk.log, &offer.branch.id, sizeof(offer.chunk.log));
	assert_int_equal(offer_announce(), ERR_OK);
	offer.run.head_signature.b[5] ^= 1;
	assert_int_equal(offer_announce(), ERR_MALFORMED);
	offer.run.head_signature.b[5] ^= 1;
	offer.run.head_size--;
	assert_int_equal(offer_announce(), ERR_MALFORMED);
	offer.run.head_size++;
	offer.run.head_root.b[31] ^= 1;
	assert_int_equal(offer_announce(), ERR_MALFORMED);
	offer_end();
	/* By a key that no fact names. */
	offer_headers(0, DELTAS);
	offer.run.name.author = town_key(&offer.town, STRANGER);
	(void)offer_begin(HALL);
	assert_int_equal(offer_announce(), ERR_DENIED);
	offer_end();
	/* Nor in the space of facts, once the city is known. */
	assert_int_equal(
	    id_space(bytes_text("authority"), &offer.run.name.space), ERR_OK);
	(void)offer_begin(HALL);
	assert_int_equal(offer_announce(), ERR_DENIED);
	offer_end();
	/* To one that knows no facts. */
	offer_headers(0, DELTAS);
	(void)offer_begin(STRANGER);
	assert_int_equal(offer_announce(), ERR_DENIED);
	assert_int_equal(
	    id_space(bytes_text("authority"), &offer.run.name.space), ERR_OK);
	offer_sign(DELTAS, &offer.branch.head.root);
	assert_int_equal(offer_announce(), ERR_OK);
	offer_end();
}

static void
a_head_that_contradicts_what_is_held_is_told(void **state)
{
	struct hash root;

	(void)state;
	offer_headers(0, DELTAS);
	(void)offer_begin(HALL);
	assert_int_equal(offer_bring(), ERR_OK);
	for (uint64_t n = 1; n <= DELTAS; n++) {
		root = offer_root(n);
		offer_sign(n, &root);
		assert_int_equal(offer_announce(), ERR_OK);
		root.b[3] ^= 1;
		offer_sign(n, &root);
		assert_int_equal(offer_announce(), ERR_FORKED);
		assert_non_null(strstr(err_text(), "contradict"));
	}
	offer_sign(DELTAS + 1, &root);
	assert_int_equal(offer_announce(), ERR_OK);
	offer_end();
	/* Of a head whose headers are not all here yet, too. */
	offer_headers(0, 2);
	(void)offer_begin(HALL);
	assert_int_equal(offer_bring(), ERR_OK);
	assert_int_equal(offer_announce(), ERR_OK);
	offer_sign(DELTAS, &root);
	assert_int_equal(offer_announce(), ERR_FORKED);
	offer_sign(DELTAS - 1, &root);
	assert_int_equal(offer_announce(), ERR_OK);
	offer_sign(2, &root);
	assert_int_equal(offer_announce(), ERR_FORKED);
	offer_end();
}

/* The first header of the log that founds the city, and its name. */
static void
founding_of(struct log_name *name, struct log_id *id, struct bytes *header)
{
	struct txn *txn = offer_begin(HALL);
	struct space authority = town_space("authority");
	struct stored_delta stored;
	struct log **logs;
	size_t n;

	assert_int_equal(
	    oplog_all(txn, space_find(txn, &authority), &logs, &n), ERR_OK);
	header->n = 0;
	for (size_t i = 0; i < n && header->n == 0; i++) {
		struct delta delta;

		assert_int_equal(oplog_get(txn, logs[i], 0, &stored), ERR_OK);
		oplog_decode(&stored, &offer.arena, &delta);
		if (delta.open.founding.n == 0)
			continue;
		*name = logs[i]->name;
		*id = logs[i]->id;
		*header = arena_bytes(&offer.branch.arena, stored.header);
	}
	assert_true(header->n > 0);
	offer_end();
}

static void
a_city_is_begun_by_the_log_that_founds_it(void **state)
{
	struct branch *centre = &offer.branch;
	struct log_name name;
	struct log_id id;
	struct bytes founding;
	struct city_id other = offer.town.city;
	struct hash leaf;

	(void)state;
	founding_of(&name, &id, &founding);
	other.b[0] ^= 1;
	for (int i = 0; i < 4; i++) {
		offer_headers(0, 1);
		offer.run.name = name;
		offer.chunk.log = id;
		offer.proof.n = 0;
		offer.headers[0] = i == 0   ? bytes_text("no header")
				   : i == 1 ? centre->headers[0]
					    : founding;
		if (i == 2)
			offer.run.name.city = other;
		merkle_leaf(offer.headers[0], &leaf);
		offer.run.head_size = 1;
		offer.run.head_root = leaf;
		(void)offer_begin(STRANGER);
		assert_int_equal(offer_bring(), i < 3 ? ERR_DENIED : ERR_OK);
		if (i < 3)
			assert_non_null(strstr(err_text(),
			    i == 2 ? "another city" : "does not found it"));
		offer_end();
	}
	/* Nor by a change. */
	offer_headers(0, 1);
	offer.headers[0] = centre->headers[1];
	merkle_leaf(offer.headers[0], &leaf);
	offer.run.head_size = 1;
	offer.run.head_root = leaf;
	offer.proof.n = 0;
	offer.chunk.bodies_n = 0;
	(void)offer_begin(STRANGER);
	assert_int_equal(offer_bring(), ERR_DENIED);
	offer_end();
}

static void
the_root_that_is_not_said_is_that_of_what_is_held(void **state)
{
	struct msg_chunk chunk = {0};
	struct hash wanted;
	struct hash root;
	bool found;

	(void)state;
	offer_headers(0, DELTAS);
	wanted = offer_root(DELTAS);
	chunk.headers = offer.headers;
	chunk.n = DELTAS;
	(void)offer_begin(HALL);
	assert_int_equal(intake_root(store_txn(offer.store), &offer.run, &chunk,
			     &root, &found),
	    ERR_OK);
	assert_true(found);
	assert_memory_equal(&root, &wanted, sizeof(root));
	/* Nothing is held of it. */
	offer.run.from = 2;
	assert_int_equal(intake_root(store_txn(offer.store), &offer.run, &chunk,
			     &root, &found),
	    ERR_OK);
	assert_false(found);
	/* Something is. */
	offer_headers(0, 3);
	assert_int_equal(offer_bring(), ERR_OK);
	for (uint64_t from = 0; from <= DELTAS; from++) {
		offer.run.from = from;
		chunk.headers = offer.headers + from;
		chunk.n = DELTAS - from;
		assert_int_equal(intake_root(store_txn(offer.store), &offer.run,
				     &chunk, &root, &found),
		    ERR_OK);
		assert_true(found == (from <= 3));
		if (found)
			assert_memory_equal(&root, &wanted, sizeof(root));
	}
	offer_end();
}

/* Takes the log, and beside it one that is the same but for its last header;
 * then both go on. */
static void
branch_off(void)
{
	struct hash root;

	offer_headers(0, DELTAS);
	assert_int_equal(offer_bring(), ERR_OK);
	offer_headers(DELTAS - 1, DELTAS);
	offer.headers[DELTAS - 1] = bytes_text("another");
	offer.chunk.bodies_n = 0;
	root = offer_root(DELTAS);
	offer_sign(DELTAS, &root);
	assert_int_equal(offer_announce(), ERR_FORKED);
	assert_int_equal(offer_bring(), ERR_OK);
	assert_true(offer.taken.split);
	assert_true(offer.taken.deltas == 1);
}

static void
of_several_branches_the_signed_one_is_meant(void **state)
{
	struct bytes more = bytes_text("more");
	struct msg_chunk chunk = {.n = 1, .headers = &more};
	struct bytes last;
	struct hash root;
	bool found;

	(void)state;
	(void)offer_begin(HALL);
	branch_off();
	last = offer.headers[DELTAS - 1];
	for (int i = 0; i < 2; i++) {
		struct hash wanted;

		offer_headers(DELTAS, DELTAS);
		if (i == 1)
			offer.headers[DELTAS - 1] = last;
		offer.headers[DELTAS] = more;
		wanted = offer_root(DELTAS + 1);
		offer_sign(DELTAS + 1, &wanted);
		offer.run.head_root = (struct hash){{0}};
		assert_int_equal(intake_root(store_txn(offer.store), &offer.run,
				     &chunk, &root, &found),
		    ERR_OK);
		assert_true(found);
		assert_memory_equal(&root, &wanted, sizeof(root));
		/* The head goes beyond both, and contradicts neither. */
		offer.run.head_root = wanted;
		assert_int_equal(offer_announce(), ERR_OK);
		/* A smaller one is that of one of them. */
		wanted = offer_root(DELTAS);
		offer_sign(DELTAS, &wanted);
		assert_int_equal(offer_announce(), ERR_OK);
		wanted.b[7] ^= 1;
		offer_sign(DELTAS, &wanted);
		assert_int_equal(offer_announce(), ERR_FORKED);
	}
	offer_end();
}

/* Announces the log of the centre under the incarnation `n`, with its first
 * header; takes it when it may. */
static enum err
another_log(uint64_t n)
{
	struct log_name name = offer.branch.name;
	struct delta delta = {.format = DELTA_FORMAT,
	    .kind = DELTA_OPEN,
	    .stamp.v = 1,
	    .open.why = OPEN_NEW};
	struct buf header = {0};
	struct log_id id;
	struct hash leaf;
	enum err e;

	offer_headers(0, 1);
	bytes_put_be64(name.incarnation.b, n);
	id_log(&name, &delta.origin, &id);
	assert_int_equal(delta_encode(&delta, &header), ERR_OK);
	offer.run.name = name;
	offer.headers[0] = buf_bytes(&header);
	offer.chunk.bodies_n = 0;
	offer.proof.n = 0;
	merkle_leaf(offer.headers[0], &leaf);
	offer_sign(1, &leaf);
	e = offer_announce();
	if (e == ERR_OK)
		assert_int_equal(offer_bring(), ERR_OK);
	buf_fini(&header);
	return e;
}

static void
a_member_has_room_for_so_many_logs(void **state)
{
	enum err e = ERR_OK;
	uint64_t n = 0;

	(void)state;
	(void)offer_begin(HALL);
	while (n <= LIMIT_LOGS_OF_MEMBER && e == ERR_OK) {
		e = another_log(n);
		n += e == ERR_OK;
	}
	assert_int_equal(e, ERR_LIMIT);
	assert_non_null(strstr(err_text(), "no more logs"));
	assert_true(n == LIMIT_LOGS_OF_MEMBER);
	/* Those that are held go on. */
	assert_int_equal(another_log(0), ERR_OK);
	assert_int_equal(another_log(n - 1), ERR_OK);
	offer_end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_is_true_is_taken_once),
	    cmocka_unit_test(a_chunk_beyond_what_is_held_is_a_gap),
	    cmocka_unit_test(headers_beyond_their_head_are_refused),
	    cmocka_unit_test(
		headers_that_do_not_lead_to_their_head_are_refused),
	    cmocka_unit_test(what_lies_behind_the_headers_is_not_looked_at),
	    cmocka_unit_test(a_new_log_is_judged_at_once),
	    cmocka_unit_test(only_heads_that_their_author_signed_are_heard),
	    cmocka_unit_test(a_head_that_contradicts_what_is_held_is_told),
	    cmocka_unit_test(a_city_is_begun_by_the_log_that_founds_it),
	    cmocka_unit_test(the_root_that_is_not_said_is_that_of_what_is_held),
	    cmocka_unit_test(of_several_branches_the_signed_one_is_meant),
	    cmocka_unit_test(a_member_has_room_for_so_many_logs),
	};

	return cmocka_run_group_tests(tests, offer_make, offer_remove);
}
