/*
 * Holding is a backup: what neighbours keep without reading a word comes back
 * readable to whoever wrote it and has its keys, and to nobody else.
 *
 * LINK: -Wl,--wrap=msg_encode
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/file.h"
#include "proto/body.h"
#include "proto/msg.h"
#include "tests/lib/wire.h"

#define SPACE "d01/c001/case"
#define CANARY "카나리아-"

enum { RECORDS = 12 };

void __real_msg_encode(const struct msg *msg, struct buf *out);
void __wrap_msg_encode(const struct msg *msg, struct buf *out);

/* From now on whoever sends a wrap changes it. */
static bool lying;
/* Bodies sent with a wrap, and sealed ones. */
static size_t wraps_out;
static size_t sealed_out;

void
__wrap_msg_encode(const struct msg *msg, struct buf *out)
{
	static struct msg_body bodies[MSG_BODIES_MAX];
	struct msg copy = *msg;

	if (msg->type != MSG_BODIES) {
		__real_msg_encode(msg, out);
		return;
	}
	for (size_t i = 0; i < msg->u.bodies.n; i++) {
		bodies[i] = msg->u.bodies.bodies[i];
		wraps_out += bodies[i].has_wrap;
		sealed_out += bodies[i].sealed.n > 0;
		bodies[i].wrap.b[7] ^= lying;
	}
	copy.u.bodies.bodies = bodies;
	__real_msg_encode(&copy, out);
}

/* Node 0 is root and reads nothing of the space; the others are what they are
 * called. */
struct scene {
	struct town town;
	size_t author;
	size_t holder;
};

/* The author writes `n` records with a value of each class. */
static void
write_records(struct scene *scene, size_t by, int n)
{
	static const char *const fields[CLASS_COUNT] = {
	    "name", "phone", "health", "income"};

	for (int i = 0; i < n; i++) {
		struct store_edit edits[CLASS_COUNT];
		struct store_write write = {.space = town_space(SPACE),
		    .create = true,
		    .collection = bytes_text("card"),
		    .edits = edits,
		    .edits_n = CLASS_COUNT};
		struct record_id id;
		bool changed;

		for (unsigned c = 0; c < CLASS_COUNT; c++) {
			char text[64];

			(void)snprintf(
			    text, sizeof(text), CANARY "%u-%d", c, i);
			edits[c] = town_edit(
			    OP_SET, fields[c], town_text(text));
			edits[c].class = (enum delta_class)c;
		}
		assert_int_equal(
		    town_write(&scene->town, by, &write, &id, &changed),
		    ERR_OK);
	}
}

static void
scene_init(struct scene *scene)
{
	lying = false;
	wraps_out = 0;
	sealed_out = 0;
	town_init(&scene->town, 1);
	scene->author = town_member(&scene->town, "d01", "read:NPSF,write");
	scene->holder = town_member(&scene->town, "d01", "hold");
	town_copy(&scene->town, 0, scene->author);
	write_records(scene, scene->author, RECORDS);
}

/* One more member, which all know. */
static size_t
member(struct scene *scene, const char *rights)
{
	struct town *town = &scene->town;
	size_t i = town_member(town, "d01", rights);

	town_copy(town, 0, scene->author);
	town_copy(town, 0, scene->holder);
	return i;
}

/* How many bodies of SPACE node `i` holds in each form, over all its logs. */
struct forms {
	size_t n[BODY_KEPT + 1];
	size_t all;
};

static struct forms
forms_of(struct scene *scene, size_t i)
{
	struct store *store = town_store(&scene->town, i);
	struct space name = town_space(SPACE);
	struct forms forms = {0};
	struct log **logs;
	size_t n;

	assert_int_equal(store_begin(store, false), ERR_OK);
	assert_int_equal(oplog_all(store_txn(store),
			     space_find(store_txn(store), &name), &logs, &n),
	    ERR_OK);
	for (size_t k = 0; k < n; k++) {
		for (uint64_t seq = 0; seq < logs[k]->frontier.size; seq++) {
			struct stored_delta stored;
			struct stored_body body;

			assert_int_equal(
			    oplog_get(store_txn(store), logs[k], seq, &stored),
			    ERR_OK);
			while (oplog_body_next(&stored.bodies, &body)) {
				forms.n[body.form]++;
				forms.all++;
			}
		}
	}
	store_abort(store);
	return forms;
}

