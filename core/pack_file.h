#ifndef GOLMOK_CORE_PACK_FILE_H
#define GOLMOK_CORE_PACK_FILE_H

#include "core/pack.h"

/* Fills the zeroed `pack` from `doc`, its file as canonical msgpack.
 * ERR_INVALID with the path in the file, ERR_VERSION for another format; `pack`
 * is then to be freed all the same.  All memory is in pack->arena.
 * With `errors` it goes on behind what is wrong, as far as the rest can be
 * understood, and appends all errors as lines. */
enum err pack_file_read(
    struct bytes doc, struct pack *pack, struct buf *errors) MUST_USE;

#endif
