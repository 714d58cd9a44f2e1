#ifndef GOLMOK_PROTO_CUT_H
#define GOLMOK_PROTO_CUT_H

#include "proto/arena.h"
#include "proto/codec.h"
#include "proto/id.h"

/*
 * Lists of cuts, as headers and facts carry them (docs/format.md §4): an array
 * of `[bin 16 log, int size, bin 32 root]` by strictly rising log.
 */
enum { CUT_SIZE_MAX = 62 }; /* bytes of one cut, encoded */

/* Appends the array of the `n` cuts at `cuts` to `out`; that they rise is
 * asserted. */
void cut_put(const struct log_cut *cuts, size_t n, struct buf *out);

/* Reads an array of at most `max` cuts from `r` and returns them, `*n` of them
 * (0 and any pointer for the empty array), allocated from `arena`.  Anything
 * else makes `r` bad. */
const struct log_cut *cut_get(
    struct reader *r, size_t max, struct arena *arena, size_t *n);

#endif
