#ifndef GOLMOK_TESTS_LIB_SLIP_H
#define GOLMOK_TESTS_LIB_SLIP_H

#include "tests/lib/desk.h"

/*
 * Writes of records under the first pack, said as a person says them:
 * "state=done", "staff+=...".
 */
struct slip {
	struct desk *desk; /* in an open write transaction; borrowed */
	const char *space;
	const char *role;	 /* NULL: nobody says */
	const struct buf *token; /* NULL: as it is now */
	bool resolve;
};

/* Puts the store of `desk` under the first pack and opens it again. */
void slip_pack(struct desk *desk);
/* Makes a record of `collection` as `words`, which end with NULL, say. */
enum err slip_put(const struct slip *slip, const char *collection,
    const char *const *words, struct record_id *id);
/* Changes the record `id`. */
enum err slip_patch(const struct slip *slip, const struct record_id *id,
    const char *const *words);
/* Appends what is shown of `field` of the record `id` in `space`; nothing when
 * it has no value, or there is no such live record; with a ! behind it when
 * values contradict each other. */
void slip_show(struct desk *desk, const char *space, const struct record_id *id,
    const char *field, struct buf *text);
/* Fails when `e` is not `wanted`, or its text lacks `part` (NULL: anything). */
void slip_is(enum err e, enum err wanted, const char *part);

#endif
