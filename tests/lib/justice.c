/*
 * The judge of the judge.  Each function is one sentence of docs/format.md §8;
 * where this and core/authority_settle.c differ, one of them misreads it.
 */
#include "tests/lib/justice.h"

#include <stdlib.h>
#include <string.h>

#include "proto/mem.h"
#include "tests/lib/verdict.h"

enum { STRATA = LIMIT_GRANT_DEPTH + 1, MAYBE = 2 };
enum ruling { NOTHING, ADOPT, VOID, DISPUTE };

/* A leaf that is held, once, however many tips have it. */
struct leaf {
	const struct charter_leaf *is;
	size_t log; /* a tip that has it */
	uint64_t seq;
	struct ref ref;
	bool sound;
	unsigned char speaks[STRATA]; /* false, true, MAYBE: not asked yet */
	unsigned char given[STRATA];
};

struct justice {
	const struct charter *charter;
	const struct charter_held *held;
	struct leaf *leaves; /* owned; by ref */
	size_t n;
	bool founded;
	struct sign_key roots[CHARTER_LOGS];
	size_t roots_n;
	bool has_next;
};

static bool given(struct justice *j, size_t f, unsigned stratum);
static enum ruling ruling(
    struct justice *j, size_t f, unsigned stratum, size_t *adopter);

