/*
 * A set of short names for import: ids and unique values of a whole file.
 * Open addressing, at most half full.
 */
#include "cli/seen.h"

#include <string.h>

#include "proto/crypto.h"
#include "proto/mem.h"

enum { SLOTS_MIN = 1024 };

static void grow(struct seen *seen);
static uint8_t *slot_of(const struct seen *seen, const uint8_t *name);
static bool is_free(const uint8_t *slot);

bool
seen_add(struct seen *seen, struct bytes name)
{
	uint8_t b[SEEN_SIZE];
	uint8_t *slot;
	bool zero;

	if (name.n == SEEN_SIZE)
		bytes_copy(b, name);
	else
		crypto_blake2b((struct bytes){0}, name, b, sizeof(b));
	if (is_free(b)) {
		zero = seen->zero;
		seen->zero = true;
		return !zero;
	}
	if (2 * (seen->n + 1) > seen->slots_n)
		grow(seen);
	slot = slot_of(seen, b);
	if (!is_free(slot))
		return false;
	memcpy(slot, b, sizeof(b));
	seen->n++;
	return true;
}

static bool
is_free(const uint8_t *slot)
{
	static const uint8_t zero[SEEN_SIZE];

	return memcmp(slot, zero, sizeof(zero)) == 0;
}

/* Where `name` stands, or the free slot where it would. */
static uint8_t *
slot_of(const struct seen *seen, const uint8_t *name)
{
	/* Whoever makes a file full of equal hashes waits for it alone. */
	size_t at = (size_t)bytes_checksum(bytes_of(name, SEEN_SIZE));

	for (;; at++) {
		uint8_t *slot = seen->slots[at & (seen->slots_n - 1)];

		if (is_free(slot) || memcmp(slot, name, SEEN_SIZE) == 0)
			return slot;
	}
}

static void
grow(struct seen *seen)
{
	struct seen next = {
	    .slots_n = seen->slots_n > 0 ? 2 * seen->slots_n : SLOTS_MIN,
	    .n = seen->n,
	    .zero = seen->zero};

	next.slots = mem_zeros(next.slots_n, sizeof(*next.slots));
	for (size_t i = 0; i < seen->slots_n; i++)
		if (!is_free(seen->slots[i]))
			memcpy(slot_of(&next, seen->slots[i]), seen->slots[i],
			    SEEN_SIZE);
	mem_free(seen->slots);
	*seen = next;
}

void
seen_fini(struct seen *seen)
{
	mem_free(seen->slots);
	*seen = (struct seen){0};
}
