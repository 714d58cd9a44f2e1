#ifndef GOLMOK_NET_PEER_LEDGER_H
#define GOLMOK_NET_PEER_LEDGER_H

#include "core/clock.h"

/*
 * The logs that two nodes talk about: what the peer has of each, what we told
 * and sent it, and which are to be looked at next.  Memory of one session,
 * bounded by LIMIT_LOGS.
 */
/* What goes first (docs/sync.md §5). */
enum ledger_class {
	LEDGER_AUTHORITY,
	LEDGER_URGENT,	/* spaces that the pack calls urgent */
	LEDGER_NEWS,	/* others, of which little is missing */
	LEDGER_HISTORY, /* of which much is */
	LEDGER_CLASSES,
};

struct ledger_log {
	struct log_id id;
	bool used;
	/* Its id before any fork, whose entry begins the chain of all that are
	 * branches of it, ours and the peer's. */
	struct log_id trunk;
	bool has_next;
	struct log_id next;  /* in that chain */
	unsigned branches_n; /* of a trunk: how many are in the chain */
	bool is_local;	     /* we hold some of it: */
	struct log_no no;    /* its number here; if it is not local, the
				number of what has another id by now */
	bool is_shared;	     /* in a space that both may have */
	bool is_authority;   /* it goes before all others */
	bool is_urgent;	     /* and it before all but those */
	unsigned queued;     /* bit 1 << class: it waits in that queue */
	uint64_t left;	     /* headers it lacks, when last looked at */
	uint64_t left_bytes; /* what they are reckoned to weigh */
	uint64_t owed;	     /* deltas of which it lacks bodies alone */
	uint64_t one_bytes;  /* the same of one of them; 0: not reckoned */
	bool is_ours;	     /* it was in our clock as the session began */
	bool is_theirs;	     /* and in the peer's */
	uint32_t number;     /* that we call it by, and 1; 0: none yet */
	bool is_known;	     /* `peer` was told or believed */
	bool is_told;	     /* `told` was sent */
	bool is_dirty;	     /* `peer` or `told` is newer than what is stored */
	bool is_touched;     /* its entry is to be told after the commit */
	bool is_asked;	     /* it was spoken of, and is not shared */
	bool is_compared;    /* `is_split` is true of `peer` as it is */
	bool is_split;	     /* how far the peer's begins so is not known */
	bool is_matched;     /* `ours` is true of `peer` as it is: */
	struct log_no ours;  /* what of ours begins with it; 0: nothing */
	bool is_doubted;     /* a run of it did not go on from ours */
	bool is_foreign;     /* the peer has it by other names only */
	bool is_proved;	     /* of a trunk: the proof of its fork was sent */
	bool is_based;	     /* by samples of the peer's branches it has: */
	uint64_t base;	     /* so many of the headers */
	uint64_t asked_size; /* its branch of this size was asked about */
	unsigned asked_n;
	bool is_answer_due; /* our samples of it are */
	unsigned answered_n;
	unsigned sampled_n;    /* of a trunk: samples that were looked at */
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
	/* Ids of queued logs by class; owned rings.  A log may wait in more
	 * than one: in LEDGER_HISTORY with much, and in LEDGER_NEWS to be
	 * looked at for what is new. */
	struct ledger_queue {
		struct log_id *ids;
		size_t room;
		size_t first;
		size_t n;
	} queues[LEDGER_CLASSES];
	size_t dirty_n;	    /* entries with is_dirty */
	uint32_t numbers_n; /* given to logs as we name them */
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
/* As ledger_get for what is known of the log `id`: that its id before any fork
 * is `trunk`.  ERR_MALFORMED: it was said to be another.  ERR_LIMIT too when
 * the log has more branches than anybody may have. */
enum err ledger_get_tip(struct ledger *ledger, const struct log_id *id,
    const struct log_id *trunk, struct ledger_log **log) MUST_USE;
/* The first, and the next one, of all that have the trunk of `log`; NULL at the
 * end. */
struct ledger_log *ledger_trunk(
    const struct ledger *ledger, const struct ledger_log *log);
struct ledger_log *ledger_next(
    const struct ledger *ledger, const struct ledger_log *log);
/* Queues `log` to be looked at, in the first class that it can be of, unless it
 * waits there. */
void ledger_queue(struct ledger *ledger, struct ledger_log *log);
/* Queues it behind all others of `class`, unless it waits there. */
void ledger_queue_as(
    struct ledger *ledger, struct ledger_log *log, enum ledger_class class);
/* Of the classes before `end` the first that has a queued log: the log that has
 * waited longest, and `*class`.  It stays queued.  NULL when there is none. */
struct ledger_log *ledger_first(const struct ledger *ledger,
    enum ledger_class end, enum ledger_class *class);
/* Takes the first log of `class`, which is not empty, out of its queue. */
void ledger_unqueue(struct ledger *ledger, enum ledger_class class);
/* Numbers the logs of both clocks, for both directions: `names` are those that
 * the peer will use. */
void ledger_number(struct ledger *ledger, struct msg_names *names);
/* The number of `log` in what we say; `ledger` as in struct msg_numbers. */
bool ledger_named(void *ledger, const struct log_id *log, uint64_t *number);
/* What we told the peer of `log` is `entry` now. */
void ledger_tell(struct ledger *ledger, struct ledger_log *log,
    const struct msg_entry *entry);
/* The clock entry of who holds nothing of `log`. */
void ledger_none(const struct ledger_log *log, struct msg_entry *entry);
/* The peer has the headers of `entry`, ours of `log`, before `end`: they went
 * from one to the other from `span.from` on, with all that is held of their
 * bodies and `depth` tells of. */
struct ledger_span {
	uint64_t from;
	uint64_t end;
};
void ledger_passed(struct ledger_log *entry, const struct log *log,
    const struct clock_depth *depth, struct ledger_span span);
/* What the peer has is `entry` now; the counts of bodies sent rise with it, and
 * with `again` they fall back to it.  How many headers of this log, and of
 * others of its trunk, are taken to be sent is to be found out anew. */
void ledger_heard(struct ledger *ledger, struct ledger_log *log,
    const struct msg_entry *entry, bool again);

#endif
