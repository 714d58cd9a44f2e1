#ifndef GOLMOK_NET_PEER_DIALER_H
#define GOLMOK_NET_PEER_DIALER_H

#include "net/peer/link.h"
#include "net/place.h"

/*
 * Keeps a link to one configured peer: dials, and when the link ends or cannot
 * be made, waits and dials again, for ever.  The wait is drawn between 0 and a
 * bound that doubles from DIALER_WAIT_MIN_MS to DIALER_WAIT_MAX_MS, so that 424
 * centres do not all come back in the second in which an aggregator does.
 */
struct dialer;

enum {
	DIALER_WAIT_MIN_MS = 1000,
	DIALER_WAIT_MAX_MS = 15 * 60 * 1000,
	/* A link that held for so long, or over which something became durable,
	 * was a good one: the bound begins anew.  A line that is cut every 20
	 * seconds carries something each time. */
	DIALER_GOOD_MS = 30 * 1000,
	DIALER_LOOK_MS = 4 * 1000,
};

/* An attempt failed before there was a link; the thread's error text tells. */
typedef void dialer_failed_fn(void *arg, const struct place *place);

/* Is there a link with `peer` already, which the peer dialled? */
typedef bool dialer_linked_fn(void *arg, const struct sign_key *peer);

struct dialer_config {
	struct link_config link; /* events of the link go here */
	dialer_failed_fn *on_failed;
	/* Asked before each attempt but the first; while it says yes, the
	 * dialer only looks again every few seconds. */
	dialer_linked_fn *is_linked;
	struct place place;
};

/* A dialer that begins at once; `config` is copied. */
struct dialer *dialer_new(const struct dialer_config *config) MUST_USE;
/* Dials no more, and ends the link that there may be, which still tells its
 * end.  NULL does nothing. */
void dialer_free(struct dialer *dialer);

/* How long to wait before attempt number `attempt`, by `random`: below the
 * bound of that attempt. */
uint64_t dialer_wait_ms(unsigned attempt, uint64_t random);

#endif
