#ifndef GOLMOK_TESTS_CRASH_ANSWER_H
#define GOLMOK_TESTS_CRASH_ANSWER_H

#include "core/store.h"

/* Of which records a store is asked, and which spaces are gone through. */
struct answer_of {
	const struct record_id *ids;
	const char *const *spaces; /* of each record */
	size_t n;
	const char *scanned[2];
};

/* Appends answer number `i` of 2 * of->n + 3 to `text`, in a transaction of its
 * own: the record, and the history, of each, then three spaces as a whole.
 * "nothing" is an answer, too. */
enum err answer_get(struct store *store, const struct answer_of *of, size_t i,
    struct buf *text) MUST_USE;

#endif
