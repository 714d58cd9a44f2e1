/*
 * What core/block.h says to blocks that have their checksum and make no sense:
 * nothing of them is believed, and what fits exactly is.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/block_form.h"

/* Numbers of one byte each. */
#define NUMBERS(...)                                       \
	{                                                  \
		(const uint8_t[]){__VA_ARGS__},            \
		    sizeof((const uint8_t[]){__VA_ARGS__}) \
	}
#define HUGE 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff
#define BLIND (BODY_BLIND << 2)
#define KEPT (BODY_KEPT << 2)

enum { KEY_SIZE = 32, TEXT_MAX = 64 * 1024 };

static const struct block_log log_of = {
    .origin = {{1}}, .trunk = {{2}}, .first = 120};

/* A block by its parts. */
struct parts {
	const char *why; /* what is wrong with it; NULL: nothing */
	size_t n;
	struct bytes shapes;
	struct bytes numbers;
	size_t literals_n;
	size_t bodies_n;
};

static void
number_add(struct buf *out, size_t v)
{
	for (; v >= 0x80; v >>= 7)
		buf_add_u8(out, (uint8_t)(v | 0x80));
	buf_add_u8(out, (uint8_t)v);
}

/* The row of `parts` with all its checksums but those of its rows. */
static void
row_make(struct squeeze *squeeze, const struct parts *parts, struct bytes key,
    struct buf *row)
{
	static const uint8_t zeros[TEXT_MAX];
	size_t at = BLOCK_HEAD_SIZE + BLOCK_SUM_SIZE * parts->n;
	struct buf first = {0};
	size_t between;

	number_add(&first, parts->shapes.n);
	buf_add(&first, parts->shapes);
	buf_add(&first, parts->numbers);
	buf_cut(row, 0);
	memset(buf_extend(row, at), 0, at);
	assert_int_equal(
	    squeeze_pack(squeeze, buf_bytes(&first), 1, row), ERR_OK);
	between = row->n;
	assert_int_equal(
	    squeeze_pack(squeeze, bytes_of(zeros, parts->literals_n), 1, row),
	    ERR_OK);
	bytes_put_be16(row->p + 8, (uint16_t)parts->n);
	bytes_put_be32(row->p + 10, (uint32_t)(between - at));
	bytes_put_be32(row->p + 14, (uint32_t)(row->n - between));
	bytes_put_be64(
	    row->p, block_form_index_sum(key, bytes_after(buf_bytes(row), 8)));
	buf_add(row, bytes_of(zeros, parts->bodies_n));
	buf_fini(&first);
}

static enum err
parts_open(const struct parts *parts, struct block *block)
{
	struct squeeze squeeze = {0};
	struct bytes key = bytes_text("key");
	struct buf row = {0};
	enum err e;

	row_make(&squeeze, parts, key, &row);
	e = block_open(&squeeze, &log_of, key, buf_bytes(&row), block);
	buf_fini(&row);
	squeeze_fini(&squeeze);
	return e;
}

/* shape: twice its pieces, then for each literals and the piece, literals,
 * bodies, and for each its change, its form and its size. */
