#ifndef GOLMOK_CORE_REVOKE_H
#define GOLMOK_CORE_REVOKE_H

#include "core/compose.h"

/*
 * Taking a grant back, with the cuts of the logs that were written under it.
 */

/* As store_revoke. */
enum err revoke_grant(struct composer *composer,
    const struct store_revoke *revoke, struct store_revoked *revoked) MUST_USE;

#endif
