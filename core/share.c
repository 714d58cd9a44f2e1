/*
 * Sealed root keys and their shares: what stands in those files.  core/root.c
 * decides which files there are.  Nothing secret ever stands in an error, and
 * what is public says nothing about what is secret.
 */
#include "core/share.h"

#include <string.h>

#include "core/keyfile.h"
#include "proto/split.h"

enum { CHECK_SIZE = 8, LINES_MAX = 10 };

/* The lines of a file of ours, the last two of which are `sealed` and `check`,
 * with the small numbers as bytes. */
struct form {
	struct keyfile_line lines[LINES_MAX];
	struct keyfile file;
	uint8_t check[CHECK_SIZE];
	uint8_t passes[8];
	uint8_t memory[8];
};

static const char vault_title[] = "golmok sealed root 1";
static const char share_title[] = "golmok root share 1";

static enum err shares_join(
    const struct share *shares, size_t n, struct secret *key) MUST_USE;
static void form_add(struct form *form, const char *word, void *p, size_t n);
static void form_split(struct form *form, struct share_split *split);
static void form_vault(struct form *form, struct share_vault *vault);
static void form_share(struct form *form, struct share_file *file);
static void form_check(const struct form *form, uint8_t check[CHECK_SIZE]);
static enum err form_sound(const struct form *form, const char *path,
    const struct share_split *split) MUST_USE;

void
share_seal_keys(const struct host *host, const struct secret *key,
    const struct root_keys *keys, struct share_vault *vault)
{
	uint8_t plain[2 * 32];
	struct sign_key next;
	struct secret under;
	struct form form = {0};
	struct buf ad = {0};

	assert(keys->is_here && keys->has_next);
	vault->key = keys->key;
	crypto_sign_key(&keys->next_seed, &next);
	crypto_sha256(bytes_of(next.b, 32), &vault->next_root);
	host->random(host->arg, vault->salt, sizeof(vault->salt));
	memcpy(plain, keys->seed.b, 32);
	memcpy(plain + 32, keys->next_seed.b, 32);
	form_vault(&form, vault);
	keyfile_text(&form.file, form.file.n - 2, &ad);
	crypto_blake2b(bytes_of(key->b, 32), buf_bytes(&ad), under.b, 32);
	crypto_seal(&under, 0, buf_bytes(&ad), bytes_of(plain, sizeof(plain)),
	    vault->sealed);
	crypto_wipe(plain, sizeof(plain));
	crypto_wipe(&under, sizeof(under));
	buf_fini(&ad);
}

enum err
share_open_keys(const struct share_vault *vault, const struct secret *key,
    struct root_keys *keys)
{
	struct share_vault copy = *vault;
	uint8_t plain[2 * 32];
	struct secret under;
	struct form form = {0};
	struct buf ad = {0};
	bool opened;

	memset(keys, 0, sizeof(*keys));
	form_vault(&form, &copy);
	keyfile_text(&form.file, form.file.n - 2, &ad);
	crypto_blake2b(bytes_of(key->b, 32), buf_bytes(&ad), under.b, 32);
	opened = crypto_open(&under, 0, buf_bytes(&ad),
	    bytes_of(vault->sealed, sizeof(vault->sealed)), plain);
	if (opened) {
		memcpy(keys->seed.b, plain, 32);
		memcpy(keys->next_seed.b, plain + 32, 32);
		crypto_sign_key(&keys->seed, &keys->key);
		keys->is_here = true;
		keys->has_next = true;
	}
	crypto_wipe(plain, sizeof(plain));
	crypto_wipe(&under, sizeof(under));
	buf_fini(&ad);
	if (opened)
		return ERR_OK;
	return err_set(ERR_DENIED,
	    "these shares do not open the sealed root keys of this store");
}

enum err
share_save_vault(const char *path, const struct share_vault *vault)
{
	struct share_vault copy = *vault;
	struct form form = {0};

	form_vault(&form, &copy);
	form_check(&form, form.check);
	return keyfile_save(path, &form.file, true);
}

