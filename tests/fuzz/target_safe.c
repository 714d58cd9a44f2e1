/*
 * Files of saved keys.  What one says of the work that opening it takes is held
 * against limits before any of it is done (tests/fuzz/cost.c counts, and does
 * it cheaply).
 */
#include "core/safe.h"
#include "tests/fuzz/cost.h"
#include "tests/fuzz/disk.h"
#include "tests/fuzz/targets.h"

static const char name[] = "safe";

static void
pattern(void *arg, uint8_t *p, size_t n)
{
	(void)arg;
	memset(p, 0x5a, n);
}

static void
open_try(const struct safe *safe)
{
	struct identity identity;

	cost_begin();
	cost_assert_asked(
	    &safe->cost, safe_open(safe, bytes_text("열려라"), &identity));
}

/* The bytes as a file. */
static void
raw_try(struct bytes in)
{
	static const struct cost_limit limit = {
	    {.allocations = 64,
		.allocated_bytes = 64 * 1024,
		.largest_bytes = 16 * 1024,
		.hashes = 4,
		.hashed_bytes = 8192},
	    {.allocations = 1, .allocated_bytes = 16, .largest_bytes = 4}};
	const char *path = disk_put(name, in);
	struct safe safe;
	enum err e;

	cost_begin();
	e = safe_load(path, &safe);
	cost_assert(&limit, in.n);
	disk_assert_read(e);
	if (e == ERR_OK)
		open_try(&safe);
}

/* A file of what the input says, with a check that is right; then changed, when
 * it must be the same or be refused. */
static void
made_try(struct fuzz_input *input)
{
	struct safe safe = {.city = {{0}}};
	struct safe again;
	struct buf text = {0};
	enum err e;

	safe.cost.passes = fuzz_number(input);
	safe.cost.memory_bytes = fuzz_number(input) << fuzz_u8(input) % 32;
	fuzz_fill(input, safe.salt, 2);
	fuzz_fill(input, safe.sealed, 4);
	assert(safe_save(disk_path(name), &safe) == ERR_OK);
	disk_get(name, &text);
	while (fuzz_more(input))
		fuzz_mutate(input, &text);
	e = safe_load(disk_put(name, buf_bytes(&text)), &again);
	disk_assert_read(e);
	if (e == ERR_OK) {
		assert(memcmp(&safe, &again, sizeof(safe)) == 0);
		open_try(&again);
	}
	assert(
	    safe_save(disk_put(name, buf_bytes(&text)), &safe) == ERR_EXISTS);
	buf_fini(&text);
}

/* What was sealed opens, and not when the input changed anything of it. */
static void
sealed_try(struct fuzz_input *input)
{
	const struct host host = {.random = pattern};
	struct identity identity = {.seed = {{1}}, .dh = {{2}}};
	struct identity opened;
	struct safe safe;
	struct safe was;

	crypto_sign_key(&identity.seed, &identity.key);
	crypto_dh_key(&identity.dh, &identity.dh_key);
	assert(safe_seal(&host, &identity, bytes_text("열려라"),
		   (struct crypto_cost){1, CRYPTO_COST_BYTES_MIN},
		   &safe) == ERR_OK);
	was = safe;
	if (fuzz_more(input)) {
		size_t at = fuzz_below(input, sizeof(safe.sealed));

		safe.sealed[at] ^= fuzz_u8(input);
		safe.salt[0] ^= fuzz_u8(input);
		safe.city.b[0] ^= fuzz_u8(input);
	}
	if (memcmp(&was, &safe, sizeof(safe)) != 0) {
		assert(safe_open(&safe, bytes_text("열려라"), &opened) ==
		       ERR_DENIED);
		return;
	}
	assert(safe_open(&safe, bytes_text("열려라"), &opened) == ERR_OK);
	assert(memcmp(&opened, &identity, sizeof(opened)) == 0);
}

void
target_safe(struct bytes in)
{
	struct fuzz_input made = {.left = in};
	struct fuzz_input sealed = {.left = in};

	fuzz_start();
	raw_try(in);
	made_try(&made);
	sealed_try(&sealed);
}
