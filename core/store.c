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
#include "core/fsck.h"
#include "core/history.h"
#include "core/mark.h"
#include "core/meta.h"
#include "core/own.h"
#include "core/record.h"
#include "proto/codec.h"
#include "proto/mem.h"
#include "proto/text.h"

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
	bool alone;	 /* no other process has it open */
	bool rebuilding; /* and that is not complete */
	bool broken;	 /* kv must be opened again before the next use */
	bool marked;	 /* the mark was looked at by a writer */
	bool foreign; /* a restored or copied store that was not adopted yet */
	enum open_why news;
	/* The open transaction. */
	bool open;
	bool authority_known; /* it is that of this transaction */
	struct txn txn;
	struct own *owns;     /* in txn.arena */
	struct draft *drafts; /* in txn.arena */
};

static char *path_in(const char *dir, const char *name);
enum open_mode { OPEN_BESIDE, OPEN_ALONE, OPEN_EMPTY };
static enum err open_as(const char *dir, const struct host *host,
    enum open_mode mode, struct store **store) MUST_USE;
static enum err keys_load(struct store *store) MUST_USE;
static enum err kv_start(struct store *store, bool create) MUST_USE;
static enum err format_check(struct store *store) MUST_USE;
static enum err txn_start(struct store *store, bool write) MUST_USE;
static enum err again(struct store *store) MUST_USE;
static void ballast_keep(const struct store *store);
static bool is_disk(enum err e);
static void committed(struct store *store, uint64_t number);
static enum err mark_look(struct store *store) MUST_USE;
static struct composer composer_of(struct store *store, bool as_root);
static enum err seal_all(struct store *store) MUST_USE;

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
	return open_as(dir, host, OPEN_BESIDE, store);
}

enum err
store_open_empty(const char *dir, const struct host *host, struct store **store)
{
	return open_as(dir, host, OPEN_EMPTY, store);
}

enum err
store_open_alone(const char *dir, const struct host *host, struct store **store)
{
	return open_as(dir, host, OPEN_ALONE, store);
}

static enum err
open_as(const char *dir, const struct host *host, enum open_mode mode,
    struct store **out)
{
	struct store *store;
	struct file_stat stat;
	char *lock = path_in(dir, "lock");
	enum err e;

	*out = NULL;
	store = mem_zeros(1, sizeof(*store));
	store->dir = mem_text(dir);
	store->host = host;
	store->alone = mode != OPEN_BESIDE;
	e = file_stat(lock, &stat);
	if (e == ERR_NOT_FOUND && mode == OPEN_EMPTY)
		e = ERR_OK;
	if (e == ERR_NOT_FOUND)
		e = err_set(ERR_NOT_FOUND,
		    "%s is not a golmok store: make one with `golmok init`, or "
		    "name another with --store",
		    dir);
	if (e == ERR_OK)
		e = file_lock_init(&store->lock, lock, mode != OPEN_BESIDE);
	if (e == ERR_BUSY)
		e = err_wrap(ERR_BUSY, "store %s is in use", dir);
	if (e == ERR_OK)
		e = keys_load(store);
	if (e == ERR_OK)
		e = kv_start(store, mode == OPEN_EMPTY);
	if (e == ERR_OK && mode != OPEN_EMPTY)
		e = format_check(store);
	if (e == ERR_OK && mode != OPEN_EMPTY)
		ballast_keep(store);
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

	e = txn_start(store, false);
	if (e != ERR_OK)
		return e;
	format = meta_number(&store->txn, meta_format);
	e = kv_failed(store->txn.kv);
	if (e != ERR_OK) {
		store_abort(store);
		return e;
	}
	if (format > META_FORMAT)
		e = err_set(ERR_VERSION,
		    "store %s has format %llu, and this program knows %d: use "
		    "a newer golmok",
		    store->dir, (unsigned long long)format, META_FORMAT);
	else if (!meta_find_fixed(&store->txn, meta_city, city.b, 32))
		e = err_set(ERR_CORRUPT,
		    "store %s does not say which city it belongs to: restore "
		    "it from a backup",
		    store->dir);
	else if (memcmp(&city, &store->identity.city, sizeof(city)) != 0)
		e = err_set(ERR_CORRUPT,
		    "the keys in %s are those of another city", store->dir);
	else
		store->rebuilding = meta_number(&store->txn, meta_rebuilding) !=
				    0;
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
	if (store->rebuilding)
		return err_set(ERR_CORRUPT,
		    "the rebuild of store %s was cut off: run `golmok rebuild` "
		    "again",
		    store->dir);
	return txn_start(store, write);
}

