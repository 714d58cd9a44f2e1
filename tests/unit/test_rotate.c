/*
 * Promises of core/rotate.h and of store_rotate: who is root after a rotation,
 * and that keys and city agree about it whatever is cut off.
 *
 * LINK: -Wl,--wrap=mdb_txn_begin,--wrap=mdb_txn_commit,--wrap=mdb_put
 * LINK: -Wl,--wrap=fsync,--wrap=open,--wrap=read,--wrap=pwrite,--wrap=rename
 * LINK: -Wl,--wrap=stat,--wrap=unlink
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>

#include "core/file.h"
#include "core/parcel.h"
#include "core/rebuild.h"
#include "tests/lib/branches.h"
#include "tests/lib/fault.h"
#include "tests/lib/town.h"

enum { CALLS_MAX = 1000 };

static enum err
rotate(struct town *town, size_t i)
{
	struct store *store = town_store(town, i);
	enum err e = store_begin(store, true);

	if (e == ERR_OK)
		e = store_rotate(store);
	if (e == ERR_OK)
		return store_commit(store);
	store_abort(store);
	return e;
}

static struct buf
root_file_read(struct town *town, size_t i)
{
	struct buf content = {0};
	char path[2 * TEMPDIR_PATH_SIZE + 8];

	(void)snprintf(path, sizeof(path), "%s/root", town->nodes[i].dir);
	assert_int_equal(file_read(path, 4096, &content), ERR_OK);
	return content;
}

/* Node `i` finds the root keys in `content` when it is opened. */
static void
root_file_write(struct town *town, size_t i, struct buf *content)
{
	char path[2 * TEMPDIR_PATH_SIZE + 8];

	(void)snprintf(path, sizeof(path), "%s/root", town->nodes[i].dir);
	town_close(town, i);
	assert_int_equal(file_write(path, buf_bytes(content), 0600), ERR_OK);
	(void)town_open(town, i);
	buf_wipe(content);
}

/* What node `i` thinks of all. */
static const struct authority *
look(struct town *town, size_t i)
{
	const struct authority *authority;

	assert_int_equal(store_begin(town_store(town, i), false), ERR_OK);
	assert_int_equal(
	    store_authority(town_store(town, i), &authority), ERR_OK);
	return authority;
}

static void
look_end(struct town *town, size_t i)
{
	store_abort(town_store(town, i));
}

static struct sign_key
root_of(struct town *town, size_t i)
{
	struct sign_key key = look(town, i)->root;

	look_end(town, i);
	return key;
}

/* Is node `whom` a member, as node `by` sees it? */
static bool
counts(struct town *town, size_t by, size_t whom)
{
	struct sign_key key = town_key(town, whom);
	const struct member *member = authority_member(look(town, by), &key);
	bool is = member != NULL && member->counts;

	look_end(town, by);
	return is;
}

static bool
may_write(struct town *town, size_t by, size_t whom)
{
	struct sign_key key = town_key(town, whom);
	struct space space = town_space("d01/c001/case");
	bool may = authority_may(
	    look(town, by), &key, RIGHT_WRITE, &space, NULL);

	look_end(town, by);
	return may;
}

static void
same_key(struct sign_key a, struct sign_key b)
{
	assert_memory_equal(&a, &b, sizeof(a));
}

static void
what_was_granted_stays_and_the_next_key_admits(void **state)
{
	struct town town;
	const struct authority *authority;
	struct sign_key before;
	size_t one;
	size_t two;

	(void)state;
	town_init(&town, 1);
	before = root_of(&town, 0);
	one = town_member(&town, "d01/c001", "read:N,write");
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(rotate(&town, 0), ERR_OK);
		town_close(&town, 0);
		(void)town_open(&town, 0);
	}
	two = town_member(&town, "d01/c001", "read:N,write");
	town_copy(&town, 0, one);
	for (size_t i = 0; i < town.n; i++) {
		assert_true(may_write(&town, i, one));
		assert_true(may_write(&town, i, two));
		authority = look(&town, i);
		assert_int_equal(authority->roots_n, 4);
		same_key(authority->roots[0].key, before);
		look_end(&town, i);
	}
	same_key(root_of(&town, 0), root_of(&town, two));
	town_fini(&town);
}

