/*
 * The fixpoint of authority.  Each stratum is final before the next is looked
 * at: revocations and decisions act on what is strictly below their authors, so
 * nothing that is settled can be undone by what follows from it.
 */
#include "core/authority_settle.h"

#include <stdlib.h>
#include <string.h>

#include "core/authority_decide.h"
#include "core/authority_result.h"
#include "core/authority_roots.h"

static void index_make(struct authority_settling *s);
static void seats_take(struct authority_settling *s, unsigned stratum);
static uint64_t end_under(const struct authority_settling *s,
    const struct authority_fact *grant, size_t tip);
static void facts_take(struct authority_settling *s, unsigned stratum);

void
authority_settle_all(const struct authority_facts *facts, struct arena *scratch,
    struct authority *authority)
{
	struct authority_settling s = {
	    .facts = facts, .scratch = scratch, .authority = authority};

	index_make(&s);
	if (facts->founded)
		authority_roots_find(&s);
	for (unsigned stratum = 0; stratum <= LIMIT_GRANT_DEPTH; stratum++) {
		if (stratum > 0)
			seats_take(&s, stratum);
		facts_take(&s, stratum);
		authority_decide_stratum(&s, stratum);
	}
	authority_result_write(&s);
}

/* Two branches may have facts of one name, if their author took the trouble:
 * then the first of them is meant. */
static int
by_ref_compare(const void *a, const void *b)
{
	const struct authority_fact *left = *(
	    const struct authority_fact *const *)a;
	const struct authority_fact *right = *(
	    const struct authority_fact *const *)b;
	int order = id_ref_compare(&left->ref, &right->ref);

	return order != 0 ? order : (left > right) - (left < right);
}

static void
index_make(struct authority_settling *s)
{
	const struct authority_facts *facts = s->facts;

	s->by_ref = arena_array(
	    s->scratch, facts->facts_n, sizeof(const struct authority_fact *));
	s->standings = arena_array(
	    s->scratch, facts->facts_n, sizeof(*s->standings));
	s->seats = arena_array(s->scratch, facts->tips_n, sizeof(*s->seats));
	s->openers = arena_array(
	    s->scratch, facts->tips_n, sizeof(const struct authority_fact *));
	for (size_t i = 0; i < facts->facts_n; i++)
		s->by_ref[i] = &facts->facts[i];
	if (facts->facts_n > 0)
		qsort(s->by_ref, facts->facts_n, sizeof(*s->by_ref),
		    by_ref_compare);
	for (size_t i = 0; i < facts->tips_n; i++) {
		const struct authority_tip *tip = &facts->tips[i];
		const struct authority_fact *opener = NULL;

		if (tip->has_grant)
			opener = authority_settle_find(s, &tip->grant);
		if (opener != NULL && opener->kind == DELTA_GRANT &&
		    opener->is_sound)
			s->openers[i] = opener;
	}
}

const struct authority_fact *
authority_settle_find(const struct authority_settling *s, const struct ref *ref)
{
	size_t from = 0;
	size_t to = s->facts->facts_n;

	while (from < to) {
		size_t middle = from + (to - from) / 2;

		if (id_ref_compare(&s->by_ref[middle]->ref, ref) < 0)
			from = middle + 1;
		else
			to = middle;
	}
	if (from == s->facts->facts_n ||
	    id_ref_compare(&s->by_ref[from]->ref, ref) != 0)
		return NULL;
	return s->by_ref[from];
}

struct authority_standing *
authority_settle_standing(
    const struct authority_settling *s, const struct authority_fact *fact)
{
	return &s->standings[fact - s->facts->facts];
}

/* Seats the authors whose grants of `stratum` let them speak.  All who may
 * revoke such a grant have spoken. */
static void
seats_take(struct authority_settling *s, unsigned stratum)
{
	for (size_t i = 0; i < s->facts->tips_n; i++) {
		const struct authority_fact *grant = s->openers[i];
		const struct authority_standing *standing;

		if (s->seats[i].speaks || grant == NULL)
			continue;
		standing = authority_settle_standing(s, grant);
		if (!standing->counts || standing->stratum + 1 != stratum ||
		    memcmp(&grant->u.grant.member, &s->facts->tips[i].author,
			sizeof(grant->u.grant.member)) != 0 ||
		    (grant->u.grant.gives.bits & RIGHT_ADMIN) == 0)
			continue;
		s->seats[i] = (struct authority_seat){.speaks = true,
		    .stratum = stratum,
		    .under = grant,
		    .end = end_under(s, grant, i)};
	}
}

