#ifndef GOLMOK_TESTS_FUZZ_FORGE_H
#define GOLMOK_TESTS_FUZZ_FORGE_H

#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/stage.h"

/*
 * A member with true keys makes what an input says: logs, headers, bodies,
 * heads, and all messages about them, right ones as near as wrong ones.
 */
enum { FORGE_LOGS = 4 };
struct forge {
	struct stage *stage; /* borrowed */
	struct arena arena;  /* owned: of what is made for one input */
	/* The first two begin as those of the stage. */
	struct rogue_log logs[FORGE_LOGS];
	struct fuzz_input *input; /* borrowed */
};

/* Begins anew for `input`; ended with forge_end. */
void forge_begin(
    struct forge *forge, struct stage *stage, struct fuzz_input *input);
void forge_end(struct forge *forge);

/* A log that the input names. */
struct rogue_log *forge_log(struct forge *forge);
/* One more header for a log, with its bodies, if there is room for one; or one
 * that is there is changed. */
void forge_header(struct forge *forge, struct rogue_log *log);
/* A run, headers of it, bodies of these, a clock, a fork, or any other message;
 * views in it live until forge_end. */
void forge_run(
    struct forge *forge, const struct rogue_log *log, struct msg *msg);
void forge_chunk(struct forge *forge, struct rogue_log *log, struct msg *msg);
void forge_bodies(
    struct forge *forge, const struct rogue_log *log, struct msg *msg);
/* All of a log, as it should be said: a run, a chunk with all headers, and the
 * bodies of these.  How many messages that is. */
enum { FORGE_WHOLE = 3 };
size_t forge_whole(
    struct forge *forge, struct rogue_log *log, struct msg msgs[FORGE_WHOLE]);
void forge_clock(struct forge *forge, struct msg *msg);
void forge_fork(struct forge *forge, struct rogue_log *log, struct msg *msg);
void forge_word(struct forge *forge, struct msg *msg);
/* A message as it is sent: one of the above, and sometimes other bytes than it
 * would have; appended to `out`. */
void forge_message(struct forge *forge, struct buf *out);

#endif
