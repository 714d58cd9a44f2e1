#ifndef GOLMOK_CORE_PARCEL_H
#define GOLMOK_CORE_PARCEL_H

#include "core/store.h"

/*
 * A parcel: runs of logs in a file (docs/format.md §15), the messages of a
 * session one after another, without a session.  Whoever opens it verifies
 * everything as if a stranger had sent it.
 */

/* Appends to `out` all that is held of `authority`.  In the open transaction.
 * ERR_LIMIT: more than LIMIT_PARCEL_SIZE. */
enum err parcel_put(struct store *store, struct buf *out) MUST_USE;

/* Is `in` a whole parcel, as it was written?  Then `*city` is whose.
 * ERR_MALFORMED: it is none, was cut short or changed; ERR_VERSION. */
enum err parcel_check(struct bytes in, struct city_id *city) MUST_USE;

struct parcel_taken {
	uint64_t deltas;  /* new ones */
	uint64_t dropped; /* runs not taken: of strangers, branches */
};
/* Takes what is new of the parcel `in` onto the road, in the open write
 * transaction; what was there already is passed over.  ERR_EXISTS: it is of
 * another city.  ERR_MALFORMED: not what it claims to be; nothing of the
 * transaction must be kept then. */
enum err parcel_take(
    struct store *store, struct bytes in, struct parcel_taken *taken) MUST_USE;

#endif