/* Of several revocations the lowest cut holds. */
static uint64_t
end_under(const struct authority_settling *s,
    const struct authority_fact *grant, size_t tip)
{
	const struct authority_fact *revocation =
	    authority_settle_standing(s, grant)->revocation;
	uint64_t end = UINT64_MAX;

	while (revocation != NULL) {
		uint64_t cut = authority_facts_end(&revocation->ends, tip);

		end = cut < end ? cut : end;
		revocation =
		    authority_settle_standing(s, revocation)->revocation;
	}
	return end;
}

/* What they say by themselves.  Where a log is forked, what gives rights does
 * not count and what takes away does: its author's key may be in two hands.
 * Being a member is no right: who were shut out of all sessions could not even
 * hear that they were granted anew. */
static void
facts_take(struct authority_settling *s, unsigned stratum)
{
	for (size_t i = 0; i < s->facts->tips_n; i++) {
		const struct authority_tip *tip = &s->facts->tips[i];
		const struct authority_seat *seat = &s->seats[i];

		if (!seat->speaks || seat->stratum != stratum)
			continue;
		for (size_t k = tip->first; k < tip->first + tip->n; k++) {
			const struct authority_fact *fact = &s->facts->facts[k];

			if (fact->ref.seq >= seat->end || !fact->is_sound ||
			    !authority_facts_claims(fact->kind) ||
			    s->standings[k].counts)
				continue;
			if (authority_settle_gives(fact->kind) &&
			    fact->ref.seq >= tip->fork)
				continue;
			if (authority_settle_may(s, seat, fact) == WHY_COUNTS)
				authority_settle_count(s, fact, i);
		}
	}
}

enum authority_why
authority_settle_may(const struct authority_settling *s,
    const struct authority_seat *seat, const struct authority_fact *fact)
{
	const struct fact_grant *under = seat->under != NULL
					     ? &seat->under->u.grant
					     : NULL;
	const struct authority_standing *standing;
	const struct authority_fact *target;

	assert(fact->is_sound && authority_facts_claims(fact->kind));
	if (fact->kind == DELTA_MEMBER)
		return WHY_COUNTS;
	if (fact->kind == DELTA_GRANT)
		return under == NULL ? WHY_COUNTS
				     : authority_settle_passes(seat->stratum,
					   under, &fact->u.grant);
	if (fact->kind == DELTA_PACK)
		return under == NULL || under->prefix.text[0] == '\0'
			   ? WHY_COUNTS
			   : WHY_PREFIX;
	target = authority_settle_find(s, &fact->u.revoke.grant);
	if (target == NULL || target->kind != DELTA_GRANT || !target->is_sound)
		return WHY_GRANT_MISSING;
	/* Grants that are not deeper are settled by now. */
	standing = authority_settle_standing(s, target);
	if (standing->counts && standing->stratum + 1 <= seat->stratum)
		return WHY_EQUALS;
	if (under != NULL &&
	    !id_covers_prefix(&under->prefix, &target->u.grant.prefix))
		return WHY_PREFIX;
	return WHY_COUNTS;
}

void
authority_settle_count(
    struct authority_settling *s, const struct authority_fact *fact, size_t tip)
{
	struct authority_standing *standing = authority_settle_standing(
	    s, fact);
	struct authority_standing *target;

	assert(!standing->counts && s->seats[tip].speaks);
	standing->counts = true;
	standing->stratum = s->seats[tip].stratum;
	standing->under = s->seats[tip].under;
	standing->by = tip;
	if (fact->kind != DELTA_REVOKE)
		return;
	target = authority_settle_standing(
	    s, authority_settle_find(s, &fact->u.revoke.grant));
	standing->revocation = target->revocation;
	target->revocation = fact;
}

enum authority_why
authority_settle_passes(unsigned stratum, const struct fact_grant *under,
    const struct fact_grant *grant)
{
	if (stratum >= LIMIT_GRANT_DEPTH)
		return WHY_DEPTH;
	if (!id_covers_prefix(&under->prefix, &grant->prefix))
		return WHY_PREFIX;
	if (!fact_rights_within(grant->gives, under->passes) ||
	    !fact_rights_within(grant->passes, under->passes))
		return WHY_RIGHT;
	return WHY_COUNTS;
}
