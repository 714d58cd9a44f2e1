/*
 * Members and grants.  Judges logs for the road and peers for the session.
 * Reads the authority logs, keeps what follows from them in memory, writes
 * nothing: what is derived here never needs to be repaired.
 */
#include "core/authority.h"

#include <stdlib.h>
#include <string.h>

#include "core/digest.h"
#include "core/history.h"
#include "core/meta.h"
#include "proto/mem.h"

/* One fact with the log that it stands in. */
struct fact {
	const struct log *log;
	struct ref ref;
	struct stamp stamp;
	bool is_grant;
	struct fact_member member;
	struct fact_grant grant;
};

/* A fact that names a member. */
struct naming {
	const struct fact *fact;
	bool counts;
};

struct gathering {
	struct txn *txn;
	struct authority *authority;
	struct fact *facts; /* owned */
	size_t n;
	size_t room;
};

static enum err version_of(
    struct txn *txn, struct space_state *space, struct hash *version) MUST_USE;
static enum err gather(struct gathering *g, const struct log *log) MUST_USE;
static enum err gather_fact(
    struct gathering *g, const struct history_delta *from) MUST_USE;
static void founding_take(
    struct authority *authority, const struct delta *open);
static void members_settle(struct gathering *g);
static void grants_settle(struct gathering *g);
static bool log_counts(
    const struct authority *authority, const struct log *log);
static const struct grant *grant_find(
    const struct authority *authority, const struct ref *ref);
static bool grant_settle(
    struct authority *authority, const struct fact *fact, struct grant *grant);

static int
key_compare(const struct sign_key *a, const struct sign_key *b)
{
	return memcmp(a->b, b->b, sizeof(a->b));
}

static int
grant_compare(const void *a, const void *b)
{
	const struct grant *left = a;
	const struct grant *right = b;

	return id_ref_compare(&left->fact, &right->fact);
}

enum err
authority_load(
    struct txn *txn, const struct city_id *city, struct authority *authority)
{
	struct space_state *space = space_find(txn, &id_authority);
	struct log **logs;
	size_t n;
	struct hash version;
	struct gathering g = {.txn = txn, .authority = authority};
	enum err e;

	if (space == NULL)
		return kv_failed(txn->kv);
	e = version_of(txn, space, &version);
	if (e != ERR_OK || memcmp(&version, &authority->version, 32) == 0)
		return e;
	authority_fini(authority);
	authority->city = *city;
	e = oplog_all(txn, space, &logs, &n);
	for (size_t i = 0; i < n && e == ERR_OK; i++)
		e = gather(&g, logs[i]);
	if (e == ERR_OK) {
		grants_settle(&g);
		members_settle(&g);
		authority->version = version;
	}
	mem_free(g.facts);
	return e;
}

/* The logs, and how many bodies of facts came later than their headers. */
static enum err
version_of(struct txn *txn, struct space_state *space, struct hash *version)
{
	struct hash logs;
	uint8_t bodies[8];
	enum err e = digest_logs(txn, space, &logs);

	if (e != ERR_OK)
		return e;
	bytes_put_be64(bodies, meta_number(txn, meta_facts));
	crypto_sha256_two(bytes_of(logs.b, sizeof(logs.b)),
	    bytes_of(bodies, sizeof(bodies)), version);
	return kv_failed(txn->kv);
}

void
authority_fini(struct authority *authority)
{
	arena_fini(&authority->arena);
	*authority = (struct authority){0};
}

/* Takes the facts of one log of `authority` to the others. */
static enum err
gather(struct gathering *g, const struct log *log)
{
	struct arena *arena = &g->authority->arena;
	enum err e = ERR_OK;

	/* What branches share stands in one of them. */
	for (uint64_t seq = log->below; seq < log->frontier.size && e == ERR_OK;
	     seq++) {
		struct history_delta from;

		e = history_delta(g->txn, log, seq, arena, &from);
		if (e != ERR_OK || from.delta == NULL)
			continue;
		if (from.delta->kind == DELTA_OPEN)
			founding_take(g->authority, from.delta);
		else if (from.delta->kind != DELTA_CHANGE)
			e = gather_fact(g, &from);
	}
	return e;
}

/* A founding record that founds our city says who root is; any log may carry
 * it, for only its bytes count. */
static void
founding_take(struct authority *authority, const struct delta *open)
{
	struct fact_founding founding;
	struct city_id city;

	if (authority->founded || open->open.founding.n == 0)
		return;
	fact_city(open->open.founding, &city);
	if (memcmp(&city, &authority->city, sizeof(city)) != 0 ||
	    fact_founding_get(open->open.founding, &founding) != ERR_OK)
		return;
	authority->founded = true;
	authority->root = founding.root;
	authority->name = founding.name;
}