static const struct parts all[] = {
    {NULL, 1, NUMBERS(0, 3, 0), {0}, 3, 0},
    {NULL, 2, NUMBERS(0, 3, 0, 0, 3, 0), {0}, 6, 0},
    {NULL, 1, NUMBERS(2, 1, PIECE_STAMP, 0, 0), NUMBERS(9, 1), 1, 0},
    {NULL, 1, NUMBERS(0, 1, 1, 0, BLIND, 5), {0}, 1, KEY_SIZE + 5},
    {NULL, 1, NUMBERS(0, 1, 1, 0, KEPT, 5), {0}, 1, KEY_SIZE + WRAP_SIZE + 5},
    {"a shape too few", 2, NUMBERS(0, 3, 0), {0}, 3, 0},
    {"a shape too many", 1, NUMBERS(0, 3, 0, 0, 0, 0), {0}, 3, 0},
    {"half a shape", 1, NUMBERS(0, 3), {0}, 3, 0},
    {"too few literals", 1, NUMBERS(0, 3, 0), {0}, 2, 0},
    {"too many literals", 1, NUMBERS(0, 3, 0), {0}, 4, 0},
    {"too few bodies", 1, NUMBERS(0, 1, 1, 0, BLIND, 5), {0}, 1, KEY_SIZE + 4},
    {"too many bodies", 1, NUMBERS(0, 1, 1, 0, BLIND, 5), {0}, 1, KEY_SIZE + 6},
    {"a number too many", 1, NUMBERS(0, 3, 0), NUMBERS(1), 3, 0},
    {"a number too few", 1, NUMBERS(2, 1, PIECE_STAMP, 0, 0), NUMBERS(9), 1, 0},
    {"a time without its number", 1, NUMBERS(2, 1, PIECE_TIME, 0, 0), {0}, 1,
	0},
    {"a number without an end", 1, NUMBERS(2, 1, PIECE_STAMP, 0, 0),
	NUMBERS(HUGE, HUGE), 1, 0},
    {"a stamp beyond all", 1, NUMBERS(2, 1, PIECE_STAMP, 0, 0),
	NUMBERS(HUGE, 1, 0), 1, 0},
    {"two stamps", 1, NUMBERS(4, 1, PIECE_STAMP, 0, PIECE_STAMP, 0, 0),
	NUMBERS(9, 1), 1, 0},
    {"a time before its stamp", 1,
	NUMBERS(4, 1, PIECE_TIME, 0, PIECE_STAMP, 0, 0), NUMBERS(1, 9, 1), 1,
	0},
    {"a form below all", 1, NUMBERS(0, 1, 1, 0, BLIND - 4, 5), {0}, 1,
	KEY_SIZE + 5},
    {"a form beyond all", 1, NUMBERS(0, 1, 1, 0, KEPT + 4, 5), {0}, 1,
	KEY_SIZE + WRAP_SIZE + 5},
    {"a change beyond all", 1, NUMBERS(0, 1, 1, 0x80, 0x80, 4, BLIND, 5), {0},
	1, KEY_SIZE + 5},
    {"a body beyond all", 1, NUMBERS(0, 1, 1, 0, BLIND, 0x81, 0x80, 2), {0}, 1,
	KEY_SIZE + BLOCK_ROW_SIZE_MAX + 1},
    {"bodies beyond a row", 1,
	NUMBERS(0, 1, 2, 0, BLIND, 0x80, 0x80, 1, 1, BLIND, 0x80, 0x80, 1), {0},
	1, 2 * (KEY_SIZE + BLOCK_ROW_SIZE_MAX / 2)},
    {"literals beyond a header", 1, NUMBERS(0, 0x81, 0x80, 2, 0), {0},
	BLOCK_ROW_SIZE_MAX + 1, 0},
};

static void
only_what_fits_exactly_is_a_block(void **state)
{
	static struct block block;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(all); i++) {
		enum err e = parts_open(&all[i], &block);

		if ((e == ERR_OK) != (all[i].why == NULL))
			print_error("%zu: %s\n", i,
			    all[i].why != NULL ? all[i].why : err_text());
		assert_int_equal(e, all[i].why == NULL ? ERR_OK : ERR_CORRUPT);
		assert_int_equal(block.n, e == ERR_OK ? all[i].n : 0);
	}
	block_fini(&block);
}

/* Headers of hashes, each a byte of the block: together more than memory that
 * an open block may take. */
