/*
 * Bundles that somebody made with intent, and logs that are forked: what
 * core/bundle_take.h promises of them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "proto/msg.h"
#include "tests/lib/branches.h"
#include "tests/lib/stick.h"
#include "tests/lib/wire.h"

#define CASES "d03/c017/case"
#define ALL "read:NPSF,hold,write"

/* A founder that wrote something, a member that has a bundle of it for the
 * victim, and the victim, which lacks it. */
struct scene {
	struct town town;
	size_t member;
	size_t victim;
	struct stick_kit kit;
	struct arena arena;
	uint64_t held; /* by the victim, before */
};

static void
scene_begin(struct scene *scene, uint64_t seed)
{
	struct town *town = &scene->town;

	*scene = (struct scene){0};
	town_init(town, seed);
	scene->member = town_member(town, "", ALL);
	scene->victim = town_member(town, "d03", ALL);
	assert_int_equal(town_grant(town, 0, 0, "", ALL, ""), ERR_OK);
	for (unsigned i = 0; i < 5; i++)
		(void)town_create(town, 0, CASES, "하나");
	town_copy(town, 0, scene->member);
	(void)stick_send(town, scene->member, scene->victim, "good");
	stick_kit_load(town, scene->victim, "good", &scene->kit);
	scene->held = town_deltas(town, scene->victim);
}

static const struct identity *
keys_of(struct scene *scene, size_t node)
{
	return store_identity(town_store(&scene->town, node));
}

/* What comes of the kit, signed by the member. */
static struct stick_taken
try(struct scene *scene)
{
	stick_kit_save(&scene->town, &scene->kit, keys_of(scene, scene->member),
	    scene->victim, "bad");
	return stick_take(&scene->town, scene->victim, "bad");
}

/* The true one is taken all the same. */
static void
scene_end(struct scene *scene)
{
	struct town *town = &scene->town;
	struct stick_taken out = stick_take(town, scene->victim, "good");

	assert_int_equal(out.found.whole, 1);
	assert_int_equal(out.taken.troubles_all, 0);
	assert_int_equal(out.taken.parts_refused, 0);
	wire_assert_sound(town, scene->victim);
	stick_kit_fini(&scene->kit);
	arena_fini(&scene->arena);
	town_fini(town);
}

/* The last message of `type` in the kit. */
static struct buf *
last_of(struct scene *scene, uint8_t type)
{
	for (size_t i = scene->kit.n; i > 0; i--)
		if (scene->kit.messages[i - 1].p[0] == type)
			return &scene->kit.messages[i - 1];
	fail();
	return NULL;
}

static void
decode(struct scene *scene, const struct buf *message, struct msg *msg)
{
	struct bytes copy = arena_bytes(&scene->arena, buf_bytes(message));

	assert_int_equal(msg_decode(copy, &scene->arena, msg), ERR_OK);
}

static void
put_back(struct buf *message, const struct msg *msg)
{
	buf_cut(message, 0);
	msg_encode(msg, message);
}

static void
what_is_not_changed_is_taken(void **state)
{
	struct scene scene;
	struct stick_taken out;

	(void)state;
	scene_begin(&scene, 1);
	out = try(&scene);
	assert_int_equal(out.taken.troubles_all, 0);
	assert_int_equal(town_deltas(&scene.town, scene.victim),
	    town_deltas(&scene.town, 0));
	scene_end(&scene);
}

static void
a_wrong_frontier_head_header_or_body_is_not_taken(void **state)
{
	(void)state;
	for (unsigned way = 0; way < 5; way++) {
		struct scene scene;
		struct stick_taken out;
		struct msg msg;
		struct bytes headers[MSG_HEADERS_MAX];
		struct buf *message;

		scene_begin(&scene, 2 + way);
		if (way == 0) {
			message = last_of(&scene, BUNDLE_MSG_FRONTIER);
			buf_cut(message, message->n - 1);
		} else if (way == 1 || way == 2) {
			message = last_of(&scene, MSG_RUN);
			decode(&scene, message, &msg);
			if (way == 1)
				msg.u.run.head_root.b[0] ^= 1;
			else
				msg.u.run.from++;
			put_back(message, &msg);
		} else if (way == 3) {
			message = last_of(&scene, MSG_CHUNK);
			decode(&scene, message, &msg);
			memcpy(headers, msg.u.chunk.headers,
			    msg.u.chunk.n * sizeof(*headers));
			headers[1] = headers[0];
			msg.u.chunk.headers = headers;
			put_back(message, &msg);
		} else {
			message = last_of(&scene, MSG_BODIES);
			message->p[message->n / 2] ^= 1;
		}
		out = try(&scene);
		assert_int_equal(out.taken.wrongs, 1);
		assert_string_equal(out.troubles[0].space.text, CASES);
		/* `authority` before it is. */
		assert_int_equal(town_deltas(&scene.town, scene.victim),
		    town_deltas(&scene.town, 0) - 6);
		scene_end(&scene);
	}
}

