#ifndef GOLMOK_PROTO_REQUEST_H
#define GOLMOK_PROTO_REQUEST_H

#include "proto/arena.h"
#include "proto/id.h"

/*
 * What a node without a line hands to somebody who may admit it (docs/format.md
 * §15): its keys, signed by itself, as a small text that may be mailed.
 */
struct request {
	struct sign_key key;	/* of its logs */
	struct dh_key link_key; /* of its links */
	struct bytes label; /* what it would like to be called; may be empty */
};

/* Appends the text of `request`, signed with `seed`, the secret of its key.
 * The label is plain text of at most LIMIT_LABEL_SIZE bytes (asserted). */
void request_put(const struct request *request, const struct sign_seed *seed,
    struct buf *text);
/* Reads one; the label lies in `arena`.  ERR_MALFORMED: it is none, or was cut
 * short or changed after it was signed; ERR_VERSION: a newer program's. */
enum err request_get(
    struct bytes text, struct arena *arena, struct request *request) MUST_USE;

#endif
