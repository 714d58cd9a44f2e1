#ifndef GOLMOK_NET_PEER_AHEAD_H
#define GOLMOK_NET_PEER_AHEAD_H

#include "net/peer/session.h"

/*
 * Looking ahead: which signed heads will the messages that wait in a session
 * ask core about?  So that their signatures can be checked elsewhere before the
 * session has its turn.  Part of net/peer/session.c.
 */
struct talk;

/* Looks at what arrived since the last look, in a transaction (reading is
 * enough), and calls `fn` with each head that core would check; at most
 * AHEAD_HEADS_MAX of them, the rest waits for the next look. */
enum err ahead_look(struct talk *talk, session_head_fn *fn, void *arg) MUST_USE;

/* Ends what it keeps in `talk`. */
void ahead_fini(struct talk *talk);

#endif
