/*
 * The beginning of a store: keys are drawn, for a new city its founding record
 * is made, and the first transaction says what the store is.  Everything
 * happens in a directory beside, which is renamed when it is whole and synced.
 */
#include "core/founder.h"

#include <string.h>

#include "core/ballast.h"
#include "core/file.h"
#include "core/meta.h"
#include "core/publish.h"
#include "proto/text.h"

static enum err plan_check(const struct store_plan *plan) MUST_USE;
static enum err fill(const char *dir, const struct store_plan *plan) MUST_USE;
static enum err keys_draw(const char *dir, const struct store_plan *plan,
    struct buf *founding) MUST_USE;
static enum err content_make(struct store *store, const struct store_plan *plan,
    struct bytes founding) MUST_USE;

enum err
founder_create(const struct store_plan *plan)
{
	struct buf fresh = {0};
	struct file_stat stat;
	const char *dir;
	enum err e = plan_check(plan);

	if (e != ERR_OK)
		return e;
	if (file_stat(plan->dir, &stat) == ERR_OK)
		return err_set(ERR_EXISTS,
		    "%s is there already: choose another directory", plan->dir);
	buf_add_format(&fresh, "%s.golmok-new", plan->dir);
	dir = buf_text(&fresh);
	e = file_remove_tree(dir);
	if (e == ERR_OK)
		e = file_make_dir(dir);
	if (e == ERR_OK)
		e = fill(dir, plan);
	if (e == ERR_OK)
		e = file_move(dir, plan->dir);
	if (e != ERR_OK) {
		struct fault fault;

		err_keep(&fault, e);
		if (file_remove_tree(dir) != ERR_OK)
			fault.code = e;
		e = err_raise(&fault);
		e = err_wrap(e, "making store %s", plan->dir);
	}
	buf_fini(&fresh);
	return e;
}

/* Makes the content of a new store in the directory `dir`. */
static enum err
fill(const char *dir, const struct store_plan *plan)
{
	struct store *store = NULL;
	struct buf founding = {0};
	struct buf ballast = {0};
	enum err e = keys_draw(dir, plan, &founding);

	if (e == ERR_OK)
		e = store_open_empty(dir, plan->host, &store);
	if (e == ERR_OK)
		e = content_make(store, plan, buf_bytes(&founding));
	store_close(store);
	buf_add_format(&ballast, "%s/ballast", dir);
	if (e == ERR_OK)
		e = file_ballast(buf_text(&ballast), BALLAST_SIZE);
	if (e == ERR_OK)
		e = file_sync(dir);
	buf_fini(&founding);
	buf_fini(&ballast);
	return e;
}

/* The first transaction: what the store is, and the founder's rights. */
static enum err
content_make(
    struct store *store, const struct store_plan *plan, struct bytes founding)
{
	const struct rights all = {.bits = RIGHTS_ALL, .classes = CLASSES_ALL};
	struct fact_member member = {
	    .key = store_identity(store)->key, .label = plan->label};
	struct fact_grant grant = {
	    .member = store_identity(store)->key, .gives = all, .passes = all};
	enum err e = store_begin(store, true);

	if (e != ERR_OK)
		return e;
	meta_put_number(store_txn(store), meta_format, META_FORMAT);
	meta_put(store_txn(store), meta_city,
	    bytes_of(store_identity(store)->city.b, 32));
	if (plan->pack != NULL)
		meta_put(store_txn(store), meta_pack, bytes_text(plan->pack));
	if (plan->token.n > 0)
		meta_put(store_txn(store), meta_joining, plan->token);
	if (founding.n > 0) {
		meta_put(store_txn(store), meta_founding, founding);
		e = store_admit(store, &member);
		/* The grant needs the member to be known, which it is from the
		 * next reading of the authority logs on. */
		if (e == ERR_OK)
			e = store_grant(store, &grant);
	}
	if (e == ERR_OK && plan->pack_file.n > 0)
		e = publish_file(store, plan->pack_file);
	if (e != ERR_OK) {
		store_abort(store);
		return e;
	}
	return store_commit(store);
}

/* A store would not open with a pack that is not there. */
static enum err
pack_wanted(const char *name)
{
	struct pack *pack;
	enum err e = pack_parse(pack_embedded(), &pack);

	if (e == ERR_OK && strcmp(pack->name, name) != 0)
		e = err_set(ERR_INVALID,
		    "there is no pack %s: this program has %s", name,
		    pack->name);
	pack_free(pack);
	return e;
}

static enum err
plan_check(const struct store_plan *plan)
{
	bool remote = false;
	struct buf parent = {0};
	size_t cut = 0;
	enum err e;

	assert(plan->join == NULL || plan->found.n == 0);
	if (plan->pack != NULL) {
		e = pack_wanted(plan->pack);
		if (e != ERR_OK)
			return e;
	}
	if (plan->join == NULL &&
	    (!text_is_plain(plan->found) || plan->found.n == 0 ||
		plan->found.n > LIMIT_LABEL_SIZE ||
		!text_is_plain(plan->label) || plan->label.n == 0 ||
		plan->label.n > LIMIT_LABEL_SIZE))
		return err_set(ERR_INVALID,
		    "a city and its first node need names of 1 to %d bytes of "
		    "UTF-8, without line ends and controls",
		    LIMIT_LABEL_SIZE);
	for (size_t i = 0; plan->dir[i] != '\0'; i++) {
		if (plan->dir[i] == '/')
			cut = i + 1;
	}
	buf_add(&parent, bytes_of(plan->dir, cut));
	buf_add_u8(&parent, '.');
	e = file_is_remote(buf_text(&parent), &remote);
	if (e == ERR_OK && remote)
		e = err_set(ERR_DENIED,
		    "%s would lie on a file system of another machine, where "
		    "locks cannot be trusted: choose a local disk",
		    plan->dir);
	buf_fini(&parent);
	return e;
}

static enum err
keys_draw(const char *dir, const struct store_plan *plan, struct buf *founding)
{
	const struct host *host = plan->host;
	struct identity identity = {0};
	struct root_keys root = {0};
	struct buf path = {0};
	struct city_id city;
	enum err e = ERR_OK;

	if (plan->join != NULL) {
		city = *plan->join;
	} else {
		struct fact_founding fact = {.name = plan->found};
		struct sign_key next;

		host->random(host->arg, root.seed.b, 32);
		host->random(host->arg, root.next_seed.b, 32);
		crypto_sign_key(&root.seed, &fact.root);
		crypto_sign_key(&root.next_seed, &next);
		crypto_sha256(bytes_of(next.b, 32), &fact.next_root);
		fact_founding_put(&fact, founding);
		fact_city(buf_bytes(founding), &city);
		buf_add_format(&path, "%s/root", dir);
		e = identity_save_root(buf_text(&path), &root, false);
	}
	if (e == ERR_OK) {
		if (plan->keys != NULL)
			identity = *plan->keys;
		else
			identity_make(host, &city, &identity);
		identity.city = city;
		buf_cut(&path, 0);
		buf_add_format(&path, "%s/identity", dir);
		e = identity_save(buf_text(&path), &identity);
	}
	identity_fini(&identity);
	identity_fini_root(&root);
	buf_fini(&path);
	return e;
}
