#ifndef GOLMOK_CORE_RESTATE_H
#define GOLMOK_CORE_RESTATE_H

#include "core/decisions.h"

/*
 * Records of one space that are to be merged again, gathered so that each is
 * merged once however many of its changes were touched.  Gather after what they
 * depend on (rights, decisions, deltas) is as it shall be.
 */
struct restate {
	struct txn *txn;	   /* borrowed */
	struct space_state *space; /* borrowed */
	struct record_id *records; /* owned */
	size_t n;
	size_t room;
};

/* Starts gathering in `space`; ended with restate_fini. */
void restate_init(
    struct restate *restate, struct txn *txn, struct space_state *space);
void restate_fini(struct restate *restate);
/* Adds the records that deltas `from` to `to` (exclusive, at most its size) of
 * `log` change.  When very many are gathered some are merged at once. */
enum err restate_deltas(struct restate *restate, const struct log *log,
    uint64_t from, uint64_t to) MUST_USE;
/* Adds the records that the deltas which `decision` is about change, as far as
 * they are held and have no right of their own. */
enum err restate_decision(
    struct restate *restate, const struct decision *decision) MUST_USE;
/* Merges all that were gathered. */
enum err restate_run(struct restate *restate) MUST_USE;

/* Merges the record `id` of `space` again from its whole history. */
enum err restate_record(struct txn *txn, struct space_state *space,
    const struct record_id *id) MUST_USE;

#endif
