/*
 * Bundles of members that are written as core never writes them: what
 * core/bundle_take.h, bundle_show.h and bundle_plan.h promise of them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "proto/bundle.h"
#include "proto/msg.h"
#include "tests/lib/stick.h"
#include "tests/lib/wire.h"

#define CASES "d03/c017/case"
#define ALL "read:NPSF,hold,write"

/* A founder, a member that has a bundle of what it wrote, and a victim. */
struct scene {
	struct town town;
	size_t member;
	size_t victim;
	struct stick_kit kit;
	struct arena arena;
};

static void
scene_begin(struct scene *scene, uint64_t seed, unsigned records, size_t size)
{
	struct town *town = &scene->town;
	char *text = calloc(1, size + 1);

	assert_non_null(text);
	*scene = (struct scene){0};
	town_init(town, seed);
	scene->member = town_member(town, "", ALL);
	scene->victim = town_member(town, "d03", ALL);
	assert_int_equal(town_grant(town, 0, 0, "", ALL, ""), ERR_OK);
	for (unsigned i = 0; i < records; i++) {
		/* Letters that do not become fewer by being compressed. */
		prng_fill(&town->prng, text, size);
		for (size_t k = 0; k < size; k++)
			text[k] = (char)('0' + (text[k] & 63));
		(void)town_create(town, 0, CASES, text);
	}
	town_copy(town, 0, scene->member);
	(void)stick_send(town, scene->member, scene->victim, "good");
	stick_kit_load(town, scene->victim, "good", &scene->kit);
	free(text);
}

static struct stick_taken
try(struct scene *scene)
{
	stick_kit_save(&scene->town, &scene->kit,
	    store_identity(town_store(&scene->town, scene->member)),
	    scene->victim, "bad");
	return stick_take(&scene->town, scene->victim, "bad");
}

/* The true one is taken all the same. */
static void
scene_end(struct scene *scene)
{
	struct town *town = &scene->town;
	struct stick_taken out = stick_take(town, scene->victim, "good");

	assert_int_equal(out.taken.troubles_all, 0);
	assert_int_equal(
	    town_deltas(town, scene->victim), town_deltas(town, 0));
	wire_assert_sound(town, scene->victim);
	stick_kit_fini(&scene->kit);
	arena_fini(&scene->arena);
	town_fini(town);
}

static void
kit_remove(struct stick_kit *kit, size_t at)
{
	buf_fini(&kit->messages[at]);
	kit->n--;
	memmove(&kit->messages[at], &kit->messages[at + 1],
	    (kit->n - at) * sizeof(kit->messages[0]));
	kit->messages[kit->n] = (struct buf){0};
}

/* Another of message `from` in front of message `to`. */
static void
kit_insert(struct stick_kit *kit, size_t from, size_t to)
{
	struct buf copy = {0};

	assert_true(kit->n < STICK_MESSAGES_MAX);
	buf_add(&copy, buf_bytes(&kit->messages[from]));
	memmove(&kit->messages[to + 1], &kit->messages[to],
	    (kit->n - to) * sizeof(kit->messages[0]));
	kit->messages[to] = copy;
	kit->n++;
}

/* The last message of `type`. */
static size_t
last_of(const struct stick_kit *kit, uint8_t type)
{
	for (size_t i = kit->n; i > 0; i--)
		if (kit->messages[i - 1].p[0] == type)
			return i - 1;
	fail();
	return 0;
}

static void
decode(struct scene *scene, size_t at, struct msg *msg)
{
	struct bytes copy = arena_bytes(
	    &scene->arena, buf_bytes(&scene->kit.messages[at]));

	assert_int_equal(msg_decode(copy, &scene->arena, msg), ERR_OK);
}

