/*
 * Promises of core/identity.h.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "core/file.h"
#include "core/identity.h"
#include "tests/lib/prng.h"
#include "tests/lib/tempdir.h"

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

static struct prng prng = {5};
static const struct host host = {
    .now_ms = host_now_ms, .random = host_random, .arg = &prng};
static const struct city_id city = {{1, 2, 3}};
static struct tempdir dir;

static int
dir_make(void **state)
{
	(void)state;
	assert_int_equal(crypto_start(), ERR_OK);
	tempdir_init(&dir);
	return 0;
}

static int
dir_remove(void **state)
{
	(void)state;
	tempdir_fini(&dir);
	return 0;
}

static void
keys_come_back_as_they_were_saved(void **state)
{
	struct identity made;
	struct identity loaded;
	struct root_keys root = {.seed = {{7}}, .next_seed = {{8}}};
	struct root_keys again;
	struct stat stat_of;

	(void)state;
	identity_make(&host, &city, &made);
	assert_int_equal(
	    identity_save(tempdir_at(&dir, "identity"), &made), ERR_OK);
	assert_int_equal(
	    identity_load(tempdir_at(&dir, "identity"), &loaded), ERR_OK);
	assert_memory_equal(&made, &loaded, sizeof(made));
	assert_int_equal(
	    identity_save_root(tempdir_at(&dir, "root"), &root, false), ERR_OK);
	assert_int_equal(
	    identity_load_root(tempdir_at(&dir, "root"), &again), ERR_OK);
	root.is_here = true;
	root.has_next = true;
	crypto_sign_key(&root.seed, &root.key);
	assert_memory_equal(&root, &again, sizeof(root));
	assert_int_equal(stat(tempdir_at(&dir, "identity"), &stat_of), 0);
	assert_int_equal(stat_of.st_mode & 0777, 0600);
	assert_int_equal(stat(tempdir_at(&dir, "root"), &stat_of), 0);
	assert_int_equal(stat_of.st_mode & 0777, 0600);
	identity_fini(&made);
	for (size_t i = 0; i < sizeof(made.seed.b); i++)
		assert_int_equal(made.seed.b[i], 0);
}

static void
keys_are_never_replaced(void **state)
{
	struct identity one;
	struct identity two;
	struct root_keys root = {0};

	(void)state;
	identity_make(&host, &city, &one);
	identity_make(&host, &city, &two);
	assert_memory_not_equal(&one.seed, &two.seed, sizeof(one.seed));
	assert_memory_not_equal(&one.dh, &two.dh, sizeof(one.dh));
	assert_int_equal(identity_save(tempdir_at(&dir, "k"), &one), ERR_OK);
	assert_int_equal(
	    identity_save(tempdir_at(&dir, "k"), &two), ERR_EXISTS);
	assert_int_equal(
	    identity_save_root(tempdir_at(&dir, "k"), &root, false),
	    ERR_EXISTS);
	assert_int_equal(identity_load(tempdir_at(&dir, "k"), &two), ERR_OK);
	assert_memory_equal(&one, &two, sizeof(one));
}

static void
missing_cut_and_strange_files_are_refused(void **state)
{
	struct identity identity;
	struct root_keys root;
	struct buf good = {0};
	struct buf bad = {0};
	const char *path = tempdir_at(&dir, "k");

	(void)state;
	assert_int_equal(identity_load(path, &identity), ERR_NOT_FOUND);
	identity_make(&host, &city, &identity);
	assert_int_equal(identity_save(path, &identity), ERR_OK);
	assert_int_equal(file_read(path, 4096, &good), ERR_OK);
	assert_int_equal(identity_load_root(path, &root), ERR_CORRUPT);
	buf_add(&bad, buf_bytes(&good));
	bad.p[strlen("golmok identity ")] = '2';
	assert_int_equal(file_write(path, buf_bytes(&bad), 0600), ERR_OK);
	assert_int_equal(identity_load(path, &identity), ERR_VERSION);
	buf_cut(&bad, 0);
	/* The last line's end may be missing; nothing else. */
	for (size_t n = 1; n + 1 < good.n; n++) {
		assert_int_equal(
		    file_write(path, bytes_first(buf_bytes(&good), n), 0600),
		    ERR_OK);
		assert_int_not_equal(identity_load(path, &identity), ERR_OK);
		assert_null(strstr(err_text(), "00000000"));
	}
	for (size_t i = 0; i < good.n; i++) {
		buf_cut(&bad, 0);
		buf_add(&bad, buf_bytes(&good));
		bad.p[i] = 'z';
		assert_int_equal(
		    file_write(path, buf_bytes(&bad), 0600), ERR_OK);
		assert_int_not_equal(identity_load(path, &identity), ERR_OK);
	}
	buf_cut(&bad, 0);
	memset(buf_extend(&bad, 5000), 'a', 5000);
	assert_int_equal(file_write(path, buf_bytes(&bad), 0600), ERR_OK);
	assert_int_not_equal(identity_load(path, &identity), ERR_OK);
	buf_cut(&bad, 0);
	assert_int_equal(file_write(path, buf_bytes(&bad), 0600), ERR_OK);
	assert_int_not_equal(identity_load(path, &identity), ERR_OK);
	buf_fini(&good);
	buf_fini(&bad);
}

