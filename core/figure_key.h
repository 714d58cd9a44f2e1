#ifndef GOLMOK_CORE_FIGURE_KEY_H
#define GOLMOK_CORE_FIGURE_KEY_H

#include "core/alias.h"

/*
 * What the rows of a report are called by.
 */

/* Appends what the group value `value` is called; what stands for a record
 * (`aliases`; NULL: none) in its place.  Times of day are those of clocks that
 * are `offset_seconds` ahead of UTC.  Values that differ have keys that do, and
 * only nothing has an empty one. */
void figure_key_value(const struct aliases *aliases, int64_t offset_seconds,
    const struct expr_value *value, struct buf *key);
/* As figure_key_value, of a group that says when: of a time of day the day. */
void figure_key_when(const struct aliases *aliases, int64_t offset_seconds,
    const struct expr_value *value, struct buf *key);
/* The first `depth` components of the name of `space`, a view into it. */
struct bytes figure_key_unit(const struct space *space, size_t depth);

#endif
