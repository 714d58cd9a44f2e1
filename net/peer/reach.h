#ifndef GOLMOK_NET_PEER_REACH_H
#define GOLMOK_NET_PEER_REACH_H

#include "core/clock.h"

/*
 * Which spaces both nodes of a session may have, as far as it was asked: rights
 * are worked out once for each space, not for each log and each delta.
 */
struct reach {
	uint8_t *bits; /* owned; two for each space number */
	size_t n;      /* bytes of it */
};

/* Ends it; a zeroed one is ready. */
void reach_fini(struct reach *reach);
/* Forgets all: rights have changed. */
void reach_clear(struct reach *reach);
/* The two nodes, and the rights that were cleared for. */
struct reach_pair {
	const struct authority *authority;
	const struct sign_key *me;
	const struct sign_key *peer;
};
/* May both have something of `space`, by their grants alone? */
bool reach_has(struct reach *reach, const struct reach_pair *pair,
    const struct space_state *space);

#endif
