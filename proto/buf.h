#ifndef GOLMOK_PROTO_BUF_H
#define GOLMOK_PROTO_BUF_H

#include "proto/bytes.h"

/* Bytes that own themselves and grow.  A zeroed struct buf is empty and
 * ready; buf_fini of one does nothing. */
struct buf {
	uint8_t *p; /* owned */
	size_t n;
	size_t room;
};

/* The content of `buf`; lives until the next call that changes it. */
struct bytes buf_bytes(const struct buf *buf);
/* Appends `b`, which must not lie inside `buf`. */
void buf_add(struct buf *buf, struct bytes b);
/* Appends one byte, or an integer in big-endian. */
void buf_add_u8(struct buf *buf, uint8_t v);
void buf_add_be16(struct buf *buf, uint16_t v);
void buf_add_be32(struct buf *buf, uint32_t v);
void buf_add_be64(struct buf *buf, uint64_t v);
/* Appends the C string `text` without its zero. */
void buf_add_text(struct buf *buf, const char *text);
/* Appends text made from `format` as printf makes it. */
void buf_add_format(struct buf *buf, const char *format, ...) PRINTF(2, 3);
/* Appends `n` bytes of any content and returns where they start; the pointer
 * lives until the next call that changes `buf`. */
uint8_t *buf_extend(struct buf *buf, size_t n) MUST_USE;
/* Makes room for `n` more bytes without changing the content. */
void buf_reserve(struct buf *buf, size_t n);
/* Cuts the content to its first `n` bytes; `n` must not exceed buf->n. */
void buf_cut(struct buf *buf, size_t n);
/* Removes the first `n` bytes; `n` must not exceed buf->n. */
void buf_drop(struct buf *buf, size_t n);
/* The content as a C string (a zero byte is kept behind it, outside n); lives
 * until the next call that changes `buf`. */
const char *buf_text(struct buf *buf);
/* Gives the memory back; `buf` is empty and usable again. */
void buf_fini(struct buf *buf);
/* As buf_fini, and overwrites the content first: for secrets. */
void buf_wipe(struct buf *buf);

#endif
