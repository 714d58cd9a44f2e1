#ifndef GOLMOK_NET_NODE_H
#define GOLMOK_NET_NODE_H

#include "net/peer/session.h"

/*
 * THE DOOR of net: one node on its store, for as long as somebody wants it.
 * Nobody else knows both the peers and, later, the people's side.
 */

/* How much may go over the links of a node; zeros: any. */
struct node_limits {
	/* A second, of all links together and each way; at least
	 * BUDGET_RATE_MIN, at most LIMIT_RATE. */
	uint64_t rate_bytes;
	/* To each peer in a day, UTC; authority and urgent spaces go on. */
	uint64_t day_bytes;
};

/* What a node tells; the text is one line without its end. */
enum node_news {
	NODE_LISTENS, /* the text is HOST:PORT as it really is */
	NODE_LINKED,
	NODE_UNLINKED, /* a link that was up has ended */
	NODE_REFUSED,  /* a connection that never came up */
};
typedef void node_news_fn(void *arg, enum node_news news, const char *text);

struct node_config {
	struct store *store; /* borrowed, as all below */
	const struct host *host;
	const char *listen;	  /* HOST:PORT in numbers, or NULL */
	const char *const *peers; /* HOST:PORT each, dialled for ever */
	size_t peers_n;
	struct node_limits limits;
	bool members; /* dial members with addresses, too */
	bool lan;     /* call and hear on the local network; needs `listen` */
	const char *lan_interface; /* only there; NULL: all but loopback */
	node_news_fn *on_news;
	void *arg;
};

/* Listens and dials until SIGINT or SIGTERM comes; then takes leave of all
 * peers and comes back.  ERR_USAGE for an address that is none, ERR_BUSY for a
 * port that is taken, ERR_IO. */
enum err node_serve(const struct node_config *config) MUST_USE;

struct node_sync {
	struct store *store; /* borrowed, as all below */
	const struct host *host;
	const char *peer;    /* HOST:PORT */
	uint64_t timeout_ms; /* without a byte from the peer */
	struct node_limits limits;
	/* Join by this token; NULL for members. */
	const struct session_guest *guest;
	/* Told about each step; may be NULL. */
	void (*on_progress)(void *arg, const struct session_status *status);
	void *arg;
};

/* One conversation with one peer, until neither has anything left to send;
 * `*status` says what came of it, also after an error.  ERR_PEER when the peer
 * cannot be reached or stops; what it sent before is kept. */
enum err node_sync_once(
    const struct node_sync *sync, struct session_status *status) MUST_USE;

#endif
