#ifndef GOLMOK_CORE_FIGURE_KEY_H
#define GOLMOK_CORE_FIGURE_KEY_H

#include "core/alias.h"

/*
 * What the rows of a report are called by.
 */

/* Appends what the group value `value` is called; what stands for a record
 * (`aliases`; NULL: none) in its place. */
void figure_key_value(const struct aliases *aliases,
    const struct expr_value *value, struct buf *key);
/* The first `depth` components of the name of `space`, a view into it. */
struct bytes figure_key_unit(const struct space *space, size_t depth);

#endif
