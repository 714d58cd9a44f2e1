#ifndef GOLMOK_CORE_PACK_FIELDS_H
#define GOLMOK_CORE_PACK_FIELDS_H

#include "core/pack_read.h"

/* Reads one stored or derived field `doc` into the zeroed `item`, a struct
 * pack_field of r->collection; all but what refers to other fields or to roles.
 */
enum err pack_fields_read(
    struct pack_reading *r, struct bytes doc, void *item) MUST_USE;
enum err pack_fields_read_derived(
    struct pack_reading *r, struct bytes doc, void *item) MUST_USE;
/* What is left of a stored field, once all collections and roles are known. */
enum err pack_fields_refer(
    struct pack_reading *r, struct bytes doc, void *item) MUST_USE;

#endif
