#ifndef GOLMOK_NET_PEER_LEDGER_H
#define GOLMOK_NET_PEER_LEDGER_H

#include "core/clock.h"

/*
 * The logs that two nodes talk about: what the peer has of each, what we told
 * and sent it, and which are to be looked at next.  Memory of one session,
 * bounded by LIMIT_LOGS.
 */
struct ledger_log {
	struct log_id id;
	bool used;
	bool is_local;	       /* we hold some of it: */
	struct log_no no;      /* its number here */
	bool is_shared;	       /* in a space that both may have */
	bool is_authority;     /* it goes before all others */
	bool is_queued;	       /* waits in a queue */
	bool is_known;	       /* `peer` was told or believed */
	bool is_told;	       /* `told` was sent */
	bool is_dirty;	       /* `peer` is newer than the stored belief */
	bool is_touched;       /* its entry is to be told after the commit */
	bool is_asked;	       /* it was spoken of, and is not shared */
	bool is_compared;      /* `is_split` is true of `peer` as it is */
	bool is_split;	       /* the peer has another branch: not sent */
	bool is_doubted;       /* a run of it did not go on from ours */
	bool is_proved;	       /* the proof that it is forked was sent */
	uint64_t asked_size;   /* our side at this size was sent */
	struct msg_entry peer; /* what the peer has */
	struct msg_entry told; /* what we last told it that we have */
	uint64_t sent;	       /* headers sent, or had by the peer */
	uint64_t sent_held;    /* the same for sealed bodies */
	uint64_t sent_kept;    /* for wraps */
	uint64_t sent_open[CLASS_COUNT]; /* and for secrets */
};

struct ledger {
	struct ledger_log *logs; /* owned; open addressing */
	size_t size;		 /* slots: 0 or a power of two */
	size_t n;
	uint64_t salt; /* so that strangers cannot aim at one slot */
	/* Ids of queued logs, first those of `authority`; owned rings. */
	struct ledger_queue {
		struct log_id *ids;
		size_t room;
		size_t first;
		size_t n;
	} queues[2];
	size_t dirty_n; /* entries with is_dirty */
};

/* `salt` is random. */
void ledger_init(struct ledger *ledger, uint64_t salt);
void ledger_fini(struct ledger *ledger);
/* The entry of `id`; NULL when there is none.  Lives until the next
 * ledger_get. */
struct ledger_log *ledger_find(
    const struct ledger *ledger, const struct log_id *id);
/* The entry of `id`, made when there is none.  ERR_LIMIT at LIMIT_LOGS. */
enum err ledger_get(struct ledger *ledger, const struct log_id *id,
    struct ledger_log **log) MUST_USE;
/* Queues `log` to be looked at, unless it is queued. */
void ledger_queue(struct ledger *ledger, struct ledger_log *log);
/* The next queued log, which stays queued; NULL when there is none. */
struct ledger_log *ledger_first(struct ledger *ledger);
/* Takes the first one out of its queue. */
void ledger_unqueue(struct ledger *ledger);
/* What the peer has is `entry` now; sent counts rise with it, and with
 * `again` they fall back to it. */
void ledger_heard(struct ledger *ledger, struct ledger_log *log,
    const struct msg_entry *entry, bool again);

#endif
