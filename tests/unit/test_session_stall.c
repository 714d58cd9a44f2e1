/*
 * Sessions that get nowhere end; those that are merely slow or at rest do not.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "net/peer/stall.h"
#include "tests/lib/rogue.h"

#define ALL "read:NPSF,write,hold"
#define SPACE "d01/c001/case"

enum { MINUTE_MS = 60 * 1000, STEP_MS = 20 * 1000 };

/* Pings the victim for `minutes`, and lets it tick when it wants to. */
static void
ping_for(struct rogue *rogue, uint64_t minutes)
{
	struct msg ping = {.type = MSG_PING};
	uint64_t end_ms = rogue->wire.now_ms + minutes * MINUTE_MS;

	while (rogue->wire.now_ms < end_ms && rogue_fault(rogue) == ERR_OK) {
		struct wire_end *victim = &rogue->wire.ends[1];

		rogue->wire.now_ms += STEP_MS;
		rogue_say(rogue, &ping);
		rogue_run(rogue);
		if (session_wake_ms(victim->session) > rogue->wire.now_ms)
			continue;
		if (session_tick(victim->session, rogue->wire.now_ms) != ERR_OK)
			err_keep(&victim->fault, ERR_PEER);
		rogue_run(rogue);
	}
}

static void
city_make(struct town *town, struct rogue *rogue)
{
	town_init(town, 5);
	(void)town_member(town, "", ALL);
	assert_int_equal(town_grant(town, 0, 0, "", ALL, ""), ERR_OK);
	town_copy(town, 0, 1);
	(void)town_create(town, 1, SPACE, "둘");
	rogue_init(rogue, town, 0, store_identity(town_store(town, 1)));
}

static void
who_pings_and_never_sends_what_it_announced_is_given_up(void **state)
{
	struct town town;
	struct rogue rogue;
	struct rogue_log log;
	struct msg msg;
	uint64_t held;

	(void)state;
	city_make(&town, &rogue);
	rogue_greet(&rogue);
	rogue_take_log(&rogue, &town, 1, SPACE, &log);
	held = town_deltas(&town, 0);
	rogue_make_run(&rogue, &log, log.n, &msg);
	rogue_say(&rogue, &msg);
	rogue_make_chunk(&rogue, &log, 0, log.n, log.n, &msg);
	msg.u.chunk.bodies_n = log.bodies_n;
	rogue_say(&rogue, &msg);
	ping_for(&rogue, 20);
	assert_int_equal(rogue_fault(&rogue), ERR_OK);
	ping_for(&rogue, 120);
	assert_int_equal(rogue_fault(&rogue), ERR_PEER);
	assert_int_equal(town_deltas(&town, 0), held);
	rogue_fini(&rogue);
	town_fini(&town);
}

/* It was sent authority, and credits nothing. */
static void
who_pings_and_never_acknowledges_is_given_up(void **state)
{
	struct town town;
	struct rogue rogue;

	(void)state;
	city_make(&town, &rogue);
	rogue_greet(&rogue);
	assert_true(rogue.heard[MSG_CHUNK] > 0);
	ping_for(&rogue, 140);
	assert_int_equal(rogue_fault(&rogue), ERR_PEER);
	rogue_fini(&rogue);
	town_fini(&town);
}

static void
who_pings_and_never_says_its_clock_is_given_up(void **state)
{
	struct town town;
	struct rogue rogue;
	struct msg hello = {.type = MSG_HELLO, .u.hello.version = MSG_VERSION};

	(void)state;
	city_make(&town, &rogue);
	rogue_run(&rogue);
	rogue_say(&rogue, &hello);
	ping_for(&rogue, 140);
	assert_int_equal(rogue_fault(&rogue), ERR_PEER);
	rogue_fini(&rogue);
	town_fini(&town);
}

/* A link at rest for weeks, and news after it. */
static void
who_has_nothing_to_say_is_kept(void **state)
{
	struct town town;
	struct wire wire;

	(void)state;
	town_init(&town, 6);
	(void)town_member(&town, "", ALL);
	assert_int_equal(town_grant(&town, 0, 0, "", ALL, ""), ERR_OK);
	wire_open(&wire, &town, 0, 1, false);
	wire_run(&wire, 1);
	for (int i = 0; i < 1000; i++) {
		wire.now_ms += STEP_MS;
		if (i % 300 == 299)
			(void)town_create(&town, 1, SPACE, "셋");
		wire_run(&wire, 1);
		for (int end = 0; end < 2; end++)
			assert_int_equal(
			    session_tick(wire.ends[end].session, wire.now_ms),
			    ERR_OK);
		wire_run(&wire, 1);
		assert_int_equal(wire.ends[0].fault.code, ERR_OK);
		assert_int_equal(wire.ends[1].fault.code, ERR_OK);
	}
	wire_close(&wire);
	town_assert_equal(&town, 0);
	town_fini(&town);
}

/* Five bytes a second, of one message of half a megabyte. */
static void
a_slow_line_is_not_given_up(void **state)
{
	struct stall stall = {0};
	struct stall_seen seen = {.done_bytes = 1};
	uint64_t now_ms = 0;

	(void)state;
	stall_look(&stall, seen, now_ms);
	while (seen.wire_bytes < 512 * 1024) {
		now_ms += 60 * 1000;
		seen.wire_bytes += 60 * 5;
		stall_look(&stall, seen, now_ms);
		assert_true(now_ms < stall_end_ms(&stall));
	}
	/* What had rested begins anew. */
	seen.rests = true;
	stall_look(&stall, seen, now_ms);
	assert_int_equal(stall_end_ms(&stall), UINT64_MAX);
	now_ms *= 1000;
	seen.rests = false;
	stall_look(&stall, seen, now_ms);
	assert_true(now_ms < stall_end_ms(&stall));
	/* A flood of what is no data has its end. */
	seen.wire_bytes = UINT64_MAX / 2;
	stall_look(&stall, seen, now_ms);
	assert_true(stall_end_ms(&stall) < now_ms + 48 * 60 * MINUTE_MS);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
		who_pings_and_never_sends_what_it_announced_is_given_up),
	    cmocka_unit_test(who_pings_and_never_acknowledges_is_given_up),
	    cmocka_unit_test(who_pings_and_never_says_its_clock_is_given_up),
	    cmocka_unit_test(who_has_nothing_to_say_is_kept),
	    cmocka_unit_test(a_slow_line_is_not_given_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
