#ifndef GOLMOK_NET_PEER_HIDDEN_H
#define GOLMOK_NET_PEER_HIDDEN_H

#include "core/oplog.h"

/*
 * Logs that are held here and that the peer may not have: no more than their
 * numbers, for an aggregator has hundreds of them in each of hundreds of
 * sessions, and a ledger entry for each would be all its memory.
 */
struct hidden {
	uint32_t *numbers; /* owned; open addressing by id; 0: free */
	size_t size;	   /* slots: 0 or a power of two */
	size_t n;
	uint64_t salt; /* so that strangers cannot aim at one slot */
};

/* Ends it; a zeroed one is ready but for its salt. */
void hidden_fini(struct hidden *hidden);
/* Forgets all. */
void hidden_clear(struct hidden *hidden);
/* Adds `log`, unless it is there, in the transaction that it is of. */
enum err hidden_add(
    struct hidden *hidden, struct txn *txn, const struct log *log) MUST_USE;
/* The hidden log with the id `id`, or NULL when there is none. */
enum err hidden_find(const struct hidden *hidden, struct txn *txn,
    const struct log_id *id, struct log **log) MUST_USE;

#endif
