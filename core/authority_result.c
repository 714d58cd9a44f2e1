/*
 * What was settled, as struct authority shows it.  core/authority_settle.c
 * calls it last.  Decides nothing any more but which name of a member is shown.
 */
#include "core/authority_result.h"

#include <stdlib.h>
#include <string.h>

#include "core/authority_roots.h"

/* A fact that names a member. */
struct naming {
	const struct authority_fact *fact;
	const struct authority_standing *standing;
};

static enum authority_why why_of(
    const struct authority_settling *s, const struct authority_fact *fact);
static enum authority_why why_silent(
    const struct authority_settling *s, size_t tip);
static void grants_write(const struct authority_settling *s);
static void revocations_write(const struct authority_settling *s);
static void revocations_share(const struct authority_settling *s);
static void packs_write(const struct authority_settling *s);
static void outsiders_write(const struct authority_settling *s);
static void members_write(const struct authority_settling *s);
static void members_take(
    const struct authority_settling *s, const struct naming *namings, size_t n);
static void holdings_write(struct authority *authority);
static void standing_write(struct authority *authority);
static void payers_write(
    const struct authority_settling *s, struct authority *authority);

void
authority_result_write(const struct authority_settling *settling)
{
	grants_write(settling);
	revocations_write(settling);
	revocations_share(settling);
	packs_write(settling);
	outsiders_write(settling);
	members_write(settling);
	holdings_write(settling->authority);
	standing_write(settling->authority);
	payers_write(settling, settling->authority);
}

/* Does `fact` count in the end?  A revocation needs a grant that does. */
static bool
counts(const struct authority_settling *s, const struct authority_fact *fact)
{
	const struct authority_fact *target;

	if (!authority_settle_standing(s, fact)->counts)
		return false;
	if (fact->kind != DELTA_REVOKE)
		return true;
	target = authority_settle_find(s, &fact->u.revoke.grant);
	return authority_settle_standing(s, target)->counts;
}

static enum authority_why
why_of(const struct authority_settling *s, const struct authority_fact *fact)
{
	const struct authority_tip *tip = &s->facts->tips[fact->tip];
	const struct authority_seat *seat = &s->seats[fact->tip];
	enum authority_why why;

	if (counts(s, fact))
		return WHY_COUNTS;
	if (!fact->is_sound)
		return WHY_MALFORMED;
	if (authority_settle_standing(s, fact)->ruling == RULING_DISPUTED)
		return WHY_DISPUTED;
	if (!seat->speaks)
		return why_silent(s, fact->tip);
	if (fact->ref.seq >= seat->end)
		return seat->under == NULL ? WHY_ROTATED : WHY_CUT;
	if (authority_settle_gives(fact->kind) && fact->ref.seq >= tip->fork)
		return WHY_FORKED;
	why = authority_settle_may(s, seat, fact);
	return why == WHY_COUNTS ? WHY_GRANT_OUTSIDE : why;
}

/* Why nothing in a tip counts. */
static enum authority_why
why_silent(const struct authority_settling *s, size_t tip)
{
	const struct authority_fact *grant = s->openers[tip];

	if (!s->facts->founded)
		return WHY_NOT_FOUNDED;
	if (!s->facts->tips[tip].has_grant)
		return WHY_NO_GRANT;
	if (grant == NULL)
		return WHY_GRANT_MISSING;
	if (!authority_settle_standing(s, grant)->counts)
		return WHY_GRANT_OUTSIDE;
	if (memcmp(&grant->u.grant.member, &s->facts->tips[tip].author,
		sizeof(grant->u.grant.member)) != 0)
		return WHY_GRANT_FOREIGN;
	return WHY_RIGHT;
}

/* The author of a fact, or who made it his by adopting it. */
static struct sign_key
author_of(const struct authority_settling *s, const struct authority_fact *fact)
{
	const struct authority_standing *standing = authority_settle_standing(
	    s, fact);

	return s->facts->tips[standing->counts ? standing->by : fact->tip]
	    .author;
}

