#ifndef GOLMOK_CORE_PACK_LISTS_H
#define GOLMOK_CORE_PACK_LISTS_H

#include "core/pack_read.h"

/* Reads `due` of the pack `doc`, whose collections are known. */
enum err pack_lists_read(struct pack_reading *r, struct bytes doc) MUST_USE;

#endif
