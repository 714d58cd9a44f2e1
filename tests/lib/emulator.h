#ifndef GOLMOK_TESTS_LIB_EMULATOR_H
#define GOLMOK_TESTS_LIB_EMULATOR_H

#include "net/peer/session.h"
#include "proto/squeeze.h"
#include "tests/lib/pipe.h"
#include "tests/lib/town.h"

/*
 * Bad lines between the nodes of a town, in a time of their own: nothing here
 * waits, a minute of a line takes as long as what happens in it, and the same
 * seed does the same again.  Bytes leave at the rate of the line, in packets
 * with a head each, and arrive later, in order; a lost packet shows as it does
 * under TCP, by a silence after which all comes at once.  A line is dialled
 * anew when its connection ended, after a wait as net/peer/book.h draws it.
 * Whatever fails in a store fails the test.
 */
enum {
	EMULATOR_LINES_MAX = 40,
	/* Connections of one line: the newest, and older ones of which one end
	 * has not heard yet that they are broken; as many as a node keeps. */
	EMULATOR_CONNECTIONS_MAX = 5,
};

/* What a line is like; 0 is "never" or "no limit" everywhere. */
struct emulator_shape {
	struct pipe_shape pipe; /* each direction */
	/* How old a connection becomes. */
	uint64_t cut_after_ms;
	/* The connection breaks when so many bytes have arrived at end i. */
	uint64_t cut_bytes[2];
	uint64_t reset_every_ms; /* mean time until a connection breaks */
	/* Only the end that dials hears of a break.  The other one keeps its
	 * session, to which what had left still comes, beside the next. */
	bool half_open;
	bool live; /* the sessions do not end by themselves */
	/* Dial at once after a break, not after a drawn wait. */
	bool eager;
};

/* What went over a line; index 0 is the end that dials. */
struct emulator_count {
	uint64_t up_us;		   /* how long it had a connection */
	uint64_t connections;	   /* that were begun */
	uint64_t breaks;	   /* of them, broken by the line */
	uint64_t faults;	   /* of them, ended by a session that failed */
	uint64_t round_trips;	   /* as the dialling sessions counted them */
	uint64_t left_bytes[2];	   /* that left end i, with packet heads */
	uint64_t arrived_bytes[2]; /* at end i, without */
	uint64_t deltas_out[2];	   /* given to the session of end i to send */
	uint64_t deltas_in[2];	   /* durable at end i */
	uint64_t dropped[2];	   /* runs that end i passed over */
};

struct emulator_end {
	struct session *session; /* owned; NULL: it is over at this end */
	bool stirred;		 /* something happened to it */
	bool finishing;		 /* its last words are on their way */
	bool well;		 /* it ended well */
	uint64_t wake_us;
};
struct emulator_connection {
	bool used;
	bool broken; /* nothing more leaves, and end 0 is over */
	bool useful; /* something became durable over it */
	uint64_t opened_us;
	uint64_t break_us;
	struct emulator_end ends[2];
	struct pipe pipes[2]; /* 0 leads to end 0 */
};

struct emulator_line {
	size_t nodes[2];
	struct emulator_shape shape; /* may be changed at any time */
	struct emulator_connection connections[EMULATOR_CONNECTIONS_MAX];
	struct emulator_connection *newest; /* NULL while there is none */
	bool done;			    /* it ended well, or for good */
	uint64_t dial_us;		    /* when it is dialled next */
	unsigned attempt;
	struct emulator_count count;
	struct fault why; /* the last failure of a session */
};

struct emulator {
	struct town *town;	/* borrowed */
	struct squeeze squeeze; /* borrowed by the sessions */
	struct prng prng;
	uint64_t began_ms; /* on the town's clock */
	uint64_t now_us;
	struct emulator_line lines[EMULATOR_LINES_MAX];
	size_t n;
};

/* A world without lines, at time 0.  Ended with emulator_fini. */
void emulator_init(struct emulator *emulator, struct town *town, uint64_t seed);
void emulator_fini(struct emulator *emulator);
/* A line that node `a` dials to node `b`, from the next run on; gives its
 * index. */
size_t emulator_line(struct emulator *emulator, size_t a, size_t b,
    const struct emulator_shape *shape);
/* Breaks the connection that line `i` has now. */
void emulator_cut(struct emulator *emulator, size_t i);
/* The same, for good; emulator_dial makes it come back. */
void emulator_part(struct emulator *emulator, size_t i);
void emulator_dial(struct emulator *emulator, size_t i);
/* Tells all sessions of `node` that its store was written to. */
void emulator_stir(struct emulator *emulator, size_t node);
/* Lets time pass until all lines have done what they have to do: the sessions
 * that end by themselves ended well, live ones are idle and nothing is on its
 * way.  False when that takes longer than `limit_ms`. */
bool emulator_run(struct emulator *emulator, uint64_t limit_ms);
/* The same, but only until line `i` breaks for the first time. */
void emulator_until_break(
    struct emulator *emulator, size_t i, uint64_t limit_ms);
/* Lets `time_ms` pass. */
void emulator_pass(struct emulator *emulator, uint64_t time_ms);
/* What went over line `i` until now, its connection of now included. */
struct emulator_count emulator_count(const struct emulator *emulator, size_t i);

#endif