static void
grants_write(const struct authority_settling *s)
{
	struct authority *authority = s->authority;
	struct grant *grants = arena_array(
	    &authority->arena, s->facts->facts_n, sizeof(*grants));
	size_t n = 0;

	for (size_t i = 0; i < s->facts->facts_n; i++) {
		const struct authority_fact *fact = s->by_ref[i];
		const struct authority_standing *standing =
		    authority_settle_standing(s, fact);
		struct grant *grant = &grants[n];

		if (fact->kind != DELTA_GRANT || !fact->is_sound)
			continue;
		*grant = (struct grant){.fact = fact->ref,
		    .by = author_of(s, fact),
		    .since = fact->since,
		    .what = fact->u.grant,
		    .counts = standing->counts,
		    .revoked = standing->counts && standing->revocation != NULL,
		    .why = why_of(s, fact)};
		n++;
		if (!standing->counts)
			continue;
		grant->stratum = standing->stratum + 1;
		if (standing->under != NULL)
			grant->under = standing->under->ref;
	}
	authority->grants = grants;
	authority->grants_n = n;
}

static void
revocations_write(const struct authority_settling *s)
{
	struct authority *authority = s->authority;
	struct revocation *revocations = arena_array(
	    &authority->arena, s->facts->facts_n, sizeof(*revocations));
	size_t n = 0;

	for (size_t i = 0; i < s->facts->facts_n; i++) {
		const struct authority_fact *fact = s->by_ref[i];

		if (fact->kind != DELTA_REVOKE || !fact->is_sound)
			continue;
		revocations[n++] = (struct revocation){.fact = fact->ref,
		    .by = author_of(s, fact),
		    .since = fact->since,
		    .what = fact->u.revoke,
		    .stratum = authority_settle_standing(s, fact)->counts
				   ? authority_settle_standing(s, fact)->stratum
				   : s->seats[fact->tip].stratum,
		    .counts = counts(s, fact),
		    .why = why_of(s, fact)};
	}
	authority->revocations = revocations;
	authority->revocations_n = n;
}

static int
grant_compare(const void *a, const void *b)
{
	const struct grant *left = a;
	const struct grant *right = b;

	return id_ref_compare(&left->fact, &right->fact);
}

static struct grant *
grant_of(struct authority *authority, const struct revocation *revocation)
{
	const struct grant wanted = {.fact = revocation->what.grant};

	return bsearch(&wanted, authority->grants, authority->grants_n,
	    sizeof(wanted), grant_compare);
}

/* Tells each grant which revocations hold: counted first, then filled in. */
static void
revocations_share(const struct authority_settling *s)
{
	struct authority *authority = s->authority;
	const struct revocation **all = arena_array(&authority->arena,
	    authority->revocations_n, sizeof(const struct revocation *));
	size_t at = 0;

	for (size_t i = 0; i < authority->revocations_n; i++) {
		if (authority->revocations[i].counts)
			grant_of(authority, &authority->revocations[i])
			    ->revocations_n++;
	}
	for (size_t i = 0; i < authority->grants_n; i++) {
		authority->grants[i].revocations = &all[at];
		at += authority->grants[i].revocations_n;
		authority->grants[i].revocations_n = 0;
	}
	for (size_t i = 0; i < authority->revocations_n; i++) {
		const struct revocation *revocation =
		    &authority->revocations[i];
		struct grant *grant;

		if (!revocation->counts)
			continue;
		grant = grant_of(authority, revocation);
		all[(size_t)(grant->revocations - all) +
		    grant->revocations_n++] = revocation;
	}
}

static void
packs_write(const struct authority_settling *s)
{
	struct authority *authority = s->authority;
	struct published *packs = arena_array(
	    &authority->arena, s->facts->facts_n, sizeof(*packs));
	size_t n = 0;

	for (size_t i = 0; i < s->facts->facts_n; i++) {
		const struct authority_fact *fact = s->by_ref[i];

		if (fact->kind != DELTA_PACK || !fact->is_sound)
			continue;
		packs[n++] = (struct published){.fact = fact->ref,
		    .by = author_of(s, fact),
		    .since = fact->since,
		    .what = fact->u.pack,
		    .counts = counts(s, fact)};
	}
	authority->packs = packs;
	authority->packs_n = n;
}

