#ifndef GOLMOK_PROTO_MSG_FORM_H
#define GOLMOK_PROTO_MSG_FORM_H

#include "proto/msg.h"

/*
 * The form of messages between nodes (docs/sync.md §3), as both their writer
 * and their reader know it.
 */

/* Elements that each array has at the least; those behind them may be left out.
 */
enum {
	HELLO_N = 4,
	CLOCK_N = 1,
	TOTAL_N = 2,
	RUN_N = 4,
	NAME_N = 3,
	CHUNK_N = 1,
	BODIES_N = 2,
	CREDIT_N = 1,
	CLOSE_N = 1,
	ENTRY_N = 2, /* of ENTRY_MAX: */
	ENTRY_ROOT = 2,
	ENTRY_HELD = 3,
	ENTRY_OPEN = 4,
	ENTRY_KEPT = ENTRY_OPEN + CLASS_COUNT,
	ENTRY_FORKED,
	ENTRY_TRUNK,
	ENTRY_MAX,
	FORK_N = 4,
	SAMPLE_N = 2,
	SIDE_N = 5,
};

/* What a clock is besides its entries. */
enum { CLOCK_LAST = 1, CLOCK_AGAIN = 2, CLOCK_WHOLE = 4 };

/* The shape of a body: its class in the lowest bits, and where it is. */
enum {
	SHAPE_CLASS = 3,
	SHAPE_TAG = 4,	 /* its key is the tag, not the secret */
	SHAPE_WRAP = 8,	 /* a wrap goes with it */
	SHAPE_BARE = 16, /* nothing sealed does */
	SHAPE_PLACE = 96,
	PLACE_SAME = 0,	   /* in the change of the body before it */
	PLACE_CHANGE = 32, /* in the change after that */
	PLACE_DELTA = 64,  /* in the first change of the next delta */
	PLACE_SAID = 96,   /* where the next two places say */
	/* Of all bodies, when no shapes are there. */
	SHAPE_PLAIN = PLACE_DELTA | 0,
};

/* Appends `msg` to `out`, as msg_encode does. */
void msg_form_put(const struct msg *msg, struct buf *out);
/* The shape of the body `i`. */
unsigned msg_form_shape(const struct msg_bodies *bodies, size_t i);

#endif