/* A fact whose body is missing or unsound says nothing. */
static enum err
gather_fact(struct gathering *g, const struct history_delta *from)
{
	struct arena *arena = &g->authority->arena;
	struct fact fact = {.log = from->log, .stamp = from->delta->stamp};
	struct bytes plain;
	enum err e;

	if (from->bodies_n != 1 ||
	    history_open(g->txn, &from->bodies[0], arena, &plain) != ERR_OK)
		return ERR_OK;
	fact.ref.log = from->log->trunk;
	fact.ref.seq = from->seq;
	memcpy(fact.ref.leaf, from->leaf, sizeof(from->leaf));
	fact.is_grant = from->delta->kind == DELTA_GRANT;
	e = fact.is_grant ? fact_grant_get(plain, &fact.grant)
			  : fact_member_get(plain, &fact.member);
	if (e != ERR_OK)
		return ERR_OK;
	mem_room(&g->facts, &g->room, g->n + 1, sizeof(*g->facts));
	g->facts[g->n++] = fact;
	return ERR_OK;
}

/* The least fixpoint: a grant counts when its log does, a log when the grant
 * does that its open names.  Each round settles at least one stratum. */
static void
grants_settle(struct gathering *g)
{
	struct authority *authority = g->authority;
	size_t n = 0;

	authority->grants = arena_array(
	    &authority->arena, g->n, sizeof(struct grant));
	for (size_t i = 0; i < g->n; i++) {
		const struct fact *fact = &g->facts[i];

		if (!fact->is_grant)
			continue;
		authority->grants[n++] = (struct grant){.fact = fact->ref,
		    .by = fact->log->name.author,
		    .since = fact->stamp,
		    .what = fact->grant};
	}
	authority->grants_n = n;
	qsort(authority->grants, n, sizeof(struct grant), grant_compare);
	for (int round = 0; round < LIMIT_GRANT_DEPTH; round++) {
		for (size_t i = 0; i < g->n; i++) {
			const struct fact *fact = &g->facts[i];
			struct grant key = {.fact = fact->ref};
			struct grant *grant;

			if (!fact->is_grant)
				continue;
			grant = bsearch(&key, authority->grants, n, sizeof(key),
			    grant_compare);
			assert(grant != NULL);
			grant->counts = grant_settle(authority, fact, grant);
		}
	}
}

/* Does `grant` count, as far as is settled by now?  Sets its stratum. */
static bool
grant_settle(
    struct authority *authority, const struct fact *fact, struct grant *grant)
{
	const struct grant *under;

	if (!log_counts(authority, fact->log))
		return false;
	if (key_compare(&fact->log->name.author, &authority->root) == 0) {
		grant->stratum = 1;
		return true;
	}
	under = grant_find(authority, &fact->log->grant);
	assert(under != NULL && under->counts);
	grant->stratum = under->stratum + 1;
	return authority_passes(under, &fact->grant);
}

bool
authority_passes(const struct grant *under, const struct fact_grant *grant)
{
	return under->stratum < LIMIT_GRANT_DEPTH &&
	       id_covers_prefix(&under->what.prefix, &grant->prefix) &&
	       fact_rights_within(grant->gives, under->what.passes) &&
	       fact_rights_within(grant->passes, under->what.passes);
}

static int
member_compare(const void *a, const void *b)
{
	const struct member *left = a;
	const struct member *right = b;

	return key_compare(&left->key, &right->key);
}

static int
fact_compare(const void *a, const void *b)
{
	const struct fact *left = a;
	const struct fact *right = b;

	return id_ref_compare(&left->ref, &right->ref);
}

/* By key; of one key what counts first, then the older. */
static int
naming_compare(const void *a, const void *b)
{
	const struct naming *left = a;
	const struct naming *right = b;
	int order = key_compare(
	    &left->fact->member.key, &right->fact->member.key);

	if (order == 0 && left->counts != right->counts)
		order = left->counts ? -1 : 1;
	return order != 0 ? order : fact_compare(left->fact, right->fact);
}

