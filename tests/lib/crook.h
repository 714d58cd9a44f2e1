#ifndef GOLMOK_TESTS_LIB_CROOK_H
#define GOLMOK_TESTS_LIB_CROOK_H

#include "net/peer/hub.h"
#include "net/stream.h"
#include "tests/lib/crowd.h"

/*
 * Members with true keys and bad manners, over real sockets.  Time is a number
 * of steps, which the test counts.
 */
enum crook_kind {
	/* Speaks truly and has much to say, a byte in each step. */
	CROOK_DRIP,
	/* Takes what it gets and never says so. */
	CROOK_MUTE,
	/* The same, and stops reading. */
	CROOK_DEAF,
	/* Asks whether anybody is there, ten thousands of times in each step,
	 * and reads no answer. */
	CROOK_FLOOD,
	/* Sends what is no frame of its link. */
	CROOK_NOISE,
};

struct crook {
	enum crook_kind kind;
	struct hub *hub;	 /* owned: those that hold a conversation */
	struct session *session; /* owned */
	struct hub_member *member;
	struct channel *channel; /* owned: those that only pretend to */
	struct squeeze squeeze;
	struct stream *stream; /* NULL once it ended */
	bool begun;	       /* its bad manners have shown */
	size_t drips;	       /* bytes that it may send yet */
	uint64_t in_bytes;
	uint64_t out_bytes;
};

/* The crook `kind` with the keys and the store of `centre` calls the node at
 * `port` of this machine.  Ended with crook_fini. */
void crook_dial(struct crook *crook, enum crook_kind kind, struct loop *loop,
    struct crowd *crowd, struct crowd_centre *centre, uint16_t port);
/* A step of its time has passed. */
void crook_step(struct crook *crook);
/* It hangs up; its stream ends on the loop. */
void crook_leave(struct crook *crook);
void crook_fini(struct crook *crook);

#endif
