#ifndef GOLMOK_CORE_AUTHORITY_DECIDE_H
#define GOLMOK_CORE_AUTHORITY_DECIDE_H

#include "core/authority_settle.h"

/*
 * Adopts and voids in `authority`: facts that do not count by themselves, and
 * those who could write the same now.
 */

/* Rules by the decisions of those who speak at `stratum` about what no higher
 * stratum has ruled.  Facts that these write by themselves count already. */
void authority_decide_stratum(
    struct authority_settling *settling, unsigned stratum);

#endif
