#ifndef GOLMOK_TESTS_LIB_JUSTICE_H
#define GOLMOK_TESTS_LIB_JUSTICE_H

#include "tests/lib/charter_held.h"

/*
 * A second evaluation of `authority`, straight from the text of docs/format.md
 * §8: leaf by leaf, by recursion over the strata, slow, and with nothing of
 * core's own in it.
 */

/* Appends to `out`, as text, what counts of all that is held: facts with their
 * strata and whose word they are, decisions' marks, members, root keys: as
 * verdict_print (tests/lib/verdict.h) does it for core's. */
void justice_say(const struct charter *charter, const struct charter_held *held,
    struct buf *out);

#endif
