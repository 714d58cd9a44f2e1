/*
 * Whole deltas of three writers, one of whom is given its right late, come to
 * a replica in every order that keeps each log's own: all orders give one
 * state.  Nothing is committed here, so that thousands of orders are quick.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/apply.h"
#include "core/digest.h"
#include "tests/lib/saga.h"
#include "tests/lib/town.h"

enum {
	FOUNDER,
	ANNA,
	BORAM,
	CHEOL,	/* admitted, and granted its right late */
	READER, /* who takes in everything */
	LOGS = 4,
	DELTAS = 3, /* of each writer's log, its open among them */
	EVENTS_MAX = 2 * (LOGS - 1) * DELTAS + 1,
	RANDOM_ORDERS = 1500,
};

enum story { STORY_DELETE, STORY_KEEP };

static const char space_name[] = "d1/c1/x";

/* A log that is on its way: first the three writers', then root's. */
struct source {
	struct log *log; /* in the founder's open transaction */
	uint64_t from;	 /* what the reader has at the start */
	uint64_t to;
};

struct arrival {
	struct town town;
	enum story story;
	struct record_id record;
	struct source sources[LOGS];
	uint64_t at[LOGS];     /* next header */
	uint64_t bodies[LOGS]; /* next body, when they come apart */
	struct buf wanted;     /* what the first order gave */
	struct buf found;
	uint64_t orders;
};

static struct arrival arrival;

static void
grant(size_t whom, const char *rights)
{
	assert_int_equal(
	    town_grant(&arrival.town, FOUNDER, whom, "d1", rights, ""), ERR_OK);
}

static void
edit(size_t who, enum op_code code, const char *field, struct bytes value)
{
	assert_true(town_patch(&arrival.town, who, space_name, &arrival.record,
	    town_edit(code, field, value)));
}

/* Anna makes the record; then all three change it apart.  Boram deletes it, in
 * the first story after a change, in the second before a keep. */
static void
story(enum story which)
{
	struct town *town = &arrival.town;

	arrival.record = town_create(town, ANNA, space_name, "김");
	town_copy(town, ANNA, BORAM);
	town_copy(town, ANNA, CHEOL);
	edit(ANNA, OP_SET, "name", town_text("박"));
	if (which == STORY_DELETE)
		edit(BORAM, OP_SET, "name", town_text("이"));
	town_act(town, BORAM, space_name, &arrival.record, ACT_DELETE);
	if (which == STORY_KEEP)
		town_act(town, BORAM, space_name, &arrival.record, ACT_KEEP);
	edit(CHEOL, OP_APPEND, "memo", town_text("방문함"));
	edit(CHEOL, OP_SET, "name", town_text("최"));
}

static struct source
source_of(size_t who, const char *space)
{
	struct town *town = &arrival.town;
	struct txn *txn = store_txn(town_store(town, FOUNDER));
	struct space name = town_space(space);
	struct sign_key key = town_key(town, who);
	struct source source = {0};
	struct log **logs;
	size_t n;

	assert_int_equal(
	    oplog_all(txn, space_find(txn, &name), &logs, &n), ERR_OK);
	for (size_t i = 0; i < n; i++) {
		bool wanted = memcmp(&logs[i]->name.author, &key, 32) == 0;

		if (who == FOUNDER)
			wanted = true;
		if (!wanted)
			continue;
		assert_null(source.log);
		source.log = logs[i];
		source.to = logs[i]->frontier.size;
	}
	assert_non_null(source.log);
	return source;
}

