/*
 * The versions of packs that a store knows, and the order among them.
 * core/force.c asks which one governs, `golmok pack` shows all.  Reads the
 * space `authority` and what the store keeps about itself; writes nothing.
 */
#include "core/packs.h"

#include <stdlib.h>
#include <string.h>

#include "core/history.h"
#include "core/meta.h"
#include "core/pack_compare.h"
#include "core/tip.h"
#include "proto/version.h"

/* The versions of one name while one after the other is looked at. */
struct judging {
	struct txn *txn;
	struct arena *arena;
	struct packs *packs;
	struct pack *compiled; /* owned */
	struct pack *force;    /* owned, or `compiled` */
	struct packs_version *best;
};

static void file_gather(struct txn *txn, struct arena *arena,
    struct crypto_sha256 *inputs, struct packs *packs);
static bool file_get(struct bytes row, uint64_t *version, struct bytes *name,
    struct bytes *json);
static void facts_gather(const struct authority *authority,
    struct crypto_sha256 *inputs, struct packs *packs);
static struct packs_version *version_of(
    struct packs *packs, const struct published *fact);
static enum err group_judge(
    struct judging *j, struct packs_version *group, size_t n) MUST_USE;
static enum err version_judge(
    struct judging *j, struct packs_version *version, bool *fits) MUST_USE;
static void force_drop(struct judging *j);
static enum err version_read(struct judging *j, struct packs_version *version,
    struct pack **pack) MUST_USE;
static bool loses(struct judging *j, const struct pack *old,
    const struct pack *next, struct packs_version *version);
static enum err piece_read(
    struct txn *txn, const struct published *piece, struct buf *text) MUST_USE;

void
packs_gather(struct txn *txn, const struct authority *authority,
    struct arena *arena, struct packs *packs)
{
	size_t facts_n = authority == NULL ? 0 : authority->packs_n;
	struct bytes compiled = pack_embedded();
	struct crypto_sha256 inputs;
	struct packs_version *version;
	struct bytes name;

	*packs = (struct packs){
	    .versions = arena_array(arena, facts_n + 2, sizeof(*version))};
	if (meta_find(txn, meta_pack, &name))
		packs->name = arena_bytes(arena, name);
	version = &packs->versions[packs->n++];
	*version = (struct packs_version){
	    .source = PACKS_COMPILED, .size = compiled.n};
	version->sha256 = *txn->compiled;
	crypto_sha256_init(&inputs);
	/* What one program cannot read, the next one may. */
	crypto_sha256_add(&inputs, bytes_text(version_text));
	crypto_sha256_add(&inputs, bytes_of("", 1));
	crypto_sha256_add(&inputs, packs->name);
	crypto_sha256_add(&inputs, bytes_of("", 1));
	crypto_sha256_add(&inputs, bytes_of(version->sha256.b, 32));
	file_gather(txn, arena, &inputs, packs);
	if (authority != NULL)
		facts_gather(authority, &inputs, packs);
	crypto_sha256_out(&inputs, &packs->inputs);
}

static void
file_gather(struct txn *txn, struct arena *arena, struct crypto_sha256 *inputs,
    struct packs *packs)
{
	struct packs_version *version = &packs->versions[packs->n];
	struct bytes row;
	struct bytes json;

	if (!meta_find(txn, meta_pack_file, &row))
		return;
	*version = (struct packs_version){.source = PACKS_FILE};
	if (!file_get(row, &version->version, &version->name, &json)) {
		kv_fail(
		    txn->kv, tables_corrupt(TABLE_META,
				 bytes_text(meta_pack_file), "it is no pack"));
		return;
	}
	version->name = arena_bytes(arena, version->name);
	version->size = json.n;
	crypto_sha256(json, &version->sha256);
	crypto_sha256_add(inputs, bytes_of(version->sha256.b, 32));
	packs->n++;
}

/* Version (8 bytes), the length of the name (1), the name, the text. */
static bool
file_get(
    struct bytes row, uint64_t *version, struct bytes *name, struct bytes *json)
{
	size_t n = row.n < 9 ? 0 : row.p[8];

	if (n == 0 || row.n <= 9 + n)
		return false;
	*version = bytes_be64(row.p);
	*name = bytes_first(bytes_after(row, 9), n);
	*json = bytes_after(row, 9 + n);
	return true;
}

