/*
 * What a peer is told of what it may not see: nothing, whatever it says or
 * asks.
 *
 * LINK: -Wl,--wrap=channel_take
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/forks.h"
#include "tests/lib/branches.h"
#include "tests/lib/ear.h"
#include "tests/lib/rogue.h"

#define ALL "read:NPSF,write,hold"
#define HIDDEN "d01/c001/case"
#define SHARED "d02/c001/case"

/* Of a space without rights not one message says anything: no entry, no total,
 * no run, no proof of a fork, nothing in the hello's digests. */
static void
no_message_speaks_of_a_hidden_space(void **state)
{
	struct town town;
	struct wire wire;
	struct backup backup;
	uint8_t silent[2][MSG_DIGEST_SIZE];

	(void)state;
	ear_city(&town, "d02", ALL);
	assert_int_equal(town_member(&town, "", ALL), 2);
	town_copy(&town, 0, 1);
	(void)town_create(&town, 2, HIDDEN, "하나");
	town_copy(&town, 2, 0);
	/* One that is forked, and known to be. */
	backup_take(&town, 2, &backup);
	(void)town_create(&town, 2, HIDDEN, "왼쪽");
	wire_sync(&town, 2, 0);
	backup_put(&town, 2, &backup);
	(void)town_create(&town, 2, HIDDEN, "오른쪽");
	(void)town_create(&town, 2, HIDDEN, "오른쪽");
	wire_sync(&town, 2, 0);
	assert_int_equal(ear_noted(&town, 0, EVENT_LOG_FORKED), 1);
	for (int i = 0; i < 4; i++)
		(void)town_create(&town, 0, SHARED, "함께");
	ear_open(&town, 0);
	wire_sync(&town, 1, 0);
	assert_int_equal(ear_heard()->total, 5);
	assert_int_equal(ear_heard()->counts[MSG_FORK], 0);
	assert_true(ear_heard()->counts[MSG_CLOCK] > 0 &&
		    ear_heard()->counts[MSG_RUN] > 0);
	ear_assert_untold(&town, 0, HIDDEN);
	/* Live too, and its activity does not show in the hello. */
	wire_open(&wire, &town, 1, 0, false);
	wire_run(&wire, 1);
	ear_open(&town, 0);
	(void)town_create(&town, 0, HIDDEN, "몰래");
	wire_run(&wire, 1);
	assert_int_equal(ear_heard()->seen.n, 0);
	wire_close(&wire);
	for (int i = 0; i < 2; i++) {
		wire_sync(&town, 1, 0);
		memcpy(silent[i], ear_heard()->hello, MSG_DIGEST_SIZE);
		(void)town_create(&town, 0, HIDDEN, "몰래");
	}
	assert_memory_equal(silent[0], silent[1], MSG_DIGEST_SIZE);
	backup_fini(&backup);
	town_fini(&town);
}

/* A peer that pushes or asks for a space that it may not see. */
static void
who_pushes_or_asks_where_it_may_not_is_noted_and_told_nothing(void **state)
{
	struct town town;
	struct rogue rogue;
	struct rogue_log log;
	struct msg_entry entry = {0};
	struct fork_side nonsense = {.head = {.size = 1}};
	struct msg ask = {.type = MSG_CLOCK,
	    .u.clock = {.again = true, .n = 1, .entries = &entry}};

	(void)state;
	ear_city(&town, "d02", ALL);
	(void)town_create(&town, 0, HIDDEN, "하나");
	rogue_init(&rogue, &town, 0, store_identity(town_store(&town, 1)));
	rogue_greet(&rogue);
	rogue_take_log(&rogue, &town, 0, HIDDEN, &log);
	rogue_say_log(&rogue, &log, true);
	entry.log = log.id;
	rogue_say(&rogue, &ask);
	rogue_say(&rogue, &ask);
	/* Of a log that is here, this would be found out to be a lie. */
	rogue_say(&rogue,
	    &(struct msg){.type = MSG_FORK,
		.u.fork = {
		    .log = log.id, .size = 1, .n = 1, .sides = &nonsense}});
	ear_open(&town, 0);
	rogue_run(&rogue);
	assert_int_equal(rogue_fault(&rogue), ERR_OK);
	assert_int_equal(ear_noted(&town, 0, EVENT_PUSH_REFUSED), 1);
	assert_int_equal(ear_noted(&town, 0, EVENT_ASK_REFUSED), 1);
	ear_assert_untold(&town, 0, HIDDEN);
	/* Nor is it asked for the log when something else in authority changes:
	 * that would say whether it is here. */
	(void)town_join(&town);
	assert_int_equal(town_admit(&town, 0, 2), ERR_OK);
	rogue_run(&rogue);
	assert_true(rogue.heard[MSG_RUN] > 0);
	ear_assert_untold(&town, 0, HIDDEN);
	/* But it is when the right has come. */
	assert_int_equal(town_grant(&town, 0, 1, "d01", "audit", ""), ERR_OK);
	rogue_run(&rogue);
	assert_int_equal(rogue_fault(&rogue), ERR_OK);
	assert_true(ear_hits(buf_bytes(&ear_heard()->seen),
			bytes_of(log.id.b, 16)) > 0);
	rogue_fini(&rogue);
	town_fini(&town);
}

