/*
 * Promises of core/share.h.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "core/file.h"
#include "core/share.h"
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

static struct prng prng = {11};
static const struct host host = {
    .now_ms = host_now_ms, .random = host_random, .arg = &prng};
/* Real ones take most of a second. */
static const struct crypto_cost cheap = {1, CRYPTO_COST_BYTES_MIN};
static struct tempdir dir;

/* A key in shares, and root keys sealed under it. */
struct safe {
	struct root_keys keys;
	struct secret key;
	struct share_vault vault;
	struct share shares[LIMIT_SHARES];
};

static void
safe_make(struct safe *safe, uint8_t threshold, uint8_t count)
{
	struct share_split split = {.threshold = threshold, .count = count};

	memset(safe, 0, sizeof(*safe));
	split.city.b[0] = 7;
	prng_fill(&prng, split.id, sizeof(split.id));
	prng_fill(&prng, safe->key.b, sizeof(safe->key.b));
	prng_fill(&prng, safe->keys.seed.b, 32);
	prng_fill(&prng, safe->keys.next_seed.b, 32);
	crypto_sign_key(&safe->keys.seed, &safe->keys.key);
	safe->keys.is_here = true;
	safe->keys.has_next = true;
	safe->vault.split = split;
	share_seal_keys(&host, &safe->key, &safe->keys, &safe->vault);
	share_cut(&host, &split, &safe->key, safe->shares);
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

/* The shares whose bits are set in `chosen`. */
static size_t
choose(const struct safe *safe, unsigned chosen, struct share *some)
{
	size_t n = 0;

	for (size_t i = 0; i < LIMIT_SHARES; i++) {
		if ((chosen >> i & 1) != 0)
			some[n++] = safe->shares[i];
	}
	return n;
}

static void
any_shares_that_are_enough_open_the_keys(void **state)
{
	struct safe safe;
	struct root_keys keys;
	struct secret key;
	struct share some[LIMIT_SHARES];

	(void)state;
	for (uint8_t count = 2; count <= 6; count++) {
		for (uint8_t threshold = 2; threshold <= count; threshold++) {
			safe_make(&safe, threshold, count);
			for (unsigned set = 1; set < 1u << count; set++) {
				size_t n = choose(&safe, set, some);
				enum err e = share_join(some, n, &key);

				if (n < threshold) {
					assert_int_equal(e, ERR_INVALID);
					continue;
				}
				assert_int_equal(e, ERR_OK);
				assert_memory_equal(&key, &safe.key, 32);
				assert_int_equal(
				    share_open_keys(&safe.vault, &key, &keys),
				    ERR_OK);
				assert_memory_equal(
				    &keys, &safe.keys, sizeof(keys));
			}
		}
	}
}

static void
shares_of_two_splits_and_the_same_one_twice_are_refused(void **state)
{
	struct safe one;
	struct safe two;
	struct secret key;
	struct root_keys keys;
	struct share some[3];

	(void)state;
	safe_make(&one, 2, 3);
	safe_make(&two, 2, 3);
	some[0] = one.shares[0];
	some[1] = two.shares[1];
	assert_int_equal(share_join(some, 2, &key), ERR_INVALID);
	assert_non_null(strstr(err_text(), "not of one split"));
	some[1] = one.shares[0];
	assert_int_equal(share_join(some, 2, &key), ERR_INVALID);
	assert_non_null(strstr(err_text(), "twice"));
	/* One that lies about its number says nothing by itself. */
	some[1].number = 3;
	assert_int_equal(share_join(some, 2, &key), ERR_OK);
	assert_int_equal(share_open_keys(&one.vault, &key, &keys), ERR_DENIED);
	assert_int_equal(
	    share_open_keys(&one.vault, &two.key, &keys), ERR_DENIED);
	assert_false(keys.is_here);
}

static void
what_is_sealed_twice_looks_different(void **state)
{
	struct safe safe;
	struct share_vault again;
	struct root_keys keys;

	(void)state;
	safe_make(&safe, 2, 3);
	again = safe.vault;
	share_seal_keys(&host, &safe.key, &safe.keys, &again);
	assert_memory_not_equal(
	    again.sealed, safe.vault.sealed, sizeof(again.sealed));
	assert_int_equal(share_open_keys(&again, &safe.key, &keys), ERR_OK);
	/* What stands in the open is sealed with it. */
	again.split.threshold = 3;
	assert_int_equal(share_open_keys(&again, &safe.key, &keys), ERR_DENIED);
}

static void
a_share_opens_with_its_passphrase_alone(void **state)
{
	struct safe safe;
	struct share_file file;
	struct share_file loaded;
	struct share share;
	struct stat stat_of;
	const char *path = tempdir_at(&dir, "share-2");

	(void)state;
	safe_make(&safe, 3, 5);
	assert_int_equal(share_seal(&host, &safe.shares[1],
			     bytes_text("골목길 가로등"), cheap, &file),
	    ERR_OK);
	assert_int_equal(share_save(path, &file), ERR_OK);
	assert_int_equal(share_save(path, &file), ERR_EXISTS);
	assert_int_equal(stat(path, &stat_of), 0);
	assert_int_equal(stat_of.st_mode & 0777, 0600);
	assert_int_equal(share_load(path, &loaded), ERR_OK);
	assert_memory_equal(&loaded.split, &file.split, sizeof(file.split));
	assert_int_equal(loaded.number, file.number);
	assert_memory_equal(loaded.salt, file.salt, sizeof(file.salt));
	assert_memory_equal(&loaded.cost, &file.cost, sizeof(file.cost));
	assert_memory_equal(loaded.sealed, file.sealed, sizeof(file.sealed));
	assert_int_equal(
	    share_open(&loaded, bytes_text("골목길 가로등"), &share), ERR_OK);
	assert_memory_equal(&share, &safe.shares[1], sizeof(share));
	assert_int_equal(
	    share_open(&loaded, bytes_text("골목길 가로든"), &share),
	    ERR_DENIED);
	assert_null(strstr(err_text(), "골목길"));
	assert_memory_not_equal(share.b, safe.shares[1].b, sizeof(share.b));
	assert_int_equal(
	    share_open(&loaded, (struct bytes){0}, &share), ERR_DENIED);
}

static void
a_character_that_changed_is_noticed_before_anybody_types(void **state)
{
	struct safe safe;
	struct share_file file;
	struct share_vault vault;
	struct buf good = {0};
	struct buf bad = {0};
	const char *path = tempdir_at(&dir, "k");

	(void)state;
	safe_make(&safe, 2, 2);
	assert_int_equal(share_seal(&host, &safe.shares[0],
			     bytes_text("일이삼"), cheap, &file),
	    ERR_OK);
	for (int kind = 0; kind < 2; kind++) {
		if (kind == 0)
			assert_int_equal(share_save(path, &file), ERR_OK);
		else
			assert_int_equal(
			    share_save_vault(path, &safe.vault), ERR_OK);
		buf_cut(&good, 0);
		assert_int_equal(file_read(path, 4096, &good), ERR_OK);
		for (size_t i = 0; i < good.n; i++) {
			enum err e;

			buf_cut(&bad, 0);
			buf_add(&bad, buf_bytes(&good));
			bad.p[i] = bad.p[i] == '0' ? '1' : '0';
			assert_int_equal(
			    file_write(path, buf_bytes(&bad), 0600), ERR_OK);
			e = kind == 0 ? share_load(path, &file)
				      : share_load_vault(path, &vault);
			assert_true(e == ERR_CORRUPT || e == ERR_VERSION);
			assert_non_null(strstr(err_text(), path));
		}
		assert_int_equal(
		    file_write(path, buf_bytes(&good), 0600), ERR_OK);
		assert_int_equal(kind == 0 ? share_load(path, &file)
					   : share_load_vault(path, &vault),
		    ERR_OK);
	}
	assert_memory_equal(&vault, &safe.vault, sizeof(vault));
	/* A file of one kind is none of another. */
	assert_int_equal(share_load(path, &file), ERR_CORRUPT);
	buf_fini(&good);
	buf_fini(&bad);
}

static void
a_file_cannot_ask_for_all_memory(void **state)
{
	static const struct crypto_cost costs[] = {{1, UINT64_C(1) << 40},
	    {1000, CRYPTO_COST_BYTES_MIN}, {0, 8192}, {1, 0},
	    {1, CRYPTO_COST_BYTES_MIN - 1}};
	struct safe safe;
	struct share_file file;
	struct share share;

	(void)state;
	safe_make(&safe, 2, 2);
	for (size_t i = 0; i < COUNT_OF(costs); i++) {
		assert_int_equal(share_seal(&host, &safe.shares[0],
				     bytes_text("일이삼"), costs[i], &file),
		    ERR_LIMIT);
		assert_int_equal(
		    share_open(&file, bytes_text("일이삼"), &share), ERR_LIMIT);
	}
}

/* Its check fits: somebody wrote it so. */
static void
a_file_of_a_split_that_cannot_be_is_refused(void **state)
{
	static const struct {
		uint8_t threshold;
		uint8_t count;
		uint8_t number;
		const char *why;
	} files[] = {{1, 3, 1, "no split"}, {0, 0, 1, "no split"},
	    {4, 3, 1, "no split"}, {2, LIMIT_SHARES + 1, 1, "no split"},
	    {2, 3, 0, "share 0 of 3"}, {2, 3, 4, "share 4 of 3"},
	    {2, 3, 3, NULL}, {LIMIT_SHARES, LIMIT_SHARES, 16, NULL}};
	const char *path = tempdir_at(&dir, "share");
	const char *sealed = tempdir_at(&dir, "sealed");
	struct share_vault vault;
	struct share_file file;
	struct safe safe;

	(void)state;
	safe_make(&safe, 2, 3);
	for (size_t i = 0; i < COUNT_OF(files); i++) {
		const char *why = files[i].why;

		assert_int_equal(share_seal(&host, &safe.shares[0],
				     bytes_text("말"), cheap, &file),
		    ERR_OK);
		file.number = files[i].number;
		file.split.threshold = files[i].threshold;
		file.split.count = files[i].count;
		safe.vault.split = file.split;
		assert_int_equal(share_save(path, &file), ERR_OK);
		assert_int_equal(share_save_vault(sealed, &safe.vault), ERR_OK);
		assert_int_equal(share_load(path, &file),
		    why == NULL ? ERR_OK : ERR_CORRUPT);
		if (why != NULL)
			assert_non_null(strstr(err_text(), why));
		assert_int_equal(share_load_vault(sealed, &vault),
		    why != NULL && strcmp(why, "no split") == 0 ? ERR_CORRUPT
								: ERR_OK);
		assert_int_equal(file_remove(path), ERR_OK);
	}
}

int
main(void)
{
#define IN_DIR(f) cmocka_unit_test_setup_teardown(f, dir_make, dir_remove)
	const struct CMUnitTest tests[] = {
	    IN_DIR(any_shares_that_are_enough_open_the_keys),
	    IN_DIR(shares_of_two_splits_and_the_same_one_twice_are_refused),
	    IN_DIR(what_is_sealed_twice_looks_different),
	    IN_DIR(a_share_opens_with_its_passphrase_alone),
	    IN_DIR(a_character_that_changed_is_noticed_before_anybody_types),
	    IN_DIR(a_file_cannot_ask_for_all_memory),
	    IN_DIR(a_file_of_a_split_that_cannot_be_is_refused),
	};

	return cmocka_run_group_tests_name("share", tests, NULL, NULL);
}
