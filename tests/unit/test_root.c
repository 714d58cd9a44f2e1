/*
 * Promises of core/root.h: whatever is cut off, the root keys are still there.
 *
 * LINK: -Wl,--wrap=fsync,--wrap=open,--wrap=read,--wrap=pwrite,--wrap=rename
 * LINK: -Wl,--wrap=stat,--wrap=unlink,--wrap=mkdir
 * LINK: -Wl,--wrap=share_join,--wrap=share_open_keys
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <errno.h>

#include "core/file.h"
#include "core/root.h"
#include "proto/mem.h"
#include "tests/lib/fault.h"
#include "tests/lib/prng.h"
#include "tests/lib/tempdir.h"

enum { COUNT = 3, CALLS_MAX = 400 };

static uint64_t
host_now_ms(void *arg)
{
	(void)arg;
	return 0;
}

static void
host_random(void *arg, uint8_t *p, size_t n)
{
	prng_fill(arg, p, n);
}

static struct prng prng = {13};
static const struct host host = {
    .now_ms = host_now_ms, .random = host_random, .arg = &prng};
static struct tempdir dir;
static struct bytes passphrases[COUNT];
static struct root_plan plan = {.split = {.threshold = 2, .count = COUNT},
    .passphrases = passphrases,
    .cost = {1, CRYPTO_COST_BYTES_MIN}};
static char out[TEMPDIR_PATH_SIZE];
/* What the city knows. */
static struct authority authority;
static struct root_keys first;

static int
dir_make(void **state)
{
	struct sign_key next;
	struct identity identity;

	(void)state;
	assert_int_equal(crypto_start(), ERR_OK);
	tempdir_init(&dir);
	(void)snprintf(out, sizeof(out), "%s", tempdir_at(&dir, "shares"));
	plan.out = out;
	passphrases[0] = bytes_text("첫째 사람의 말");
	passphrases[1] = bytes_text("둘째 사람의 말");
	passphrases[2] = bytes_text("셋째 사람의 말");
	memset(&first, 0, sizeof(first));
	prng_fill(&prng, first.seed.b, 32);
	prng_fill(&prng, first.next_seed.b, 32);
	first.is_here = true;
	first.has_next = true;
	crypto_sign_key(&first.seed, &first.key);
	assert_int_equal(
	    identity_save_root(tempdir_at(&dir, "root"), &first, false),
	    ERR_OK);
	identity_make(&host, &(struct city_id){{1}}, &identity);
	assert_int_equal(
	    identity_save(tempdir_at(&dir, "identity"), &identity), ERR_OK);
	memset(&authority, 0, sizeof(authority));
	authority.founded = true;
	authority.has_next = true;
	authority.root = first.key;
	crypto_sign_key(&first.next_seed, &next);
	crypto_sha256(bytes_of(next.b, 32), &authority.next_root);
	return 0;
}

static int
dir_remove(void **state)
{
	(void)state;
	(void)fault_disarm();
	tempdir_fini(&dir);
	return 0;
}

static void
root_open(struct root *root)
{
	struct identity identity;

	memset(root, 0, sizeof(*root));
	assert_int_equal(root_load_all(dir.path, &identity, root), ERR_OK);
}

/* Opens the sealed keys with shares `a` and `b`, counted from 1. */
static enum err
unlock(struct root *root, int a, int b)
{
	const int numbers[] = {a, b};
	struct share shares[2];

	memset(root, 0, sizeof(*root));
	for (size_t i = 0; i < 2; i++) {
		struct share_file file;
		char name[32];
		enum err e;

		(void)snprintf(
		    name, sizeof(name), "shares/share-%d", numbers[i]);
		e = share_load(tempdir_at(&dir, name), &file);
		if (e != ERR_OK)
			return e;
		assert_int_equal(
		    share_open(&file, passphrases[numbers[i] - 1], &shares[i]),
		    ERR_OK);
	}
	return root_unlock(dir.path, shares, 2, root);
}

