#ifndef GOLMOK_TESTS_LIB_CHARTER_H
#define GOLMOK_TESTS_LIB_CHARTER_H

#include "proto/fact.h"
#include "proto/merkle.h"
#include "proto/squeeze.h"
#include "tests/lib/prng.h"

/*
 * A city's authority logs, written by hand: real headers and bodies, as honest
 * or hostile authors could write them, branches and root keys included.  What
 * of them somebody holds is for tests/lib/charter_held.h.  Whatever fails here
 * fails the test.
 */
enum { CHARTER_KEYS = 24, CHARTER_LOGS = 64, CHARTER_LEAVES = 48 };

/* One delta with what it says. */
struct charter_leaf {
	struct buf header; /* owned, as the next */
	struct buf sealed;
	struct secret secret;
	struct hash hash;
	struct stamp stamp;
	enum delta_kind kind;
	struct fact_member member;
	char label[16];
	struct fact_grant grant;
	struct fact_revoke revoke; /* arrays as in the decision, owned */
	struct log_cut *cuts;	   /* owned; of a decision too */
	size_t cuts_n;
	struct ref *targets; /* owned */
	size_t targets_n;
	struct ref *replaces; /* owned */
	size_t replaces_n;
	struct fact_rotation rotation; /* of an open */
	bool rotates;
	bool has_grant;
	struct ref opened;
};

/* A log, or a branch of one: the first leaves may be another's too. */
struct charter_log {
	struct log_name name;
	struct hash origin;
	struct log_id trunk;
	size_t author; /* index of the key */
	struct charter_leaf *leaves[CHARTER_LEAVES];
	size_t size;
	size_t shared; /* leaves that belong to another branch */
};

/* Key 0 is root, 1 and 2 may follow it, the others are members'. */
struct charter {
	struct prng prng;
	struct squeeze squeeze;
	uint64_t clock_ms;
	struct city_id city;
	struct buf founding; /* owned */
	struct sign_seed seeds[CHARTER_KEYS];
	struct sign_key keys[CHARTER_KEYS];
	struct charter_log logs[CHARTER_LOGS];
	size_t logs_n;
};

/* Founds a city.  Two charters of one seed are the same. */
void charter_init(struct charter *charter, uint64_t seed);
void charter_fini(struct charter *charter);

/* A new log of key `author` in `space`, opened under `grant` (NULL: none); in
 * `authority` root's logs carry the founding record.  Gives its index. */
size_t charter_open(struct charter *charter, size_t author, const char *space,
    const struct ref *grant);
/* As charter_open in `authority` for root key 1 or 2, with a rotation record:
 * `next` is the key that may follow, `cuts` those of the key before. */
size_t charter_rotate(struct charter *charter, size_t author, size_t next,
    const struct log_cut *cuts, size_t cuts_n);
/* A branch that has the first `shared` leaves of `log` and is to go on with
 * other ones.  Gives its index. */
size_t charter_branch(struct charter *charter, size_t log, size_t shared);
/* One more delta of `log`; gives its name. */
struct ref charter_member(
    struct charter *charter, size_t log, size_t key, const char *label);
struct ref charter_grant(struct charter *charter, size_t log, size_t key,
    const char *prefix, const char *gives, const char *passes);
struct ref charter_revoke(struct charter *charter, size_t log,
    const struct ref *grant, bool compromised, const struct log_cut *cuts,
    size_t cuts_n);
struct charter_decision {
	enum delta_kind kind; /* DELTA_ADOPT, DELTA_VOID */
	const struct ref *targets;
	size_t targets_n;
	const struct log_cut *cuts;
	size_t cuts_n;
	const struct ref *replaces;
	size_t replaces_n;
};
struct ref charter_decide(struct charter *charter, size_t log,
    const struct charter_decision *decision);
struct ref charter_change(struct charter *charter, size_t log);
/* The first `size` leaves of `log`, and the name of one. */
struct log_cut charter_cut(
    const struct charter *charter, size_t log, size_t size);
struct ref charter_ref(const struct charter *charter, size_t log, size_t seq);

#endif
