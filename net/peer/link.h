#ifndef GOLMOK_NET_PEER_LINK_H
#define GOLMOK_NET_PEER_LINK_H

#include "net/peer/hub.h"
#include "net/peer/valve.h"
#include "net/stream.h"

/*
 * One connection to a peer: a stream, a session, and the times between them.
 * It ends by itself, in one place: LINK_ENDED is the last event, and when the
 * callback returns, the link is gone.
 */
struct link;

enum link_event {
	LINK_UP,    /* the peer is known; once */
	LINK_MOVED, /* something was sent, taken in, or decided; before
		       LINK_UP too */
	LINK_ENDED, /* link_why tells; the last one */
};

/* Never runs inside a call of the functions below. */
typedef void link_event_fn(void *arg, struct link *link, enum link_event event);

/* How much may go over links. */
struct link_limits {
	struct valve *out;  /* borrowed until LINK_ENDED; NULL: no limit */
	struct valve *in;   /* the same */
	uint64_t day_bytes; /* to one peer in a day; 0: any */
};
/* The limits of a process whose links share `rate_bytes` a second each way and
 * send each peer `day_bytes` a day; 0: any.  Ended with link_limits_close,
 * after all links that have a copy. */
void link_limits_open(struct loop *loop, uint64_t rate_bytes,
    uint64_t day_bytes, struct link_limits *limits);
void link_limits_close(struct link_limits *limits);

struct link_config {
	struct hub *hub; /* borrowed until LINK_ENDED */
	struct link_limits limits;
	bool once; /* dialled links: end when nothing is left to do */
	/* Dialled links: join by this; borrowed for link_dial, may be NULL. */
	const struct session_guest *guest;
	/* Accepted links: may what a stranger sent be read now, as
	 * stream_config has it?  Asked until the peer is known; may be NULL. */
	bool (*may_read)(void *arg);
	link_event_fn *on_event;
	void *arg; /* borrowed until LINK_ENDED returned */
};

/* How far the handshake of an accepted link has come. */
enum link_stage {
	LINK_SILENT,   /* nothing arrived */
	LINK_SPOKEN,   /* something did */
	LINK_ANSWERED, /* it was worth an answer */
};

enum {
	/* From the first packet until the peer is known. */
	LINK_HANDSHAKE_MS = 30 * 1000,
	/* For a farewell to reach the peer, and for the peer to close. */
	LINK_LINGER_MS = 5 * 1000,
};

/* Dials `port` of `address` (numbers) into `*link`; `config` is copied.  Errors
 * as stream_connect gives them; no event comes then. */
enum err link_dial(const struct link_config *config, const char *address,
    uint16_t port, struct link **link) MUST_USE;
/* Takes a stream that arrived; inside its on_accept. */
struct link *link_accept(
    const struct link_config *config, struct stream *stream) MUST_USE;
/* Ends `link` with a word to the peer; LINK_ENDED follows.  For a link that is
 * ending already, and for NULL, it does nothing. */
void link_end(struct link *link, enum err why, const char *text);

/* As link_end, but cuts the stream at once: for strangers, whose descriptor is
 * needed.  Also for a link that is ending; NULL does nothing. */
void link_cut(struct link *link, enum err why, const char *text);

/* Where its session stands. */
void link_status(const struct link *link, struct session_status *status);
/* Why it ended; code ERR_OK when it came to its end well. */
const struct fault *link_why(const struct link *link);
/* The other end, as stream_peer has it. */
const char *link_peer(const struct link *link);
bool link_is_initiator(const struct link *link);
bool link_is_up(const struct link *link);
enum link_stage link_stage(const struct link *link);

#endif
