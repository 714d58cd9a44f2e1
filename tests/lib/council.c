/*
 * Decisions about rights for tests, through the doors of core where a person
 * would take them, and below these where nobody should.
 */
#include "tests/lib/council.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/facts.h"
#include "core/fsck.h"
#include "core/rebuild.h"
#include "core/tree.h"
#include "proto/ascii.h"

/* What looks for one entry. */
struct search {
	const struct ref *ref;
	struct inbox_entry *entry;
	bool found;
};

/* What takes their names. */
struct taking {
	struct ref *refs;
	size_t n;
	size_t max;
};

/* What counts and writes down entries. */
struct listing {
	struct buf *text;
	size_t n;
};

void
council_unroot(struct town *town)
{
	char path[2 * TEMPDIR_PATH_SIZE + 8];

	town_close(town, 0);
	(void)snprintf(path, sizeof(path), "%s/root", town->nodes[0].dir);
	assert_int_equal(unlink(path), 0);
	(void)town_open(town, 0);
}

struct ref
council_grant(struct town *town, size_t at, size_t whom)
{
	struct store *store = town_store(town, at);
	struct sign_key key = town_key(town, whom);
	const struct authority *authority;
	const struct grant *newest = NULL;
	struct ref ref;

	assert_int_equal(store_begin(store, false), ERR_OK);
	assert_int_equal(store_authority(store, &authority), ERR_OK);
	for (size_t i = 0; i < authority->grants_n; i++) {
		const struct grant *grant = &authority->grants[i];

		if (memcmp(&grant->what.member, &key, sizeof(key)) == 0 &&
		    (newest == NULL || grant->since.v > newest->since.v))
			newest = grant;
	}
	assert_non_null(newest);
	ref = newest->fact;
	store_abort(store);
	return ref;
}

/* Ends the transaction of `store` as `e` says. */
static enum err
ended(struct store *store, enum err e)
{
	if (e == ERR_OK)
		return store_commit(store);
	store_abort(store);
	return e;
}

enum err
council_revoke(struct town *town, size_t by, size_t whom, uint64_t since_ms,
    struct store_revoked *revoked)
{
	struct store *store = town_store(town, by);
	struct store_revoked unused;
	struct store_revoke revoke = {.grant = council_grant(town, by, whom),
	    .compromised = since_ms != 0,
	    .since = {.v = since_ms << 16},
	    .reason = bytes_text("분실")};

	assert_int_equal(store_begin(store, true), ERR_OK);
	return ended(store,
	    store_revoke(store, &revoke, revoked != NULL ? revoked : &unused));
}

enum err
council_decide(struct town *town, size_t by, const char *space, bool adopt,
    const struct ref *refs, size_t n)
{
	struct store *store = town_store(town, by);
	struct store_decision decision = {.space = town_space(space),
	    .adopt = adopt,
	    .targets = refs,
	    .targets_n = n,
	    .reason = bytes_text("확인함")};

	assert_int_equal(store_begin(store, true), ERR_OK);
	return ended(store, store_decide(store, &decision));
}

void
council_put(struct town *town, size_t by, const struct space *space,
    struct delta *delta, struct bytes plain)
{
	struct store *store = town_store(town, by);
	struct own *owns = NULL;
	struct composer composer = {.owns = &owns,
	    .writer = {.identity = store_identity(store),
		.seed = &store_identity(store)->seed,
		.key = &store_identity(store)->key,
		.wants = RIGHT_ADMIN}};

	assert_int_equal(store_begin(store, true), ERR_OK);
	composer.txn = store_txn(store);
	assert_int_equal(
	    store_authority(store, &composer.writer.authority), ERR_OK);
	assert_int_equal(facts_put(&composer, space, delta, plain), ERR_OK);
	assert_int_equal(own_sign(store_txn(store), owns), ERR_OK);
	assert_int_equal(store_commit(store), ERR_OK);
}

