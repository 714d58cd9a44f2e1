#ifndef GOLMOK_CORE_DECISIONS_H
#define GOLMOK_CORE_DECISIONS_H

#include "core/history.h"

/*
 * What people decided about deltas of a data space that lack rights
 * (docs/format.md §8): adopts and voids, by whoever has `admin` there.  A
 * transaction reads those of a space once, when it first needs them.
 */

/* What the decisions that hold say of one delta. */
enum verdict {
	VERDICT_NONE = 0,
	VERDICT_ADOPTED = 1,
	VERDICT_VOIDED = 2,
	VERDICT_DISPUTED = 3, /* they disagree: it stays outside */
};

/* A log up to a size that a decision is about. */
struct decision_range {
	struct log_cut cut;
	/* So much of `log` it covered when `appended` deltas had come in this
	 * transaction. */
	const struct log *log;
	uint64_t appended;
	uint64_t end;
};

/* A decision that is held.  Lives as long as its transaction. */
struct decision {
	struct decision *chased; /* in docket->chased */
	struct ref ref;
	const struct log *log;
	bool adopt;
	bool whole; /* else what it is about was not read */
	size_t targets_n;
	const struct ref *targets; /* rising */
	size_t ranges_n;
	struct decision_range *ranges; /* by log */
	size_t replaces_n;
	const struct ref *replaces; /* rising */
	/* Its author may decide, and no chain of `replaces` leads to it from
	 * another one that may. */
	bool holds;
	bool counts; /* these are for core/decisions.c */
	bool walked;
	bool replaced;
};

/* Some of them. */
struct decision_list {
	size_t n;
	struct decision **p; /* until the next call that gives a list */
};

/* What the decisions of its space say of the delta `seq` of `log`, whose leaf
 * hash begins with `leaf`.  A failure is kept in `txn`. */
enum verdict decisions_verdict(struct txn *txn, const struct log *log,
    uint64_t seq, const uint8_t leaf[8]);
/* Deltas, borrowed. */
struct decision_refs {
	const struct ref *p;
	size_t n;
};
/* Those that hold, are adopts or not as `adopt` says, and are about any of the
 * deltas `refs` of `space`. */
enum err decisions_about(struct txn *txn, struct space_state *space, bool adopt,
    struct decision_refs refs, struct decision_list *about) MUST_USE;

/* Takes the adopt or void `from`, which was just appended (or is put on the
 * road again), to the others.  `turned` are those that hold now and did not
 * before, or the other way. */
enum err decisions_add(struct txn *txn, const struct history_delta *from,
    struct decision_list *turned) MUST_USE;
/* To be called before rights of logs of `space` change, and after it: `turned`
 * are the decisions that hold now and did not before, or the other way. */
enum err decisions_hold(struct txn *txn, struct space_state *space) MUST_USE;
enum err decisions_turn(struct txn *txn, struct space_state *space,
    struct decision_list *turned) MUST_USE;
/* The decisions with a range of `log` that ends exactly at its size, whose root
 * says that another log was meant: they covered it until now.  Of a branch all
 * for which its newest leaf may matter. */
void decisions_ending(
    struct txn *txn, const struct log *log, struct decision_list *ending);

/* The logs that the decision in `delta` is about, each once, rising, into an
 * array in `arena`: it has a row in TABLE_DECISIONS for each. */
size_t decisions_logs(
    const struct delta *delta, struct arena *arena, struct log_id **logs);

#endif
