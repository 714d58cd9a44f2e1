#ifndef GOLMOK_TESTS_LIB_INTRIGUE_H
#define GOLMOK_TESTS_LIB_INTRIGUE_H

#include "tests/lib/charter_held.h"

/*
 * Random histories of a city's authority: grants at all depths and too deep,
 * outside prefixes, given again; revocations by all strata, of equals and of
 * oneself; adopts and voids that replace each other; forked logs; root keys
 * that follow each other, or two ways at once.
 */

/* Writes `steps` deltas into a charter that was just founded. */
void intrigue_write(struct charter *charter, size_t steps);
/* Adds `logs` logs of data by members whom root lets write, some of them
 * forked, and revocations of most of their grants with cuts of all sorts. */
void intrigue_reckon(struct charter *charter, size_t logs);
/* A random part of a charter, as somebody could hold it. */
void intrigue_held(
    struct charter *charter, struct prng *prng, struct charter_held *held);

#endif