static void
arrival_init(enum story which, uint64_t seed)
{
	struct town *town = &arrival.town;
	struct store *reader;

	memset(&arrival, 0, sizeof(arrival));
	arrival.story = which;
	town_init(town, seed);
	for (size_t i = ANNA; i <= READER; i++) {
		assert_int_equal(town_join(town), i);
		assert_int_equal(town_admit(town, FOUNDER, i), ERR_OK);
	}
	grant(ANNA, "read:NPSF,write");
	grant(BORAM, "read:NPSF,write");
	grant(READER, "read:NPSF");
	for (size_t i = ANNA; i <= READER; i++)
		town_copy(town, FOUNDER, i);
	grant(CHEOL, "read:NPSF,write");
	town_copy(town, FOUNDER, CHEOL);
	story(which);
	for (size_t i = ANNA; i <= CHEOL; i++)
		town_copy(town, i, FOUNDER);

	assert_int_equal(store_begin(town_store(town, FOUNDER), false), ERR_OK);
	for (size_t i = ANNA; i <= CHEOL; i++) {
		arrival.sources[i - ANNA] = source_of(i, space_name);
		assert_int_equal(arrival.sources[i - ANNA].to, DELTAS);
	}
	arrival.sources[LOGS - 1] = source_of(FOUNDER, "authority");
	reader = town_store(town, READER);
	assert_int_equal(store_begin(reader, false), ERR_OK);
	{
		struct log *log;
		struct space name = town_space("authority");
		struct txn *txn = store_txn(reader);

		log = oplog_find(txn, space_find(txn, &name),
		    &arrival.sources[LOGS - 1].log->id);
		assert_non_null(log);
		arrival.sources[LOGS - 1].from = log->frontier.size;
	}
	store_abort(reader);
	assert_int_equal(
	    arrival.sources[LOGS - 1].to, arrival.sources[LOGS - 1].from + 1);
}

static void
arrival_fini(void)
{
	store_abort(town_store(&arrival.town, FOUNDER));
	town_fini(&arrival.town);
	buf_fini(&arrival.wanted);
	buf_fini(&arrival.found);
}

/* The next header of source `i` comes, with its bodies or `bare`. */
static void
header_come(size_t i, bool bare)
{
	struct town *town = &arrival.town;
	struct store *store = town_store(town, READER);
	struct txn *txn = store_txn(store);
	const struct source *source = &arrival.sources[i];
	const struct authority *authority;
	struct stored_delta stored;
	struct stored_body bodies[8];
	struct bytes rest;
	struct oplog_entry entry = {.bodies = bodies};
	struct log *log;
	struct hash leaf;

	assert_int_equal(store_authority(store, &authority), ERR_OK);
	assert_int_equal(oplog_open(txn, &source->log->name, &log), ERR_OK);
	assert_int_equal(log->frontier.size, arrival.at[i]);
	assert_int_equal(oplog_get(store_txn(town_store(town, FOUNDER)),
			     source->log, arrival.at[i], &stored),
	    ERR_OK);
	entry.header = stored.header;
	rest = stored.bodies;
	while (!bare && oplog_body_next(&rest, &bodies[entry.bodies_n]))
		entry.bodies_n++;
	assert_int_equal(apply_delta(txn, log, &entry, &leaf), ERR_OK);
	if (log->frontier.size == 1) {
		assert_int_equal(apply_judge(txn, authority, log), ERR_OK);
		log->dirty = true;
	}
	arrival.at[i]++;
	if (i != LOGS - 1)
		return;
	assert_int_equal(store_authority(store, &authority), ERR_OK);
	assert_int_equal(apply_authority(txn, authority), ERR_OK);
}

/* The bodies of a header that came bare. */
static void
bodies_come(size_t i)
{
	struct town *town = &arrival.town;
	struct txn *txn = store_txn(town_store(town, READER));
	const struct source *source = &arrival.sources[i];
	struct stored_delta stored;
	struct stored_body body;
	struct bytes rest;
	struct log *log;

	assert_int_equal(oplog_open(txn, &source->log->name, &log), ERR_OK);
	assert_int_equal(oplog_get(store_txn(town_store(town, FOUNDER)),
			     source->log, arrival.bodies[i], &stored),
	    ERR_OK);
	rest = stored.bodies;
	while (oplog_body_next(&rest, &body))
		assert_int_equal(
		    apply_body(txn, log, arrival.bodies[i], &body), ERR_OK);
	arrival.bodies[i]++;
}

/* All that the reader's store shows: digests, and the record as text. */
static void
shown(struct buf *out)
{
	struct store *store = town_store(&arrival.town, READER);
	struct txn *txn = store_txn(store);
	struct space name = town_space(space_name);
	struct space_state *space = space_find(txn, &name);
	struct arena arena = {0};
	struct record record;
	struct hash logs;

	buf_cut(out, 0);
	assert_int_equal(digest_logs(txn, space, &logs), ERR_OK);
	buf_add(out, bytes_of(logs.b, sizeof(logs.b)));
	buf_add(out, bytes_of(space->digests, sizeof(space->digests)));
	assert_int_equal(
	    store_get(store, &name, &arrival.record, &arena, &record), ERR_OK);
	saga_text(&record, out);
	assert_int_equal(record.status,
	    arrival.story == STORY_DELETE ? RECORD_CONTESTED : RECORD_LIVE);
	assert_int_equal(town_values(&record, "name", KIND_REGISTER),
	    arrival.story == STORY_DELETE ? 3 : 2);
	assert_int_equal(town_values(&record, "memo", KIND_NOTES), 1);
	arena_fini(&arena);
}