enum err
store_begin_rebuild(struct store *store, bool write)
{
	if (!store->alone)
		return err_set(ERR_BUSY,
		    "store %s may be in use by others meanwhile", store->dir);
	return txn_start(store, write);
}

void
store_set_rebuilding(struct store *store, bool rebuilding)
{
	store->rebuilding = rebuilding;
}

static enum err
txn_start(struct store *store, bool write)
{
	enum err e = ERR_OK;

	assert(!store->open);
	if (store->broken)
		e = again(store);
	if (e == ERR_OK)
		e = txn_begin(store->kv, write, store->host, &store->squeeze,
		    &store->txn);
	if (e != ERR_OK) {
		store->broken = store->broken || is_disk(e);
		return e;
	}
	store->open = true;
	store->authority_known = false;
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
	bool write = store->txn.write;
	bool authority_changed;
	uint64_t number;
	enum err e;

	assert(store->open);
	e = write ? seal_all(store) : ERR_OK;
	if (e != ERR_OK) {
		struct fault fault;

		err_keep(&fault, e);
		store_abort(store);
		store->broken = store->broken || is_disk(e);
		return err_raise(&fault);
	}
	authority_changed = store->txn.authority_changed;
	number = kv_txn_id(store->txn.kv);
	e = txn_commit(&store->txn);
	store->open = false;
	if (e == ERR_OK && write) {
		store->marked = true;
		committed(store, number);
	}
	if (e != ERR_OK && authority_changed)
		authority_fini(&store->authority);
	store->broken = store->broken || is_disk(e);
	return e;
}

/* Failures after which nothing is believed until the store was opened anew. */
static bool
is_disk(enum err e)
{
	return e == ERR_FULL || e == ERR_IO;
}

/* A transaction that wrote nothing leaves no trace in LMDB, and its number is
 * given again: a mark that had it would be newer than its store. */
static void
committed(struct store *store, uint64_t number)
{
	struct kv_stat stat;

	if (kv_stat(store->kv, &stat) == ERR_OK && stat.last_txn_id >= number)
		mark_note(&store->mark, number);
}

void
store_abort(struct store *store)
{
	if (!store->open)
		return;
	/* What was read of facts that have not happened. */
	if (store->txn.authority_changed)
		authority_fini(&store->authority);
	store->broken = store->broken || is_disk(kv_failed(store->txn.kv));
	txn_abort(&store->txn);
	store->open = false;
}

/* What ends a write transaction before it commits: drafts become deltas, logs
 * get their heads, and new facts are brought to bear. */
