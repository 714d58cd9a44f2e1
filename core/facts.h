#ifndef GOLMOK_CORE_FACTS_H
#define GOLMOK_CORE_FACTS_H

#include "core/compose.h"

/*
 * Writing facts.  The writer is root when it has the founding record, and then
 * bound by no grant.
 */

/* As store_admit. */
enum err facts_admit(
    struct composer *composer, const struct fact_member *member) MUST_USE;
/* As store_grant. */
enum err facts_grant(
    struct composer *composer, const struct fact_grant *grant) MUST_USE;

/* Appends `delta` (its kind, references and decision are set) to the log of
 * composer->writer in `space`: with one change, an edit whose body of class N
 * is `plain`.  ERR_DENIED as own_log. */
enum err facts_put(struct composer *composer, const struct space *space,
    struct delta *delta, struct bytes plain) MUST_USE;

#endif
