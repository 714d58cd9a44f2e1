/*
 * What an honest session does when its peer lies about branches: nothing is
 * split that no head proves, no question is asked for ever, and at worst the
 * session ends.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/clock.h"
#include "core/forks.h"
#include "tests/lib/scene.h"

/* What the rogue says that it has of its log, with a root of its own making. */
static struct msg_entry
entry_of(const struct scene *scene, uint64_t size, uint8_t root)
{
	struct msg_entry entry = {
	    .log = scene->log.id, .size = size, .held = size};

	memset(entry.root, root, sizeof(entry.root));
	return entry;
}

static void
say_entry(struct scene *scene, const struct msg_entry *entry)
{
	struct msg msg = {
	    .type = MSG_CLOCK, .u.clock = {.n = 1, .entries = entry}};

	rogue_say(&scene->rogue, &msg);
	rogue_run(&scene->rogue);
}

/* A side of the rogue's log with the headers `last` and on replaced: signed, so
 * that it is a true half of a proof. */
static void
side_of(struct scene *scene, struct rogue_log *log, struct fork_side *side)
{
	struct msg msg;

	rogue_make_run(&scene->rogue, log, log->n, &msg);
	*side = (struct fork_side){.head = {.size = msg.u.run.head_size,
				       .root = msg.u.run.head_root,
				       .signature = msg.u.run.head_signature},
	    .root = msg.u.run.head_root};
}

static void
roots_that_fit_nothing_are_asked_about_a_few_times(void **state)
{
	struct scene scene;
	unsigned sent;

	(void)state;
	scene_begin(&scene, true);
	sent = scene.rogue.heard[MSG_CHUNK];
	for (unsigned i = 0; i < 200; i++) {
		struct msg_entry entry = entry_of(
		    &scene, 1 + i % 10, (uint8_t)i);

		say_entry(&scene, &entry);
	}
	assert_int_equal(scene.rogue.heard[MSG_FORK], 8);
	assert_int_equal(scene.rogue.heard[MSG_CHUNK], sent);
	scene_end(&scene, ERR_OK, 0);
}

/* Each question of the peer is looked at, but it is not answered for ever. */
static void
questions_are_answered_a_few_times(void **state)
{
	struct scene scene;
	struct rogue_log other;
	struct fork_side side;
	struct msg_sample samples[3] = {
	    {.size = 900}, {.size = 7}, {.size = 3}};
	struct msg msg = {.type = MSG_FORK,
	    .u.fork = {
		.n = 1, .sides = &side, .samples_n = 3, .samples = samples}};

	(void)state;
	scene_begin(&scene, true);
	other = scene.log;
	other.headers[6] = bytes_text("다른 가지");
	side_of(&scene, &other, &side);
	msg.u.fork.log = other.id;
	msg.u.fork.size = other.n;
	for (unsigned i = 0; i < 1000; i++) {
		samples[1].root[0] = (uint8_t)i;
		rogue_say(&scene.rogue, &msg);
		if (i % 16 == 0)
			rogue_run(&scene.rogue);
	}
	rogue_run(&scene.rogue);
	assert_in_range(scene.rogue.heard[MSG_FORK], 1, 9);
	assert_int_equal(rogue_fault(&scene.rogue), ERR_OK);
	/* Of logs that nobody has, and of branches that are none. */
	msg.u.fork.log.b[3] ^= 1;
	rogue_say(&scene.rogue, &msg);
	rogue_run(&scene.rogue);
	assert_int_equal(rogue_fault(&scene.rogue), ERR_OK);
	assert_int_equal(town_deltas(&scene.town, 0), scene.held);
	rogue_fini(&scene.rogue);
	wire_assert_sound(&scene.town, 0);
	town_fini(&scene.town);
}

