/*
 * Promises of core/parcel.h: authority goes from store to store as a file, and
 * nothing in it is believed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/parcel.h"
#include "tests/lib/branches.h"
#include "tests/lib/wire.h"

/* A city with a district that admitted a centre, all known to node 0. */
struct scene {
	struct town town;
	size_t district;
	size_t centre;
	size_t guest; /* knows nothing yet */
	struct buf parcel;
};

static void
pack_up(struct scene *scene, size_t from)
{
	struct store *store = town_store(&scene->town, from);

	buf_cut(&scene->parcel, 0);
	assert_int_equal(store_begin(store, false), ERR_OK);
	assert_int_equal(parcel_put(store, &scene->parcel), ERR_OK);
	store_abort(store);
}

static void
scene_begin(struct scene *scene, uint64_t seed)
{
	struct town *town = &scene->town;

	*scene = (struct scene){0};
	town_init(town, seed);
	scene->district = town_join(town);
	scene->centre = town_join(town);
	scene->guest = town_join(town);
	assert_int_equal(town_admit(town, 0, scene->district), ERR_OK);
	assert_int_equal(town_grant(town, 0, scene->district, "d03",
			     "hold,admin", "read:NPSF,hold,write"),
	    ERR_OK);
	town_copy(town, 0, scene->district);
	assert_int_equal(
	    town_admit(town, scene->district, scene->guest), ERR_OK);
	assert_int_equal(town_grant(town, scene->district, scene->guest,
			     "d03/c017", "read:NPSF,write", ""),
	    ERR_OK);
	town_copy(town, scene->district, 0);
	/* Data, which has no place in a parcel of authority. */
	assert_int_equal(
	    town_grant(town, 0, 0, "", "read:NPSF,write", ""), ERR_OK);
	(void)town_create(town, 0, "d03/c017/case", "하나");
	pack_up(scene, 0);
}

static void
scene_end(struct scene *scene)
{
	buf_fini(&scene->parcel);
	town_fini(&scene->town);
}

static enum err
take(
    struct scene *scene, size_t at, struct bytes in, struct parcel_taken *taken)
{
	struct store *store = town_store(&scene->town, at);
	enum err e;

	assert_int_equal(store_begin(store, true), ERR_OK);
	e = parcel_take(store, in, taken);
	if (e == ERR_OK)
		return store_commit(store);
	store_abort(store);
	return e;
}

static bool
may_write(struct scene *scene, size_t at, size_t who)
{
	struct store *store = town_store(&scene->town, at);
	struct sign_key key = town_key(&scene->town, who);
	struct space space = town_space("d03/c017/case");
	const struct authority *authority;
	bool may;

	assert_int_equal(store_begin(store, false), ERR_OK);
	assert_int_equal(store_authority(store, &authority), ERR_OK);
	may = authority_may(authority, &key, RIGHT_WRITE, &space, NULL);
	store_abort(store);
	return may;
}

static void
a_newcomer_learns_all_of_authority_and_may_write(void **state)
{
	struct parcel_taken taken;
	struct scene scene;
	struct town *town = &scene.town;

	(void)state;
	scene_begin(&scene, 1);
	assert_int_equal(
	    take(&scene, scene.guest, buf_bytes(&scene.parcel), &taken),
	    ERR_OK);
	/* But for the log of the data. */
	assert_int_equal(taken.deltas, town_deltas(town, 0) - 2);
	assert_int_equal(taken.dropped, 0);
	assert_int_equal(town_deltas(town, scene.guest), taken.deltas);
	assert_true(may_write(&scene, scene.guest, scene.guest));
	(void)town_create(town, scene.guest, "d03/c017/case", "둘");
	wire_assert_sound(town, scene.guest);
	assert_int_equal(
	    take(&scene, scene.guest, buf_bytes(&scene.parcel), &taken),
	    ERR_OK);
	assert_int_equal(taken.deltas, 0);
	wire_sync(town, scene.guest, 0);
	wire_assert_sound(town, 0);
	scene_end(&scene);
}