/* All bodies that node `i` holds are held as `form`, and there are some. */
static void
assert_forms(struct scene *scene, size_t i, enum body_form form)
{
	struct forms forms = forms_of(scene, i);

	assert_true(forms.all >= RECORDS * CLASS_COUNT);
	assert_int_equal(forms.n[form], forms.all);
	wire_assert_sound(&scene->town, i);
}

/* The file of node `i`. */
static struct buf
disk_of(struct scene *scene, size_t i)
{
	char path[3 * TEMPDIR_PATH_SIZE];
	struct buf file = {0};

	(void)snprintf(
	    path, sizeof(path), "%s/data.mdb", scene->town.nodes[i].dir);
	assert_int_equal(file_read(path, (size_t)1 << 30, &file), ERR_OK);
	return file;
}

static size_t
hits(struct bytes in, struct bytes word)
{
	size_t n = 0;

	for (size_t i = 0; i + word.n <= in.n; i++)
		n += bytes_begins(bytes_after(in, i), word);
	return n;
}

/* How many of the secrets that the author has, and of their wraps, lie on the
 * disk of node `i`. */
struct leaks {
	size_t secrets;
	size_t wraps[CLASS_COUNT];
	size_t plain;
};

static struct leaks
leaks_of(struct scene *scene, size_t i)
{
	struct store *store = town_store(&scene->town, scene->author);
	struct space name = town_space(SPACE);
	struct buf disk = disk_of(scene, i);
	struct leaks leaks = {
	    .plain = hits(buf_bytes(&disk), bytes_text(CANARY))};
	struct secret key;
	struct log **logs;
	size_t n;

	identity_backup_key(store_identity(store), &key);
	assert_int_equal(store_begin(store, false), ERR_OK);
	assert_int_equal(oplog_all(store_txn(store),
			     space_find(store_txn(store), &name), &logs, &n),
	    ERR_OK);
	assert_int_equal(n, 1);
	for (uint64_t seq = 0; seq < logs[0]->frontier.size; seq++) {
		struct stored_delta stored;
		struct stored_body body;

		assert_int_equal(
		    oplog_get(store_txn(store), logs[0], seq, &stored), ERR_OK);
		while (oplog_body_next(&stored.bodies, &body)) {
			struct secret secret;
			struct wrap wrap;
			struct hash tag;

			assert_int_equal(body.form, BODY_OPEN);
			memcpy(secret.b, body.key, sizeof(secret.b));
			body_tag(&secret, &tag);
			wrap_seal(&key, &secret, &tag, &wrap);
			leaks.secrets += hits(buf_bytes(&disk),
					     bytes_of(secret.b, 32)) > 0;
			leaks.wraps[body.class] += hits(buf_bytes(&disk),
						       bytes_of(wrap.b,
							   WRAP_SIZE)) > 0;
		}
	}
	store_abort(store);
	buf_fini(&disk);
	return leaks;
}

/* The author's store is gone; its keys meet node `from` in a new one. */
static size_t
come_back(struct scene *scene, size_t from)
{
	size_t again = town_again(&scene->town, scene->author);

	wire_sync(&scene->town, again, from);
	wire_sync(&scene->town, again, from);
	return again;
}

/* Nodes `a` and `b` hold the same and show the same. */
static void
assert_same(struct scene *scene, size_t a, size_t b)
{
	struct buf one = {0};
	struct buf two = {0};

	town_digests(&scene->town, a, &one);
	town_digests(&scene->town, b, &two);
	assert_true(bytes_equal(buf_bytes(&one), buf_bytes(&two)));
	buf_fini(&two);
	buf_fini(&one);
}

