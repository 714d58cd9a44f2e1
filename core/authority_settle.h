#ifndef GOLMOK_CORE_AUTHORITY_SETTLE_H
#define GOLMOK_CORE_AUTHORITY_SETTLE_H

#include "core/authority_facts.h"

/*
 * What of the gathered facts counts (docs/format.md §8): the fixpoint from
 * root, stratum by stratum.  Pure: no store, and the same whatever the order in
 * which anything arrived.
 */

/* Under what the author of a tip speaks. */
struct authority_seat {
	bool speaks;
	unsigned stratum;		    /* of `under`; 0: root */
	const struct authority_fact *under; /* a grant; NULL: root */
	uint64_t end;			    /* facts from there on are cut */
};

enum authority_ruling {
	RULING_NONE = 0,
	RULING_ADOPTED,
	RULING_VOIDED,
	RULING_DISPUTED,
};

/* A decision that replaces another one. */
struct authority_replacer {
	const struct authority_replacer *next;
	size_t decision; /* index of the fact */
};

/* What has come of a fact so far. */
struct authority_standing {
	bool counts;
	unsigned stratum; /* of whose word it is; a grant's own is one more */
	size_t by;	  /* the tip of its author, or of who adopted it */
	const struct authority_fact *under;
	enum authority_ruling ruling;
	/* Of a grant: those who revoke it; of a revocation: the next one of the
	 * same grant. */
	const struct authority_fact *revocation;
	const struct authority_replacer *replacers; /* of a decision */
};

struct authority_settling {
	const struct authority_facts *facts;
	struct arena *scratch;
	struct authority *authority;	       /* on its way */
	const struct authority_fact **by_ref;  /* all facts */
	struct authority_standing *standings;  /* as facts->facts */
	struct authority_seat *seats;	       /* as facts->tips */
	const struct authority_fact **openers; /* what the tips' opens name */
	const struct authority_rotation **rotations; /* valid ones that differ
						      */
	size_t rotations_n;
};

/* Makes of `facts` all that struct authority shows, but its arena, city and
 * version; arrays in authority->arena.  Scratch memory comes from `scratch`.
 * The authority keeps no view of either but what bodies say. */
void authority_settle_all(const struct authority_facts *facts,
    struct arena *scratch, struct authority *authority);

/* For the files that share the work.  The fact that `ref` names, or NULL, and
 * what has come of a fact. */
const struct authority_fact *authority_settle_find(
    const struct authority_settling *settling, const struct ref *ref);
struct authority_standing *authority_settle_standing(
    const struct authority_settling *settling,
    const struct authority_fact *fact);
/* Could who speaks from `seat` write `fact`, a member, grant, revocation or
 * pack that is sound?  If not, why not. */
enum authority_why authority_settle_may(
    const struct authority_settling *settling,
    const struct authority_seat *seat, const struct authority_fact *fact);
/* Does a fact of this kind give something?  Such a one does not count where its
 * log forks. */
static inline bool
authority_settle_gives(enum delta_kind kind)
{
	return kind == DELTA_GRANT || kind == DELTA_PACK;
}
/* Lets `fact` count as the word of who speaks from the seat of `tip`. */
void authority_settle_count(struct authority_settling *settling,
    const struct authority_fact *fact, size_t tip);
/* Does a grant of `stratum` that says `under` let its holder give `grant`? */
enum authority_why authority_settle_passes(unsigned stratum,
    const struct fact_grant *under, const struct fact_grant *grant);

#endif