/* What is newer than the store is added to it. */
static void
a_later_parcel_brings_what_is_new(void **state)
{
	struct parcel_taken taken;
	struct scene scene;

	(void)state;
	scene_begin(&scene, 2);
	assert_int_equal(
	    take(&scene, scene.guest, buf_bytes(&scene.parcel), &taken),
	    ERR_OK);
	assert_int_equal(
	    town_admit(&scene.town, scene.district, scene.centre), ERR_OK);
	pack_up(&scene, scene.district);
	assert_int_equal(
	    take(&scene, scene.guest, buf_bytes(&scene.parcel), &taken),
	    ERR_OK);
	assert_int_equal(taken.deltas, 1);
	wire_assert_sound(&scene.town, scene.guest);
	scene_end(&scene);
}

/* The district was set back in time and wrote once more: both branches go
 * along. */
static void
both_branches_of_a_forked_log_go_along(void **state)
{
	struct parcel_taken taken;
	struct backup backup = {0};
	struct scene scene;
	struct town *town = &scene.town;
	uint64_t held;

	(void)state;
	scene_begin(&scene, 7);
	backup_take(town, scene.district, &backup);
	for (size_t i = 0; i < 2; i++) {
		backup_put(town, scene.district, &backup);
		assert_int_equal(
		    town_admit(town, scene.district, scene.centre), ERR_OK);
		pack_up(&scene, scene.district);
		assert_int_equal(
		    take(&scene, 0, buf_bytes(&scene.parcel), &taken), ERR_OK);
		assert_int_equal(taken.deltas, 1);
	}
	pack_up(&scene, 0);
	held = town_deltas(town, 0) - 2;
	assert_int_equal(
	    take(&scene, scene.guest, buf_bytes(&scene.parcel), &taken),
	    ERR_OK);
	assert_int_equal(taken.dropped, 0);
	assert_int_equal(town_deltas(town, scene.guest), held);
	assert_true(may_write(&scene, scene.guest, scene.guest));
	wire_assert_sound(town, scene.guest);
	wire_assert_sound(town, 0);
	backup_fini(&backup);
	scene_end(&scene);
}

static void
every_cut_and_every_changed_byte_is_refused(void **state)
{
	struct parcel_taken taken;
	struct scene scene;
	struct city_id city;

	(void)state;
	scene_begin(&scene, 3);
	for (size_t i = 0; i < scene.parcel.n; i++) {
		struct bytes all = buf_bytes(&scene.parcel);
		enum err e;

		assert_int_equal(
		    parcel_check(bytes_first(all, i), &city), ERR_MALFORMED);
		scene.parcel.p[i] ^= (uint8_t)(1u << i % 8);
		e = parcel_check(all, &city);
		assert_true(e == ERR_MALFORMED || e == ERR_VERSION);
		scene.parcel.p[i] ^= (uint8_t)(1u << i % 8);
	}
	assert_int_equal(parcel_check(buf_bytes(&scene.parcel), &city), ERR_OK);
	assert_memory_equal(&city, &scene.town.city, sizeof(city));
	assert_int_equal(
	    take(&scene, scene.guest,
		bytes_first(buf_bytes(&scene.parcel), 100), &taken),
	    ERR_MALFORMED);
	assert_int_equal(town_deltas(&scene.town, scene.guest), 0);
	scene_end(&scene);
}

/* The sum is nobody's signature: whoever changes a parcel can make it anew. */
static void
sum_anew(struct buf *parcel)
{
	struct hash sum;

	crypto_sha256_two(bytes_text("golmok/parcel/sum"),
	    bytes_first(buf_bytes(parcel), parcel->n - 32), &sum);
	memcpy(parcel->p + parcel->n - 32, sum.b, 32);
}

static void
a_forged_parcel_harms_nobody(void **state)
{
	struct parcel_taken taken;
	struct scene scene;
	struct town *town = &scene.town;
	size_t refused = 0;

	(void)state;
	scene_begin(&scene, 4);
	for (size_t i = 48; i + 32 < scene.parcel.n; i += 7) {
		uint8_t was = scene.parcel.p[i];
		enum err e;

		scene.parcel.p[i] ^= (uint8_t)(1u << i % 8);
		sum_anew(&scene.parcel);
		assert_int_equal(
		    store_begin(town_store(town, scene.guest), true), ERR_OK);
		e = parcel_take(town_store(town, scene.guest),
		    buf_bytes(&scene.parcel), &taken);
		store_abort(town_store(town, scene.guest));
		assert_true(
		    e == ERR_OK || e == ERR_MALFORMED || e == ERR_INVALID);
		refused += e != ERR_OK || taken.dropped > 0;
		scene.parcel.p[i] = was;
	}
	/* What is left says how much the sender holds, and no more. */
	assert_true(refused > (scene.parcel.n - 80) / 7 * 8 / 10);
	sum_anew(&scene.parcel);
	assert_int_equal(
	    take(&scene, scene.guest, buf_bytes(&scene.parcel), &taken),
	    ERR_OK);
	assert_true(may_write(&scene, scene.guest, scene.guest));
	scene_end(&scene);
}

