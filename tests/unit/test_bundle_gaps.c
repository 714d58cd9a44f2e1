/*
 * Runs of a bundle that do not begin where the receiver ends, or on another
 * branch than it holds; and what is believed of a receiver when a bundle is
 * planned for it (core/bundle_in.h, core/bundle_plan.h).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/bundle_in.h"
#include "core/clock.h"
#include "core/tree.h"
#include "tests/lib/branches.h"
#include "tests/lib/council.h"
#include "tests/lib/stick.h"
#include "tests/lib/wire.h"

#define CASES "d03/c017/case"
#define ALL "read:NPSF,hold,write"

/* The maker writes bundles for the keeper, which others get. */
enum { MAKER, KEEPER, OTHER, AUTHOR };
enum { COMMON = 5, LEFT = 4, RIGHT = 6 };

struct scene {
	struct town town;
	struct stick_kit kit;
	struct bundle_taken taken; /* of the last feed */
};

static void
well(enum err e)
{
	if (e != ERR_OK)
		fail_msg("%s: %s", err_name(e), err_text());
}

static int
scene_make(void **state)
{
	static struct scene scene;
	struct town *town = &scene.town;

	memset(&scene, 0, sizeof(scene));
	town_init(town, 61);
	for (size_t i = KEEPER; i <= AUTHOR; i++)
		assert_int_equal(town_member(town, "", ALL), i);
	well(town_grant(town, MAKER, MAKER, "", ALL, ""));
	town_meet(town);
	scene.taken.troubles = calloc(
	    BUNDLE_TROUBLES_MAX, sizeof(*scene.taken.troubles));
	assert_non_null(scene.taken.troubles);
	*state = &scene;
	return 0;
}

static int
scene_remove(void **state)
{
	struct scene *scene = *state;

	for (size_t i = 0; i < scene->town.n; i++)
		wire_assert_sound(&scene->town, i);
	stick_kit_fini(&scene->kit);
	free(scene->taken.troubles);
	town_fini(&scene->town);
	return 0;
}

static void
write_some(struct scene *scene, size_t i, unsigned n, size_t size)
{
	struct town *town = &scene->town;
	char *text = calloc(1, size + 1);

	assert_non_null(text);
	for (unsigned k = 0; k < n; k++) {
		prng_fill(&town->prng, text, size);
		for (size_t at = 0; at < size; at++)
			text[at] = (char)('0' + (text[at] & 63));
		(void)town_create(town, i, CASES, text);
	}
	town->now_ms += 1000;
	free(text);
}

/* What is new to the keeper. */
static void
news_load(struct scene *scene)
{
	(void)stick_send(&scene->town, MAKER, KEEPER, "news");
	stick_kit_fini(&scene->kit);
	stick_kit_load(&scene->town, KEEPER, "news", &scene->kit);
}

/* Begins to take from the maker in a transaction of node `at`. */
static void
feed_begin(
    struct scene *scene, size_t at, struct bundle_in *in, struct secret *backup)
{
	struct store *store = town_store(&scene->town, at);
	struct bundle_trouble *troubles = scene->taken.troubles;

	scene->taken = (struct bundle_taken){.troubles = troubles};
	*in = (struct bundle_in){.store = store,
	    .taken = &scene->taken,
	    .backup = backup,
	    .from = town_key(&scene->town, MAKER)};
	identity_backup_key(store_identity(store), backup);
	well(store_begin(store, true));
}

/* Gives node `at` the messages of the kit but those of `without`; nothing of
 * it stays. */
static void
feed(struct scene *scene, size_t at, uint8_t without)
{
	struct secret backup;
	struct bundle_in in;

	feed_begin(scene, at, &in, &backup);
	for (size_t i = 0; i < scene->kit.n; i++) {
		struct bytes message = buf_bytes(&scene->kit.messages[i]);

		if (message.p[0] != MSG_CLOCK &&
		    message.p[0] != BUNDLE_MSG_SUM && message.p[0] != without)
			well(bundle_in_message(&in, message));
	}
	well(bundle_in_lost(&in));
	bundle_in_fini(&in);
	store_abort(in.store);
}

/* However many segments a run has, it misses the same; with or without the
 * headers that its bodies are of. */
static void
a_gap_is_told_once_and_says_what_is_missing(void **state)
{
	struct scene *scene = *state;
	const struct bundle_trouble *gap = &scene->taken.troubles[0];

	write_some(scene, MAKER, 3, 6);
	wire_sync(&scene->town, MAKER, KEEPER);
	write_some(scene, MAKER, 30, 9000);
	news_load(scene);
	for (uint64_t held = 0; held < 3; held++) {
		if (held > 0)
			town_carry(&scene->town, MAKER, OTHER,
			    &(struct town_cargo){
				.space = CASES, .deltas_max = held});
		for (unsigned way = 0; way < 2; way++) {
			feed(scene, OTHER, way == 0 ? 0 : MSG_CHUNK);
			assert_int_equal(scene->taken.troubles_all, 1);
			assert_int_equal(scene->taken.gaps, 1);
			assert_int_equal(scene->taken.deltas, 0);
			assert_string_equal(gap->space.text, CASES);
			assert_int_equal(gap->from, held);
			assert_int_equal(gap->until, 4);
		}
	}
	feed(scene, KEEPER, 0);
	assert_int_equal(scene->taken.troubles_all, 0);
	assert_int_equal(scene->taken.deltas, 30);
}

