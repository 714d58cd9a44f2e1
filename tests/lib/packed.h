#ifndef GOLMOK_TESTS_LIB_PACKED_H
#define GOLMOK_TESTS_LIB_PACKED_H

#include "tests/lib/prng.h"
#include "tests/lib/replica.h"

/*
 * A log of random deltas of all kinds in a replica, and what each of them is
 * known to be, whatever happens to it.  A writer is always open.  Whatever
 * fails here fails the test.
 */
enum { PACKED_BODIES_MAX = 8, PACKED_DELTAS_MAX = 2000 };

/* What a delta is known to be. */
struct packed_delta {
	struct buf header; /* owned */
	bool opaque;
	size_t n;
	struct stored_body bodies[PACKED_BODIES_MAX]; /* all that it ever had */
	struct buf sealed[PACKED_BODIES_MAX];	      /* owned */
	enum body_form form[PACKED_BODIES_MAX];	      /* as held; 0: not */
};

struct packed {
	struct replica *replica;
	struct prng prng;
	struct packed_delta *deltas; /* owned */
	size_t n;
	uint64_t stamp;
	struct hash leaf; /* of the newest */
	bool plain;	  /* nothing opaque or large */
};

/* Begins with an empty log under `seed`; ended with packed_end. */
struct packed packed_begin(struct replica *replica, uint64_t seed);
void packed_end(struct packed *w);
/* A log of `n` deltas, none opaque or large. */
struct packed packed_plain(struct replica *replica, uint64_t n);
/* A random number below `n`. */
uint64_t packed_below(struct packed *w, uint64_t n);
struct log *packed_log(struct txn *txn);
/* Appends a random delta, some of its bodies with it. */
void packed_append(struct packed *w);
/* A body comes late, or its secret, or a wrap. */
void packed_put(struct packed *w);
/* The body `i` of a delta in the form `form`. */
struct stored_body packed_form(
    const struct packed_delta *known, size_t i, enum body_form form);
/* Packs all, in steps of `budget`. */
void packed_pack(struct packed *w, bool rest, uint64_t budget);
/* Signs the head. */
void packed_sign(struct packed *w);
/* Does the delta `seq`, or each, read as it is known? */
void packed_look(struct packed *w, uint64_t seq);
void packed_look_all(struct packed *w);

#endif