static void
what_the_old_key_writes_afterwards_does_not_count(void **state)
{
	struct town town;
	struct buf old;
	size_t thief;
	size_t early;
	size_t late;

	(void)state;
	town_init(&town, 2);
	early = town_member(&town, "d01/c001", "read:N,write");
	thief = town_join(&town);
	late = town_join(&town);
	old = root_file_read(&town, 0);
	town_copy(&town, 0, thief);
	/* It goes on in a log of its own with the key it took. */
	root_file_write(&town, thief, &old);
	assert_int_equal(rotate(&town, 0), ERR_OK);
	assert_int_equal(town_admit(&town, thief, late), ERR_OK);
	assert_true(counts(&town, thief, late));
	town_carry(&town, 0, thief,
	    &(struct town_cargo){.space = "authority", .strangers = true});
	town_carry(&town, thief, 0,
	    &(struct town_cargo){.space = "authority", .strangers = true});
	for (size_t i = 0; i <= thief; i += thief) {
		assert_false(counts(&town, i, late));
		assert_true(counts(&town, i, early));
	}
	town_fini(&town);
}

static void
keys_that_were_rotated_away_twice_write_nothing(void **state)
{
	struct town town;
	struct buf old;
	size_t thief;
	size_t late;

	(void)state;
	town_init(&town, 3);
	thief = town_join(&town);
	late = town_join(&town);
	old = root_file_read(&town, 0);
	assert_int_equal(rotate(&town, 0), ERR_OK);
	assert_int_equal(rotate(&town, 0), ERR_OK);
	town_copy(&town, 0, thief);
	root_file_write(&town, thief, &old);
	assert_int_equal(town_admit(&town, thief, late), ERR_DENIED);
	assert_int_equal(rotate(&town, thief), ERR_DENIED);
	assert_non_null(strstr(err_text(), "rotated away"));
	town_fini(&town);
}

/* The file of root keys is enough, in any store of the city. */
static void
root_writes_from_any_store_that_has_its_keys(void **state)
{
	struct town town;
	struct buf keys;
	size_t node;
	size_t late;

	(void)state;
	town_init(&town, 4);
	node = town_join(&town);
	late = town_join(&town);
	for (size_t i = 0; i < 2; i++) {
		keys = root_file_read(&town, 0);
		town_copy(&town, 0, node);
		root_file_write(&town, node, &keys);
		assert_int_equal(town_admit(&town, node, late), ERR_OK);
		town_carry(&town, node, 0,
		    &(struct town_cargo){
			.space = "authority", .strangers = true});
		assert_true(counts(&town, 0, late));
		same_key(root_of(&town, 0), root_of(&town, node));
		assert_int_equal(rotate(&town, 0), ERR_OK);
	}
	town_fini(&town);
}

/* A founder from a backup rotates once more: both heard, the lower cuts hold
 * and no key may follow. */
static void
two_rotations_that_disagree_leave_no_next_key(void **state)
{
	struct town town;
	struct buf old;
	size_t twin;
	size_t early;
	size_t between;
	size_t late;

	(void)state;
	town_init(&town, 5);
	twin = town_join(&town);
	early = town_member(&town, "d01/c001", "read:N,write");
	between = town_join(&town);
	late = town_join(&town);
	old = root_file_read(&town, 0);
	town_copy(&town, 0, twin);
	root_file_write(&town, twin, &old);
	assert_int_equal(rotate(&town, twin), ERR_OK);
	assert_int_equal(town_admit(&town, 0, between), ERR_OK);
	assert_int_equal(rotate(&town, 0), ERR_OK);
	assert_true(counts(&town, 0, between));
	same_key(root_of(&town, 0), root_of(&town, twin));
	for (size_t round = 0; round < 2; round++) {
		town_carry(&town, 0, twin,
		    &(struct town_cargo){
			.space = "authority", .strangers = true});
		town_carry(&town, twin, 0,
		    &(struct town_cargo){
			.space = "authority", .strangers = true});
	}
	same_key(root_of(&town, 0), root_of(&town, twin));
	for (size_t i = 0; i <= twin; i += twin) {
		assert_true(counts(&town, i, early));
		assert_false(counts(&town, i, between));
		assert_false(look(&town, i)->has_next);
		look_end(&town, i);
		assert_int_equal(rotate(&town, i), ERR_DENIED);
	}
	/* The key that both rotated to is root all the same. */
	assert_int_equal(town_admit(&town, twin, late), ERR_OK);
	assert_true(counts(&town, twin, late));
	town_fini(&town);
}