/* The author's log in two branches: the left one at the maker, the right one at
 * node `at`. */
static void
fork_make(struct scene *scene, size_t at)
{
	struct town *town = &scene->town;
	struct backup backup;

	write_some(scene, AUTHOR, COMMON - 1, 6);
	wire_sync(town, AUTHOR, MAKER);
	wire_sync(town, MAKER, at);
	backup_take(town, AUTHOR, &backup);
	write_some(scene, AUTHOR, RIGHT, 6);
	town_copy(town, AUTHOR, at);
	backup_put(town, AUTHOR, &backup);
	backup_fini(&backup);
	write_some(scene, AUTHOR, LEFT, 6);
	town_copy(town, AUTHOR, MAKER);
}

/* It begins behind the fork, on the branch that is not held: with all bodies,
 * and when the last of them do not come. */
static void
a_run_on_another_branch_says_what_to_ask_for(void **state)
{
	struct scene *scene = *state;
	size_t last;

	fork_make(scene, OTHER);
	wire_sync(&scene->town, MAKER, KEEPER);
	write_some(scene, AUTHOR, 3, 6);
	town_copy(&scene->town, AUTHOR, MAKER);
	news_load(scene);
	last = scene->kit.n;
	while (scene->kit.messages[last - 1].p[0] != MSG_BODIES)
		last--;
	for (unsigned way = 0; way < 2; way++) {
		if (way == 1)
			buf_cut(&scene->kit.messages[last - 1], 0);
		if (way == 1)
			buf_add_u8(
			    &scene->kit.messages[last - 1], BUNDLE_MSG_SUM);
		feed(scene, OTHER, 0);
		assert_int_equal(scene->taken.troubles_all, 1);
		assert_int_equal(scene->taken.wrongs, 1);
		assert_non_null(
		    strstr(scene->taken.troubles[0].text, "--full"));
	}
}

/* Those that are too many to keep are counted. */
static void
troubles_without_end_are_counted(void **state)
{
	struct scene *scene = *state;
	struct bytes runs[2] = {{0}};
	struct secret backup;
	struct bundle_in in;
	size_t n = 0;

	write_some(scene, MAKER, 1, 6);
	write_some(scene, AUTHOR, 1, 6);
	town_copy(&scene->town, AUTHOR, MAKER);
	news_load(scene);
	for (size_t i = 0; i < scene->kit.n; i++)
		if (scene->kit.messages[i].p[0] == MSG_RUN)
			runs[n++ % 2] = buf_bytes(&scene->kit.messages[i]);
	assert_true(n >= 2);
	feed_begin(scene, OTHER, &in, &backup);
	for (size_t i = 0; i < BUNDLE_TROUBLES_MAX + 100; i++) {
		/* The same twice is one. */
		well(bundle_in_message(&in, runs[i % 2]));
		well(bundle_in_message(&in, runs[i % 2]));
	}
	bundle_in_fini(&in);
	store_abort(in.store);
	assert_int_equal(scene->taken.troubles_n, BUNDLE_TROUBLES_MAX);
	assert_int_equal(scene->taken.troubles_all, BUNDLE_TROUBLES_MAX + 100);
	assert_int_equal(scene->taken.wrongs, scene->taken.troubles_all);
}

/* The author's logs at the maker, the open transaction's. */
static size_t
logs_of(struct scene *scene, struct log ***logs)
{
	struct store *store = town_store(&scene->town, MAKER);
	struct space name = town_space(CASES);
	size_t n;

	well(store_begin(store, true));
	well(oplog_all(
	    store_txn(store), space_find(store_txn(store), &name), logs, &n));
	return n;
}

/* How many deltas of each log the keeper is believed to hold when it has
 * `entry` (NULL: nothing), which is then forgotten. */
static void
planned(struct scene *scene, struct log *const *logs, size_t n,
    const struct msg_entry *entry, uint64_t *sizes)
{
	struct store *store = town_store(&scene->town, MAKER);
	struct sign_key keeper = town_key(&scene->town, KEEPER);
	struct bundle_want want = {.to = &keeper, .to_n = 1};
	struct bundle_plan plan;

	clock_forget(store_txn(store), &keeper);
	if (entry != NULL)
		clock_believe(store_txn(store), &keeper, entry, entry);
	well(bundle_plan_make(store, &want, &plan));
	assert_int_equal(plan.groups_n, 1);
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < plan.groups[0].logs_n; k++)
			if (plan.groups[0].logs[k].no.v == logs[i]->no.v)
				sizes[i] = plan.groups[0].logs[k].size;
	bundle_plan_fini(&plan);
}

