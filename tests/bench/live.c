/*
 * Every delta its own run, through sessions, hub and threads.  The centres'
 * part is over before the clock starts; no socket is between the two.
 */
#include "tests/bench/live.h"

#include <stdio.h>
#include <string.h>

#include "net/peer/hub.h"
#include "proto/mem.h"
#include "tests/bench/row.h"
#include "tests/lib/crowd.h"

enum {
	CENTRES = 424,
	PAIRS = 5,
	ROUNDS = 20, /* of one delta from every centre, in a pair */
	/* Rounds that may be on their way into the store. */
	AHEAD = 2,
	ROUND_MS = 100,	     /* on the centres' clock */
	MESSAGE_BYTES = 260, /* that a head signs, roughly */
};

struct line {
	struct live *live;
	struct session *centre;
	struct session *hub;
	struct hub_member *member;
	struct buf to_centre;
	uint64_t deltas_in; /* durable at the hub */
};

struct live {
	struct crowd crowd;
	struct squeeze squeeze;
	struct loop *loop;
	struct store *store;
	struct hub *hub;
	struct line lines[CENTRES];
	struct buf said[PAIRS * ROUNDS][CENTRES];
	bool replies; /* what the hub says goes to the centres */
	/* The centres' own, which rises by one at each turn: what they send
	 * ahead must not depend on how long that takes here. */
	uint64_t centres_ms;
	uint64_t deltas_in;
};

static void
on_turn(void *arg, enum err e)
{
	struct line *line = arg;
	struct session_status status;
	struct bytes out;

	crowd_must(e);
	out = session_out(line->hub);
	if (line->live->replies)
		buf_add(&line->to_centre, out);
	session_sent(line->hub, out.n);
	session_status(line->hub, &status);
	line->live->deltas_in += status.deltas_in - line->deltas_in;
	line->deltas_in = status.deltas_in;
}

/* Whatever the centre has to say, appended to `said`. */
static void
centre_turn(struct line *line, struct store *store, struct buf *said)
{
	struct session *session = line->centre;
	uint64_t now_ms = line->live->centres_ms;
	struct bytes out;

	if (line->to_centre.n > 0)
		crowd_must(
		    session_feed(session, buf_bytes(&line->to_centre), now_ms));
	buf_cut(&line->to_centre, 0);
	while (session_has_work(session)) {
		enum err e;

		crowd_must(store_begin(store, true));
		crowd_must(session_work(session, now_ms));
		e = store_commit(store);
		crowd_must(e);
		session_worked(session, e);
	}
	crowd_must(store_begin(store, false));
	crowd_must(session_fill(session, now_ms));
	store_abort(store);
	out = session_out(session);
	buf_add(said, out);
	session_sent(session, out.n);
}

static void
feed(struct line *line, struct buf *said)
{
	if (said->n == 0)
		return;
	crowd_must(session_feed(line->hub, buf_bytes(said), loop_now_ms()));
	buf_fini(said);
	hub_wake(line->member);
}

/* All are linked, and have nothing left to say. */
static void
link_all(struct live *live)
{
	struct buf said = {0};
	bool quiet = false;

	live->replies = true;
	while (!quiet) {
		quiet = true;
		live->centres_ms += ROUND_MS;
		for (size_t i = 0; i < CENTRES; i++) {
			struct line *line = &live->lines[i];
			struct session_status status;

			centre_turn(line, live->crowd.centres[i].store, &said);
			feed(line, &said);
			session_status(line->centre, &status);
			quiet = quiet && status.in_sync;
		}
		(void)loop_step(live->loop);
	}
	live->replies = false;
}

