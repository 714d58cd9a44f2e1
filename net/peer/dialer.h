#ifndef GOLMOK_NET_PEER_DIALER_H
#define GOLMOK_NET_PEER_DIALER_H

#include "net/peer/book.h"
#include "net/peer/link.h"

/*
 * One attempt at one place: asks the resolver if need be, dials, and lives as
 * long as the link that comes of it.
 */
struct dialer;

struct dialer_end {
	uint64_t number; /* of the call */
	struct place place;
	bool tried;	/* there was a link, whose events have told of it */
	bool is_useful; /* and something became durable over it */
	bool is_self;	/* this node itself answered */
};
/* The attempt failed, with the thread's error text unless there was a link; or
 * its link has ended.  The dialer is gone when this returns. */
typedef void dialer_ended_fn(
    void *arg, struct dialer *dialer, const struct dialer_end *end);
/* It has become a link with `peer`. */
typedef void dialer_up_fn(
    void *arg, uint64_t number, const struct sign_key *peer);

struct dialer_config {
	struct link_config link; /* events of the link go here */
	struct book_call call;
	dialer_up_fn *on_up;
	dialer_ended_fn *on_ended;
	void *arg; /* of these two */
};

/* An attempt that begins in the next turn of the loop; `config` is copied. */
struct dialer *dialer_new(const struct dialer_config *config) MUST_USE;
/* The number of its call. */
uint64_t dialer_number(const struct dialer *dialer);
/* Ends the attempt, or its link, which is told `why`; dialer_ended_fn follows,
 * for an attempt without a link at once. */
void dialer_stop(struct dialer *dialer, const char *why);

#endif