/* Plays one order, whose events are numbers of sources (+ LOGS: bodies), and
 * compares. */
static void
order_play(const size_t *events, size_t n, bool apart)
{
	struct store *store = town_store(&arrival.town, READER);
	struct buf *out = arrival.orders == 0 ? &arrival.wanted
					      : &arrival.found;

	for (size_t i = 0; i < LOGS; i++) {
		arrival.at[i] = arrival.sources[i].from;
		arrival.bodies[i] = 0;
	}
	assert_int_equal(store_begin(store, true), ERR_OK);
	for (size_t i = 0; i < n; i++) {
		if (events[i] < LOGS)
			header_come(events[i], apart && events[i] != LOGS - 1);
		else
			bodies_come(events[i] - LOGS);
	}
	shown(out);
	store_abort(store);
	if (arrival.orders > 0) {
		assert_int_equal(arrival.found.n, arrival.wanted.n);
		assert_memory_equal(
		    arrival.found.p, arrival.wanted.p, arrival.wanted.n);
	}
	arrival.orders++;
}

/* The next order of `events` as numbers; false after the last. */
static bool
order_next(size_t *events, size_t n)
{
	size_t i = n - 1;
	size_t k = n - 1;
	size_t kept;

	while (i > 0 && events[i - 1] >= events[i])
		i--;
	if (i == 0)
		return false;
	while (events[k] <= events[i - 1])
		k--;
	kept = events[i - 1];
	events[i - 1] = events[k];
	events[k] = kept;
	for (size_t a = i, b = n - 1; a < b; a++, b--) {
		kept = events[a];
		events[a] = events[b];
		events[b] = kept;
	}
	return true;
}

static void
every_order_of_a_delete_and_edits_gives_one_state(void **state)
{
	size_t events[(LOGS - 1) * DELTAS + 1];
	size_t n = 0;

	(void)state;
	arrival_init(STORY_DELETE, 1);
	for (size_t i = 0; i + 1 < LOGS; i++)
		for (size_t k = 0; k < DELTAS; k++)
			events[n++] = i;
	events[n++] = LOGS - 1;
	do {
		order_play(events, n, false);
	} while (order_next(events, n));
	/* 10! / (3! 3! 3!) */
	assert_int_equal(arrival.orders, 16800);
	arrival_fini();
}

/* Draws an order in which bodies come at any time after their headers. */
static size_t
order_draw(struct prng *prng, size_t events[EVENTS_MAX])
{
	uint64_t at[LOGS] = {0};
	uint64_t bodies[LOGS] = {0};
	size_t n = 0;

	while (n < EVENTS_MAX) {
		size_t i = prng_below(prng, LOGS);
		uint64_t all = i == LOGS - 1 ? 1 : DELTAS;

		if (prng_below(prng, 2) == 0 && at[i] < all) {
			at[i]++;
			events[n++] = i;
		} else if (i < LOGS - 1 && bodies[i] < at[i]) {
			bodies[i]++;
			events[n++] = LOGS + i;
		}
	}
	return n;
}

static void
orders_play_some(enum story which)
{
	struct prng prng = {.seed = 7};
	size_t events[EVENTS_MAX];

	arrival_init(which, 2);
	for (size_t i = 0; i < RANDOM_ORDERS; i++) {
		size_t n = order_draw(&prng, events);

		order_play(events, n, i > 0);
	}
	arrival_fini();
}

static void
bodies_that_come_late_in_any_order_give_the_same_state(void **state)
{
	(void)state;
	orders_play_some(STORY_DELETE);
}

static void
a_keep_settles_a_delete_in_any_order(void **state)
{
	(void)state;
	orders_play_some(STORY_KEEP);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_order_of_a_delete_and_edits_gives_one_state),
	    cmocka_unit_test(a_keep_settles_a_delete_in_any_order),
	    cmocka_unit_test(
		bodies_that_come_late_in_any_order_give_the_same_state),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
