#ifndef GOLMOK_CORE_AUTHORITY_FACTS_H
#define GOLMOK_CORE_AUTHORITY_FACTS_H

#include "core/authority.h"

/*
 * What the logs of `authority` say, before it is asked what of it counts: their
 * facts, decisions, founding and rotation records, and how far each cut that
 * these name reaches.  core/authority_settle.c needs nothing else.
 */

/* How far a list of cuts reaches into one held tip. */
struct authority_end {
	size_t tip;
	uint64_t size;
};
/* By rising tip; a tip that is missing is not named. */
struct authority_ends {
	size_t n;
	const struct authority_end *p;
};

/* A log of `authority`, or a branch of one, as it is held. */
struct authority_tip {
	struct log_id trunk;
	struct sign_key author;
	bool has_grant;
	struct ref grant; /* what its open names */
	uint64_t fork;	  /* the first leaf where tips of its trunk differ */
	/* Its facts: facts[first] and on, those left out that an earlier tip of
	 * the same trunk has too. */
	size_t first;
	size_t n;
};

/* A member, grant, revocation, pack, adopt or void. */
struct authority_fact {
	enum delta_kind kind;
	size_t tip; /* the first that has it */
	struct ref ref;
	struct stamp since;
	bool is_sound; /* its body is here and says something */
	union {
		struct fact_member member;
		struct fact_grant grant;
		struct fact_revoke revoke;
		struct fact_pack pack; /* without its piece */
	} u;
	/* What a revocation's cuts leave, or a decision's cover. */
	struct authority_ends ends;
	size_t targets_n; /* of a decision, as what it replaces */
	size_t replaces_n;
	const struct ref *targets;
	const struct ref *replaces;
};

/* A rotation record in an open of the log of `by`. */
struct authority_rotation {
	struct sign_key by;
	struct fact_rotation record;
	struct authority_ends ends;
};

struct authority_facts {
	bool founded;
	struct fact_founding founding;
	struct authority_tip *tips; /* by trunk, then as core/cuts.h orders */
	size_t tips_n;
	struct authority_fact *facts; /* by tip, then seq */
	size_t facts_n;
	struct authority_rotation *rotations;
	size_t rotations_n;
};

/* Does a delta of this kind in `authority` say something that counts or not? A
 * decision says which of these do. */
static inline bool
authority_facts_claims(enum delta_kind kind)
{
	return kind == DELTA_MEMBER || kind == DELTA_GRANT ||
	       kind == DELTA_REVOKE || kind == DELTA_PACK;
}
static inline bool
authority_facts_decides(enum delta_kind kind)
{
	return kind == DELTA_ADOPT || kind == DELTA_VOID;
}

/* Gathers what the logs `logs` of `authority` say, about the city `city`.  What
 * bodies say is kept in `arena`, all else in `scratch`. */
enum err authority_facts_gather(struct txn *txn, const struct city_id *city,
    struct arena *arena, struct arena *scratch,
    struct authority_facts *facts) MUST_USE;
/* How far `ends` reach into `tip`; 0: it is not named. */
uint64_t authority_facts_end(const struct authority_ends *ends, size_t tip);

#endif
