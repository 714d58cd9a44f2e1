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

/* Looks at the run that a peer announces; `*log` is the log, made when it is
 * new, and stays valid until the transaction ends.  ERR_DENIED: its author is a
 * stranger here.  ERR_LIMIT: more logs than a member or a store may have.
 * ERR_MALFORMED: the head is not signed by its author, or contradicts what is
 * held (the text says that the log is forked). */
enum err intake_run(struct txn *txn, const struct authority *authority,
    const struct city_id *city, const struct msg_run *run,
    struct log **log) MUST_USE;

/* What we may have of a space. */
struct intake_accept {
	bool hold;	  /* sealed bodies */
	unsigned classes; /* secrets of these */
};

/* Headers with their bodies as they came. */
struct intake_chunk {
	const struct msg_run *run;
	uint64_t from; /* seq of the first header */
	const struct bytes *headers;
	size_t headers_n;
	const struct merkle_proof *proof;
	const struct msg_body *bodies; /* by seq, change, class */
	size_t bodies_n;
	const struct authority *authority;
	struct intake_accept accept;
};

/* Takes what is new of a chunk of `log` onto the road.  What we hold already is
 * passed over; `*gap` says that the chunk begins beyond what we hold, and then
 * nothing was done.  `*taken` counts new deltas.  ERR_MALFORMED: the headers do
 * not lead to the head, or a body does not fit its commitment or is out of
 * order. */
enum err intake_chunk(struct txn *txn, struct log *log,
    const struct intake_chunk *chunk, bool *gap, uint64_t *taken) MUST_USE;

/* Takes a body that was owed.  One that we may not have, or that is of a header
 * not held, is passed over.  ERR_MALFORMED when it does not fit its commitment.
 */
enum err intake_body(struct txn *txn, struct log *log,
    const struct msg_body *body, struct intake_accept accept) MUST_USE;

#endif
