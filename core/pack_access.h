#ifndef GOLMOK_CORE_PACK_ACCESS_H
#define GOLMOK_CORE_PACK_ACCESS_H

#include "core/pack_read.h"

/* Reads `access` of the pack `doc`: in which records it is kept who took
 * personal data out. */
enum err pack_access_read(struct pack_reading *r, struct bytes doc) MUST_USE;

#endif