static void
a_block_that_swells_is_none(void **state)
{
	enum { HASHES = 100 };
	static struct block block;
	struct parts parts = {0};
	struct buf shapes = {0};
	struct buf one = {0};
	size_t row_n = OPLOG_ROW_HEAD_SIZE + 32 * HASHES;
	size_t all_n = BLOCK_ROWS_SIZE_MAX + BLOCK_ROW_SIZE_MAX;

	(void)state;
	number_add(&one, 2 * HASHES);
	for (int i = 0; i < HASHES; i++)
		buf_add(&one, (struct bytes)NUMBERS(0, PIECE_ORIGIN));
	buf_add(&one, (struct bytes)NUMBERS(0, 0));
	for (; (parts.n + 1) * row_n <= all_n; parts.n++)
		buf_add(&shapes, buf_bytes(&one));
	parts.shapes = buf_bytes(&shapes);
	assert_int_equal(parts_open(&parts, &block), ERR_OK);
	assert_int_equal(block.rows_size, parts.n * row_n);
	buf_add(&shapes, buf_bytes(&one));
	parts.shapes = buf_bytes(&shapes);
	parts.n++;
	assert_int_equal(parts_open(&parts, &block), ERR_CORRUPT);
	assert_int_equal(block.n, 0);
	buf_fini(&one);
	buf_fini(&shapes);
	block_fini(&block);
}

/* The part `at` (0 or 1) of a block with its checksum is no frame, or the
 * length in it is beyond it. */
static void
parts_that_do_not_unpack_are_told(void **state)
{
	static struct block block;
	struct bytes key = bytes_text("key");
	struct squeeze squeeze = {0};
	struct buf row = {0};

	(void)state;
	for (int i = 0; i < 2; i++) {
		size_t at = BLOCK_HEAD_SIZE + BLOCK_SUM_SIZE;

		row_make(&squeeze, &all[0], key, &row);
		row.p[i == 0 ? at : at + bytes_be32(row.p + 10)] ^= 1;
		bytes_put_be64(row.p,
		    block_form_index_sum(key, bytes_after(buf_bytes(&row), 8)));
		assert_int_equal(
		    block_open(&squeeze, &log_of, key, buf_bytes(&row), &block),
		    ERR_CORRUPT);
		assert_non_null(strstr(err_text(), "does not unpack"));
		assert_int_equal(block.n, 0);
	}
	buf_fini(&row);
	block_fini(&block);
	squeeze_fini(&squeeze);
}

static void
a_length_beyond_the_part_is_told(void **state)
{
	static const struct parts none = {"no shapes", 1, {0}, {0}, 0, 0};
	static struct block block;
	struct bytes key = bytes_text("key");
	struct squeeze squeeze = {0};
	struct buf row = {0};
	struct buf frame = {0};
	size_t at = BLOCK_HEAD_SIZE + BLOCK_SUM_SIZE;

	(void)state;
	row_make(&squeeze, &none, key, &row);
	assert_int_equal(
	    squeeze_pack(&squeeze, bytes_text("\5ab"), 1, &frame), ERR_OK);
	buf_add(
	    &frame, bytes_after(buf_bytes(&row), at + bytes_be32(row.p + 10)));
	bytes_put_be32(
	    row.p + 10, (uint32_t)(frame.n - bytes_be32(row.p + 14)));
	buf_cut(&row, at);
	buf_add(&row, buf_bytes(&frame));
	bytes_put_be64(
	    row.p, block_form_index_sum(key, bytes_after(buf_bytes(&row), 8)));
	assert_int_equal(
	    block_open(&squeeze, &log_of, key, buf_bytes(&row), &block),
	    ERR_CORRUPT);
	assert_non_null(strstr(err_text(), "does not unpack"));
	buf_fini(&row);
	buf_fini(&frame);
	squeeze_fini(&squeeze);
	block_fini(&block);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(only_what_fits_exactly_is_a_block),
	    cmocka_unit_test(a_block_that_swells_is_none),
	    cmocka_unit_test(parts_that_do_not_unpack_are_told),
	    cmocka_unit_test(a_length_beyond_the_part_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