/* Short forms lean on a session, which there is none of here. */
static void
a_run_without_its_name_or_root_is_not_taken(void **state)
{
	(void)state;
	for (unsigned way = 1; way < 4; way++) {
		struct scene scene;
		struct stick_taken out;
		struct msg msg;
		struct buf *message;

		scene_begin(&scene, 30 + way);
		message = last_of(&scene, MSG_RUN);
		decode(&scene, message, &msg);
		msg.u.run.nameless = (way & 1) != 0;
		msg.u.run.rootless = (way & 2) != 0;
		put_back(message, &msg);
		out = try(&scene);
		assert_int_equal(out.taken.wrongs, 1);
		assert_non_null(strstr(out.troubles[0].text, "without a name"));
		assert_int_equal(town_deltas(&scene.town, scene.victim),
		    town_deltas(&scene.town, 0) - 6);
		scene_end(&scene);
	}
}

static void
a_frontier_of_another_log_is_noticed(void **state)
{
	struct scene scene;
	struct stick_taken out;
	struct frontier frontier = {.size = 2};
	struct buf *message;
	struct msg msg;

	(void)state;
	scene_begin(&scene, 10);
	message = last_of(&scene, BUNDLE_MSG_FRONTIER);
	buf_cut(message, 0);
	bundle_msg_put_frontier(&frontier, message);
	message = last_of(&scene, MSG_RUN);
	decode(&scene, message, &msg);
	msg.u.run.from = 2;
	put_back(message, &msg);
	out = try(&scene);
	assert_int_equal(out.taken.wrongs, 1);
	assert_int_equal(out.taken.gaps, 0);
	scene_end(&scene);
}

static void
counts_that_lie_are_said(void **state)
{
	/* The last byte of each count; and one that is not whole. */
	static const size_t at[] = {8, 16, 24, 0};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(at); i++) {
		struct scene scene;
		struct stick_taken out;
		struct buf *sum;

		scene_begin(&scene, 11);
		sum = last_of(&scene, BUNDLE_MSG_SUM);
		if (at[i] > 0)
			sum->p[at[i]] ^= 1;
		else
			buf_cut(sum, sum->n - 1);
		out = try(&scene);
		assert_int_equal(out.taken.wrongs, 1);
		assert_string_equal(out.troubles[0].space.text, "");
		/* What was there entered. */
		assert_int_equal(town_deltas(&scene.town, scene.victim),
		    town_deltas(&scene.town, 0));
		scene_end(&scene);
	}
}

static void
lengths_and_messages_out_of_place_end_nothing(void **state)
{
	(void)state;
	for (unsigned way = 0; way < 5; way++) {
		struct scene scene;
		struct stick_taken out;
		struct msg ping = {.type = MSG_PING};
		struct buf *first = NULL;

		scene_begin(&scene, 20 + way);
		first = &scene.kit.messages[1];
		if (way == 0)
			put_back(first, &ping);
		else if (way == 1)
			buf_cut(first, 0); /* a length of 0 */
		else if (way == 2)
			buf_add_u8(first, 0);
		else if (way == 3)
			buf_fini(&scene.kit.messages[--scene.kit.n]);
		else
			first->p[0] = 200;
		out = try(&scene);
		if (way != 3)
			assert_true(
			    out.taken.wrongs > 0 || out.found.damages_all > 0);
		scene_end(&scene);
	}
}

static void
who_did_not_make_it_cannot_claim_it(void **state)
{
	struct scene scene;
	struct stick_taken out;
	struct identity keys;

	(void)state;
	scene_begin(&scene, 30);
	/* The founder's key, and a signature by another. */
	keys = *keys_of(&scene, scene.member);
	keys.key = town_key(&scene.town, 0);
	stick_kit_save(&scene.town, &scene.kit, &keys, scene.victim, "bad");
	out = stick_take(&scene.town, scene.victim, "bad");
	assert_int_equal(out.taken.parts_refused, 1);
	assert_int_equal(out.taken.refused.code, ERR_MALFORMED);
	assert_int_equal(town_deltas(&scene.town, scene.victim), scene.held);
	scene_end(&scene);
}

