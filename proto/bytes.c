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

size_t
bytes_search(struct bytes b, struct bytes part)
{
	struct bytes left = b;

	while (part.n > 0 && left.n > 0) {
		left = bytes_after(left, bytes_find(left, part.p[0]));
		if (left.n == 0 || bytes_begins(left, part))
			break;
		left = bytes_after(left, 1);
	}
	return b.n - (part.n > 0 ? left.n : b.n);
}

uint64_t
bytes_checksum(struct bytes b)
{
	static const uint8_t none[1];

	return XXH3_64bits(b.n > 0 ? b.p : none, b.n);
}
