/*
 * Promises of core/safe.h.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "core/file.h"
#include "core/safe.h"
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

static struct prng prng = {12};
static const struct host host = {
    .now_ms = host_now_ms, .random = host_random, .arg = &prng};
/* Real ones take most of a second. */
static const struct crypto_cost cheap = {1, CRYPTO_COST_BYTES_MIN};
static const struct city_id city = {{4, 5, 6}};
static struct tempdir dir;

static struct bytes
passphrase(void)
{
	return bytes_text("골목길 열쇠 하나");
}

/* New keys, sealed. */
static void
make(struct identity *identity, struct safe *safe)
{
	identity_make(&host, &city, identity);
	assert_int_equal(
	    safe_seal(&host, identity, passphrase(), cheap, safe), ERR_OK);
}

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
keys_come_back_under_their_passphrase(void **state)
{
	const char *path = tempdir_at(&dir, "keys");
	struct identity made;
	struct identity back;
	struct safe safe;
	struct safe loaded;
	struct stat stat_of;

	(void)state;
	make(&made, &safe);
	assert_int_equal(safe_save(path, &safe), ERR_OK);
	assert_int_equal(stat(path, &stat_of), 0);
	assert_int_equal(stat_of.st_mode & 0777, 0600);
	assert_int_equal(safe_load(path, &loaded), ERR_OK);
	assert_memory_equal(&loaded.key, &made.key, sizeof(made.key));
	assert_memory_equal(&loaded.city, &city, sizeof(city));
	assert_int_equal(safe_open(&loaded, passphrase(), &back), ERR_OK);
	assert_memory_equal(&back, &made, sizeof(made));
	assert_int_equal(safe_save(path, &safe), ERR_EXISTS);
}

static void
another_passphrase_opens_nothing(void **state)
{
	static const struct identity nobody;
	struct identity made;
	struct identity back;
	struct safe safe;

	(void)state;
	make(&made, &safe);
	assert_int_equal(
	    safe_open(&safe, bytes_text("골목길 열쇠 둘"), &back), ERR_DENIED);
	assert_memory_equal(&back, &nobody, sizeof(back));
}

static void
no_file_has_a_secret_in_it(void **state)
{
	struct identity made;
	struct safe safe;

	(void)state;
	make(&made, &safe);
	for (size_t i = 0; i + 32 <= sizeof(safe); i++) {
		const uint8_t *at = (const uint8_t *)&safe + i;

		assert_memory_not_equal(at, made.seed.b, 32);
		assert_memory_not_equal(at, made.dh.b, 32);
		assert_memory_not_equal(at, made.actor_key, 32);
	}
}

/* Whoever changes the file, and what it says of itself with it, opens nothing
 * either: the public lines are sealed in. */
static void
what_was_changed_is_noticed(void **state)
{
	struct identity made;
	struct identity back;
	struct safe safe;
	struct safe other;

	(void)state;
	make(&made, &safe);
	other = safe;
	other.city.b[0] ^= 1;
	assert_int_equal(safe_open(&other, passphrase(), &back), ERR_DENIED);
	other = safe;
	other.key.b[31] ^= 1;
	assert_int_equal(safe_open(&other, passphrase(), &back), ERR_DENIED);
	for (size_t i = 0; i < sizeof(safe.sealed); i++) {
		other = safe;
		other.sealed[i] ^= 0x40;
		assert_int_equal(
		    safe_open(&other, passphrase(), &back), ERR_DENIED);
	}
	other = safe;
	other.cost.memory_bytes = UINT64_MAX;
	assert_int_equal(safe_open(&other, passphrase(), &back), ERR_LIMIT);
}

static void
a_file_with_any_character_changed_is_damaged(void **state)
{
	struct identity made;
	struct safe safe;
	struct safe loaded;
	struct buf text = {0};

	(void)state;
	make(&made, &safe);
	assert_int_equal(safe_save(tempdir_at(&dir, "whole"), &safe), ERR_OK);
	assert_int_equal(
	    file_read(tempdir_at(&dir, "whole"), 4096, &text), ERR_OK);
	for (size_t i = 0; i < text.n; i++) {
		enum err e;

		text.p[i] ^= 1;
		assert_int_equal(file_write(tempdir_at(&dir, "torn"),
				     buf_bytes(&text), 0600),
		    ERR_OK);
		e = safe_load(tempdir_at(&dir, "torn"), &loaded);
		assert_true(e == ERR_CORRUPT || e == ERR_VERSION);
		text.p[i] ^= 1;
	}
	buf_fini(&text);
	assert_int_equal(
	    safe_load(tempdir_at(&dir, "none"), &loaded), ERR_NOT_FOUND);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(keys_come_back_under_their_passphrase),
	    cmocka_unit_test(another_passphrase_opens_nothing),
	    cmocka_unit_test(no_file_has_a_secret_in_it),
	    cmocka_unit_test(what_was_changed_is_noticed),
	    cmocka_unit_test(a_file_with_any_character_changed_is_damaged),
	};

	return cmocka_run_group_tests(tests, dir_make, dir_remove);
}