void
council_decide_range(struct town *town, size_t by, const char *space,
    bool adopt, const struct log_cut *cut)
{
	struct space name = town_space(space);
	struct fact_reason reason = {.text = bytes_text("확인함")};
	struct delta delta = {.kind = adopt ? DELTA_ADOPT : DELTA_VOID,
	    .decision = {.cuts = cut, .cuts_n = 1}};
	struct buf plain = {0};

	fact_reason_put(&reason, &plain);
	council_put(town, by, &name, &delta, buf_bytes(&plain));
	buf_fini(&plain);
}

void
council_revoke_at(struct town *town, size_t by, const struct ref *grant,
    const struct log_cut *cuts, size_t n)
{
	struct fact_revoke revoke = {
	    .grant = *grant, .cuts = cuts, .cuts_n = n};
	struct delta delta = {.kind = DELTA_REVOKE};
	struct buf plain = {0};

	fact_revoke_put(&revoke, &plain);
	council_put(town, by, &id_authority, &delta, buf_bytes(&plain));
	buf_fini(&plain);
}

/* The newest log of `whom` in `space`, in the open transaction of `store`. */
static struct log *
log_of(struct town *town, struct store *store, size_t whom, const char *space)
{
	struct space name = town_space(space);
	struct sign_key key = town_key(town, whom);
	struct txn *txn = store_txn(store);
	struct log *newest = NULL;
	struct log **logs;
	size_t n;

	assert_int_equal(
	    oplog_all(txn, space_find(txn, &name), &logs, &n), ERR_OK);
	for (size_t i = 0; i < n; i++)
		if (memcmp(&logs[i]->name.author, &key, sizeof(key)) == 0 &&
		    (newest == NULL || logs[i]->last.v > newest->last.v))
			newest = logs[i];
	assert_non_null(newest);
	return newest;
}

struct log_cut
council_cut(
    struct town *town, size_t at, size_t whom, const char *space, uint64_t size)
{
	struct store *store = town_store(town, at);
	struct log_cut cut = {.size = size};
	const struct log *log;

	assert_int_equal(store_begin(store, false), ERR_OK);
	log = log_of(town, store, whom, space);
	cut.log = log->trunk;
	if (size == 0)
		cut.size = log->frontier.size;
	assert_int_equal(
	    tree_root(store_txn(store), log, cut.size, &cut.root), ERR_OK);
	store_abort(store);
	return cut;
}

struct log_cut
council_cut_of(struct town *town, size_t at, const char *space,
    const struct log_id *log, uint64_t size)
{
	struct store *store = town_store(town, at);
	struct log_cut cut = {.log = *log, .size = size};
	struct space name = town_space(space);
	struct log **tips;
	size_t n;

	assert_int_equal(store_begin(store, false), ERR_OK);
	assert_int_equal(
	    oplog_tips(store_txn(store), space_find(store_txn(store), &name),
		log, &tips, &n),
	    ERR_OK);
	assert_true(n > 0);
	if (size == 0 || size > tips[0]->frontier.size)
		cut.size = tips[0]->frontier.size;
	assert_int_equal(
	    tree_root(store_txn(store), tips[0], cut.size, &cut.root), ERR_OK);
	store_abort(store);
	return cut;
}

struct ref
council_ref(
    struct town *town, size_t at, size_t whom, const char *space, uint64_t seq)
{
	struct store *store = town_store(town, at);
	struct ref ref = {.seq = seq};
	struct stored_delta stored;
	const struct log *log;
	struct hash leaf;

	assert_int_equal(store_begin(store, false), ERR_OK);
	log = log_of(town, store, whom, space);
	assert_int_equal(
	    oplog_get(store_txn(store), log, seq, &stored), ERR_OK);
	merkle_leaf(stored.header, &leaf);
	ref.log = log->trunk;
	memcpy(ref.leaf, leaf.b, sizeof(ref.leaf));
	store_abort(store);
	return ref;
}

