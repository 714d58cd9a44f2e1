/*
 * The words that a store has about itself.  core/store.c asks when it opens
 * one; what they govern is decided in core/rules.c and core/lookup.c.
 */
#include "core/force.h"

#include <string.h>

#include "core/lookup_keep.h"
#include "core/meta.h"
#include "core/view_keep.h"

static enum err store_check(
    struct txn *txn, const struct identity *identity) MUST_USE;
static enum err pack_load(struct txn *txn, struct pack **pack) MUST_USE;

enum err
force_load(
    struct txn *txn, const struct identity *identity, struct force *force)
{
	enum err e = store_check(txn, identity);

	if (e == ERR_OK)
		e = pack_load(txn, &force->pack);
	if (e == ERR_OK)
		force_init(identity, force);
	return e;
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

static enum err
pack_load(struct txn *txn, struct pack **pack)
{
	struct bytes name;
	enum err e;

	if (!meta_find(txn, meta_pack, &name))
		return kv_failed(txn->kv);
	e = pack_parse(pack_embedded(), pack);
	if (e == ERR_OK && !bytes_is(name, (*pack)->name))
		e = err_set(ERR_VERSION,
		    "it follows the pack %.*s, which this program does not "
		    "have: use a newer golmok",
		    (int)name.n, (const char *)name.p);
	return e;
}

void
force_init(const struct identity *identity, struct force *force)
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
	lookup_free(force->lookup);
	view_free(force->views);
	pack_free(force->pack);
	*force = (struct force){0};
}

void
force_lend(const struct force *force, struct txn *txn)
{
	txn->pack = force->pack;
	txn->lookup = force->lookup;
	txn->views = force->views;
}

enum err
force_refresh(struct txn *txn, bool *whole)
{
	enum err e = lookup_keep_refresh(txn, whole);

	return e == ERR_OK ? view_keep_refresh(txn, whole) : e;
}
