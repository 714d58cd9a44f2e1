/*
 * The files of root keys in a store, and in which order they change, so that a
 * crash at any moment leaves keys that work.  core/store.c holds the keys while
 * it is open; core/rotate.c writes what a rotation says.  The keys themselves
 * never stand in an error.
 */
#include "core/root.h"

#include <string.h>

#include "core/file.h"
#include "core/keyfile.h"
#include "proto/mem.h"

const char root_ahead_text[] =
    "the data of this store is from before the rotation that made its root "
    "keys root: sync with whoever has heard of that, and it comes back";

static const char plain_name[] = "root";
static const char plain_next_name[] = "root-next";
static const char sealed_name[] = "root-sealed";
static const char sealed_next_name[] = "root-sealed-next";
static const char gone_name[] = "root-gone"; /* on its way out */

static enum err keys_read(
    const struct root *root, const char *path, struct root_keys *keys) MUST_USE;
static enum err keys_write(const struct root *root, const struct host *host,
    const char *path, const struct root_keys *keys) MUST_USE;
static enum err follow(const char *dir, const struct authority *authority,
    struct root *root) MUST_USE;
static enum err shares_write(const struct host *host,
    const struct root_plan *plan, const struct share *shares) MUST_USE;
static enum err shares_remove(
    const struct root_plan *plan, enum err e, size_t n) MUST_USE;
static enum err shares_prove(
    const struct root_plan *plan, const struct secret *key) MUST_USE;
static enum err vault_replace(const char *dir, const struct host *host,
    const struct share_split *split, const struct secret *key,
    const struct root *root) MUST_USE;
static enum err destroy(const char *dir, const char *name) MUST_USE;

static bool
is_root(const struct authority *authority, const struct sign_key *key)
{
	return memcmp(key->b, authority->root.b, sizeof(key->b)) == 0;
}

static bool
was_root(const struct authority *authority, const struct sign_key *key)
{
	for (size_t i = 0; i < authority->roots_n; i++)
		if (memcmp(&authority->roots[i].key, key, sizeof(*key)) == 0)
			return true;
	return false;
}

enum err
root_load_all(const char *dir, struct identity *identity, struct root *root)
{
	char *keys = file_path(dir, "identity");
	char *path = file_path(dir, plain_name);
	char *gone = file_path(dir, gone_name);
	enum err e = identity_load(keys, identity);

	if (e == ERR_OK) {
		e = identity_load_root(path, &root->keys);
		if (e == ERR_NOT_FOUND)
			e = ERR_OK;
	}
	/* A split was cut off at its end; the next one tries again too. */
	if (e == ERR_OK)
		(void)!keyfile_destroy(gone);
	mem_free(keys);
	mem_free(path);
	mem_free(gone);
	return e;
}

void
root_fini(struct root *root)
{
	crypto_wipe(root, sizeof(*root));
}

enum err
root_unlock(
    const char *dir, const struct share *shares, size_t n, struct root *root)
{
	char *path = file_path(dir, sealed_name);
	struct share_vault vault;
	struct secret key;
	enum err e = share_load_vault(path, &vault);

	assert(n > 0);
	mem_free(path);
	if (e == ERR_NOT_FOUND)
		return err_set(ERR_NOT_FOUND,
		    "no split root keys lie in store %s: shares open nothing "
		    "here",
		    dir);
	if (e != ERR_OK)
		return e;
	if (memcmp(&vault.split, &shares[0].split, sizeof(vault.split)) != 0)
		return err_set(ERR_INVALID,
		    "share %u is of another split than the sealed root keys of "
		    "store %s: bring those that were made with them",
		    shares[0].number, dir);
	e = share_join(shares, n, &key);
	if (e == ERR_OK)
		e = share_open_keys(&vault, &key, &root->keys);
	if (e == ERR_OK) {
		root->unlocked = true;
		root->split = vault.split;
		root->key = key;
	}
	crypto_wipe(&key, sizeof(key));
	return e;
}

enum err
root_find(const char *dir, struct root_place *place)
{
	char *plain = file_path(dir, plain_name);
	char *sealed = file_path(dir, sealed_name);
	struct file_stat stat;
	enum err e = file_stat(plain, &stat);

	memset(place, 0, sizeof(*place));
	place->plain = e == ERR_OK;
	if (e == ERR_OK || e == ERR_NOT_FOUND)
		e = share_load_vault(sealed, &place->vault);
	place->sealed = e == ERR_OK;
	mem_free(plain);
	mem_free(sealed);
	if (e == ERR_NOT_FOUND)
		e = ERR_OK;
	return e;
}