static void
a_stranger_brings_nothing_but_authority(void **state)
{
	struct scene scene;
	struct stick_taken out;
	size_t stranger;

	(void)state;
	scene_begin(&scene, 31);
	stranger = town_join(&scene.town);
	stick_kit_save(&scene.town, &scene.kit, keys_of(&scene, stranger),
	    scene.victim, "bad");
	out = stick_take(&scene.town, scene.victim, "bad");
	assert_int_equal(out.taken.parts_refused, 1);
	assert_int_equal(out.taken.refused.code, ERR_DENIED);
	assert_non_null(strstr(out.taken.refused.text, "stranger"));
	assert_false(out.taken.heard);
	assert_int_equal(town_deltas(&scene.town, scene.victim),
	    town_deltas(&scene.town, 0) - 6);
	scene_end(&scene);
}

static void
another_city_is_refused(void **state)
{
	struct scene scene;
	struct stick_taken out;

	(void)state;
	scene_begin(&scene, 32);
	scene.kit.about.city.b[0] ^= 1;
	out = try(&scene);
	assert_int_equal(out.taken.parts_refused, 1);
	assert_non_null(strstr(out.taken.refused.text, "another city"));
	assert_int_equal(town_deltas(&scene.town, scene.victim), scene.held);
	scene_end(&scene);
}

/* Node 0 takes back every grant of `whom`, whose key is in other hands. */
static void
compromise(struct town *town, size_t whom)
{
	struct store *store = town_store(town, 0);
	struct sign_key key = town_key(town, whom);
	const struct authority *authority;
	struct store_revoke revoke = {.compromised = true};
	struct store_revoked revoked;
	bool found = false;

	assert_int_equal(store_begin(store, true), ERR_OK);
	assert_int_equal(store_authority(store, &authority), ERR_OK);
	for (size_t i = 0; i < authority->grants_n; i++) {
		if (memcmp(&authority->grants[i].what.member, &key, 32) != 0)
			continue;
		revoke.grant = authority->grants[i].fact;
		found = true;
	}
	assert_true(found);
	assert_int_equal(store_revoke(store, &revoke, &revoked), ERR_OK);
	assert_int_equal(store_commit(store), ERR_OK);
}

static void
a_member_whose_key_was_stolen_brings_nothing(void **state)
{
	struct scene scene;
	struct stick_taken out;
	struct bundle_want want = {.to_n = 1};
	struct bundle_plan plan;
	struct sign_key key;

	(void)state;
	scene_begin(&scene, 33);
	compromise(&scene.town, scene.member);
	(void)stick_send(&scene.town, 0, scene.victim, "good");
	/* The bundle itself brings the revocation, or it is known before. */
	out = stick_take(&scene.town, scene.victim, "good");
	assert_int_equal(out.taken.parts_refused, 0);
	out = try(&scene);
	assert_int_equal(out.taken.parts_refused, 1);
	assert_non_null(strstr(out.taken.refused.text, "in other hands"));
	assert_false(out.taken.heard);
	/* Nor is anything sealed to it. */
	key = town_key(&scene.town, scene.member);
	want.to = &key;
	assert_int_equal(
	    store_begin(town_store(&scene.town, 0), false), ERR_OK);
	assert_int_equal(
	    bundle_plan_make(town_store(&scene.town, 0), &want, &plan),
	    ERR_DENIED);
	store_abort(town_store(&scene.town, 0));
	scene_end(&scene);
}

/* It could put in nothing that anybody would take, and must not say that all
 * went well. */
static void
who_knows_that_its_key_was_stolen_writes_none(void **state)
{
	struct scene scene;
	struct town *town = &scene.town;
	struct bundle_want want = {.to_n = 1};
	struct bundle_plan plan;
	struct sign_key key;
	struct store *store;
	enum err e[2];

	(void)state;
	scene_begin(&scene, 36);
	store = town_store(town, scene.member);
	key = town_key(town, scene.victim);
	want.to = &key;
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(store_begin(store, false), ERR_OK);
		e[i] = bundle_plan_make(store, &want, &plan);
		if (e[i] == ERR_OK)
			bundle_plan_fini(&plan);
		store_abort(store);
		if (i == 0) {
			compromise(town, scene.member);
			town_carry(town, 0, scene.member,
			    &(struct town_cargo){.space = "authority"});
		}
	}
	assert_int_equal(e[0], ERR_OK);
	assert_int_equal(e[1], ERR_DENIED);
	assert_non_null(strstr(err_text(), "in other hands"));
	scene_end(&scene);
}

static void
a_clock_that_was_changed_is_not_believed(void **state)
{
	struct scene scene;
	struct stick_taken out;
	struct msg_entry entries[MSG_ENTRIES_MAX];
	struct buf *message;
	struct msg msg;

	(void)state;
	scene_begin(&scene, 34);
	message = last_of(&scene, MSG_CLOCK);
	decode(&scene, message, &msg);
	memcpy(entries, msg.u.clock.entries, msg.u.clock.n * sizeof(*entries));
	entries[0].held++;
	msg.u.clock.entries = entries;
	put_back(message, &msg);
	out = try(&scene);
	assert_false(out.taken.heard);
	scene_end(&scene);
}