static void
what_a_neighbour_holds_comes_back_readable(void **state)
{
	struct scene scene;
	size_t reader;
	size_t again;

	(void)state;
	scene_init(&scene);
	reader = member(&scene, "read:NPSF");
	wire_sync(&scene.town, scene.author, scene.holder);
	wire_sync(&scene.town, scene.author, reader);
	assert_forms(&scene, scene.holder, BODY_KEPT);
	again = come_back(&scene, scene.holder);
	assert_forms(&scene, again, BODY_OPEN);
	assert_same(&scene, again, scene.author);
	assert_same(&scene, again, reader);
	/* It goes on, in a log of a new incarnation. */
	write_records(&scene, again, 3);
	wire_sync(&scene.town, again, scene.holder);
	wire_sync(&scene.town, again, reader);
	assert_same(&scene, again, reader);
	assert_forms(&scene, scene.holder, BODY_KEPT);
	town_fini(&scene.town);
}

static void
the_holder_has_no_word_and_no_secret(void **state)
{
	struct scene scene;
	struct leaks leaks;

	(void)state;
	scene_init(&scene);
	wire_sync(&scene.town, scene.author, scene.holder);
	leaks = leaks_of(&scene, scene.holder);
	assert_int_equal(leaks.plain, 0);
	assert_int_equal(leaks.secrets, 0);
	for (unsigned c = 0; c < CLASS_COUNT; c++)
		assert_int_equal(leaks.wraps[c], RECORDS);
	/* The oracle sees: the author's own store has all of its secrets. */
	leaks = leaks_of(&scene, scene.author);
	assert_int_equal(leaks.secrets, RECORDS * CLASS_COUNT);
	town_fini(&scene.town);
}

static void
who_reads_and_does_not_hold_gets_no_wraps(void **state)
{
	struct scene scene;
	struct leaks leaks;
	size_t reader;

	(void)state;
	scene_init(&scene);
	reader = member(&scene, "read:NPSF");
	wire_sync(&scene.town, scene.author, scene.holder);
	wraps_out = 0;
	wire_sync(&scene.town, scene.author, reader);
	wire_sync(&scene.town, scene.holder, reader);
	assert_int_equal(wraps_out, 0);
	leaks = leaks_of(&scene, reader);
	for (unsigned c = 0; c < CLASS_COUNT; c++)
		assert_int_equal(leaks.wraps[c], 0);
	town_fini(&scene.town);
}

static void
who_holds_and_reads_n_gets_wraps_of_the_rest(void **state)
{
	struct scene scene;
	struct leaks leaks;
	size_t both;

	(void)state;
	scene_init(&scene);
	both = member(&scene, "read:N,hold");
	wire_sync(&scene.town, scene.author, both);
	leaks = leaks_of(&scene, both);
	assert_int_equal(leaks.secrets, RECORDS);
	for (unsigned c = 0; c < CLASS_COUNT; c++)
		assert_int_equal(leaks.wraps[c], c == CLASS_N ? 0 : RECORDS);
	assert_forms(&scene, come_back(&scene, both), BODY_OPEN);
	town_fini(&scene.town);
}

/* It may read, and has got from holders what only the author opens. */
static void
who_gives_a_log_back_gets_its_secrets(void **state)
{
	struct scene scene;
	size_t both;
	size_t again;

	(void)state;
	scene_init(&scene);
	both = member(&scene, "read:NPSF,hold");
	wire_sync(&scene.town, scene.author, scene.holder);
	wire_sync(&scene.town, scene.holder, both);
	assert_forms(&scene, both, BODY_PASSED);
	again = town_again(&scene.town, scene.author);
	town_copy(&scene.town, 0, again);
	/* In one session, which ends with nothing owed. */
	wire_sync(&scene.town, again, both);
	assert_forms(&scene, again, BODY_OPEN);
	assert_forms(&scene, both, BODY_OPEN);
	assert_same(&scene, again, both);
	town_fini(&scene.town);
}

