#ifndef GOLMOK_NET_UPKEEP_H
#define GOLMOK_NET_UPKEEP_H

#include "net/peer/hub.h"

/*
 * What a running node does for its store when nobody needs it: old deltas are
 * packed (core/packing.h), a slice at a time, each a transaction of its own,
 * and none while sessions have their turns.
 */
struct upkeep;

enum {
	/* No session had a turn for so long: the node is idle. */
	UPKEEP_QUIET_MS = 500,
	/* Between two slices: the disk and the core are somebody else's for
	 * most of the time. */
	UPKEEP_PAUSE_MS = 100,
	/* After a round that found nothing to do, or failed. */
	UPKEEP_REST_MS = 60 * 1000,
	/* Deltas of one slice: some milliseconds and one sync of the disk. */
	UPKEEP_SLICE = 1024,
};

/* Begins; all are borrowed until upkeep_free. */
struct upkeep *upkeep_new(
    struct loop *loop, struct hub *hub, struct store *store) MUST_USE;
/* NULL does nothing. */
void upkeep_free(struct upkeep *upkeep);

#endif
