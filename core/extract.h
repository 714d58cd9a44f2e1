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
	struct clock_depth depth;    /* what the receiver may have */
	const struct secret *backup; /* ours: wraps secrets of own logs; NULL:
					no wraps are made.  Borrowed */
	struct sign_key me;	     /* whose logs are own */
};

/* One chunk.  Arrays are in the arena it was cut with, views are of the
 * transaction and live until its next put. */
struct extract_chunk {
	uint64_t from; /* seq of the first header */
	uint64_t end;  /* behind the last */
	const struct bytes *headers;
	size_t headers_n;
	const struct msg_body *bodies; /* by seq, change, class */
	size_t bodies_n;
	size_t bytes; /* of headers, sealed bodies and keys together */
	struct merkle_proof proof; /* from `end` to the newest head held */
};

/* Cuts the next chunk of `log` from header `from` (below its size): whole
 * headers up to LIMIT_CHUNK_SIZE bytes together, or one larger one, at most
 * MSG_HEADERS_MAX, fewer where their bodies come to EXTRACT_BODIES_BYTES.
 * Reads only.  Errors are the store's. */
enum { EXTRACT_BODIES_BYTES = 128 * 1024 };
enum err extract_cut(struct txn *txn, const struct log *log, uint64_t from,
    const struct extract_depth *depth, struct arena *arena,
    struct extract_chunk *chunk) MUST_USE;

/* The bodies of delta `seq` alone that the receiver may have, appended to
 * `*bodies` (arena, `*n` of them so far, room `*room`): for bodies that are
 * owed.  Only secrets of the classes in depth->depth.classes, and with
 * depth->depth.hold tags (and wraps). */
struct extract_bodies {
	struct arena *arena;
	struct msg_body *p;
	size_t n;
	size_t room;
	size_t bytes;
};
enum err extract_bodies(struct txn *txn, const struct log *log, uint64_t seq,
    const struct extract_depth *depth, struct extract_bodies *bodies) MUST_USE;

#endif
