#ifndef GOLMOK_CLI_MAP_FIND_H
#define GOLMOK_CLI_MAP_FIND_H

#include "cli/open.h"

/* Appends the id, in hex, of the one record in which `field`, which has an
 * index, is what `text` means (pack_text_value), in any space held here.
 * ERR_NOT_FOUND; ERR_INVALID when there are several, with some of them, and as
 * pack_text_value. */
enum err map_find_record(struct opened *work, const struct pack_field *field,
    struct bytes text, struct buf *id) MUST_USE;

#endif
