/*
 * Which table a damaged name means.  core/pages.c asks.  Pure.
 */
#include "core/pages_name.h"

/* How many bits of `a` and `b`, of the same size, differ? */
static unsigned
bits_apart(struct bytes a, struct bytes b)
{
	unsigned n = 0;

	for (size_t i = 0; i < a.n; i++)
		for (unsigned diff = a.p[i] ^ b.p[i]; diff != 0;
		     diff &= diff - 1)
			n++;
	return n;
}

uint64_t
pages_name_bit(const struct pages_watch *watch, struct bytes name)
{
	assert(watch->names_n <= PAGES_NAMES_MAX);
	for (size_t i = 0; i < watch->names_n; i++)
		if (bytes_is(name, watch->names[i]))
			return UINT64_C(1) << i;
	return 0;
}

struct bytes
pages_name_find(const struct pages_watch *watch, uint64_t named,
    struct bytes key, struct bytes rest)
{
	struct bytes found = key;
	unsigned n = 0;

	if (pages_name_bit(watch, key) != 0)
		return key;
	for (size_t i = 0; i < watch->names_n; i++) {
		struct bytes name = bytes_text(watch->names[i]);
		unsigned apart;

		if ((named >> i & 1) != 0 || name.n > rest.n)
			continue;
		apart = bits_apart(name, bytes_first(rest, name.n));
		if (apart == 0 || (apart == 1 && key.n == name.n)) {
			found = name;
			n++;
		}
	}
	return n == 1 ? found : key;
}
