#ifndef GOLMOK_NET_STREAM_H
#define GOLMOK_NET_STREAM_H

#include "proto/bytes.h"
#include "proto/err.h"

struct loop;

/*
 * One TCP byte stream with a bounded queue and one end.
 *
 * Life: stream_connect or a listener makes it; exactly one `on_close` ends it.
 * Whatever goes wrong (refused, reset, vanished) closes the stream by itself
 * and shows as the `why` of on_close; stream_close does the same at any time,
 * from any callback.  After stream_close no callback comes but on_close, which
 * never runs inside a call of ours; when it returns, the stream is freed.
 *
 * Queue: `queue_size` is the room for what the owner sends of its own accord:
 * it writes while stream_room() is not 0 (the last message may be larger than
 * that), and is told by on_room when it is worth asking again.  Answers to what
 * was read may go beyond it; at twice the size reading stops until they are
 * sent, at four times stream_write says ERR_FULL.  The middle mark is higher
 * than the first on purpose: if bulk data alone stopped reading, two peers that
 * both send much would wait for each other for ever.
 *
 * Time: a stream has no limits of time.  The owner gives them (connecting,
 * idle, finishing) with a loop_timer and stream_close.
 */
struct stream;

typedef void stream_event_fn(void *arg);
/* `in` is at least one byte, and borrowed for the call. */
typedef void stream_read_fn(void *arg, struct bytes in);
/* `why` has the code ERR_OK after stream_close, or when both ends finished. */
typedef void stream_close_fn(void *arg, const struct fault *why);

struct stream_config {
	size_t queue_size; /* at least 1 */
	/* May bytes be read now?  Asked before each read; after a no it is asked
	 * again in the next turn of the loop; may be NULL. */
	bool (*may_read)(void *arg);
	/* The connection stands; only for stream_connect; may be NULL. */
	stream_event_fn *on_connect;
	stream_read_fn *on_read;
	/* The peer sends nothing more, but may still read: answer what is to
	 * be answered, then stream_finish, or stream_close.  At most once. */
	stream_event_fn *on_end;
	/* More than half of the queue size was unsent, and now half or less
	 * is; may be NULL. */
	stream_event_fn *on_room;
	stream_close_fn *on_close;
	void *arg; /* borrowed until on_close returned */
};

/* Starts a connection to `port` of `address`, an IPv4 or IPv6 address as
 * numbers, into `*stream`; `config` is copied.  Writing may begin at once.
 * ERR_USAGE for an address that is none, ERR_IO or ERR_PEER when the system
 * refuses at once; there is no stream then, and no callback comes.  A refusal
 * by the other side comes as on_close. */
enum err stream_connect(struct loop *loop, const char *address, uint16_t port,
    const struct stream_config *config, struct stream **stream) MUST_USE;

/* Appends `b` to what is to be sent, in order; it is copied.  ERR_FULL, and
 * nothing is taken, when four times the queue size would be exceeded.
 * ERR_PEER when the stream is closing or finished. */
enum err stream_write(struct stream *stream, struct bytes b) MUST_USE;
/* Bytes that the owner may write of its own accord now. */
size_t stream_room(const struct stream *stream);
/* From now on the owner's room is `bytes`, at least 1 and at most the queue
 * size, for on_room too: as much as a slow link is to keep waiting. */
void stream_room_set(struct stream *stream, size_t bytes);
/* Bytes that were written and are not yet in the system's hands. */
size_t stream_unsent(const struct stream *stream);
/* While `held` is true nothing is read, so that the peer has to wait: for an
 * owner who has not yet worked off what arrived.  What the peer does meanwhile,
 * even its end, shows when `held` is false again. */
void stream_hold(struct stream *stream, bool held);
/* No more than `bytes` (not 0) come with one on_read. */
void stream_read_most(struct stream *stream, size_t bytes);
/* The system keeps no more than about `bytes` that were not read yet: whoever
 * reads slowly on purpose must not let them pile up there. */
void stream_tighten(struct stream *stream, size_t bytes);
/* Nothing more will be written: what is queued is sent, then the peer is told
 * (half-close).  Reading goes on; when the peer has ended too, the stream
 * closes by itself.  Calling it again does nothing. */
void stream_finish(struct stream *stream);
/* Closes now; what is unsent is lost.  Calling it again does nothing.  NULL
 * does nothing. */
void stream_close(struct stream *stream);
/* The other end, as "192.0.2.1:4242" or "[2001:db8::1]:4242"; for people, and
 * for counting by address.  Lives as long as the stream. */
const char *stream_peer(const struct stream *stream);

/*
 * A place where streams arrive.
 */
struct stream_listener;
/* A new stream, at rest.  The callback must call stream_start on it; a stream
 * that was not started when the callback returns is closed, without a further
 * callback: this is how one refuses it. */
typedef void stream_accept_fn(void *arg, struct stream *stream);

/* Who takes the streams that arrive. */
struct stream_taker {
	stream_accept_fn *on_accept;
	void *arg; /* borrowed until stream_listener_close */
};

/* Listens at `port` (0: any free one) of `address`, an IPv4 or IPv6 address of
 * this machine as numbers; "::" is all of them.  `taker` is copied.
 * ERR_USAGE for an address that is none, ERR_BUSY when the port is taken,
 * ERR_IO otherwise. */
enum err stream_listen(struct loop *loop, const char *address, uint16_t port,
    const struct stream_taker *taker,
    struct stream_listener **listener) MUST_USE;
/* The port that `listener` really has. */
uint16_t stream_listener_port(const struct stream_listener *listener);
/* No stream arrives after this call; those that did live on.  NULL does
 * nothing. */
void stream_listener_close(struct stream_listener *listener);

/* Gives an accepted stream its owner; reading begins.  Once, inside on_accept.
 * `config` is copied. */
void stream_start(struct stream *stream, const struct stream_config *config);

#endif
