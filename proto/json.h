#ifndef GOLMOK_PROTO_JSON_H
#define GOLMOK_PROTO_JSON_H

#include "proto/buf.h"
#include "proto/err.h"

/*
 * Canonical msgpack as JSON and back, without loss (docs/format.md §2):
 * nil, booleans, integers, text, arrays and maps are what they are in JSON;
 * bytes are {"$bytes":"<base64>"}; a map key that is an integer is written
 * "$int:<decimal>", one that is bytes "$bytes:<base64>", and a text key that
 * begins with $ gets one more $ in front.
 */

/* Appends the canonical value that the JSON `text` stands for to `value`: keys
 * sorted, all text in normal form C.  On an error `value` is as it was.
 * ERR_INVALID, with line and column: not JSON, a key twice, a zero character, a
 * number that is no 64-bit integer.  ERR_INVALID, with the path of keys: bytes
 * that are not base64, keys that are equal in normal form, a reserved key.
 * ERR_LIMIT: text above LIMIT_JSON_SIZE, depth above LIMIT_DEPTH, too many
 * elements, a text too long. */
enum err json_decode(struct bytes text, struct buf *value) MUST_USE;

/* Appends `value`, which must be one canonical value, as JSON text to `text`:
 * in one line without spaces.  No newline follows.  ERR_MALFORMED, and `text`
 * as it was, when `value` is not canonical. */
enum err json_encode(struct bytes value, struct buf *text) MUST_USE;

/* Appends `text` as a JSON string with its quotes to `out`; bytes that are not
 * UTF-8 become U+FFFD, so that the result is always JSON. */
void json_add_text(struct buf *out, struct bytes text);

#endif