static void
headers_out_of_place_are_said(void **state)
{
	(void)state;
	for (unsigned way = 0; way < 2; way++) {
		struct scene scene;
		struct stick_taken out;
		size_t at;

		scene_begin(&scene, 1 + way, 5, 6);
		at = last_of(&scene.kit, MSG_CHUNK);
		/* Before any run, and again while its bodies are due. */
		kit_insert(&scene.kit, at, way == 0 ? 0 : at + 1);
		kit_remove(&scene.kit, last_of(&scene.kit, BUNDLE_MSG_SUM));
		out = try(&scene);
		assert_int_equal(out.taken.wrongs, 1);
		assert_non_null(
		    strstr(out.troubles[0].text, "headers where no run is"));
		assert_string_equal(
		    out.troubles[0].space.text, way == 0 ? "" : CASES);
		scene_end(&scene);
	}
}

/* Bodies without headers: of use to who has those, and else a gap. */
static void
bodies_alone_find_their_log_or_are_a_gap(void **state)
{
	(void)state;
	for (unsigned way = 0; way < 2; way++) {
		struct scene scene;
		struct stick_taken out;

		scene_begin(&scene, 10 + way, 5, 6);
		if (way == 1)
			(void)stick_take(&scene.town, scene.victim, "good");
		kit_remove(&scene.kit, last_of(&scene.kit, MSG_CHUNK));
		kit_remove(&scene.kit, last_of(&scene.kit, BUNDLE_MSG_SUM));
		out = try(&scene);
		assert_int_equal(out.taken.wrongs, 0);
		assert_int_equal(out.taken.gaps, way == 0);
		scene_end(&scene);
	}
}

/* Makes one chunk of all that the kit has of the log that comes last. */
static void
kit_join(struct scene *scene)
{
	struct stick_kit *kit = &scene->kit;
	struct bytes headers[MSG_HEADERS_MAX];
	size_t run = last_of(kit, MSG_RUN);
	uint64_t bodies = 0;
	struct log_id log;
	size_t first = kit->n;
	size_t n = 0;
	struct msg msg;
	struct msg all = {.type = MSG_CHUNK};

	decode(scene, run, &msg);
	log = msg.u.run.entry.log;
	for (size_t i = 0; i < kit->n; i++) {
		uint8_t type = kit->messages[i].p[0];

		if (type == MSG_RUN || type == MSG_BODIES || type == MSG_CHUNK)
			decode(scene, i, &msg);
		if (type == MSG_RUN && first == kit->n &&
		    memcmp(&msg.u.run.entry.log, &log, sizeof(log)) == 0)
			first = i;
		if (i <= first)
			continue;
		if (type == MSG_CHUNK) {
			for (size_t k = 0; k < msg.u.chunk.n; k++)
				headers[n++] = msg.u.chunk.headers[k];
			all.u.chunk.proof = msg.u.chunk.proof;
		} else if (type == MSG_BODIES) {
			bodies += msg.u.bodies.n;
		}
		if (type != MSG_BODIES)
			kit_remove(kit, i--);
	}
	all.u.chunk.n = n;
	all.u.chunk.headers = headers;
	all.u.chunk.bodies_n = bodies;
	kit_insert(kit, first, first + 1);
	buf_cut(&kit->messages[first + 1], 0);
	msg_encode(&all, &kit->messages[first + 1]);
}

/* Bodies of one chunk that are more than are kept in memory: what came first
 * is taken, the rest one by one, and what is missing at the end is no wrong. */
static void
a_chunk_of_many_bytes_is_taken_in_pieces(void **state)
{
	(void)state;
	for (unsigned way = 0; way < 2; way++) {
		struct scene scene;
		struct stick_taken out;

		scene_begin(&scene, 20 + way, 30, 120000);
		kit_join(&scene);
		if (way == 1)
			kit_remove(&scene.kit, scene.kit.n - 1);
		out = try(&scene);
		assert_int_equal(out.taken.troubles_all, 0);
		assert_int_equal(town_deltas(&scene.town, scene.victim),
		    town_deltas(&scene.town, 0));
		scene_end(&scene);
	}
}

