#ifndef GOLMOK_CLI_COMMONS_H
#define GOLMOK_CLI_COMMONS_H

#include "cli/open.h"
#include "proto/fact.h"

/*
 * What a role needs beside its own spaces: those that all units have in common,
 * as the pack of the store names them.
 */

/* Adds to the `*n` grants of the role `role` (cli/role.h; empty: of none), all
 * for one node, what units need to know each other by and to judge whether two
 * of their records speak of the same (docs/operating.md).  There is room for
 * LIMIT_TOKEN_GRANTS.  What does not fit, and what this node may not pass on,
 * is left out, which is noticed. */
enum err commons_grants(struct opened *work, struct bytes role,
    struct fact_grant *grants, size_t *n) MUST_USE;

#endif
