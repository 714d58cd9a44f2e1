/*
 * The door.  Opens a replica, keeps its one transaction, its keys and its
 * rights together, and is where a failed disk leads to one way back: open
 * again, verify, go on.  Merging, logs and rights are decided elsewhere.
 */
#include "core/store.h"

#include <string.h>

#include "core/actor.h"
#include "core/apply.h"
#include "core/ballast.h"
#include "core/compose.h"
#include "core/decide.h"
#include "core/facts.h"
#include "core/file.h"
#include "core/force.h"
#include "core/fsck.h"
#include "core/known.h"
#include "core/mark.h"
#include "core/meta.h"
#include "core/own.h"
#include "core/reading.h"
#include "core/revoke.h"
#include "core/rotate.h"
#include "proto/mem.h"

struct store {
	char *dir; /* owned, as all below */
	const struct host *host;
	struct file_lock lock;
	struct kv *kv;
	struct mark mark;
	struct txn_kept kept;
	struct identity identity;
	struct force force;
	struct root root;
	struct authority authority;
	bool alone;	 /* no other process has it open */
	bool rebuilding; /* and that is not complete */
	bool broken;	 /* kv must be opened again before the next use */
	bool marked;	 /* the mark was looked at by a writer */
	enum open_why news;
	/* The open transaction. */
	bool open;
	bool authority_known; /* it is that of this transaction */
	struct txn txn;
	struct own *owns;     /* in txn.arena */
	struct draft *drafts; /* in txn.arena */
};

enum open_mode { OPEN_BESIDE, OPEN_ALONE, OPEN_EMPTY };
static enum err open_as(const char *dir, const struct host *host,
    enum open_mode mode, struct store **store) MUST_USE;
static enum err kv_start(struct store *store, bool create) MUST_USE;
static enum err format_check(struct store *store) MUST_USE;
static enum err txn_start(struct store *store, bool write) MUST_USE;
static enum err again(struct store *store) MUST_USE;
static enum err seal_all(struct store *store) MUST_USE;

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
	char *lock = file_path(dir, "lock");
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
		e = root_load_all(dir, &store->identity, &store->root);
	if (e == ERR_OK)
		e = kv_start(store, mode == OPEN_EMPTY);
	if (e == ERR_OK && mode == OPEN_EMPTY)
		force_init(&store->identity, &store->force);
	else if (e == ERR_OK)
		e = format_check(store);
	if (e == ERR_OK && mode != OPEN_EMPTY)
		ballast_keep(store->dir);
	mem_free(lock);
	if (e != ERR_OK) {
		struct fault fault;

		err_keep(&fault, e);
		store_close(store);
		return err_raise(&fault);
	}
	aside_init(&store->kept.aside, dir);
	*out = store;
	return ERR_OK;
}

static enum err
kv_start(struct store *store, bool create)
{
	char *mark = file_path(store->dir, "mark");
	char *data = file_path(store->dir, "data.mdb");
	struct kv_config config = {.dir = store->dir,
	    .tables = tables_names,
	    .tables_n = TABLE_COUNT,
	    .late = TABLES_LATE,
	    .create = create,
	    .scrub_bytes = store->alone ? KV_SCRUB_ALL : LIMIT_SCRUB_BYTES,
	    .noted = mark_noted(mark, data)};
	enum err e = kv_open(&config, &store->kv);

	words_fini(&store->kept.words);
	store->force.seen = store->authority.seen = 0;
	mark_fini(&store->mark);
	mark_init(&store->mark, mark, data);
	store->marked = false;
	mem_free(mark);
	mem_free(data);
	return e;
}

/* What the store says about itself.  A crash may have left its mark behind, and
 * whoever reads on can hand out what the mark has not heard of. */
static enum err
format_check(struct store *store)
{
	enum err e = txn_start(store, false);

	if (e != ERR_OK)
		return e;
	e = force_load(&store->txn, &store->identity, &store->force);
	if (e == ERR_OK)
		store->rebuilding = meta_number(&store->txn, meta_rebuilding) !=
				    0;
	if (e == ERR_OK)
		e = kv_failed(store->txn.kv);
	if (e == ERR_OK)
		mark_catch_up(&store->mark, &store->txn);
	store_abort(store);
	return e == ERR_OK ? e : err_wrap(e, "store %s", store->dir);
}

