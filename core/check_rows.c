/*
 * What of a log lies in rows and blocks, for a check.  core/check_log.c goes
 * through each log with it.  Believes no number of a row that it can count.
 */
#include "core/check_rows.h"

#include "core/blocks.h"
#include "core/oplog_row.h"
#include "proto/ascii.h"
#include "proto/mem.h"

struct check_rows {
	struct check *check;   /* borrowed */
	const struct log *log; /* borrowed */
	struct key prefix;
	struct kv_cursor rows;
	bool more_rows;
	uint64_t rows_n; /* met so far */
	uint64_t used_n; /* of them have a delta of the log */
	struct kv_cursor blocks;
	bool more_blocks;
	struct blocks_extent extent; /* of the block at hand, if any */
	struct bytes block_row;	     /* a view */
	struct block block;	     /* n is 0 when it is damaged */
	struct buf made;	     /* one delta of it, wiped behind all */
};

static bool row_read(struct check_rows *c, struct stored_delta *stored);
static bool packed_read(struct check_rows *c, struct stored_delta *stored);
static void blocks_next(struct check_rows *c, bool first);
static void block_enter(struct check_rows *c, uint64_t seq);
static void block_wrong(struct check_rows *c, const char *why);
static void rows_next(struct check_rows *c, bool first);

struct check_rows *
check_rows_new(struct check *check, const struct log *log)
{
	struct check_rows *c = mem_zeros(1, sizeof(*c));

	c->check = check;
	c->log = log;
	tables_log_prefix(log->space->no, log->no, &c->prefix);
	kv_cursor_init(&c->rows, check->txn->kv, TABLE_DELTAS);
	kv_cursor_init(&c->blocks, check->txn->kv, TABLE_BLOCKS);
	rows_next(c, true);
	blocks_next(c, true);
	return c;
}

/* What lies in a block and in a row is looked at twice; the row counts. */
bool
check_rows_read(struct check_rows *c, struct stored_delta *stored)
{
	struct stored_delta packed = *stored;
	bool is_packed;
	struct key key;

	if (stored->seq < c->log->below)
		return check_passed(c->check,
		    oplog_get(c->check->txn, c->log, stored->seq, stored));
	block_enter(c, stored->seq);
	is_packed = packed_read(c, &packed);
	tables_delta_key(c->log->space->no, c->log->no, stored->seq, &key);
	/* What lies between two deltas is counted, and told by check_rows_end.
	 */
	while (c->more_rows && bytes_compare(c->rows.key, tables_key(&key)) < 0)
		rows_next(c, false);
	if (c->more_rows && bytes_equal(c->rows.key, tables_key(&key))) {
		c->used_n++;
		if (!row_read(c, stored))
			return false;
		if (is_packed && !bytes_equal(packed.header, stored->header))
			block_wrong(c, "a delta in it is another one");
		return true;
	}
	*stored = packed;
	if (!is_packed && check_went_well(c->check))
		(void)check_passed(
		    c->check, tables_corrupt(TABLE_DELTAS, tables_key(&key),
				  "it is missing"));
	return is_packed;
}

/* A row whose checksum is wrong is told, and its header taken as it lies, so
 * that the rest of the log is still looked at. */
static bool
row_read(struct check_rows *c, struct stored_delta *stored)
{
	struct bytes content = {0};

	if (!check_passed(c->check, tables_open(TABLE_DELTAS, c->rows.key,
					c->rows.value, &content)) &&
	    c->rows.value.n < TABLES_CHECKSUM_SIZE)
		return false;
	if (oplog_row_delta(content, stored))
		return true;
	(void)check_passed(c->check,
	    tables_corrupt(TABLE_DELTAS, c->rows.key, "its content is wrong"));
	return false;
}

/* The delta from the block at hand, likewise; false when that has it not. */
static bool
packed_read(struct check_rows *c, struct stored_delta *stored)
{
	uint64_t at = stored->seq - c->extent.first;

	if (c->extent.n == 0 || at >= c->block.n)
		return false;
	buf_cut(&c->made, 0);
	if (!block_row(&c->block, c->block_row, (size_t)at, &c->made))
		block_wrong(c, "the checksum of a delta in it is wrong");
	if (oplog_row_delta(buf_bytes(&c->made), stored))
		return true;
	block_wrong(c, "its content is wrong");
	return false;
}

/* Makes the block that begins at `seq` the one at hand, if there is one. */
static void
block_enter(struct check_rows *c, uint64_t seq)
{
	uint64_t end = c->extent.first + c->extent.n;

	if (c->extent.n > 0 && seq >= end)
		c->extent.n = 0;
	while (c->more_blocks) {
		uint64_t first = bytes_be64(
		    bytes_after(c->blocks.key, c->prefix.n).p);

		if (first > seq)
			return;
		c->check->rows[TABLE_BLOCKS]++;
		if (first < seq || c->extent.n > 0) {
			(void)check_passed(c->check,
			    tables_corrupt(TABLE_BLOCKS, c->blocks.key,
				"it begins within another one"));
		} else {
			c->extent.first = first;
			c->extent.n = block_count(c->blocks.value);
			c->block_row = c->blocks.value;
			(void)check_passed(
			    c->check, blocks_open(c->check->txn, c->log, first,
					  c->block_row, &c->block));
			if (c->extent.n > c->log->frontier.size - first)
				block_wrong(c, "it is longer than its log");
		}
		blocks_next(c, false);
	}
}

static void
block_wrong(struct check_rows *c, const char *why)
{
	struct key key;

	tables_delta_key(c->log->space->no, c->log->no, c->extent.first, &key);
	(void)check_passed(
	    c->check, tables_corrupt(TABLE_BLOCKS, tables_key(&key), why));
}

/* Moves to the next block of the log. */
static void
blocks_next(struct check_rows *c, bool first)
{
	c->more_blocks = first ? kv_seek(&c->blocks, tables_key(&c->prefix))
			       : kv_next(&c->blocks);
	c->more_blocks = c->more_blocks &&
			 bytes_begins(c->blocks.key, tables_key(&c->prefix)) &&
			 c->blocks.key.n == c->prefix.n + 8;
}

/* Moves to the next row of the log's deltas. */
static void
rows_next(struct check_rows *c, bool first)
{
	c->more_rows = first ? kv_seek(&c->rows, tables_key(&c->prefix))
			     : kv_next(&c->rows);
	c->more_rows = c->more_rows &&
		       bytes_begins(c->rows.key, tables_key(&c->prefix));
	c->rows_n += c->more_rows;
}

void
check_rows_end(struct check_rows *c)
{
	struct buf hex = {0};

	while (c->more_rows)
		rows_next(c, false);
	c->check->rows[TABLE_DELTAS] += c->rows_n;
	if (c->more_blocks && !c->check->cut)
		(void)check_passed(
		    c->check, tables_corrupt(TABLE_BLOCKS, c->blocks.key,
				  "it lies beyond the size of its log"));
	if (c->rows_n != c->used_n && !c->check->cut) {
		ascii_hex(bytes_of(c->log->id.b, sizeof(c->log->id.b)), &hex);
		(void)check_passed(c->check,
		    err_set(ERR_CORRUPT,
			"log %s has %llu rows of deltas that lie beyond its "
			"size",
			buf_text(&hex),
			(unsigned long long)(c->rows_n - c->used_n)));
		buf_fini(&hex);
	}
	kv_cursor_fini(&c->rows);
	kv_cursor_fini(&c->blocks);
	buf_wipe(&c->made);
	block_fini(&c->block);
	mem_free(c);
}