static void
a_side_that_nobody_signed_ends_it(void **state)
{
	struct scene scene;
	struct rogue_log other;
	struct fork_side side;
	struct msg msg = {.type = MSG_FORK, .u.fork = {.n = 1, .sides = &side}};

	(void)state;
	scene_begin(&scene, true);
	other = scene.log;
	other.headers[6] = bytes_text("다른 가지");
	side_of(&scene, &other, &side);
	side.head.signature.b[5] ^= 1;
	msg.u.fork.log = other.id;
	msg.u.fork.size = other.n;
	rogue_say(&scene.rogue, &msg);
	scene_end(&scene, ERR_MALFORMED, 0);
}

/* Each of these says that something is a branch of what it is not. */
static void
a_trunk_that_cannot_be_ends_it(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		struct scene scene;
		struct msg_entry entry;

		scene_begin(&scene, true);
		entry = entry_of(&scene, 5, 1);
		entry.is_branch = true;
		memset(&entry.trunk, 7, sizeof(entry.trunk));
		if (i > 0) {
			memset(&entry.log, 8, sizeof(entry.log));
			say_entry(&scene, &entry);
			assert_int_equal(rogue_fault(&scene.rogue), ERR_OK);
			entry.trunk = i == 1 ? scene.log.id : entry.log;
			if (i == 2)
				memset(&entry.log, 9, sizeof(entry.log));
		}
		say_entry(&scene, &entry);
		scene_end(&scene, ERR_MALFORMED, 0);
	}
}

/* What was said of a branch before it came to us is no reason to refuse the
 * peer when we know better. */
static void
a_lie_that_was_written_down_is_forgotten(void **state)
{
	struct scene scene;
	struct rogue_log other;
	struct msg_entry entry;
	struct store *store;
	struct hash root;
	struct msg msg;

	(void)state;
	scene_begin(&scene, true);
	other = scene.log;
	other.headers[6] = bytes_text("다른 가지");
	entry = entry_of(&scene, 5, 1);
	entry.is_branch = true;
	memset(&entry.trunk, 7, sizeof(entry.trunk));
	rogue_make_run(&scene.rogue, &other, 7, &msg);
	root = msg.u.run.head_root;
	forks_name(&other.id, 6, &root, &entry.log);
	store = town_store(&scene.town, 0);
	assert_int_equal(store_begin(store, true), ERR_OK);
	clock_believe(
	    store_txn(store), &scene.rogue.identity.key, &entry, &entry);
	assert_int_equal(store_commit(store), ERR_OK);
	rogue_say_log(&scene.rogue, &other, false);
	rogue_run(&scene.rogue);
	assert_int_equal(rogue_fault(&scene.rogue), ERR_OK);
	rogue_fini(&scene.rogue);
	wire_sync(&scene.town, 0, 1);
	wire_sync(&scene.town, 1, 0);
	town_assert_equal(&scene.town, 0);
	town_fini(&scene.town);
}

static void
branches_without_end_end_it(void **state)
{
	struct scene scene;
	struct msg_entry entry;

	(void)state;
	scene_begin(&scene, true);
	entry = entry_of(&scene, 5, 1);
	entry.is_branch = true;
	entry.trunk = scene.log.id;
	for (unsigned i = 0; i < 300 && rogue_fault(&scene.rogue) == ERR_OK;
	     i++) {
		memset(&entry.log, 0x55, sizeof(entry.log));
		bytes_put_be32(entry.log.b, i);
		say_entry(&scene, &entry);
	}
	scene_end(&scene, ERR_LIMIT, 0);
}

