#ifndef GOLMOK_NET_PEER_GAUGE_H
#define GOLMOK_NET_PEER_GAUGE_H

#include "proto/base.h"

/*
 * How much goes in one piece to a peer.  A chunk that breaks off is sent again
 * whole, so on a line of 30 kbit/s that is cut every 20 seconds a large one
 * never arrives; on a fast one large chunks cost least.  The rate is learned
 * from what the peer acknowledges; before anything is, the time until its hello
 * is all there is to go by.  Pure: bytes and times come from the session.
 */
struct gauge {
	uint64_t opened_ms;
	size_t chunk_bytes; /* what a chunk should weigh; 0: not known yet */
	bool busy;	    /* something is not acknowledged, since: */
	uint64_t since_ms;
	uint64_t since_bytes; /* acknowledged by then */
};

enum {
	/* A chunk should take so long on the line. */
	GAUGE_CHUNK_MS = 1500,
	/* Less is not worth the proof and the acknowledgement it costs. */
	GAUGE_CHUNK_MIN = 4 * 1024,
	/* A full one: headers, and bodies beside them. */
	GAUGE_CHUNK_MAX = 144 * 1024,
	/* A peer whose hello came within this gets full chunks at once. */
	GAUGE_NEAR_MS = 30,
	/* Chunks on their way at a time: some seconds of a line, so that what
	 * is urgent does not wait for minutes behind what is not. */
	GAUGE_CHUNKS = 4,
	/* Acknowledgements over less time than this say little. */
	GAUGE_WINDOW_MS = 500,
};

/* A connection was made. */
void gauge_init(struct gauge *gauge, uint64_t now_ms);
/* The peer said hello. */
void gauge_heard(struct gauge *gauge, uint64_t now_ms);
/* Of `sent` bytes under credit since the beginning `credited` are acknowledged;
 * to be told whenever one of them may have risen. */
void gauge_look(
    struct gauge *gauge, uint64_t sent, uint64_t credited, uint64_t now_ms);
/* How much may be sent and not acknowledged before something new is begun; at
 * most LIMIT_CREDIT_SIZE. */
size_t gauge_window(const struct gauge *gauge);

#endif
