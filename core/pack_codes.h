#ifndef GOLMOK_CORE_PACK_CODES_H
#define GOLMOK_CORE_PACK_CODES_H

#include "core/pack_read.h"

/* Reads `codes`, `fold` and `retention` of the pack `doc`: what refers to
 * nothing else in it. */
enum err pack_codes_read(struct pack_reading *r, struct bytes doc) MUST_USE;

#endif
