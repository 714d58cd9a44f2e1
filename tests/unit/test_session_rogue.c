/*
 * What an honest session does when its peer lies: at worst it ends; what it
 * holds stays as it was.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/events.h"
#include "tests/lib/scene.h"

/* The victim noted one event, and this is it. */
static void
assert_event(struct scene *scene, enum event_kind kind, const char *space)
{
	struct store *store = town_store(&scene->town, 0);
	struct event event;

	assert_int_equal(store_begin(store, false), ERR_OK);
	assert_int_equal(kv_count(store_txn(store)->kv, TABLE_EVENTS), 1);
	assert_true(events_next(store_txn(store), 0, &event));
	assert_int_equal(event.kind, kind);
	assert_int_equal(event.count, 1);
	assert_string_equal(event.space.text, space);
	assert_memory_equal(event.peer.b,
	    store_identity(town_store(&scene->town, 1))->key.b, 32);
	store_abort(store);
}

static void
a_true_log_is_taken(void **state)
{
	struct scene scene;

	(void)state;
	scene_begin(&scene, false);
	rogue_say_log(&scene.rogue, &scene.log, true);
	rogue_run(&scene.rogue);
	assert_true(scene.rogue.credit > 0);
	scene_end(&scene, ERR_OK, scene.log.n);
}

static void
a_log_of_a_stranger_is_passed_over(void **state)
{
	struct scene scene;
	struct rogue_log log;

	(void)state;
	scene_begin(&scene, false);
	log = scene.log;
	prng_fill(&scene.town.prng, scene.rogue.identity.seed.b, 32);
	crypto_sign_key(&scene.rogue.identity.seed, &scene.rogue.identity.key);
	log.name.author = scene.rogue.identity.key;
	{
		struct hash origin;

		id_log(&log.name, &origin, &log.id);
	}
	rogue_say_log(&scene.rogue, &log, true);
	rogue_run(&scene.rogue);
	assert_int_equal(wire_status(&scene.rogue.wire, 1).dropped, 1);
	assert_event(&scene, EVENT_PUSH_REFUSED, SCENE_SPACE);
	scene_end(&scene, ERR_OK, 0);
}

static void
a_head_that_its_author_did_not_sign_ends_it(void **state)
{
	struct scene scene;
	struct msg msg;

	(void)state;
	scene_begin(&scene, false);
	rogue_make_run(&scene.rogue, &scene.log, scene.log.n, &msg);
	msg.u.run.head_signature.b[3] ^= 1;
	rogue_say(&scene.rogue, &msg);
	rogue_run(&scene.rogue);
	assert_event(&scene, EVENT_PEER_MALFORMED, "");
	scene_end(&scene, ERR_MALFORMED, 0);
}

static void
headers_that_do_not_lead_to_the_head_end_it(void **state)
{
	struct scene scene;
	struct msg msg;

	(void)state;
	scene_begin(&scene, false);
	rogue_make_run(&scene.rogue, &scene.log, scene.log.n, &msg);
	rogue_say(&scene.rogue, &msg);
	rogue_make_chunk(&scene.rogue, &scene.log, 0, 5, 11, &msg);
	msg.u.chunk.proof.nodes[0].b[0] ^= 1;
	rogue_say(&scene.rogue, &msg);
	scene_end(&scene, ERR_MALFORMED, 0);
}

static void
headers_beyond_the_head_end_it(void **state)
{
	struct scene scene;
	struct msg msg;

	(void)state;
	scene_begin(&scene, false);
	rogue_make_run(&scene.rogue, &scene.log, 5, &msg);
	rogue_say(&scene.rogue, &msg);
	rogue_make_chunk(&scene.rogue, &scene.log, 0, 6, 6, &msg);
	rogue_say(&scene.rogue, &msg);
	scene_end(&scene, ERR_MALFORMED, 0);
}

static void
a_body_that_does_not_fit_ends_it_and_nothing_is_taken(void **state)
{
	struct scene scene;

	(void)state;
	scene_begin(&scene, false);
	scene.log.bodies[7].key[0] ^= 1;
	rogue_say_log(&scene.rogue, &scene.log, true);
	scene_end(&scene, ERR_MALFORMED, 0);
}

static void
a_body_given_twice_ends_it(void **state)
{
	struct scene scene;

	(void)state;
	scene_begin(&scene, false);
	scene.log.bodies[3] = scene.log.bodies[2];
	rogue_say_log(&scene.rogue, &scene.log, true);
	scene_end(&scene, ERR_MALFORMED, 0);
}

