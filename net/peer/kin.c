/*
 * Chooses members to dial.  net/peer/caller.c asks whenever the authority has
 * changed.  Pure.
 */
#include "net/peer/kin.h"

#include <stdlib.h>
#include <string.h>

#include "proto/mem.h"

enum { DRAW_SIZE = 16 };

struct candidate {
	const struct member *member;
	size_t breadth; /* components of its broadest common prefix */
	uint8_t draw[DRAW_SIZE];
};

static bool is_shared(const struct authority *authority,
    const struct sign_key *me, const struct grant *theirs, bool upward);
static int candidate_compare(const void *a, const void *b);
static void kin_add(struct kin *kin, const struct member *member);

void
kin_find(const struct authority *authority, const struct sign_key *me,
    struct kin *kin)
{
	const struct member *mine = authority_member(authority, me);
	bool upward = mine != NULL && mine->addresses_n > 0;
	struct candidate *all = mem_zeros(authority->grants_n, sizeof(*all));
	size_t n = 0;

	for (size_t i = 0; i < authority->holdings_n; i++) {
		const struct grant *grant = authority->holdings[i];
		const struct member *member = authority_member(
		    authority, &grant->what.member);

		if (member == NULL || member == mine || !member->counts ||
		    member->addresses_n == 0 ||
		    !is_shared(authority, me, grant, upward))
			continue;
		all[n] = (struct candidate){
		    .member = member, .breadth = id_depth(&grant->what.prefix)};
		crypto_blake2b(bytes_of(me->b, sizeof(me->b)),
		    bytes_of(member->key.b, sizeof(member->key.b)), all[n].draw,
		    sizeof(all[n].draw));
		n++;
	}
	if (n > 0)
		qsort(all, n, sizeof(*all), candidate_compare);
	kin->n = 0;
	for (size_t i = 0; i < n && kin->n < LIMIT_KIN; i++)
		kin_add(kin, all[i].member);
	mem_free(all);
}

/* A member with several grants stands where its broadest one has it. */
static void
kin_add(struct kin *kin, const struct member *member)
{
	for (size_t i = 0; i < kin->n; i++) {
		if (kin->members[i] == member)
			return;
	}
	kin->members[kin->n++] = member;
}

static bool
gives_something(const struct grant *grant)
{
	return grant->counts && !grant->revoked && grant->what.gives.bits != 0;
}

/* Does `me` have a grant within the prefix of `theirs`, or, unless only
 * `upward` counts, one that reaches around it? */
static bool
is_shared(const struct authority *authority, const struct sign_key *me,
    const struct grant *theirs, bool upward)
{
	if (!gives_something(theirs))
		return false;
	for (size_t i = 0; i < authority->holdings_n; i++) {
		const struct grant *ours = authority->holdings[i];

		if (memcmp(&ours->what.member, me, sizeof(*me)) != 0 ||
		    !gives_something(ours))
			continue;
		if (id_covers_prefix(&theirs->what.prefix, &ours->what.prefix))
			return true;
		if (!upward &&
		    id_covers_prefix(&ours->what.prefix, &theirs->what.prefix))
			return true;
	}
	return false;
}

static int
candidate_compare(const void *a, const void *b)
{
	const struct candidate *left = a;
	const struct candidate *right = b;

	if (left->breadth != right->breadth)
		return left->breadth < right->breadth ? -1 : 1;
	return memcmp(left->draw, right->draw, sizeof(left->draw));
}
