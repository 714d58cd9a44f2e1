#ifndef GOLMOK_CORE_PACK_UNITS_H
#define GOLMOK_CORE_PACK_UNITS_H

#include "core/pack_read.h"

/* Reads `units`, `scopes` and `roles` of the pack `doc`, whose collections are
 * known. */
enum err pack_units_read(struct pack_reading *r, struct bytes doc) MUST_USE;

#endif
