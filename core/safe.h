#ifndef GOLMOK_CORE_SAFE_H
#define GOLMOK_CORE_SAFE_H

#include "core/identity.h"

/*
 * The keys of a node in a file that is kept apart from the machine, sealed
 * under a passphrase (docs/format.md §12).  With it and what neighbours hold a
 * node comes back whole; so it is as secret as all that the node can read.
 */
struct safe {
	struct city_id city;
	struct sign_key key; /* which node: public */
	uint8_t salt[CRYPTO_SALT_SIZE];
	struct crypto_cost cost;
	uint8_t sealed[3 * 32 + CRYPTO_TAG_SIZE];
};

/* Seals `identity` under `passphrase`, stretched at `cost`.  Draws a salt from
 * `host`.  Fails as crypto_stretch. */
enum err safe_seal(const struct host *host, const struct identity *identity,
    struct bytes passphrase, struct crypto_cost cost,
    struct safe *safe) MUST_USE;
/* Opens it.  ERR_DENIED: the passphrase is another one. */
enum err safe_open(const struct safe *safe, struct bytes passphrase,
    struct identity *identity) MUST_USE;
/* The file; saving replaces nothing (ERR_EXISTS).  Loading fails as
 * keyfile_load, and with ERR_CORRUPT when a character was changed. */
enum err safe_save(const char *path, const struct safe *safe) MUST_USE;
enum err safe_load(const char *path, struct safe *safe) MUST_USE;

#endif
