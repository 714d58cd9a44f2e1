#ifndef GOLMOK_CORE_ASIDE_H
#define GOLMOK_CORE_ASIDE_H

#include "proto/buf.h"
#include "proto/id.h"

/*
 * Deltas that ended the process.  A delta of a peer that makes this program
 * crash would do so again after every start, and nothing else would get in.
 * So a crash leaves a line in the file `crashes` beside the store, and what
 * ended the same program twice is taken in no more: everything else is.
 */
struct aside_log {
	struct log_id log;
	uint64_t from; /* the lowest seq that was under way at a crash */
	unsigned times;
};

struct aside {
	char *path; /* owned; NULL: nothing is noted */
	struct aside_log *logs;
	size_t n;
	size_t room;
};

/* Reads what is noted beside the store `dir`; a file that cannot be read counts
 * as none.  Ended by aside_fini. */
void aside_init(struct aside *aside, const char *dir);
void aside_fini(struct aside *aside);

/* May the deltas of `log` from `from` to below `end` be taken in?  ERR_DENIED:
 * some of them ended the process twice.  NULL: they may. */
enum err aside_check(const struct aside *aside, const struct log_id *log,
    uint64_t from, uint64_t end) MUST_USE;

/* From now on this thread works on deltas of `log` from `from` on.  `aside`
 * (borrowed; NULL does nothing) lives until aside_leave. */
void aside_enter(
    const struct aside *aside, const struct log_id *log, uint64_t from);
void aside_leave(void);

/* For a handler of signals, of which the process is about to die: notes what
 * the thread works on.  Calls nothing that a handler must not. */
void aside_crashed(void);

#endif
