/*
 * Decisions about facts of `authority`.  core/authority_settle.c calls it once
 * for each stratum.  Those about data are no concern of this file.
 */
#include "core/authority_decide.h"

#include <stdlib.h>
#include <string.h>

#include "proto/mem.h"

/* A decision about a fact; indexes of facts. */
struct about {
	size_t fact;
	size_t decision;
};

struct deciding {
	struct authority_settling *s;
	unsigned stratum;
	size_t *decisions; /* those that count, of this stratum */
	size_t decisions_n;
	size_t *seen;	      /* by fact: the walk that saw it last, from 1 */
	size_t *todo;	      /* of a walk */
	struct about *abouts; /* owned */
	size_t abouts_n;
	size_t room;
};

static bool decisions_take(struct deciding *d);
static void replaced_mark(struct deciding *d, size_t decision);
static void abouts_take(struct deciding *d, size_t decision);
static void about_add(
    struct deciding *d, size_t decision, const struct authority_fact *fact);
static bool speaks_of(const struct authority_settling *s, size_t decision,
    const struct authority_fact *fact);
static void rule(struct deciding *d, const struct about *abouts, size_t n);

static int
about_compare(const void *a, const void *b)
{
	const struct about *left = a;
	const struct about *right = b;

	if (left->fact != right->fact)
		return left->fact < right->fact ? -1 : 1;
	return (left->decision > right->decision) -
	       (left->decision < right->decision);
}

void
authority_decide_stratum(struct authority_settling *settling, unsigned stratum)
{
	struct deciding d = {.s = settling, .stratum = stratum};
	size_t end;

	if (!decisions_take(&d))
		return;
	for (size_t i = 0; i < d.decisions_n; i++)
		replaced_mark(&d, d.decisions[i]);
	for (size_t i = 0; i < d.decisions_n; i++)
		abouts_take(&d, d.decisions[i]);
	if (d.abouts_n > 0)
		qsort(d.abouts, d.abouts_n, sizeof(*d.abouts), about_compare);
	/* Whether one may speak of a fact does not depend on what is adopted
	 * here: that is all of a deeper stratum. */
	for (size_t i = 0; i < d.abouts_n; i = end) {
		for (end = i + 1; end < d.abouts_n; end++) {
			if (d.abouts[end].fact != d.abouts[i].fact)
				break;
		}
		rule(&d, &d.abouts[i], end - i);
	}
	mem_free(d.abouts);
}

/* Which decisions count; false: none. */
static bool
decisions_take(struct deciding *d)
{
	struct authority_settling *s = d->s;
	const struct authority_facts *facts = s->facts;
	struct arena *scratch = s->scratch;

	d->decisions = arena_array(
	    scratch, facts->facts_n, sizeof(*d->decisions));
	for (size_t i = 0; i < facts->facts_n; i++) {
		const struct authority_fact *fact = &facts->facts[i];
		const struct authority_seat *seat = &s->seats[fact->tip];

		if (!authority_facts_decides(fact->kind) || !seat->speaks ||
		    seat->stratum != d->stratum || fact->ref.seq >= seat->end)
			continue;
		/* An adopt gives, a void takes away. */
		if (fact->kind == DELTA_ADOPT &&
		    fact->ref.seq >= facts->tips[fact->tip].fork)
			continue;
		authority_settle_count(s, fact, fact->tip);
		d->decisions[d->decisions_n++] = i;
	}
	if (d->decisions_n == 0)
		return false;
	d->seen = arena_array(scratch, facts->facts_n, sizeof(*d->seen));
	d->todo = arena_array(scratch, facts->facts_n, sizeof(*d->todo));
	return true;
}

/* Marks what `decision` replaces, through links of any status.  What another
 * one with the same powers replaces is marked by that one. */
