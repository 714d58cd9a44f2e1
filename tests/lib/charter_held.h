#ifndef GOLMOK_TESTS_LIB_CHARTER_HELD_H
#define GOLMOK_TESTS_LIB_CHARTER_HELD_H

#include "core/authority_facts.h"
#include "core/store.h"
#include "tests/lib/charter.h"

/*
 * What somebody holds of the logs of a charter: evaluated without a store, or
 * carried into stores in any order and to any depth.
 */

/* What somebody holds of a charter: leading leaves of each log, and bodies. */
struct charter_held {
	size_t sizes[CHARTER_LOGS];
	bool bare[CHARTER_LOGS]; /* the last leaf held came without its body */
};
/* All of it. */
void charter_held_all(const struct charter *charter, struct charter_held *held);
/* Is log `log` a tip in `held`: something is held of it, and all of that is not
 * in another one too? */
bool charter_held_is_tip(
    const struct charter *charter, const struct charter_held *held, size_t log);
/* A leaf, and where it lies. */
struct charter_place {
	const struct charter_leaf *leaf;
	size_t log;
	size_t seq;
};
/* Does the leaf at `place` lie before one of the `n` cuts (docs/format.md §8)?
 * Found out leaf by leaf. */
bool charter_held_covers(const struct charter *charter,
    const struct charter_held *held, const struct charter_place *place,
    const struct log_cut *cuts, size_t n);
/* Do held tips of the log `trunk` differ in the leaf `seq` or before it? */
bool charter_held_forked(const struct charter *charter,
    const struct charter_held *held, const struct log_id *trunk, size_t seq);
/* What is held of the authority logs, as core/authority_facts.h gathers it from
 * a store; arrays from `arena`. */
void charter_held_facts(const struct charter *charter,
    const struct charter_held *held, struct arena *arena,
    struct authority_facts *facts);
/* Puts the leaf `seq` of `log` onto the road of `store`, in its write
 * transaction; what comes before it is there.  `bare`: without its body. */
void charter_held_deliver(const struct charter *charter, struct store *store,
    size_t log, size_t seq, bool bare);
/* Brings the body of a leaf that was delivered bare. */
void charter_held_body(
    const struct charter *charter, struct store *store, size_t log, size_t seq);

#endif