static void
a_body_of_a_header_that_promised_none_ends_it(void **state)
{
	struct scene scene;

	(void)state;
	scene_begin(&scene, false);
	scene.log.bodies[3].change = 7;
	rogue_say_log(&scene.rogue, &scene.log, true);
	scene_end(&scene, ERR_MALFORMED, 0);
}

static void
owed_bodies_are_taken_once_and_wrong_ones_end_it(void **state)
{
	struct scene scene;
	struct msg msg = {.type = MSG_BODIES};

	(void)state;
	scene_begin(&scene, false);
	rogue_say_log(&scene.rogue, &scene.log, false);
	msg.u.bodies = (struct msg_bodies){
	    .log = scene.log.id, .n = 4, .bodies = scene.log.bodies + 2};
	rogue_say(&scene.rogue, &msg);
	rogue_say(&scene.rogue, &msg);
	rogue_run(&scene.rogue);
	assert_int_equal(rogue_fault(&scene.rogue), ERR_OK);
	/* Of a log that nobody has: passed over. */
	msg.u.bodies.log.b[0] ^= 1;
	rogue_say(&scene.rogue, &msg);
	rogue_run(&scene.rogue);
	assert_int_equal(rogue_fault(&scene.rogue), ERR_OK);
	msg.u.bodies.log.b[0] ^= 1;
	scene.log.bodies[8].sealed = scene.log.bodies[7].sealed;
	msg.u.bodies.bodies = scene.log.bodies + 7;
	rogue_say(&scene.rogue, &msg);
	scene_end(&scene, ERR_MALFORMED, scene.log.n);
}

/* An author whose machine went back unnoticed, and that wrote on, may send them
 * before it says how far its log goes now. */
static void
bodies_behind_what_the_peer_told_of_are_passed_over(void **state)
{
	struct scene scene;
	struct msg run;
	struct msg msg = {.type = MSG_CLOCK, .u.clock = {.n = 1}};
	struct msg_body *bodies = scene.log.bodies;

	(void)state;
	scene_begin(&scene, false);
	rogue_say_log(&scene.rogue, &scene.log, false);
	rogue_make_run(&scene.rogue, &scene.log, 4, &run);
	msg.u.clock.entries = &run.u.run.entry;
	rogue_say(&scene.rogue, &msg);
	for (size_t i = 0; i + 1 < scene.log.bodies_n; i++)
		bodies[i].sealed = bodies[scene.log.bodies_n - 1].sealed;
	msg = (struct msg){
	    .type = MSG_BODIES, .u.bodies = {.log = scene.log.id, .n = 1}};
	for (size_t i = 0; i + 1 < scene.log.bodies_n; i++) {
		msg.u.bodies.bodies = &bodies[i];
		if (bodies[i].seq >= 4)
			rogue_say(&scene.rogue, &msg);
	}
	rogue_run(&scene.rogue);
	assert_int_equal(rogue_fault(&scene.rogue), ERR_OK);
	msg.u.bodies.bodies = bodies;
	assert_true(bodies[0].seq < 4);
	rogue_say(&scene.rogue, &msg);
	scene_end(&scene, ERR_MALFORMED, scene.log.n);
}

static void
a_gap_is_answered_and_gaps_without_end_end_it(void **state)
{
	struct scene scene;
	struct msg run;
	struct msg chunk;

	(void)state;
	scene_begin(&scene, false);
	rogue_make_run(&scene.rogue, &scene.log, scene.log.n, &run);
	run.u.run.from = 4;
	rogue_make_chunk(&scene.rogue, &scene.log, 4, 11, 11, &chunk);
	scene.rogue.heard[MSG_CLOCK] = 0;
	rogue_say(&scene.rogue, &run);
	rogue_say(&scene.rogue, &chunk);
	rogue_run(&scene.rogue);
	assert_int_equal(rogue_fault(&scene.rogue), ERR_OK);
	assert_int_equal(scene.rogue.heard[MSG_CLOCK], 1);
	for (int i = 0; i < 1100; i++) {
		rogue_say(&scene.rogue, &run);
		rogue_say(&scene.rogue, &chunk);
	}
	scene_end(&scene, ERR_MALFORMED, 0);
}

