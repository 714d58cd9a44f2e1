#ifndef GOLMOK_CORE_ENV_WALK_H
#define GOLMOK_CORE_ENV_WALK_H

#include "core/env.h"

/* Reads every row of every table of the open `env`, none of whose pages may be
 * missing (zeros stand for those that are).  ERR_CORRUPT: some are.  Rows
 * larger than a page lie in pages that LMDB does not look at; the rows' own
 * checksums tell. */
enum err env_walk_all(struct env *env) MUST_USE;

#endif
