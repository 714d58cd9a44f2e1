#ifndef GOLMOK_CORE_EXTRACT_H
#define GOLMOK_CORE_EXTRACT_H

#include "core/clock.h"

/*
 * Cuts chunks out of logs for somebody who may have them: headers in order,
 * the bodies that go with them to the depth of the receiver, and the proof from
 * their end to the log's head.  Sessions (net/peer/sender.c), parcels and
 * bundles all send what is made here; nobody else decides which body goes to
 * whom.
 */

/* For whom, and how much of each body. */
struct extract_depth {
	struct clock_depth depth; /* what the receiver may have */
	struct sign_key me;	  /* whose logs are own */
	/* Ours: wraps secrets of own logs; NULL: no wraps are made.  Borrowed.
	 */
	const struct secret *backup;
	/* Of so many leading deltas the receiver has what is sealed: a secret
	 * then goes alone. */
	uint64_t held;
	bool wraps; /* only tags with wraps, for what is there already */
};

/* Bodies as they are sent; a zeroed one with its arena is empty. */
struct extract_bodies {
	struct arena *arena; /* borrowed; has the array */
	struct msg_body *p;  /* by seq, change, class; views as below */
	size_t n;
	size_t room;
	size_t bytes; /* of what is sealed, keys and wraps together */
	size_t most;  /* of these in one message; 0: as is usual */
	size_t bare;  /* passed over as they are open here: no wrap is here */
};

/* One chunk.  Arrays are in its arena, views are of the transaction and live
 * until its next put. */
struct extract_chunk {
	struct arena *arena; /* set before it is cut; borrowed */
	uint64_t from;	     /* seq of the first header; set too */
	/* For a slow link: bytes at which it ends even if more would fit; 0:
	 * none.  Set too. */
	size_t most;
	uint64_t end; /* behind the last */
	const struct bytes *headers;
	size_t headers_n;
	struct extract_bodies bodies;
	size_t bytes;		   /* of headers and bodies together */
	struct merkle_proof proof; /* from `end` to the newest head held */
};

/* Sealed bodies, keys and wraps that go with one chunk of headers. */
enum { EXTRACT_BODIES_BYTES = 128 * 1024 };

/* Cuts the chunk of `log` that begins with header chunk->from (below its size):
 * whole headers up to LIMIT_CHUNK_SIZE bytes together, or one larger one, at
 * most MSG_HEADERS_MAX, fewer where their bodies reach EXTRACT_BODIES_BYTES, or
 * all together chunk->most.
 * Reads only.  Errors are the store's. */
enum err extract_cut(struct txn *txn, const struct log *log,
    const struct extract_depth *depth, struct extract_chunk *chunk) MUST_USE;

/* Adds to `bodies` those of the delta `seq` alone that the receiver may have:
 * for bodies that are owed. */
enum err extract_bodies(struct txn *txn, const struct log *log, uint64_t seq,
    const struct extract_depth *depth, struct extract_bodies *bodies) MUST_USE;

/* The next of `bodies`, from the index `*at` on, which rises, that fit one
 * message; false at the end. */
bool extract_message(const struct extract_bodies *bodies, size_t *at,
    struct msg_bodies *message) MUST_USE;

#endif
