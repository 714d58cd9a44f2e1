#ifndef GOLMOK_CORE_QUERY_SEEN_H
#define GOLMOK_CORE_QUERY_SEEN_H

#include "proto/id.h"

/*
 * Records that walks have led to: a walk, and one walk after another, may lead
 * to one twice.  A zeroed set is empty.
 */
struct query_seen {
	struct record_id *ids; /* owned; open addressing */
	bool *taken;	       /* owned */
	size_t n;
	size_t size; /* a power of two, or 0 */
};

/* Takes `id` in; false when it was there. */
bool query_seen_add(
    struct query_seen *seen, const struct record_id *id) MUST_USE;
/* Forgets all, and keeps the memory. */
void query_seen_clear(struct query_seen *seen);
/* Gives the memory back. */
void query_seen_fini(struct query_seen *seen);

#endif
