#ifndef GOLMOK_CORE_INTAKE_H
#define GOLMOK_CORE_INTAKE_H

#include "core/authority.h"
#include "proto/msg.h"

/*
 * What peers send is judged here before it goes onto the road: by whom a log is
 * written, that its head is signed, that headers lead to that head, that bodies
 * are what their headers promised.  Errors of the peer's making leave the
 * transaction as sound as it was.
 */

/* Looks at the run that a peer announces, whose name has its city; `*id` is the
 * log's, before any fork.  Writes nothing, unless the head shows that this node
 * was set back in time (own_received).  ERR_DENIED: its author is a stranger
 * here.  ERR_LIMIT: more logs than a member or a store may have.  ERR_FORKED:
 * the run may be taken, and its head alone proves that the log is forked.
 * ERR_MALFORMED: the head is not signed by its author. */
enum err intake_run(struct txn *txn, const struct authority *authority,
    const struct msg_run *run, struct log_id *id) MUST_USE;

/* The root of the head of `run`, which is not said, since `chunk` ends there:
 * of what is held of the log up to run->from, in whatever branch, and its
 * headers.
 * `*found` false: nothing that is held has so many headers.  Of several
 * branches the one is meant that gives what the author signed, if one does. */
enum err intake_root(struct txn *txn, const struct msg_run *run,
    const struct msg_chunk *chunk, struct hash *root, bool *found) MUST_USE;

/* What we may have of a log, from the peer that sends it. */
struct intake_accept {
	bool hold;	  /* sealed bodies */
	unsigned classes; /* secrets of these */
	bool from_author; /* it wrote the log, so its wraps are right */
	/* A log of ours: the key that opens its wraps.  Borrowed; else NULL. */
	const struct secret *backup;
};

/* Headers with their bodies as they came. */
struct intake_chunk {
	const struct msg_run *run;
	struct log_id log; /* as intake_run gave it */
	uint64_t from;	   /* seq of the first header, below 2^63 */
	const struct bytes *headers;
	size_t headers_n;
	const struct merkle_proof *proof;
	const struct msg_body *bodies; /* by seq, change, class; may be part */
	size_t bodies_n;
	const struct authority *authority;
	struct intake_accept accept;
	struct log_no near; /* where the chunk before went; 0: not known */
};

/* What became of a chunk. */
struct intake_taken {
	struct log *log; /* that has the headers; NULL: none is held */
	bool gap;	 /* it begins beyond what is held: nothing was done */
	uint64_t deltas; /* new ones */
	bool split;	 /* they begin another branch than was held */
};

/* Takes what is new of a chunk onto the road; the log is made when it is new,
 * and when a signed head proves that the headers are others than those held, a
 * branch is (core/forks.h).  Of headers held already, bodies that were owed are
 * taken before.  Its new headers are taken all or none.  ERR_MALFORMED: the
 * headers do not lead to the head, or bodies are out of order or do not fit
 * their commitments.  ERR_DENIED: the city is not known here yet, and this log
 * does not found it.  ERR_LIMIT: there is no room for another branch.
 * ERR_FORKED: the headers do not go on from anything that we hold. */
enum err intake_chunk(struct txn *txn, const struct intake_chunk *chunk,
    struct intake_taken *taken) MUST_USE;

/* Takes a body that was owed.  One that we may not have, or that is of a header
 * not held, is passed over.  ERR_MALFORMED when it does not fit its commitment.
 * A wrap that comes with a body is opened where accept.backup can, else kept;
 * one that should open and does not is passed over. */
enum err intake_body(struct txn *txn, struct log *log,
    const struct msg_body *body, struct intake_accept accept) MUST_USE;

#endif
