/*
 * Who may do what, and whose logs count how far: the questions that the road
 * and sessions ask.  Keeps what follows from the authority logs in memory and
 * writes nothing: what is derived here never needs to be repaired.
 */
#include "core/authority.h"

#include <stdlib.h>
#include <string.h>

#include "core/authority_roots.h"
#include "core/authority_settle.h"
#include "core/cuts.h"
#include "core/digest.h"
#include "core/meta.h"

/* Cuts sorted by log; one may stand there twice, and then both hold. */
struct cut_list {
	size_t n;
	const struct log_cut *cuts;
};

static enum err load(struct txn *txn, const struct city_id *city,
    struct authority *authority) MUST_USE;
static enum err version_of(
    struct txn *txn, struct space_state *space, struct hash *version) MUST_USE;
static const struct grant *grant_find(
    const struct authority *authority, const struct ref *ref);
static const struct root_key *root_find(
    const struct authority *authority, const struct sign_key *key);
static enum err root_judge(struct txn *txn, const struct root_key *root,
    const struct log *log, struct judgement *judgement) MUST_USE;
static void grant_judge(const struct authority *authority,
    const struct log *log, struct judgement *judgement);
static enum err revocations_judge(struct txn *txn, const struct log *log,
    struct judgement *judgement) MUST_USE;

enum err
authority_load(
    struct txn *txn, const struct city_id *city, struct authority *authority)
{
	/* What a writer finds was committed before it. */
	uint64_t found = 1 + kv_txn_id(txn->kv) - txn->write;
	enum err e;

	if (authority->seen == found && !txn->authority_changed)
		return kv_failed(txn->kv);
	e = load(txn, city, authority);
	/* What this transaction wrote may come to nothing. */
	authority->seen = e == ERR_OK && !txn->authority_changed ? found : 0;
	return e;
}

static enum err
load(struct txn *txn, const struct city_id *city, struct authority *authority)
{
	struct space_state *space = space_find(txn, &id_authority);
	struct arena scratch = {0};
	struct authority_facts facts;
	struct hash version;
	enum err e;

	if (space == NULL)
		return kv_failed(txn->kv);
	e = version_of(txn, space, &version);
	if (e != ERR_OK || memcmp(&version, &authority->version, 32) == 0)
		return e;
	authority_fini(authority);
	authority->city = *city;
	e = authority_facts_gather(
	    txn, city, &authority->arena, &scratch, &facts);
	if (e == ERR_OK) {
		authority_settle_all(&facts, &scratch, authority);
		authority->version = version;
	}
	arena_fini(&scratch);
	return e;
}

/* The logs with all branches that are held, and how many bodies of facts came
 * later than their headers. */
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

bool
authority_passes(const struct grant *under, const struct fact_grant *grant)
{
	return authority_settle_passes(under->stratum, &under->what, grant) ==
	       WHY_COUNTS;
}