void
store_close(struct store *store)
{
	if (store == NULL)
		return;
	store_abort(store);
	kv_close(store->kv);
	mark_fini(&store->mark);
	force_fini(&store->force);
	authority_fini(&store->authority);
	txn_kept_fini(&store->kept);
	identity_fini(&store->identity);
	root_fini(&store->root);
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

const struct pack *
store_pack(const struct store *store)
{
	return store->force.pack;
}

bool
store_has_root(const struct store *store)
{
	return store->root.keys.is_here;
}

struct root *
store_root(struct store *store)
{
	return &store->root;
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

/* Starts a writer.  When the indexes are those of another pack they are made
 * anew first, in as many transactions as that takes. */
static enum err
writer_start(struct store *store)
{
	struct fault fault;
	bool whole = false;
	enum err e = ERR_OK;

	while (e == ERR_OK && !whole) {
		if (store->open)
			e = store_commit(store);
		if (e == ERR_OK)
			e = txn_start(store, true);
		if (e == ERR_OK)
			e = force_ready(&store->txn, &store->identity,
			    &store->authority, &store->force);
		if (e == ERR_OK)
			e = force_refresh(&store->txn, &whole);
	}
	if (e == ERR_OK)
		return e;
	err_keep(&fault, e);
	store_abort(store);
	return err_raise(&fault);
}

enum err
store_begin(struct store *store, bool write)
{
	if (store->rebuilding)
		return err_set(ERR_CORRUPT,
		    "the rebuild of store %s was cut off: run `golmok rebuild` "
		    "again",
		    store->dir);
	return write ? writer_start(store) : txn_start(store, false);
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

/* Failures after which nothing is believed until the store was opened anew. */
static bool
is_disk(enum err e)
{
	bool disk = e == ERR_FULL || e == ERR_IO;

	return disk;
}

/* A restored or copied store goes on under new incarnations. */
static enum err
mark_look(struct store *store)
{
	enum open_why why;
	enum err e = mark_settle(&store->mark, &store->txn, store->host, &why);

	store->marked = e == ERR_OK && why == OPEN_NEW;
	if (e == ERR_OK && why != OPEN_NEW) {
		own_renew(&store->txn, why);
		store->news = why;
	}
	return e;
}

static enum err
txn_start(struct store *store, bool write)
{
	enum err e = ERR_OK;

	assert(!store->open);
	if (store->broken)
		e = again(store);
	if (e == ERR_OK)
		e = txn_begin(
		    store->kv, write, store->host, &store->kept, &store->txn);
	if (e != ERR_OK) {
		store->broken = store->broken || is_disk(e);
		return e;
	}
	store->open = true;
	store->authority_known = false;
	store->drafts = NULL;
	store->owns = NULL;
	e = force_follow(&store->txn, &store->identity, &store->force);
	if (e == ERR_OK && write && !store->marked)
		e = mark_look(store);
	if (e != ERR_OK)
		store_abort(store);
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
	if (e != ERR_OK)
		kv_fail(store->txn.kv, e);
	authority_changed = store->txn.authority_changed;
	number = kv_txn_id(store->txn.kv);
	e = txn_commit(&store->txn);
	store->open = false;
	root_ended(store->dir, e == ERR_OK, &store->root);
	if (e == ERR_OK && write) {
		store->marked = true;
		mark_committed(&store->mark, store->kv, number);
	}
	if (e != ERR_OK && authority_changed)
		authority_fini(&store->authority);
	store->broken = store->broken || is_disk(e);
	return e;
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
	root_ended(store->dir, false, &store->root);
}

/* Before it commits: drafts become deltas, logs get heads, facts count. */
static enum err
seal_all(struct store *store)
{
	struct txn *txn = &store->txn;
	const struct authority *authority;
	enum err e = store_settle(store);

	if (e == ERR_OK)
		e = own_sign(txn, store->owns);
	if (e != ERR_OK || !(txn->authority_changed || txn->cuts_due))
		return e;
	e = store_authority(store, &authority);
	if (e == ERR_OK)
		e = apply_due(txn, authority);
	return e == ERR_OK ? force_settle(txn, authority) : e;
}

/* This node writes. */
static struct composer
composer_of(struct store *store)
{
	return (struct composer){.txn = &store->txn,
	    .owns = &store->owns,
	    .drafts = &store->drafts,
	    .writer = {.identity = &store->identity,
		.seed = &store->identity.seed,
		.key = &store->identity.key,
		.authority = &store->authority}};
}

enum err
store_settle(struct store *store)
{
	struct composer composer = composer_of(store);
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
	enum err e;

	kv_close(store->kv);
	store->kv = NULL;
	e = ballast_drop(store->dir);
	if (e == ERR_OK)
		e = kv_start(store, false);
	if (e == ERR_OK) {
		store->broken = false;
		e = txn_start(store, false);
	}
	if (e == ERR_OK) {
		/* Only now is known whether the last commit happened. */
		store->rebuilding = meta_number(&store->txn, meta_rebuilding) !=
				    0;
		e = fsck_heads(store, &store->identity.key);
		if (e == ERR_OK)
			mark_catch_up(&store->mark, &store->txn);
		store_abort(store);
	}
	if (e == ERR_OK)
		ballast_keep(store->dir);
	store->broken = e != ERR_OK;
	return e == ERR_OK ? e
			   : err_wrap(e, "opening store %s again", store->dir);
}

enum err
store_composer(struct store *store, struct composer *composer)
{
	enum err e;

	*composer = composer_of(store);
	e = store_authority(store, &composer->writer.authority);
	return e == ERR_OK ? rotate_writer(composer, store->dir, &store->root)
			   : e;
}

enum err
store_write(struct store *store, const struct store_write *write,
    struct record_id *record, bool *changed)
{
	const struct authority *authority;
	struct composer composer = composer_of(store);
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
	struct composer composer;
	enum err e = store_composer(store, &composer);

	return e == ERR_OK ? facts_admit(&composer, member) : e;
}

enum err
store_grant(struct store *store, const struct fact_grant *grant)
{
	struct composer composer;
	enum err e = store_composer(store, &composer);

	return e == ERR_OK ? facts_grant(&composer, grant) : e;
}

enum err
store_rotate(struct store *store)
{
	struct composer composer;
	enum err e = store_composer(store, &composer);

	return e == ERR_OK ? rotate_root(&composer, store->dir, &store->root)
			   : e;
}

enum err
store_revoke(struct store *store, const struct store_revoke *revoke,
    struct store_revoked *revoked)
{
	struct composer composer;
	enum err e = store_settle(store);

	if (e == ERR_OK)
		e = store_composer(store, &composer);
	return e == ERR_OK ? revoke_grant(&composer, revoke, revoked) : e;
}

enum err
store_decide(struct store *store, const struct store_decision *decision)
{
	const struct authority *authority;
	bool central = id_is_authority(&decision->space);
	struct composer composer = composer_of(store);
	enum err e = store_authority(store, &authority);

	/* In a data space root decides only where nobody else may. */
	composer.writer.wants = RIGHT_ADMIN;
	if (e == ERR_OK && store->root.keys.is_here &&
	    (central || own_may(&composer.writer, &decision->space) != ERR_OK))
		e = store_composer(store, &composer);
	if (e != ERR_OK)
		return e;
	return central ? decide_facts(&composer, decision)
		       : decide_deltas(&composer, decision);
}

enum err
store_locate(
    struct store *store, const struct record_id *id, struct space *space)
{
	return reading_locate(&store->txn, id, space);
}

enum err
store_get(struct store *store, const struct space *space,
    const struct record_id *id, struct arena *arena, struct record *record)
{
	return reading_get(&store->txn, space, id, arena, record);
}

void
store_token(const struct record *record, struct buf *token)
{
	known_token(record, token);
}

enum err
store_history(struct store *store, const struct space *space,
    const struct record_id *id, struct arena *arena,
    struct merge_changes *changes)
{
	return reading_history(&store->txn, space, id, arena, changes);
}

enum err
store_actor(struct store *store, struct bytes name, struct actor_id *actor)
{
	enum err e = identity_actor(&store->identity, name, actor);

	if (e != ERR_OK || !store->open || !store->txn.write)
		return e;
	actor_put(&store->txn, actor, name);
	return kv_failed(store->txn.kv);
}

struct bytes
store_actor_name(
    struct store *store, const struct actor_id *actor, struct arena *arena)
{
	assert(store->open);
	return actor_name(&store->txn, actor, arena);
}
