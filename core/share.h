#ifndef GOLMOK_CORE_SHARE_H
#define GOLMOK_CORE_SHARE_H

#include "core/identity.h"

/*
 * The root keys in several hands (docs/format.md §8): they are sealed under a
 * random key, that key is cut into shares of which some are needed, and each
 * share is sealed under the passphrase of its holder.
 */

/* What the sealed keys and all shares of one split have in common. */
struct share_split {
	struct city_id city;
	uint8_t id[16];	   /* random */
	uint8_t threshold; /* so many are needed, at least 2 */
	uint8_t count;	   /* of so many, at most LIMIT_SHARES */
};

/* The sealed keys; the public halves tell which they are. */
struct share_vault {
	struct share_split split;
	struct sign_key key;
	struct hash next_root; /* of the key that may follow */
	uint8_t salt[32];
	uint8_t sealed[2 * 32 + CRYPTO_TAG_SIZE];
};

/* A share as it lies in its file. */
struct share_file {
	struct share_split split;
	uint8_t number; /* from 1 */
	uint8_t salt[CRYPTO_SALT_SIZE];
	struct crypto_cost cost;
	uint8_t sealed[32 + CRYPTO_TAG_SIZE];
};

/* A share, opened. */
struct share {
	struct share_split split;
	uint8_t number;
	uint8_t b[32]; /* secret */
};

/* Seals `keys`, whose next key is known, under `key` into `vault`, whose split
 * is set.  Draws a salt from `host`, so that one key may seal many. */
void share_seal_keys(const struct host *host, const struct secret *key,
    const struct root_keys *keys, struct share_vault *vault);
/* Opens it.  ERR_DENIED: `key` is not the one. */
enum err share_open_keys(const struct share_vault *vault,
    const struct secret *key, struct root_keys *keys) MUST_USE;
/* The file of sealed keys; saving replaces.  Loading fails as keyfile_load. */
enum err share_save_vault(
    const char *path, const struct share_vault *vault) MUST_USE;
enum err share_load_vault(const char *path, struct share_vault *vault) MUST_USE;

/* Cuts `key` into split->count `shares`, for which `host` gives randomness. */
void share_cut(const struct host *host, const struct share_split *split,
    const struct secret *key, struct share *shares);
/* Joins `key` from `n` shares.  ERR_INVALID: too few, one twice, or of
 * different splits.  That they are all genuine, only share_open_keys tells. */
enum err share_join(
    const struct share *shares, size_t n, struct secret *key) MUST_USE;

/* Seals `share` under `passphrase`, stretched at `cost`. */
enum err share_seal(const struct host *host, const struct share *share,
    struct bytes passphrase, struct crypto_cost cost,
    struct share_file *file) MUST_USE;
/* Opens it.  ERR_DENIED: the passphrase is another one. */
enum err share_open(const struct share_file *file, struct bytes passphrase,
    struct share *share) MUST_USE;
/* The file of a share; saving replaces nothing.  Loading fails as keyfile_load,
 * and with ERR_CORRUPT when a character was changed. */
enum err share_save(const char *path, const struct share_file *file) MUST_USE;
enum err share_load(const char *path, struct share_file *file) MUST_USE;

#endif
