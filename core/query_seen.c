/*
 * A set of record ids.  Walks through indexes keep one, so that nothing is
 * given or counted twice.
 */
#include "core/query_seen.h"

#include <string.h>

#include "proto/mem.h"

enum { SIZE_FIRST = 64 };

/* The slot of `id`: its own, or the empty one where it belongs.  Ids that
 * others chose must not fall together. */
static size_t
slot(const struct query_seen *seen, const struct record_id *id)
{
	size_t at = (size_t)bytes_checksum(bytes_of(id->b, sizeof(id->b)));

	for (;; at++) {
		at &= seen->size - 1;
		if (!seen->taken[at] ||
		    memcmp(&seen->ids[at], id, sizeof(*id)) == 0)
			return at;
	}
}

static void
grow(struct query_seen *seen)
{
	struct query_seen old = *seen;

	seen->size = old.size == 0 ? SIZE_FIRST : 2 * old.size;
	seen->ids = mem_zeros(seen->size, sizeof(*seen->ids));
	seen->taken = mem_zeros(seen->size, sizeof(*seen->taken));
	for (size_t i = 0; i < old.size; i++)
		if (old.taken[i]) {
			size_t at = slot(seen, &old.ids[i]);

			seen->ids[at] = old.ids[i];
			seen->taken[at] = true;
		}
	mem_free(old.ids);
	mem_free(old.taken);
}

bool
query_seen_add(struct query_seen *seen, const struct record_id *id)
{
	size_t at;

	if (2 * seen->n >= seen->size)
		grow(seen);
	at = slot(seen, id);
	if (seen->taken[at])
		return false;
	seen->taken[at] = true;
	seen->ids[at] = *id;
	seen->n++;
	return true;
}

void
query_seen_clear(struct query_seen *seen)
{
	if (seen->n > 0)
		memset(seen->taken, 0, seen->size * sizeof(*seen->taken));
	seen->n = 0;
}

void
query_seen_fini(struct query_seen *seen)
{
	mem_free(seen->ids);
	mem_free(seen->taken);
	*seen = (struct query_seen){0};
}