static void
a_log_that_is_not_for_both_is_refused(void **state)
{
	struct town town;
	struct stick_kit kit;
	struct stick_taken out;
	size_t member;
	size_t victim;

	(void)state;
	town_init(&town, 35);
	member = town_member(&town, "", ALL);
	victim = town_member(&town, "d04", ALL);
	assert_int_equal(town_grant(&town, 0, 0, "", ALL, ""), ERR_OK);
	(void)town_create(&town, 0, CASES, "하나");
	town_copy(&town, 0, member);
	/* Made for somebody who may have it, sealed again for the victim. */
	(void)stick_send(&town, 0, member, "good");
	stick_kit_load(&town, member, "good", &kit);
	stick_kit_save(
	    &town, &kit, store_identity(town_store(&town, 0)), victim, "bad");
	out = stick_take(&town, victim, "bad");
	assert_int_equal(out.taken.refusals, 1);
	assert_string_equal(out.troubles[0].space.text, CASES);
	assert_int_equal(town_deltas(&town, victim), town_deltas(&town, 0) - 2);
	stick_kit_fini(&kit);
	town_fini(&town);
}

/* A log that goes on in two ways, each known to one node, meets at a third. */
static void
branches_of_a_forked_log_travel(void **state)
{
	struct town town;
	struct stick_taken out;
	struct backup backup;
	size_t both[2];
	size_t a;
	size_t b;

	(void)state;
	town_init(&town, 36);
	a = town_member(&town, "", ALL);
	b = town_member(&town, "", ALL);
	both[0] = a;
	both[1] = b;
	assert_int_equal(town_grant(&town, 0, 0, "", ALL, ""), ERR_OK);
	(void)town_create(&town, 0, CASES, "함께");
	backup_take(&town, 0, &backup);
	(void)town_create(&town, 0, CASES, "하나");
	(void)stick_write(&town, 0, both, 2, &(struct stick_want){0}, "one");
	backup_put(&town, 0, &backup);
	town.now_ms += 1000;
	(void)town_create(&town, 0, CASES, "둘");
	(void)town_create(&town, 0, CASES, "셋");
	(void)stick_write(&town, 0, both, 2, &(struct stick_want){0}, "two");
	assert_int_equal(stick_take(&town, a, "one").taken.troubles_all, 0);
	assert_int_equal(stick_take(&town, b, "two").taken.troubles_all, 0);
	/* Both branches in one store, in either order. */
	out = stick_take(&town, a, "two");
	assert_int_equal(out.taken.troubles_all, 0);
	assert_int_equal(out.taken.deltas, 2);
	out = stick_take(&town, b, "one");
	assert_int_equal(out.taken.deltas, 1);
	wire_assert_sound(&town, a);
	wire_assert_sound(&town, b);
	/* And all of it goes on to who has nothing, as to who has a part. */
	town.now_ms += 1000;
	(void)stick_send(&town, a, 0, "back");
	out = stick_take(&town, 0, "back");
	assert_int_equal(out.taken.troubles_all, 0);
	town.now_ms += 1000;
	(void)stick_send(&town, 0, b, "clock");
	(void)stick_take(&town, b, "clock");
	assert_int_equal(stick_send(&town, b, 0, "rest").deltas, 0);
	town_meet(&town);
	town_assert_equal(&town, 0);
	wire_assert_sound(&town, 0);
	backup_fini(&backup);
	town_fini(&town);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_is_not_changed_is_taken),
	    cmocka_unit_test(a_wrong_frontier_head_header_or_body_is_not_taken),
	    cmocka_unit_test(a_run_without_its_name_or_root_is_not_taken),
	    cmocka_unit_test(a_frontier_of_another_log_is_noticed),
	    cmocka_unit_test(counts_that_lie_are_said),
	    cmocka_unit_test(lengths_and_messages_out_of_place_end_nothing),
	    cmocka_unit_test(who_did_not_make_it_cannot_claim_it),
	    cmocka_unit_test(a_stranger_brings_nothing_but_authority),
	    cmocka_unit_test(another_city_is_refused),
	    cmocka_unit_test(a_member_whose_key_was_stolen_brings_nothing),
	    cmocka_unit_test(who_knows_that_its_key_was_stolen_writes_none),
	    cmocka_unit_test(a_clock_that_was_changed_is_not_believed),
	    cmocka_unit_test(a_log_that_is_not_for_both_is_refused),
	    cmocka_unit_test(branches_of_a_forked_log_travel),
	};

	if (crypto_start() != ERR_OK)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