/* A run that leaves out the name or the root of its log is worked out from what
 * is held: not for a peer that may not know that anything is. */
static void
runs_that_leave_something_out_tell_nothing_of_a_hidden_log(void **state)
{
	for (unsigned way = 0; way < 4; way++) {
		struct town town;
		struct rogue rogue;
		struct rogue_log log;
		struct msg run;
		struct msg chunk;

		(void)state;
		ear_city(&town, "d02", ALL);
		for (int i = 0; i < 4; i++)
			(void)town_create(&town, 0, HIDDEN, "하나");
		rogue_init(
		    &rogue, &town, 0, store_identity(town_store(&town, 1)));
		rogue_greet(&rogue);
		rogue_take_log(&rogue, &town, 0, HIDDEN, &log);
		rogue_make_run(&rogue, &log, log.n, &run);
		rogue_make_chunk(&rogue, &log, 2, log.n, log.n, &chunk);
		run.u.run.rootless = true;
		run.u.run.nameless = way % 2 == 1;
		run.u.run.from = 2;
		/* Beyond what is held the answer would be to begin there. */
		if (way / 2 == 1) {
			run.u.run.from += 1000;
			run.u.run.head_size += 1000;
			run.u.run.entry.size += 1000;
		}
		ear_open(&town, 0);
		rogue_say(&rogue, &run);
		rogue_say(&rogue, &chunk);
		rogue_run(&rogue);
		ear_assert_untold(&town, 0, HIDDEN);
		/* A log that is not here at all ends it likewise. */
		assert_int_equal(rogue_fault(&rogue),
		    run.u.run.nameless ? ERR_MALFORMED : ERR_OK);
		rogue_fini(&rogue);
		town_fini(&town);
	}
}

/* The same on the other side: what a peer should not send is not kept. */
static void
what_we_may_not_have_is_refused_whoever_sends_it(void **state)
{
	struct town town;
	struct rogue rogue;
	struct rogue_log log;

	(void)state;
	ear_city(&town, "d02", ALL);
	(void)town_create(&town, 0, HIDDEN, "하나");
	rogue_init(&rogue, &town, 1, store_identity(town_store(&town, 0)));
	rogue_greet(&rogue);
	rogue_take_log(&rogue, &town, 0, HIDDEN, &log);
	rogue_say_log(&rogue, &log, true);
	rogue_run(&rogue);
	assert_int_equal(rogue_fault(&rogue), ERR_OK);
	assert_int_equal(ear_deltas(&town, 1, HIDDEN), 0);
	assert_int_equal(ear_noted(&town, 1, EVENT_PUSH_REFUSED), 1);
	rogue_fini(&rogue);
	wire_sync(&town, 0, 1);
	town_fini(&town);
}

static int
clean(void **state)
{
	(void)state;
	ear_close();
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(no_message_speaks_of_a_hidden_space),
	    cmocka_unit_test(
		who_pushes_or_asks_where_it_may_not_is_noted_and_told_nothing),
	    cmocka_unit_test(
		runs_that_leave_something_out_tell_nothing_of_a_hidden_log),
	    cmocka_unit_test(what_we_may_not_have_is_refused_whoever_sends_it),
	};

	return cmocka_run_group_tests(tests, NULL, clean);
}
