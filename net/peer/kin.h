#ifndef GOLMOK_NET_PEER_KIN_H
#define GOLMOK_NET_PEER_KIN_H

#include "core/authority.h"

/*
 * Which members a node should dial by itself (docs/sync.md §11): those with
 * addresses who share a right with it, the broadest common prefix first, so
 * that a centre reaches its city's and its district's aggregator before its
 * neighbours.  A machine over the authority.
 */
struct kin {
	size_t n;
	const struct member *members[LIMIT_KIN]; /* the best first */
};

/* Finds the kin of `me` in `authority`.  Two members share a right when both
 * have a counting grant that was not taken back and one's prefix covers the
 * other's.  Whoever stands below `me`, with a narrower prefix than all that
 * `me` has there, dials for itself, and is no kin as long as `me` has an
 * address.  Of equals each node prefers others, so that nobody is everybody's
 * choice. */
void kin_find(const struct authority *authority, const struct sign_key *me,
    struct kin *kin);

#endif
