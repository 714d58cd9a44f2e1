#ifndef GOLMOK_PROTO_CLEAN_H
#define GOLMOK_PROTO_CLEAN_H

#include "proto/buf.h"
#include "proto/err.h"

/*
 * Cells of other people's tables as they were meant.  All texts are UTF-8; what
 * is appended to `out` is in normal form C.  ERR_INVALID: it is not UTF-8, or
 * as said; ERR_LIMIT: it is too long.  `out` then stays as it was.
 */

/* `text` with letters and signs of full width as the usual ones, each run of
 * spaces and line ends as one space, none at the ends, and nothing invisible.
 */
enum err clean_text(struct bytes text, struct buf *out) MUST_USE;
/* The same without any space: what two spellings of a name have in common. */
enum err clean_key(struct bytes text, struct buf *out) MUST_USE;
/* A telephone number of Korea as 010-1234-5678, 02-123-4567, 1588-0000: +82
 * becomes the zero, which is also put back where a spreadsheet took it from a
 * mobile number.  ERR_INVALID: it is none. */
enum err clean_phone(struct bytes text, struct buf *out) MUST_USE;
/* A whole number such as "1,234 " or "▲1,234" as 1234 or -1234; commas must
 * stand between groups of three.  `units` are `n` texts, one of which may stand
 * behind ("1,234원").  ERR_INVALID: it is none. */
enum err clean_number(struct bytes text, const char *const *units, size_t n,
    struct buf *out) MUST_USE;

#endif
