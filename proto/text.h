#ifndef GOLMOK_PROTO_TEXT_H
#define GOLMOK_PROTO_TEXT_H

#include "proto/buf.h"
#include "proto/err.h"

/*
 * Text as people write and see it: UTF-8, its normal form C, and how wide it
 * stands in a terminal.
 */

/* How many bytes of `text` from its start are whole, well-formed characters:
 * RFC 3629, so no overlong form, no surrogate, nothing above U+10FFFF; and no
 * zero byte, which C strings cannot carry. */
size_t text_utf8_size(struct bytes text);
/* Is all of `text` well-formed in that sense?  The empty text is. */
bool text_is_utf8(struct bytes text);
/* Is `text` an identifier: a-z, 0-9 and _, beginning with a letter, of
 * 1..LIMIT_NAME_SIZE bytes? */
bool text_is_name(struct bytes text);
/* Is `text` UTF-8, in which nothing but letters shows: no line ends, controls
 * or changes of direction?  What a label must be, since lines are made of it.
 */
bool text_is_plain(struct bytes text);

/* Appends `text` in Unicode's normal form C (UAX 15) to `out`.  `out` stays as
 * it was on ERR_INVALID: not UTF-8 (the offset is named), and on ERR_LIMIT:
 * `text` or its normal form is larger than LIMIT_TEXT_SIZE. */
enum err text_nfc(struct bytes text, struct buf *out) MUST_USE;

/* Appends `text` with a small letter for each that has one.  The result need
 * not be in normal form; bytes that are not UTF-8 stay as they are. */
void text_small(struct bytes text, struct buf *out);

/* The columns that `text` takes in a terminal: 2 for Hangul, Hanja and other
 * wide characters, 0 for combining marks and controls, else 1.  A byte that is
 * not UTF-8 counts 1. */
size_t text_width(struct bytes text);
/* The longest prefix of `text` that is at most `columns` wide, with the marks
 * that belong to its last character. */
struct bytes text_cut_columns(struct bytes text, size_t columns);
/* Appends `text` made safe for a terminal: a space for each tab and line end,
 * U+FFFD for all other controls, for what turns the direction of writing, and
 * for each byte that is not UTF-8. */
void text_shown(struct bytes text, struct buf *out);

#endif
