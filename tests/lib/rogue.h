#ifndef GOLMOK_TESTS_LIB_ROGUE_H
#define GOLMOK_TESTS_LIB_ROGUE_H

#include "net/peer/channel.h"
#include "proto/msg.h"
#include "tests/lib/wire.h"

/*
 * A peer that says what the test wants it to say, on a true channel with true
 * keys of a member, to an honest session at the other end.
 */
struct rogue {
	struct wire wire; /* end 0 is the rogue, 1 the victim */
	struct channel *channel;
	struct squeeze squeeze;
	struct identity identity;
	struct arena arena;  /* of what it makes and hears */
	unsigned heard[16];  /* messages by type */
	uint64_t credit;     /* the last that it was given */
	uint64_t data_bytes; /* of what it was sent under credit */
	struct buf told;     /* all messages of the victim */
	/* Logs of both clocks, then those that the victim names. */
	struct msg_names names;
	bool clock_said; /* whole: then the victim has numbers for logs */
	bool clock_heard;
};

/* Connects with the keys of `as`, which the test may change first. */
void rogue_init(struct rogue *rogue, struct town *town, size_t victim,
    const struct identity *as);
void rogue_fini(struct rogue *rogue);
/* Lets both go on until nothing moves; what the victim says is counted. */
void rogue_run(struct rogue *rogue);
/* Says `msg`, or any bytes; nothing is taken by the victim before rogue_run. */
void rogue_say(struct rogue *rogue, const struct msg *msg);
void rogue_say_bytes(struct rogue *rogue, struct bytes message);
/* Shakes hands, says hello with digests of its own making and an empty clock:
 * the victim is live then. */
void rogue_greet(struct rogue *rogue);
/* Why the victim ended the session; ERR_OK: it goes on. */
enum err rogue_fault(const struct rogue *rogue);

/* A log, true or made up. */
struct rogue_log {
	struct log_name name;
	struct log_id id;
	struct bytes headers[64]; /* arena */
	size_t n;
	struct msg_body bodies[256]; /* of all headers, in order; arena */
	size_t bodies_n;
};

/* Everything of the log that node `i` writes in `space`. */
void rogue_take_log(struct rogue *rogue, struct town *town, size_t i,
    const char *space, struct rogue_log *log);
/* A run of the first `n` headers, with a head signed by the rogue. */
void rogue_make_run(const struct rogue *rogue, const struct rogue_log *log,
    size_t n, struct msg *msg);
/* Headers from `from` to `to`, with the proof to the head of `n`. */
void rogue_make_chunk(struct rogue *rogue, const struct rogue_log *log,
    size_t from, size_t to, size_t n, struct msg *msg);
/* A run and all of it in one chunk, with the bodies of the headers. */
void rogue_say_log(
    struct rogue *rogue, const struct rogue_log *log, bool bodies);

#endif
