#ifndef GOLMOK_NET_PEER_NOTES_H
#define GOLMOK_NET_PEER_NOTES_H

#include "core/events.h"
#include "net/peer/quota.h"

/*
 * What sessions noticed and whoever runs the node should know, until a write
 * transaction that happens anyway takes it along.  Memory is bounded: what is
 * told again is counted, and beyond the room only how much was left out.
 */
enum {
	/* Different things that wait, of one session and of all of them. */
	NOTES_MAX = 16,
};

struct note {
	enum event_kind kind;
	bool is_stranger;
	struct sign_key peer;
	struct space space;
	uint64_t count;
	char text[LIMIT_EVENT_TEXT + 1];
};

/* What sessions with a peer were granted of a day's bytes, and what they used
 * of that. */
struct note_grant {
	struct sign_key peer;
	uint64_t day;
	uint64_t granted;
	uint64_t used;
};

struct notes {
	struct note *list; /* owned */
	size_t n;
	size_t room;
	uint64_t lost;		   /* not listed for want of room */
	struct note_grant *grants; /* owned; one for each peer and day */
	size_t grants_n;
	size_t grants_room;
};

/* Drops what was not written. */
void notes_fini(struct notes *notes);
/* Adds what was `told` (number and times are not looked at; its text is copied,
 * up to LIMIT_EVENT_TEXT). */
void notes_add(struct notes *notes, const struct event *told);
/* Adds a grant that has ended. */
void notes_grant(struct notes *notes, const struct note_grant *grant);
/* Does something wait to be written? */
bool notes_wait(const struct notes *notes);
/* Moves all of `from` to `to`. */
void notes_move(struct notes *to, struct notes *from);
/* Writes them in the open write transaction, as events and in what is counted
 * of each peer; they are gone then. */
void notes_write(struct notes *notes, struct txn *txn);

#endif
