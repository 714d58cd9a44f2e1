#ifndef GOLMOK_CORE_DOCKET_H
#define GOLMOK_CORE_DOCKET_H

#include "core/decisions.h"

/*
 * The decisions of one space as a transaction has them, for core/decisions.c:
 * by name, and by the logs that they are about.
 */
struct docket_link {
	struct log_id target;
	struct decision *decision;
};

/* All arrays are in txn->arena. */
struct docket {
	struct docket *next; /* of another space; in txn->dockets */
	struct space_state *space;
	struct decision **all; /* by ref */
	size_t n;
	size_t room;
	struct docket_link *links; /* by target */
	size_t links_n;
	size_t links_room;
	struct decision **given; /* room for a list of all of them */
	struct decision **stack;
	size_t scratch_room; /* of these two */
};

/* The decisions of `space`, read at the first use, and settled; NULL after a
 * failure, which `txn` keeps. */
struct docket *docket_of(struct txn *txn, struct space_state *space);
/* What the adopt or void `from` says, in `arena`. */
struct decision *docket_make(
    struct arena *arena, const struct history_delta *from);
/* Adds `decision`, which is not there yet, without settling. */
void docket_insert(
    struct txn *txn, struct docket *docket, struct decision *decision);
/* Works out which decisions hold; `turned` are those of which that changed. */
void docket_settle(
    struct txn *txn, struct docket *docket, struct decision_list *turned);
/* The decision `ref`; NULL when it is not held. */
struct decision *docket_find(struct docket *docket, const struct ref *ref);
/* The index of the first link to `target`, or where it would be. */
size_t docket_about(const struct docket *docket, const struct log_id *target);

#endif
