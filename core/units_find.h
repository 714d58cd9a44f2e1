#ifndef GOLMOK_CORE_UNITS_FIND_H
#define GOLMOK_CORE_UNITS_FIND_H

#include "core/units.h"

/* The unit that `words` name: by its name, another name, its code or the prefix
 * of its spaces, or how a name begins when nothing else fits; before it what
 * the unit above is called may stand ("강남 신사동").  Names are compared as
 * the pack folds them.  With `scope` only units of its level are meant.  One
 * that is no more gives the one that came in its place; `note` then says so, as
 * when another name was given.  ERR_NOT_FOUND; ERR_INVALID lists the units that
 * fit when there are several. */
enum err units_find_named(const struct units *units, struct bytes words,
    const struct pack_scope *scope, const struct unit **unit,
    struct buf *note) MUST_USE;

#endif
