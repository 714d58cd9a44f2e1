#ifndef GOLMOK_CORE_EVENTS_H
#define GOLMOK_CORE_EVENTS_H

#include "core/authority.h"

/*
 * What whoever runs a node should know: who was refused, what was not taken,
 * which logs split.  Private to this store, durable, bounded.  The same event
 * again is counted, not added, and each peer has a share of the room, all
 * strangers together one: nobody fills the disk or pushes the events of others
 * out.
 */
enum event_kind {
	EVENT_PEER_REFUSED = 1,	  /* no session with it */
	EVENT_PEER_MALFORMED,	  /* it broke the protocol */
	EVENT_TOKEN_REFUSED,	  /* a token to join, wrong or used up */
	EVENT_PUSH_REFUSED,	  /* it sent a log that is not taken */
	EVENT_ASK_REFUSED,	  /* it asked for what it may not have */
	EVENT_LOG_FORKED,	  /* the author's log goes on in two ways */
	EVENT_OWN_LOG_RENEWED,	  /* this node goes on in another log */
	EVENT_GRANT_REFUSED,	  /* a fact in `authority` that counts not */
	EVENT_AUTHORITY_CONFLICT, /* facts there contradict each other */
	EVENT_BUDGET_USED,	  /* the bytes of a day for a peer */
	EVENT_PACK_CHANGED,	  /* another version is in force */
	EVENT_PACK_REFUSED,	  /* a later version cannot be */
	EVENT_KINDS,
};

struct event {
	uint64_t number;   /* rises; a repeated event gets a new one */
	uint64_t first_ms; /* of the wall */
	uint64_t last_ms;  /* of the last repetition */
	uint64_t count;	   /* repetitions; at least 1 */
	enum event_kind kind;
	bool is_stranger;     /* `peer` is no member that we know */
	struct sign_key peer; /* or author; zeros: this node itself */
	struct space space;   /* empty: none */
	struct bytes text;    /* for people; cut to LIMIT_EVENT_TEXT bytes */
};

/* Notes `event` in the open write transaction, as of now; its number and times
 * are given here.  Failures of LMDB are kept in `txn`. */
void events_put(struct txn *txn, const struct event *event);
/* The first event after `number` (0: the oldest), with views that live until
 * the next put; false at the end, or on a failure, which `txn` keeps. */
bool events_next(
    struct txn *txn, uint64_t number, struct event *event) MUST_USE;
/* Notes the facts that came onto the feed in the open transaction and that
 * `authority`, as it is now, leaves outside for more than want of what may
 * still come. */
void events_authority(struct txn *txn, const struct authority *authority);
/* "peer-refused"; static. */
const char *events_kind_text(enum event_kind kind);

#endif