static void
live_init(struct live *live)
{
	crowd_init(
	    &live->crowd, &(struct crowd_plan){.centres = CENTRES, .seed = 7});
	live->store = crowd_aggregator(&live->crowd);
	crowd_must(loop_open(&live->loop));
	live->hub = hub_new(live->loop, live->store, &live->crowd.host);
	for (size_t i = 0; i < CENTRES; i++) {
		struct line *line = &live->lines[i];
		struct session_config config = {.initiator = true,
		    .store = live->crowd.centres[i].store,
		    .host = &live->crowd.host,
		    .squeeze = &live->squeeze,
		    .now_ms = live->centres_ms};

		crowd_write(&live->crowd, i, 1, "처음");
		line->live = live;
		line->centre = session_new(&config);
		line->hub = hub_session(
		    live->hub, &(struct session_config){.initiator = false});
		line->member = hub_join(live->hub, line->hub, on_turn, line);
	}
	link_all(live);
	for (size_t round = 0; round < PAIRS * ROUNDS; round++) {
		live->centres_ms += ROUND_MS;
		for (size_t i = 0; i < CENTRES; i++) {
			crowd_write(&live->crowd, i, 1, "지금");
			centre_turn(&live->lines[i],
			    live->crowd.centres[i].store,
			    &live->said[round][i]);
			assert(live->said[round][i].n > 0);
		}
	}
}

static void
live_fini(struct live *live)
{
	for (size_t i = 0; i < CENTRES; i++) {
		struct line *line = &live->lines[i];

		hub_leave(line->member);
		session_free(line->hub);
		session_free(line->centre);
		buf_fini(&line->to_centre);
	}
	hub_free(live->hub);
	loop_close(live->loop);
	for (size_t i = 0; i < CENTRES; i++)
		assert(crowd_agrees(&live->crowd.centres[i], live->store));
	store_close(live->store);
	squeeze_fini(&live->squeeze);
	crowd_fini(&live->crowd);
}

static double
rounds_take(struct live *live, size_t first)
{
	uint64_t fed = live->deltas_in;
	double start = row_seconds();

	for (size_t round = first; round < first + ROUNDS; round++) {
		for (size_t i = 0; i < CENTRES; i++)
			feed(&live->lines[i], &live->said[round][i]);
		fed += CENTRES;
		while (fed - live->deltas_in > AHEAD * CENTRES)
			(void)loop_step(live->loop);
	}
	while (fed > live->deltas_in)
		(void)loop_step(live->loop);
	return row_seconds() - start;
}

static double
verify_all(size_t n)
{
	struct sign_seed seed = {{7}};
	struct signature signature;
	struct sign_key key;
	uint8_t message[MESSAGE_BYTES] = {0};
	double start;

	crypto_sign_key(&seed, &key);
	crypto_sign_message(
	    &seed, &key, bytes_of(message, sizeof(message)), &signature);
	start = row_seconds();
	for (size_t i = 0; i < n; i++)
		assert(crypto_verify(
		    &key, bytes_of(message, sizeof(message)), &signature));
	return row_seconds() - start;
}

void
live_row(void)
{
	static struct live live;
	struct row row = {.name = "a run for every delta, through the hub",
	    .unit = "deltas",
	    .gate = 0.85,
	    .aim = 1.7};
	double start = row_seconds();
	double limit_cpu_s = 0;
	double loop_cpu_s = 0;
	double all_cpu_s = 0;
	double deltas = (double)PAIRS * ROUNDS * CENTRES;

	live_init(&live);
	printf("  made %d stores and %d rounds in %.1f s\n", CENTRES,
	    PAIRS * ROUNDS, row_seconds() - start);
	for (size_t pair = 0; pair < PAIRS; pair++) {
		double limit_s = 0;
		double store_s = 0;

		for (unsigned turn = 0; turn < 2; turn++) {
			double cpu_s = row_cpu_seconds();
			double thread_s = row_thread_seconds();

			if (turn == pair % 2) {
				limit_s = verify_all(ROUNDS * CENTRES);
				limit_cpu_s += row_thread_seconds() - thread_s;
				continue;
			}
			store_s = rounds_take(&live, pair * ROUNDS);
			loop_cpu_s += row_thread_seconds() - thread_s;
			all_cpu_s += row_cpu_seconds() - cpu_s;
		}
		row_add(&row, ROUNDS * CENTRES, limit_s, store_s);
	}
	row_print(&row);
	printf(
	    "  on a core, a delta: limit %.1f us; the loop's thread %.1f, all "
	    "threads %.1f\n",
	    1e6 * limit_cpu_s / deltas, 1e6 * loop_cpu_s / deltas,
	    1e6 * all_cpu_s / deltas);
	live_fini(&live);
}
