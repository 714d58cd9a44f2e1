#ifndef GOLMOK_CORE_IDENTITY_H
#define GOLMOK_CORE_IDENTITY_H

#include "core/host.h"
#include "proto/id.h"

/*
 * Who this node is.  Keys lie in small files beside LMDB, readable by their
 * owner only.
 */
struct identity {
	struct city_id city;
	struct sign_seed seed; /* secret: of the logs */
	struct sign_key key;
	struct dh_secret dh; /* secret: of the links */
	struct dh_key dh_key;
	uint8_t actor_key[32]; /* secret: makes actor ids of names */
};

/* The key that a city descends from, where it is kept. */
struct root_keys {
	bool is_here;		    /* the others are set */
	struct sign_key key;	    /* of `seed` */
	struct sign_seed seed;	    /* secret */
	struct sign_seed next_seed; /* secret: the one that may follow */
	bool has_next; /* false in memory alone: next_seed is not known */
};

/* Draws new keys from `host` for a member of `city`. */
void identity_make(const struct host *host, const struct city_id *city,
    struct identity *identity);
/* Writes `identity` to the file `path`, durably; replaces nothing (ERR_EXISTS).
 */
enum err identity_save(
    const char *path, const struct identity *identity) MUST_USE;
/* Reads it back.  ERR_NOT_FOUND; ERR_CORRUPT names the line that is wrong;
 * ERR_VERSION. */
enum err identity_load(const char *path, struct identity *identity) MUST_USE;
/* The same for the root keys; `replace` takes the place of a file that is
 * there. */
enum err identity_save_root(
    const char *path, const struct root_keys *root, bool replace) MUST_USE;
enum err identity_load_root(const char *path, struct root_keys *root) MUST_USE;
/* Overwrites the secrets. */
void identity_fini(struct identity *identity);
void identity_fini_root(struct root_keys *root);

/* The opaque id under which the staff member `name` stands in headers: 32 hex
 * digits are taken as they are, any other text is hashed with this node's own
 * key, so that nobody else can guess it.  ERR_INVALID: empty, longer than
 * LIMIT_LABEL_SIZE, or not UTF-8. */
enum err identity_actor(const struct identity *identity, struct bytes name,
    struct actor_id *actor) MUST_USE;

/* The key of 32 bytes under which this node hashes values for its indexes
 * (core/lookup.h): made from its actor key, secret like that. */
void identity_lookup_key(const struct identity *identity, uint8_t *key);
/* The key under which this node wraps the secrets of its bodies for itself
 * (proto/wrap.h): made from its actor key, so that whoever learns the seed of
 * its signatures opens nothing. */
void identity_backup_key(const struct identity *identity, struct secret *key);

#endif
