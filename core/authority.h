#ifndef GOLMOK_CORE_AUTHORITY_H
#define GOLMOK_CORE_AUTHORITY_H

#include "core/oplog.h"
#include "proto/fact.h"
#include "proto/fact_pack.h"

/*
 * Who may do what (docs/format.md §8): members, grants and revocations,
 * evaluated from the facts in the space `authority` as the least fixpoint from
 * the city's root, stratum by stratum.  Depends on these logs alone: not on
 * order of arrival, clocks, or anything in a data space.
 */

/* Why something does not count. */
enum authority_why {
	WHY_COUNTS = 0,	   /* it does */
	WHY_NOT_FOUNDED,   /* root's own log is not held yet */
	WHY_NO_GRANT,	   /* the log names no grant */
	WHY_GRANT_MISSING, /* ... one that is not held */
	WHY_GRANT_OUTSIDE, /* ... one that does not count itself */
	WHY_GRANT_FOREIGN, /* ... one that was given to somebody else */
	WHY_PREFIX,	   /* outside the prefix of the grant */
	WHY_RIGHT,	   /* the grant does not give this right */
	WHY_DEPTH,	   /* a grant below the deepest stratum */
	WHY_CUT,	   /* beyond the cut of a revocation */
	WHY_ROTATED,	   /* beyond the cut of a rotation of the root key */
	WHY_FORKED,	   /* authority: a grant beyond where its log forks */
	WHY_EQUALS,	   /* a revocation of what is not strictly below */
	WHY_MALFORMED,	   /* its body is missing or says nothing */
	WHY_DISPUTED,	   /* decisions about it disagree */
};

struct member {
	struct sign_key key;
	/* The newest name, by (stamp, ref), among facts of the highest stratum
	 * that counts; else of the first fact by ref. */
	struct bytes label;
	/* Where it may be dialled, as the same fact has it; hints. */
	const struct bytes *addresses;
	size_t addresses_n;
	bool counts; /* some fact about it counts, or it is root */
	/* It has had grants and every one is revoked: only its own logs and
	 * `authority` are for it.  `compromised`: one of these revocations says
	 * so, and nothing is. */
	bool revoked;
	bool compromised;
	/* Who admitted it: the author of the fact that gave the label. */
	struct sign_key by;
	/* In whose room its logs are: its own if it counts, else that of who
	 * admitted it (of those who admitted each other in vain, the lowest
	 * key's). */
	struct sign_key payer;
};

struct grant {
	struct ref fact;
	struct sign_key by; /* the author of the fact, or who adopted it */
	struct stamp since;
	struct fact_grant what;
	unsigned stratum; /* 1: given by root; at most LIMIT_GRANT_DEPTH */
	bool counts;	  /* it was validly given; logs under it are judged */
	bool revoked;	  /* and then taken back: it gives nothing now */
	enum authority_why why; /* when it does not count */
	/* The revocations of it that count, by fact; in the authority. */
	const struct revocation *const *revocations;
	size_t revocations_n;
	struct ref under; /* the grant under which it was given; zero: root */
};

struct revocation {
	struct ref fact;
	struct sign_key by;
	struct stamp since;
	struct fact_revoke what; /* arrays in the authority's arena */
	unsigned stratum;	 /* of its author's grant; 0: root */
	bool counts;
	enum authority_why why;
};

/* A version of a pack, or a piece of one, that was published.  Its text stays
 * in the logs: core/packs.h reads it. */
struct published {
	struct ref fact;
	struct sign_key by; /* its author, or who adopted it */
	struct stamp since;
	struct fact_pack what; /* without its piece */
	bool counts;
};

/* A fact in `authority` that does not count, for the inbox. */
struct outsider {
	struct ref fact;
	struct sign_key by; /* the author */
	struct stamp since;
	enum delta_kind kind; /* DELTA_MEMBER, _GRANT, _REVOKE, _PACK */
	enum authority_why why;
	bool voided; /* decided so, by whoever may */
};

/* All of it, for one state of the authority logs.  A zeroed one is empty:
 * nobody may anything. */
