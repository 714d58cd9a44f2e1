#ifndef GOLMOK_CLI_MAP_FIELD_H
#define GOLMOK_CLI_MAP_FIELD_H

#include "cli/map_read.h"

/* Reads what the object `doc` says of field->field into the rest of `field`.
 * ERR_INVALID also for what cannot be meant: a counter, a reference that leads
 * nowhere. */
enum err map_field_read(
    struct map_reading *r, struct bytes doc, struct map_field *field) MUST_USE;

#endif