enum err
root_settle(
    const char *dir, const struct authority *authority, struct root *root)
{
	struct sign_key next;
	enum err e;

	root->is_ahead = false;
	if (!root->keys.is_here || !authority->founded ||
	    is_root(authority, &root->keys.key))
		return ERR_OK;
	e = follow(dir, authority, root);
	if (e != ERR_OK || is_root(authority, &root->keys.key))
		return e;
	/* The data may be older than they are: they are root again when what is
	 * lost comes back. */
	crypto_sign_key(&root->keys.next_seed, &next);
	root->is_ahead = !is_root(authority, &next) &&
			 !was_root(authority, &root->keys.key);
	if (root->is_ahead)
		return ERR_OK;
	/* Keys of before the last rotation hold the one that is root now, but
	 * not the one that may follow it. */
	root->keys.has_next = false;
	if (is_root(authority, &next)) {
		root->keys.key = next;
		root->keys.seed = root->keys.next_seed;
	} else {
		identity_fini_root(&root->keys);
		root->is_stale = true;
	}
	crypto_wipe(&root->keys.next_seed, sizeof(root->keys.next_seed));
	return ERR_OK;
}

/* Takes the keys that a rotation prepared, if they are root now. */
static enum err
follow(const char *dir, const struct authority *authority, struct root *root)
{
	char *next = file_path(
	    dir, root->unlocked ? sealed_next_name : plain_next_name);
	char *path = file_path(dir, root->unlocked ? sealed_name : plain_name);
	struct root_keys keys;
	enum err e = keys_read(root, next, &keys);

	/* Another process may just have moved it. */
	if (e == ERR_NOT_FOUND) {
		e = keys_read(root, path, &keys);
		if (e == ERR_OK && is_root(authority, &keys.key))
			root->keys = keys;
		e = ERR_OK;
	} else if (e == ERR_OK && is_root(authority, &keys.key)) {
		root->keys = keys;
		e = file_move(next, path);
		if (e == ERR_NOT_FOUND)
			e = ERR_OK;
	}
	identity_fini_root(&keys);
	mem_free(next);
	mem_free(path);
	return e;
}

static enum err
keys_read(const struct root *root, const char *path, struct root_keys *keys)
{
	struct share_vault vault;
	enum err e;

	memset(keys, 0, sizeof(*keys));
	if (!root->unlocked)
		return identity_load_root(path, keys);
	e = share_load_vault(path, &vault);
	return e == ERR_OK ? share_open_keys(&vault, &root->key, keys) : e;
}

static enum err
keys_write(const struct root *root, const struct host *host, const char *path,
    const struct root_keys *keys)
{
	struct share_vault vault = {.split = root->split};

	if (!root->unlocked)
		return identity_save_root(path, keys, true);
	share_seal_keys(host, &root->key, keys, &vault);
	return share_save_vault(path, &vault);
}

enum err
root_prepare(const char *dir, const struct host *host, struct root *root)
{
	char *path = file_path(
	    dir, root->unlocked ? sealed_next_name : plain_next_name);
	struct root_keys *follows = &root->follows;
	struct sign_key next;
	enum err e;

	assert(root->keys.is_here && root->keys.has_next);
	crypto_sign_key(&root->keys.next_seed, &next);
	e = keys_read(root, path, follows);
	if (e == ERR_OK && memcmp(&next, &follows->key, sizeof(next)) == 0)
		goto out;
	*follows = (struct root_keys){.is_here = true,
	    .has_next = true,
	    .key = next,
	    .seed = root->keys.next_seed};
	host->random(host->arg, follows->next_seed.b, 32);
	e = keys_write(root, host, path, follows);
out:
	root->rotating = e == ERR_OK;
	mem_free(path);
	return e;
}

void
root_ended(const char *dir, bool committed, struct root *root)
{
	char *next;
	char *path;

	if (!root->rotating)
		return;
	next = file_path(
	    dir, root->unlocked ? sealed_next_name : plain_next_name);
	path = file_path(dir, root->unlocked ? sealed_name : plain_name);
	root->rotating = false;
	if (committed) {
		root->keys = root->follows;
		(void)!file_move(next, path);
	}
	identity_fini_root(&root->follows);
	mem_free(next);
	mem_free(path);
}

/* The path of the file of share `number`, owned by the caller. */
static char *
share_path(const struct root_plan *plan, size_t number)
{
	struct buf name = {0};
	char *path;

	buf_add_format(&name, "share-%zu", number);
	path = file_path(plan->out, buf_text(&name));
	buf_fini(&name);
	return path;
}

enum err
root_split(const char *dir, const struct host *host,
    const struct root_plan *plan, struct root *root)
{
	struct share shares[LIMIT_SHARES] = {0};
	struct root_plan with = *plan;
	struct secret key;
	enum err e;

	if (!root->keys.is_here || !root->keys.has_next)
		return err_set(ERR_DENIED,
		    "the root keys are not whole here: the one that may follow "
		    "is missing");
	assert(plan->split.count <= LIMIT_SHARES &&
	       plan->split.threshold <= plan->split.count);
	host->random(host->arg, key.b, sizeof(key.b));
	host->random(host->arg, with.split.id, sizeof(with.split.id));
	share_cut(host, &with.split, &key, shares);
	e = shares_write(host, &with, shares);
	if (e == ERR_OK)
		e = shares_prove(&with, &key);
	if (e == ERR_OK)
		e = vault_replace(dir, host, &with.split, &key, root);
	if (e == ERR_OK)
		e = destroy(dir, plain_next_name);
	if (e == ERR_OK)
		e = destroy(dir, sealed_next_name);
	if (e == ERR_OK)
		e = destroy(dir, plain_name);
	crypto_wipe(&key, sizeof(key));
	crypto_wipe(shares, sizeof(shares));
	return e;
}