/* All of `authority` that node `i` holds. */
static struct buf
parcel_of(struct town *town, size_t i)
{
	struct buf parcel = {0};

	assert_int_equal(store_begin(town_store(town, i), false), ERR_OK);
	assert_int_equal(parcel_put(town_store(town, i), &parcel), ERR_OK);
	store_abort(town_store(town, i));
	return parcel;
}

/* Node `i` takes `parcel` until it gives nothing new: one log may say who wrote
 * another before it; how many it would not take in the end. */
static uint64_t
parcel_bring(struct town *town, size_t i, const struct buf *parcel)
{
	struct parcel_taken taken = {.deltas = 1};

	while (taken.deltas > 0) {
		struct store *store = town_store(town, i);

		assert_int_equal(store_begin(store, true), ERR_OK);
		assert_int_equal(
		    parcel_take(store, buf_bytes(parcel), &taken), ERR_OK);
		assert_int_equal(store_commit(store), ERR_OK);
	}
	return taken.dropped;
}

static void
same_digests(struct town *town, size_t one, size_t other)
{
	struct buf digests[2] = {0};

	town_digests(town, one, &digests[0]);
	town_digests(town, other, &digests[1]);
	assert_int_equal(digests[0].n, digests[1].n);
	assert_memory_equal(digests[0].p, digests[1].p, digests[0].n);
	buf_fini(&digests[0]);
	buf_fini(&digests[1]);
}

/* The founder and a copy of all that it has go on rotating, each for itself.
 * Who takes the later keys of both before it hears that the first ones disagree
 * ends up with the same logs as who heard that first, and with the same root.
 */
static void
which_of_two_rotations_came_first_leaves_no_trace(void **state)
{
	struct town town;
	struct buf keys;
	struct buf early[2];
	struct buf late[2];
	size_t twin;
	size_t orders[3];
	size_t lost;
	struct sign_key root;

	(void)state;
	town_init(&town, 10);
	twin = town_join(&town);
	for (size_t i = 0; i < 3; i++)
		orders[i] = town_member(&town, "d01/c001", "read:N,write");
	lost = town_join(&town);
	keys = root_file_read(&town, 0);
	town_copy(&town, 0, twin);
	root_file_write(&town, twin, &keys);
	assert_int_equal(rotate(&town, 0), ERR_OK);
	assert_int_equal(rotate(&town, twin), ERR_OK);
	root = root_of(&town, 0);
	same_key(root, root_of(&town, twin));
	early[0] = parcel_of(&town, 0);
	early[1] = parcel_of(&town, twin);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(rotate(&town, 0), ERR_OK);
		assert_int_equal(rotate(&town, twin), ERR_OK);
	}
	assert_int_equal(town_admit(&town, 0, lost), ERR_OK);
	late[0] = parcel_of(&town, 0);
	late[1] = parcel_of(&town, twin);
	(void)parcel_bring(&town, orders[0], &late[0]);
	(void)parcel_bring(&town, orders[1], &late[1]);
	(void)parcel_bring(&town, orders[2], &early[0]);
	(void)parcel_bring(&town, orders[2], &early[1]);
	assert_true(counts(&town, orders[0], lost));
	for (size_t i = 0; i < COUNT_OF(orders); i++) {
		for (size_t k = 2; k-- > 0;)
			assert_int_equal(
			    parcel_bring(&town, orders[i], &late[k]), 0);
		same_key(root_of(&town, orders[i]), root);
		assert_false(look(&town, orders[i])->has_next);
		look_end(&town, orders[i]);
		assert_false(counts(&town, orders[i], lost));
		assert_true(may_write(&town, orders[i], orders[0]));
		same_digests(&town, orders[0], orders[i]);
	}
	for (size_t i = 0; i < 2; i++) {
		buf_fini(&early[i]);
		buf_fini(&late[i]);
	}
	town_fini(&town);
}

