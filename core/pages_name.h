#ifndef GOLMOK_CORE_PAGES_NAME_H
#define GOLMOK_CORE_PAGES_NAME_H

#include "core/pages.h"

/*
 * The names of tables in damaged pages, for core/pages.c.
 */

/* The name of the table whose node says that it is `key`, in front of `rest`:
 * that one if it is of watch->names, or these are none; else the only one of
 * them, not yet in the bits `named`, that it becomes when one bit is turned
 * over in it or another size is taken; else `key`.  A view, of these. */
struct bytes pages_name_find(const struct pages_watch *watch, uint64_t named,
    struct bytes key, struct bytes rest);
/* The bit of `name` among `named`; 0: it is none of watch->names. */
uint64_t pages_name_bit(const struct pages_watch *watch, struct bytes name);

#endif
