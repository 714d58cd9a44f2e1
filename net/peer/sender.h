#ifndef GOLMOK_NET_PEER_SENDER_H
#define GOLMOK_NET_PEER_SENDER_H

#include "net/peer/talk.h"

/* Puts into the channel what the peer should get next: the hello, clocks, runs,
 * news, as far as credit and the channel's queue allow; in an open transaction.
 * ERR_DENIED: the peer is no member. */
enum err sender_fill(struct talk *talk) MUST_USE;
/* Is nothing left to send, as far as is known without the store? */
bool sender_is_idle(const struct talk *talk);

#endif
