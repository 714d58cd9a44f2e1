#ifndef GOLMOK_PROTO_MSG_H
#define GOLMOK_PROTO_MSG_H

#include "proto/arena.h"
#include "proto/delta.h"
#include "proto/fork.h"
#include "proto/merkle.h"
#include "proto/wrap.h"

/*
 * What two nodes say to each other (docs/sync.md §3), one struct for each
 * message.  A message is a type and a canonical array; what says nothing is
 * left out at the end of an array or nil within it, and fields that a newer
 * program appends are passed over.
 */
enum msg_type {
	MSG_HELLO = 1,	/* digests: do we agree already? */
	MSG_CLOCK = 2,	/* what I have of some logs */
	MSG_TOTAL = 3,	/* how much I am going to send */
	MSG_RUN = 4,	/* a head, and where headers begin */
	MSG_CHUNK = 5,	/* headers of the run, proved against its head */
	MSG_BODIES = 6, /* bodies, or secrets for bodies held */
	MSG_CREDIT = 7, /* how much of what you sent is durable here */
	MSG_IDLE = 8,	/* nothing more for you at the moment */
	MSG_PING = 9,	/* are you there? */
	MSG_PONG = 10,
	MSG_CLOSE = 11, /* the end, and why */
	MSG_FORK = 12,	/* what shows that a log is forked, or may be */
};

enum {
	MSG_VERSION = 1,
	MSG_DIGEST_SIZE = 24,  /* of a clock; SHA-256 cut short */
	MSG_ENTRIES_MAX = 512, /* in one MSG_CLOCK */
	MSG_HEADERS_MAX = 256, /* in one MSG_CHUNK */
	MSG_BODIES_MAX = 1024, /* in one MSG_BODIES */
	MSG_TEXT_SIZE = 512,   /* the words of MSG_CLOSE */
	MSG_SAMPLES_MAX = 64,  /* in one MSG_FORK: of any size of a log */
	MSG_NAMES_MAX = 4 * LIMIT_LOGS, /* logs that one side may name */
};

/* Numbers for logs, so that their ids are said once.  Of one direction: log
 * `number` is ids[number]. */
struct msg_names {
	struct log_id *ids; /* owned */
	size_t n;
	size_t room;
	bool is_closed; /* ids that are said get none */
};
/* Gives `log` the next number. */
void msg_names_add(struct msg_names *names, const struct log_id *log);
void msg_names_fini(struct msg_names *names);
/* The same for who sends.  False: `log` has no number yet, so its id is said,
 * and it has the next one from then on. */
struct msg_numbers {
	bool (*find)(void *arg, const struct log_id *log, uint64_t *number);
	void *arg;
};

struct msg_hello {
	uint64_t version;
	uint64_t features;		/* none yet: 0 */
	uint8_t mine[MSG_DIGEST_SIZE];	/* of the sender's clock */
	uint8_t yours[MSG_DIGEST_SIZE]; /* of what it believes the other has */
};

/* How much of a log somebody has. */
struct msg_entry {
	struct log_id log;
	uint64_t size;		    /* headers */
	uint8_t root[8];	    /* the first bytes of their root */
	uint64_t held;		    /* leading deltas with all sealed bodies */
	uint64_t open[CLASS_COUNT]; /* ... with the secrets of a class */
	bool forked;		    /* a proof that it is forked is held */
	/* `log` is a branch of the log whose id before any fork is `trunk`. */
	bool is_branch;
	struct log_id trunk;
	/* Leading deltas whose bodies can be opened, or have a wrap; told to
	 * the log's author, a wrap that came from it. */
	uint64_t kept;
};
/* The id before any fork of the log that `entry` is of. */
static inline const struct log_id *
msg_entry_trunk(const struct msg_entry *entry)
{
	return entry->is_branch ? &entry->trunk : &entry->log;
}

/* Do both say the same?  What lies between members is not looked at. */
bool msg_entry_equal(const struct msg_entry *a, const struct msg_entry *b);

