/*
 * Saved keys of nodes: what stands in such a file.  cli/cmd_keys.c writes one
 * and makes a store from one.  Nothing secret ever stands in an error.
 */
#include "core/safe.h"

#include <string.h>

#include "core/keyfile.h"

enum { CHECK_SIZE = 8, LINES_N = 7 };

/* The file with its numbers as bytes; its last two lines are `sealed` and
 * `check`. */
struct form {
	struct safe safe;
	uint8_t passes[8];
	uint8_t memory[8];
	uint8_t check[CHECK_SIZE];
	struct keyfile_line lines[LINES_N];
	struct keyfile file;
};

static const char title[] = "golmok keys 1";

static void form_init(struct form *form, const struct safe *safe);
static void form_check(const struct form *form, uint8_t check[CHECK_SIZE]);
static void label_put(struct form *form, struct buf *label);

enum err
safe_seal(const struct host *host, const struct identity *identity,
    struct bytes passphrase, struct crypto_cost cost, struct safe *safe)
{
	uint8_t plain[3 * 32];
	struct secret under;
	struct form form;
	struct buf label = {0};
	enum err e;

	*safe = (struct safe){
	    .city = identity->city, .key = identity->key, .cost = cost};
	host->random(host->arg, safe->salt, sizeof(safe->salt));
	e = crypto_stretch(passphrase, safe->salt, cost, &under);
	if (e != ERR_OK)
		return e;
	memcpy(plain, identity->seed.b, 32);
	memcpy(plain + 32, identity->dh.b, 32);
	memcpy(plain + 64, identity->actor_key, 32);
	form_init(&form, safe);
	label_put(&form, &label);
	crypto_seal(&under, 0, buf_bytes(&label),
	    bytes_of(plain, sizeof(plain)), safe->sealed);
	crypto_wipe(plain, sizeof(plain));
	crypto_wipe(&under, sizeof(under));
	buf_fini(&label);
	return ERR_OK;
}

enum err
safe_open(
    const struct safe *safe, struct bytes passphrase, struct identity *identity)
{
	uint8_t plain[3 * 32];
	struct secret under;
	struct form form;
	struct buf label = {0};
	bool opened;
	enum err e;

	memset(identity, 0, sizeof(*identity));
	e = crypto_stretch(passphrase, safe->salt, safe->cost, &under);
	if (e != ERR_OK)
		return e;
	form_init(&form, safe);
	label_put(&form, &label);
	opened = crypto_open(&under, 0, buf_bytes(&label),
	    bytes_of(safe->sealed, sizeof(safe->sealed)), plain);
	crypto_wipe(&under, sizeof(under));
	buf_fini(&label);
	if (!opened)
		return err_set(ERR_DENIED,
		    "this passphrase does not open the keys: type it anew");
	identity->city = safe->city;
	memcpy(identity->seed.b, plain, 32);
	memcpy(identity->dh.b, plain + 32, 32);
	memcpy(identity->actor_key, plain + 64, 32);
	crypto_wipe(plain, sizeof(plain));
	crypto_sign_key(&identity->seed, &identity->key);
	crypto_dh_key(&identity->dh, &identity->dh_key);
	return ERR_OK;
}

enum err
safe_save(const char *path, const struct safe *safe)
{
	struct form form;

	form_init(&form, safe);
	form_check(&form, form.check);
	return keyfile_save(path, &form.file, false);
}

enum err
safe_load(const char *path, struct safe *safe)
{
	const struct safe none = {0};
	uint8_t check[CHECK_SIZE];
	struct form form;
	enum err e;

	*safe = none;
	form_init(&form, &none);
	e = keyfile_load(path, &form.file);
	if (e != ERR_OK)
		return e;
	form_check(&form, check);
	if (memcmp(check, form.check, CHECK_SIZE) != 0)
		return err_set(ERR_CORRUPT,
		    "key file %s is damaged: bring another copy of it", path);
	*safe = form.safe;
	safe->cost.passes = bytes_be64(form.passes);
	safe->cost.memory_bytes = bytes_be64(form.memory);
	return ERR_OK;
}

static void
form_init(struct form *form, const struct safe *safe)
{
	const struct keyfile_line lines[LINES_N] = {
	    {"city", form->safe.city.b, sizeof(form->safe.city.b)},
	    {"key", form->safe.key.b, sizeof(form->safe.key.b)},
	    {"salt", form->safe.salt, sizeof(form->safe.salt)},
	    {"passes", form->passes, sizeof(form->passes)},
	    {"memory", form->memory, sizeof(form->memory)},
	    {"sealed", form->safe.sealed, sizeof(form->safe.sealed)},
	    {"check", form->check, sizeof(form->check)},
	};

	*form = (struct form){.safe = *safe};
	bytes_put_be64(form->passes, safe->cost.passes);
	bytes_put_be64(form->memory, safe->cost.memory_bytes);
	memcpy(form->lines, lines, sizeof(lines));
	form->file = (struct keyfile){title, form->lines, LINES_N};
}

/* All lines before `sealed`: what is sealed belongs to them alone. */
static void
label_put(struct form *form, struct buf *label)
{
	keyfile_text(&form->file, LINES_N - 2, label);
}

/* The first bytes of SHA-256 of all lines before it: a slip of a pen is told
 * from a wrong passphrase. */
static void
form_check(const struct form *form, uint8_t check[CHECK_SIZE])
{
	struct buf text = {0};
	struct hash hash;

	keyfile_text(&form->file, LINES_N - 1, &text);
	crypto_sha256(buf_bytes(&text), &hash);
	memcpy(check, hash.b, CHECK_SIZE);
	buf_fini(&text);
}
