/*
 * Promises of core/root.h where files of keys are not what they should be: what
 * cannot be read, or belongs to other keys, takes nothing away.
 *
 * LINK: -Wl,--wrap=fsync,--wrap=open,--wrap=read,--wrap=pwrite,--wrap=rename
 * LINK: -Wl,--wrap=stat,--wrap=unlink,--wrap=mkdir
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
#include "tests/lib/fault.h"
#include "tests/lib/prng.h"
#include "tests/lib/tempdir.h"

enum { COUNT = 3 };

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

static bool
is_there(const char *name)
{
	return access(tempdir_at(&dir, name), F_OK) == 0;
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

/* Nobody can say what became of them. */
static void
keys_that_cannot_be_read_change_nothing(void **state)
{
	struct root_keys other = first;
	struct root root;

	(void)state;
	other.seed.b[0] ^= 1;
	crypto_sign_key(&other.seed, &other.key);
	authority.root.b[0] ^= 1;
	/* Those that were to follow are neither root nor ours. */
	assert_int_equal(
	    identity_save_root(tempdir_at(&dir, "root-next"), &other, true),
	    ERR_OK);
	root_open(&root);
	assert_int_equal(root_settle(dir.path, &authority, &root), ERR_OK);
	assert_true(root.is_ahead);
	assert_memory_equal(&root.keys, &first, sizeof(first));
	assert_true(is_there("root-next"));
	assert_int_equal(truncate(tempdir_at(&dir, "root-next"), 3), 0);
	assert_int_not_equal(root_settle(dir.path, &authority, &root), ERR_OK);
	assert_memory_equal(&root.keys, &first, sizeof(first));
	assert_true(is_there("root-next"));
	/* Or all of them are gone. */
	assert_int_equal(unlink(tempdir_at(&dir, "root-next")), 0);
	assert_int_equal(unlink(tempdir_at(&dir, "root")), 0);
	assert_int_equal(root_settle(dir.path, &authority, &root), ERR_OK);
	assert_true(root.is_ahead);
	assert_memory_equal(&root.keys, &first, sizeof(first));
}

/* Between our look at them and our move. */
static void
keys_that_another_process_moves_just_now_are_taken_up(void **state)
{
	struct root_keys follows;
	struct root root;

	(void)state;
	root_open(&root);
	assert_int_equal(root_prepare(dir.path, &host, &root), ERR_OK);
	follows = root.follows;
	rotated(&follows);
	root_open(&root);
	fault_arm(
	    (struct fault_plan){.names = "rename", .nth = 1, .number = ENOENT});
	assert_int_equal(root_settle(dir.path, &authority, &root), ERR_OK);
	assert_true(fault_disarm());
	assert_memory_equal(&root.keys, &follows, sizeof(follows));
}

/* What lies there was prepared for other keys than ours. */
static void
keys_of_another_rotation_are_drawn_anew(void **state)
{
	struct root_keys other = first;
	struct sign_key next;
	struct root root;

	(void)state;
	crypto_sign_key(&first.next_seed, &next);
	assert_int_equal(
	    identity_save_root(tempdir_at(&dir, "root-next"), &other, true),
	    ERR_OK);
	root_open(&root);
	assert_int_equal(root_prepare(dir.path, &host, &root), ERR_OK);
	assert_memory_equal(&root.follows.key, &next, sizeof(next));
	assert_memory_not_equal(&root.follows.next_seed, &first.next_seed, 32);
	root_ended(dir.path, true, &root);
	assert_false(is_there("root-next"));
	root_open(&root);
	assert_memory_equal(&root.keys.key, &next, sizeof(next));
}

static void
what_a_split_left_behind_is_overwritten_by_the_next(void **state)
{
	struct root root;

	(void)state;
	root_open(&root);
	assert_int_equal(
	    identity_save_root(tempdir_at(&dir, "root-gone"), &first, true),
	    ERR_OK);
	assert_int_equal(root_split(dir.path, &host, &plan, &root), ERR_OK);
	assert_false(is_there("root"));
	assert_false(is_there("root-gone"));
	assert_true(is_there("root-sealed"));
}

/* Shares that cannot be sealed, or what is larger than any file of keys. */
static void
a_split_that_cannot_be_done_leaves_keys_and_files(void **state)
{
	struct root_plan dear = plan;
	struct buf large = {0};
	struct root root;

	(void)state;
	dear.cost.memory_bytes = 1;
	root_open(&root);
	assert_int_not_equal(root_split(dir.path, &host, &dear, &root), ERR_OK);
	assert_false(is_there("shares/share-1"));
	assert_false(is_there("root-sealed"));
	while (large.n < 1024 * 1024)
		buf_add_text(&large, "no keys ");
	assert_int_equal(
	    file_write(tempdir_at(&dir, "root-gone"), buf_bytes(&large), 0600),
	    ERR_OK);
	assert_int_equal(file_remove_tree(out), ERR_OK);
	assert_int_equal(
	    root_split(dir.path, &host, &plan, &root), ERR_INVALID);
	assert_non_null(strstr(err_text(), "root-gone is no file of keys"));
	assert_true(is_there("root"));
	root_open(&root);
	assert_memory_equal(&root.keys, &first, sizeof(first));
	buf_fini(&large);
}

int
main(void)
{
#define IN_DIR(f) cmocka_unit_test_setup_teardown(f, dir_make, dir_remove)
	const struct CMUnitTest tests[] = {
	    IN_DIR(keys_that_cannot_be_read_change_nothing),
	    IN_DIR(keys_that_another_process_moves_just_now_are_taken_up),
	    IN_DIR(keys_of_another_rotation_are_drawn_anew),
	    IN_DIR(what_a_split_left_behind_is_overwritten_by_the_next),
	    IN_DIR(a_split_that_cannot_be_done_leaves_keys_and_files),
	};

	return cmocka_run_group_tests_name("root_odd", tests, NULL, NULL);
}