/* The keys that the city takes for root are here, one way or the other. */
static bool
keys_are_here(void)
{
	struct root root;
	bool here;

	root_open(&root);
	assert_int_equal(root_settle(dir.path, &authority, &root), ERR_OK);
	here = root.keys.is_here && root.keys.has_next;
	for (int i = 0; i < COUNT && !here; i++) {
		if (unlock(&root, i + 1, (i + 1) % COUNT + 1) != ERR_OK)
			continue;
		assert_int_equal(
		    root_settle(dir.path, &authority, &root), ERR_OK);
		here = root.keys.is_here && root.keys.has_next;
	}
	return here && memcmp(&root.keys.key, &authority.root, 32) == 0;
}

static bool
is_there(const char *name)
{
	return access(tempdir_at(&dir, name), F_OK) == 0;
}

static void
two_of_three_open_what_was_split(void **state)
{
	struct root root;
	struct root_place place;

	(void)state;
	root_open(&root);
	assert_int_equal(root_split(dir.path, &host, &plan, &root), ERR_OK);
	assert_false(is_there("root"));
	assert_false(is_there("root-gone"));
	assert_int_equal(root_find(dir.path, &place), ERR_OK);
	assert_true(place.sealed && !place.plain);
	assert_memory_equal(&place.vault.key, &first.key, 32);
	for (int a = 1; a <= COUNT; a++) {
		for (int b = 1; b <= COUNT; b++) {
			enum err e = unlock(&root, a, b);

			assert_int_equal(e, a == b ? ERR_INVALID : ERR_OK);
			if (a != b)
				assert_memory_equal(
				    &root.keys, &first, sizeof(first));
		}
	}
	assert_int_equal(unlock(&root, 1, 3), ERR_OK);
	assert_int_equal(root_join(dir.path, &root), ERR_OK);
	assert_false(is_there("root-sealed"));
	root_open(&root);
	assert_memory_equal(&root.keys, &first, sizeof(first));
}

static void
what_is_not_there_is_neither_split_nor_joined(void **state)
{
	struct share shares[2] = {0};
	struct root root = {0};

	(void)state;
	assert_int_equal(
	    root_unlock(dir.path, shares, 2, &root), ERR_NOT_FOUND);
	assert_false(root.unlocked);
	assert_int_equal(root_split(dir.path, &host, &plan, &root), ERR_DENIED);
	root_open(&root);
	/* Plain keys have nothing to be joined of. */
	assert_int_equal(root_join(dir.path, &root), ERR_DENIED);
	root.keys.has_next = false;
	assert_int_equal(root_split(dir.path, &host, &plan, &root), ERR_DENIED);
	assert_false(is_there("shares"));
	assert_int_equal(unlock(&root, 1, 2), ERR_NOT_FOUND);
	root_open(&root);
	assert_int_equal(root_split(dir.path, &host, &plan, &root), ERR_OK);
	assert_int_equal(unlock(&root, 1, 2), ERR_OK);
	root.keys.has_next = false;
	assert_int_equal(root_join(dir.path, &root), ERR_DENIED);
	root.keys = (struct root_keys){0};
	assert_int_equal(root_join(dir.path, &root), ERR_DENIED);
	assert_false(is_there("root"));
	assert_true(keys_are_here());
}

static void
shares_are_never_overwritten(void **state)
{
	struct root root;

	(void)state;
	assert_int_equal(file_make_dir(out), ERR_OK);
	assert_int_equal(file_write(tempdir_at(&dir, "shares/share-2"),
			     bytes_text("남의 것"), 0600),
	    ERR_OK);
	root_open(&root);
	assert_int_equal(root_split(dir.path, &host, &plan, &root), ERR_EXISTS);
	assert_false(is_there("shares/share-1"));
	assert_true(is_there("shares/share-2"));
	assert_true(is_there("root"));
	assert_false(is_there("root-sealed"));
}

