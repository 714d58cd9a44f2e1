#ifndef GOLMOK_CORE_PACK_REPORTS_H
#define GOLMOK_CORE_PACK_REPORTS_H

#include "core/pack_read.h"

/* Reads `reported`, `figures` and `reports` of the pack `doc`, whose views and
 * units are known. */
enum err pack_reports_read(struct pack_reading *r, struct bytes doc) MUST_USE;

#endif