static void
replaced_mark(struct deciding *d, size_t decision)
{
	struct authority_settling *s = d->s;
	size_t todo_n = 0;

	d->seen[decision] = decision + 1;
	d->todo[todo_n++] = decision;
	while (todo_n > 0) {
		size_t at = d->todo[--todo_n];
		const struct authority_fact *link = &s->facts->facts[at];

		if (at != decision && s->standings[at].counts &&
		    s->standings[at].stratum == d->stratum &&
		    s->standings[at].under == s->standings[decision].under)
			continue;
		for (size_t i = 0; i < link->replaces_n; i++) {
			const struct authority_fact *next =
			    authority_settle_find(s, &link->replaces[i]);
			struct authority_replacer *replacer;
			size_t index;

			if (next == NULL ||
			    !authority_facts_decides(next->kind))
				continue;
			index = (size_t)(next - s->facts->facts);
			if (d->seen[index] == decision + 1)
				continue;
			d->seen[index] = decision + 1;
			d->todo[todo_n++] = index;
			replacer = arena_new(s->scratch, sizeof(*replacer));
			replacer->decision = decision;
			replacer->next = s->standings[index].replacers;
			s->standings[index].replacers = replacer;
		}
	}
}

static void
abouts_take(struct deciding *d, size_t decision)
{
	const struct authority_settling *s = d->s;
	const struct authority_fact *fact = &s->facts->facts[decision];

	for (size_t i = 0; i < fact->targets_n; i++) {
		const struct authority_fact *target = authority_settle_find(
		    s, &fact->targets[i]);

		if (target != NULL)
			about_add(d, decision, target);
	}
	for (size_t i = 0; i < fact->ends.n; i++) {
		const struct authority_end *end = &fact->ends.p[i];
		const struct authority_tip *tip = &s->facts->tips[end->tip];

		for (size_t k = tip->first; k < tip->first + tip->n; k++) {
			if (s->facts->facts[k].ref.seq >= end->size)
				break;
			about_add(d, decision, &s->facts->facts[k]);
		}
	}
}

static void
about_add(
    struct deciding *d, size_t decision, const struct authority_fact *fact)
{
	size_t index = (size_t)(fact - d->s->facts->facts);
	const struct authority_standing *standing = &d->s->standings[index];

	/* A revocation may yet turn out to be of a grant that does not count.
	 */
	if (!authority_facts_claims(fact->kind) ||
	    (standing->counts && fact->kind != DELTA_REVOKE) ||
	    standing->ruling != RULING_NONE || !speaks_of(d->s, decision, fact))
		return;
	mem_room(&d->abouts, &d->room, d->abouts_n + 1, sizeof(*d->abouts));
	d->abouts[d->abouts_n++] = (struct about){
	    .fact = index, .decision = decision};
}

/* Could the author of `decision` write `fact`?  Of what says nothing only root
 * can tell that it shall stay outside. */
static bool
speaks_of(const struct authority_settling *s, size_t decision,
    const struct authority_fact *fact)
{
	const struct authority_seat *seat =
	    &s->seats[s->facts->facts[decision].tip];

	if (!fact->is_sound)
		return seat->under == NULL;
	return authority_settle_may(s, seat, fact) == WHY_COUNTS;
}

/* Who replaces a decision about a fact must have a say about it, or an equal
 * could undo what is none of his concern. */
static bool
is_replaced(const struct authority_settling *s, size_t decision,
    const struct authority_fact *fact)
{
	const struct authority_replacer *replacer =
	    s->standings[decision].replacers;

	while (replacer != NULL && !speaks_of(s, replacer->decision, fact))
		replacer = replacer->next;
	return replacer != NULL;
}

/* All `n` decisions about one fact.  The fact is that of the first adopt, in
 * the order of logs. */
static void
rule(struct deciding *d, const struct about *abouts, size_t n)
{
	struct authority_settling *s = d->s;
	const struct authority_fact *fact = &s->facts->facts[abouts->fact];
	const struct authority_fact *adopt = NULL;
	bool voids = false;

	for (size_t i = 0; i < n; i++) {
		const struct authority_fact *decision =
		    &s->facts->facts[abouts[i].decision];

		if (is_replaced(s, abouts[i].decision, fact))
			continue;
		if (decision->kind == DELTA_VOID)
			voids = true;
		else if (adopt == NULL)
			adopt = decision;
	}
	if (adopt != NULL && voids)
		s->standings[abouts->fact].ruling = RULING_DISPUTED;
	else if (voids)
		s->standings[abouts->fact].ruling = RULING_VOIDED;
	else if (adopt != NULL) {
		s->standings[abouts->fact].ruling = RULING_ADOPTED;
		if (!s->standings[abouts->fact].counts && fact->is_sound)
			authority_settle_count(s, fact, adopt->tip);
	}
}