static void
a_rebuild_makes_the_same_of_rotations(void **state)
{
	struct town town;
	struct buf before = {0};
	struct buf after = {0};
	struct store *store;
	size_t one;

	(void)state;
	town_init(&town, 6);
	assert_int_equal(rotate(&town, 0), ERR_OK);
	one = town_member(&town, "d01/c001", "read:N,write");
	town_digests(&town, 0, &before);
	town_close(&town, 0);
	assert_int_equal(
	    store_open_alone(town.nodes[0].dir, &town.host, &store), ERR_OK);
	assert_int_equal(rebuild_run(store, NULL), ERR_OK);
	store_close(store);
	(void)town_open(&town, 0);
	town_digests(&town, 0, &after);
	assert_int_equal(before.n, after.n);
	assert_memory_equal(before.p, after.p, before.n);
	assert_true(counts(&town, 0, one));
	buf_fini(&before);
	buf_fini(&after);
	town_fini(&town);
}

/* Whatever call fails, and with it all that follow until the process ends: who
 * opens the store then is root, and can rotate. */
static void
a_rotation_cut_off_anywhere_leaves_root_at_work(void **state)
{
	struct town town;
	bool failed = true;
	size_t happened = 0;

	(void)state;
	town_init(&town, 7);
	(void)town_join(&town);
	for (unsigned nth = 1; failed; nth++) {
		struct sign_key before = root_of(&town, 0);
		const struct authority *authority;
		struct sign_key now;
		enum err e;

		assert_true(nth < CALLS_MAX);
		fault_arm((struct fault_plan){
		    .nth = nth, .for_ever = true, .number = EIO});
		e = rotate(&town, 0);
		failed = fault_disarm();
		assert_true(failed || e == ERR_OK);
		town_close(&town, 0);
		(void)town_open(&town, 0);
		now = root_of(&town, 0);
		if (e == ERR_OK)
			assert_memory_not_equal(&now, &before, sizeof(now));
		happened += memcmp(&now, &before, sizeof(now)) != 0;
		assert_int_equal(town_admit(&town, 0, 1), ERR_OK);
		authority = look(&town, 0);
		assert_true(authority->has_next);
		assert_true(store_root(town_store(&town, 0))->keys.is_here);
		assert_memory_equal(&authority->root,
		    &store_root(town_store(&town, 0))->keys.key, 32);
		look_end(&town, 0);
	}
	assert_true(happened > 1);
	assert_int_equal(rotate(&town, 0), ERR_OK);
	town_fini(&town);
}

/* Its root keys are newer than its data then.  The node runs on. */
static void
keys_are_root_again_when_the_rotation_comes_back(void **state)
{
	struct town town;
	struct sign_key key;
	struct sign_key old;
	struct backup backup;
	size_t other;
	size_t late;

	(void)state;
	town_init(&town, 9);
	other = town_member(&town, "d01", "read:N");
	late = town_join(&town);
	backup_take(&town, 0, &backup);
	assert_int_equal(rotate(&town, 0), ERR_OK);
	key = root_of(&town, 0);
	town_copy(&town, 0, other);
	backup_put(&town, 0, &backup);
	backup_fini(&backup);
	old = root_of(&town, 0);
	assert_memory_not_equal(&key, &old, sizeof(key));
	assert_int_equal(rotate(&town, 0), ERR_DENIED);
	assert_non_null(strstr(err_text(), "before the rotation"));
	town_copy(&town, other, 0);
	same_key(root_of(&town, 0), key);
	assert_int_equal(town_admit(&town, 0, late), ERR_OK);
	assert_int_equal(rotate(&town, 0), ERR_OK);
	assert_true(counts(&town, 0, late));
	town_fini(&town);
}

/* Keys of before the last rotation, keys whose next is another one, and keys in
 * a store that knows nothing. */
