#ifndef GOLMOK_PROTO_ASCII_H
#define GOLMOK_PROTO_ASCII_H

#include "proto/buf.h"
#include "proto/err.h"

/*
 * Bytes as ASCII: lower-case hex, RFC 4648 base64 with padding (§4), and
 * base32 in lower case without padding (alphabet a-z2-7, §6).  Decoders accept
 * exactly what the encoders write.
 */

/* Appends the text form of `b` to `text`. */
void ascii_hex(struct bytes b, struct buf *text);
void ascii_base64(struct bytes b, struct buf *text);
void ascii_base32(struct bytes b, struct buf *text);

/* Appends the bytes that `text` stands for to `out`.  ERR_MALFORMED, and `out`
 * as it was, for any text that the encoder would not have written. */
enum err ascii_from_hex(struct bytes text, struct buf *out) MUST_USE;
enum err ascii_from_base64(struct bytes text, struct buf *out) MUST_USE;
enum err ascii_from_base32(struct bytes text, struct buf *out) MUST_USE;

/* The value of a decimal number without sign, leading zeros or other bytes,
 * at most INT64_MAX, into `*value`.  ERR_MALFORMED otherwise. */
enum err ascii_from_decimal(struct bytes text, uint64_t *value) MUST_USE;

#endif