/* The wraps that it has came by others: only those of the author count. */
static void
who_holds_a_log_for_its_author_gets_its_wraps(void **state)
{
	struct scene scene;
	size_t second;
	size_t again;

	(void)state;
	scene_init(&scene);
	second = member(&scene, "hold");
	wire_sync(&scene.town, scene.author, scene.holder);
	wire_sync(&scene.town, scene.holder, second);
	assert_forms(&scene, second, BODY_PASSED);
	again = town_again(&scene.town, scene.author);
	town_copy(&scene.town, 0, again);
	wire_sync(&scene.town, again, second);
	assert_forms(&scene, again, BODY_OPEN);
	assert_forms(&scene, second, BODY_KEPT);
	town_fini(&scene.town);
}

/* The holder met a reader first, which has no wraps. */
static void
wraps_come_later_from_the_author(void **state)
{
	struct scene scene;
	size_t relay;
	size_t early;

	(void)state;
	scene_init(&scene);
	relay = member(&scene, "read:NPSF");
	wire_sync(&scene.town, scene.author, relay);
	wire_sync(&scene.town, relay, scene.holder);
	assert_int_equal(wraps_out, 0);
	assert_forms(&scene, scene.holder, BODY_BLIND);
	early = come_back(&scene, scene.holder);
	assert_forms(&scene, early, BODY_BLIND);
	sealed_out = 0;
	wire_sync(&scene.town, scene.author, scene.holder);
	assert_forms(&scene, scene.holder, BODY_KEPT);
	/* The sealed bodies were there. */
	assert_int_equal(sealed_out, 0);
	assert_true(wraps_out >= RECORDS * CLASS_COUNT);
	/* Whoever came back too early gets them too. */
	wire_sync(&scene.town, early, scene.holder);
	assert_forms(&scene, early, BODY_OPEN);
	assert_same(&scene, early, scene.author);
	/* And nothing is sent twice. */
	wraps_out = 0;
	wire_sync(&scene.town, scene.author, scene.holder);
	wire_sync(&scene.town, early, scene.holder);
	wire_sync(&scene.town, relay, scene.holder);
	assert_int_equal(wraps_out, 0);
	town_fini(&scene.town);
}

/* The relay reads N, and has no wraps of that: what the holder says that it has
 * could not rise by it, and each session would bring all others again. */
static void
wraps_behind_one_that_is_not_here_are_left_to_others(void **state)
{
	struct scene scene;
	size_t reader;
	size_t relay;

	(void)state;
	scene_init(&scene);
	reader = member(&scene, "read:NPSF");
	relay = member(&scene, "read:N,hold");
	wire_sync(&scene.town, scene.author, relay);
	wire_sync(&scene.town, scene.author, reader);
	wire_sync(&scene.town, reader, scene.holder);
	assert_forms(&scene, scene.holder, BODY_BLIND);
	wraps_out = 0;
	wire_sync(&scene.town, relay, scene.holder);
	assert_int_equal(wraps_out, 0);
	wire_sync(&scene.town, scene.author, scene.holder);
	assert_forms(&scene, scene.holder, BODY_KEPT);
	town_fini(&scene.town);
}

/* The relay has the first records open, of which it has no wraps, and wraps of
 * the others. */
static void
wraps_behind_what_is_open_here_are_left_to_others(void **state)
{
	struct scene scene;
	size_t reader;
	size_t relay;
	size_t late;

	(void)state;
	scene_init(&scene);
	reader = member(&scene, "read:NPSF");
	relay = member(&scene, "read:NPSF,hold");
	late = member(&scene, "hold");
	wire_sync(&scene.town, scene.author, relay);
	write_records(&scene, scene.author, 2);
	wire_sync(&scene.town, scene.author, scene.holder);
	wire_sync(&scene.town, scene.holder, relay);
	assert_int_equal(
	    forms_of(&scene, relay).n[BODY_PASSED], (size_t)2 * CLASS_COUNT);
	wire_sync(&scene.town, scene.author, reader);
	wire_sync(&scene.town, reader, late);
	assert_forms(&scene, late, BODY_BLIND);
	wraps_out = 0;
	wire_sync(&scene.town, relay, late);
	assert_int_equal(wraps_out, 0);
	wire_sync(&scene.town, scene.author, late);
	assert_forms(&scene, late, BODY_KEPT);
	town_fini(&scene.town);
}

