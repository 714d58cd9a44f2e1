#ifndef GOLMOK_NET_PEER_CHANNEL_H
#define GOLMOK_NET_PEER_CHANNEL_H

#include "net/peer/shake.h"
#include "proto/squeeze.h"

/*
 * A secure channel over a byte stream (docs/sync.md §1 and §2): preface, Noise
 * XX with each side's certificate, then batches of messages, compressed where
 * that helps and cut into frames, each one Noise message.  A machine: bytes in,
 * messages out; messages in, bytes out; no socket, no clock, no store.
 */
struct channel;

struct channel_config {
	bool initiator;
	const struct identity *identity; /* borrowed for the channel's life */
	struct dh_secret ephemeral;	 /* 32 random bytes, used once */
	struct squeeze *squeeze;	 /* borrowed scratch of this thread */
	/* An initiator that joins: by this token (copied); NULL for members. */
	const struct shake_token *token;
};

/* A new channel; what the initiator sends first can be taken from channel_out
 * at once.  Ended with channel_free. */
struct channel *channel_new(const struct channel_config *config) MUST_USE;
/* Wipes keys; NULL does nothing. */
void channel_free(struct channel *channel);

/* Takes what arrived; all of `in` is consumed, none of it borrowed.  Any error
 * is final: ERR_MALFORMED for bytes that no honest peer of this city sends,
 * ERR_VERSION for another protocol, ERR_EXISTS when the peer is this node
 * itself. */
enum err channel_feed(struct channel *channel, struct bytes in) MUST_USE;
/* The initiator joins by a token: has its name just been read, so that nothing
 * moves until channel_answer? */
bool channel_asks(const struct channel *channel);
/* The name of the token by which the initiator joins; NULL when by none, or
 * none is known yet. */
const struct token_id *channel_token(const struct channel *channel);
/* After channel_asks: the secret that the link must share; or NULL, when the
 * kept reason `why` speaks against it.  The peer then learns no more than with
 * a wrong secret: nothing.  Takes in what came meanwhile; errors as
 * channel_feed, or `why`. */
enum err channel_answer(
    struct channel *channel, const struct secret *psk, enum err why) MUST_USE;
/* Is the handshake over, so that the peer is known? */
bool channel_is_up(const struct channel *channel);
/* The peer's key of logs, proved by its certificate; only when up. */
const struct sign_key *channel_peer(const struct channel *channel);
/* The handshake's hash, equal on both sides; only when up. */
const struct hash512 *channel_hash(const struct channel *channel);

/* The next message that arrived: true, and `*message`, a view that lives until
 * the next channel_take or channel_feed.  ERR in `*e` for a batch that does not
 * unpack, or is not filled by its messages; final. */
bool channel_take(
    struct channel *channel, struct bytes *message, enum err *e) MUST_USE;
/* Bytes that arrived and wait to be taken. */
size_t channel_waiting(const struct channel *channel);

/* From now on channel_take gives only what channel_clear let through. */
void channel_fence(struct channel *channel);
/* The next batch of messages that was not looked at yet and not taken: true,
 * and `*batch`, a view that lives until the next call on `channel`; it is taken
 * later all the same.  Of a packed one that is large, or does not unpack, the
 * view is empty. */
bool channel_look(struct channel *channel, struct bytes *batch);
/* The next message of such a view, which begins behind it then; false: none is
 * left. */
bool channel_look_next(struct bytes *batch, struct bytes *message);
/* Lets through all that was looked at. */
void channel_clear(struct channel *channel);
/* Is there a message that channel_take would give? */
bool channel_is_ready(const struct channel *channel);
/* Is there a batch that was not looked at yet? */
bool channel_has_news(const struct channel *channel);

/* Adds `message` to the batch that is sent next; only when up.  ERR_LIMIT: it
 * is larger than a batch may be. */
enum err channel_send(struct channel *channel, struct bytes message) MUST_USE;
/* Closes the batch: what was sent so far goes, and what follows is compressed
 * apart.  Errors are final. */
enum err channel_flush(struct channel *channel) MUST_USE;
/* What goes next, after channel_flush: a view that lives until the next call on
 * `channel`. */
struct bytes channel_out(struct channel *channel);
/* So many bytes wait to go, the batch as it is now among them. */
size_t channel_queued(const struct channel *channel);
/* The first `n` bytes of channel_out() were handed to the transport. */
void channel_sent(struct channel *channel, size_t n);

/* Bytes and messages so far, for totals and tests. */
struct channel_count {
	uint64_t in_bytes; /* on the wire */
	uint64_t out_bytes;
	uint64_t in_messages;
	uint64_t out_messages;
	uint64_t in_plain_bytes; /* of messages, before Noise */
	uint64_t out_plain_bytes;
};
void channel_count(const struct channel *channel, struct channel_count *count);

#endif
