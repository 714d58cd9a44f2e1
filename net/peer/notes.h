#ifndef GOLMOK_NET_PEER_NOTES_H
#define GOLMOK_NET_PEER_NOTES_H

#include "core/events.h"

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

struct notes {
	struct note *list; /* owned */
	size_t n;
	size_t room;
	uint64_t lost; /* not listed for want of room */
};

/* Drops what was not written. */
void notes_fini(struct notes *notes);
/* Adds what was `told` (number and times are not looked at; its text is copied,
 * up to LIMIT_EVENT_TEXT). */
void notes_add(struct notes *notes, const struct event *told);
/* Moves all of `from` to `to`. */
void notes_move(struct notes *to, struct notes *from);
/* Writes them as events in the open write transaction; they are gone then. */
void notes_write(struct notes *notes, struct txn *txn);

#endif