static void
keys_split_anew_no_longer_open_with_the_old_shares(void **state)
{
	struct root root;
	struct share_file file;
	struct share old[2];

	(void)state;
	root_open(&root);
	assert_int_equal(root_split(dir.path, &host, &plan, &root), ERR_OK);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(
		    share_load(tempdir_at(&dir, i == 0 ? "shares/share-1"
						       : "shares/share-2"),
			&file),
		    ERR_OK);
		assert_int_equal(
		    share_open(&file, passphrases[i], &old[i]), ERR_OK);
	}
	assert_int_equal(unlock(&root, 2, 3), ERR_OK);
	assert_int_equal(file_remove_tree(out), ERR_OK);
	assert_int_equal(root_split(dir.path, &host, &plan, &root), ERR_OK);
	assert_int_equal(root_unlock(dir.path, old, 2, &root), ERR_INVALID);
	assert_int_equal(unlock(&root, 2, 3), ERR_OK);
}

/* What is split stays in reach whichever call fails, alone or with all that
 * follow. */
static void
split_survives(const char *names, bool for_ever)
{
	bool failed = true;

	for (unsigned nth = 1; failed; nth++) {
		struct root root;
		enum err e;

		assert_true(nth < CALLS_MAX);
		assert_int_equal(file_remove_tree(out), ERR_OK);
		(void)unlink(tempdir_at(&dir, "root-sealed"));
		(void)unlink(tempdir_at(&dir, "root"));
		assert_int_equal(
		    identity_save_root(tempdir_at(&dir, "root"), &first, false),
		    ERR_OK);
		root_open(&root);
		fault_arm((struct fault_plan){.names = names,
		    .nth = nth,
		    .for_ever = for_ever,
		    .number = EIO});
		e = root_split(dir.path, &host, &plan, &root);
		failed = fault_disarm();
		assert_true(failed || e == ERR_OK);
		if (e == ERR_OK)
			assert_false(is_there("root"));
		assert_true(keys_are_here());
	}
}

static void
a_split_that_fails_anywhere_loses_no_key(void **state)
{
	(void)state;
	split_survives(NULL, false);
	split_survives(NULL, true);
}

static void
a_join_that_fails_anywhere_loses_no_key(void **state)
{
	bool failed = true;

	(void)state;
	for (unsigned nth = 1; failed; nth++) {
		struct root root;
		enum err e;

		assert_true(nth < CALLS_MAX);
		assert_int_equal(file_remove_tree(out), ERR_OK);
		memset(&root, 0, sizeof(root));
		root.keys = first;
		assert_int_equal(
		    root_split(dir.path, &host, &plan, &root), ERR_OK);
		assert_int_equal(unlock(&root, 1, 2), ERR_OK);
		fault_arm((struct fault_plan){
		    .nth = nth, .for_ever = true, .number = EIO});
		e = root_join(dir.path, &root);
		failed = fault_disarm();
		assert_true(failed || e == ERR_OK);
		assert_true(keys_are_here());
	}
}

/* What comes back of a split is another key, or other seeds. */
static struct {
	bool joined;
	bool seed;
	bool next_seed;
} lies;

enum err __real_share_join(
    const struct share *shares, size_t n, struct secret *key);
enum err __wrap_share_join(
    const struct share *shares, size_t n, struct secret *key);
enum err
__wrap_share_join(const struct share *shares, size_t n, struct secret *key)
{
	enum err e = __real_share_join(shares, n, key);

	key->b[31] ^= lies.joined;
	return e;
}

enum err __real_share_open_keys(const struct share_vault *vault,
    const struct secret *key, struct root_keys *keys);
enum err __wrap_share_open_keys(const struct share_vault *vault,
    const struct secret *key, struct root_keys *keys);
enum err
__wrap_share_open_keys(const struct share_vault *vault,
    const struct secret *key, struct root_keys *keys)
{
	enum err e = __real_share_open_keys(vault, key, keys);

	keys->seed.b[31] ^= lies.seed;
	keys->next_seed.b[31] ^= lies.next_seed;
	return e;
}