/* Where the messages of the parcel begin; gives how many there are. */
static size_t
messages_of(const struct scene *scene, struct bytes *messages, size_t max)
{
	struct bytes rest = bytes_slice(
	    buf_bytes(&scene->parcel), 48, scene->parcel.n - 48 - 32);
	size_t n = 0;

	while (rest.n > 0) {
		size_t size = 4 + bytes_be32(rest.p);

		assert_true(n < max);
		messages[n++] = bytes_first(rest, size);
		rest = bytes_after(rest, size);
	}
	return n;
}

/* The guest refuses a parcel of these bytes for `why`, and keeps nothing. */
static void
assert_refused(struct scene *scene, struct bytes content, const char *why)
{
	struct parcel_taken taken;
	struct buf parcel = {0};

	buf_add(&parcel, bytes_first(buf_bytes(&scene->parcel), 48));
	buf_add(&parcel, content);
	memset(buf_extend(&parcel, 32), 0, 32);
	sum_anew(&parcel);
	assert_int_equal(take(scene, scene->guest, buf_bytes(&parcel), &taken),
	    ERR_MALFORMED);
	assert_non_null(strstr(err_text(), why));
	assert_int_equal(town_deltas(&scene->town, scene->guest), 0);
	buf_fini(&parcel);
}

static void
messages_out_of_place_are_refused(void **state)
{
	static const char nowhere[] = "does not belong here";
	struct bytes messages[64];
	struct scene scene;
	struct buf content = {0};
	size_t n;

	(void)state;
	scene_begin(&scene, 7);
	n = messages_of(&scene, messages, COUNT_OF(messages));
	assert_true(n > 3);
	assert_int_equal(messages[0].p[4], MSG_RUN);
	assert_int_equal(messages[1].p[4], MSG_CHUNK);
	assert_int_equal(messages[2].p[4], MSG_BODIES);
	assert_int_equal(messages[n - 1].p[4], MSG_BODIES);
	/* Headers without a run, bodies without headers, and twice. */
	assert_refused(&scene, messages[1], nowhere);
	buf_add(&content, messages[0]);
	assert_refused(&scene, messages[2], nowhere);
	buf_add(&content, messages[1]);
	assert_refused(&scene, buf_bytes(&content), "bodies are missing");
	buf_add(&content, messages[0]);
	assert_refused(&scene, buf_bytes(&content), "belong nowhere");
	buf_cut(&content, content.n - messages[0].n);
	buf_add(&content, messages[2]);
	buf_add(&content, messages[2]);
	assert_refused(&scene, buf_bytes(&content), nowhere);
	/* Bytes behind the last message, and a length beyond the end. */
	buf_cut(&content, content.n - messages[2].n);
	buf_add(&content, bytes_of("\0\0\0", 3));
	assert_refused(&scene, buf_bytes(&content), "behind the last message");
	buf_add(&content, bytes_of("\1", 1));
	assert_refused(&scene, buf_bytes(&content), "a message of 1 bytes");
	buf_fini(&content);
	scene_end(&scene);
}

static void
message_add(const struct msg *msg, struct buf *content)
{
	struct buf message = {0};

	msg_encode(msg, &message);
	buf_add_be32(content, (uint32_t)message.n);
	buf_add(content, buf_bytes(&message));
	buf_fini(&message);
}

