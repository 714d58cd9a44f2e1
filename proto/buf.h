#ifndef GOLMOK_PROTO_BUF_H
#define GOLMOK_PROTO_BUF_H

#include "proto/bytes.h"

/* Bytes that own themselves and grow.  A zeroed struct buf is empty and
 * ready; buf_fini of one does nothing.  What encoders call for each value is
 * inline, as in bytes.h. */
struct buf {
	uint8_t *p; /* owned */
	size_t n;
	size_t room;
};

/* The content of `buf`; lives until the next call that changes it. */
static inline struct bytes
buf_bytes(const struct buf *buf)
{
	return bytes_of(buf->p, buf->n);
}

/* Makes room for `n` more bytes without changing the content. */
void buf_reserve(struct buf *buf, size_t n);

/* Appends `n` bytes of any content and returns where they start; the pointer
 * lives until the next call that changes `buf`. */
MUST_USE static inline uint8_t *
buf_extend(struct buf *buf, size_t n)
{
	uint8_t *p;

	if (buf->p == NULL || n > buf->room - buf->n)
		buf_reserve(buf, n > 0 ? n : 1);
	p = buf->p + buf->n;
	buf->n += n;
	return p;
}

/* Appends `b`, which must not lie inside `buf`. */
static inline void
buf_add(struct buf *buf, struct bytes b)
{
	if (b.n > 0)
		bytes_copy(buf_extend(buf, b.n), b);
}

/* Appends one byte, or an integer in big-endian. */
static inline void
buf_add_u8(struct buf *buf, uint8_t v)
{
	*buf_extend(buf, 1) = v;
}

static inline void
buf_add_be16(struct buf *buf, uint16_t v)
{
	bytes_put_be16(buf_extend(buf, 2), v);
}

static inline void
buf_add_be32(struct buf *buf, uint32_t v)
{
	bytes_put_be32(buf_extend(buf, 4), v);
}

static inline void
buf_add_be64(struct buf *buf, uint64_t v)
{
	bytes_put_be64(buf_extend(buf, 8), v);
}

/* Appends the C string `text` without its zero. */
void buf_add_text(struct buf *buf, const char *text);
/* Appends text made from `format` as printf makes it. */
void buf_add_format(struct buf *buf, const char *format, ...) PRINTF(2, 3);
/* Cuts the content to its first `n` bytes; `n` must not exceed buf->n. */
static inline void
buf_cut(struct buf *buf, size_t n)
{
	assert(n <= buf->n);
	buf->n = n;
}

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
