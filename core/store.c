/*
 * The door.  Opens a replica, keeps its one transaction, its keys and its
 * rights together, and is where a failed disk leads to one way back: open
 * again, verify, go on.  Merging, logs and rights are decided elsewhere.
 */
#include "core/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/apply.h"
#include "core/compose.h"
#include "core/file.h"
#include "core/heads.h"
#include "core/history.h"
#include "core/mark.h"
#include "core/meta.h"
#include "core/own.h"
#include "core/record.h"
#include "proto/codec.h"
#include "proto/mem.h"
#include "proto/text.h"

enum {
	STORE_FORMAT = 1,
	/* Room that is kept aside for the day when the disk is full. */
	BALLAST_SIZE = 32 * 1024 * 1024,
	HEADS_CHECKED_MAX = 64,
};

static const char meta_format[] = "format";
static const char meta_city[] = "city";
static const char meta_founding[] = "founding";

struct store {
	char *dir; /* owned, as all below */
	const struct host *host;
	struct file_lock lock;
	struct kv *kv;
	struct mark mark;
	struct squeeze squeeze;
	struct identity identity;
	bool has_root;
	struct root_keys root;
	struct sign_key root_key;
	struct authority authority;
	bool broken;  /* kv must be opened again before the next use */
	bool marked;  /* the mark was looked at by a writer */
	bool foreign; /* a restored or copied store that was not adopted yet */
	enum open_why news;
	/* The open transaction. */
	bool open;
	struct txn txn;
	struct own *owns;     /* in txn.arena */
	struct draft *drafts; /* in txn.arena */
};

static char *path_in(const char *dir, const char *name);
static enum err store_open_mode(const char *dir, const struct host *host,
    bool alone, struct store **store) MUST_USE;
static enum err keys_load(struct store *store) MUST_USE;
static enum err kv_start(struct store *store, bool create) MUST_USE;
static enum err format_check(struct store *store) MUST_USE;
static enum err again(struct store *store) MUST_USE;
static enum err own_heads_check(struct store *store) MUST_USE;
static enum err mark_look(struct store *store) MUST_USE;
static enum err seal_all(struct store *store) MUST_USE;
static enum err fill(const char *dir, const struct store_plan *plan) MUST_USE;
static enum err found(struct store *store, const struct store_plan *plan,
    const struct fact_founding *founding) MUST_USE;
static enum err founding_make(struct store *store,
    const struct store_plan *plan, struct city_id *city,
    struct buf *record) MUST_USE;

static char *
path_in(const char *dir, const char *name)
{
	struct buf path = {0};
	char *text;

	buf_add_format(&path, "%s/%s", dir, name);
	text = mem_text(buf_text(&path));
	buf_fini(&path);
	return text;
}

enum err
store_open(const char *dir, const struct host *host, struct store **store)
{
	return store_open_mode(dir, host, false, store);
}

enum err
store_open_alone(const char *dir, const struct host *host, struct store **store)
{
	return store_open_mode(dir, host, true, store);
}

static enum err
store_open_mode(
    const char *dir, const struct host *host, bool alone, struct store **out)
{
	struct store *store;
	struct file_stat stat;
	char *lock = path_in(dir, "lock");
	enum err e;

	*out = NULL;
	store = mem_zeros(1, sizeof(*store));
	store->dir = mem_text(dir);
	store->host = host;
	e = file_stat(lock, &stat);
	if (e == ERR_NOT_FOUND)
		e = err_set(ERR_NOT_FOUND,
		    "%s is not a golmok store: make one with `golmok init`, or "
		    "name another with --store",
		    dir);
	if (e == ERR_OK)
		e = file_lock_init(&store->lock, lock, alone);
	if (e == ERR_BUSY)
		e = err_wrap(ERR_BUSY, "store %s is in use", dir);
	if (e == ERR_OK)
		e = keys_load(store);
	if (e == ERR_OK)
		e = kv_start(store, false);
	if (e == ERR_OK)
		e = format_check(store);
	mem_free(lock);
	if (e != ERR_OK) {
		struct fault fault;

		err_keep(&fault, e);
		store_close(store);
		return err_raise(&fault);
	}
	*out = store;
	return ERR_OK;
}

static enum err
keys_load(struct store *store)
{
	char *keys = path_in(store->dir, "identity");
	char *root = path_in(store->dir, "root");
	enum err e;

	e = identity_load(keys, &store->identity);
	if (e == ERR_OK) {
		e = identity_load_root(root, &store->root);
		store->has_root = e == ERR_OK;
		if (e == ERR_NOT_FOUND)
			e = ERR_OK;
	}
	if (store->has_root)
		crypto_sign_key(&store->root.seed, &store->root_key);
	mem_free(keys);
	mem_free(root);
	return e;
}

