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
 *
 * Signatures of heads are checked on other threads (net/peer/checker.h): what
 * arrived is looked at, and has its turn when the answers are there, while this
 * thread stores what was looked at before.
 *
 * One transaction takes in HUB_WORK_BYTES at most, shared out evenly among
 * those that have something; who got nothing is the first in the next one.
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
	/* Received bytes that one transaction takes in, over all sessions: some
	 * thousand deltas.  More would hold up the urgent ones among those that
	 * arrive meanwhile, and LMDB keeps in memory each page that they touch.
	 */
	HUB_WORK_BYTES = 2 * 1024 * 1024,
	/* Heads of one look: what the threads check while one transaction is
	 * stored.  A city's centres with one each; with more, all that waits is
	 * in one look, and threads and store take turns in doing nothing. */
	HUB_HEADS_MAX = 424,
	/* Whole messages that wait in memory, over all sessions: beyond them is
	 * read only from who has none waiting.  A busy aggregator thereby needs
	 * no more memory with 424 links than with a dozen. */
	HUB_WAITING_BYTES = 8 * 1024 * 1024,
	/* What all links together may have unsent of their own accord, shared
	 * out evenly; no link is given less than HUB_QUEUE_MIN. */
	HUB_QUEUE_BYTES = 16 * 1024 * 1024,
	HUB_QUEUE_MIN = 32 * 1024,
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
/* Is there memory for more that arrives for the session?  Asked anew after each
 * of its turns. */
bool hub_wants_input(const struct hub_member *member);
/* How many bytes a link may have unsent of its own accord, now. */
size_t hub_queue_size(const struct hub *hub);
/* Something arrived for the session, or was sent, or its time has come: it gets
 * a turn soon. */
void hub_wake(struct hub_member *member);

#endif