struct authority {
	struct arena arena; /* owned */
	struct city_id city;
	struct hash version; /* of what this was made from */
	uint64_t seen; /* the transaction that was found with it, and one; 0:
			  look */
	bool founded;  /* root's own log is here */
	struct sign_key root;  /* the newest root key that counts */
	struct hash next_root; /* SHA-256 of the key that may follow */
	bool has_next;	       /* false after two rotations that disagree */
	struct bytes name;     /* of the city */
	struct root_key {      /* all of them, the first one first */
		struct sign_key key;
		bool is_cut; /* rotated: its logs count up to: */
		size_t cuts_n;
		/* By log; one may stand there twice, and then both hold. */
		const struct log_cut *cuts;
	} * roots;
	size_t roots_n;
	/* Who was named to follow a root key or another heir, whether rotations
	 * disagree about it or not.  More records only ever add to them, so
	 * whose logs are held does not depend on which came first.  By hash,
	 * then by who named it. */
	struct heir {
		struct hash hash; /* SHA-256 of its key */
		struct sign_key by;
		bool rotated; /* its own record says that it followed `by` */
	} * heirs;
	size_t heirs_n;
	struct member *members; /* sorted by key */
	size_t members_n;
	struct grant *grants; /* sorted by fact */
	size_t grants_n;
	struct revocation *revocations; /* sorted by fact */
	size_t revocations_n;
	struct published *packs; /* sorted by fact */
	size_t packs_n;
	struct outsider *outsiders; /* sorted by fact */
	size_t outsiders_n;
	/* The grants that count, by member, then stratum, then fact. */
	const struct grant **holdings;
	size_t holdings_n;
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
/* The member fact that says of `key` what is known now, into `*member`, for who
 * writes the next one: it says all anew.  A stranger has no label.  Views into
 * `authority`. */
void authority_member_fact(const struct authority *authority,
    const struct sign_key *key, struct fact_member *member);
/* Are logs of `key` in `space` taken from anybody?  Those of members are; those
 * of an heir in `authority`, for no fact names it until its own log is held,
 * and everywhere when that log says that it followed. */
bool authority_knows(const struct authority *authority,
    const struct sign_key *key, const struct space *space);
/* In whose room of LIMIT_LOGS_OF_MEMBER the logs of `key` are (struct member);
 * a stranger's are in its own, but all heirs that cannot become root any more
 * share one, that of the key of zeros: a thief of the root key may name as many
 * as it likes. */
struct sign_key authority_payer(
    const struct authority *authority, const struct sign_key *key);
/* Does a counting grant that was not taken back give `key` the right `right` in
 * `space`?  Then `*why`, if not NULL, is the one of the lowest stratum, then
 * lowest ref; else NULL. */
bool authority_may(const struct authority *authority,
    const struct sign_key *key, enum right right, const struct space *space,
    const struct grant **why);
/* May `key` pass on what `grant` says: by a counting grant of its own with
 * `admin`, within that one's prefix and rights, and not too deep? */
bool authority_may_grant(const struct authority *authority,
    const struct sign_key *key, const struct fact_grant *grant);
/* Was anything that counts in `authority` written after `now_ms`?  Then the
 * clock that shows this is wrong: it was set back, or has lost the time. */
bool authority_is_behind(const struct authority *authority, uint64_t now_ms);
/* Does the counting grant `under` let its holder give `grant`: within its
 * prefix and the rights that it passes on, and not too deep? */
bool authority_passes(
    const struct grant *under, const struct fact_grant *grant);
/* The classes that `key` may read in `space`; in `authority` everybody reads N.
 * 0: none. */
unsigned authority_reads(const struct authority *authority,
    const struct sign_key *key, const struct space *space);
/* What follows from an authority for one log. */
struct judgement {
	unsigned rights; /* enum right that its deltas have before `cut` */
	uint64_t cut;	 /* UINT64_MAX: no cut */
	enum authority_why
	    why;		   /* what is missing: of the whole log when
				      rights is 0, else of what lies beyond the cut */
	const struct grant *grant; /* that its open names; NULL: none is held */
	const struct revocation *revocation; /* that cuts lowest; or NULL */
};
/* Judges `log`, held in `txn`, by its author, its space, the grant that its
 * open names and the cuts of that one's revocations (docs/format.md §8).  Reads
 * trees of the branches of `log` when a revocation names a root. */
enum err authority_judge(struct txn *txn, const struct authority *authority,
    const struct log *log, struct judgement *judgement) MUST_USE;
/* Says in static words what `why` means, for people. */
const char *authority_why_text(enum authority_why why);

#endif
