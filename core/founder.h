#ifndef GOLMOK_CORE_FOUNDER_H
#define GOLMOK_CORE_FOUNDER_H

#include "core/store.h"

/*
 * What there is before a store is: the names, the keys, the founding record.
 */

/* Are the names in `plan` sound, and may a store lie where it says?
 * ERR_INVALID, ERR_DENIED for a file system of other machines. */
enum err founder_check(const struct store_plan *plan) MUST_USE;
/* Draws keys for the store in the directory `dir` and writes them there (files
 * `identity` and, for a founder, `root`).  The founding record is appended to
 * `founding`; nothing for a store that joins. */
enum err founder_keys(const char *dir, const struct store_plan *plan,
    struct buf *founding) MUST_USE;

#endif
