#ifndef GOLMOK_CORE_FORCE_H
#define GOLMOK_CORE_FORCE_H

#include "core/authority.h"
#include "core/identity.h"
#include "core/lookup.h"
#include "core/view.h"

/*
 * What a store says about itself: that it is one we know, and the pack whose
 * rules are in force there, with its indexes and views.  Which of several
 * versions that is follows from core/packs.h; it is written down when the facts
 * change, so that each transaction finds it without looking at them.
 */
struct force_past;
struct force {
	struct pack *pack;     /* owned; NULL: no pack is in force */
	struct lookup *lookup; /* owned */
	struct views *views;   /* owned */
	struct hash row;       /* of the row that they come from */
	/* The transaction that was found with it, and one; 0: look. */
	uint64_t seen;
	struct hash compiled; /* of the pack in this program */
	/* What was in force before: owned, for who still looks at it. */
	struct force_past *past;
};

/* Reads into the zeroed `force`, ended with force_fini in every case, what the
 * store of `identity` says.  ERR_VERSION: a newer format, or a pack that this
 * program does not have.  ERR_CORRUPT: no city, or that of other keys. */
enum err force_load(struct txn *txn, const struct identity *identity,
    struct force *force) MUST_USE;
/* The same for a store that says nothing yet: no pack. */
void force_init(const struct identity *identity, struct force *force);
void force_fini(struct force *force);
/* In a writer: makes indexes and views those of what it goes by, a bounded part
 * at a time; `*whole` says whether that is done.  Else the caller commits and
 * comes again. */
enum err force_refresh(struct txn *txn, bool *whole) MUST_USE;

/* Has the next writer nothing of this to do?  While it has, who reads goes
 * without indexes and views. */
bool force_is_current(struct txn *txn);

/* At the start of a transaction: gives it the pack and its indexes, read anew
 * when another one has come into force. */
enum err force_follow(struct txn *txn, const struct identity *identity,
    struct force *force) MUST_USE;
/* At the start of a writer: when another program wrote down what is in force,
 * or none yet, does that anew, with what `authority` is brought to, and
 * follows. */
enum err force_ready(struct txn *txn, const struct identity *identity,
    struct authority *authority, struct force *force) MUST_USE;
/* In a writer: writes down what is in force by `authority`, and events when
 * that is another pack or a version was refused.  Does nothing when nothing
 * that it follows from has changed. */
enum err force_settle(
    struct txn *txn, const struct authority *authority) MUST_USE;
/* Does the store say what follows from `authority`?  For core/fsck.c. */
bool force_is_settled(struct txn *txn, const struct authority *authority);

#endif
