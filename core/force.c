/*
 * The words that a store has about itself.  core/store.c asks when it opens
 * one; what they govern is decided in core/rules.c and core/lookup.c.
 */
#include "core/force.h"

#include <string.h>

#include "core/events.h"
#include "core/lookup_keep.h"
#include "core/meta.h"
#include "core/packs.h"
#include "core/seat.h"
#include "core/view_keep.h"
#include "proto/json.h"
#include "proto/mem.h"
#include "proto/version.h"

enum { SOURCE_NONE = 255 };

/* What is in force, as the store has it; bytes alone, so that there is nothing
 * between them. */
struct force_row {
	uint8_t program[32]; /* which looked */
	uint8_t inputs[32];  /* at these versions */
	uint8_t sha256[32];  /* and found this text */
	uint8_t source;	     /* enum packs_source */
};

struct force_past {
	struct force_past *next;
	struct pack *pack; /* owned, as the next */
	struct lookup *lookup;
	struct views *views;
};

static enum err store_check(
    struct txn *txn, const struct identity *identity) MUST_USE;
static void row_hash(struct txn *txn, struct hash *hash);
static void compiled_hash(struct force *force);
static void program_hash(struct txn *txn, struct hash *program);
static enum err pack_load(struct txn *txn, struct pack **pack) MUST_USE;
static enum err row_write(struct txn *txn, const struct packs *packs) MUST_USE;
static void lookup_start(const struct identity *identity, struct force *force);
static void tell(
    struct txn *txn, const struct packs *packs, const struct force_row *before);

static enum err follow(struct txn *txn, const struct identity *identity,
    struct force *force) MUST_USE;
static void lend(const struct force *force, struct txn *txn);

enum err
force_load(
    struct txn *txn, const struct identity *identity, struct force *force)
{
	enum err e = store_check(txn, identity);

	if (e == ERR_OK) {
		compiled_hash(force);
		txn->compiled = &force->compiled;
		e = pack_load(txn, &force->pack);
	}
	if (e != ERR_OK)
		return e;
	row_hash(txn, &force->row);
	lookup_start(identity, force);
	return kv_failed(txn->kv);
}

static enum err
store_check(struct txn *txn, const struct identity *identity)
{
	struct city_id city;
	uint64_t format = meta_number(txn, meta_format);
	enum err e = kv_failed(txn->kv);

	if (e != ERR_OK)
		return e;
	if (format == 0)
		return err_set(ERR_CORRUPT,
		    "what says its format is gone: run `golmok repair`");
	if (format > META_FORMAT)
		return err_set(ERR_VERSION,
		    "it has format %llu, and this program knows %d: use a "
		    "newer golmok",
		    (unsigned long long)format, META_FORMAT);
	if (format < META_FORMAT)
		return err_set(ERR_VERSION,
		    "it has format %llu of an older golmok, and this program "
		    "knows %d: read it with that version; its keys make a new "
		    "store, which others fill",
		    (unsigned long long)format, META_FORMAT);
	if (!meta_find_fixed(txn, meta_city, city.b, 32))
		return err_set(ERR_CORRUPT,
		    "it does not say which city it belongs to: restore it from "
		    "a backup");
	if (memcmp(&city, &identity->city, sizeof(city)) != 0)
		return err_set(
		    ERR_CORRUPT, "its keys are those of another city");
	return ERR_OK;
}

/* What follows from the programs and facts that were looked at last; none of
 * this version, before the first time. */
static bool
row_find(struct txn *txn, struct force_row *row)
{
	struct bytes name;

	*row = (struct force_row){.source = SOURCE_NONE};
	return meta_find(txn, meta_pack, &name) &&
	       meta_find_fixed(txn, meta_pack_force, row, sizeof(*row));
}

static void
row_hash(struct txn *txn, struct hash *hash)
{
	struct force_row row;
	struct bytes name = {0};

	(void)row_find(txn, &row);
	(void)!meta_find(txn, meta_pack, &name);
	crypto_sha256_two(bytes_of(&row, sizeof(row)), name, hash);
}

/* Worked out when a store is opened, as the pack is long. */
static void
compiled_hash(struct force *force)
{
	crypto_sha256(pack_embedded(), &force->compiled);
}

