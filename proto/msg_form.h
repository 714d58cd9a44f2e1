#ifndef GOLMOK_PROTO_MSG_FORM_H
#define GOLMOK_PROTO_MSG_FORM_H

#include "proto/msg.h"

/*
 * The form of messages between nodes (docs/sync.md §3), as both their writer
 * and their reader know it.
 */

/* Elements of each array that this version knows. */
enum {
	HELLO_N = 4,
	CLOCK_N = 3,
	TOTAL_N = 2,
	RUN_N = 8,
	CHUNK_N = 3,
	BODIES_N = 2,
	CREDIT_N = 1,
	CLOSE_N = 2,
	ENTRY_N = 7 + CLASS_COUNT,
	FORK_N = 4,
	SAMPLE_N = 2,
	SIDE_N = 5,
	BODY_N = 7,
};

/* Appends `msg` to `out`, as msg_encode does. */
void msg_form_put(const struct msg *msg, struct buf *out);

#endif