static void
actor_ids_of_two_nodes_differ(void **state)
{
	struct identity one;
	struct identity two;
	struct actor_id a;
	struct actor_id b;

	(void)state;
	identity_make(&host, &city, &one);
	identity_make(&host, &city, &two);
	assert_int_equal(identity_actor(&one, bytes_text("김"), &a), ERR_OK);
	assert_int_equal(identity_actor(&two, bytes_text("김"), &b), ERR_OK);
	assert_memory_not_equal(&a, &b, sizeof(a));
	/* Hex of another length, or no hex, is a name like any other. */
	assert_int_equal(identity_actor(&one, bytes_text("00"), &a), ERR_OK);
	assert_int_equal(
	    identity_actor(
		&one, bytes_text("zz112233445566778899aabbccddeeff"), &b),
	    ERR_OK);
	assert_memory_not_equal(&a, &b, sizeof(a));
}

/* The seed of signatures may get into other hands and be revoked; what opens
 * the past must not go with it. */
static void
the_backup_key_is_made_from_the_actor_key_alone(void **state)
{
	static const uint8_t expected[32] = {0x9e, 0xc2, 0x69, 0x43, 0xa0, 0x09,
	    0xf5, 0x23, 0xce, 0x6b, 0x45, 0x53, 0x51, 0x00, 0x47, 0x68, 0xbe,
	    0xa5, 0x14, 0x09, 0x04, 0xee, 0x80, 0x99, 0x4c, 0x6b, 0xe4, 0x45,
	    0xe2, 0x8c, 0xea, 0x97};
	struct identity identity;
	struct secret key;
	uint8_t lookup[32];

	(void)state;
	identity_make(&host, &city, &identity);
	for (size_t i = 0; i < sizeof(identity.actor_key); i++)
		identity.actor_key[i] = (uint8_t)(64 + i);
	identity_backup_key(&identity, &key);
	assert_memory_equal(key.b, expected, sizeof(expected));
	memset(&identity.seed, 9, sizeof(identity.seed));
	identity_backup_key(&identity, &key);
	assert_memory_equal(key.b, expected, sizeof(expected));
	identity_lookup_key(&identity, lookup);
	assert_memory_not_equal(key.b, lookup, sizeof(lookup));
	identity.actor_key[31] ^= 1;
	identity_backup_key(&identity, &key);
	assert_memory_not_equal(key.b, expected, sizeof(expected));
}

int
main(void)
{
#define IN_DIR(f) cmocka_unit_test_setup_teardown(f, dir_make, dir_remove)
	const struct CMUnitTest tests[] = {
	    IN_DIR(keys_come_back_as_they_were_saved),
	    IN_DIR(keys_are_never_replaced),
	    IN_DIR(missing_cut_and_strange_files_are_refused),
	    IN_DIR(actor_ids_of_two_nodes_differ),
	    cmocka_unit_test(the_backup_key_is_made_from_the_actor_key_alone),
	};

	return cmocka_run_group_tests_name("identity", tests, NULL, NULL);
}