/* Seals `message` alone to node `to`, as the file "bad". */
static void
seal(struct town *town, size_t to, struct bytes message)
{
	struct sign_key key = town_key(town, to);
	struct squeeze squeeze = {0};
	struct buf content = {0};
	struct bundle_draw draw;
	struct bundle_keys keys;
	struct buf file = {0};
	struct bundle_block block = {.begins = true, .ends = true};

	prng_fill(&town->prng, &draw, sizeof(draw));
	assert_int_equal(
	    bundle_put_header(&draw, &key, 1, &file, &keys), ERR_OK);
	buf_add_be32(&content, (uint32_t)message.n);
	buf_add(&content, message);
	block.content = buf_bytes(&content);
	assert_int_equal(
	    bundle_put_block(&keys, &squeeze, &block, &file), ERR_OK);
	stick_save(town, "bad", buf_bytes(&file));
	squeeze_fini(&squeeze);
	buf_fini(&content);
	buf_fini(&file);
}

/* Who node `at` says made the file `name`. */
static enum err
maker_of(struct town *town, size_t at, const char *name)
{
	struct bundle_reader *reader;
	struct bundle_about about;
	enum err e;

	assert_int_equal(bundle_read_open(tempdir_at(&town->dir, name),
			     store_identity(town_store(town, at)), &reader),
	    ERR_OK);
	e = bundle_show_from(reader, &about);
	bundle_read_close(reader);
	return e;
}

static void
what_does_not_say_who_made_it_is_refused(void **state)
{
	static const char *const why[] = {"cannot be read", "does not begin"};
	struct scene scene;
	struct stick_taken out;
	uint8_t about[BUNDLE_MSG_ABOUT_SIZE - 1] = {BUNDLE_MSG_ABOUT};

	(void)state;
	scene_begin(&scene, 40, 1, 6);
	for (unsigned way = 0; way < 2; way++) {
		struct bytes message = bytes_of(about, sizeof(about));
		uint64_t held = town_deltas(&scene.town, scene.victim);

		if (way == 1)
			message = buf_bytes(
			    &scene.kit.messages[last_of(&scene.kit, MSG_RUN)]);
		seal(&scene.town, scene.victim, message);
		out = stick_take(&scene.town, scene.victim, "bad");
		assert_int_equal(out.taken.parts_refused, 1);
		assert_int_equal(out.taken.refused.code, ERR_MALFORMED);
		assert_non_null(strstr(out.taken.refused.text, why[way]));
		assert_int_equal(town_deltas(&scene.town, scene.victim), held);
		assert_int_equal(
		    maker_of(&scene.town, scene.victim, "bad"), ERR_MALFORMED);
		assert_int_equal(
		    maker_of(&scene.town, scene.member, "bad"), ERR_DENIED);
	}
	assert_int_equal(maker_of(&scene.town, scene.victim, "good"), ERR_OK);
	scene_end(&scene);
}

/* What the victim is shown of the file `name`. */
static void
show(struct scene *scene, const char *name, struct bundle_shown *shown)
{
	struct bundle_reader *reader;

	assert_int_equal(
	    bundle_read_open(tempdir_at(&scene->town.dir, name),
		store_identity(town_store(&scene->town, scene->victim)),
		&reader),
	    ERR_OK);
	assert_int_equal(bundle_show_read(reader, shown, NULL, NULL), ERR_OK);
	bundle_read_close(reader);
}

/* Under the founder's key, and signed by another. */
static void
who_did_not_make_it_is_not_shown_as_its_maker(void **state)
{
	struct bundle_shown shown;
	struct identity keys;
	struct scene scene;

	(void)state;
	scene_begin(&scene, 41, 1, 6);
	keys = *store_identity(town_store(&scene.town, scene.member));
	stick_kit_save(&scene.town, &scene.kit, &keys, scene.victim, "bad");
	show(&scene, "bad", &shown);
	assert_true(shown.has_about && shown.is_signed);
	bundle_show_fini(&shown);
	keys.key = town_key(&scene.town, 0);
	stick_kit_save(&scene.town, &scene.kit, &keys, scene.victim, "bad");
	show(&scene, "bad", &shown);
	assert_true(shown.has_about && !shown.is_signed);
	bundle_show_fini(&shown);
	assert_int_equal(
	    maker_of(&scene.town, scene.victim, "bad"), ERR_MALFORMED);
	crypto_wipe(&keys, sizeof(keys));
	scene_end(&scene);
}

