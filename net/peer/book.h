#ifndef GOLMOK_NET_PEER_BOOK_H
#define GOLMOK_NET_PEER_BOOK_H

#include "core/host.h"
#include "net/place.h"
#include "proto/crypto.h"
#include "proto/limits.h"

/*
 * The book of places to dial (docs/sync.md §11), and when to dial which.  A
 * machine: it dials nobody itself.  Places come from three sources, in order of
 * trust; whatever a place promises, who answers there proves it.
 *
 * A place that failed, or whose link ended, is tried again after a wait that is
 * drawn between 0 and a bound, which doubles from BOOK_WAIT_MIN_MS to
 * BOOK_WAIT_MAX_MS, so that 424 centres do not all come back in the second in
 * which an aggregator does.
 */
struct book;

enum book_trust {
	BOOK_CONFIGURED, /* by who runs the node: dialled for ever */
	BOOK_MEMBER,	 /* from member records: so many as are wanted */
	BOOK_HINT,	 /* heard on the local network: seldom */
};

enum {
	BOOK_WAIT_MIN_MS = 1000,
	BOOK_WAIT_MAX_MS = 15 * 60 * 1000,
	/* A link that held for so long, or over which something became durable,
	 * was a good one: the bound begins anew.  A line that is cut every 20
	 * seconds carries something each time. */
	BOOK_GOOD_MS = 30 * 1000,
	/* How often one looks whether a place that need not be dialled now is
	 * needed again. */
	BOOK_LOOK_MS = 4 * 1000,
	/* A place that leads back to this node: addresses change hands, but
	 * not often. */
	BOOK_SELF_MS = 60 * 60 * 1000,
	/* A member all of whose addresses failed so often stands in nobody's
	 * way. */
	BOOK_FAILING = 3,
};

/* Is there a link with `peer`, whoever dialled it? */
typedef bool book_linked_fn(void *arg, const struct sign_key *peer);

struct book_config {
	const struct host *host; /* borrowed; its randomness is used */
	book_linked_fn *is_linked;
	void *arg;
};

/* An empty book; `config` is copied.  Ended with book_free, where NULL does
 * nothing. */
struct book *book_new(const struct book_config *config) MUST_USE;
void book_free(struct book *book);

/* The configured places are these `n` (at most LIMIT_SESSIONS) from `now_ms`
 * on: new ones are due at once, others are forgotten. */
void book_configure(
    struct book *book, const struct place *places, size_t n, uint64_t now_ms);

/* A member with addresses, in the order to try. */
struct book_member {
	struct sign_key key;
	size_t places_n;
	struct place places[LIMIT_ADDRESSES];
};
/* The members to dial are these `n` (at most LIMIT_KIN), the best first: so
 * many that with those who are linked LIMIT_KIN_LINKS are reached, and one
 * place of each at a time. */
void book_members(struct book *book, const struct book_member *members,
    size_t n, uint64_t now_ms);

/* Somebody of the city seems to be at `place`.  Of places that are known
 * otherwise, one that waits is tried sooner. */
void book_hint(struct book *book, const struct place *place, uint64_t now_ms);

/* An attempt that is to be made, or its link. */
struct book_call {
	uint64_t number;
	struct place place;
	unsigned turn; /* of attempts at this place, for the resolver */
};
/* Is there a place to dial now?  It counts as being dialled until
 * book_ended. */
bool book_next(
    struct book *book, uint64_t now_ms, struct book_call *call) MUST_USE;
/* When to ask book_next again at the latest; UINT64_MAX for never. */
uint64_t book_wake_ms(const struct book *book);
/* Is the place of the call `number` still in the book?  If not, its link should
 * end. */
bool book_has(const struct book *book, uint64_t number);
/* The call `number` has become a link with `peer`. */
void book_up(struct book *book, uint64_t number, const struct sign_key *peer,
    uint64_t now_ms);
/* Over the link of call `number` something became durable, here or there: it
 * was a good one, however short.  To be said before book_ended. */
void book_served(struct book *book, uint64_t number);
/* The call `number`, or its link, has ended; `is_self`: this node itself
 * answered. */
void book_ended(
    struct book *book, uint64_t number, bool is_self, uint64_t now_ms);
/* How many places of `trust` it holds. */
size_t book_count(const struct book *book, enum book_trust trust);

/* How long to wait before attempt number `attempt` (from 0), by `random`: below
 * the bound of that attempt. */
uint64_t book_wait_ms(unsigned attempt, uint64_t random);

#endif
