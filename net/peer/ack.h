#ifndef GOLMOK_NET_PEER_ACK_H
#define GOLMOK_NET_PEER_ACK_H

#include "net/peer/talk.h"

/* What is told to the peer, and what it told us, once it is durable. */

/* The log `id`, whose entry in the ledger has its number, was written to: the
 * peer is told after the commit. */
void ack_touch(struct talk *talk, const struct log_id *id);
/* At the end of a session's work, in the write transaction: reads what we shall
 * have of the logs touched, and writes down what the peer has. */
enum err ack_prepare(struct talk *talk) MUST_USE;
/* The transaction was committed: what was taken in is told. */
enum err ack_committed(struct talk *talk) MUST_USE;
/* Tells how much is durable, unless that is told, or the peer does not read. */
enum err ack_credit(struct talk *talk) MUST_USE;
void ack_fini(struct talk *talk);

#endif