static void
outsiders_write(const struct authority_settling *s)
{
	struct authority *authority = s->authority;
	struct outsider *outsiders = arena_array(
	    &authority->arena, s->facts->facts_n, sizeof(*outsiders));
	size_t n = 0;

	for (size_t i = 0; i < s->facts->facts_n; i++) {
		const struct authority_fact *fact = s->by_ref[i];

		if (!authority_facts_claims(fact->kind) || counts(s, fact))
			continue;
		outsiders[n++] = (struct outsider){.fact = fact->ref,
		    .by = s->facts->tips[fact->tip].author,
		    .since = fact->since,
		    .kind = fact->kind,
		    .why = why_of(s, fact),
		    .voided = authority_settle_standing(s, fact)->ruling ==
			      RULING_VOIDED};
	}
	authority->outsiders = outsiders;
	authority->outsiders_n = n;
}

/* By key; of one key what counts, of the highest stratum, newest first; what
 * does not count, by name. */
static int
naming_compare(const void *a, const void *b)
{
	const struct naming *left = a;
	const struct naming *right = b;
	int order = memcmp(
	    &left->fact->u.member.key, &right->fact->u.member.key, 32);
	const struct stamp *since = &left->fact->since;
	const struct stamp *other = &right->fact->since;

	if (order != 0)
		return order;
	if (left->standing->counts != right->standing->counts)
		return left->standing->counts ? -1 : 1;
	order = id_ref_compare(&left->fact->ref, &right->fact->ref);
	if (!left->standing->counts)
		return order;
	if (left->standing->stratum != right->standing->stratum)
		return left->standing->stratum < right->standing->stratum ? -1
									  : 1;
	if (since->v != other->v)
		return since->v > other->v ? -1 : 1;
	return -order;
}

static void
members_write(const struct authority_settling *s)
{
	struct naming *namings = arena_array(
	    s->scratch, s->facts->facts_n, sizeof(*namings));
	size_t n = 0;

	for (size_t i = 0; i < s->facts->facts_n; i++) {
		const struct authority_fact *fact = &s->facts->facts[i];

		if (fact->kind == DELTA_MEMBER && fact->is_sound)
			namings[n++] = (struct naming){
			    .fact = fact, .standing = &s->standings[i]};
	}
	if (n > 0)
		qsort(namings, n, sizeof(*namings), naming_compare);
	members_take(s, namings, n);
}

static int
member_compare(const void *a, const void *b)
{
	const struct member *left = a;
	const struct member *right = b;

	return memcmp(&left->key, &right->key, sizeof(left->key));
}

static const struct bytes *
addresses_keep(struct authority *authority, const struct fact_member *member)
{
	struct bytes *kept = arena_array(
	    &authority->arena, member->addresses_n, sizeof(*kept));

	for (size_t i = 0; i < member->addresses_n; i++)
		kept[i] = member->addresses[i];
	return kept;
}

/* One member for each key that a fact names, and the root keys, which need no
 * fact. */
static void
members_take(
    const struct authority_settling *s, const struct naming *namings, size_t n)
{
	struct authority *authority = s->authority;
	struct member *members = arena_array(
	    &authority->arena, n + authority->roots_n, sizeof(*members));
	size_t members_n = 0;

	for (size_t i = 0; i < authority->roots_n; i++)
		members[members_n++] = (struct member){
		    .key = authority->roots[i].key,
		    .label = bytes_text("root"),
		    .counts = i + 1 == authority->roots_n,
		    .by = authority->roots[i].key};
	for (size_t i = 0; i < n; i++) {
		const struct authority_fact *fact = namings[i].fact;
		const struct sign_key *key = &fact->u.member.key;
		bool is_root = false;

		for (size_t k = 0; k < authority->roots_n; k++)
			is_root = is_root ||
				  memcmp(key, &authority->roots[k].key, 32) ==
				      0;
		if (is_root ||
		    (i > 0 && memcmp(key, &namings[i - 1].fact->u.member.key,
				  sizeof(*key)) == 0))
			continue;
		members[members_n++] = (struct member){.key = *key,
		    .label = fact->u.member.label,
		    .addresses = addresses_keep(authority, &fact->u.member),
		    .addresses_n = fact->u.member.addresses_n,
		    .counts = namings[i].standing->counts,
		    .by = s->facts->tips[fact->tip].author};
	}
	authority->members = members;
	authority->members_n = members_n;
	if (members_n > 0)
		qsort(members, members_n, sizeof(*members), member_compare);
}

