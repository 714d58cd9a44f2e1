/*
 * Jobs about who may do what, and about keys.  Keys are the one thing that no
 * neighbour can give back: they must be there after every failure.
 */
#define _XOPEN_SOURCE 700
#include "tests/lib/job_keys.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/file.h"
#include "core/safe.h"
#include "core/tokens.h"

enum { SHARES = 3, NEEDED = 2, DAY_S = 24 * 60 * 60 };

static const struct crypto_cost cheap = {1, CRYPTO_COST_BYTES_MIN};
static const char here[] = "d04/c001/case";

static struct store *
store_of(struct plant *plant, size_t i)
{
	return plant->town.nodes[i].store;
}

/* ---- a member comes and goes -------------------------------------------- */

static void
member_prepare(struct plant *plant)
{
	(void)town_join(&plant->town);
}

/* The first grant of node 3, as node 0 knows it. */
static enum err
grant_find(struct plant *plant, struct ref *ref, bool *found)
{
	struct sign_key key = store_identity(store_of(plant, 3))->key;
	struct store *store = store_of(plant, 0);
	const struct authority *authority;
	enum err e = store_begin(store, false);

	*found = false;
	if (e != ERR_OK)
		return e;
	e = store_authority(store, &authority);
	for (size_t i = 0; e == ERR_OK && i < authority->grants_n; i++) {
		const struct grant *grant = &authority->grants[i];

		if (memcmp(&grant->what.member, &key, sizeof(key)) != 0 ||
		    *found || grant->revoked)
			continue;
		*ref = grant->fact;
		*found = true;
	}
	return plant_end(store, e);
}

static enum err
member_revoke(struct plant *plant)
{
	struct store *store = store_of(plant, 0);
	struct store_revoke revoke = {.reason = bytes_text("퇴직")};
	struct store_revoked revoked;
	bool found = true;
	enum err e = ERR_OK;

	/* A grant may be there twice when one of them was said not to be. */
	while (e == ERR_OK && found) {
		e = grant_find(plant, &revoke.grant, &found);
		if (e == ERR_OK && found)
			e = store_begin(store, true);
		if (e == ERR_OK && found)
			e = plant_end(
			    store, store_revoke(store, &revoke, &revoked));
	}
	return e;
}

static enum err
member_step(struct plant *plant, size_t i)
{
	struct store *store = store_of(plant, 0);
	struct fact_member member = {.label = bytes_text("새 동")};
	struct fact_grant grant = {
	    .gives = {.bits = RIGHT_WRITE, .classes = CLASSES_ALL}};
	enum err e;

	if (i == 2)
		return member_revoke(plant);
	member.key = store_identity(store_of(plant, 3))->key;
	grant.member = member.key;
	e = id_prefix(bytes_text("d04"), &grant.prefix);
	if (e == ERR_OK)
		e = fact_rights(bytes_text("read:NPSF,write"), &grant.gives);
	if (e == ERR_OK)
		e = store_begin(store, true);
	if (e == ERR_OK && i == 0)
		e = plant_end(store, store_admit(store, &member));
	else if (e == ERR_OK)
		e = plant_end(store, store_grant(store, &grant));
	return e;
}

static bool
may_write(struct plant *plant, const struct sign_key *key)
{
	struct store *store = town_store(&plant->town, 0);
	struct space space = town_space(here);
	const struct authority *authority;
	bool may;

	assert_int_equal(store_begin(store, false), ERR_OK);
	assert_int_equal(store_authority(store, &authority), ERR_OK);
	may = authority_may(authority, key, RIGHT_WRITE, &space, NULL);
	store_abort(store);
	return may;
}

static void
member_holds(struct plant *plant, size_t steps)
{
	struct sign_key key = town_key(&plant->town, 3);
	struct store *store = town_store(&plant->town, 0);
	const struct authority *authority;

	assert_int_equal(store_begin(store, false), ERR_OK);
	assert_int_equal(store_authority(store, &authority), ERR_OK);
	if (steps >= 1)
		assert_non_null(authority_member(authority, &key));
	store_abort(store);
	/* The step after may have happened without a yes. */
	if (steps == 0)
		assert_false(may_write(plant, &key));
	if (steps == 3)
		assert_false(may_write(plant, &key));
}

