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
/* `word`, folded, without what is dropped before a digit, if it ends with that
 * and begins with something else: whoever types has not come to the digit yet.
 * Else all of it. */
struct bytes fold_open(const struct pack_fold *fold, struct bytes word);
/* Has `text` the `word` in it, both folded: as it is, or that of fold_open with
 * a digit behind?  With `begins` only where `text` begins. */
bool fold_has(const struct pack_fold *fold, struct bytes text,
    struct bytes word, bool begins);
/* The first two letters of `*folded` as a view into it, which then begins with
 * the second of them; false when it has fewer. */
bool fold_pair(struct bytes *folded, struct bytes *pair) MUST_USE;

#endif
