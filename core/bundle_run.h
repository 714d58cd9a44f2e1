#ifndef GOLMOK_CORE_BUNDLE_RUN_H
#define GOLMOK_CORE_BUNDLE_RUN_H

#include "proto/msg.h"

/*
 * A run of a bundle by itself: from the frontier at which it begins its headers
 * lead to the head that its author signed, whatever is held of the log.
 */
struct bundle_run {
	struct frontier frontier; /* of the headers so far */
	uint64_t head_size;
	struct hash head_root;
};

/* Begins `check` with a run, whose name has its city, and the frontier that
 * came before it.  ERR_MALFORMED: the head is not signed by the author of the
 * log, or the frontier is another one's. */
enum err bundle_run_begin(const struct msg_run *run,
    const struct frontier *frontier, struct bundle_run *check) MUST_USE;
/* The next headers of it.  ERR_MALFORMED: they do not lead to the head. */
enum err bundle_run_chunk(
    struct bundle_run *check, const struct msg_chunk *chunk) MUST_USE;

#endif
