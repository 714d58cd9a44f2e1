/*
 * Keys of this node, as small text files that only their owner may read.  The
 * store loads them once; nothing of them ever stands in an error or a log.
 */
#include "core/identity.h"

#include <string.h>

#include "core/file.h"
#include "proto/ascii.h"
#include "proto/mem.h"
#include "proto/text.h"

enum { KEY_FILE_SIZE_MAX = 4096, KEY_FILE_MODE = 0600, LINES_MAX = 8 };

/* One line of a key file: a word, a space, and `n` bytes in hex. */
struct key_line {
	const char *word;
	uint8_t *p;
	size_t n;
};

static enum err keys_save(const char *path, const char *title,
    const struct key_line *lines, size_t n) MUST_USE;
static enum err keys_load(const char *path, const char *title,
    const struct key_line *lines, size_t n) MUST_USE;
static enum err line_load(struct bytes line, const struct key_line *lines,
    size_t n, unsigned *found) MUST_USE;

static const char identity_title[] = "golmok identity 1";
static const char root_title[] = "golmok root 1";

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
	const struct key_line lines[] = {
	    {"city", copy.city.b, 32},
	    {"sign", copy.seed.b, 32},
	    {"link", copy.dh.b, 32},
	    {"actor", copy.actor_key, 32},
	};
	enum err e = keys_save(path, identity_title, lines, COUNT_OF(lines));

	crypto_wipe(&copy, sizeof(copy));
	return e;
}

enum err
identity_load(const char *path, struct identity *identity)
{
	const struct key_line lines[] = {
	    {"city", identity->city.b, 32},
	    {"sign", identity->seed.b, 32},
	    {"link", identity->dh.b, 32},
	    {"actor", identity->actor_key, 32},
	};
	enum err e;

	memset(identity, 0, sizeof(*identity));
	e = keys_load(path, identity_title, lines, COUNT_OF(lines));
	if (e != ERR_OK)
		return e;
	crypto_sign_key(&identity->seed, &identity->key);
	crypto_dh_key(&identity->dh, &identity->dh_key);
	return ERR_OK;
}

enum err
identity_save_root(const char *path, const struct root_keys *root)
{
	struct root_keys copy = *root;
	const struct key_line lines[] = {
	    {"root", copy.seed.b, 32},
	    {"next", copy.next_seed.b, 32},
	};
	enum err e = keys_save(path, root_title, lines, COUNT_OF(lines));

	crypto_wipe(&copy, sizeof(copy));
	return e;
}

enum err
identity_load_root(const char *path, struct root_keys *root)
{
	const struct key_line lines[] = {
	    {"root", root->seed.b, 32},
	    {"next", root->next_seed.b, 32},
	};

	enum err e;

	memset(root, 0, sizeof(*root));
	e = keys_load(path, root_title, lines, COUNT_OF(lines));
	if (e != ERR_OK)
		return e;
	root->is_here = true;
	crypto_sign_key(&root->seed, &root->key);
	return ERR_OK;
}

enum err
identity_load_all(
    const char *dir, struct identity *identity, struct root_keys *root)
{
	char *keys = file_path(dir, "identity");
	char *roots = file_path(dir, "root");
	enum err e = identity_load(keys, identity);

	if (e == ERR_OK) {
		e = identity_load_root(roots, root);
		if (e == ERR_NOT_FOUND)
			e = ERR_OK;
	}
	mem_free(keys);
	mem_free(roots);
	return e;
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

static enum err
keys_save(
    const char *path, const char *title, const struct key_line *lines, size_t n)
{
	struct buf text = {0};
	struct file_stat stat;
	enum err e;

	if (file_stat(path, &stat) == ERR_OK)
		return err_set(ERR_EXISTS,
		    "%s is there already, and keys are never replaced", path);
	buf_add_text(&text, title);
	buf_add_u8(&text, '\n');
	for (size_t i = 0; i < n; i++) {
		buf_add_text(&text, lines[i].word);
		buf_add_u8(&text, ' ');
		ascii_hex(bytes_of(lines[i].p, lines[i].n), &text);
		buf_add_u8(&text, '\n');
	}
	e = file_write(path, buf_bytes(&text), KEY_FILE_MODE);
	buf_wipe(&text);
	return e;
}

/* All but the number of its version says what kind of file it is. */
static enum err
title_wrong(struct bytes line, const char *title)
{
	struct bytes kind = bytes_text(title);

	if (bytes_begins(line, bytes_first(kind, kind.n - 1)))
		return err_set(ERR_VERSION,
		    "it does not begin with '%s': use a newer golmok", title);
	return err_set(ERR_CORRUPT,
	    "it does not begin with '%s': restore it from a backup", title);
}

static enum err
keys_load(
    const char *path, const char *title, const struct key_line *lines, size_t n)
{
	struct buf text = {0};
	struct bytes rest;
	unsigned found = 0;
	bool first = true;
	enum err e;

	e = file_read(path, KEY_FILE_SIZE_MAX, &text);
	if (e != ERR_OK)
		goto out;
	rest = buf_bytes(&text);
	while (rest.n > 0 && e == ERR_OK) {
		struct bytes line = bytes_first(rest, bytes_find(rest, '\n'));

		rest = bytes_after(rest, line.n < rest.n ? line.n + 1 : line.n);
		if (!first)
			e = line_load(line, lines, n, &found);
		else if (!bytes_is(line, title))
			e = title_wrong(line, title);
		first = false;
	}
	if (e == ERR_OK && found != (1u << n) - 1)
		e = err_set(
		    ERR_CORRUPT, "a line is missing: restore it from a backup");
	if (e != ERR_OK)
		e = err_wrap(e, "key file %s", path);
out:
	buf_wipe(&text);
	return e;
}

static enum err
line_load(
    struct bytes line, const struct key_line *lines, size_t n, unsigned *found)
{
	struct bytes word = bytes_first(line, bytes_find(line, ' '));

	for (size_t i = 0; i < n && word.n < line.n; i++) {
		if (!bytes_is(word, lines[i].word))
			continue;
		*found |= 1u << i;
		if (id_from_hex(bytes_after(line, word.n + 1), lines[i].word,
			lines[i].p, lines[i].n) != ERR_OK)
			return err_wrap(
			    ERR_CORRUPT, "line '%s'", lines[i].word);
		return ERR_OK;
	}
	return err_set(ERR_CORRUPT, "a line that no key file has");
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