/* By whatever name a run comes, its headers belong where they fit. */
static void
the_name_of_a_branch_decides_nothing(void **state)
{
	struct scene scene;
	struct rogue_log other;
	struct msg msg;

	(void)state;
	scene_begin(&scene, true);
	other = scene.log;
	other.headers[6] = bytes_text("다른 가지");
	rogue_make_run(&scene.rogue, &other, other.n, &msg);
	msg.u.run.from = 4;
	msg.u.run.entry.is_branch = true;
	msg.u.run.entry.trunk = other.id;
	memset(&msg.u.run.entry.log, 8, sizeof(other.id));
	rogue_say(&scene.rogue, &msg);
	rogue_make_chunk(&scene.rogue, &other, 4, other.n, other.n, &msg);
	rogue_say(&scene.rogue, &msg);
	scene_end(&scene, ERR_OK, other.n - 6);
	/* But it must be a branch of the log that the run names. */
	scene_begin(&scene, true);
	rogue_make_run(&scene.rogue, &scene.log, scene.log.n, &msg);
	msg.u.run.entry.is_branch = true;
	memset(&msg.u.run.entry.trunk, 8, sizeof(other.id));
	rogue_say(&scene.rogue, &msg);
	scene_end(&scene, ERR_MALFORMED, 0);
}

/* A head that proves a fork, and headers that it does not prove: the first time
 * they may come from a misunderstanding. */
static void
headers_that_their_head_does_not_prove_split_nothing(void **state)
{
	struct scene scene;
	struct rogue_log other;

	(void)state;
	scene_begin(&scene, true);
	other = scene.log;
	other.headers[6] = bytes_text("다른 가지");
	for (int i = 0; i < 2; i++) {
		struct bytes lies[64];
		struct msg msg;

		assert_int_equal(rogue_fault(&scene.rogue), ERR_OK);
		rogue_make_run(&scene.rogue, &other, other.n, &msg);
		msg.u.run.from = 5;
		rogue_say(&scene.rogue, &msg);
		rogue_make_chunk(
		    &scene.rogue, &other, 5, other.n - 1, other.n, &msg);
		memcpy(
		    lies, msg.u.chunk.headers, msg.u.chunk.n * sizeof(*lies));
		lies[3] = bytes_text("거짓");
		msg.u.chunk.headers = lies;
		rogue_say(&scene.rogue, &msg);
		rogue_run(&scene.rogue);
	}
	assert_int_equal(rogue_fault(&scene.rogue), ERR_MALFORMED);
	assert_int_equal(town_deltas(&scene.town, 0), scene.held);
	rogue_fini(&scene.rogue);
	wire_assert_sound(&scene.town, 0);
	town_fini(&scene.town);
}

/* One who forks without end is cut off, and this is shown. */
static void
no_more_branches_than_the_limit_are_taken(void **state)
{
	struct scene scene;
	uint64_t dropped;

	(void)state;
	scene_begin(&scene, true);
	for (unsigned i = 0; i < LIMIT_BRANCHES + 10; i++) {
		struct rogue_log other = scene.log;
		struct buf text = {0};

		buf_add_format(&text, "가지 %u", i);
		other.headers[8] = buf_bytes(&text);
		rogue_say_log(&scene.rogue, &other, false);
		rogue_run(&scene.rogue);
		buf_fini(&text);
	}
	assert_int_equal(rogue_fault(&scene.rogue), ERR_OK);
	dropped = wire_status(&scene.rogue.wire, 1).dropped;
	assert_int_equal(dropped, 11);
	assert_int_equal(town_deltas(&scene.town, 0),
	    scene.held + (LIMIT_BRANCHES - 1) * (scene.log.n - 8));
	rogue_fini(&scene.rogue);
	wire_assert_sound(&scene.town, 0);
	wire_sync(&scene.town, 0, 1);
	town_assert_equal(&scene.town, 0);
	town_fini(&scene.town);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
		roots_that_fit_nothing_are_asked_about_a_few_times),
	    cmocka_unit_test(questions_are_answered_a_few_times),
	    cmocka_unit_test(a_side_that_nobody_signed_ends_it),
	    cmocka_unit_test(a_trunk_that_cannot_be_ends_it),
	    cmocka_unit_test(a_lie_that_was_written_down_is_forgotten),
	    cmocka_unit_test(branches_without_end_end_it),
	    cmocka_unit_test(the_name_of_a_branch_decides_nothing),
	    cmocka_unit_test(
		headers_that_their_head_does_not_prove_split_nothing),
	    cmocka_unit_test(no_more_branches_than_the_limit_are_taken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
