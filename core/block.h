#ifndef GOLMOK_CORE_BLOCK_H
#define GOLMOK_CORE_BLOCK_H

#include "core/tables.h"
#include "proto/squeeze.h"

/*
 * A block: the rows of many deltas of one log as one row (docs/format.md §12).
 * What their headers repeat, and what can be made again from the place of a
 * delta and from its bodies, is left out, the rest is compressed together;
 * sealed bodies lie beside it as they are.  Pure: knows bytes, no table but its
 * name in errors.
 */
enum {
	/* Unpacking so many takes some tens of microseconds. */
	BLOCK_DELTAS_MAX = 256,
	/* Of all their rows together: memory of a block that is open. */
	BLOCK_ROWS_SIZE_MAX = 256 * 1024,
	/* Of one row: a larger one gains nothing in a block. */
	BLOCK_ROW_SIZE_MAX = 32 * 1024,
};

/* What headers of one log have in common, and where a block begins. */
struct block_log {
	struct hash origin;
	struct log_id trunk;
	uint64_t first; /* position of its first delta */
};

/* Where the parts of one delta lie in an open block. */
struct block_place {
	uint32_t shape;	  /* in `shapes` */
	uint32_t number;  /* in `numbers` */
	uint32_t literal; /* in `literals` */
	uint32_t body;	  /* among the bodies */
	uint32_t header_n;
	uint32_t row_n;
	uint64_t stamp;
};

/* An open block; a zeroed one is none.  Ended with block_fini. */
struct block {
	struct block_log log;
	size_t n;
	size_t rows_size;  /* of all rows */
	size_t bodies_at;  /* where they begin in the row of the block */
	struct buf shapes; /* owned, as all below; unpacked */
	struct buf literals;
	struct bytes numbers; /* in `shapes` */
	uint32_t sums[BLOCK_DELTAS_MAX];
	struct block_place places[BLOCK_DELTAS_MAX];
};

/* Opens the block `row` under `key` into `block`, which may be one that was
 * open before.  All but the bodies is checked and copied; ERR_CORRUPT as
 * tables_corrupt makes it. */
enum err block_open(struct squeeze *squeeze, const struct block_log *log,
    struct bytes key, struct bytes row, struct block *block) MUST_USE;
/* How many deltas the block `row` has; 0 when that cannot be. */
size_t block_count(struct bytes row);
/* Appends the content of the row of its delta `at` to `content`; `row` is the
 * block that was opened.  False when it does not have its checksum; it is
 * appended all the same. */
bool block_row(const struct block *block, struct bytes row, size_t at,
    struct buf *content) MUST_USE;
void block_fini(struct block *block);

#endif
