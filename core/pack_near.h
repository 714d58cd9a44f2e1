#ifndef GOLMOK_CORE_PACK_NEAR_H
#define GOLMOK_CORE_PACK_NEAR_H

#include "core/pack.h"
#include "proto/buf.h"

/* Appends `name` to `list`, "a or b", when who wrote `asked` may have meant it:
 * it is spelt nearly so, begins so or has that `label` (NULL for none). */
void pack_near_add(struct bytes asked, const char *name,
    const struct pack_label *label, struct buf *list);
/* ERR_INVALID: there is no `what` of the name `asked`; `near`, the names that
 * may be meant, is used up. */
enum err pack_near_unknown(
    const char *what, struct bytes asked, struct buf *near) MUST_USE;

#endif
