#ifndef GOLMOK_CORE_FEED_H
#define GOLMOK_CORE_FEED_H

#include "core/txn.h"

/*
 * The durable answer to "what happened since N": one row for each delta that
 * came onto the road, in the order in which this store took them.
 */
struct feed_entry {
	uint64_t number; /* rises by one; the first is 1 */
	struct space_no space;
	struct log_no log;
	uint64_t seq;
	uint8_t kind; /* enum delta_kind; 255: opaque; 254: a body that was
			 owed; 253: a log's status changed */
};

enum { FEED_STATUS = 253, FEED_BODY = 254, FEED_OPAQUE = 255 };

/* Appends `entry` (its number is given here). */
void feed_put(struct txn *txn, struct feed_entry entry);
/* The number of the newest entry; 0 when there is none. */
uint64_t feed_last(struct txn *txn);
/* The first entry after `number`; false at the end (or on a failure, which
 * `txn` keeps). */
bool feed_next(
    struct txn *txn, uint64_t number, struct feed_entry *entry) MUST_USE;

#endif