static void
keys_that_do_not_come_back_from_a_split_stay_as_they_are(void **state)
{
	struct root root;

	(void)state;
	for (int i = 0; i < 3; i++) {
		lies.joined = i == 0;
		lies.seed = i == 1;
		lies.next_seed = i == 2;
		root_open(&root);
		assert_int_equal(
		    root_split(dir.path, &host, &plan, &root), ERR_IO);
		memset(&lies, 0, sizeof(lies));
		assert_non_null(strstr(err_text(), "left as they are"));
		assert_true(is_there("root"));
		assert_true(keys_are_here());
		assert_int_equal(file_remove_tree(out), ERR_OK);
	}
	root_open(&root);
	assert_int_equal(root_split(dir.path, &host, &plan, &root), ERR_OK);
	assert_true(keys_are_here());
}

/* The city learns that the next key is root. */
static void
rotated(const struct root_keys *follows)
{
	struct sign_key next;

	authority.root = follows->key;
	crypto_sign_key(&follows->next_seed, &next);
	crypto_sha256(bytes_of(next.b, 32), &authority.next_root);
}

/* A rotation is cut off at call `nth`: before its commit, or behind. */
static bool
rotation_cut(struct root *root, unsigned nth, bool committed)
{
	struct sign_key want = authority.root;
	bool failed;
	enum err e;

	fault_arm(
	    (struct fault_plan){.nth = nth, .for_ever = true, .number = EIO});
	e = root_prepare(dir.path, &host, root);
	if (e == ERR_OK && committed) {
		want = root->follows.key;
		rotated(&root->follows);
		root_ended(dir.path, true, root);
		assert_memory_equal(&root->keys.key, &want, 32);
	}
	failed = fault_disarm();
	assert_true(failed || e == ERR_OK);
	/* The process is gone. */
	memset(root, 0, sizeof(*root));
	assert_true(keys_are_here());
	assert_memory_equal(&authority.root, &want, 32);
	return failed;
}

static void
a_rotation_cut_off_anywhere_leaves_keys_that_are_root(void **state)
{
	(void)state;
	for (int split = 0; split < 2; split++) {
		for (int committed = 0; committed < 2; committed++) {
			bool failed = true;

			for (unsigned nth = 1; failed; nth++) {
				struct root root;

				assert_true(nth < CALLS_MAX);
				root_open(&root);
				if (split == 1)
					assert_int_equal(
					    unlock(&root, 1, 3), ERR_OK);
				assert_int_equal(
				    root_settle(dir.path, &authority, &root),
				    ERR_OK);
				failed = rotation_cut(
				    &root, nth, committed == 1);
			}
		}
		if (split == 0) {
			struct root root;

			root_open(&root);
			assert_int_equal(
			    root_settle(dir.path, &authority, &root), ERR_OK);
			assert_int_equal(
			    root_split(dir.path, &host, &plan, &root), ERR_OK);
		}
	}
}

static void
a_rotation_taken_up_again_draws_no_other_key(void **state)
{
	struct root root;
	struct root_keys drawn;

	(void)state;
	root_open(&root);
	assert_int_equal(root_prepare(dir.path, &host, &root), ERR_OK);
	drawn = root.follows;
	root_ended(dir.path, false, &root);
	assert_false(root.rotating);
	assert_memory_equal(&root.keys, &first, sizeof(first));
	root_open(&root);
	assert_int_equal(root_prepare(dir.path, &host, &root), ERR_OK);
	assert_memory_equal(&root.follows, &drawn, sizeof(drawn));
	root_ended(dir.path, true, &root);
	assert_memory_equal(&root.keys, &drawn, sizeof(drawn));
	assert_false(is_there("root-next"));
}

