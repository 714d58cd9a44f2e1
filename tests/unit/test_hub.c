/*
 * What net/peer/hub.h promises: whatever arrives, from whom and how often, has
 * its turn, and none waits for ever for a signature that was checked.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "net/peer/hub.h"
#include "proto/mem.h"
#include "tests/lib/crowd.h"

enum {
	CENTRES = 12,
	ROUNDS = 30,
	/* Looks of the hub at a store that nobody writes: when so many brought
	 * nothing, nothing will come. */
	STILL_MAX = 25,
};

struct town;

struct line {
	struct town *town;
	struct session *centre;
	struct session *hub;
	struct hub_member *member;
	struct buf to_centre;
	struct buf waits; /* said by the centre, not fed */
	uint64_t deltas_in;
	uint64_t written;
};

struct town {
	struct crowd crowd;
	struct squeeze squeeze;
	struct loop *loop;
	struct store *store;
	struct hub *hub;
	struct line lines[CENTRES];
	uint64_t turns;
};

static void
on_turn(void *arg, enum err e)
{
	struct line *line = arg;
	struct session_status status;
	struct bytes out;

	crowd_must(e);
	out = session_out(line->hub);
	buf_add(&line->to_centre, out);
	session_sent(line->hub, out.n);
	session_status(line->hub, &status);
	line->town->turns += status.deltas_in - line->deltas_in;
	line->deltas_in = status.deltas_in;
}

static void
centre_turn(struct line *line, struct store *store)
{
	struct session *session = line->centre;
	struct bytes out;

	if (line->to_centre.n > 0)
		crowd_must(session_feed(
		    session, buf_bytes(&line->to_centre), loop_now_ms()));
	buf_cut(&line->to_centre, 0);
	while (session_has_work(session)) {
		enum err e;

		crowd_must(store_begin(store, true));
		crowd_must(session_work(session, loop_now_ms()));
		e = store_commit(store);
		crowd_must(e);
		session_worked(session, e);
	}
	crowd_must(store_begin(store, false));
	crowd_must(session_fill(session, loop_now_ms()));
	store_abort(store);
	out = session_out(session);
	buf_add(&line->waits, out);
	session_sent(session, out.n);
}

static void
feed(struct line *line, size_t n)
{
	struct bytes all = buf_bytes(&line->waits);
	struct buf rest = {0};

	if (n > all.n)
		n = all.n;
	if (n == 0)
		return;
	crowd_must(session_feed(line->hub, bytes_of(all.p, n), loop_now_ms()));
	buf_add(&rest, bytes_of(all.p + n, all.n - n));
	buf_fini(&line->waits);
	line->waits = rest;
	hub_wake(line->member);
}

static void
town_link(struct town *town)
{
	crowd_init(
	    &town->crowd, &(struct crowd_plan){.centres = CENTRES, .seed = 7});
	town->store = crowd_aggregator(&town->crowd);
	crowd_must(loop_open(&town->loop));
	town->hub = hub_new(town->loop, town->store, &town->crowd.host);
	for (size_t i = 0; i < CENTRES; i++) {
		struct line *line = &town->lines[i];
		struct session_config config = {.initiator = true,
		    .store = town->crowd.centres[i].store,
		    .host = &town->crowd.host,
		    .squeeze = &town->squeeze,
		    .now_ms = loop_now_ms()};

		crowd_write(&town->crowd, i, 1, "처음");
		line->town = town;
		line->centre = session_new(&config);
		line->hub = hub_session(
		    town->hub, &(struct session_config){.initiator = false});
		line->member = hub_join(town->hub, line->hub, on_turn, line);
	}
}

static bool
all_agree(struct town *town)
{
	for (size_t i = 0; i < CENTRES; i++)
		if (!crowd_agrees(&town->crowd.centres[i], town->store))
			return false;
	return true;
}

static void
drain(struct town *town, uint64_t round)
{
	uint64_t seen = 0;
	unsigned still = 0;

	while (!all_agree(town)) {
		uint64_t moved = town->turns;

		for (size_t i = 0; i < CENTRES; i++) {
			centre_turn(
			    &town->lines[i], town->crowd.centres[i].store);
			moved += town->lines[i].waits.n;
			feed(&town->lines[i], SIZE_MAX);
		}
		(void)loop_step(town->loop);
		still = moved == seen ? still + 1 : 0;
		seen = moved;
		if (still > STILL_MAX)
			fail_msg(
			    "stuck in round %llu", (unsigned long long)round);
	}
}

static void
whatever_arrives_has_its_turn(void **state)
{
	static struct town town;
	struct prng prng = {.seed = 1};
	const char *seed = getenv("SEED");

	(void)state;
	if (seed != NULL)
		prng.seed = strtoull(seed, NULL, 10);
	town_link(&town);
	drain(&town, 0);
	for (uint64_t round = 1; round <= ROUNDS; round++) {
		uint64_t who = prng_below(&prng, 3);

		for (size_t i = 0; i < CENTRES; i++) {
			struct line *line = &town.lines[i];

			if (who == 0 && prng_below(&prng, 4) != 0)
				continue;
			crowd_write(
			    &town.crowd, i, 1 + prng_below(&prng, 3), "지금");
			centre_turn(line, town.crowd.centres[i].store);
			feed(line, prng_below(&prng, 3) == 0
				       ? prng_below(&prng, 800)
				       : SIZE_MAX);
		}
		for (uint64_t k = prng_below(&prng, 4); k > 0; k--)
			(void)loop_step(town.loop);
		if (prng_below(&prng, 8) == 0)
			drain(&town, round);
	}
	drain(&town, ROUNDS);
	for (size_t i = 0; i < CENTRES; i++) {
		struct line *line = &town.lines[i];

		hub_leave(line->member);
		session_free(line->hub);
		session_free(line->centre);
		buf_fini(&line->to_centre);
		buf_fini(&line->waits);
	}
	hub_free(town.hub);
	loop_close(town.loop);
	store_close(town.store);
	squeeze_fini(&town.squeeze);
	crowd_fini(&town.crowd);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(whatever_arrives_has_its_turn),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