static void
program_hash(struct txn *txn, struct hash *program)
{
	struct crypto_sha256 all;

	crypto_sha256_init(&all);
	/* Those before wrote down the text instead of what is read from it. */
	crypto_sha256_add(&all, bytes_of("doc", 4));
	crypto_sha256_add(&all, bytes_text(version_text));
	crypto_sha256_add(
	    &all, bytes_of(txn->compiled->b, sizeof(txn->compiled->b)));
	crypto_sha256_out(&all, program);
}

/* Did another program write it down, or none yet? */
static bool
is_due(struct txn *txn)
{
	struct force_row row;
	struct hash program;
	struct bytes name;

	program_hash(txn, &program);
	return meta_find(txn, meta_pack, &name) &&
	       (!row_find(txn, &row) ||
		   memcmp(row.program, program.b, sizeof(row.program)) != 0);
}

enum err
force_ready(struct txn *txn, const struct identity *identity,
    struct authority *authority, struct force *force)
{
	enum err e = kv_failed(txn->kv);

	if (e != ERR_OK || !is_due(txn))
		return e;
	e = authority_load(txn, &identity->city, authority);
	if (e == ERR_OK)
		e = force_settle(txn, authority);
	return e == ERR_OK ? follow(txn, identity, force) : e;
}

static enum err
pack_load(struct txn *txn, struct pack **pack)
{
	struct force_row row;
	struct packs packs;
	struct arena arena = {0};
	struct bytes name;
	struct bytes doc;
	enum err e;

	if (!meta_find(txn, meta_pack, &name))
		return kv_failed(txn->kv);
	if (is_due(txn)) {
		packs_gather(txn, NULL, &arena, &packs);
		e = packs_judge(txn, &arena, &packs, pack);
	} else if (row_find(txn, &row) && row.source != SOURCE_NONE &&
		   meta_find(txn, meta_pack_doc, &doc)) {
		e = pack_parse_doc(doc, pack);
	} else if (row.source == PACKS_COMPILED &&
		   kv_failed(txn->kv) == ERR_OK) {
		e = pack_parse(pack_embedded(), pack);
	} else {
		e = kv_failed(txn->kv);
	}
	arena_fini(&arena);
	if (e == ERR_OK && *pack == NULL)
		e = err_set(ERR_VERSION,
		    "it follows the pack %.*s, which this program does not "
		    "have: use a newer golmok",
		    (int)name.n, (const char *)name.p);
	return e;
}

enum err
force_follow(
    struct txn *txn, const struct identity *identity, struct force *force)
{
	/* What a writer finds was committed before it. */
	uint64_t found = 1 + kv_txn_id(txn->kv) - txn->write;
	enum err e = ERR_OK;

	/* While the store is opened force_load reads all that, once. */
	if (force->lookup == NULL)
		return ERR_OK;
	txn->compiled = &force->compiled;
	if (force->seen == found)
		lend(force, txn);
	else
		e = follow(txn, identity, force);
	force->seen = e == ERR_OK ? found : 0;
	return e;
}

static enum err
follow(struct txn *txn, const struct identity *identity, struct force *force)
{
	struct force_past *past;
	struct pack *pack = NULL;
	struct hash row;
	enum err e;

	/* What this transaction wrote may come to nothing. */
	force->seen = 0;
	row_hash(txn, &row);
	e = kv_failed(txn->kv);
	if (e == ERR_OK && memcmp(&row, &force->row, sizeof(row)) != 0) {
		e = pack_load(txn, &pack);
		if (e == ERR_OK) {
			past = mem_zeros(1, sizeof(*past));
			*past = (struct force_past){.next = force->past,
			    .pack = force->pack,
			    .lookup = force->lookup,
			    .views = force->views};
			force->past = past;
			force->pack = pack;
			force->row = row;
			lookup_start(identity, force);
		}
	}
	lend(force, txn);
	return e;
}

bool
force_is_settled(struct txn *txn, const struct authority *authority)
{
	struct arena arena = {0};
	struct packs packs;
	struct force_row row;
	bool settled;

	packs_gather(txn, authority, &arena, &packs);
	settled = packs.name.n == 0 || is_due(txn) ||
		  (row_find(txn, &row) && memcmp(row.inputs, packs.inputs.b,
					      sizeof(row.inputs)) == 0);
	arena_fini(&arena);
	return settled;
}

