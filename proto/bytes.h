#ifndef GOLMOK_PROTO_BYTES_H
#define GOLMOK_PROTO_BYTES_H

#include "proto/base.h"

/*
 * A borrowed view of bytes.  Text that is not a C string is one too.  The
 * empty view may be {NULL, 0}; only this file does arithmetic on `p`.
 */
struct bytes {
	const uint8_t *p; /* borrowed; may be NULL when n is 0 */
	size_t n;
};

/* The view of `n` bytes at `p`. */
struct bytes bytes_of(const void *p, size_t n);
/* The view of the C string `text` without its final zero. */
struct bytes bytes_text(const char *text);
/* The first `n` bytes of `b`; `n` must not exceed b.n. */
struct bytes bytes_first(struct bytes b, size_t n);
/* What follows the first `n` bytes of `b`; `n` must not exceed b.n. */
struct bytes bytes_after(struct bytes b, size_t n);
/* `n` bytes of `b` from `at`; at + n must not exceed b.n. */
struct bytes bytes_slice(struct bytes b, size_t at, size_t n);

/* Are `a` and `b` the same bytes?  Not for secrets (time depends on them). */
bool bytes_equal(struct bytes a, struct bytes b);
/* Order as unsigned bytes, a prefix before what it begins: < 0, 0, > 0. */
int bytes_compare(struct bytes a, struct bytes b);
/* Does `b` begin with `prefix`? */
bool bytes_begins(struct bytes b, struct bytes prefix);
/* Is `b` exactly the C string `text`? */
bool bytes_is(struct bytes b, const char *text);
/* Where `byte` first stands in `b`; b.n when it does not. */
size_t bytes_find(struct bytes b, uint8_t byte);
/* Copies all of `b` to `to`, which has room for it; an empty view is fine. */
void bytes_copy(void *to, struct bytes b);

/* a + b into `*sum`; false, and `*sum` untouched, when it does not fit. */
bool bytes_size_add(size_t a, size_t b, size_t *sum) MUST_USE;

/* Big-endian integers at `p`, which has that many bytes. */
uint16_t bytes_be16(const uint8_t *p);
uint32_t bytes_be32(const uint8_t *p);
uint64_t bytes_be64(const uint8_t *p);
void bytes_put_be16(uint8_t *p, uint16_t v);
void bytes_put_be32(uint8_t *p, uint32_t v);
void bytes_put_be64(uint8_t *p, uint64_t v);

/* XXH3-64 of `b`: the checksum of stored rows against rot, not against
 * people. */
uint64_t bytes_checksum(struct bytes b);

#endif