static bool
keys_equal(const struct sign_key *a, const struct sign_key *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

/* D: does `leaf` lie before one of `cuts`? */
static bool
before_cut(const struct justice *j, const struct leaf *leaf,
    const struct log_cut *cuts, size_t n)
{
	return charter_held_covers(j->charter, j->held,
	    &(struct charter_place){
		.leaf = leaf->is, .log = leaf->log, .seq = leaf->seq},
	    cuts, n);
}

/* E: does `leaf` lie where tips of its log differ already? */
static bool
is_forked(const struct justice *j, const struct leaf *leaf)
{
	return charter_held_forked(
	    j->charter, j->held, &j->charter->logs[leaf->log].trunk, leaf->seq);
}

static size_t
find(const struct justice *j, const struct ref *ref)
{
	for (size_t i = 0; i < j->n; i++) {
		if (id_ref_compare(&j->leaves[i].ref, ref) == 0)
			return i;
	}
	return SIZE_MAX;
}

/* A sound grant of that name, or SIZE_MAX. */
static size_t
find_grant(const struct justice *j, const struct ref *ref)
{
	size_t g = find(j, ref);

	if (g != SIZE_MAX && j->leaves[g].is->kind == DELTA_GRANT &&
	    j->leaves[g].sound)
		return g;
	return SIZE_MAX;
}

static const struct sign_key *
author(const struct justice *j, const struct leaf *leaf)
{
	return &j->charter->logs[leaf->log].name.author;
}

/* The grant that the open of the leaf's log names; SIZE_MAX: none is held. */
static size_t
under(const struct justice *j, const struct leaf *leaf)
{
	const struct charter_leaf *open = j->charter->logs[leaf->log].leaves[0];

	return open->has_grant ? find_grant(j, &open->opened) : SIZE_MAX;
}

/* I: records that lead from the root key `at` to the next one. */
static bool
leads_on(const struct justice *j, const struct leaf *leaf, size_t at)
{
	return leaf->is->rotates && at + 1 < j->roots_n &&
	       keys_equal(&leaf->is->rotation.before, &j->roots[at]) &&
	       keys_equal(author(j, leaf), &j->roots[at + 1]);
}

static bool
root_speaks(const struct justice *j, const struct leaf *leaf, size_t at)
{
	for (size_t i = 0; i < j->n; i++) {
		const struct charter_leaf *open = j->leaves[i].is;

		if (leads_on(j, &j->leaves[i], at) &&
		    !before_cut(j, leaf, open->cuts, open->cuts_n))
			return false;
	}
	return true;
}

static size_t
root_index(const struct justice *j, const struct sign_key *key)
{
	for (size_t i = 0; i < j->roots_n; i++) {
		if (keys_equal(&j->roots[i], key))
			return i;
	}
	return SIZE_MAX;
}

/* B, C: does the author of a leaf speak there, by a grant of `stratum`? */
static bool
speaks_now(struct justice *j, const struct leaf *leaf, unsigned stratum)
{
	size_t root = root_index(j, author(j, leaf));
	size_t g = under(j, leaf);

	if (root != SIZE_MAX)
		return stratum == 0 && root_speaks(j, leaf, root);
	if (stratum == 0 || g == SIZE_MAX || !given(j, g, stratum - 1) ||
	    !keys_equal(&j->leaves[g].is->grant.member, author(j, leaf)) ||
	    (j->leaves[g].is->grant.gives.bits & RIGHT_ADMIN) == 0)
		return false;
	for (size_t r = 0; r < j->n; r++) {
		const struct charter_leaf *revoke = j->leaves[r].is;

		if (revoke->kind != DELTA_REVOKE || !j->leaves[r].sound ||
		    find_grant(j, &revoke->revoke.grant) != g)
			continue;
		for (unsigned s = 0; s < stratum; s++) {
			if (given(j, r, s) &&
			    !before_cut(j, leaf, revoke->cuts, revoke->cuts_n))
				return false;
		}
	}
	return true;
}

static bool
speaks(struct justice *j, size_t l, unsigned stratum)
{
	unsigned char *said = &j->leaves[l].speaks[stratum];

	if (*said == MAYBE)
		*said = speaks_now(j, &j->leaves[l], stratum);
	return *said;
}

/* Could the author of leaf `by`, who speaks at `stratum`, write `f` himself? */
static bool
may(struct justice *j, size_t by, unsigned stratum, size_t f)
{
	const struct charter_leaf *fact = j->leaves[f].is;
	const struct fact_grant *u = NULL;
	size_t g;

	if (!j->leaves[f].sound)
		return stratum == 0;
	if (stratum > 0)
		u = &j->leaves[under(j, &j->leaves[by])].is->grant;
	if (fact->kind == DELTA_MEMBER)
		return true;
	if (fact->kind == DELTA_GRANT)
		return u == NULL ||
		       (stratum < LIMIT_GRANT_DEPTH &&
			   id_covers_prefix(&u->prefix, &fact->grant.prefix) &&
			   fact_rights_within(fact->grant.gives, u->passes) &&
			   fact_rights_within(fact->grant.passes, u->passes));
	g = find_grant(j, &fact->revoke.grant);
	if (g == SIZE_MAX)
		return false;
	for (unsigned s = 0; s < stratum; s++) {
		if (given(j, g, s))
			return false;
	}
	return u == NULL ||
	       id_covers_prefix(&u->prefix, &j->leaves[g].is->grant.prefix);
}

/* Is `f`, at `stratum` and not higher, somebody's word: its author's, or that
 * of who adopts it? */
static bool
given_now(struct justice *j, size_t f, unsigned stratum)
{
	const struct leaf *leaf = &j->leaves[f];
	size_t adopter;

	if (!leaf->sound)
		return false;
	for (unsigned s = 0; s < stratum; s++) {
		if (given(j, f, s))
			return false;
	}
	if (speaks(j, f, stratum) && may(j, f, stratum, f) &&
	    (leaf->is->kind != DELTA_GRANT || !is_forked(j, leaf)))
		return true;
	for (unsigned s = 0; s < stratum; s++) {
		if (ruling(j, f, s, &adopter) != NOTHING)
			return false;
	}
	return ruling(j, f, stratum, &adopter) == ADOPT;
}

static bool
given(struct justice *j, size_t f, unsigned stratum)
{
	unsigned char *said = &j->leaves[f].given[stratum];

	if (*said == MAYBE)
		*said = given_now(j, f, stratum);
	return *said;
}

/* Does decision `d` count, at `stratum`? */
static bool
decides(struct justice *j, size_t d, unsigned stratum)
{
	enum delta_kind kind = j->leaves[d].is->kind;

	return (kind == DELTA_ADOPT || kind == DELTA_VOID) &&
	       speaks(j, d, stratum) &&
	       (kind == DELTA_VOID || !is_forked(j, &j->leaves[d]));
}

/* Is there a chain of `replaces` from `x` to `d`? */
static bool
reaches(struct justice *j, size_t x, size_t d)
{
	const struct charter_leaf *link = j->leaves[x].is;

	for (size_t i = 0; i < link->replaces_n; i++) {
		size_t next = find(j, &link->replaces[i]);

		if (next == SIZE_MAX ||
		    (j->leaves[next].is->kind != DELTA_ADOPT &&
			j->leaves[next].is->kind != DELTA_VOID))
			continue;
		if (next == d || reaches(j, next, d))
			return true;
	}
	return false;
}

static bool
is_replaced(struct justice *j, size_t d, unsigned stratum, size_t f)
{
	for (size_t x = 0; x < j->n; x++) {
		for (unsigned s = 0; s <= stratum; s++) {
			if (x != d && decides(j, x, s) && may(j, x, s, f) &&
			    reaches(j, x, d))
				return true;
		}
	}
	return false;
}

static bool
is_about(struct justice *j, size_t d, size_t f)
{
	const struct charter_leaf *decision = j->leaves[d].is;

	for (size_t i = 0; i < decision->targets_n; i++) {
		if (find(j, &decision->targets[i]) == f)
			return true;
	}
	return decision->cuts_n > 0 &&
	       before_cut(j, &j->leaves[f], decision->cuts, decision->cuts_n);
}

/* F: what the decisions of `stratum` say about `f`. */
static enum ruling
ruling(struct justice *j, size_t f, unsigned stratum, size_t *adopter)
{
	bool adopted = false;
	bool voided = false;

	for (size_t d = 0; d < j->n; d++) {
		if (!decides(j, d, stratum) || !is_about(j, d, f) ||
		    !may(j, d, stratum, f) || is_replaced(j, d, stratum, f))
			continue;
		if (j->leaves[d].is->kind == DELTA_VOID) {
			voided = true;
			continue;
		}
		if (!adopted)
			*adopter = d;
		adopted = true;
	}
	if (adopted)
		return voided ? DISPUTE : ADOPT;
	return voided ? VOID : NOTHING;
}

static void
roots_find(struct justice *j)
{
	struct hash next;
	bool found = true;

	j->roots[0] = j->charter->keys[0];
	j->roots_n = j->founded;
	j->has_next = j->founded;
	crypto_sha256(bytes_of(j->charter->keys[1].b, 32), &next);
	while (found && j->has_next) {
		const struct sign_key *last = &j->roots[j->roots_n - 1];
		const struct fact_rotation *first = NULL;
		const struct sign_key *key = NULL;

		for (size_t i = 0; i < j->n; i++) {
			const struct leaf *leaf = &j->leaves[i];
			const struct fact_rotation *r = &leaf->is->rotation;
			struct hash hash;

			crypto_sha256(bytes_of(author(j, leaf)->b, 32), &hash);
			if (!leaf->is->rotates ||
			    !keys_equal(&r->before, last) ||
			    memcmp(&hash, &next, sizeof(hash)) != 0 ||
			    root_index(j, author(j, leaf)) != SIZE_MAX)
				continue;
			key = author(j, leaf);
			if (first != NULL &&
			    (memcmp(&first->next_root, &r->next_root, 32) !=
				    0 ||
				first->cuts_n != r->cuts_n ||
				(r->cuts_n > 0 &&
				    memcmp(first->cuts, r->cuts,
					r->cuts_n * sizeof(*r->cuts)) != 0)))
				j->has_next = false;
			first = first != NULL ? first : r;
		}
		found = first != NULL;
		if (found) {
			j->roots[j->roots_n++] = *key;
			next = first->next_root;
		}
	}
}

static int
leaf_compare(const void *a, const void *b)
{
	const struct leaf *left = a;
	const struct leaf *right = b;

	return id_ref_compare(&left->ref, &right->ref);
}

static void
leaves_find(struct justice *j)
{
	const struct charter *c = j->charter;

	j->leaves = mem_zeros(
	    CHARTER_LOGS * CHARTER_LEAVES, sizeof(*j->leaves));
	for (size_t i = 0; i < c->logs_n; i++) {
		if (!id_is_authority(&c->logs[i].name.space))
			continue;
		j->founded = j->founded ||
			     (c->logs[i].author == 0 && j->held->sizes[i] > 0);
		for (size_t k = 0; k < j->held->sizes[i]; k++) {
			struct leaf *leaf = &j->leaves[j->n];
			size_t same = 0;

			*leaf = (struct leaf){.is = c->logs[i].leaves[k],
			    .log = i,
			    .seq = k,
			    .ref = charter_ref(c, i, k)};
			memset(leaf->speaks, MAYBE, sizeof(leaf->speaks));
			memset(leaf->given, MAYBE, sizeof(leaf->given));
			while (j->leaves[same].is != leaf->is)
				same++;
			if (same == j->n)
				j->leaves[j->n++].sound = true;
			if (j->held->bare[i] && k + 1 == j->held->sizes[i] &&
			    leaf->is->kind < DELTA_ADOPT)
				j->leaves[same].sound = false;
		}
	}
	qsort(j->leaves, j->n, sizeof(*j->leaves), leaf_compare);
}

/* At which stratum is `f` somebody's word?  STRATA: at none. */
static unsigned
stratum_of(struct justice *j, size_t f)
{
	unsigned s = 0;

	while (s < STRATA && !given(j, f, s))
		s++;
	return s;
}

/* In the end: a revocation counts when its grant does. */
static bool
counts(struct justice *j, size_t f)
{
	const struct charter_leaf *fact = j->leaves[f].is;

	if (stratum_of(j, f) == STRATA)
		return false;
	return fact->kind != DELTA_REVOKE ||
	       stratum_of(j, find_grant(j, &fact->revoke.grant)) < STRATA;
}

static void
word_of(struct justice *j, size_t f, struct sign_key *by, struct ref *grant)
{
	unsigned s = stratum_of(j, f);
	const struct leaf *leaf = &j->leaves[f];
	size_t adopter = f;

	if (!(speaks(j, f, s) && may(j, f, s, f) &&
		(leaf->is->kind != DELTA_GRANT || !is_forked(j, leaf))))
		(void)ruling(j, f, s, &adopter);
	*by = *author(j, &j->leaves[adopter]);
	*grant = (struct ref){0};
	if (s > 0)
		*grant = j->leaves[under(j, &j->leaves[adopter])].ref;
}

static bool
is_revoked(struct justice *j, size_t g, bool *compromised)
{
	bool revoked = false;

	for (size_t r = 0; r < j->n; r++) {
		const struct charter_leaf *leaf = j->leaves[r].is;

		if (leaf->kind != DELTA_REVOKE || !j->leaves[r].sound ||
		    find_grant(j, &leaf->revoke.grant) != g || !counts(j, r))
			continue;
		revoked = true;
		*compromised = *compromised || leaf->revoke.compromised;
	}
	return revoked;
}

static void
say_grants(struct justice *j, struct buf *out)
{
	for (size_t f = 0; f < j->n; f++) {
		const struct leaf *leaf = &j->leaves[f];
		struct grant grant = {.fact = leaf->ref};
		bool compromised = false;

		if (leaf->is->kind != DELTA_GRANT || !leaf->sound)
			continue;
		grant.counts = counts(j, f);
		if (grant.counts) {
			grant.stratum = stratum_of(j, f) + 1;
			grant.revoked = is_revoked(j, f, &compromised);
			word_of(j, f, &grant.by, &grant.under);
		}
		verdict_grant(out, &grant);
	}
}

static void
say_revocations(struct justice *j, struct buf *out)
{
	for (size_t f = 0; f < j->n; f++) {
		const struct leaf *leaf = &j->leaves[f];
		struct revocation revocation = {.fact = leaf->ref};
		struct ref grant;

		if (leaf->is->kind != DELTA_REVOKE || !leaf->sound)
			continue;
		revocation.counts = counts(j, f);
		if (revocation.counts) {
			revocation.stratum = stratum_of(j, f);
			word_of(j, f, &revocation.by, &grant);
		}
		verdict_revocation(out, &revocation);
	}
}

static void
say_outsiders(struct justice *j, struct buf *out)
{
	for (size_t f = 0; f < j->n; f++) {
		const struct leaf *leaf = &j->leaves[f];
		enum ruling said = NOTHING;
		size_t adopter;

		if (leaf->is->kind < DELTA_MEMBER ||
		    leaf->is->kind > DELTA_REVOKE || counts(j, f))
			continue;
		for (unsigned s = 0; s < STRATA && said == NOTHING; s++)
			said = ruling(j, f, s, &adopter);
		verdict_outsider(out, &leaf->ref, said == VOID,
		    said == DISPUTE && leaf->sound);
	}
}

/* Does what `a` says of a member go before what `b` says? */
static bool
name_before(struct justice *j, size_t a, size_t b)
{
	uint64_t left = j->leaves[a].is->stamp.v;
	uint64_t right = j->leaves[b].is->stamp.v;
	unsigned s = stratum_of(j, a);
	unsigned t = stratum_of(j, b);

	if (s != t)
		return s < t;
	if (s == STRATA)
		return a < b;
	return left != right ? left > right : a > b;
}

static void
member_find(struct justice *j, const struct sign_key *key, struct buf *out)
{
	struct member member = {.key = *key};
	size_t best = SIZE_MAX;
	size_t held = 0;
	size_t revoked = 0;

	for (size_t f = 0; f < j->n; f++) {
		const struct leaf *leaf = &j->leaves[f];

		if (!leaf->sound)
			continue;
		if (leaf->is->kind == DELTA_MEMBER &&
		    keys_equal(&leaf->is->member.key, key) &&
		    (best == SIZE_MAX || name_before(j, f, best)))
			best = f;
		if (leaf->is->kind == DELTA_GRANT &&
		    keys_equal(&leaf->is->grant.member, key) && counts(j, f)) {
			held++;
			revoked += is_revoked(j, f, &member.compromised);
		}
	}
	member.revoked = held > 0 && held == revoked;
	member.compromised = member.compromised && member.revoked;
	if (root_index(j, key) != SIZE_MAX) {
		member.label = bytes_text("root");
		member.counts = root_index(j, key) + 1 == j->roots_n;
		verdict_member(out, &member);
	} else if (best != SIZE_MAX) {
		member.label = j->leaves[best].is->member.label;
		member.counts = counts(j, best);
		verdict_member(out, &member);
	}
}

static int
key_compare(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct sign_key));
}

void
justice_say(const struct charter *charter, const struct charter_held *held,
    struct buf *out)
{
	struct justice j = {.charter = charter, .held = held};
	struct sign_key keys[CHARTER_KEYS];

	leaves_find(&j);
	roots_find(&j);
	memcpy(keys, charter->keys, sizeof(keys));
	qsort(keys, CHARTER_KEYS, sizeof(keys[0]), key_compare);
	for (size_t i = 0; i < j.roots_n; i++)
		verdict_root(out, &j.roots[i]);
	buf_add_format(out, "next: %d\n", j.has_next);
	say_grants(&j, out);
	say_revocations(&j, out);
	say_outsiders(&j, out);
	for (size_t i = 0; i < CHARTER_KEYS; i++)
		member_find(&j, &keys[i], out);
	mem_free(j.leaves);
}
