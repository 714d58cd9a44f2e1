#ifndef GOLMOK_NET_PEER_FLOW_H
#define GOLMOK_NET_PEER_FLOW_H

#include "net/peer/talk.h"

/*
 * What of all that a peer lacks goes first, how much that is, and how much may
 * go today (docs/sync.md §5 and §7).  The sender asks before each chunk.
 */

enum {
	/* Of a log that lacks more than this, in deltas or in bytes as they
	 * are reckoned, the rest is history: a day of one dong is a few hundred
	 * deltas, and one import can weigh as much as a year. */
	FLOW_NEWS_MAX = 256,
	FLOW_NEWS_BYTES = 256 * 1024,
};

/* The next step for a log. */
struct flow_step {
	enum ledger_class class;
	bool is_data; /* headers or bodies, as far as one can see */
};

/* What the peer lacks of the log of `entry` now, into the sums of `talk`, and
 * what the next step is. */
enum err flow_look(struct talk *talk, const struct authority *authority,
    struct ledger_log *entry, struct flow_step *step) MUST_USE;
/* Says how much is to come, when the peer cannot know or must be far out. */
enum err flow_state(struct talk *talk) MUST_USE;
/* May `step` be done now?  If it may not, and the day's bytes are not used up,
 * a grant is asked for. */
bool flow_admits(struct talk *talk, const struct flow_step *step);
/* Classes from here on wait for another day; LEDGER_CLASSES: none does. */
enum ledger_class flow_end(const struct talk *talk);
/* Does anything, be it but bodies that are owed? */
bool flow_holds(const struct talk *talk);
/* Grants more bytes, if that is asked for; in an open write transaction. */
enum err flow_grant(struct talk *talk) MUST_USE;
/* The transaction of flow_grant ended, and is durable or never happened: then
 * what was sent counts as it did before. */
void flow_granted(struct talk *talk, bool durable);
/* The session ends: what was granted and not used is noted. */
void flow_leave(struct talk *talk);

#endif
