#ifndef GOLMOK_CORE_OPLOG_H
#define GOLMOK_CORE_OPLOG_H

#include <string.h>

#include "core/space.h"
#include "core/txn.h"
#include "proto/delta.h"
#include "proto/merkle.h"
#include "proto/wrap.h"

/*
 * The logs: append-only deltas by (log, seq), their trees and signed heads.
 * Nothing here is ever rewritten, but bodies may be added to a stored header
 * (owed) and secrets to a body.  Old deltas lie packed in blocks, which no
 * reader notices.  Judging what a delta may do is not done here.
 */

/* How a stored or offered body may be used. */
enum body_form {
	BODY_BLIND = 1, /* sealed and its tag t: held, not readable */
	BODY_OPEN = 2,	/* sealed and its secret */
	/* As blind, and with a wrap of the secret: one that somebody passed
	 * on, which may be anything; one that the author gave. */
	BODY_PASSED = 3,
	BODY_KEPT = 4,
};

/* One body of a delta. */
struct stored_body {
	uint16_t change;
	enum delta_class class;
	enum body_form form;
	uint8_t key[32];     /* the secret, or the tag t */
	struct bytes sealed; /* borrowed */
	struct wrap wrap;    /* BODY_PASSED and BODY_KEPT */
};

/* A delta on its way into a log. */
struct oplog_entry {
	struct bytes header; /* borrowed */
	/* Those at hand, by change, then class; their commitments checked, each
	 * at most LIMIT_SEALED_SIZE.  Borrowed. */
	const struct stored_body *bodies;
	size_t bodies_n;
	/* What delta_decode and merkle_leaf make of the header, when the caller
	 * has that already; else NULL.  Borrowed. */
	const struct delta *delta;
	const struct hash *leaf;
};

/* A delta as it is stored. */
struct stored_delta {
	const struct log *log; /* borrowed */
	uint64_t seq;
	bool opaque; /* keeps its place, has no meaning here */
	/* Views until the next put, and those of a packed delta until deltas of
	 * BLOCKS_OPEN (core/blocks.h) other blocks were read. */
	struct bytes header; /* the leaf */
	struct bytes bodies; /* for oplog_body_next */
};

/* A log that this store holds some of.  Fields are for reading, but for
 * `rights` and `cut`, which core/apply.c sets.
 *
 * Of a forked log each branch that is held is a struct log of its own
 * (docs/format.md §4): its tree, counts and deltas go from leaf 0 to the tip,
 * its `id` is the branch's, and the rows of what it shares with another branch
 * are stored once, under that one's number. */
struct log {
	struct log *next;  /* in txn->logs */
	struct log *chain; /* in a slot of txn->log_table */
	struct log_no no;
	struct space_state *space;
	struct log_id id;
	struct log_name name;
	struct hash origin;
	struct frontier frontier; /* of the headers held; its size is ours */
	struct stamp last;	  /* of the newest delta that was not opaque */
	/* Leading deltas whose bodies are all here in sealed form, and per
	 * class those whose bodies of that class are here with their secrets.
	 */
	uint64_t held;
	uint64_t open[CLASS_COUNT];
	/* Those whose bodies, in sealed form, are all open or with a wrap; and
	 * all open or with a wrap that their author gave. */
	uint64_t wrapped;
	uint64_t kept;
	/* The newest signed head: its size may lie beyond frontier.size while a
	 * run is on its way; then `ahead` is the proof from there to it. */
	bool has_head;
	uint64_t head_size;
	struct hash head_root;
	struct signature head_signature;
	struct merkle_proof *ahead; /* arena; NULL when none is needed */
	bool has_grant;
	struct ref grant; /* what its open names */
	bool forked;	  /* a proof is kept (core/forks.h) */
	/* Its id before any fork, by which dots and cuts name it: `id` itself
	 * unless it is a branch. */
	struct log_id trunk;
	/* A branch: its first leaf that no other branch had when it was named;
	 * 0 for a log that is not split. */
	uint64_t from;
	/* Rows of deltas before `below` are kept under the number `under`. */
	uint64_t below;
	struct log_no under;
	/* Of its own deltas nothing before this one is left to be packed
	 * (core/packing.h). */
	uint64_t packed;
	/* Derived from `authority`: the rights (enum right) of its deltas
	 * before `cut`; those from there on have none. */
	unsigned rights;
	uint64_t cut;
	bool judge_due; /* it grew past a cut: its root may say otherwise now */
	bool dirty;
};

