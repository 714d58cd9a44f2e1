#ifndef GOLMOK_CORE_EFFECTIVE_H
#define GOLMOK_CORE_EFFECTIVE_H

#include "core/merge.h"
#include "core/pack.h"

/*
 * Which of several values counts.  Values that contradict each other all stay,
 * but lists, guards and people have to go by one of them.
 */

/* Of `content`, a register or state of `record` with all values loaded, the
 * value in effect: of a state that `field` says more of (pack_field.contested)
 * the one that its list puts first, else the one that merge_winner shows.
 * NULL when it has none; `field` may be NULL. */
const struct record_value *effective_value(const struct pack_field *field,
    const struct record *record, const struct record_field *content);

#endif