/* A peer that lost what it was sent says so, and gets a new run from there. */
static void
who_asks_again_gets_a_new_run(void **state)
{
	struct scene scene;
	struct rogue_log log;
	struct msg_entry entry = {0};
	struct msg msg = {.type = MSG_CLOCK,
	    .u.clock = {.again = true, .n = 1, .entries = &entry}};
	unsigned runs;
	unsigned chunks;

	(void)state;
	scene_begin(&scene, false);
	rogue_take_log(&scene.rogue, &scene.town, 0, SCENE_SPACE, &log);
	entry.log = log.id;
	for (int i = 0; i < 2; i++) {
		runs = scene.rogue.heard[MSG_RUN];
		chunks = scene.rogue.heard[MSG_CHUNK];
		rogue_say(&scene.rogue, &msg);
		rogue_run(&scene.rogue);
		assert_int_equal(scene.rogue.heard[MSG_RUN], runs + 1);
		assert_int_equal(scene.rogue.heard[MSG_CHUNK], chunks + 1);
	}
	scene_end(&scene, ERR_OK, 0);
}

/* What a peer says before it has all that was sent is said too early. */
static void
idle_counts_only_when_all_is_acknowledged(void **state)
{
	struct scene scene;
	struct msg idle = {.type = MSG_IDLE};
	struct msg credit = {.type = MSG_CREDIT};
	struct session *victim;

	(void)state;
	scene_begin(&scene, false);
	victim = scene.rogue.wire.ends[1].session;
	rogue_say(&scene.rogue, &idle);
	rogue_run(&scene.rogue);
	credit.u.credit.bytes = scene.rogue.data_bytes;
	rogue_say(&scene.rogue, &credit);
	rogue_run(&scene.rogue);
	assert_false(session_is_idle(victim));
	rogue_say(&scene.rogue, &idle);
	rogue_run(&scene.rogue);
	assert_true(session_is_idle(victim));
	scene_end(&scene, ERR_OK, 0);
}

static void
a_run_where_bodies_are_due_ends_it(void **state)
{
	struct scene scene;
	struct msg run;
	struct msg chunk;

	(void)state;
	scene_begin(&scene, false);
	rogue_make_run(&scene.rogue, &scene.log, scene.log.n, &run);
	rogue_make_chunk(&scene.rogue, &scene.log, 0, 11, 11, &chunk);
	chunk.u.chunk.bodies_n = INT64_MAX;
	rogue_say(&scene.rogue, &run);
	rogue_say(&scene.rogue, &chunk);
	rogue_run(&scene.rogue);
	/* Nothing of it is durable, and so nothing of it is acknowledged. */
	assert_int_equal(rogue_fault(&scene.rogue), ERR_OK);
	assert_true(scene.rogue.credit < 300);
	rogue_say(&scene.rogue, &run);
	scene_end(&scene, ERR_MALFORMED, 0);
}

static void
bodies_of_another_log_where_bodies_are_due_end_it(void **state)
{
	struct scene scene;
	struct msg msg;

	(void)state;
	scene_begin(&scene, false);
	rogue_make_run(&scene.rogue, &scene.log, scene.log.n, &msg);
	rogue_say(&scene.rogue, &msg);
	rogue_make_chunk(&scene.rogue, &scene.log, 0, 11, 11, &msg);
	msg.u.chunk.bodies_n = 3;
	rogue_say(&scene.rogue, &msg);
	msg = (struct msg){.type = MSG_BODIES,
	    .u.bodies = {.n = 1, .bodies = scene.log.bodies}};
	rogue_say(&scene.rogue, &msg);
	scene_end(&scene, ERR_MALFORMED, 0);
}

static void
headers_without_a_run_end_it(void **state)
{
	struct scene scene;
	struct msg msg;

	(void)state;
	scene_begin(&scene, false);
	rogue_make_chunk(&scene.rogue, &scene.log, 0, 11, 11, &msg);
	rogue_say(&scene.rogue, &msg);
	scene_end(&scene, ERR_MALFORMED, 0);
}

static void
a_run_with_the_entry_of_another_log_ends_it(void **state)
{
	struct scene scene;
	struct msg msg;

	(void)state;
	scene_begin(&scene, false);
	rogue_make_run(&scene.rogue, &scene.log, scene.log.n, &msg);
	msg.u.run.entry.log.b[0] ^= 1;
	rogue_say(&scene.rogue, &msg);
	scene_end(&scene, ERR_MALFORMED, 0);
}

static void
credit_for_more_than_was_sent_ends_it(void **state)
{
	struct scene scene;
	struct msg msg = {
	    .type = MSG_CREDIT, .u.credit.bytes = (uint64_t)1 << 40};

	(void)state;
	scene_begin(&scene, false);
	rogue_say(&scene.rogue, &msg);
	scene_end(&scene, ERR_MALFORMED, 0);
}