/* ---- invitations -------------------------------------------------------- */

static void
token_make(struct plant *plant, struct token *token, struct token_id *id)
{
	*token = (struct token){.city = plant->town.city,
	    .expires_s = plant->town.now_ms / 1000 + DAY_S,
	    .label = bytes_text("새 동"),
	    .addresses_n = 1,
	    .addresses = {bytes_text("127.0.0.1:7700")}};
	memset(token->secret.b, 7, sizeof(token->secret.b));
	token_name(token, id);
}

static enum err
token_step(struct plant *plant, size_t i)
{
	struct store *store = store_of(plant, 0);
	struct sign_key key = store_identity(store_of(plant, 3))->key;
	struct fact_grant grant = {0};
	struct token_id id;
	struct token token;
	struct secret psk;
	enum err e = id_prefix(bytes_text("d04"), &grant.prefix);

	token_make(plant, &token, &id);
	if (e == ERR_OK)
		e = fact_rights(bytes_text("read:NPSF,write"), &grant.gives);
	if (e == ERR_OK)
		e = store_begin(store, i != 1);
	if (e != ERR_OK)
		return e;
	if (i == 0)
		e = tokens_make(store, &token, &grant, 1);
	else if (i == 1)
		e = tokens_find(store, &id, &psk);
	else
		e = tokens_use(store, &id, &key);
	return plant_end(store, e);
}

static void
token_holds(struct plant *plant, size_t steps)
{
	struct sign_key key = town_key(&plant->town, 3);
	struct store *store = town_store(&plant->town, 0);
	struct token_id id;
	struct token token;
	struct secret psk;

	token_make(plant, &token, &id);
	if (steps >= 1) {
		assert_int_equal(store_begin(store, false), ERR_OK);
		assert_int_equal(tokens_find(store, &id, &psk), ERR_OK);
		store_abort(store);
	}
	if (steps < 2)
		assert_false(may_write(plant, &key));
	if (steps >= 3)
		assert_true(may_write(plant, &key));
}

/* ---- the keys of a node ------------------------------------------------- */

static const char *
safe_path(struct plant *plant)
{
	return tempdir_at(&plant->town.dir, "node.keys");
}

static enum err
safe_step(struct plant *plant, size_t i)
{
	const struct identity *mine = store_identity(store_of(plant, 1));
	struct bytes passphrase = bytes_text("아무도 모르는 말");
	struct identity read = {0};
	struct safe safe;
	enum err e;

	if (i == 0) {
		e = safe_seal(
		    &plant->town.host, mine, passphrase, cheap, &safe);
		if (e == ERR_OK)
			e = safe_save(safe_path(plant), &safe);
		/* Where nothing can be taken away, a whole one may stay. */
		return e == ERR_EXISTS && plant->again && plant->stuck ? ERR_OK
								       : e;
	}
	e = safe_load(safe_path(plant), &safe);
	if (e == ERR_OK)
		e = safe_open(&safe, passphrase, &read);
	if (e == ERR_OK && memcmp(&read.seed, &mine->seed, 32) != 0)
		plant->said->lied = true;
	identity_fini(&read);
	return e;
}

/* ---- the root keys ------------------------------------------------------ */

static struct bytes passphrases[SHARES];

static void
root_prepare_words(struct plant *plant)
{
	(void)plant;
	passphrases[0] = bytes_text("첫째 사람의 말");
	passphrases[1] = bytes_text("둘째 사람의 말");
	passphrases[2] = bytes_text("셋째 사람의 말");
}

