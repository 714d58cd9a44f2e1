/*
 * Packed blocks and rows as a damaged store may have them: with checksums that
 * are right, so that all behind them is looked at.
 */
#include "core/block_form.h"
#include "core/cell.h"
#include "core/row_read.h"
#include "core/words.h"
#include <string.h>

#include "tests/fuzz/cost.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/targets.h"

static struct squeeze squeeze;
static const struct block_log log_of = {
    .origin = {{1}}, .trunk = {{2}}, .first = 120};

/* A block of the parts that `input` gives, with its checksums. */
static void
block_make(struct fuzz_input *input, struct bytes key, struct buf *row)
{
	size_t n = fuzz_below(input, BLOCK_DELTAS_MAX + 1);
	struct bytes shapes = fuzz_bytes(input, SIZE_MAX);
	struct bytes numbers = fuzz_bytes(input, SIZE_MAX);
	struct bytes literals = fuzz_bytes(input, SIZE_MAX);
	struct buf part = {0};
	struct buf frame = {0};

	buf_add_be64(row, 0);
	buf_add_be16(row, (uint16_t)n);
	buf_add_be64(row, 0);
	for (size_t i = 0; i < n; i++)
		buf_add_be32(row, 0);
	if (shapes.n >= 0x80)
		buf_add_u8(&part, (uint8_t)(0x80 | (shapes.n & 0x7f)));
	buf_add_u8(
	    &part, (uint8_t)(shapes.n < 0x80 ? shapes.n : shapes.n >> 7));
	buf_add(&part, shapes);
	buf_add(&part, numbers);
	assert(squeeze_pack(&squeeze, buf_bytes(&part), 1, &frame) == ERR_OK);
	bytes_put_be32(row->p + 10, (uint32_t)frame.n);
	buf_add(row, buf_bytes(&frame));
	buf_cut(&frame, 0);
	assert(squeeze_pack(&squeeze, literals, 1, &frame) == ERR_OK);
	bytes_put_be32(row->p + 14, (uint32_t)frame.n);
	buf_add(row, buf_bytes(&frame));
	bytes_put_be64(
	    row->p, block_form_index_sum(key, bytes_after(buf_bytes(row), 8)));
	buf_add(row, fuzz_rest(input));
	buf_fini(&part);
	buf_fini(&frame);
}

static void
block_try(struct bytes key, struct bytes row)
{
	/* Both parts, doubled as buffers grow, and contexts made once. */
	static const struct cost_limit limit = {
	    {.allocations = 100,
		.allocated_bytes = 16 * BLOCK_PART_SIZE_MAX,
		.largest_bytes = 2 * BLOCK_PART_SIZE_MAX},
	    {.allocated_bytes = 4, .largest_bytes = 2}};
	static struct block block;
	struct buf content = {0};
	size_t all = 0;
	enum err e;

	cost_begin();
	e = block_open(&squeeze, &log_of, key, row, &block);
	cost_assert(&limit, row.n);
	assert(e == ERR_OK || e == ERR_CORRUPT);
	assert((e == ERR_OK) == (block.n > 0) && block.n <= BLOCK_DELTAS_MAX);
	for (size_t i = 0; i < block.n; i++) {
		struct stored_delta delta;
		bool right;

		buf_cut(&content, 0);
		right = block_row(&block, row, i, &content);
		all += content.n;
		assert(content.n <= BLOCK_ROW_SIZE_MAX);
		if (oplog_row_delta(buf_bytes(&content), &delta))
			assert(delta.header.n <= LIMIT_HEADER_SIZE);
		(void)right;
	}
	assert(all <= BLOCK_ROWS_SIZE_MAX + BLOCK_ROW_SIZE_MAX);
	buf_fini(&content);
}

static void
delta_row_try(struct bytes in)
{
	struct stored_delta delta;
	struct stored_body body;
	struct bytes rest;
	struct buf out = {0};

	if (oplog_row_delta(in, &delta)) {
		oplog_row_header(delta.opaque, delta.header, &out);
		rest = delta.bodies;
		while (oplog_row_next(&rest, &body))
			oplog_row_body(&body, &out);
		assert(rest.n == 0);
		assert(bytes_equal(buf_bytes(&out), in));
	}
	buf_fini(&out);
}

static void
rows_try(struct bytes in)
{
	static const struct cost_limit limit = {
	    {.allocations = 32,
		.allocated_bytes = 3 * COST_ARENA,
		.largest_bytes = COST_ARENA},
	    {.allocations = 2, .allocated_bytes = 1024, .largest_bytes = 300}};
	struct space_state space = {0};
	struct words words = {0};
	struct arena arena = {0};
	struct record record;
	struct log log = {.space = &space};
	struct cell cell;
	size_t key_n = in.n < 72 ? in.n : 72;
	struct buf out = {0};

	cost_begin();
	delta_row_try(in);
	if (row_read_record(in, &words, &arena, &record) != ERR_OK)
		memset(&record, 0, sizeof(record));
	if (oplog_row_log(in, &arena, &log)) {
		oplog_row_from_log(&log, &out);
		assert(bytes_equal(buf_bytes(&out), in));
	}
	if (cell_decode(bytes_first(in, key_n), bytes_after(in, key_n), &cell))
		assert(cell.kind < KIND_COUNT);
	cost_assert(&limit, in.n);
	arena_fini(&arena);
	buf_fini(&out);
}

void
target_block(struct bytes in)
{
	struct bytes key = bytes_text("a key of a block");
	struct fuzz_input input = {.left = in};
	struct buf row = {0};

	fuzz_start();
	rows_try(in);
	block_try(key, in);
	block_make(&input, key, &row);
	block_try(key, buf_bytes(&row));
	buf_fini(&row);
}