static void
credit_for_the_same_bytes_twice_ends_it(void **state)
{
	struct scene scene;
	struct msg msg = {.type = MSG_CREDIT};

	(void)state;
	scene_begin(&scene, false);
	msg.u.credit.bytes = scene.rogue.data_bytes;
	rogue_say(&scene.rogue, &msg);
	rogue_run(&scene.rogue);
	assert_int_equal(rogue_fault(&scene.rogue), ERR_OK);
	msg.u.credit.bytes = 1;
	rogue_say(&scene.rogue, &msg);
	scene_end(&scene, ERR_MALFORMED, 0);
}

static void
a_second_hello_ends_it(void **state)
{
	struct scene scene;
	struct msg msg = {.type = MSG_HELLO, .u.hello.version = MSG_VERSION};

	(void)state;
	scene_begin(&scene, false);
	rogue_say(&scene.rogue, &msg);
	scene_end(&scene, ERR_MALFORMED, 0);
}

static void
clocks_without_end_end_it(void **state)
{
	struct scene scene;
	struct msg_entry entries[MSG_ENTRIES_MAX];
	struct msg msg = {.type = MSG_CLOCK,
	    .u.clock = {.n = MSG_ENTRIES_MAX, .entries = entries}};

	(void)state;
	scene_begin(&scene, false);
	memset(entries, 0, sizeof(entries));
	for (uint64_t i = 0; i <= LIMIT_LOGS / MSG_ENTRIES_MAX; i++) {
		for (size_t k = 0; k < MSG_ENTRIES_MAX; k++) {
			bytes_put_be64(entries[k].log.b, i);
			bytes_put_be64(entries[k].log.b + 8, k);
			entries[k].size = 1;
		}
		rogue_say(&scene.rogue, &msg);
	}
	scene_end(&scene, ERR_LIMIT, 0);
}

static void
bytes_that_are_no_message_end_it(void **state)
{
	static const char *const wrong[] = {"\x63", "\x01\x90", "\x05\x93",
	    "\x04\xdf\xff\xff\xff\xff", "\x02\x93\xc2\xc2\xdd\xff\xff\xff\xff"};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(wrong); i++) {
		struct scene scene;

		scene_begin(&scene, false);
		rogue_say_bytes(&scene.rogue, bytes_text(wrong[i]));
		scene_end(&scene, ERR_MALFORMED, 0);
	}
}

/* A branch of a log that the victim holds: it is taken, and a third one is. */
static void
another_branch_of_a_log_is_taken(void **state)
{
	struct scene scene;
	struct rogue_log other;

	(void)state;
	scene_begin(&scene, false);
	rogue_say_log(&scene.rogue, &scene.log, true);
	rogue_run(&scene.rogue);
	other = scene.log;
	other.headers[6] = bytes_text("다른 가지");
	rogue_say_log(&scene.rogue, &other, false);
	rogue_run(&scene.rogue);
	assert_int_equal(rogue_fault(&scene.rogue), ERR_OK);
	/* Longer than what is held: it shows when headers come. */
	other.headers[7] = bytes_text("또 하나");
	other.headers[other.n] = bytes_text("더 길게");
	other.n++;
	rogue_say_log(&scene.rogue, &other, false);
	rogue_run(&scene.rogue);
	assert_int_equal(wire_status(&scene.rogue.wire, 1).dropped, 0);
	scene_end(
	    &scene, ERR_OK, scene.log.n + (scene.log.n - 6) + (other.n - 7));
}

static void
two_honest_nodes_with_two_branches_sync(void **state)
{
	struct scene scene;
	struct rogue_log other;
	struct town *town = &scene.town;

	(void)state;
	scene_begin(&scene, false);
	other = scene.log;
	other.headers[6] = bytes_text("다른 가지");
	rogue_say_log(&scene.rogue, &other, false);
	rogue_run(&scene.rogue);
	assert_int_equal(rogue_fault(&scene.rogue), ERR_OK);
	rogue_fini(&scene.rogue);
	assert_int_equal(town_deltas(town, 0), scene.held + 11);
	wire_assert_sound(town, 0);
	(void)town_create(town, 0, SCENE_SPACE, "셋");
	(void)town_create(town, 1, SCENE_SPACE, "넷");
	(void)town_create(town, 1, "d01/c002/case", "다섯");
	for (int i = 0; i < 2; i++) {
		wire_sync(town, 0, 1);
		wire_assert_sound(town, 0);
		wire_assert_sound(town, 1);
	}
	/* Two of the new space came to 0, and what node 1 wrote from the place
	 * on where it parts from what was made up. */
	assert_int_equal(town_deltas(town, 0),
	    scene.held + 11 + 1 + 2 + (scene.log.n + 1 - 6));
	assert_int_equal(town_deltas(town, 1), town_deltas(town, 0));
	town_fini(town);
}

