#ifndef GOLMOK_NET_PEER_PACE_H
#define GOLMOK_NET_PEER_PACE_H

#include "proto/base.h"

/*
 * How fast a link takes what is written, and thus how much may wait in front of
 * it: about what it takes in two seconds.  Pure.
 */
struct pace {
	size_t max;	    /* never more than this */
	size_t bytes;	    /* so much may wait */
	uint64_t from_ms;   /* something waits since then */
	uint64_t from_sent; /* what had been taken by then */
	bool is_busy;
};

/* A link of which nothing is known yet. */
void pace_init(struct pace *pace, size_t max);
/* By now the link has taken `sent` bytes, and `unsent` wait. */
void pace_note(
    struct pace *pace, uint64_t sent, size_t unsent, uint64_t now_ms);

#endif
