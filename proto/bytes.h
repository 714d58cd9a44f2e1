#ifndef GOLMOK_PROTO_BYTES_H
#define GOLMOK_PROTO_BYTES_H

#include <string.h>

#include "proto/base.h"

/*
 * A borrowed view of bytes.  Text that is not a C string is one too.  The
 * empty view may be {NULL, 0}; only this file and bytes.c do arithmetic on `p`.
 * What every decoder calls for each value is inline: that halves its time.
 */
struct bytes {
	const uint8_t *p; /* borrowed; may be NULL when n is 0 */
	size_t n;
};

/* The view of `n` bytes at `p`. */
static inline struct bytes
bytes_of(const void *p, size_t n)
{
	assert(p != NULL || n == 0);
	return (struct bytes){.p = p, .n = n};
}

/* The view of the C string `text` without its final zero. */
struct bytes bytes_text(const char *text);
/* The first `n` bytes of `b`; `n` must not exceed b.n. */
static inline struct bytes
bytes_first(struct bytes b, size_t n)
{
	assert(n <= b.n);
	return (struct bytes){.p = b.p, .n = n};
}

/* What follows the first `n` bytes of `b`; `n` must not exceed b.n. */
static inline struct bytes
bytes_after(struct bytes b, size_t n)
{
	assert(n <= b.n);
	if (n == 0)
		return b;
	return (struct bytes){.p = b.p + n, .n = b.n - n};
}

/* `n` bytes of `b` from `at`; at + n must not exceed b.n. */
static inline struct bytes
bytes_slice(struct bytes b, size_t at, size_t n)
{
	return bytes_first(bytes_after(b, at), n);
}

/* Are `a` and `b` the same bytes?  Not for secrets (time depends on them). */
static inline bool
bytes_equal(struct bytes a, struct bytes b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

/* Order as unsigned bytes, a prefix before what it begins: < 0, 0, > 0. */
static inline int
bytes_compare(struct bytes a, struct bytes b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int order = n > 0 ? memcmp(a.p, b.p, n) : 0;

	if (order != 0)
		return order;
	return (a.n > b.n) - (a.n < b.n);
}

/* Does `b` begin with `prefix`? */
bool bytes_begins(struct bytes b, struct bytes prefix);
/* Is `b` exactly the C string `text`? */
bool bytes_is(struct bytes b, const char *text);
/* Where `byte` first stands in `b`; b.n when it does not. */
size_t bytes_find(struct bytes b, uint8_t byte);
/* Where `part` first stands in `b`; b.n when it does not, 0 for an empty one.
 */
size_t bytes_search(struct bytes b, struct bytes part);
/* Copies all of `b` to `to`, which has room for it; an empty view is fine. */
static inline void
bytes_copy(void *to, struct bytes b)
{
	if (b.n > 0)
		memcpy(to, b.p, b.n);
}

/* Reads a big-endian integer at `p`, which has that many bytes. */
static inline uint16_t
bytes_be16(const uint8_t *p)
{
	return (uint16_t)((uint32_t)p[0] << 8 | p[1]);
}

static inline uint32_t
bytes_be32(const uint8_t *p)
{
	return (uint32_t)bytes_be16(p) << 16 | bytes_be16(p + 2);
}

static inline uint64_t
bytes_be64(const uint8_t *p)
{
	return (uint64_t)bytes_be32(p) << 32 | bytes_be32(p + 4);
}

/* Writes one there. */
static inline void
bytes_put_be16(uint8_t *p, uint16_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static inline void
bytes_put_be32(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 24);
	p[1] = (uint8_t)(v >> 16);
	p[2] = (uint8_t)(v >> 8);
	p[3] = (uint8_t)v;
}

static inline void
bytes_put_be64(uint8_t *p, uint64_t v)
{
	bytes_put_be32(p, (uint32_t)(v >> 32));
	bytes_put_be32(p + 4, (uint32_t)v);
}

/* XXH3-64 of `b`: the checksum of stored rows against rot, not against
 * people. */
uint64_t bytes_checksum(struct bytes b);

#endif