/* Has delta `seq` of `log` the right `right` (enum right)?  Single deltas may
 * have been adopted besides. */
static inline bool
oplog_may(const struct log *log, unsigned right, uint64_t seq)
{
	return (log->rights & right) != 0 && seq < log->cut;
}

/* Is `log` a branch of a forked log, which is known here by several tips? */
static inline bool
oplog_is_branch(const struct log *log)
{
	return memcmp(&log->id, &log->trunk, sizeof(log->id)) != 0;
}

/* The log `id` of `space`; NULL when nothing of it is held (or on a failure,
 * which `txn` keeps), or when `id` is that of a log held as branches.  Lives
 * until the transaction ends. */
struct log *oplog_find(
    struct txn *txn, struct space_state *space, const struct log_id *id);
/* The log that `name` names, made empty when it is new; of one that is held as
 * branches, the one that was here first. */
enum err oplog_open(
    struct txn *txn, const struct log_name *name, struct log **log) MUST_USE;
/* The log with the number `no`; ERR_CORRUPT when there is none. */
enum err oplog_by_no(
    struct txn *txn, struct log_no no, struct log **log) MUST_USE;
/* All logs of `space`, by log id, into an array in txn->arena. */
enum err oplog_all(struct txn *txn, struct space_state *space,
    struct log ***logs, size_t *n) MUST_USE;

/* All that is held of the log with the unforked id `trunk`: the log itself, or
 * its branches by their numbers, or nothing; into an array in txn->arena.  None
 * at all on a failure. */
enum err oplog_tips(struct txn *txn, struct space_state *space,
    const struct log_id *trunk, struct log ***tips, size_t *n) MUST_USE;
/* Tips, in an array in `arena`. */
struct tips {
	struct arena *arena; /* set before it is filled */
	struct log **p;
	size_t n;
};
/* The same, into tips->arena: for who asks often. */
enum err oplog_tips_in(struct txn *txn, struct space_state *space,
    const struct log_id *trunk, struct tips *tips) MUST_USE;
/* Under the number of which log is the row of delta `seq` of `log` kept? */
enum err oplog_owner(struct txn *txn, const struct log *log, uint64_t seq,
    const struct log **owner) MUST_USE;

/* Appends the header of `entry` (at most LIMIT_HEADER_SIZE) as the next leaf of
 * `log`, with its bodies.  Decides whether it is opaque by docs/format.md §6:
 * by itself, and by its log's earlier leaves (position, origin, rising stamp).
 * `delta` is the decoded header (arrays in txn->arena or where entry->delta has
 * them, views into the header; an opaque one has only its position and the
 * log's origin), `leaf` its leaf hash.  The head is not changed (core/heads.h).
 */
enum err oplog_append(struct txn *txn, struct log *log,
    const struct oplog_entry *entry, struct delta *delta,
    struct hash *leaf) MUST_USE;
/* The stored delta `seq` of `log`, checksum checked.  ERR_NOT_FOUND beyond its
 * size. */
enum err oplog_get(struct txn *txn, const struct log *log, uint64_t seq,
    struct stored_delta *delta) MUST_USE;
/* Decodes a stored delta: arrays from `arena`, views into `stored`; an opaque
 * one gives an opaque delta. */
void oplog_decode(const struct stored_delta *stored, struct arena *arena,
    struct delta *delta);
/* Takes the next body from `rest` (stored_delta.bodies at the start); false at
 * the end. */
bool oplog_body_next(struct bytes *rest, struct stored_body *body) MUST_USE;
/* Is the delta that `ref` names held in `space`, leaf and all, in whatever
 * branch?  Costs a read and a hash for each. */
bool oplog_holds(
    struct txn *txn, struct space_state *space, const struct ref *ref);

/* Writes the dirty logs; called by txn_commit. */
void oplog_flush(struct txn *txn);

#endif