static void
keys_that_do_not_fit_the_city_do_not_rotate(void **state)
{
	struct town town;
	struct buf old;
	struct buf now;
	struct root_keys keys;
	char path[2 * TEMPDIR_PATH_SIZE + 8];
	size_t stranger;

	(void)state;
	town_init(&town, 10);
	stranger = town_join(&town);
	old = root_file_read(&town, 0);
	assert_int_equal(rotate(&town, 0), ERR_OK);
	now = root_file_read(&town, 0);
	root_file_write(&town, 0, &old);
	assert_int_equal(rotate(&town, 0), ERR_DENIED);
	assert_non_null(strstr(err_text(), "before the last rotation"));
	/* They are root all the same. */
	assert_int_equal(town_admit(&town, 0, stranger), ERR_OK);
	(void)snprintf(path, sizeof(path), "%s/root", town.nodes[0].dir);
	root_file_write(&town, 0, &now);
	assert_int_equal(identity_load_root(path, &keys), ERR_OK);
	keys.next_seed.b[0] ^= 1;
	assert_int_equal(identity_save_root(path, &keys, true), ERR_OK);
	town_close(&town, 0);
	(void)town_open(&town, 0);
	assert_int_equal(rotate(&town, 0), ERR_DENIED);
	assert_non_null(strstr(err_text(), "not the one that the city"));
	old = root_file_read(&town, 0);
	root_file_write(&town, stranger, &old);
	assert_int_equal(rotate(&town, stranger), ERR_DENIED);
	assert_non_null(strstr(err_text(), "not here"));
	identity_fini_root(&keys);
	town_fini(&town);
}

/* The log that root wrote in has two ends; the longer one is named. */
static void
a_forked_log_of_root_is_cut_on_its_longest_branch(void **state)
{
	struct town town;
	struct backup early = {0};
	size_t keeper;
	size_t members[4];

	(void)state;
	for (size_t longer = 0; longer < 2; longer++) {
		town_init(&town, 11 + longer);
		keeper = town_member(&town, "d01", "read:N");
		for (size_t i = 0; i < COUNT_OF(members); i++)
			members[i] = town_join(&town);
		backup_take(&town, 0, &early);
		for (size_t i = 0; i < 1 + longer; i++)
			assert_int_equal(
			    town_admit(&town, 0, members[i]), ERR_OK);
		town_copy(&town, 0, keeper);
		backup_put(&town, 0, &early);
		for (size_t i = 2; i < 4 - longer; i++)
			assert_int_equal(
			    town_admit(&town, 0, members[i]), ERR_OK);
		town_copy(&town, keeper, 0);
		assert_int_equal(rotate(&town, 0), ERR_OK);
		for (size_t i = 0; i < 2; i++)
			assert_int_equal(
			    counts(&town, 0, members[longer == 1 ? i : i + 2]),
			    true);
		assert_int_equal(town_admit(&town, 0, members[3]), ERR_OK);
		assert_true(counts(&town, 0, members[3]));
		backup_fini(&early);
		town_fini(&town);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_was_granted_stays_and_the_next_key_admits),
	    cmocka_unit_test(what_the_old_key_writes_afterwards_does_not_count),
	    cmocka_unit_test(keys_that_were_rotated_away_twice_write_nothing),
	    cmocka_unit_test(root_writes_from_any_store_that_has_its_keys),
	    cmocka_unit_test(two_rotations_that_disagree_leave_no_next_key),
	    cmocka_unit_test(which_of_two_rotations_came_first_leaves_no_trace),
	    cmocka_unit_test(a_rebuild_makes_the_same_of_rotations),
	    cmocka_unit_test(a_rotation_cut_off_anywhere_leaves_root_at_work),
	    cmocka_unit_test(keys_are_root_again_when_the_rotation_comes_back),
	    cmocka_unit_test(keys_that_do_not_fit_the_city_do_not_rotate),
	    cmocka_unit_test(a_forked_log_of_root_is_cut_on_its_longest_branch),
	};

	return cmocka_run_group_tests_name("rotate", tests, NULL, NULL);
}