/* Opens the sealed keys with the shares in `out`. */
static enum err
unlock_from(struct plant *plant, const char *out, struct root *root)
{
	struct share shares[NEEDED];
	enum err e = ERR_OK;

	for (size_t i = 0; i < NEEDED && e == ERR_OK; i++) {
		struct share_file file;
		char name[64];

		(void)snprintf(name, sizeof(name), "%s/share-%zu", out, i + 1);
		e = share_load(tempdir_at(&plant->town.dir, name), &file);
		if (e == ERR_OK)
			e = share_open(&file, passphrases[i], &shares[i]);
	}
	return e == ERR_OK
		   ? root_unlock(plant->town.nodes[0].dir, shares, NEEDED, root)
		   : e;
}

static enum err
unlock(struct plant *plant, struct root *root)
{
	enum err e = unlock_from(plant, "shares", root);

	if (e == ERR_OK || e == ERR_IO || e == ERR_FULL)
		return e;
	return unlock_from(plant, "shares-again", root);
}

/* Whoever does it again takes another place for the shares. */
static enum err
split(struct plant *plant)
{
	struct root_plan plan = {
	    .split = {.threshold = NEEDED, .count = SHARES},
	    .passphrases = passphrases,
	    .cost = cheap};
	struct root *root = store_root(store_of(plant, 0));
	const char *dir = plant->town.nodes[0].dir;
	struct root_place place = {0};
	enum err e = ERR_OK;

	plan.split.city = plant->town.city;
	plan.out = tempdir_at(
	    &plant->town.dir, plant->again ? "shares-again" : "shares");
	if (plant->again)
		e = root_find(dir, &place);
	if (e == ERR_OK && place.sealed && !place.plain)
		return ERR_OK;
	return e == ERR_OK ? root_split(dir, &plant->town.host, &plan, root)
			   : e;
}

static enum err
rotate(struct plant *plant)
{
	struct store *store = store_of(plant, 0);
	enum err e = store_begin(store, true);

	return e == ERR_OK ? plant_end(store, store_rotate(store)) : e;
}

static enum err
root_step(struct plant *plant, size_t i)
{
	struct store *store = store_of(plant, 0);
	struct root *root = store_root(store);
	const char *dir = plant->town.nodes[0].dir;
	struct root_place place;
	enum err e;

	switch (i) {
	case 0:
		return rotate(plant);
	case 1:
		return split(plant);
	case 2:
		e = unlock(plant, root);
		return e == ERR_OK ? rotate(plant) : e;
	default:
		/* Joined already, whatever was said of it? */
		e = root_find(dir, &place);
		if (e == ERR_OK && place.plain && !place.sealed)
			return ERR_OK;
		if (e == ERR_OK && !root->unlocked)
			e = unlock(plant, root);
		return e == ERR_OK ? root_join(dir, root) : e;
	}
}

/* Whatever failed, root can still sign: with the plain keys, or with what the
 * shares open. */
static void
root_holds(struct plant *plant, size_t steps)
{
	struct store *store;
	struct fact_member member = {.label = bytes_text("새 동")};
	struct root *root;

	(void)steps;
	town_close(&plant->town, 0);
	store = town_open(&plant->town, 0);
	root = store_root(store);
	if (!root->keys.is_here)
		assert_int_equal(unlock(plant, root), ERR_OK);
	assert_true(root->keys.is_here);
	member.key = town_key(&plant->town, 2);
	assert_int_equal(store_begin(store, true), ERR_OK);
	assert_int_equal(plant_end(store, store_admit(store, &member)), ERR_OK);
}

const struct job job_keys[] = {
    {.name = "member",
	.steps = 3,
	.prepare = member_prepare,
	.step = member_step,
	.holds = member_holds},
    {.name = "token",
	.steps = 3,
	.prepare = member_prepare,
	.step = token_step,
	.holds = token_holds},
    {.name = "safe", .steps = 2, .step = safe_step},
    {.name = "root",
	.steps = 4,
	.prepare = root_prepare_words,
	.step = root_step,
	.holds = root_holds,
	.holds_by_writing = true,
	.costly = true},
};
const size_t job_keys_n = COUNT_OF(job_keys);
