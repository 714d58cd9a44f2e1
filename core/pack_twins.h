#ifndef GOLMOK_CORE_PACK_TWINS_H
#define GOLMOK_CORE_PACK_TWINS_H

#include "core/pack_read.h"

/* Reads `match`, `mirror` and `duplicates` of the pack `doc`, whose collections
 * are known: how it is found that two records speak of the same. */
enum err pack_twins_read(struct pack_reading *r, struct bytes doc) MUST_USE;

#endif
