#ifndef GOLMOK_NET_PEER_CALLER_H
#define GOLMOK_NET_PEER_CALLER_H

#include "net/peer/book.h"
#include "net/peer/link.h"

/*
 * Dials whom a node should dial: those whom it was told, those that
 * `golmok peer` keeps, members with addresses, and what is heard on the local
 * network.  It reads the store now and then, so that what changes there is
 * taken up while the node runs.
 */
struct caller;

enum {
	/* How often the store is asked for places: somebody may wait who typed
	 * `golmok peer add`, and it costs two reads. */
	CALLER_READ_MS = 5 * 1000,
};

/* An attempt at `place` failed before there was a link; the thread's error text
 * tells. */
typedef void caller_failed_fn(void *arg, const struct place *place);

struct caller_config {
	struct link_config link; /* events of its links go here */
	struct store *store;	 /* borrowed */
	const struct place *places; /* borrowed; dialled for ever */
	size_t places_n;	    /* at most LIMIT_SESSIONS */
	bool members;		    /* dial members with addresses too */
	caller_failed_fn *on_failed;
	book_linked_fn *is_linked;
	void *arg; /* of these two */
};

/* A caller that begins at once; `config` is copied. */
struct caller *caller_new(const struct caller_config *config) MUST_USE;
/* As book_hint. */
void caller_hint(struct caller *caller, const struct place *place);
/* Dials no more, and ends its links, which still tell their end. */
void caller_stop(struct caller *caller);
/* After caller_stop, once its links have ended (asserted); NULL does nothing.
 */
void caller_free(struct caller *caller);

#endif