void
packs_file_put(struct txn *txn, const struct pack *pack, struct bytes json)
{
	struct bytes name = bytes_text(pack->name);
	struct buf row = {0};

	bytes_put_be64(buf_extend(&row, 8), pack->version);
	buf_add_u8(&row, (uint8_t)name.n);
	buf_add(&row, name);
	buf_add(&row, json);
	meta_put(txn, meta_pack_file, buf_bytes(&row));
	meta_put(txn, meta_pack, name);
	buf_fini(&row);
}

static void
facts_gather(const struct authority *authority, struct crypto_sha256 *inputs,
    struct packs *packs)
{
	for (size_t i = 0; i < authority->packs_n; i++) {
		const struct published *fact = &authority->packs[i];
		struct packs_version *version = version_of(packs, fact);
		const struct published **piece =
		    &version->pieces[fact->what.piece];
		uint8_t ref[ID_REF_SIZE];
		uint8_t counts = fact->counts;

		id_ref_put(&fact->fact, ref);
		crypto_sha256_add(inputs, bytes_of(ref, sizeof(ref)));
		crypto_sha256_add(inputs, bytes_of(&counts, 1));
		if (*piece != NULL && ((*piece)->counts || !fact->counts))
			continue;
		*piece = fact;
		version->by = fact->by;
		version->since = fact->since;
	}
}

/* The version that `fact` is a piece of; one log writes all of them. */
static struct packs_version *
version_of(struct packs *packs, const struct published *fact)
{
	struct packs_version *version = &packs->versions[packs->n];

	for (size_t i = 0; i < packs->n; i++) {
		struct packs_version *known = &packs->versions[i];
		const struct published *piece = NULL;

		for (size_t k = 0; k < LIMIT_PACK_PIECES && piece == NULL; k++)
			piece = known->pieces[k];
		if (piece != NULL &&
		    memcmp(&piece->fact.log, &fact->fact.log,
			sizeof(fact->fact.log)) == 0 &&
		    memcmp(&known->sha256, &fact->what.sha256, 32) == 0 &&
		    known->version == fact->what.version &&
		    known->size == fact->what.size &&
		    bytes_equal(known->name, fact->what.name))
			return known;
	}
	packs->n++;
	*version = (struct packs_version){.source = PACKS_FACT,
	    .name = fact->what.name,
	    .version = fact->what.version,
	    .sha256 = fact->what.sha256,
	    .size = fact->what.size};
	return version;
}

static const struct published *
first_piece(const struct packs_version *version)
{
	size_t i = 0;

	while (i < LIMIT_PACK_PIECES - 1 && version->pieces[i] == NULL)
		i++;
	return version->pieces[i];
}

/* By name and version; then what is compiled in, a file, and facts, of which
 * the one with the lower hash comes last. */
static int
version_order(const void *a, const void *b)
{
	const struct packs_version *left = a;
	const struct packs_version *right = b;
	int order = bytes_compare(left->name, right->name);

	if (order == 0)
		order = (left->version > right->version) -
			(left->version < right->version);
	if (order == 0)
		order = (int)left->source - (int)right->source;
	if (order == 0)
		order = memcmp(&right->sha256, &left->sha256, 32);
	if (order == 0 && left->source == PACKS_FACT)
		order = id_ref_compare(
		    &first_piece(right)->fact, &first_piece(left)->fact);
	return order;
}

enum err
packs_judge(struct txn *txn, struct arena *arena, struct packs *packs,
    struct pack **pack)
{
	struct judging j = {.txn = txn, .arena = arena, .packs = packs};
	size_t end;
	enum err e = pack_parse(pack_embedded(), &j.compiled);

	*pack = NULL;
	if (e != ERR_OK)
		return e;
	packs->versions[0].name = arena_bytes(
	    arena, bytes_text(j.compiled->name));
	packs->versions[0].version = j.compiled->version;
	qsort(
	    packs->versions, packs->n, sizeof(*packs->versions), version_order);
	for (size_t i = 0; i < packs->n && e == ERR_OK; i = end) {
		struct packs_version *first = &packs->versions[i];

		for (end = i + 1; end < packs->n; end++)
			if (packs->versions[end].version != first->version ||
			    !bytes_equal(
				packs->versions[end].name, first->name))
				break;
		e = group_judge(&j, first, end - i);
	}
	if (e == ERR_OK)
		e = kv_failed(txn->kv);
	if (e == ERR_OK) {
		packs->force = j.best;
		*pack = j.force;
	} else {
		force_drop(&j);
	}
	if (*pack != j.compiled)
		pack_free(j.compiled);
	return e;
}

/* What is in force gives way. */
static void
force_drop(struct judging *j)
{
	if (j->force != j->compiled)
		pack_free(j->force);
	j->force = NULL;
}