struct msg_clock {
	bool last;  /* the first exchange is complete with this one */
	bool again; /* forget what is under way in these logs: send from here */
	bool whole; /* forget all that was said before this session */
	size_t n;
	const struct msg_entry *entries; /* arena */
};

struct msg_total {
	uint64_t deltas;
	uint64_t bytes; /* roughly, of headers and bodies */
};

struct msg_run {
	struct log_name name; /* without the city: the link has one */
	uint64_t from;	      /* the first header to come */
	uint64_t head_size;
	struct hash head_root;
	struct signature head_signature;
	struct msg_entry entry; /* what the sender has of the log */
	/* What is not said: the name, since the receiver holds the log; the
	 * root, since the chunk that follows ends with the head. */
	bool nameless;
	bool rootless;
	bool whole; /* the entry, since it is msg_run_whole() */
};
/* Makes of the entry of a run that its sender has all up to the head, whole;
 * only its log is kept. */
void msg_run_whole(struct msg_run *run);

struct msg_chunk {
	size_t n;
	const struct bytes *headers; /* arena; views into the message */
	uint64_t bodies_n;	     /* so many bodies of these deltas follow */
	struct merkle_proof proof;   /* from the chunk's end to the run's */
};

/* One body, or one secret for a body that the receiver holds. */
struct msg_body {
	uint64_t seq;
	uint16_t change;
	enum delta_class class;
	bool is_open; /* key is the secret, else the tag t */
	uint8_t key[32];
	struct bytes sealed; /* empty: the receiver has it; view */
	bool has_wrap;	     /* with a tag only: */
	struct wrap wrap;    /* of the secret, by the author for itself */
};

struct msg_bodies {
	struct log_id log;
	bool in_chunk; /* the log is not said: that of the chunk under way */
	/* In a chunk, its first header: written are distances from it; they are
	 * read as if it were 0. */
	uint64_t from;
	size_t n;
	const struct msg_body *bodies; /* arena */
};

struct msg_credit {
	uint64_t bytes; /* more than the last time, as their sender counts */
};

struct msg_close {
	enum err why;	   /* ERR_OK: done */
	struct bytes text; /* for a person; nothing secret; view */
};

/* How a log begins, for finding out how far two begin alike. */
struct msg_sample {
	uint64_t size; /* not 0 */
	uint8_t root[8];
};

/* One side: what the sender holds where the other's clock says otherwise, which
 * asks for samples; two: a proof. */
struct msg_fork {
	struct log_id log;	       /* as the one calls it that was asked */
	uint64_t size;		       /* where the sides are compared */
	size_t n;		       /* 1 or 2 */
	const struct fork_side *sides; /* arena */
	size_t samples_n;
	const struct msg_sample *samples; /* by falling size; arena */
};

struct msg {
	enum msg_type type;
	/* For writing: how logs are named; NULL: by their ids.  Borrowed. */
	const struct msg_numbers *numbers;
	union {
		struct msg_hello hello;
		struct msg_clock clock;
		struct msg_total total;
		struct msg_run run;
		struct msg_chunk chunk;
		struct msg_bodies bodies;
		struct msg_credit credit;
		struct msg_close close;
		struct msg_fork fork;
	} u;
};

/* Appends `msg` to `out`: one byte of type, then its canonical array.  Counts
 * are within the limits above, integers at most INT64_MAX (asserted); the text
 * of MSG_CLOSE is cut to the whole characters that MSG_TEXT_SIZE holds. */
void msg_encode(const struct msg *msg, struct buf *out);
/* Reads one message; arrays from `arena`, views into `in`.  Numbers of logs
 * mean those of `names`, which grows by the ids that are said; NULL: there are
 * none. ERR_MALFORMED: anything not canonical, out of range, more than the
 * limits above, a number not given, of a type not known in this version.  A
 * run's name has no city; a reason of MSG_CLOSE that is not known is ERR_PEER.
 */
enum err msg_decode_named(struct bytes in, struct msg_names *names,
    struct arena *arena, struct msg *msg) MUST_USE;
/* The same without numbers. */
enum err msg_decode(
    struct bytes in, struct arena *arena, struct msg *msg) MUST_USE;

#endif
