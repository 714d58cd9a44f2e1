#ifndef GOLMOK_CORE_GRAFT_H
#define GOLMOK_CORE_GRAFT_H

#include "core/oplog.h"

/*
 * Where headers from a peer belong among the branches that are held of their
 * log: found by content alone, never by what the peer calls its branch.
 */

/* Headers that come one after the other, with the head that they came under. */
struct graft_chunk {
	uint64_t from; /* seq of the first */
	size_t n;
	const struct hash *leaves;	  /* of each, its leaf hash */
	const struct merkle_proof *proof; /* from their end to the head */
	uint64_t head_size;
	const struct hash *head_root;
	struct log_no near; /* a tip to try first; 0: none */
};

struct graft {
	bool gap;	 /* nothing held reaches as far as they begin */
	struct log *log; /* the tip that shares most; NULL: none is held */
	uint64_t held;	 /* the headers before this one are there already */
	bool split;	 /* the others make another branch than `log` */
};

/* Finds the place of `chunk` among the tips of the log `trunk` of `space`
 * (NULL: nothing is held of the space).  Only headers that their head proves
 * get one. ERR_MALFORMED: they begin at 0 and do not lead to their head.
 * ERR_FORKED: the same, behind any tip that is held. */
enum err graft_find(struct txn *txn, struct space_state *space,
    const struct log_id *trunk, const struct graft_chunk *chunk,
    struct graft *graft) MUST_USE;

#endif