enum err
share_load_vault(const char *path, struct share_vault *vault)
{
	struct form form = {0};
	enum err e;

	memset(vault, 0, sizeof(*vault));
	form_vault(&form, vault);
	e = keyfile_load(path, &form.file);
	return e == ERR_OK ? form_sound(&form, path, &vault->split) : e;
}

void
share_cut(const struct host *host, const struct share_split *split,
    const struct secret *key, struct share *shares)
{
	const struct split_plan plan = {
	    .shares = split->count, .needed = split->threshold};
	struct split_share cut[LIMIT_SHARES];
	struct buf random = {0};
	size_t n = split_random_size(plan, sizeof(key->b));

	assert(split->count <= LIMIT_SHARES);
	host->random(host->arg, buf_extend(&random, n), n);
	/* Plan and secret are within its limits. */
	if (split_make(bytes_of(key->b, sizeof(key->b)), plan,
		buf_bytes(&random), cut) != ERR_OK)
		assert(false);
	for (size_t i = 0; i < split->count; i++) {
		shares[i].split = *split;
		shares[i].number = cut[i].number;
		memcpy(shares[i].b, cut[i].b, sizeof(shares[i].b));
	}
	crypto_wipe(cut, sizeof(cut));
	buf_wipe(&random);
}

enum err
share_join(const struct share *shares, size_t n, struct secret *key)
{
	const struct share_split *split = &shares[0].split;

	memset(key, 0, sizeof(*key));
	for (size_t i = 0; i < n; i++) {
		if (memcmp(&shares[i].split, split, sizeof(*split)) != 0)
			return err_set(ERR_INVALID,
			    "shares %u and %u are not of one split: bring "
			    "those that were made together",
			    shares[0].number, shares[i].number);
		for (size_t at = 0; at < i; at++) {
			if (shares[at].number == shares[i].number)
				return err_set(ERR_INVALID,
				    "share %u was given twice: each counts "
				    "once",
				    shares[i].number);
		}
	}
	if (n < split->threshold)
		return err_set(ERR_INVALID,
		    "%zu of the %u shares that are needed: name %zu more with "
		    "--share",
		    n, split->threshold, split->threshold - n);
	return shares_join(shares, n, key);
}

static enum err
shares_join(const struct share *shares, size_t n, struct secret *key)
{
	struct split_share cut[LIMIT_SHARES] = {0};
	struct buf joined = {0};
	enum err e;

	/* No share has a number beyond that, and each was given once. */
	assert(n <= LIMIT_SHARES);
	for (size_t i = 0; i < n; i++) {
		cut[i].number = shares[i].number;
		cut[i].n = sizeof(shares[i].b);
		memcpy(cut[i].b, shares[i].b, sizeof(shares[i].b));
	}
	e = split_join(cut, n, &joined);
	if (e == ERR_OK)
		memcpy(key->b, joined.p, sizeof(key->b));
	crypto_wipe(cut, sizeof(cut));
	buf_wipe(&joined);
	return e;
}

enum err
share_seal(const struct host *host, const struct share *share,
    struct bytes passphrase, struct crypto_cost cost, struct share_file *file)
{
	struct secret under;
	struct form form = {0};
	struct buf ad = {0};
	enum err e;

	*file = (struct share_file){
	    .split = share->split, .number = share->number, .cost = cost};
	host->random(host->arg, file->salt, sizeof(file->salt));
	e = crypto_stretch(passphrase, file->salt, cost, &under);
	if (e != ERR_OK)
		return e;
	form_share(&form, file);
	keyfile_text(&form.file, form.file.n - 2, &ad);
	crypto_seal(&under, 0, buf_bytes(&ad),
	    bytes_of(share->b, sizeof(share->b)), file->sealed);
	crypto_wipe(&under, sizeof(under));
	buf_fini(&ad);
	return ERR_OK;
}

enum err
share_open(
    const struct share_file *file, struct bytes passphrase, struct share *share)
{
	struct share_file copy = *file;
	struct secret under;
	struct form form = {0};
	struct buf ad = {0};
	enum err e;

	*share = (struct share){.split = file->split, .number = file->number};
	e = crypto_stretch(passphrase, file->salt, file->cost, &under);
	if (e != ERR_OK)
		return e;
	form_share(&form, &copy);
	keyfile_text(&form.file, form.file.n - 2, &ad);
	if (!crypto_open(&under, 0, buf_bytes(&ad),
		bytes_of(file->sealed, sizeof(file->sealed)), share->b))
		e = err_set(ERR_DENIED,
		    "this passphrase does not open share %u: type it anew",
		    file->number);
	crypto_wipe(&under, sizeof(under));
	buf_fini(&ad);
	return e;
}