static enum err
entry_list(void *arg, const struct inbox_entry *entry)
{
	struct listing *listing = arg;

	listing->n++;
	if (listing->text == NULL)
		return ERR_OK;
	ascii_hex(bytes_of(entry->delta.log.b, 4), listing->text);
	buf_add_format(listing->text, " %s %llu %s %.*s%s%s %zu\n",
	    entry->space.text, (unsigned long long)entry->delta.seq,
	    authority_why_text(entry->why), (int)entry->reason.n,
	    entry->reason.n > 0 ? (const char *)entry->reason.p : "",
	    entry->voided ? " voided" : "", entry->disputed ? " disputed" : "",
	    entry->records_n);
	return ERR_OK;
}

/* Walks through the inbox of node `i`. */
static void
walk(struct town *town, size_t i, const char *space, inbox_fn *fn, void *arg)
{
	struct store *store = town_store(town, i);
	const struct authority *authority;
	struct space name;

	if (space != NULL)
		name = town_space(space);
	assert_int_equal(store_begin(store, false), ERR_OK);
	assert_int_equal(store_authority(store, &authority), ERR_OK);
	assert_int_equal(inbox_walk(store_txn(store), authority,
			     space != NULL ? &name : NULL, fn, arg),
	    ERR_OK);
	store_abort(store);
}

size_t
council_inbox(struct town *town, size_t i, const char *space, struct buf *text)
{
	struct listing listing = {.text = text};

	walk(town, i, space, entry_list, &listing);
	return listing.n;
}

static enum err
entry_take(void *arg, const struct inbox_entry *entry)
{
	struct taking *taking = arg;

	if (taking->n < taking->max)
		taking->refs[taking->n++] = entry->delta;
	return ERR_OK;
}

size_t
council_refs(struct town *town, size_t i, const char *space, struct ref *refs,
    size_t max)
{
	struct taking taking = {.refs = refs, .max = max};

	walk(town, i, space, entry_take, &taking);
	return taking.n;
}

static enum err
entry_match(void *arg, const struct inbox_entry *entry)
{
	struct search *search = arg;

	if (id_ref_compare(&entry->delta, search->ref) != 0)
		return ERR_OK;
	search->found = true;
	*search->entry = *entry;
	return ERR_OK;
}

bool
council_entry(struct town *town, size_t i, const struct ref *ref,
    struct inbox_entry *entry)
{
	struct search search = {.ref = ref, .entry = entry};

	walk(town, i, NULL, entry_match, &search);
	return search.found;
}

static void
found(void *arg, enum err e, const char *text)
{
	(void)arg;
	print_error("fsck: %d %s\n", (int)e, text);
}

void
council_sound(struct town *town, size_t i)
{
	const struct fsck_watch watch = {.found = found};
	struct fsck_report report;
	struct buf before = {0};
	struct buf after = {0};

	for (int round = 0; round < 2; round++) {
		struct buf *text = round == 0 ? &before : &after;

		town_digests(town, i, text);
		(void)council_inbox(town, i, NULL, text);
		assert_int_equal(
		    store_begin(town_store(town, i), false), ERR_OK);
		assert_int_equal(
		    fsck_run(town_store(town, i), &watch, &report), ERR_OK);
		store_abort(town_store(town, i));
		assert_int_equal(report.found, 0);
		if (round == 1)
			break;
		town_close(town, i);
		assert_int_equal(store_open_alone(town->nodes[i].dir,
				     &town->host, &town->nodes[i].store),
		    ERR_OK);
		assert_int_equal(
		    rebuild_run(town_store(town, i), NULL), ERR_OK);
		town_close(town, i);
		(void)town_open(town, i);
	}
	assert_int_equal(before.n, after.n);
	assert_memory_equal(before.p, after.p, before.n);
	buf_fini(&before);
	buf_fini(&after);
}