/* One member for each key that a fact names; root is one without a fact. */
static void
members_settle(struct gathering *g)
{
	struct authority *authority = g->authority;
	struct arena *arena = &authority->arena;
	struct member *members = arena_array(
	    arena, g->n + 1, sizeof(struct member));
	struct naming *namings = arena_array(
	    arena, g->n + 1, sizeof(struct naming));
	size_t namings_n = 0;
	size_t n = 0;

	if (g->n > 0)
		qsort(g->facts, g->n, sizeof(*g->facts), fact_compare);
	for (size_t i = 0; i < g->n; i++)
		if (!g->facts[i].is_grant)
			namings[namings_n++] = (struct naming){
			    .fact = &g->facts[i],
			    .counts = log_counts(authority, g->facts[i].log)};
	qsort(namings, namings_n, sizeof(*namings), naming_compare);
	if (authority->founded)
		members[n++] = (struct member){.key = authority->root,
		    .label = bytes_text("root"),
		    .counts = true};
	for (size_t i = 0; i < namings_n; i++) {
		const struct fact_member *named = &namings[i].fact->member;

		if (authority->founded &&
		    key_compare(&named->key, &authority->root) == 0)
			continue;
		if (i > 0 && key_compare(&named->key,
				 &namings[i - 1].fact->member.key) == 0)
			continue;
		members[n++] = (struct member){.key = named->key,
		    .label = named->label,
		    .counts = namings[i].counts};
	}
	authority->members = members;
	authority->members_n = n;
	qsort(members, n, sizeof(*members), member_compare);
}

const struct member *
authority_member(const struct authority *authority, const struct sign_key *key)
{
	struct member wanted = {.key = *key};

	if (authority->members_n == 0)
		return NULL;
	return bsearch(&wanted, authority->members, authority->members_n,
	    sizeof(wanted), member_compare);
}

/* The grant whose fact is `ref`; NULL when that is none. */
static const struct grant *
grant_find(const struct authority *authority, const struct ref *ref)
{
	struct grant wanted = {.fact = *ref};

	if (authority->grants_n == 0)
		return NULL;
	return bsearch(&wanted, authority->grants, authority->grants_n,
	    sizeof(wanted), grant_compare);
}

bool
authority_may(const struct authority *authority, const struct sign_key *key,
    enum right right, const struct space *space, const struct grant **why)
{
	const struct grant *best = NULL;

	for (size_t i = 0; i < authority->grants_n; i++) {
		const struct grant *grant = &authority->grants[i];

		if (!grant->counts ||
		    (grant->what.gives.bits & (unsigned)right) == 0 ||
		    key_compare(&grant->what.member, key) != 0 ||
		    !id_covers(&grant->what.prefix, space))
			continue;
		if (best == NULL || grant->stratum < best->stratum)
			best = grant;
	}
	if (why != NULL)
		*why = best;
	return best != NULL;
}

bool
authority_may_grant(const struct authority *authority,
    const struct sign_key *key, const struct fact_grant *grant)
{
	for (size_t i = 0; i < authority->grants_n; i++) {
		const struct grant *own = &authority->grants[i];

		if (own->counts && key_compare(&own->what.member, key) == 0 &&
		    (own->what.gives.bits & RIGHT_ADMIN) != 0 &&
		    authority_passes(own, grant))
			return true;
	}
	return false;
}

unsigned
authority_reads(const struct authority *authority, const struct sign_key *key,
    const struct space *space)
{
	unsigned classes = 0;

	if (id_is_authority(space))
		return 1u << CLASS_N;
	for (size_t i = 0; i < authority->grants_n; i++) {
		const struct grant *grant = &authority->grants[i];

		if (grant->counts &&
		    (grant->what.gives.bits & RIGHT_READ) != 0 &&
		    key_compare(&grant->what.member, key) == 0 &&
		    id_covers(&grant->what.prefix, space))
			classes |= grant->what.gives.classes | 1u << CLASS_N;
	}
	return classes;
}

enum err
authority_judge(struct txn *txn, const struct authority *authority,
    const struct log *log, struct judgement *judgement)
{
	bool central = id_is_authority(&log->name.space);
	const struct grant *grant = NULL;

	*judgement = (struct judgement){.cut = UINT64_MAX};
	if (authority->founded && log->frontier.size > 0) {
		if (log->has_grant)
			grant = grant_find(authority, &log->grant);
		judgement->grant = grant;
		if (key_compare(&log->name.author, &authority->root) == 0)
			judgement->rights = central ? RIGHT_ADMIN : 0;
		else if (grant != NULL && grant->counts &&
			 key_compare(&grant->what.member, &log->name.author) ==
			     0 &&
			 (central ||
			     id_covers(&grant->what.prefix, &log->name.space)))
			judgement->rights = grant->what.gives.bits;
	}
	return kv_failed(txn->kv);
}

/* Do facts in `log`, of `authority`, count as far as is settled by now? */
static bool
log_counts(const struct authority *authority, const struct log *log)
{
	const struct grant *grant;

	if (!authority->founded || log->frontier.size == 0)
		return false;
	if (key_compare(&log->name.author, &authority->root) == 0)
		return true;
	grant = log->has_grant ? grant_find(authority, &log->grant) : NULL;
	return grant != NULL && grant->counts &&
	       key_compare(&grant->what.member, &log->name.author) == 0 &&
	       (grant->what.gives.bits & RIGHT_ADMIN) != 0;
}