static void
keys_of_before_the_rotation_hold_root_but_not_what_follows(void **state)
{
	struct root root;
	struct root_keys follows = {.seed = first.next_seed};
	struct root_key old = {.key = first.key};

	(void)state;
	crypto_sign_key(&follows.seed, &follows.key);
	rotated(&follows);
	root_open(&root);
	assert_int_equal(root_settle(dir.path, &authority, &root), ERR_OK);
	assert_true(root.keys.is_here);
	assert_false(root.keys.has_next);
	assert_memory_equal(&root.keys.key, &follows.key, 32);
	assert_int_equal(root_split(dir.path, &host, &plan, &root), ERR_DENIED);
	assert_true(is_there("root"));
	/* Two rotations on, they are nobody's. */
	authority.root.b[0] ^= 1;
	authority.roots = &old;
	authority.roots_n = 1;
	root_open(&root);
	assert_int_equal(root_settle(dir.path, &authority, &root), ERR_OK);
	assert_false(root.keys.is_here);
	assert_true(root.is_stale);
	assert_false(root.is_ahead);
}

static void
keys_that_the_data_does_not_know_yet_wait(void **state)
{
	struct root_key old = {.key.b = {1}};
	struct root root;

	(void)state;
	authority.root = old.key;
	authority.roots = &old;
	authority.roots_n = 1;
	root_open(&root);
	assert_int_equal(root_settle(dir.path, &authority, &root), ERR_OK);
	assert_true(root.is_ahead);
	assert_false(root.is_stale);
	assert_memory_equal(&root.keys, &first, sizeof(first));
	authority.root = first.key;
	assert_int_equal(root_settle(dir.path, &authority, &root), ERR_OK);
	assert_false(root.is_ahead);
	assert_memory_equal(&root.keys, &first, sizeof(first));
}

/* Another process rotated: its keys took the place of ours. */
static void
keys_that_another_process_moved_are_taken_up(void **state)
{
	struct root root;
	struct root other;

	(void)state;
	for (int i = 0; i < 2; i++) {
		root_open(&root);
		root_open(&other);
		assert_int_equal(root_prepare(dir.path, &host, &other), ERR_OK);
		root_ended(dir.path, true, &other);
		/* Of a rotation that is not heard of here nothing is taken. */
		assert_int_equal(
		    root_settle(dir.path, &authority, &root), ERR_OK);
		assert_memory_not_equal(
		    &root.keys, &other.keys, sizeof(root.keys));
		rotated(&other.keys);
		/* What lies there could be anything. */
		if (i == 1)
			assert_int_equal(
			    identity_save_root(
				tempdir_at(&dir, "root"), &first, true),
			    ERR_OK);
		assert_int_equal(
		    root_settle(dir.path, &authority, &root), ERR_OK);
		assert_true(root.keys.is_here);
		assert_memory_equal(&root.keys.key, &authority.root, 32);
		assert_int_equal(root.keys.has_next, i == 0);
	}
}

int
main(void)
{
#define IN_DIR(f) cmocka_unit_test_setup_teardown(f, dir_make, dir_remove)
	const struct CMUnitTest tests[] = {
	    IN_DIR(two_of_three_open_what_was_split),
	    IN_DIR(what_is_not_there_is_neither_split_nor_joined),
	    IN_DIR(shares_are_never_overwritten),
	    IN_DIR(keys_split_anew_no_longer_open_with_the_old_shares),
	    IN_DIR(a_split_that_fails_anywhere_loses_no_key),
	    IN_DIR(a_join_that_fails_anywhere_loses_no_key),
	    IN_DIR(keys_that_do_not_come_back_from_a_split_stay_as_they_are),
	    IN_DIR(keys_that_another_process_moved_are_taken_up),
	    IN_DIR(a_rotation_cut_off_anywhere_leaves_keys_that_are_root),
	    IN_DIR(a_rotation_taken_up_again_draws_no_other_key),
	    IN_DIR(keys_of_before_the_rotation_hold_root_but_not_what_follows),
	    IN_DIR(keys_that_the_data_does_not_know_yet_wait),
	};

	return cmocka_run_group_tests_name("root", tests, NULL, NULL);
}
