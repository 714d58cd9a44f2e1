#ifndef GOLMOK_TESTS_LIB_PIPE_H
#define GOLMOK_TESTS_LIB_PIPE_H

#include "proto/buf.h"
#include "tests/lib/prng.h"

/*
 * One direction of a connection under TCP, in a time that its owner keeps:
 * bytes wait, leave in packets at a rate, travel, and arrive in order.  A lost
 * packet shows as a silence, after which all comes at once.
 */
enum {
	/* A full segment, and the heads of IP and TCP before it. */
	PIPE_PACKET_BYTES = 1400,
	PIPE_HEAD_BYTES = 52,
	/* What a system takes from a program before it left. */
	PIPE_BUFFER_BYTES = 16 * 1024,
};

/* What a direction is like; 0 is "never" or "no limit". */
struct pipe_shape {
	uint64_t rate_bytes_s;
	uint64_t delay_ms;
	/* Mean time between two silences, and how long one is at most. */
	uint64_t stall_every_ms;
	uint64_t stall_ms;
};

struct pipe_packet {
	uint64_t at_us; /* when it arrives */
	size_t n;
};

struct pipe {
	struct buf bytes;	     /* handed over, not arrived */
	size_t waiting_n;	     /* of these, the last ones have not left */
	uint64_t free_us;	     /* when the next packet may leave */
	uint64_t last_us;	     /* when the last one arrives */
	uint64_t stall_us;	     /* when the next silence begins */
	uint64_t left_bytes;	     /* all that left, with heads */
	uint64_t arrived_bytes;	     /* all that arrived, without */
	struct pipe_packet *packets; /* owned ring of what left */
	size_t room;
	size_t first;
	size_t n;
};

/* An empty one that carries from `now_us` on; ended with pipe_fini. */
void pipe_init(struct pipe *pipe, const struct pipe_shape *shape,
    struct prng *prng, uint64_t now_us);
void pipe_fini(struct pipe *pipe);
/* How much it takes now. */
size_t pipe_room(const struct pipe *pipe);
/* Hands over `b`, also beyond the room. */
void pipe_add(struct pipe *pipe, struct bytes b);
/* Lets leave what may leave at `now_us`; true when there is room again. */
bool pipe_leave(struct pipe *pipe, const struct pipe_shape *shape,
    struct prng *prng, uint64_t now_us);
/* The packet that has arrived by `now_us`, which lives until pipe_drop; empty
 * when there is none. */
struct bytes pipe_arrived(const struct pipe *pipe, uint64_t now_us);
/* Takes that packet out. */
void pipe_drop(struct pipe *pipe);
/* The line is broken: what has not left never does; with `all` what is under
 * way does not arrive either. */
void pipe_break(struct pipe *pipe, bool all);
/* Is nothing in it? */
bool pipe_is_empty(const struct pipe *pipe);
/* When something in it moves next; UINT64_MAX: never. */
uint64_t pipe_next_us(const struct pipe *pipe);

#endif
