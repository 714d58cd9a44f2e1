#ifndef GOLMOK_NET_PEER_SESSION_H
#define GOLMOK_NET_PEER_SESSION_H

#include "core/store.h"
#include "net/peer/shake.h"

/*
 * The conversation of two nodes (docs/sync.md): secure channel, hello, clocks,
 * runs, live.  A machine over core: bytes in, bytes out; no socket, no clock of
 * its own.  Whoever runs it does, in a circle:
 *
 *	session_feed		what arrived
 *	session_has_work	then, in one write transaction over any number
 *	session_work		of sessions: take in what was received;
 *	session_worked		once, after the commit
 *	session_fill		in a read transaction: decide what to send
 *	session_out, _sent	hand it to the transport
 *	session_tick		when session_wake_ms says so
 *
 * Every error is final for the session; session_out may then still hold a word
 * of farewell to send before the transport is closed.
 */
struct session;
struct news;
struct note_head;
struct notes;

/* What a token says to the node that joins by it. */
struct session_guest {
	struct shake_token token;
	struct sign_key root; /* one that the city must have, or have had */
};

struct session_config {
	bool initiator;
	bool once;	     /* end when both sides have nothing to send */
	struct store *store; /* borrowed for the session's life */
	const struct host *host;
	struct squeeze *squeeze; /* borrowed scratch of this thread */
	uint64_t now_ms;	 /* monotonic, as everywhere below */
	uint64_t day_bytes;	 /* that may go to the peer a day; 0: any */
	/* An initiator that joins: by this (copied); NULL for members. */
	const struct session_guest *guest;
};

/* A conversation over a connection that was just made.  Ended with
 * session_free, which wipes keys; NULL does nothing there. */
struct session *session_new(const struct session_config *config) MUST_USE;
void session_free(struct session *session);

/* Takes what arrived; all of `in` is consumed, none of it borrowed.  No
 * transaction is needed. */
enum err session_feed(
    struct session *session, struct bytes in, uint64_t now_ms) MUST_USE;
/* False when enough has arrived that was not worked on yet: read no more. */
bool session_wants_input(const struct session *session);

/* Is there something that needs a write transaction? */
bool session_has_work(const struct session *session);
/* Takes in what was received, as far as session_allow says; to be called with
 * the store's write transaction open.  ERR of the peer's making
 * (ERR_MALFORMED, ERR_DENIED, ERR_LIMIT, ERR_VERSION) leave the transaction
 * sound: others may still commit theirs, and what this session took in before
 * is verified and may be committed too.  Any other error is the store's. */
enum err session_work(struct session *session, uint64_t now_ms) MUST_USE;
/* How many bytes of messages the next session_work takes in, and no more than
 * fit one transaction; one message always. */
void session_allow(struct session *session, size_t bytes);
/* Of these, how many it took in. */
size_t session_worked_bytes(const struct session *session);
/* The transaction ended with `e`: on ERR_OK what was taken in is durable and is
 * acknowledged; otherwise the session ends. */
void session_worked(struct session *session, enum err e);

/*
 * Looking ahead, for who has the signatures of heads checked elsewhere before
 * they are needed (core/vouch.h).  It is never more than a help.
 */
/* The author of `log` is said to have signed `head`; both borrowed for the
 * call. */
typedef void session_head_fn(
    void *arg, const struct log_name *log, const struct note_head *head);
/* From now on only messages that were looked at and cleared are worked on. */
void session_fence(struct session *session);
/* Did messages arrive that were not looked at yet? */
bool session_has_news(const struct session *session);
/* Looks at some of them, in an open transaction (reading is enough), and calls
 * `fn` with `arg` for each head that core would have to check.  Any error is
 * the store's. */
enum err session_look(
    struct session *session, session_head_fn *fn, void *arg) MUST_USE;
/* What was looked at may be worked on. */
void session_clear(struct session *session);
/* Is there something that session_work would do?  Without a fence, as
 * session_has_work. */
bool session_is_ready(const struct session *session);
/* Bytes of whole messages that wait. */
size_t session_waiting(const struct session *session);

/* What it noticed and whoever runs the node should know; session_work writes
 * it, and whoever ends the session takes care of what is left: asked for this,
 * the session gives back what it has of the day's bytes, too. */
struct notes *session_notes(struct session *session);

/* Puts what the peer should get next into the output, as far as its credit and
 * our queue allow; in an open transaction (reading is enough). */
enum err session_fill(struct session *session, uint64_t now_ms) MUST_USE;

/* Something happened, as `news` of the open transaction say: does session_fill
 * have to be called?  It need not read the feed then.  Any error is the
 * store's. */
enum err session_news(
    struct session *session, const struct news *news, bool *concerns) MUST_USE;
/* Makes no more while `bytes` wait to be sent: as much as the link takes in a
 * second or two, so that what is urgent does not stand behind more than that.
 * At first, and at the most, LIMIT_QUEUE_SIZE. */
void session_pace(struct session *session, size_t bytes);
/* What to send next: a view that lives until the next call on `session`.  What
 * was said since the last time goes as one batch, so it is asked for when the
 * transport can take it. */
struct bytes session_out(struct session *session);
/* The first `n` bytes of session_out() have been handed to the transport. */
void session_sent(struct session *session, size_t n);
/* When to call session_tick at the latest; UINT64_MAX for never. */
uint64_t session_wake_ms(const struct session *session);
/* Time has passed: heartbeats, idle limits.  ERR_PEER when the peer is gone. */
enum err session_tick(struct session *session, uint64_t now_ms) MUST_USE;
/* Ends the session from our side, with a word to the peer. */
void session_end(struct session *session, enum err why, const char *text);

/* Has everything ended well: with `once`, both are idle and all is
 * acknowledged; or the peer said so? */
bool session_is_done(const struct session *session);
/* Nothing to send, nothing under way, nothing expected. */
bool session_is_idle(const struct session *session);

/* Where it stands, for status, progress and tests. */
struct session_status {
	bool up; /* the peer is known */
	struct sign_key peer;
	bool in_sync;	   /* agreed at the hello, or idle both ways */
	uint64_t in_bytes; /* on the wire */
	uint64_t out_bytes;
	uint64_t out_plain_bytes; /* of messages, before the channel */
	uint64_t deltas_in;	  /* taken in and durable */
	uint64_t deltas_out;	  /* sent */
	bool useful; /* something became durable, here or at the peer */
	/* Those that the peer announced, and what had come by then; never less
	 * than came, and otherwise worth as much as its word. */
	uint64_t deltas_expected;
	uint64_t deltas_left_in; /* of these */
	/* Of messages with data, as credit counts them; 0: not announced. */
	uint64_t bytes_expected;
	uint64_t bytes_in_done;	 /* of these, durable here */
	uint64_t bytes_out;	 /* made */
	uint64_t bytes_out_done; /* durable at the peer */
	uint64_t
	    deltas_left_out;	 /* that it lacks, or bodies of, and may have */
	uint64_t bytes_left_out; /* what they are reckoned to weigh */
	uint64_t day_bytes;	 /* its budget; 0: none */
	uint64_t rate_bytes;	 /* the link is held to; 0: to none */
	bool is_held;	  /* it is used up, and something waits for tomorrow */
	uint64_t dropped; /* runs not taken: spaces, strangers, branches */
	uint64_t forked;  /* logs of which it holds another branch */
	uint64_t round_trips; /* changes of direction after the handshake */
};
void session_status(
    const struct session *session, struct session_status *status);

#endif
