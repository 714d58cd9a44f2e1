#ifndef GOLMOK_CORE_LOOKUP_MAKE_H
#define GOLMOK_CORE_LOOKUP_MAKE_H

#include "core/lookup.h"

/* Fills `lookup`, which has its key and is zero else, with the indexes of
 * `pack` (borrowed; NULL: none). */
void lookup_make_all(struct lookup *lookup, const struct pack *pack);

#endif
