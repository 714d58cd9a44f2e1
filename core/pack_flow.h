#ifndef GOLMOK_CORE_PACK_FLOW_H
#define GOLMOK_CORE_PACK_FLOW_H

#include "core/pack_read.h"

/* Reads `transitions`, `start`, `end` and `contested` of a field that has its
 * kind and values; that a workflow contradicts itself is ERR_INVALID. */
enum err pack_flow_read(struct pack_reading *r, struct bytes doc,
    struct pack_field *field) MUST_USE;
/* Reads `when` of a field, once all fields of its collection are known. */
enum err pack_flow_when(struct pack_reading *r, struct bytes doc,
    struct pack_field *field) MUST_USE;
/* Reads `guards`, once all roles are known. */
enum err pack_flow_guards(struct pack_reading *r, struct bytes doc,
    struct pack_field *field) MUST_USE;

#endif
