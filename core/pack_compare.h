#ifndef GOLMOK_CORE_PACK_COMPARE_H
#define GOLMOK_CORE_PACK_COMPARE_H

#include "core/pack.h"
#include "proto/buf.h"

/* May `next` replace `old` so that all that was written under `old` still means
 * what it meant?  It has the same name and a higher version; no collection,
 * field, code or state is gone; no space, kind, type, class, unit or way of
 * matching is another; references lead to no fewer collections.  What was not
 * required may be: that is asked of new records alone.  ERR_INVALID says how
 * many losses there are and which is the first; each is appended to `losses`
 * as a line of its own. */
enum err pack_compare_versions(const struct pack *old, const struct pack *next,
    struct buf *losses) MUST_USE;
/* The same for two that may be of one version. */
enum err pack_compare_contents(const struct pack *old, const struct pack *next,
    struct buf *losses) MUST_USE;

#endif
