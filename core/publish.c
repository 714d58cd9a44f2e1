/*
 * Packs on their way into the space `authority` or into one store.  `golmok
 * pack` calls it; which version then governs is core/packs.c's to say.
 */
#include "core/publish.h"

#include <string.h>

#include "core/facts.h"
#include "core/force.h"
#include "core/meta.h"
#include "core/pack_compare.h"

static enum err follows(struct store *store, const struct pack *pack) MUST_USE;
static enum err keeps(struct store *store, const struct pack *pack) MUST_USE;
static enum err is_news(
    const struct authority *authority, const struct fact_pack *fact) MUST_USE;
static enum err pieces_put(struct composer *composer, struct fact_pack *fact,
    struct bytes json) MUST_USE;

enum err
publish_pack(struct store *store, struct bytes json, uint64_t *version)
{
	const struct authority *authority;
	struct composer composer;
	struct fact_pack fact = {.size = json.n};
	struct pack *pack;
	enum err e = pack_parse(json, &pack);

	if (e != ERR_OK)
		return e;
	*version = pack->version;
	fact.name = bytes_text(pack->name);
	fact.version = pack->version;
	crypto_sha256(json, &fact.sha256);
	e = follows(store, pack);
	if (e == ERR_OK)
		e = store_authority(store, &authority);
	if (e == ERR_OK)
		e = is_news(authority, &fact);
	if (e == ERR_OK)
		e = keeps(store, pack);
	if (e == ERR_OK)
		e = store_composer(store, &composer);
	if (e == ERR_OK)
		e = pieces_put(&composer, &fact, json);
	pack_free(pack);
	return e;
}

/* A city has one pack; who has none yet takes any. */
static enum err
follows(struct store *store, const struct pack *pack)
{
	struct bytes name;

	if (!meta_find(store_txn(store), meta_pack, &name) ||
	    bytes_is(name, pack->name))
		return kv_failed(store_txn(store)->kv);
	return err_set(ERR_INVALID,
	    "this store follows the pack %.*s, and this is one of %s",
	    (int)name.n, (const char *)name.p, pack->name);
}

/* Another text of the version in force may take its place, if it keeps all. */
static enum err
keeps(struct store *store, const struct pack *pack)
{
	const struct pack *force = store_pack(store);
	struct buf losses = {0};
	enum err e = ERR_OK;

	if (force != NULL)
		e = force->version == pack->version
			? pack_compare_contents(force, pack, &losses)
			: pack_compare_versions(force, pack, &losses);
	buf_fini(&losses);
	return e;
}

static enum err
is_news(const struct authority *authority, const struct fact_pack *fact)
{
	for (size_t i = 0; i < authority->packs_n; i++) {
		const struct published *p = &authority->packs[i];

		if (!p->counts || p->what.version != fact->version ||
		    !bytes_equal(p->what.name, fact->name))
			continue;
		if (memcmp(&p->what.sha256, &fact->sha256, 32) == 0)
			return err_set(
			    ERR_EXISTS, "this text is published already");
		return err_set(ERR_EXISTS,
		    "version %llu is published already, with another text: "
		    "give this one a higher version",
		    (unsigned long long)fact->version);
	}
	return ERR_OK;
}

static enum err
pieces_put(struct composer *composer, struct fact_pack *fact, struct bytes json)
{
	enum err e = ERR_OK;

	composer->writer.everywhere = true;
	for (size_t i = 0; i < fact_pack_pieces(json.n) && e == ERR_OK; i++) {
		struct delta delta = {.kind = DELTA_PACK};
		struct buf plain = {0};

		fact->piece = i;
		fact->json = bytes_first(
		    bytes_after(json, i * LIMIT_PACK_PIECE),
		    fact_pack_piece_size(json.n, i));
		fact_pack_put(fact, &plain);
		e = facts_put(
		    composer, &id_authority, &delta, buf_bytes(&plain));
		buf_fini(&plain);
	}
	return e;
}

enum err
publish_file(struct store *store, struct bytes json)
{
	struct txn *txn = store_txn(store);
	const struct authority *authority;
	struct pack *pack = NULL;
	struct bytes name;
	enum err e;

	if (json.n > 0) {
		e = pack_parse(json, &pack);
		if (e == ERR_OK)
			e = follows(store, pack);
		if (e == ERR_OK)
			e = keeps(store, pack);
		if (e == ERR_OK)
			packs_file_put(txn, pack, json);
	} else {
		/* Facts may cease to count, and then nothing would be left. */
		e = pack_parse(pack_embedded(), &pack);
		if (e == ERR_OK && meta_find(txn, meta_pack, &name) &&
		    !bytes_is(name, pack->name))
			e = err_set(ERR_INVALID,
			    "this program has no pack %.*s: without the file "
			    "the store would have no rules",
			    (int)name.n, (const char *)name.p);
		if (e == ERR_OK)
			meta_del(txn, meta_pack_file);
	}
	pack_free(pack);
	if (e == ERR_OK)
		e = store_authority(store, &authority);
	return e == ERR_OK ? force_settle(txn, authority) : e;
}
