#ifndef GOLMOK_CORE_PACK_COMPILE_H
#define GOLMOK_CORE_PACK_COMPILE_H

#include "core/pack_read.h"

/* Understands all expressions of a pack that is read otherwise, those of the
 * list that begins with `first`, and checks what depends on them.  ERR_INVALID
 * with the place: "due[3]: where: column 17: ..."; with `errors` all of them
 * are appended as lines. */
enum err pack_compile_all(struct pack *pack, const struct pack_read_expr *first,
    struct buf *errors) MUST_USE;

#endif
