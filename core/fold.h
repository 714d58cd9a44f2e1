#ifndef GOLMOK_CORE_FOLD_H
#define GOLMOK_CORE_FOLD_H

#include "core/pack.h"
#include "proto/buf.h"

/*
 * How text is compared in search: what people write in more ways than one
 * becomes one text.
 */

/* Puts `text` folded into `out`, in place of what it held: normal form C, small
 * letters, without what `fold` drops, then without what it drops before a digit
 * (0 to 9), in the order in which it names them.  `fold` may be NULL.
 * ERR_INVALID, ERR_LIMIT as text_nfc. */
enum err fold_text(
    const struct pack_fold *fold, struct bytes text, struct buf *out) MUST_USE;
/* The first two letters of `*folded` as a view into it, which then begins with
 * the second of them; false when it has fewer. */
bool fold_pair(struct bytes *folded, struct bytes *pair) MUST_USE;

#endif
