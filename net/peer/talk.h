#ifndef GOLMOK_NET_PEER_TALK_H
#define GOLMOK_NET_PEER_TALK_H

#include "core/intake.h"
#include "core/store.h"
#include "net/peer/channel.h"
#include "net/peer/hidden.h"
#include "net/peer/ledger.h"
#include "net/peer/notes.h"
#include "net/peer/gauge.h"
#include "net/peer/quota.h"
#include "net/peer/reach.h"

/*
 * What the files of a session share: session.c keeps it, sender.c decides what
 * to send, receiver.c takes in what came.  Nobody else includes this.
 */
enum talk_state {
	TALK_SHAKING, /* the handshake is under way */
	TALK_HELLO,   /* ours is sent, theirs is awaited */
	TALK_CLOCKS,  /* we do not agree: clocks are exchanged */
	TALK_LIVE,    /* runs and news flow */
	TALK_ENDED,
};

/* The run that we are sending. */
struct talk_sending {
	bool open;
	struct log_id log;
	uint64_t head_size; /* of the head in the RUN sent */
	uint64_t next;	    /* the header that the next chunk begins with */
};

/* The run that we are receiving, and the chunk whose bodies are awaited. */
struct talk_receiving {
	bool open;
	bool dropped; /* what comes is passed over */
	struct msg_run run;
	struct log_id log;  /* its id before any fork */
	struct log_no near; /* where its headers went so far; 0: nowhere */
	uint64_t next;	    /* seq of the next header */
	bool waiting;	    /* for bodies_left more bodies */
	uint64_t bodies_left;
	unsigned gaps_n;
	struct arena arena; /* holds the chunk: */
	struct intake_chunk chunk;
	struct msg_body *bodies; /* arena, room for bodies_room */
	size_t bodies_room;
};

/* What goes first, and how much may go (net/peer/flow.c). */
struct talk_flow {
	size_t queue_max; /* bytes made and not sent before more is made */
	uint64_t left;	  /* headers that the peer lacks, as last looked at */
	uint64_t left_bytes;   /* what they are reckoned to weigh */
	uint64_t owed;	       /* deltas that it has without all their bodies */
	uint64_t stated;       /* deltas_out when all that we said is out */
	uint64_t stated_bytes; /* debt_bytes then */
	struct quota quota;    /* of this peer and day */
	uint64_t quota_from_bytes; /* on the wire, when it last was granted */
	bool asks;   /* something waits for the quota to be granted */
	bool grants; /* it was, and is not durable yet; before that: */
	struct quota quota_before;
	uint64_t quota_before_bytes; /* quota_from_bytes */
};

/* A log of which a run was not taken for want of rights. */
struct talk_refused {
	struct log_id id;
	struct log_name name;
};
enum {
	/* Logs that are asked for again when rights change; of what was refused
	 * beyond them, the next session hears. */
	TALK_REFUSED_MAX = 1024,
};

struct talk {
	struct store *store; /* borrowed, as host and squeeze */
	const struct host *host;
	struct channel *channel; /* owned */
	bool once;
	bool newcomer; /* we knew nothing of the city when it began */
	bool has_root; /* we join by a token, which says that the city has: */
	struct sign_key root;
	bool admitted; /* the peer, which joins by a token of ours, is in */
	enum talk_state state;
	struct sign_key me;
	struct secret backup; /* ours: wraps secrets of own logs */
	bool has_peer;	      /* from TALK_HELLO on, also when it ended: */
	struct sign_key peer;
	bool is_stranger;   /* no member that we know */
	struct notes notes; /* what whoever runs us should know */
	struct ledger ledger;
	struct hidden hidden; /* logs here that have no entry in the ledger */
	struct reach reach;   /* as of authority_version */
	struct ahead *ahead;  /* owned; net/peer/ahead.c */
	bool numbered; /* both clocks are known, and so are numbers of logs: */
	struct msg_names names;	       /* the peer's, owned */
	struct msg_numbers numbers;    /* ours */
	uint64_t feed_at;	       /* the feed was looked at up to here */
	struct hash authority_version; /* that sharing was decided by */
	struct msg_hello hello;	       /* ours */
	bool heard_hello;
	struct msg_hello their_hello;
	uint8_t told_digest[MSG_DIGEST_SIZE]; /* of what it was told before */
	bool agreed;	    /* at the hello: no clocks were needed */
	bool whole;	    /* the peer does not know what it was told before */
	bool clock_sent;    /* ours, whole */
	bool clock_heard;   /* theirs, whole */
	bool forget;	    /* stored beliefs turned out untrue */
	bool met;	    /* the meeting is to be noted */
	bool flush;	    /* write beliefs down at the next work */
	struct gauge gauge; /* of the line to the peer */
	struct talk_flow flow;
	struct talk_sending sending;
	struct talk_receiving receiving;
	uint64_t debt_bytes;	 /* sent under credit, so far */
	uint64_t credited_bytes; /* of these, durable at the peer */
	uint64_t taken_bytes;	 /* received under credit and worked on */
	uint64_t whole_bytes;	 /* of these, not kept waiting for bodies */
	uint64_t durable_bytes;	 /* of these, committed */
	uint64_t told_bytes;	 /* of these, told to the peer */
	bool idle_sent;
	bool idle_heard;
	/* Logs whose entries are to be told after the next commit; owned. */
	struct log_id *touched;
	size_t touched_n;
	size_t touched_room;
	struct msg_entry *told; /* owned: entries read before the commit */
	size_t told_n;
	size_t told_room;
	struct log_id again; /* the log whose run had a gap, before any fork */
	bool has_again;
	struct talk_refused *refused; /* owned */
	size_t refused_n;
	size_t refused_room;
	struct buf scratch;   /* a message being made */
	size_t allowed_bytes; /* of messages, for the next session_work */
	size_t worked_bytes;  /* that the last one took in */
	uint64_t deltas_in;
	uint64_t deltas_in_pending; /* not committed yet */
	uint64_t deltas_out;
	uint64_t deltas_expected; /* as the peer's last TOTAL has it, with */
	uint64_t bytes_expected;  /* what had come by then; 0: not said */
	uint64_t dropped;
};

/* Does the peer join by a token of ours, and is to be let in first? */
bool talk_is_due(const struct talk *talk);
/* Notes that the peer did what `kind` and `text` say, in `space` (NULL:
 * nowhere), for whoever runs this node. */
void talk_note(struct talk *talk, enum event_kind kind,
    const struct space *space, const char *text);
/* Queues `msg` on the channel; counts it when it goes under credit. */
enum err talk_send(struct talk *talk, const struct msg *msg) MUST_USE;
/* All that is to be said for now was sent: gives the room back that it took. */
void talk_rest(struct talk *talk);

#endif
