#ifndef GOLMOK_CORE_DRAFT_H
#define GOLMOK_CORE_DRAFT_H

#include "core/own.h"
#include "core/store.h"

/*
 * Local writes on their way to becoming a delta: changes of one space and actor
 * gather until the delta is full, one of their records is written again, or the
 * transaction ends.
 */
struct draft_op {
	struct body_op op;
	size_t seen_n;
	struct dot *seen; /* arena; sorted here */
};

struct draft_change {
	struct record_id record;
	enum delta_act act;
	struct bytes collection; /* not empty: creates */
	size_t parents_n;
	struct change_ref *parents; /* arena; sorted here */
	size_t ops_n;
	struct draft_op *ops;	   /* by class, numbers are given here; arena */
	enum delta_class *classes; /* ops_n of them; arena */
	size_t claims_n;
	struct key *claims; /* values of unique fields; arena */
	struct stamp shown; /* the newest change that was shown */
};

struct draft {
	struct draft *next;
	struct space space;
	bool has_actor;
	struct actor_id actor;
	struct arena *arena;	      /* of the transaction; borrowed */
	struct draft_change *changes; /* arena */
	size_t changes_n;
	size_t changes_room;
	size_t header_bytes; /* at most what the header will have */
	size_t refs_n;	     /* at most */
	size_t targets_n;    /* seen and parents, at most */
	size_t body_bytes;   /* of all bodies, at most */
	struct stamp shown;  /* the newest change that was shown */
};

/* The draft of `space` and `actor` in `*drafts`, made when there is none. */
struct draft *draft_get(
    struct txn *txn, struct draft **drafts, const struct store_write *write);
/* Is the record `id` changed in `draft`? */
bool draft_has(const struct draft *draft, const struct record_id *id);
/* Has another record in `draft` the value of a unique field that is `claim`? */
bool draft_claims(const struct draft *draft, const struct record_id *id,
    const struct key *claim);
/* Would `change` fit beside those in `draft`?  One that does not fit into an
 * empty draft fits into no delta. */
bool draft_fits(const struct draft *draft, const struct draft_change *change);
/* Adds `change`, which fits. */
void draft_add(struct draft *draft, const struct draft_change *change);
/* Makes a delta of the draft in the log `own` and empties it. */
enum err draft_seal(
    struct txn *txn, struct draft *draft, struct own *own) MUST_USE;

#endif
