/*
 * Files of sealed root keys and of their shares, and shares that are joined:
 * what libgfshare is given comes from such files.
 */
#include "core/share.h"
#include "proto/split.h"
#include "tests/fuzz/cost.h"
#include "tests/fuzz/disk.h"
#include "tests/fuzz/targets.h"

static const char name[] = "share";

static void
assert_sound(const struct share_split *split)
{
	assert(split->threshold >= 2 && split->threshold <= split->count);
	assert(split->count <= LIMIT_SHARES);
}

static void
open_try(const struct share_file *file)
{
	struct share share;

	cost_begin();
	cost_assert_asked(
	    &file->cost, share_open(file, bytes_text("열려라"), &share));
}

static void
share_try(struct bytes text, const struct share_file *was)
{
	const char *path = disk_put(name, text);
	struct share_file file;
	enum err e = share_load(path, &file);

	disk_assert_read(e);
	if (e != ERR_OK)
		return;
	assert(was == NULL || memcmp(was, &file, sizeof(file)) == 0);
	assert_sound(&file.split);
	assert(file.number >= 1 && file.number <= file.split.count);
	assert(share_save(path, &file) == ERR_EXISTS);
	open_try(&file);
}

static void
vault_try(struct bytes text, const struct share_vault *was)
{
	const struct secret key = {{7}};
	const char *path = disk_put(name, text);
	struct share_vault vault;
	struct root_keys keys;
	enum err e = share_load_vault(path, &vault);

	disk_assert_read(e);
	if (e != ERR_OK)
		return;
	assert(was == NULL || memcmp(was, &vault, sizeof(vault)) == 0);
	assert_sound(&vault.split);
	assert(share_open_keys(&vault, &key, &keys) == ERR_DENIED);
	assert(!keys.is_here);
}

static void
split_take(struct fuzz_input *input, struct share_split *split)
{
	fuzz_fill(input, split->city.b, 1);
	fuzz_fill(input, split->id, 1);
	split->threshold = fuzz_u8(input);
	split->count = fuzz_u8(input);
}

/* Files of what the input says, with checks that are right; then changed. */
static void
made_try(struct fuzz_input input)
{
	struct share_file file;
	struct share_vault vault;
	struct buf text = {0};
	bool is_share = fuzz_u8(&input) % 4 > 0;

	memset(&file, 0, sizeof(file));
	memset(&vault, 0, sizeof(vault));
	if (is_share) {
		split_take(&input, &file.split);
		file.number = fuzz_u8(&input);
		file.cost.passes = fuzz_number(&input);
		file.cost.memory_bytes = fuzz_number(&input)
					 << fuzz_u8(&input) % 32;
		fuzz_fill(&input, file.sealed, 2);
		assert(share_save(disk_path(name), &file) == ERR_OK);
	} else {
		split_take(&input, &vault.split);
		fuzz_fill(&input, vault.sealed, 2);
		assert(share_save_vault(disk_path(name), &vault) == ERR_OK);
	}
	disk_get(name, &text);
	while (fuzz_more(&input))
		fuzz_mutate(&input, &text);
	share_try(buf_bytes(&text), is_share ? &file : NULL);
	vault_try(buf_bytes(&text), is_share ? NULL : &vault);
	buf_fini(&text);
}

/* Shares as their files were opened, which only agree on what share_load looks
 * at: of several splits, several times the same, any number of them. */
static void
join_try(struct fuzz_input input)
{
	struct share shares[LIMIT_SHARES + 2];
	struct share_split split = {.threshold = 2, .count = LIMIT_SHARES};
	struct secret key;
	size_t n = 1 + fuzz_below(&input, COUNT_OF(shares));
	bool seen[LIMIT_SHARES + 1] = {false};
	bool right = true;
	enum err e;

	split.threshold = (uint8_t)(2 + fuzz_below(&input, LIMIT_SHARES - 1));
	for (size_t i = 0; i < n; i++) {
		struct share *share = &shares[i];
		uint8_t how = fuzz_u8(&input);

		memset(share, 0, sizeof(*share));
		share->split = split;
		share->number = (uint8_t)(1 + how % LIMIT_SHARES);
		fuzz_fill(&input, share->b, 2);
		if (how >= 0xf0)
			share->split.id[0] = 1;
		right = right && !seen[share->number] &&
			share->split.id[0] == shares[0].split.id[0];
		seen[share->number] = true;
	}
	e = share_join(shares, n, &key);
	assert(e == ERR_OK || e == ERR_INVALID);
	assert((e == ERR_OK) == (right && n >= split.threshold));
}

/* What was cut is joined again from as many shares as are needed. */
static void
cut_try(struct fuzz_input input)
{
	struct split_plan plan = {
	    .shares = 1 + fuzz_below(&input, LIMIT_SHARES)};
	struct split_share shares[LIMIT_SHARES];
	struct bytes random;
	struct bytes secret;
	struct buf joined = {0};
	size_t first;

	plan.needed = 1 + fuzz_below(&input, plan.shares);
	first = fuzz_below(&input, plan.shares - plan.needed + 1);
	secret = fuzz_bytes(&input, LIMIT_SPLIT_SIZE);
	if (secret.n == 0)
		return;
	random = fuzz_rest(&input);
	if (random.n < split_random_size(plan, secret.n))
		return;
	random = bytes_first(random, split_random_size(plan, secret.n));
	assert(split_make(secret, plan, random, shares) == ERR_OK);
	assert(split_join(shares + first, plan.needed, &joined) == ERR_OK);
	assert(bytes_equal(buf_bytes(&joined), secret));
	buf_fini(&joined);
}

void
target_share(struct bytes in)
{
	static const struct cost_limit limit = {
	    {.allocations = 128,
		.allocated_bytes = 64 * 1024,
		.largest_bytes = 16 * 1024,
		.hashes = 8,
		.hashed_bytes = 16384},
	    {.allocations = 2, .allocated_bytes = 32, .largest_bytes = 4}};
	struct fuzz_input input = {.left = in};

	fuzz_start();
	(void)disk_path(name);
	cost_begin();
	vault_try(in, NULL);
	cost_assert(&limit, in.n);
	share_try(in, NULL);
	made_try(input);
	join_try(input);
	cut_try(input);
}