static enum err
shares_write(const struct host *host, const struct root_plan *plan,
    const struct share *shares)
{
	struct file_stat stat;
	size_t written = 0;
	enum err e = file_stat(plan->out, &stat);

	if (e == ERR_NOT_FOUND)
		e = file_make_dir(plan->out);
	for (size_t i = 0; i < plan->split.count && e == ERR_OK; i++) {
		struct share_file file;
		char *path = share_path(plan, i + 1);

		e = share_seal(
		    host, &shares[i], plan->passphrases[i], plan->cost, &file);
		if (e == ERR_OK)
			e = share_save(path, &file);
		written += e == ERR_OK;
		mem_free(path);
	}
	return e == ERR_OK ? e : shares_remove(plan, e, written);
}

/* After the failure `e`, removes the first `n` files of shares, which open
 * nothing. */
static enum err
shares_remove(const struct root_plan *plan, enum err e, size_t n)
{
	struct fault fault;

	err_keep(&fault, e);
	for (size_t i = 0; i < n; i++) {
		char *path = share_path(plan, i + 1);

		(void)!file_remove(path);
		mem_free(path);
	}
	return err_raise(&fault);
}

/* Opens what was written, and joins each run of as many as are needed. */
static enum err
shares_prove(const struct root_plan *plan, const struct secret *key)
{
	struct share shares[2 * LIMIT_SHARES] = {0};
	size_t n = plan->split.count;
	enum err e = ERR_OK;

	for (size_t i = 0; i < n && e == ERR_OK; i++) {
		struct share_file file;
		char *path = share_path(plan, i + 1);

		e = share_load(path, &file);
		if (e == ERR_OK)
			e = share_open(&file, plan->passphrases[i], &shares[i]);
		shares[n + i] = shares[i];
		mem_free(path);
	}
	for (size_t i = 0; i < n && e == ERR_OK; i++) {
		struct secret joined;

		e = share_join(&shares[i], plan->split.threshold, &joined);
		if (e == ERR_OK && !crypto_equal(&joined, key, sizeof(joined)))
			e = err_set(ERR_IO,
			    "the shares in %s do not give back what was split: "
			    "the root keys were left as they are",
			    plan->out);
		crypto_wipe(&joined, sizeof(joined));
	}
	crypto_wipe(shares, sizeof(shares));
	return e == ERR_OK ? e : shares_remove(plan, e, n);
}

/* Puts root->keys, sealed under `key`, into the place of other sealed keys, and
 * opens what was written. */
static enum err
vault_replace(const char *dir, const struct host *host,
    const struct share_split *split, const struct secret *key,
    const struct root *root)
{
	struct share_vault vault = {.split = *split};
	struct root_keys keys = {0};
	char *path = file_path(dir, sealed_name);
	enum err e;

	share_seal_keys(host, key, &root->keys, &vault);
	e = share_save_vault(path, &vault);
	if (e == ERR_OK)
		e = share_load_vault(path, &vault);
	if (e == ERR_OK)
		e = share_open_keys(&vault, key, &keys);
	if (e == ERR_OK &&
	    (!crypto_equal(&keys.seed, &root->keys.seed, 32) ||
		!crypto_equal(&keys.next_seed, &root->keys.next_seed, 32)))
		e = err_set(ERR_IO,
		    "%s does not give back the root keys: they were left as "
		    "they are",
		    path);
	identity_fini_root(&keys);
	mem_free(path);
	return e;
}

/* That it is not there is no failure.  A file that is half overwritten lies
 * under a name from which nobody reads keys. */
static enum err
destroy(const char *dir, const char *name)
{
	char *path = file_path(dir, name);
	char *gone = file_path(dir, gone_name);
	enum err e = keyfile_destroy(gone);

	if (e == ERR_OK || e == ERR_NOT_FOUND)
		e = file_move(path, gone);
	if (e == ERR_OK)
		e = keyfile_destroy(gone);
	mem_free(path);
	mem_free(gone);
	if (e == ERR_NOT_FOUND)
		e = ERR_OK;
	return e;
}

enum err
root_join(const char *dir, struct root *root)
{
	char *path = file_path(dir, plain_name);
	enum err e = ERR_OK;

	if (!root->unlocked || !root->keys.is_here || !root->keys.has_next)
		e = err_set(ERR_DENIED, "no shares have opened the root keys");
	if (e == ERR_OK)
		e = identity_save_root(path, &root->keys, true);
	if (e == ERR_OK)
		e = destroy(dir, plain_next_name);
	if (e == ERR_OK)
		e = destroy(dir, sealed_next_name);
	if (e == ERR_OK)
		e = destroy(dir, sealed_name);
	if (e == ERR_OK)
		root->unlocked = false;
	mem_free(path);
	return e;
}
