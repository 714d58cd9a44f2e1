#ifndef GOLMOK_NET_PEER_HUB_H
#define GOLMOK_NET_PEER_HUB_H

#include "net/loop.h"
#include "net/peer/session.h"

/*
 * Where the sessions of one process meet their store.  In turns on the loop:
 * one write transaction over all sessions that have something to take in (one
 * sync of the disk for all of them), then one read transaction in which those
 * that may have something to say find it.  It also notices what other processes
 * write into the same store, within HUB_WATCH_MS.  No transaction is open
 * between two callbacks.
 */
struct hub;
struct hub_member;

enum {
	/* How often an idle node with links looks whether the store's feed has
	 * grown: one read of one row, which costs microseconds, while somebody
	 * who typed `golmok record put` waits for it to be pushed. */
	HUB_WATCH_MS = 200,
	/* How long what ended sessions noticed waits for a write that happens
	 * anyway: whoever is refused again and again costs one sync of the disk
	 * in that time. */
	HUB_NOTES_MS = 1000,
};

/* The session had its turn: there may be something to send, it may have ended
 * well, or `e`, with its text kept, says how it failed.  May call hub_leave and
 * hub_wake. */
typedef void hub_turn_fn(void *arg, enum err e);

/* `loop`, `store` and `host` are borrowed for the hub's life. */
struct hub *hub_new(
    struct loop *loop, struct store *store, const struct host *host) MUST_USE;
/* All members must have left (asserted); what they noticed last is written.
 * NULL does nothing.  Leaves the kept error as it was. */
void hub_free(struct hub *hub);

/* What the hub was made with. */
struct loop *hub_loop(const struct hub *hub);
/* As above. */
const struct host *hub_host(const struct hub *hub);
/* For how long no session has had a turn. */
uint64_t hub_quiet_ms(const struct hub *hub);
/* A new session on the hub's store as `config` says (initiator, once, guest;
 * the rest is the hub's to fill in), ended with session_free. */
struct session *hub_session(
    struct hub *hub, const struct session_config *config) MUST_USE;

/* `session` (borrowed until hub_leave) takes part from now on; `turn` is called
 * with `arg` after each of its turns. */
struct hub_member *hub_join(struct hub *hub, struct session *session,
    hub_turn_fn *turn, void *arg) MUST_USE;
/* No callback comes after this call.  NULL does nothing. */
void hub_leave(struct hub_member *member);
/* Something arrived for the session, or was sent, or its time has come: it gets
 * a turn soon. */
void hub_wake(struct hub_member *member);

#endif
