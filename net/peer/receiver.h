#ifndef GOLMOK_NET_PEER_RECEIVER_H
#define GOLMOK_NET_PEER_RECEIVER_H

#include "net/peer/talk.h"

/* Takes in messages that wait in the channel, up to a bound for one
 * transaction, in the open write transaction; errors as session_work. */
enum err receiver_work(struct talk *talk) MUST_USE;
/* The chunk that waits for its bodies, and its memory, are dropped. */
void receiver_fini(struct talk *talk);

#endif