/* Two sessions are open at once: what comes by one goes on by the other. */
static void
wraps_go_on_over_live_links(void **state)
{
	struct scene scene;
	struct wire wires[3];
	size_t relay;
	size_t second;

	(void)state;
	scene_init(&scene);
	relay = member(&scene, "read:NPSF");
	second = member(&scene, "hold");
	wire_sync(&scene.town, scene.author, relay);
	wire_open(&wires[0], &scene.town, relay, scene.holder, false);
	wire_open(&wires[1], &scene.town, scene.holder, second, false);
	wire_run(wires, 2);
	assert_forms(&scene, second, BODY_BLIND);
	wire_open(&wires[2], &scene.town, scene.author, scene.holder, false);
	wire_run(wires, 3);
	write_records(&scene, scene.author, 2);
	wire_run(wires, 3);
	for (size_t i = 0; i < 3; i++) {
		assert_true(session_is_idle(wires[i].ends[0].session));
		assert_true(session_is_idle(wires[i].ends[1].session));
		wire_close(&wires[i]);
	}
	assert_forms(&scene, scene.holder, BODY_KEPT);
	assert_forms(&scene, second, BODY_PASSED);
	assert_forms(&scene, come_back(&scene, second), BODY_OPEN);
	town_fini(&scene.town);
}

/* What a relay made up cannot be told from a wrap, but it does no more harm
 * than none, and the author's own take its place. */
static void
made_up_wraps_are_passed_over_and_mended(void **state)
{
	struct scene scene;
	size_t second;
	size_t again;

	(void)state;
	scene_init(&scene);
	second = member(&scene, "hold");
	wire_sync(&scene.town, scene.author, scene.holder);
	lying = true;
	wire_sync(&scene.town, scene.holder, second);
	lying = false;
	assert_forms(&scene, second, BODY_PASSED);
	again = come_back(&scene, second);
	assert_forms(&scene, again, BODY_BLIND);
	wire_sync(&scene.town, again, scene.holder);
	assert_forms(&scene, again, BODY_OPEN);
	wire_sync(&scene.town, scene.author, second);
	assert_forms(&scene, second, BODY_KEPT);
	assert_forms(&scene, come_back(&scene, second), BODY_OPEN);
	town_fini(&scene.town);
}

/* The seed of its signatures alone, which a thief may have, opens nothing. */
static void
without_the_actor_key_nothing_opens(void **state)
{
	struct scene scene;
	struct town *town = &scene.town;
	struct identity keys;
	size_t again;

	(void)state;
	scene_init(&scene);
	wire_sync(town, scene.author, scene.holder);
	keys = *store_identity(town_store(town, scene.author));
	keys.actor_key[0] ^= 1;
	again = town_with(town, &keys);
	wire_sync(town, again, scene.holder);
	wire_sync(town, again, scene.holder);
	assert_forms(&scene, again, BODY_BLIND);
	town_fini(town);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_a_neighbour_holds_comes_back_readable),
	    cmocka_unit_test(the_holder_has_no_word_and_no_secret),
	    cmocka_unit_test(who_reads_and_does_not_hold_gets_no_wraps),
	    cmocka_unit_test(who_holds_and_reads_n_gets_wraps_of_the_rest),
	    cmocka_unit_test(who_gives_a_log_back_gets_its_secrets),
	    cmocka_unit_test(who_holds_a_log_for_its_author_gets_its_wraps),
	    cmocka_unit_test(wraps_come_later_from_the_author),
	    cmocka_unit_test(
		wraps_behind_one_that_is_not_here_are_left_to_others),
	    cmocka_unit_test(wraps_behind_what_is_open_here_are_left_to_others),
	    cmocka_unit_test(wraps_go_on_over_live_links),
	    cmocka_unit_test(made_up_wraps_are_passed_over_and_mended),
	    cmocka_unit_test(without_the_actor_key_nothing_opens),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
