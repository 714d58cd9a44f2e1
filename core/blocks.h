#ifndef GOLMOK_CORE_BLOCKS_H
#define GOLMOK_CORE_BLOCKS_H

#include "core/block.h"
#include "core/oplog.h"

/*
 * The blocks of deltas (core/block.h) that a transaction reads.  A delta lies
 * in a block, or in a row of TABLE_DELTAS, or in both: then the row is newer
 * and counts.  Some blocks stay open for the next delta of theirs, so that
 * memory is bounded however many are read.
 */

/* How many blocks stay open at the least: as long as a delta was read from no
 * more others, its views live. */
enum { BLOCKS_OPEN = 16 };

/* The content of the row of delta `seq` of `owner`, from an open block, when no
 * row of TABLE_DELTAS can be in its place: costs next to nothing.  A view until
 * the next put, or until deltas of BLOCKS_OPEN other blocks were read. */
bool blocks_peek(struct txn *txn, const struct log *owner, uint64_t seq,
    struct bytes *content) MUST_USE;
/* The same from whatever block has it; false when none has, or after a failure,
 * which is kept.  For who has looked into TABLE_DELTAS. */
bool blocks_find(struct txn *txn, const struct log *owner, uint64_t seq,
    struct bytes *content) MUST_USE;

/* Where a block lies in its log. */
struct blocks_extent {
	uint64_t first;
	size_t n; /* 0: there is none */
};
/* The block of `owner` that has delta `seq`, or would if it were longer: the
 * last that begins at it or before.  A failure is kept. */
struct blocks_extent blocks_at(
    struct txn *txn, const struct log *owner, uint64_t seq);
/* The first block of `owner` that begins behind `seq`; n is 0 when there is
 * none. */
struct blocks_extent blocks_behind(
    struct txn *txn, const struct log *owner, uint64_t seq);

/* Does any row of TABLE_DELTAS lie in the place of a block?  A failure is
 * kept. */
bool blocks_have_rows(
    struct txn *txn, const struct log *owner, struct blocks_extent extent);

/* Stores the block `row`, which begins at `first`; removes the one that begins
 * there. */
void blocks_put(
    struct txn *txn, const struct log *owner, uint64_t first, struct bytes row);
void blocks_remove(struct txn *txn, const struct log *owner, uint64_t first);
/* A row of TABLE_DELTAS was stored or removed for delta `seq`. */
void blocks_touch(struct txn *txn, const struct log *owner, uint64_t seq);
/* Closes all; called when the transaction ends. */
void blocks_forget(struct txn *txn);

/* For core/check_log.c: opens the block with the key of the delta `first` of
 * `log`. */
enum err blocks_open(struct txn *txn, const struct log *log, uint64_t first,
    struct bytes row, struct block *block) MUST_USE;

#endif