static void
a_header_of_nonsense_is_kept_as_opaque(void **state)
{
	struct scene scene;

	(void)state;
	scene_begin(&scene, false);
	scene.log.headers[scene.log.n++] = bytes_text("\x80 아무 말");
	rogue_say_log(&scene.rogue, &scene.log, true);
	rogue_run(&scene.rogue);
	assert_int_equal(rogue_fault(&scene.rogue), ERR_OK);
	assert_int_equal(town_deltas(&scene.town, 0), scene.held + scene.log.n);
	rogue_fini(&scene.rogue);
	wire_assert_sound(&scene.town, 0);
	/* And goes on to others. */
	wire_sync(&scene.town, 0, 1);
	wire_assert_sound(&scene.town, 1);
	town_fini(&scene.town);
}

static void
a_peer_that_does_not_read_costs_bounded_memory(void **state)
{
	struct scene scene;
	struct msg ping = {.type = MSG_PING};

	(void)state;
	scene_begin(&scene, false);
	for (int i = 0; i < 100000; i++)
		rogue_say(&scene.rogue, &ping);
	/* The victim works on all of it, while nobody takes what it says. */
	{
		struct wire_end *victim = &scene.rogue.wire.ends[1];
		struct bytes out = channel_out(scene.rogue.channel);
		struct store *store = town_store(&scene.town, 0);

		assert_int_equal(session_feed(victim->session, out, 0), ERR_OK);
		channel_sent(scene.rogue.channel, out.n);
		while (session_has_work(victim->session)) {
			assert_int_equal(store_begin(store, true), ERR_OK);
			assert_int_equal(
			    session_work(victim->session, 0), ERR_OK);
			assert_int_equal(store_commit(store), ERR_OK);
			session_worked(victim->session, ERR_OK);
		}
		assert_true(
		    session_out(victim->session).n < LIMIT_QUEUE_SIZE + 1000);
	}
	scene_end(&scene, ERR_OK, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_true_log_is_taken),
	    cmocka_unit_test(a_log_of_a_stranger_is_passed_over),
	    cmocka_unit_test(a_head_that_its_author_did_not_sign_ends_it),
	    cmocka_unit_test(headers_that_do_not_lead_to_the_head_end_it),
	    cmocka_unit_test(headers_beyond_the_head_end_it),
	    cmocka_unit_test(
		a_body_that_does_not_fit_ends_it_and_nothing_is_taken),
	    cmocka_unit_test(a_body_given_twice_ends_it),
	    cmocka_unit_test(a_body_of_a_header_that_promised_none_ends_it),
	    cmocka_unit_test(owed_bodies_are_taken_once_and_wrong_ones_end_it),
	    cmocka_unit_test(
		bodies_behind_what_the_peer_told_of_are_passed_over),
	    cmocka_unit_test(a_gap_is_answered_and_gaps_without_end_end_it),
	    cmocka_unit_test(who_asks_again_gets_a_new_run),
	    cmocka_unit_test(idle_counts_only_when_all_is_acknowledged),
	    cmocka_unit_test(a_run_where_bodies_are_due_ends_it),
	    cmocka_unit_test(bodies_of_another_log_where_bodies_are_due_end_it),
	    cmocka_unit_test(headers_without_a_run_end_it),
	    cmocka_unit_test(a_run_with_the_entry_of_another_log_ends_it),
	    cmocka_unit_test(credit_for_more_than_was_sent_ends_it),
	    cmocka_unit_test(credit_for_the_same_bytes_twice_ends_it),
	    cmocka_unit_test(a_second_hello_ends_it),
	    cmocka_unit_test(clocks_without_end_end_it),
	    cmocka_unit_test(bytes_that_are_no_message_end_it),
	    cmocka_unit_test(another_branch_of_a_log_is_taken),
	    cmocka_unit_test(two_honest_nodes_with_two_branches_sync),
	    cmocka_unit_test(a_header_of_nonsense_is_kept_as_opaque),
	    cmocka_unit_test(a_peer_that_does_not_read_costs_bounded_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
