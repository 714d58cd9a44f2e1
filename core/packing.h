#ifndef GOLMOK_CORE_PACKING_H
#define GOLMOK_CORE_PACKING_H

#include "core/oplog.h"

/*
 * Deltas that are no longer new go from rows of their own into blocks
 * (core/block.h), in small steps, each of them whole in its transaction.  What
 * changes in a packed delta later (a body that was owed, a secret) is a row of
 * its own again until the next step.  Rows that are too large for a block stay.
 */
enum {
	/* The newest deltas of a log, which stay rows: bodies are still on
	 * their way, and a block that is not full is written again. */
	PACKING_KEEP = 64,
	/* About how many deltas one transaction should pack at the most: LMDB
	 * keeps its changed pages in memory, some 60 for each block. */
	PACKING_STEP = 4096,
	/* A log of our own is packed by who writes it when so many are not. */
	PACKING_OWN = 4096,
};

/* Packing of all logs, log by log; in no transaction.  Zero but for `rest`
 * before the first step. */
struct packing {
	/* Pack what does not fill a block, too, if there is enough of it. */
	bool rest;
	uint32_t at;	       /* number of the log to go on with */
	bool ended;	       /* all logs were looked at */
	uint64_t deltas;       /* packed, for the first time or again */
	uint64_t blocks;       /* written */
	uint64_t before_bytes; /* of the rows that went into them */
	uint64_t after_bytes;  /* of the blocks */
};

/* Goes on for about `budget` deltas, and through a bounded number of logs; sets
 * packing->ended behind the last.  Whether anything was written, the counts
 * say. */
enum err packing_some(
    struct txn *txn, struct packing *packing, uint64_t budget) MUST_USE;
/* For who writes `log`: packs some of it when PACKING_OWN deltas are not, about
 * twice as many as this transaction appended. */
enum err packing_keep_up(struct txn *txn, struct log *log) MUST_USE;
/* How many deltas of all logs a packing would look at. */
enum err packing_due(struct txn *txn, uint64_t *deltas) MUST_USE;

/* Packs the block of `log` (whose own the row is) that has delta `seq` again
 * at once, if there is one: nothing of what a row replaced stays in it. */
enum err packing_again(struct txn *txn, struct log *log, uint64_t seq) MUST_USE;

#endif