enum err
share_save(const char *path, const struct share_file *file)
{
	struct share_file copy = *file;
	struct form form = {0};

	form_share(&form, &copy);
	form_check(&form, form.check);
	return keyfile_save(path, &form.file, false);
}

enum err
share_load(const char *path, struct share_file *file)
{
	struct form form = {0};
	enum err e;

	memset(file, 0, sizeof(*file));
	form_share(&form, file);
	e = keyfile_load(path, &form.file);
	if (e == ERR_OK)
		e = form_sound(&form, path, &file->split);
	if (e != ERR_OK)
		return e;
	file->cost.passes = bytes_be64(form.passes);
	file->cost.memory_bytes = bytes_be64(form.memory);
	if (file->number == 0 || file->number > file->split.count)
		return err_set(ERR_CORRUPT,
		    "key file %s: it is share %u of %u: bring another copy",
		    path, file->number, file->split.count);
	return ERR_OK;
}

static void
form_add(struct form *form, const char *word, void *p, size_t n)
{
	assert(form->file.n < LINES_MAX);
	form->lines[form->file.n++] = (struct keyfile_line){
	    .word = word, .p = p, .n = n};
	form->file.lines = form->lines;
}

static void
form_split(struct form *form, struct share_split *split)
{
	form_add(form, "city", split->city.b, sizeof(split->city.b));
	form_add(form, "split", split->id, sizeof(split->id));
	form_add(form, "threshold", &split->threshold, 1);
	form_add(form, "count", &split->count, 1);
}

static void
form_vault(struct form *form, struct share_vault *vault)
{
	form->file.title = vault_title;
	form_split(form, &vault->split);
	form_add(form, "root", vault->key.b, sizeof(vault->key.b));
	form_add(form, "next", vault->next_root.b, sizeof(vault->next_root.b));
	form_add(form, "salt", vault->salt, sizeof(vault->salt));
	form_add(form, "sealed", vault->sealed, sizeof(vault->sealed));
	form_add(form, "check", form->check, sizeof(form->check));
}

static void
form_share(struct form *form, struct share_file *file)
{
	bytes_put_be64(form->passes, file->cost.passes);
	bytes_put_be64(form->memory, file->cost.memory_bytes);
	form->file.title = share_title;
	form_split(form, &file->split);
	form_add(form, "number", &file->number, 1);
	form_add(form, "salt", file->salt, sizeof(file->salt));
	form_add(form, "passes", form->passes, sizeof(form->passes));
	form_add(form, "memory", form->memory, sizeof(form->memory));
	form_add(form, "sealed", file->sealed, sizeof(file->sealed));
	form_add(form, "check", form->check, sizeof(form->check));
}

/* The first bytes of SHA-256 of all lines before it: a slip of a pen is told
 * from a wrong passphrase. */
static void
form_check(const struct form *form, uint8_t check[CHECK_SIZE])
{
	struct buf text = {0};
	struct hash hash;

	keyfile_text(&form->file, form->file.n - 1, &text);
	crypto_sha256(buf_bytes(&text), &hash);
	memcpy(check, hash.b, CHECK_SIZE);
	buf_fini(&text);
}

static enum err
form_sound(
    const struct form *form, const char *path, const struct share_split *split)
{
	uint8_t check[CHECK_SIZE];

	form_check(form, check);
	if (memcmp(check, form->check, CHECK_SIZE) != 0)
		return err_set(ERR_CORRUPT,
		    "key file %s is damaged: bring another copy of it", path);
	if (split->threshold < 2 || split->threshold > split->count ||
	    split->count > LIMIT_SHARES)
		return err_set(ERR_CORRUPT,
		    "key file %s: %u of %u shares is no split: bring another "
		    "copy of it",
		    path, split->threshold, split->count);
	return ERR_OK;
}
