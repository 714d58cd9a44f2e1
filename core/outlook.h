#ifndef GOLMOK_CORE_OUTLOOK_H
#define GOLMOK_CORE_OUTLOOK_H

#include "core/draft.h"

/*
 * A record as it will be when a local write is done: what guards judge, and
 * what mirrors copy.
 */

/* The record `now`, with all values loaded (a zeroed one for a new record),
 * after `change` at the wall's time `now_ms`, into `record`.  What the change
 * writes counts as the newest of all; it has a source without a name.  Arrays
 * are from `arena`, values are views into `now` and `change`. */
void outlook_make(const struct record *now, const struct draft_change *change,
    uint64_t now_ms, struct arena *arena, struct record *record);

#endif
