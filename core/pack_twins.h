#ifndef GOLMOK_CORE_PACK_TWINS_H
#define GOLMOK_CORE_PACK_TWINS_H

#include "core/pack_read.h"

/* Reads `match`, `mirror` and `duplicates` of the pack `doc`, whose collections
 * are known: how it is found that two records speak of the same. */
enum err pack_twins_read(struct pack_reading *r, struct bytes doc) MUST_USE;

/* Reads `alias` of the collection `doc`, whose fields are known, into
 * `collection`.  ERR_INVALID: it is no register of class N that refers to
 * records of the same collection. */
enum err pack_twins_read_alias(
    struct bytes doc, struct pack_collection *collection) MUST_USE;

#endif