/* The `n` texts of one version: the most preferred one that loses nothing of
 * what is in force takes its place. */
static enum err
group_judge(struct judging *j, struct packs_version *group, size_t n)
{
	struct packs_version *before = j->best;
	enum err e = ERR_OK;

	for (size_t i = n; i-- > 0 && e == ERR_OK;) {
		struct packs_version *version = &group[i];
		bool fits = false;

		if (!bytes_equal(version->name, j->packs->name))
			version->why = PACKS_OTHER_NAME;
		else if (j->best != before)
			version->why = memcmp(&version->sha256,
					   &j->best->sha256, 32) == 0
					   ? PACKS_SAME
					   : PACKS_OTHER_TEXT;
		else
			e = version_judge(j, version, &fits);
		if (!fits)
			continue;
		if (before != NULL)
			before->why = PACKS_OLDER;
		version->why = PACKS_IN_FORCE;
		j->best = version;
	}
	return e;
}

static enum err
version_judge(struct judging *j, struct packs_version *version, bool *fits)
{
	struct pack *pack = NULL;
	enum err e = ERR_OK;

	if (version->source == PACKS_COMPILED)
		pack = j->compiled;
	else
		e = version_read(j, version, &pack);
	if (e != ERR_OK || pack == NULL)
		return e;
	/* What this program wrote by its own text shall stay as well. */
	*fits = (j->force == NULL || !loses(j, j->force, pack, version)) &&
		(pack == j->compiled || j->compiled->version != pack->version ||
		    strcmp(j->compiled->name, pack->name) != 0 ||
		    !loses(j, j->compiled, pack, version));
	if (*fits) {
		force_drop(j);
		j->force = pack;
	} else if (pack != j->compiled) {
		pack_free(pack);
	}
	return ERR_OK;
}

/* NULL for one that cannot be read, and version->why says so.  Not for what is
 * compiled in. */
static enum err
version_read(
    struct judging *j, struct packs_version *version, struct pack **pack)
{
	struct arena passing = {0};
	struct bytes json;
	enum err e = ERR_OK;

	for (size_t i = 0; version->source == PACKS_FACT &&
			   i < fact_pack_pieces(version->size);
	     i++) {
		version->why = PACKS_INCOMPLETE;
		if (version->pieces[i] == NULL)
			return ERR_OK;
		version->why = PACKS_OUTSIDE;
		if (!version->pieces[i]->counts)
			return ERR_OK;
	}
	version->why = PACKS_INCOMPLETE;
	e = packs_text(j->txn, version, &passing, &json);
	if (e == ERR_MALFORMED)
		version->why = PACKS_UNREADABLE;
	if (e == ERR_OK) {
		e = pack_parse(json, pack);
		version->why = e == ERR_VERSION ? PACKS_NEWER
						: PACKS_UNREADABLE;
	}
	if (e == ERR_OK && ((*pack)->version != version->version ||
			       !bytes_is(version->name, (*pack)->name))) {
		e = err_set(ERR_INVALID,
		    "its text is version %llu of the pack %s",
		    (unsigned long long)(*pack)->version, (*pack)->name);
		pack_free(*pack);
		*pack = NULL;
	}
	arena_fini(&passing);
	if (e == ERR_OK)
		return e;
	version->detail = arena_bytes(j->arena, bytes_text(err_text()));
	return kv_failed(j->txn->kv);
}

/* Would `version`, which `next` was read from, lose what `old` says? */
static bool
loses(struct judging *j, const struct pack *old, const struct pack *next,
    struct packs_version *version)
{
	struct buf losses = {0};
	enum err e = pack_compare_contents(old, next, &losses);

	buf_fini(&losses);
	if (e == ERR_OK)
		return false;
	version->why = PACKS_LOSES;
	version->detail = arena_bytes(j->arena, bytes_text(err_text()));
	return true;
}

enum err
packs_text(struct txn *txn, const struct packs_version *version,
    struct arena *arena, struct bytes *json)
{
	struct buf text = {0};
	struct bytes row;
	struct bytes name;
	struct hash hash;
	uint64_t number;
	enum err first;
	enum err e = ERR_OK;

