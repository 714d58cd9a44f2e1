#ifndef GOLMOK_TESTS_LIB_WIRE_H
#define GOLMOK_TESTS_LIB_WIRE_H

#include "net/peer/session.h"
#include "proto/squeeze.h"
#include "tests/lib/town.h"

/*
 * Sessions between nodes of a town over pipes in memory, run in the circle that
 * net/peer/session.h asks for.  Whatever fails in a store fails the test; what
 * ends a session is for the test to look at.
 */
struct wire_end {
	size_t node;
	struct session *session; /* owned; NULL: the test plays this end */
	struct fault fault;	 /* why it ended */
	struct buf in;		 /* on its way to this end */
	uint64_t cut_after;	 /* bytes that arrive here; then no more */
	uint64_t flip_at;	 /* this byte arrives with a bit flipped */
	bool flipped;		 /* it did, while the session went on */
	uint64_t in_bytes;	 /* that arrived here */
	bool refuse_commit;	 /* its next commit fails */
	bool looks; /* ahead at heads, as a hub with checkers does */
};

struct wire {
	struct town *town;	 /* borrowed */
	struct squeeze squeeze;	 /* borrowed by the sessions */
	struct wire_end ends[2]; /* 0 is the initiator */
	size_t piece;		 /* bytes handed over at once; 0: all */
	size_t rate;		 /* bytes that leave an end in a turn; 0: all */
	bool cut;		 /* one way ended: so does the other */
	uint64_t now_ms;
};

/* A link from node `a` to node `b`; ended with wire_close. */
void wire_open(
    struct wire *wire, struct town *town, size_t a, size_t b, bool once);
void wire_close(struct wire *wire);
/* Both ends take one turn; false when nothing moved. */
bool wire_step(struct wire *wire);
/* Steps all of `n` wires until nothing moves on any. */
void wire_run(struct wire *wires, size_t n);
/* One session of the kind that ends by itself; both must end well. */
void wire_sync(struct town *town, size_t a, size_t b);
/* The status of an end. */
struct session_status wire_status(const struct wire *wire, size_t end);
/* Everything in the store of `node` is as it must be. */
void wire_assert_sound(struct town *town, size_t node);

#endif