/* As if the sender had nothing of what comes before. */
static void
a_run_from_behind_a_gap_is_dropped(void **state)
{
	struct bytes messages[64] = {{0}};
	struct parcel_taken taken;
	struct scene scene;
	struct arena arena = {0};
	struct buf content = {0};
	struct msg msg;

	(void)state;
	scene_begin(&scene, 8);
	(void)messages_of(&scene, messages, COUNT_OF(messages));
	assert_int_equal(
	    msg_decode(bytes_after(messages[0], 4), &arena, &msg), ERR_OK);
	buf_add(&content, bytes_first(buf_bytes(&scene.parcel), 48));
	msg.u.run.from = 1;
	message_add(&msg, &content);
	/* The same without its first header, and without bodies. */
	assert_int_equal(
	    msg_decode(bytes_after(messages[1], 4), &arena, &msg), ERR_OK);
	assert_true(msg.u.chunk.n > 1);
	msg.u.chunk.headers++;
	msg.u.chunk.n--;
	msg.u.chunk.bodies_n = 0;
	message_add(&msg, &content);
	memset(buf_extend(&content, 32), 0, 32);
	sum_anew(&content);
	assert_int_equal(
	    take(&scene, scene.guest, buf_bytes(&content), &taken), ERR_OK);
	assert_int_equal(taken.deltas, 0);
	assert_int_equal(taken.dropped, 1);
	assert_int_equal(town_deltas(&scene.town, scene.guest), 0);
	arena_fini(&arena);
	buf_fini(&content);
	scene_end(&scene);
}

/* The third message is the bodies of the first chunk. */
static void
bodies_are_those_that_their_chunk_counts(void **state)
{
	struct bytes messages[64] = {{0}};
	struct msg_body more[64];
	struct arena arena = {0};
	struct scene scene;
	struct buf content = {0};
	struct buf message = {0};
	struct msg msg;

	(void)state;
	scene_begin(&scene, 8);
	(void)messages_of(&scene, messages, COUNT_OF(messages));
	buf_add(&content, messages[0]);
	buf_add(&content, messages[1]);
	assert_int_equal(
	    msg_decode(bytes_after(messages[2], 4), &arena, &msg), ERR_OK);
	assert_int_equal(msg.type, MSG_BODIES);
	assert_true(msg.u.bodies.n > 0 && msg.u.bodies.n < COUNT_OF(more));
	for (size_t i = 0; i <= msg.u.bodies.n; i++)
		more[i] = msg.u.bodies.bodies[i > 0 ? i - 1 : 0];
	for (int i = 0; i < 2; i++) {
		struct msg wrong = msg;

		if (i == 0) {
			wrong.u.bodies.bodies = more;
			wrong.u.bodies.n++;
		} else {
			wrong.u.bodies.in_chunk = false;
		}
		buf_cut(&message, 0);
		msg_encode(&wrong, &message);
		buf_cut(&content, messages[0].n + messages[1].n);
		buf_add_be32(&content, (uint32_t)message.n);
		buf_add(&content, buf_bytes(&message));
		assert_refused(&scene, buf_bytes(&content), "belong nowhere");
	}
	/* A message larger than any, which is there. */
	buf_cut(&content, messages[0].n);
	buf_add_be32(&content, LIMIT_FRAME_SIZE + 1);
	memset(buf_extend(&content, LIMIT_FRAME_SIZE + 1), 0,
	    LIMIT_FRAME_SIZE + 1);
	assert_refused(&scene, buf_bytes(&content), "a message of");
	buf_fini(&content);
	buf_fini(&message);
	arena_fini(&arena);
	scene_end(&scene);
}

static void
a_parcel_of_another_city_is_refused(void **state)
{
	struct parcel_taken taken;
	struct scene scene;
	struct scene other;

	(void)state;
	scene_begin(&scene, 5);
	scene_begin(&other, 6);
	assert_int_equal(
	    take(&scene, scene.guest, buf_bytes(&other.parcel), &taken),
	    ERR_EXISTS);
	/* Nor does another name on it help. */
	memcpy(other.parcel.p + 16, scene.town.city.b, 32);
	sum_anew(&other.parcel);
	assert_int_not_equal(
	    take(&scene, scene.guest, buf_bytes(&other.parcel), &taken),
	    ERR_OK);
	assert_int_equal(town_deltas(&scene.town, scene.guest), 0);
	scene_end(&other);
	scene_end(&scene);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_newcomer_learns_all_of_authority_and_may_write),
	    cmocka_unit_test(a_later_parcel_brings_what_is_new),
	    cmocka_unit_test(both_branches_of_a_forked_log_go_along),
	    cmocka_unit_test(every_cut_and_every_changed_byte_is_refused),
	    cmocka_unit_test(a_forged_parcel_harms_nobody),
	    cmocka_unit_test(messages_out_of_place_are_refused),
	    cmocka_unit_test(a_run_from_behind_a_gap_is_dropped),
	    cmocka_unit_test(bodies_are_those_that_their_chunk_counts),
	    cmocka_unit_test(a_parcel_of_another_city_is_refused),
	};

	if (crypto_start() != ERR_OK)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
