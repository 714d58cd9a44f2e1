#ifndef GOLMOK_CORE_PACK_VIEWS_H
#define GOLMOK_CORE_PACK_VIEWS_H

#include "core/pack_read.h"

/* Reads `views` of the pack `doc`, whose collections are known. */
enum err pack_views_read(struct pack_reading *r, struct bytes doc) MUST_USE;
/* Reads `indexes` of r->collection, whose fields are known. */
enum err pack_views_read_indexes(
    struct pack_reading *r, struct bytes doc) MUST_USE;

#endif