static enum err
seal_all(struct store *store)
{
	struct txn *txn = &store->txn;
	enum err e = store_settle(store);

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
store_settle(struct store *store)
{
	struct composer composer = composer_of(store, false);
	enum err e = kv_failed(store->txn.kv);

	for (struct draft *draft = store->drafts; draft != NULL && e == ERR_OK;
	     draft = draft->next)
		e = compose_seal(&composer, draft);
	return e;
}

enum err
store_authority(struct store *store, const struct authority **authority)
{
	enum err e;

	assert(store->open);
	*authority = &store->authority;
	/* Asked for every write and every chunk. */
	if (store->authority_known && !store->txn.authority_changed)
		return kv_failed(store->txn.kv);
	e = authority_load(
	    &store->txn, &store->identity.city, &store->authority);
	store->authority_known = e == ERR_OK;
	return e;
}

/* After a full disk, a failed sync or a panic: makes room, opens the data anew,
 * and believes nothing until the newest heads of our own logs hold again. */
static enum err
again(struct store *store)
{
	char *ballast = path_in(store->dir, "ballast");
	enum err e;

	kv_close(store->kv);
	store->kv = NULL;
	/* That there is no ballast left is no reason to give up. */
	e = file_remove(ballast);
	if (e != ERR_OK && e != ERR_NOT_FOUND)
		goto out;
	e = kv_start(store, false);
	if (e != ERR_OK)
		goto out;
	store->broken = false;
	e = txn_start(store, false);
	if (e == ERR_OK) {
		/* Whether the commit that failed happened, only now is known.
		 */
		store->rebuilding = meta_number(&store->txn, meta_rebuilding) !=
				    0;
		e = fsck_heads(store, &store->identity.key);
		store_abort(store);
	}
	if (e == ERR_OK)
		ballast_keep(store);
out:
	store->broken = e != ERR_OK;
	mem_free(ballast);
	return e == ERR_OK ? e
			   : err_wrap(e, "opening store %s again", store->dir);
}

/* Takes the ballast's room again, but only when the next writes find enough
 * beside it: otherwise they would fail on the room that was made for them. */
static void
ballast_keep(const struct store *store)
{
	char *ballast = path_in(store->dir, "ballast");
	struct file_stat stat;
	uint64_t free_bytes;

	if (file_stat(ballast, &stat) == ERR_NOT_FOUND &&
	    file_free_bytes(store->dir, &free_bytes) == ERR_OK &&
	    free_bytes >= 4 * (uint64_t)STORE_BALLAST_SIZE &&
	    file_ballast(ballast, STORE_BALLAST_SIZE) != ERR_OK) {
		/* The store is as good as before; the next opening tries. */
	}
	mem_free(ballast);
}

/* Who writes: this node, or root where it is kept here. */
static struct composer
composer_of(struct store *store, bool as_root)
{
	struct bytes founding = {0};
	struct composer composer = {.txn = &store->txn,
	    .owns = &store->owns,
	    .drafts = &store->drafts,
	    .writer = {.identity = &store->identity,
		.seed = &store->identity.seed,
		.key = &store->identity.key,
		.authority = &store->authority}};

	if (as_root && meta_find(&store->txn, meta_founding, &founding)) {
		composer.writer.seed = &store->root.seed;
		composer.writer.key = &store->root_key;
		composer.writer.founding = arena_bytes(
		    &store->txn.arena, founding);
	}
	return composer;
}

enum err
store_write(struct store *store, const struct store_write *write,
    struct record_id *record, bool *changed)
{
	const struct authority *authority;
	struct composer composer = composer_of(store, false);
	enum err e;

	assert(store->open && store->txn.write);
	e = store_authority(store, &authority);
	if (e != ERR_OK)
		return e;
	return compose_write(&composer, write, record, changed);
}

enum err
store_admit(struct store *store, const struct fact_member *member)
{
	const struct authority *authority;
	struct composer composer = composer_of(store, store->has_root);
	struct buf plain = {0};
	enum err e = store_authority(store, &authority);

	if (e == ERR_OK &&
	    (!text_is_utf8(member->label) || member->label.n == 0 ||
		member->label.n > LIMIT_LABEL_SIZE))
		e = err_set(ERR_INVALID,
		    "the name of a member has 1 to %d bytes of UTF-8",
		    LIMIT_LABEL_SIZE);
	if (e == ERR_OK) {
		fact_member_put(member, &plain);
		e = compose_fact(&composer, DELTA_MEMBER, buf_bytes(&plain));
	}
	buf_fini(&plain);
	return e;
}

enum err
store_grant(struct store *store, const struct fact_grant *grant)
{
	const struct authority *authority;
	struct composer composer = composer_of(store, store->has_root);
	struct buf plain = {0};
	enum err e = store_authority(store, &authority);

	if (e == ERR_OK && authority_member(authority, &grant->member) == NULL)
		e = err_set(
		    ERR_NOT_FOUND, "this key is not a member: admit it first");
	if (e == ERR_OK && !store->has_root &&
	    !authority_may_grant(authority, &store->identity.key, grant))
		e = err_set(ERR_DENIED,
		    "this node may not pass on these rights for '%s'",
		    grant->prefix.text);
	if (e == ERR_OK) {
		fact_grant_put(grant, &plain);
		e = compose_fact(&composer, DELTA_GRANT, buf_bytes(&plain));
	}
	buf_fini(&plain);
	return e;
}

enum err
store_locate(
    struct store *store, const struct record_id *id, struct space *space)
{
	struct txn *txn = &store->txn;
	struct space_state **spaces;
	size_t n;
	enum err e = space_all(txn, &spaces, &n);

	for (size_t i = 0; i < n && e == ERR_OK; i++) {
		struct bytes row;
		struct key key;

		tables_record_key(spaces[i]->no, id, &key);
		if (!kv_find(txn->kv, TABLE_RECORDS, tables_key(&key), &row))
			continue;
		*space = spaces[i]->name;
		return kv_failed(txn->kv);
	}
	if (e == ERR_OK)
		e = kv_failed(txn->kv);
	return e != ERR_OK
		   ? e
		   : err_set(ERR_NOT_FOUND, "no record has this id here");
}

enum err
store_get(struct store *store, const struct space *space,
    const struct record_id *id, struct arena *arena, struct record *record)
{
	struct space_state *state = space_find(&store->txn, space);
	enum err e = kv_failed(store->txn.kv);

	if (e == ERR_OK && state == NULL)
		e = err_set(ERR_NOT_FOUND,
		    "nothing of the space '%s' is held here", space->text);
	if (e == ERR_OK)
		e = record_get(&store->txn, state, id, true, arena, record);
	if (e == ERR_OK && !record->exists)
		e = err_set(ERR_NOT_FOUND, "no record has this id in '%s'",
		    space->text);
	return e;
}

void
store_token(const struct record *record, struct buf *token)
{
	compose_token(record, token);
}

static int
history_order(const void *a, const void *b)
{
	const struct merge_change *left = a;
	const struct merge_change *right = b;

	if (left->stamp.v != right->stamp.v)
		return left->stamp.v < right->stamp.v ? -1 : 1;
	return id_change_compare(&left->at, &right->at);
}

enum err
store_history(struct store *store, const struct space *space,
    const struct record_id *id, struct arena *arena,
    struct merge_changes *changes)
{
	struct space_state *state = space_find(&store->txn, space);
	enum err e = kv_failed(store->txn.kv);

	*changes = (struct merge_changes){0};
	if (e == ERR_OK && state != NULL)
		e = history_load(&store->txn, state, id, arena, changes);
	if (e == ERR_OK && changes->n == 0)
		e = err_set(ERR_NOT_FOUND, "no record has this id in '%s'",
		    space->text);
	if (e == ERR_OK)
		qsort(
		    changes->p, changes->n, sizeof(*changes->p), history_order);
	return e;
}

enum err
store_actor(struct store *store, struct bytes name, struct actor_id *actor)
{
	enum err e = identity_actor(&store->identity, name, actor);
	struct key key = {0};

	if (e != ERR_OK || !store->open || !store->txn.write)
		return e;
	tables_key_add(&key, bytes_of(actor->b, sizeof(actor->b)));
	txn_put(&store->txn, TABLE_ACTORS, &key, name);
	return kv_failed(store->txn.kv);
}

struct bytes
store_actor_name(
    struct store *store, const struct actor_id *actor, struct arena *arena)
{
	struct bytes name = {0};
	struct key key = {0};

	assert(store->open);
	tables_key_add(&key, bytes_of(actor->b, sizeof(actor->b)));
	if (!txn_find(&store->txn, TABLE_ACTORS, &key, &name))
		return (struct bytes){0};
	return arena_bytes(arena, name);
}
