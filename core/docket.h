#ifndef GOLMOK_CORE_DOCKET_H
#define GOLMOK_CORE_DOCKET_H

#include "core/decisions.h"

/*
 * The decisions of one space as a transaction has them, for core/decisions.c:
 * by name, and by the logs that they are about.  Of those held it has the ones
 * that count, whole, and of others that chains of `replaces` lead to from there
 * what they replace.
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
	/* Those of which it is not known yet what they replace. */
	struct decision *chased;
	const struct ref *unborn; /* not looked at; NULL: none */
};

/* The decisions of `space`, read at the first use, and settled; NULL after a
 * failure, which `txn` keeps. */
struct docket *docket_of(struct txn *txn, struct space_state *space);
/* The same as it was before the decision `ref` came, which was just appended
 * to its log: what is read first now must not know of it, or nobody could tell
 * what turned by it. */
struct docket *docket_before(
    struct txn *txn, struct space_state *space, const struct ref *ref);
/* Reads the decisions that count and are not there yet, without settling: to be
 * called when rights have changed. */
enum err docket_load(struct txn *txn, struct docket *docket) MUST_USE;
/* Adds the adopt or void `from`, without settling: when it counts, the whole of
 * it, else no more than what it replaces. */
void docket_take(struct txn *txn, struct docket *docket,
    const struct history_delta *from, bool whole);
/* Does any decision that is there replace `ref`?  Any other that does not count
 * changes nothing, and needs no place here. */
bool docket_awaits(const struct docket *docket, const struct ref *ref);
/* Works out which decisions hold; `turned` are those of which that changed. */
enum err docket_settle(struct txn *txn, struct docket *docket,
    struct decision_list *turned) MUST_USE;
/* The index of the first link to `target`, or where it would be. */
size_t docket_about(const struct docket *docket, const struct log_id *target);

#endif
