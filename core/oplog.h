#ifndef GOLMOK_CORE_OPLOG_H
#define GOLMOK_CORE_OPLOG_H

#include "core/space.h"
#include "core/txn.h"
#include "proto/delta.h"
#include "proto/merkle.h"
#include "proto/note.h"

/*
 * The logs: append-only deltas by (log, seq), their trees and signed heads.
 * Nothing here is ever rewritten, but bodies may be added to a stored header
 * (owed) and secrets to a body.  Judging what a delta may do is not done here.
 */

/* How a stored or offered body may be used. */
enum body_form {
	BODY_BLIND = 1, /* sealed and its tag t: held, not readable */
	BODY_OPEN = 2,	/* sealed and its secret */
};

/* One body of a delta. */
struct stored_body {
	uint16_t change;
	enum delta_class class;
	enum body_form form;
	uint8_t key[32];     /* the secret, or the tag t */
	struct bytes sealed; /* borrowed */
};

/* A delta as it is stored. */
struct stored_delta {
	bool opaque;	     /* keeps its place, has no meaning here */
	struct bytes header; /* the leaf; until the next put */
	struct bytes bodies; /* for oplog_body_next; until the next put */
};

/* A log that this store holds some of.  Fields are for reading, but for
 * `counts`, which core/apply.c sets. */
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
	/* The newest signed head: its size may lie beyond frontier.size while a
	 * run is on its way; then `ahead` is the proof from there to it. */
	bool has_head;
	uint64_t head_size;
	struct hash head_root;
	struct signature head_signature;
	struct merkle_proof *ahead; /* arena; NULL when none is needed */
	bool has_grant;
	struct ref grant; /* what its open names */
	bool counts;	  /* derived: its author may write here */
	bool dirty;
};

/* The log `id` of `space`; NULL when nothing of it is held (or on a failure,
 * which `txn` keeps).  Lives until the transaction ends. */
struct log *oplog_find(
    struct txn *txn, struct space_state *space, const struct log_id *id);
/* The log that `name` names, made empty when it is new. */
enum err oplog_open(
    struct txn *txn, const struct log_name *name, struct log **log) MUST_USE;
/* The log with the number `no`; ERR_CORRUPT when there is none. */
enum err oplog_by_no(
    struct txn *txn, struct log_no no, struct log **log) MUST_USE;
/* All logs of `space`, by log id, into an array in txn->arena. */
enum err oplog_all(struct txn *txn, struct space_state *space,
    struct log ***logs, size_t *n) MUST_USE;

/* Appends `header` as the next leaf of `log`, with those of its bodies that are
 * at hand (by change, then class; their commitments already checked).  Decides
 * whether it is opaque by docs/format.md §6: by itself, and by its log's
 * earlier leaves (position, origin, rising stamp).  `delta` is the decoded
 * header (arrays in txn->arena, views into `header`), `leaf` its leaf hash. The
 * head is not changed. */
enum err oplog_append(struct txn *txn, struct log *log, struct bytes header,
    const struct stored_body *bodies, size_t bodies_n, struct delta *delta,
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
/* Adds `body` to the stored delta `seq`, or its secret to a body held blind;
 * what is there already stays.  `*news` says whether anything was added. The
 * prefix counts of `log` move on where they can. */
enum err oplog_put_body(struct txn *txn, struct log *log, uint64_t seq,
    const struct stored_body *body, bool *news) MUST_USE;

/* Signs the head of the headers held with `seed`, the author's, after having
 * read the newest header back from the transaction and hashed it again: it must
 * give `leaf` and end the tree (ERR_CORRUPT otherwise).  Stored as the newest
 * head. */
enum err oplog_sign(struct txn *txn, struct log *log,
    const struct sign_seed *seed, const struct hash *leaf) MUST_USE;
/* Stores a head whose signature the caller has checked as the newest one.
 * `ahead` is the proof from frontier.size to it, or NULL when head_size ==
 * frontier.size. Heads of sizes divisible by 256 are kept for ever. */
void oplog_put_head(struct txn *txn, struct log *log,
    const struct note_head *head, const struct merkle_proof *ahead);
/* The smallest stored head of at least `size` leaves; ERR_NOT_FOUND when there
 * is none. */
enum err oplog_head_from(struct txn *txn, const struct log *log, uint64_t size,
    struct note_head *head) MUST_USE;

/* Proofs over the headers held, as merkle.h has them; sizes up to
 * frontier.size.  Only roots of subtrees of 16 and more leaves are stored; what
 * is below is hashed again. */
enum err oplog_inclusion(struct txn *txn, const struct log *log, uint64_t index,
    uint64_t size, struct merkle_proof *proof) MUST_USE;
enum err oplog_consistency(struct txn *txn, const struct log *log,
    uint64_t old_size, uint64_t size, struct merkle_proof *proof) MUST_USE;
/* The root of the first `size` leaves. */
enum err oplog_root(struct txn *txn, const struct log *log, uint64_t size,
    struct hash *root) MUST_USE;
/* Is the delta that `ref` names held in `space`, leaf and all?  Costs a read
 * and a hash. */
bool oplog_holds(
    struct txn *txn, struct space_state *space, const struct ref *ref);

/* Writes the dirty logs; called by txn_commit. */
void oplog_flush(struct txn *txn);

#endif