static int
member_compare(const void *a, const void *b)
{
	const struct member *left = a;
	const struct member *right = b;

	return memcmp(&left->key, &right->key, sizeof(left->key));
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

void
authority_member_fact(const struct authority *authority,
    const struct sign_key *key, struct fact_member *member)
{
	const struct member *now = authority_member(authority, key);

	*member = (struct fact_member){.key = *key};
	if (now == NULL)
		return;
	assert(now->addresses_n <= LIMIT_ADDRESSES);
	member->label = now->label;
	member->addresses_n = now->addresses_n;
	for (size_t i = 0; i < now->addresses_n; i++)
		member->addresses[i] = now->addresses[i];
}

struct sign_key
authority_payer(const struct authority *authority, const struct sign_key *key)
{
	const struct member *member = authority_member(authority, key);

	return member == NULL ? authority_roots_payer(authority, key)
			      : member->payer;
}

bool
authority_knows(const struct authority *authority, const struct sign_key *key,
    const struct space *space)
{
	struct hash hash;
	size_t n;
	const struct heir *heirs;
	bool knows = authority_member(authority, key) != NULL;

	if (knows)
		return true;
	crypto_sha256(bytes_of(key->b, sizeof(key->b)), &hash);
	heirs = authority_roots_heirs(authority, &hash, &n);
	for (size_t i = 0; i < n && !knows; i++)
		knows = id_is_authority(space) || heirs[i].rotated;
	return knows;
}

static int
grant_compare(const void *a, const void *b)
{
	const struct grant *left = a;
	const struct grant *right = b;

	return id_ref_compare(&left->fact, &right->fact);
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

/* The first grant of `key` among the holdings, or where it would be. */
static size_t
holdings_find(const struct authority *authority, const struct sign_key *key)
{
	size_t from = 0;
	size_t to = authority->holdings_n;

	while (from < to) {
		size_t middle = from + (to - from) / 2;

		if (memcmp(&authority->holdings[middle]->what.member, key,
			sizeof(*key)) < 0)
			from = middle + 1;
		else
			to = middle;
	}
	return from;
}

/* The grant at `*at` if it belongs to `key` and was not taken back, or the next
 * such one; NULL after the last.  `*at` is behind it then. */
static const struct grant *
holding_next(
    const struct authority *authority, const struct sign_key *key, size_t *at)
{
	while (*at < authority->holdings_n) {
		const struct grant *grant = authority->holdings[*at];

		if (memcmp(&grant->what.member, key, sizeof(*key)) != 0)
			return NULL;
		++*at;
		if (!grant->revoked)
			return grant;
	}
	return NULL;
}

bool
authority_may(const struct authority *authority, const struct sign_key *key,
    enum right right, const struct space *space, const struct grant **why)
{
	size_t at = holdings_find(authority, key);
	const struct grant *grant;

	do {
		grant = holding_next(authority, key, &at);
	} while (
	    grant != NULL && ((grant->what.gives.bits & (unsigned)right) == 0 ||
				 !id_covers(&grant->what.prefix, space)));
	if (why != NULL)
		*why = grant;
	return grant != NULL;
}

bool
authority_may_grant(const struct authority *authority,
    const struct sign_key *key, const struct fact_grant *grant)
{
	size_t at = holdings_find(authority, key);
	const struct grant *own;

	do {
		own = holding_next(authority, key, &at);
	} while (own != NULL && ((own->what.gives.bits & RIGHT_ADMIN) == 0 ||
				    !authority_passes(own, grant)));
	return own != NULL;
}

unsigned
authority_reads(const struct authority *authority, const struct sign_key *key,
    const struct space *space)
{
	size_t at = holdings_find(authority, key);
	const struct grant *grant;
	unsigned classes = 0;

	if (id_is_authority(space))
		return 1u << CLASS_N;
	while ((grant = holding_next(authority, key, &at)) != NULL) {
		if ((grant->what.gives.bits & RIGHT_READ) != 0 &&
		    id_covers(&grant->what.prefix, space))
			classes |= grant->what.gives.classes | 1u << CLASS_N;
	}
	return classes;
}

enum err
authority_judge(struct txn *txn, const struct authority *authority,
    const struct log *log, struct judgement *judgement)
{
	const struct root_key *root;

	*judgement = (struct judgement){.cut = UINT64_MAX};
	if (log->has_grant)
		judgement->grant = grant_find(authority, &log->grant);
	if (!authority->founded) {
		judgement->why = WHY_NOT_FOUNDED;
		return kv_failed(txn->kv);
	}
	if (log->frontier.size == 0) {
		judgement->why = WHY_NO_GRANT;
		return kv_failed(txn->kv);
	}
	root = root_find(authority, &log->name.author);
	if (root != NULL)
		return root_judge(txn, root, log, judgement);
	grant_judge(authority, log, judgement);
	if (judgement->rights == 0)
		return kv_failed(txn->kv);
	return revocations_judge(txn, log, judgement);
}

static const struct root_key *
root_find(const struct authority *authority, const struct sign_key *key)
{
	for (size_t i = 0; i < authority->roots_n; i++) {
		if (memcmp(&authority->roots[i].key, key, sizeof(*key)) == 0)
			return &authority->roots[i];
	}
	return NULL;
}

/* Lowers the cut of a judgement of `log` to what the cuts of its trunk in
 * `list` leave; 0 when none is of it.  `*lower`
 * says whether it became lower. */
static enum err
cut_lower(struct txn *txn, const struct log *log, const struct cut_list *list,
    struct judgement *judgement, bool *lower)
{
	const struct log_cut *cuts = list->cuts;
	size_t n = list->n;
	uint64_t before = judgement->cut;
	struct cuts_trunk trunk = {0};
	struct arena arena = {0};
	size_t from = 0;
	size_t to = n;
	enum err e = ERR_OK;

	while (from < to) {
		size_t middle = from + (to - from) / 2;

		if (memcmp(&cuts[middle].log, &log->trunk, 16) < 0)
			from = middle + 1;
		else
			to = middle;
	}
	if (from == n || memcmp(&cuts[from].log, &log->trunk, 16) != 0)
		judgement->cut = 0;
	else
		e = cuts_trunk_of(txn, log, &arena, &trunk);
	for (; e == ERR_OK && judgement->cut > 0 && from < n &&
	       memcmp(&cuts[from].log, &log->trunk, 16) == 0;
	     from++) {
		uint64_t *ends = arena_array(&arena, trunk.n, sizeof(*ends));

		e = cuts_ends(txn, &trunk, &cuts[from], ends);
		for (size_t i = 0; i < trunk.n; i++) {
			if (memcmp(&trunk.tips[i]->id, &log->id, 16) == 0 &&
			    ends[i] < judgement->cut)
				judgement->cut = ends[i];
		}
	}
	arena_fini(&arena);
	*lower = judgement->cut < before;
	return e;
}

/* In `authority` root speaks as an admin, in data spaces it decides; it writes
 * no data. */
static enum err
root_judge(struct txn *txn, const struct root_key *root, const struct log *log,
    struct judgement *judgement)
{
	bool lower;

	judgement->rights = RIGHT_ADMIN;
	if (!root->is_cut)
		return kv_failed(txn->kv);
	judgement->why = WHY_ROTATED;
	return cut_lower(txn, log,
	    &(struct cut_list){.n = root->cuts_n, .cuts = root->cuts},
	    judgement, &lower);
}

/* What the grant gives that the log names, as if nothing was ever revoked. */
static void
grant_judge(const struct authority *authority, const struct log *log,
    struct judgement *judgement)
{
	const struct grant *grant = judgement->grant;

	assert(authority->founded);
	if (!log->has_grant)
		judgement->why = WHY_NO_GRANT;
	else if (grant == NULL)
		judgement->why = WHY_GRANT_MISSING;
	else if (!grant->counts)
		judgement->why = WHY_GRANT_OUTSIDE;
	else if (memcmp(&grant->what.member, &log->name.author,
		     sizeof(log->name.author)) != 0)
		judgement->why = WHY_GRANT_FOREIGN;
	else if (!id_is_authority(&log->name.space) &&
		 !id_covers(&grant->what.prefix, &log->name.space))
		judgement->why = WHY_PREFIX;
	else
		judgement->rights = grant->what.gives.bits;
	if (judgement->rights == 0 && judgement->why == WHY_COUNTS)
		judgement->why = WHY_RIGHT;
}

static enum err
revocations_judge(
    struct txn *txn, const struct log *log, struct judgement *judgement)
{
	const struct grant *grant = judgement->grant;

	for (size_t i = 0; i < grant->revocations_n; i++) {
		const struct revocation *revocation = grant->revocations[i];
		bool lower;
		const struct cut_list list = {.n = revocation->what.cuts_n,
		    .cuts = revocation->what.cuts};
		enum err e = cut_lower(txn, log, &list, judgement, &lower);

		if (e != ERR_OK)
			return e;
		if (lower)
			judgement->revocation = revocation;
		judgement->why = WHY_CUT;
	}
	return kv_failed(txn->kv);
}

bool
authority_is_behind(const struct authority *authority, uint64_t now_ms)
{
	for (size_t i = 0; i < authority->grants_n; i++)
		if (authority->grants[i].counts &&
		    stamp_ms(authority->grants[i].since) > now_ms)
			return true;
	for (size_t i = 0; i < authority->packs_n; i++)
		if (authority->packs[i].counts &&
		    stamp_ms(authority->packs[i].since) > now_ms)
			return true;
	return false;
}

const char *
authority_why_text(enum authority_why why)
{
	switch (why) {
	case WHY_COUNTS:
		return "it counts";
	case WHY_NOT_FOUNDED:
		return "the log that founds the city is not here yet";
	case WHY_NO_GRANT:
		return "its log names no grant";
	case WHY_GRANT_MISSING:
		return "the grant that it names is not here yet";
	case WHY_GRANT_OUTSIDE:
		return "the grant that it names does not count";
	case WHY_GRANT_FOREIGN:
		return "the grant that its log names is another member's";
	case WHY_PREFIX:
		return "it lies outside the spaces of its author's grant";
	case WHY_RIGHT:
		return "its author's grant does not give this right";
	case WHY_DEPTH:
		return "grants end three steps below root";
	case WHY_CUT:
		return "its author's grant was taken back before it";
	case WHY_ROTATED:
		return "it was signed by a root key that has been replaced";
	case WHY_FORKED:
		return "its log is forked, and nothing is given from there on";
	case WHY_EQUALS:
		return "its author's grant is not above the one it takes back";
	case WHY_MALFORMED:
		return "what it says is missing or cannot be read";
	case WHY_DISPUTED:
		return "decisions about it disagree";
	}
	return "unknown";
}
