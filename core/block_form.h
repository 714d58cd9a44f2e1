#ifndef GOLMOK_CORE_BLOCK_FORM_H
#define GOLMOK_CORE_BLOCK_FORM_H

#include "core/block.h"
#include "core/oplog_row.h"

/*
 * Blocks are written here, and read in core/block.c, which shares what follows.
 */

/* Rows of deltas in order: contents as core/oplog_row.h has them. */
struct block_rows {
	const struct bytes *p; /* borrowed */
	size_t n;	       /* 1 to BLOCK_DELTAS_MAX */
};
/* Makes the row under `key` of a block of `rows`, the deltas from log->first
 * on, into `row` (emptied first).  No row is larger than BLOCK_ROW_SIZE_MAX,
 * all together not larger than BLOCK_ROWS_SIZE_MAX and one row.  ERR_IO when
 * there is no memory to compress with. */
enum err block_form_encode(struct squeeze *squeeze, const struct block_log *log,
    struct block_rows rows, struct bytes key, struct buf *row) MUST_USE;

/* Parts of a header that are made again and not stored. */
enum block_piece {
	PIECE_ORIGIN = 0, /* hash of the log's origin line */
	PIECE_SEQ = 1,	  /* the position, as an integer */
	PIECE_STAMP = 2,  /* the stamp, as an integer, from the numbers */
	PIECE_LOG = 3,	  /* the log's id before any fork */
	PIECE_TIME = 4, /* 6 bytes: milliseconds of the stamp, less a number */
	PIECE_BODY = 5, /* and on: the commitment of body 0, 1, ... */
};
enum { PIECE_TIME_SIZE = 6, STAMP_COUNTER_BITS = 16 };

/* checksum, number of deltas, lengths of the two frames */
enum { BLOCK_HEAD_SIZE = TABLES_CHECKSUM_SIZE + 2 + 4 + 4, BLOCK_SUM_SIZE = 4 };
/* What each frame may unpack to. */
enum { BLOCK_PART_SIZE_MAX = 2 * (BLOCK_ROWS_SIZE_MAX + BLOCK_ROW_SIZE_MAX) };

/* The commitment that a header should have to `body`. */
void block_form_commitment(
    const struct stored_body *body, struct hash *commitment);
/* The checksum of the row of one delta, by its content. */
uint32_t block_form_sum(struct bytes content);
/* That of a block under `key`, of all but its bodies: `index` is what follows
 * the checksum. */
uint64_t block_form_index_sum(struct bytes key, struct bytes index);

#endif
