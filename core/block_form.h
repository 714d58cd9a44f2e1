#ifndef GOLMOK_CORE_BLOCK_FORM_H
#define GOLMOK_CORE_BLOCK_FORM_H

#include "core/block.h"
#include "core/oplog_row.h"

/*
 * What the writer (core/block_form.c) and the reader (core/block.c) of blocks
 * share.
 */

/* Parts of a header that are made again and not stored. */
enum block_piece {
	PIECE_ORIGIN = 0, /* hash of the log's origin line */
	PIECE_SEQ = 1,	  /* the position, as an integer */
	PIECE_STAMP = 2,  /* the stamp, as an integer, from the numbers */
	PIECE_LOG = 3,	  /* the log's id before any fork */
	PIECE_TIME = 4,	  /* 6 bytes: milliseconds of the stamp, less a number */
	PIECE_BODY = 5,	  /* and on: the commitment of body 0, 1, ... */
};
enum { PIECE_TIME_SIZE = 6, STAMP_COUNTER_BITS = 16 };

/* checksum, number of deltas, lengths of the two frames */
enum { BLOCK_HEAD_SIZE = TABLES_CHECKSUM_SIZE + 2 + 4 + 4, BLOCK_SUM_SIZE = 4 };
/* What each frame may unpack to. */
enum { BLOCK_PART_SIZE_MAX = 2 * (BLOCK_ROWS_SIZE_MAX + BLOCK_ROW_SIZE_MAX) };

/* What of a body is told among the shapes; its key, wrap and sealed bytes lie
 * with the bodies. */
uint8_t block_body_tag(const struct stored_body *body);
/* The commitment that a header should have to `body`. */
void block_commitment(const struct stored_body *body, struct hash *commitment);
/* The checksum of the row of one delta, by its content. */
uint32_t block_sum(struct bytes content);
/* That of a block under `key`, of all but its bodies: `index` is what follows
 * the checksum. */
uint64_t block_index_sum(struct bytes key, struct bytes index);

#endif
