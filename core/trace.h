#ifndef GOLMOK_CORE_TRACE_H
#define GOLMOK_CORE_TRACE_H

#include "core/oplog.h"

/*
 * The rules by which a delta joins its log (docs/format.md §6), and a log that
 * is gone through again from its first delta, believing nothing but bytes.
 */

/* Makes `delta`, the next of `log`, opaque when it breaks a rule by where it
 * stands. */
void trace_judge(const struct log *log, struct delta *delta);
/* Brings what `log` knows of its deltas, but for the tree, to the next one:
 * `delta`, judged, which is or will be stored as `stored`. */
void trace_take(struct log *log, const struct delta *delta,
    const struct stored_delta *stored);
/* Moves the counts of bodies that end at stored->seq over it, as far as its
 * bodies are here. */
void trace_count(struct log *log, const struct delta *delta,
    const struct stored_delta *stored);

struct trace {
	struct log log;	      /* what the deltas so far make of it; in no txn */
	struct delta delta;   /* the newest, judged; arrays from the arena */
	struct hash leaf;     /* its leaf hash */
	merkle_done_fn *done; /* as for merkle_append; may be NULL */
	void *arg;	      /* borrowed */
};
/* Before the first delta of `log`. */
void trace_init(struct trace *trace, const struct log *log);
/* Takes `stored`, the next delta, as oplog_append took it; what its row says
 * about being opaque is not believed. */
void trace_next(struct trace *trace, const struct stored_delta *stored,
    struct arena *arena);
/* Makes the tree, the newest stamp, the counts and the grant of `log` those of
 * `trace`, which has come to its end. */
void trace_adopt(const struct trace *trace, struct log *log);

#endif