/* Runs of more spaces than any store has, and headers behind the last. */
static void
spaces_beyond_what_there_can_be_are_not_listed(void **state)
{
	struct stick_kit *kit;
	struct bundle_shown shown;
	struct scene scene;
	struct buf chunk = {0};
	struct buf *first;
	struct msg msg;

	(void)state;
	scene_begin(&scene, 42, 1, 6);
	kit = &scene.kit;
	first = &kit->messages[last_of(kit, MSG_RUN)];
	assert_int_equal(
	    msg_decode(buf_bytes(first), &scene.arena, &msg), ERR_OK);
	buf_add(&chunk, buf_bytes(&kit->messages[last_of(kit, MSG_CHUNK)]));
	for (size_t i = 0; i < kit->n; i++)
		buf_cut(&kit->messages[i], 0);
	for (kit->n = 0; kit->n <= LIMIT_SPACES; kit->n++) {
		char name[32];

		(void)snprintf(name, sizeof(name), "d%02zu/c%03zu/case",
		    kit->n / 1000, kit->n % 1000);
		msg.u.run.name.space = town_space(name);
		bytes_put_be32(msg.u.run.entry.log.b, (uint32_t)kit->n);
		msg_encode(&msg, &kit->messages[kit->n]);
	}
	buf_add(&kit->messages[kit->n++], buf_bytes(&chunk));
	stick_kit_save(&scene.town, kit,
	    store_identity(town_store(&scene.town, scene.member)), scene.victim,
	    "bad");
	show(&scene, "bad", &shown);
	assert_int_equal(shown.spaces_n, LIMIT_SPACES);
	assert_int_equal(shown.logs, LIMIT_SPACES);
	assert_int_equal(shown.deltas, 0);
	bundle_show_fini(&shown);
	buf_fini(&chunk);
	scene_end(&scene);
}

static void
a_bundle_is_for_somebody_and_not_for_too_many(void **state)
{
	struct sign_key keys[LIMIT_BUNDLE_RECEIVERS + 1];
	struct bundle_want want = {.to = keys};
	struct bundle_plan plan;
	struct town town;

	(void)state;
	town_init(&town, 50);
	for (size_t i = 0; i < COUNT_OF(keys); i++)
		memset(keys[i].b, (int)i, sizeof(keys[i].b));
	assert_int_equal(store_begin(town_store(&town, 0), false), ERR_OK);
	assert_int_equal(
	    bundle_plan_make(town_store(&town, 0), &want, &plan), ERR_INVALID);
	want.to_n = COUNT_OF(keys);
	assert_int_equal(
	    bundle_plan_make(town_store(&town, 0), &want, &plan), ERR_INVALID);
	/* As many as may be: and then who they are matters. */
	want.to_n--;
	assert_int_equal(
	    bundle_plan_make(town_store(&town, 0), &want, &plan), ERR_DENIED);
	store_abort(town_store(&town, 0));
	town_fini(&town);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(headers_out_of_place_are_said),
	    cmocka_unit_test(bodies_alone_find_their_log_or_are_a_gap),
	    cmocka_unit_test(a_chunk_of_many_bytes_is_taken_in_pieces),
	    cmocka_unit_test(what_does_not_say_who_made_it_is_refused),
	    cmocka_unit_test(who_did_not_make_it_is_not_shown_as_its_maker),
	    cmocka_unit_test(spaces_beyond_what_there_can_be_are_not_listed),
	    cmocka_unit_test(a_bundle_is_for_somebody_and_not_for_too_many),
	};

	if (crypto_start() != ERR_OK)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
