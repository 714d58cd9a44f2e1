#ifndef GOLMOK_CORE_PACK_SHOW_H
#define GOLMOK_CORE_PACK_SHOW_H

#include "core/pack.h"
#include "proto/buf.h"

/* Appends `value`, canonical msgpack, to `text` as people read it: the form
 * that pack_text_value reads.  A value that is not of the type of `field` is
 * shown as what it is, since other nodes may have other packs; bytes that are
 * no value at all are shown in hex. */
void pack_show_value(
    const struct pack_field *field, struct bytes value, struct buf *text);

#endif
