/*
 * Views of bytes.  Everyone who looks at foreign or stored bytes does so
 * through these functions; this and its header alone do pointer arithmetic on
 * views, because NULL + 0 is undefined in C.  Allocates nothing.
 */
#include "proto/bytes.h"

#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

struct bytes
bytes_text(const char *text)
{
	return bytes_of(text, strlen(text));
}

bool
bytes_equal(struct bytes a, struct bytes b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

int
bytes_compare(struct bytes a, struct bytes b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int order = n > 0 ? memcmp(a.p, b.p, n) : 0;

	if (order != 0)
		return order;
	return (a.n > b.n) - (a.n < b.n);
}

bool
bytes_begins(struct bytes b, struct bytes prefix)
{
	return b.n >= prefix.n && bytes_equal(bytes_first(b, prefix.n), prefix);
}

bool
bytes_is(struct bytes b, const char *text)
{
	return bytes_equal(b, bytes_text(text));
}

size_t
bytes_find(struct bytes b, uint8_t byte)
{
	const uint8_t *hit = b.n > 0 ? memchr(b.p, byte, b.n) : NULL;

	return hit != NULL ? (size_t)(hit - b.p) : b.n;
}

void
bytes_copy(void *to, struct bytes b)
{
	if (b.n > 0)
		memcpy(to, b.p, b.n);
}

void
bytes_put_be16(uint8_t *p, uint16_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

void
bytes_put_be32(uint8_t *p, uint32_t v)
{
	bytes_put_be16(p, (uint16_t)(v >> 16));
	bytes_put_be16(p + 2, (uint16_t)v);
}

void
bytes_put_be64(uint8_t *p, uint64_t v)
{
	bytes_put_be32(p, (uint32_t)(v >> 32));
	bytes_put_be32(p + 4, (uint32_t)v);
}

uint64_t
bytes_checksum(struct bytes b)
{
	static const uint8_t none[1];

	return XXH3_64bits(b.n > 0 ? b.p : none, b.n);
}