enum err
force_settle(struct txn *txn, const struct authority *authority)
{
	struct arena arena = {0};
	struct packs packs;
	struct pack *pack = NULL;
	struct force_row row;
	enum err e;

	packs_gather(txn, authority, &arena, &packs);
	(void)row_find(txn, &row);
	e = kv_failed(txn->kv);
	if (e != ERR_OK || packs.name.n == 0 ||
	    (!is_due(txn) &&
		memcmp(row.inputs, packs.inputs.b, sizeof(row.inputs)) == 0))
		goto out;
	e = packs_judge(txn, &arena, &packs, &pack);
	if (e == ERR_OK)
		e = row_write(txn, &packs);
	if (e == ERR_OK)
		tell(txn, &packs, &row);
	pack_free(pack);
out:
	arena_fini(&arena);
	return e == ERR_OK ? kv_failed(txn->kv) : e;
}

static enum err
row_write(struct txn *txn, const struct packs *packs)
{
	struct force_row row = {.source = SOURCE_NONE};
	struct arena arena = {0};
	struct bytes json = {0};
	struct buf doc = {0};
	struct hash program;
	enum err e = ERR_OK;

	program_hash(txn, &program);
	memcpy(row.program, program.b, sizeof(row.program));
	memcpy(row.inputs, packs->inputs.b, sizeof(row.inputs));
	if (packs->force != NULL) {
		row.source = (uint8_t)packs->force->source;
		memcpy(row.sha256, packs->force->sha256.b, sizeof(row.sha256));
		e = packs_text(txn, packs->force, &arena, &json);
	}
	if (e == ERR_OK && packs->force != NULL)
		e = json_decode(json, &doc);
	if (e == ERR_OK && packs->force != NULL)
		meta_put(txn, meta_pack_doc, buf_bytes(&doc));
	if (e == ERR_OK)
		meta_put(txn, meta_pack_force, bytes_of(&row, sizeof(row)));
	buf_fini(&doc);
	arena_fini(&arena);
	return e;
}

/* What people have to know: that another version governs, and which do not
 * although they say that they come later. */
static void
tell(struct txn *txn, const struct packs *packs, const struct force_row *before)
{
	const struct packs_version *force = packs->force;
	bool is_first = before->source == SOURCE_NONE;

	for (size_t i = 0; i < packs->n; i++) {
		const struct packs_version *version = &packs->versions[i];
		struct event event = {.kind = EVENT_PACK_REFUSED,
		    .count = 1,
		    .peer = version->by};
		struct buf text = {0};

		if (version == force) {
			if (memcmp(version->sha256.b, before->sha256, 32) ==
				0 ||
			    (is_first && version->source == PACKS_COMPILED))
				continue;
			event.kind = EVENT_PACK_CHANGED;
		} else if (!packs_is_refused(packs, version)) {
			continue;
		}
		packs_say(version, &text);
		event.text = buf_bytes(&text);
		events_put(txn, &event);
		buf_fini(&text);
	}
}

void
force_init(const struct identity *identity, struct force *force)
{
	compiled_hash(force);
	lookup_start(identity, force);
}

static void
lookup_start(const struct identity *identity, struct force *force)
{
	uint8_t secret[32];

	identity_lookup_key(identity, secret);
	force->lookup = lookup_new(force->pack, secret);
	force->views = view_new(force->pack, secret);
	crypto_wipe(secret, sizeof(secret));
}

void
force_fini(struct force *force)
{
	while (force->past != NULL) {
		struct force_past *past = force->past;

		force->past = past->next;
		lookup_free(past->lookup);
		view_free(past->views);
		pack_free(past->pack);
		mem_free(past);
	}
	lookup_free(force->lookup);
	view_free(force->views);
	pack_free(force->pack);
	*force = (struct force){0};
}

/* `txn` goes by `force` (borrowed until it ends) from now on. */
static void
lend(const struct force *force, struct txn *txn)
{
	txn->pack = force->pack;
	txn->lookup = force->lookup;
	txn->views = force->views;
}

bool
force_is_current(struct txn *txn)
{
	return !is_due(txn) && lookup_is_current(txn) && view_is_current(txn);
}

enum err
force_refresh(struct txn *txn, bool *whole)
{
	enum err e = lookup_keep_refresh(txn, whole);

	if (e == ERR_OK)
		e = view_keep_refresh(txn, whole);
	return e == ERR_OK ? seat_refresh(txn, whole) : e;
}