static enum err
kv_start(struct store *store, bool create)
{
	struct kv_config config = {.dir = store->dir,
	    .tables = tables_names,
	    .tables_n = TABLE_COUNT,
	    .create = create};
	char *mark = path_in(store->dir, "mark");
	char *data = path_in(store->dir, "data.mdb");
	enum err e;

	e = kv_open(&config, &store->kv);
	mark_fini(&store->mark);
	mark_init(&store->mark, mark, data);
	store->marked = false;
	mem_free(mark);
	mem_free(data);
	return e;
}

static enum err
format_check(struct store *store)
{
	struct city_id city;
	uint64_t format;
	enum err e;

	e = store_begin(store, false);
	if (e != ERR_OK)
		return e;
	format = meta_number(&store->txn, meta_format);
	if (kv_failed(store->txn.kv) == ERR_OK && format > STORE_FORMAT)
		e = err_set(ERR_VERSION,
		    "store %s has format %llu, and this program knows %d: use "
		    "a newer golmok",
		    store->dir, (unsigned long long)format, STORE_FORMAT);
	else if (!meta_find_fixed(&store->txn, meta_city, city.b, 32))
		e = err_set(ERR_CORRUPT,
		    "store %s does not say which city it belongs to: restore "
		    "it from a backup",
		    store->dir);
	else if (memcmp(&city, &store->identity.city, sizeof(city)) != 0)
		e = err_set(ERR_CORRUPT,
		    "the keys in %s are those of another city", store->dir);
	store_abort(store);
	return e;
}

void
store_close(struct store *store)
{
	if (store == NULL)
		return;
	store_abort(store);
	kv_close(store->kv);
	mark_fini(&store->mark);
	authority_fini(&store->authority);
	squeeze_fini(&store->squeeze);
	identity_fini(&store->identity);
	identity_fini_root(&store->root);
	file_lock_fini(&store->lock);
	mem_free(store->dir);
	mem_free(store);
}

const struct identity *
store_identity(const struct store *store)
{
	return &store->identity;
}

const char *
store_dir(const struct store *store)
{
	return store->dir;
}

bool
store_has_root(const struct store *store)
{
	return store->has_root;
}

enum open_why
store_news(const struct store *store)
{
	return store->news;
}

struct txn *
store_txn(struct store *store)
{
	assert(store->open);
	return &store->txn;
}

enum err
store_begin(struct store *store, bool write)
{
	enum err e = ERR_OK;

	assert(!store->open);
	if (store->broken)
		e = again(store);
	if (e == ERR_OK)
		e = txn_begin(store->kv, write, store->host, &store->squeeze,
		    &store->txn);
	if (e != ERR_OK)
		return e;
	store->open = true;
	store->owns = NULL;
	store->drafts = NULL;
	if (write && !store->marked)
		e = mark_look(store);
	if (e != ERR_OK)
		store_abort(store);
	return e;
}

/* A restored or copied store goes on under new incarnations. */
static enum err
mark_look(struct store *store)
{
	enum open_why why;
	enum err e = mark_check(&store->mark, &store->txn, &why);

	if (e != ERR_OK)
		return e;
	store->foreign = why != OPEN_NEW;
	if (!store->foreign) {
		store->marked = true;
		return ERR_OK;
	}
	e = mark_adopt(&store->mark, &store->txn, store->host);
	if (e == ERR_OK) {
		own_renew(&store->txn, why);
		store->news = why;
	}
	return e;
}

enum err
store_commit(struct store *store)
{
	uint64_t number = kv_txn_id(store->txn.kv);
	bool write = store->txn.write;
	enum err e;

	assert(store->open);
	e = write ? seal_all(store) : ERR_OK;
	if (e == ERR_OK)
		e = txn_commit(&store->txn);
	else
		txn_abort(&store->txn);
	store->open = false;
	if (e == ERR_OK && write) {
		store->marked = true;
		mark_note(&store->mark, number);
	}
	if (e == ERR_FULL || e == ERR_IO)
		store->broken = true;
	return e;
}

void
store_abort(struct store *store)
{
	if (!store->open)
		return;
	txn_abort(&store->txn);
	store->open = false;
}

/* What ends a write transaction before it commits: drafts become deltas, logs
 * get their heads, and new facts are brought to bear. */
static enum err
seal_all(struct store *store)
{
	struct txn *txn = &store->txn;
	enum err e = kv_failed(txn->kv);

	for (struct draft *draft = store->drafts; draft != NULL && e == ERR_OK;
	     draft = draft->next)
		e = compose_seal(store_composer(store), draft);
	if (e == ERR_OK)
		e = own_sign(txn, store->owns);
	if (e == ERR_OK && txn->authority_changed)
		e = authority_load(
		    txn, &store->identity.city, &store->authority);
	if (e == ERR_OK && txn->authority_changed)
		e = apply_authority(txn, &store->authority);
	return e;
}

enum err
store_authority(struct store *store, const struct authority **authority)
{
	enum err e;

	assert(store->open);
	e = authority_load(
	    &store->txn, &store->identity.city, &store->authority);
	*authority = &store->authority;
	return e;
}
