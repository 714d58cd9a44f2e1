#ifndef GOLMOK_PROTO_FORK_H
#define GOLMOK_PROTO_FORK_H

#include "proto/id.h"
#include "proto/merkle.h"
#include "proto/note.h"

/*
 * Evidence that an author signed two heads of one log that contradict each
 * other (docs/sync.md §10).  A side is a signed head and the root that the
 * log has at a smaller or equal size on the way to it, proved; two sides with
 * different roots at one size are a proof that anybody can check.
 */
struct fork_side {
	struct note_head head;
	struct hash root;	   /* of the first `size` leaves */
	struct merkle_proof proof; /* from these to `head` */
};

struct fork {
	uint64_t size; /* at which the sides are compared; not 0 */
	struct fork_side sides[2];
};

/* Did the author of the log `name`, whose city is set, sign the head of `side`,
 * and does it begin with `size` leaves of side->root?  ERR_MALFORMED: no. */
enum err fork_side_check(const struct log_name *name, uint64_t size,
    const struct fork_side *side) MUST_USE;
/* Does `fork` prove that the log `name` is forked?  ERR_MALFORMED: no. */
enum err fork_check(
    const struct log_name *name, const struct fork *fork) MUST_USE;

#endif
