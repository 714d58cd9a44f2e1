#ifndef GOLMOK_NET_PEER_STALL_H
#define GOLMOK_NET_PEER_STALL_H

#include "proto/base.h"

/*
 * Whether a session gets anywhere.  A peer that answers pings and never sends
 * what it announced, never takes what it is sent, or never says that it has no
 * more would keep a session open for ever.  A machine without a clock of its
 * own.
 */
struct stall {
	bool rests;	     /* nothing is due either way */
	uint64_t done_bytes; /* of data and credit, so far */
	uint64_t since_ms;   /* when that last changed, or it rested */
	uint64_t from_bytes; /* on the wire, then */
	uint64_t wire_bytes; /* so far */
};

/* What stall_look sees: `rests`: nothing is due; how much data was worked on
 * or credited, how many bytes went over the wire both ways. */
struct stall_seen {
	bool rests;
	uint64_t done_bytes;
	uint64_t wire_bytes;
};

/* Looks at a session at `now_ms`. */
void stall_look(struct stall *stall, struct stall_seen seen, uint64_t now_ms);
/* When the session is to end unless something happens; UINT64_MAX: never. */
uint64_t stall_end_ms(const struct stall *stall);

#endif
