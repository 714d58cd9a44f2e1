/*
 * A peer that leaves out what it must not: numbers that were never given, runs
 * without name or root that lead nowhere, clocks that are said twice.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/lib/scene.h"

static void
numbers_that_nobody_gave_end_it(void **state)
{
	static const uint8_t clocks[][7] = {
	    /* 999, and one that would be the next to be given. */
	    {MSG_CLOCK, 0x91, 0x91, 0x92, 0xcd, 0x03, 0xe7},
	    {MSG_CLOCK, 0x91, 0x91, 0x92, 0x7f, 0x00},
	};
	static const size_t sizes[] = {7, 6};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(clocks); i++) {
		struct scene scene;
		uint8_t bytes[8] = {0};

		memcpy(bytes, clocks[i], sizes[i]);
		scene_begin(&scene, false);
		rogue_say_bytes(&scene.rogue,
		    bytes_of(bytes, i == 0 ? sizes[i] + 1 : sizes[i]));
		scene_end(&scene, ERR_MALFORMED, 0);
	}
}

static void
numbers_before_the_clocks_are_known_end_it(void **state)
{
	static const uint8_t clock[] = {MSG_CLOCK, 0x91, 0x91, 0x92, 0, 0};
	struct scene scene;
	struct msg hello = {.type = MSG_HELLO, .u.hello.version = MSG_VERSION};

	(void)state;
	scene_meet(&scene, false);
	rogue_say(&scene.rogue, &hello);
	rogue_say_bytes(&scene.rogue, bytes_of(clock, sizeof(clock)));
	scene_end(&scene, ERR_MALFORMED, 0);
}

static void
a_clock_that_is_whole_twice_ends_it(void **state)
{
	struct scene scene;
	struct msg clock = {.type = MSG_CLOCK, .u.clock.whole = true};

	(void)state;
	scene_begin(&scene, false);
	rogue_say(&scene.rogue, &clock);
	scene_end(&scene, ERR_MALFORMED, 0);
}

/* Says the first `n` deltas, from `from` on, without bodies and root. */
static void
say_rootless(struct scene *scene, size_t from, size_t to, size_t n, bool lies)
{
	struct msg msg;

	rogue_make_run(&scene->rogue, &scene->log, n, &msg);
	msg.u.run.from = from;
	msg.u.run.rootless = true;
	msg.u.run.whole = true;
	msg.u.run.head_signature.b[9] ^= lies;
	rogue_say(&scene->rogue, &msg);
	rogue_make_chunk(&scene->rogue, &scene->log, from, to, n, &msg);
	rogue_say(&scene->rogue, &msg);
}

static void
a_run_without_root_is_taken_when_it_reaches_its_head(void **state)
{
	struct scene scene;

	(void)state;
	scene_begin(&scene, false);
	say_rootless(&scene, 0, 2, 2, false);
	say_rootless(&scene, 2, 3, 3, false);
	/* Once more is no harm. */
	say_rootless(&scene, 2, 3, 3, false);
	say_rootless(&scene, 0, 3, 3, false);
	scene_end(&scene, ERR_OK, 3);
}

static void
a_run_without_root_that_never_reaches_its_head_ends_it(void **state)
{
	struct scene scene;

	(void)state;
	scene_begin(&scene, false);
	say_rootless(&scene, 0, 2, 3, false);
	scene_end(&scene, ERR_MALFORMED, 0);
}

static void
a_run_without_root_beyond_what_is_held_is_asked_for_anew(void **state)
{
	struct scene scene;
	unsigned clocks;

	(void)state;
	scene_begin(&scene, false);
	say_rootless(&scene, 0, 1, 1, false);
	rogue_run(&scene.rogue);
	clocks = scene.rogue.heard[MSG_CLOCK];
	say_rootless(&scene, 2, 3, 3, false);
	rogue_run(&scene.rogue);
	assert_true(scene.rogue.heard[MSG_CLOCK] > clocks);
	scene_end(&scene, ERR_OK, 1);
}

static void
a_head_that_nothing_leads_to_is_doubted_once(void **state)
{
	struct scene scene;

	(void)state;
	scene_begin(&scene, false);
	say_rootless(&scene, 0, 3, 3, true);
	rogue_run(&scene.rogue);
	assert_int_equal(rogue_fault(&scene.rogue), ERR_OK);
	say_rootless(&scene, 0, 3, 3, true);
	scene_end(&scene, ERR_MALFORMED, 0);
}

static void
a_run_of_a_log_that_was_never_named_ends_it(void **state)
{
	struct scene scene;
	struct msg msg;

	(void)state;
	scene_begin(&scene, false);
	rogue_make_run(&scene.rogue, &scene.log, 3, &msg);
	msg.u.run.nameless = true;
	rogue_say(&scene.rogue, &msg);
	scene_end(&scene, ERR_MALFORMED, 0);
}

static void
bodies_of_a_chunk_where_none_is_end_it(void **state)
{
	struct scene scene;
	struct msg msg = {.type = MSG_BODIES, .u.bodies.in_chunk = true};

	(void)state;
	scene_begin(&scene, false);
	msg.u.bodies.n = scene.log.bodies_n;
	msg.u.bodies.bodies = scene.log.bodies;
	rogue_say(&scene.rogue, &msg);
	scene_end(&scene, ERR_MALFORMED, 0);
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
		town_init(&town, 11);
		(void)town_member(&town, "d02", "read:NPSF,write,hold");
		assert_int_equal(
		    town_grant(&town, 0, 0, "", "read:NPSF,write,hold", ""),
		    ERR_OK);
		town_copy(&town, 0, 1);
		for (int i = 0; i < 4; i++)
			(void)town_create(&town, 0, "d01/c001/case", "하나");
		rogue_init(
		    &rogue, &town, 0, store_identity(town_store(&town, 1)));
		rogue_greet(&rogue);
		rogue_take_log(&rogue, &town, 0, "d01/c001/case", &log);
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
		rogue_say(&rogue, &run);
		rogue_say(&rogue, &chunk);
		rogue_run(&rogue);
		for (size_t at = 0; at + 16 <= rogue.told.n; at++)
			assert_memory_not_equal(
			    rogue.told.p + at, log.id.b, 16);
		/* A log that is not here at all ends it likewise. */
		assert_int_equal(rogue_fault(&rogue),
		    run.u.run.nameless ? ERR_MALFORMED : ERR_OK);
		rogue_fini(&rogue);
		town_fini(&town);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(numbers_that_nobody_gave_end_it),
	    cmocka_unit_test(numbers_before_the_clocks_are_known_end_it),
	    cmocka_unit_test(a_clock_that_is_whole_twice_ends_it),
	    cmocka_unit_test(
		a_run_without_root_is_taken_when_it_reaches_its_head),
	    cmocka_unit_test(
		a_run_without_root_that_never_reaches_its_head_ends_it),
	    cmocka_unit_test(
		a_run_without_root_beyond_what_is_held_is_asked_for_anew),
	    cmocka_unit_test(a_head_that_nothing_leads_to_is_doubted_once),
	    cmocka_unit_test(a_run_of_a_log_that_was_never_named_ends_it),
	    cmocka_unit_test(bodies_of_a_chunk_where_none_is_end_it),
	    cmocka_unit_test(
		runs_that_leave_something_out_tell_nothing_of_a_hidden_log),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
