#ifndef GOLMOK_CORE_AUTHORITY_H
#define GOLMOK_CORE_AUTHORITY_H

#include "core/oplog.h"
#include "proto/fact.h"

/*
 * Who may do what (docs/format.md §8): members and grants, evaluated from the
 * facts in the space `authority` as the least fixpoint from the city's root,
 * stratum by stratum.  Depends on these logs alone: not on order of arrival,
 * clocks, or anything in a data space.
 */
struct member {
	struct sign_key key;
	struct bytes label; /* of the first fact that counts, by ref */
	bool counts;	    /* some fact about it counts */
};

struct grant {
	struct ref fact;
	struct sign_key by; /* the author of the fact */
	struct stamp since;
	struct fact_grant what;
	unsigned stratum; /* 1: given by root; at most LIMIT_GRANT_DEPTH */
	bool counts;
};

/* All of it, for one state of the authority logs.  A zeroed one is empty:
 * nobody may anything. */
struct authority {
	struct arena arena; /* owned */
	struct city_id city;
	struct hash version; /* of what this was made from */
	bool founded;	     /* root's own log is here */
	struct sign_key root;
	struct bytes name;	/* of the city */
	struct member *members; /* sorted by key */
	size_t members_n;
	struct grant *grants; /* sorted by fact */
	size_t grants_n;
};

/* Brings `authority` to the state of `txn`; does nothing when the authority
 * logs are those that it was made from.  `city` is the one that this store
 * belongs to; logs that do not descend from it give nothing. */
enum err authority_load(struct txn *txn, const struct city_id *city,
    struct authority *authority) MUST_USE;
void authority_fini(struct authority *authority);

/* The member with `key`, named by any fact held, whether it counts or not; NULL
 * for a stranger.  Root's key is a member. */
const struct member *authority_member(
    const struct authority *authority, const struct sign_key *key);
/* Does a counting grant give `key` the right `right` in `space`?  Then `*why`,
 * if not NULL, is the one of the lowest stratum, then lowest ref. */
bool authority_may(const struct authority *authority,
    const struct sign_key *key, enum right right, const struct space *space,
    const struct grant **why);
/* May `key` pass on what `grant` says: by a counting grant of its own with
 * `admin`, within that one's prefix and rights, and not too deep? */
bool authority_may_grant(const struct authority *authority,
    const struct sign_key *key, const struct fact_grant *grant);
/* Does the counting grant `under` let its holder give `grant`: within its
 * prefix and the rights that it passes on, and not too deep? */
bool authority_passes(
    const struct grant *under, const struct fact_grant *grant);
/* The classes that `key` may read in `space`; in `authority` everybody reads N.
 * 0: none. */
unsigned authority_reads(const struct authority *authority,
    const struct sign_key *key, const struct space *space);
/* Does what `log` says count?  By its author, its space and the grant that its
 * open names. */
bool authority_counts(const struct authority *authority, const struct log *log);

#endif
