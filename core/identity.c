/*
 * Keys of this node, as small text files that only their owner may read.  The
 * store loads them once; nothing of them ever stands in an error or a log.
 */
#include "core/identity.h"

#include <string.h>

#include "core/file.h"
#include "core/keyfile.h"
#include "proto/mem.h"
#include "proto/text.h"

static const char identity_title[] = "golmok identity 1";
static const char root_title[] = "golmok root 1";
enum { CHECK_SIZE = 8 };

/* Of all lines before the last, which is the check. */
static void
check_make(const struct keyfile *file, uint8_t check[CHECK_SIZE])
{
	struct buf text = {0};
	struct hash hash;

	keyfile_text(file, file->n - 1, &text);
	crypto_sha256(buf_bytes(&text), &hash);
	memcpy(check, hash.b, CHECK_SIZE);
	buf_wipe(&text);
}

/* A key with a wrong bit would be a key like any other. */
static enum err
check_hold(const char *path, const struct keyfile *file,
    const uint8_t check[CHECK_SIZE])
{
	uint8_t right[CHECK_SIZE];

	check_make(file, right);
	if (memcmp(right, check, CHECK_SIZE) == 0)
		return ERR_OK;
	return err_set(ERR_CORRUPT,
	    "key file %s is damaged: bring another copy of it, from a backup "
	    "or by `golmok keys restore`",
	    path);
}

void
identity_make(const struct host *host, const struct city_id *city,
    struct identity *identity)
{
	memset(identity, 0, sizeof(*identity));
	identity->city = *city;
	host->random(host->arg, identity->seed.b, sizeof(identity->seed.b));
	host->random(host->arg, identity->dh.b, sizeof(identity->dh.b));
	host->random(
	    host->arg, identity->actor_key, sizeof(identity->actor_key));
	crypto_sign_key(&identity->seed, &identity->key);
	crypto_dh_key(&identity->dh, &identity->dh_key);
}

enum err
identity_save(const char *path, const struct identity *identity)
{
	struct identity copy = *identity;
	uint8_t check[CHECK_SIZE];
	const struct keyfile_line lines[] = {
	    {"city", copy.city.b, 32},
	    {"sign", copy.seed.b, 32},
	    {"link", copy.dh.b, 32},
	    {"actor", copy.actor_key, 32},
	    {"check", check, sizeof(check)},
	};
	const struct keyfile file = {identity_title, lines, COUNT_OF(lines)};
	enum err e;

	check_make(&file, check);
	e = keyfile_save(path, &file, false);

	crypto_wipe(&copy, sizeof(copy));
	return e;
}

enum err
identity_load(const char *path, struct identity *identity)
{
	uint8_t check[CHECK_SIZE];
	const struct keyfile_line lines[] = {
	    {"city", identity->city.b, 32},
	    {"sign", identity->seed.b, 32},
	    {"link", identity->dh.b, 32},
	    {"actor", identity->actor_key, 32},
	    {"check", check, sizeof(check)},
	};
	const struct keyfile file = {identity_title, lines, COUNT_OF(lines)};
	enum err e;

	memset(identity, 0, sizeof(*identity));
	e = keyfile_load(path, &file);
	if (e == ERR_OK)
		e = check_hold(path, &file, check);
	if (e != ERR_OK)
		return e;
	crypto_sign_key(&identity->seed, &identity->key);
	crypto_dh_key(&identity->dh, &identity->dh_key);
	return ERR_OK;
}

enum err
identity_save_root(const char *path, const struct root_keys *root, bool replace)
{
	struct root_keys copy = *root;
	uint8_t check[CHECK_SIZE];
	const struct keyfile_line lines[] = {
	    {"root", copy.seed.b, 32},
	    {"next", copy.next_seed.b, 32},
	    {"check", check, sizeof(check)},
	};
	const struct keyfile file = {root_title, lines, COUNT_OF(lines)};
	enum err e;

	check_make(&file, check);
	e = keyfile_save(path, &file, replace);

	crypto_wipe(&copy, sizeof(copy));
	return e;
}

enum err
identity_load_root(const char *path, struct root_keys *root)
{
	uint8_t check[CHECK_SIZE];
	const struct keyfile_line lines[] = {
	    {"root", root->seed.b, 32},
	    {"next", root->next_seed.b, 32},
	    {"check", check, sizeof(check)},
	};
	const struct keyfile file = {root_title, lines, COUNT_OF(lines)};
	enum err e;

	memset(root, 0, sizeof(*root));
	e = keyfile_load(path, &file);
	if (e == ERR_OK)
		e = check_hold(path, &file, check);
	if (e != ERR_OK)
		return e;
	root->is_here = true;
	root->has_next = true;
	crypto_sign_key(&root->seed, &root->key);
	return ERR_OK;
}

void
identity_fini(struct identity *identity)
{
	crypto_wipe(identity, sizeof(*identity));
}

void
identity_fini_root(struct root_keys *root)
{
	crypto_wipe(root, sizeof(*root));
}

enum err
identity_actor(
    const struct identity *identity, struct bytes name, struct actor_id *actor)
{
	if (name.n == 0 || name.n > LIMIT_LABEL_SIZE || !text_is_utf8(name))
		return err_set(ERR_INVALID,
		    "an actor is named by 1 to %d bytes of UTF-8",
		    LIMIT_LABEL_SIZE);
	if (name.n == 2 * sizeof(actor->b) &&
	    id_from_hex(name, "actor", actor->b, sizeof(actor->b)) == ERR_OK)
		return ERR_OK;
	crypto_blake2b(
	    bytes_of(identity->actor_key, sizeof(identity->actor_key)), name,
	    actor->b, sizeof(actor->b));
	return ERR_OK;
}

void
identity_lookup_key(const struct identity *identity, uint8_t *key)
{
	crypto_blake2b(
	    bytes_of(identity->actor_key, sizeof(identity->actor_key)),
	    bytes_text("golmok/lookup"), key, 32);
}

void
identity_backup_key(const struct identity *identity, struct secret *key)
{
	crypto_blake2b(
	    bytes_of(identity->actor_key, sizeof(identity->actor_key)),
	    bytes_text("golmok/backup"), key->b, sizeof(key->b));
}