static int
holding_compare(const void *a, const void *b)
{
	const struct grant *left = *(const struct grant *const *)a;
	const struct grant *right = *(const struct grant *const *)b;
	int order = memcmp(&left->what.member, &right->what.member, 32);

	if (order == 0)
		order = (left->stratum > right->stratum) -
			(left->stratum < right->stratum);
	return order != 0 ? order : id_ref_compare(&left->fact, &right->fact);
}

static void
holdings_write(struct authority *authority)
{
	const struct grant **holdings = arena_array(&authority->arena,
	    authority->grants_n, sizeof(const struct grant *));
	size_t n = 0;

	for (size_t i = 0; i < authority->grants_n; i++) {
		if (authority->grants[i].counts)
			holdings[n++] = &authority->grants[i];
	}
	if (n > 0)
		qsort(holdings, n, sizeof(*holdings), holding_compare);
	authority->holdings = holdings;
	authority->holdings_n = n;
}

/* Who has lost all that was ever given to it. */
static void
standing_write(struct authority *authority)
{
	size_t at = 0;

	for (size_t i = 0; i < authority->members_n; i++) {
		struct member *member = &authority->members[i];
		size_t held = 0;
		size_t revoked = 0;
		bool compromised = false;

		for (; at < authority->holdings_n; at++) {
			const struct grant *grant = authority->holdings[at];
			int order = memcmp(
			    &grant->what.member, &member->key, 32);

			if (order > 0)
				break;
			if (order < 0)
				continue;
			held++;
			revoked += grant->revoked;
			for (size_t k = 0; k < grant->revocations_n; k++)
				compromised =
				    compromised ||
				    grant->revocations[k]->what.compromised;
		}
		member->revoked = held > 0 && revoked == held;
		member->compromised = member->revoked && compromised;
	}
}

/* The member who admitted `member`, when it is that one's to pay; else NULL. */
static struct member *
admitter(struct authority *authority, const struct member *member)
{
	struct member wanted = {.key = member->by};

	if (member->counts)
		return NULL;
	return bsearch(&wanted, authority->members, authority->members_n,
	    sizeof(wanted), member_compare);
}

/* The lowest key among those who admitted each other, `member` one of them. */
static struct sign_key
lowest(struct authority *authority, const struct member *member)
{
	const struct member *low = member;

	for (const struct member *m = admitter(authority, member); m != member;
	     m = admitter(authority, m))
		low = member_compare(m, low) < 0 ? m : low;
	return low->key;
}

/* Follows who admitted whom from each member to one whose payer is known.
 * Members on the way are marked with where the walk began, from 1, so that one
 * that comes back on itself ends; then as done. */
static void
payers_write(const struct authority_settling *s, struct authority *authority)
{
	size_t *walks = arena_array(
	    s->scratch, authority->members_n, sizeof(*walks));
	struct member *members = authority->members;

	for (size_t i = 0; i < authority->members_n; i++) {
		struct member *end = &members[i];
		struct member *last = end;
		struct sign_key payer;

		while (end != NULL && walks[end - members] == 0) {
			walks[end - members] = i + 1;
			last = end;
			end = admitter(authority, end);
		}
		if (end == NULL)
			payer = last->counts ? last->key
					     : authority_roots_payer(
						   authority, &last->by);
		else if (walks[end - members] != i + 1)
			payer = end->payer;
		else
			payer = lowest(authority, end);
		for (struct member *m = &members[i];
		     m != NULL && walks[m - members] == i + 1;
		     m = admitter(authority, m)) {
			walks[m - members] = authority->members_n + 1;
			m->payer = payer;
		}
	}
}