/* What a peer says that has the first `size` deltas of `log`. */
static struct msg_entry
entry_of(struct scene *scene, const struct log *log, uint64_t size)
{
	struct txn *txn = store_txn(town_store(&scene->town, MAKER));
	struct msg_entry entry;
	struct hash root;

	clock_entry(log, NULL, &entry);
	well(tree_root(txn, log, size, &root));
	memcpy(entry.root, root.b, sizeof(entry.root));
	entry.size = size;
	return entry;
}

static void
of_a_log_nobody_knows_to_be_forked_they_just_have_more(void **state)
{
	struct scene *scene = *state;
	struct msg_entry entry;
	struct log **logs;
	uint64_t size = 99;

	write_some(scene, AUTHOR, COMMON, 6);
	town_copy(&scene->town, AUTHOR, MAKER);
	assert_int_equal(logs_of(scene, &logs), 1);
	planned(scene, logs, 1, NULL, &size);
	assert_int_equal(size, 0);
	entry = entry_of(scene, logs[0], 3);
	planned(scene, logs, 1, &entry, &size);
	assert_int_equal(size, 3);
	/* Of what we do not hold, nothing can be said against it. */
	entry.size = COMMON + 5;
	planned(scene, logs, 1, &entry, &size);
	assert_int_equal(size, COMMON + 1);
	/* But it says that it is forked; and another root says so, too. */
	entry.forked = true;
	planned(scene, logs, 1, &entry, &size);
	assert_int_equal(size, 0);
	entry = entry_of(scene, logs[0], 3);
	entry.root[0] ^= 1;
	planned(scene, logs, 1, &entry, &size);
	assert_int_equal(size, 0);
	store_abort(town_store(&scene->town, MAKER));
}

/* Each branch begins as far as is known for certain. */
static void
of_a_forked_log_they_have_what_the_branches_share(void **state)
{
	struct scene *scene = *state;
	struct msg_entry entry;
	struct log **logs;
	uint64_t sizes[2];

	fork_make(scene, KEEPER);
	town_copy(&scene->town, KEEPER, MAKER);
	assert_int_equal(logs_of(scene, &logs), 2);
	for (size_t i = 0; i < 2; i++) {
		uint64_t all = logs[i]->frontier.size;

		for (uint64_t size = 1; size <= all; size++) {
			entry = entry_of(scene, logs[i], size);
			planned(scene, logs, 2, &entry, sizes);
			assert_int_equal(sizes[i], size);
			assert_int_equal(
			    sizes[1 - i], size < COMMON ? size : COMMON);
		}
		/* More than is held here, and another branch. */
		entry.size = all + 10;
		planned(scene, logs, 2, &entry, sizes);
		assert_int_equal(sizes[0] + sizes[1], 0);
		entry.size = COMMON + 1;
		planned(scene, logs, 2, &entry, sizes);
		assert_int_equal(sizes[0] + sizes[1], 0);
	}
	store_abort(town_store(&scene->town, MAKER));
}

/* Of what the keeper lost the right to have when the plan was made already. */
static void
what_may_no_longer_be_had_is_not_written(void **state)
{
	struct scene *scene = *state;
	struct town *town = &scene->town;
	struct store *store = town_store(town, MAKER);
	struct sign_key to[] = {town_key(town, KEEPER), town_key(town, OTHER)};
	struct bundle_want want = {.to = to, .to_n = COUNT_OF(to)};
	struct bundle_writer *writer;
	struct bundle_plan plan;
	bool more = true;

	write_some(scene, MAKER, 4, 6);
	well(store_begin(store, false));
	well(bundle_plan_make(store, &want, &plan));
	store_abort(store);
	assert_int_equal(plan.groups_n, 1);
	assert_true(plan.deltas > 5);
	well(council_revoke(town, MAKER, KEEPER, 0, NULL));
	well(bundle_write_begin(
	    store, &plan, tempdir_at(&town->dir, "news"), true, &writer));
	while (more)
		well(bundle_write_step(writer, &more));
	bundle_write_end(writer);
	bundle_plan_fini(&plan);
	stick_kit_load(town, OTHER, "news", &scene->kit);
	feed(scene, OTHER, 0);
	assert_int_equal(scene->taken.troubles_all, 0);
	for (size_t i = 0; i < scene->kit.n; i++) {
		struct arena arena = {0};
		struct msg msg;

		if (scene->kit.messages[i].p[0] != MSG_RUN)
			continue;
		well(msg_decode(
		    buf_bytes(&scene->kit.messages[i]), &arena, &msg));
		assert_true(id_is_authority(&msg.u.run.name.space));
		arena_fini(&arena);
	}
	town_meet(town);
}

#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, scene_make, scene_remove)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_gap_is_told_once_and_says_what_is_missing),
	    TEST(a_run_on_another_branch_says_what_to_ask_for),
	    TEST(troubles_without_end_are_counted),
	    TEST(of_a_log_nobody_knows_to_be_forked_they_just_have_more),
	    TEST(of_a_forked_log_they_have_what_the_branches_share),
	    TEST(what_may_no_longer_be_had_is_not_written),
	};

	tempdir_in_memory();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