	if (version->source == PACKS_COMPILED) {
		*json = pack_embedded();
		return ERR_OK;
	}
	if (version->source == PACKS_FILE) {
		bool found = meta_find(txn, meta_pack_file, &row) &&
			     file_get(row, &number, &name, json);

		e = kv_failed(txn->kv);
		if (e == ERR_OK && !found)
			e = err_set(ERR_NOT_FOUND, "the file is gone");
		if (e == ERR_OK)
			*json = arena_bytes(arena, *json);
		return e;
	}
	for (size_t i = 0; i < fact_pack_pieces(version->size) && e == ERR_OK;
	     i++)
		e = version->pieces[i] == NULL
			? err_set(ERR_NOT_FOUND, "piece %zu is not here", i + 1)
			: piece_read(txn, version->pieces[i], &text);
	crypto_sha256(buf_bytes(&text), &hash);
	if (e == ERR_OK && memcmp(&hash, &version->sha256, 32) != 0)
		e = err_set(ERR_MALFORMED,
		    "its pieces do not make the text that they name");
	if (e == ERR_OK)
		*json = arena_bytes(arena, buf_bytes(&text));
	buf_fini(&text);
	/* What could not be read is not gone. */
	first = kv_failed(txn->kv);
	return first == ERR_OK ? e : first;
}

static enum err
piece_read(struct txn *txn, const struct published *piece, struct buf *text)
{
	struct space_state *space = space_find(txn, &id_authority);
	struct log *log = space == NULL ? NULL
					: tip_holding(txn, space, &piece->fact);
	struct arena arena = {0};
	struct history_delta from = {0};
	struct fact_pack fact;
	struct bytes plain;
	enum err e = log == NULL ? err_set(ERR_NOT_FOUND, "a fact is gone")
				 : history_delta(txn, log, piece->fact.seq,
				       &arena, &from);

	if (e == ERR_OK && (from.delta == NULL || from.bodies_n != 1))
		e = err_set(ERR_NOT_FOUND, "a fact is not here wholly");
	if (e == ERR_OK)
		e = history_open(txn, &from.bodies[0], &arena, &plain);
	if (e == ERR_OK)
		e = fact_pack_get(plain, &fact);
	if (e == ERR_OK)
		buf_add(text, fact.json);
	arena_fini(&arena);
	return e;
}

bool
packs_is_refused(const struct packs *packs, const struct packs_version *version)
{
	uint64_t force = packs->force != NULL ? packs->force->version : 0;

	return version->version >= force &&
	       (version->why == PACKS_OTHER_TEXT ||
		   version->why == PACKS_NEWER ||
		   version->why == PACKS_UNREADABLE ||
		   version->why == PACKS_LOSES);
}

void
packs_say(const struct packs_version *version, struct buf *text)
{
	buf_add_format(text, "version %llu of the pack %.*s, from the %s: %s",
	    (unsigned long long)version->version, (int)version->name.n,
	    (const char *)version->name.p, packs_source_text(version->source),
	    packs_why_text(version->why));
	if (version->detail.n > 0)
		buf_add_format(text, " (%.*s)", (int)version->detail.n,
		    (const char *)version->detail.p);
}

const char *
packs_why_name(enum packs_why why)
{
	static const char *const names[] = {
	    [PACKS_IN_FORCE] = "in-force",
	    [PACKS_OLDER] = "older",
	    [PACKS_SAME] = "same",
	    [PACKS_OTHER_TEXT] = "other-text",
	    [PACKS_NEWER] = "newer-program",
	    [PACKS_UNREADABLE] = "unreadable",
	    [PACKS_LOSES] = "loses",
	    [PACKS_INCOMPLETE] = "incomplete",
	    [PACKS_OUTSIDE] = "outside",
	    [PACKS_OTHER_NAME] = "other-name",
	};

	return names[why];
}

const char *
packs_why_text(enum packs_why why)
{
	static const char *const texts[] = {
	    [PACKS_IN_FORCE] = "in force",
	    [PACKS_OLDER] = "a higher version is in force",
	    [PACKS_SAME] = "the same text comes from elsewhere",
	    [PACKS_OTHER_TEXT] = "another text of this version comes first",
	    [PACKS_NEWER] = "needs a newer program",
	    [PACKS_UNREADABLE] = "cannot be read",
	    [PACKS_LOSES] = "would lose what was written",
	    [PACKS_INCOMPLETE] = "is not here wholly",
	    [PACKS_OUTSIDE] = "nobody with the right published it",
	    [PACKS_OTHER_NAME] = "this store follows another pack",
	};

	return texts[why];
}

const char *
packs_source_text(enum packs_source source)
{
	static const char *const texts[] = {
	    [PACKS_COMPILED] = "program",
	    [PACKS_FILE] = "file",
	    [PACKS_FACT] = "city",
	};

	return texts[source];
}
