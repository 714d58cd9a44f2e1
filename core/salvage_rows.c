/*
 * Rows out of damaged files.  A row is believed when it has its checksum, or
 * has it after one bit was turned over: of 64 bits a row of some kilobytes
 * finds no second one by chance.  core/salvage.c judges what the rows say.
 */
#include "core/salvage_rows.h"

#include <string.h>

#include "core/oplog_row.h"
#include "core/pages.h"
#include "proto/mem.h"

enum {
	/* What one transaction takes: LMDB does not do well with more. */
	STEP_BYTES = 4 * 1024 * 1024,
	STEP_ROWS = 1000,
	/* Longer ones would take minutes to be tried bit by bit. */
	MEND_SIZE_MAX = 256 * 1024,
};

/* A copy under way. */
struct copying {
	struct kv *kv;
	struct kv_txn *txn;
	struct salvage_rows *rows;
	size_t bytes; /* of the transaction so far */
	size_t n;
	struct buf key;
	struct buf row;
	struct buf made;
	struct fault fault;
};

static void row_take(void *arg, const struct pages_row *row);
static bool table_of(struct bytes name, enum table *table);
static void row_set(struct copying *c, struct bytes key, struct bytes value);
static bool resize(struct copying *c, const struct pages_row *row);
static bool mend(struct copying *c);
static bool bits_try(struct copying *c, struct buf *in);
static bool doubt(struct copying *c);
static void put(struct copying *c, enum table table, struct bytes row);

enum err
salvage_rows_copy(
    const char *path, uint64_t noted, struct kv *kv, struct salvage_rows *rows)
{
	struct copying c = {.kv = kv, .rows = rows};
	const struct pages_watch watch = {.row = row_take,
	    .arg = &c,
	    .names = tables_names,
	    .names_n = TABLE_COUNT,
	    .noted = noted};
	struct pages_report report = {0};
	enum err e;

	*rows = (struct salvage_rows){0};
	e = kv_begin(kv, true, &c.txn);
	if (e != ERR_OK)
		return e;
	e = pages_walk(path, 0, &watch, &report);
	rows->wrong = report.wrong;
	rows->deltas_doubted = rows->deltas_doubted || report.mended > 0;
	rows->trees_doubted = rows->trees_doubted || report.wrong > 0;
	if (e == ERR_OK)
		e = err_raise(&c.fault);
	if (e == ERR_OK)
		e = kv_commit(c.txn);
	else
		kv_abort(c.txn);
	buf_wipe(&c.key);
	buf_wipe(&c.row);
	buf_wipe(&c.made);
	return e;
}

/* What is kept of which table. */
static bool
table_of(struct bytes name, enum table *table)
{
	static const enum table kept[] = {TABLE_META, TABLE_SPACES, TABLE_LOGS,
	    TABLE_DELTAS, TABLE_BLOCKS, TABLE_HEADS, TABLE_TREE, TABLE_ACTORS,
	    TABLE_TOKENS, TABLE_EVENTS};

	for (size_t i = 0; i < COUNT_OF(kept); i++) {
		*table = kept[i];
		if (bytes_is(name, tables_names[*table]))
			return true;
	}
	return false;
}

static void
row_take(void *arg, const struct pages_row *row)
{
	struct copying *c = arg;
	enum table table;
	struct bytes content;
	bool keyed = row->key.n > 0 && row->key.n <= LIMIT_VIEW_KEY_SIZE;
	bool sound;

	if (c->fault.code != ERR_OK || !table_of(row->table, &table))
		return;
	row_set(c, keyed ? row->key : (struct bytes){0}, row->value);
	/* The parts of a block have checksums of their own. */
	sound = keyed && (table == TABLE_BLOCKS
				 ? row->value.n > 0
				 : tables_fit(row->key, row->value, &content));
	if (sound) {
		c->rows->rows++;
	} else if (resize(c, row) || (keyed && mend(c))) {
		c->rows->rows++;
		c->rows->mended++;
	} else if (keyed && table == TABLE_DELTAS && doubt(c)) {
		c->rows->doubtful++;
	} else {
		c->rows->lost += table != TABLE_TREE;
		c->rows->logs_lost += table == TABLE_LOGS ||
				      table == TABLE_SPACES;
		c->rows->deltas_doubted = c->rows->deltas_doubted ||
					  table == TABLE_DELTAS ||
					  table == TABLE_BLOCKS;
		c->rows->trees_doubted = true;
		return;
	}
	put(c, table, buf_bytes(&c->row));
}

static void
row_set(struct copying *c, struct bytes key, struct bytes value)
{
	buf_cut(&c->key, 0);
	buf_add(&c->key, key);
	buf_cut(&c->row, 0);
	buf_add(&c->row, value);
}

/* What its page says of the size of its value, or of its key, is wrong: any
 * other is tried. */
static bool
resize(struct copying *c, const struct pages_row *row)
{
	struct bytes rest = row->rest;
	struct bytes content;

	for (size_t n = 0; row->key.n > 0 && n + row->key.n <= rest.n; n++) {
		struct bytes value = bytes_slice(rest, row->key.n, n);

		if (tables_fit(row->key, value, &content)) {
			row_set(c, row->key, value);
			return true;
		}
	}
	for (size_t n = 1; n <= LIMIT_KEY_SIZE && n <= rest.n &&
			   row->said_bytes <= rest.n - n;
	     n++) {
		struct bytes key = bytes_first(rest, n);
		struct bytes value = bytes_slice(
		    rest, n, (size_t)row->said_bytes);

		if (tables_fit(key, value, &content)) {
			row_set(c, key, value);
			return true;
		}
	}
	return false;
}

/* Turns over one bit after the other of checksum, content and key until they
 * fit each other. */
static bool
mend(struct copying *c)
{
	if (c->row.n < TABLES_CHECKSUM_SIZE || c->row.n > MEND_SIZE_MAX)
		return false;
	return bits_try(c, &c->key) || bits_try(c, &c->row);
}

static bool
bits_try(struct copying *c, struct buf *in)
{
	struct bytes content;

	for (size_t i = 0; i < 8 * in->n; i++) {
		uint8_t one = (uint8_t)(1u << (i % 8));

		in->p[i / 8] ^= one;
		if (tables_fit(
			buf_bytes(&c->key), buf_bytes(&c->row), &content))
			return true;
		in->p[i / 8] ^= one;
	}
	return false;
}

/* A delta whose parts can be told apart gets the checksum that it has now. */
static bool
doubt(struct copying *c)
{
	struct stored_delta delta;
	struct bytes row = buf_bytes(&c->row);

	if (row.n < TABLES_CHECKSUM_SIZE ||
	    !oplog_row_delta(bytes_after(row, TABLES_CHECKSUM_SIZE), &delta))
		return false;
	tables_row(buf_bytes(&c->key), bytes_after(row, TABLES_CHECKSUM_SIZE),
	    &c->made);
	buf_cut(&c->row, 0);
	buf_add(&c->row, buf_bytes(&c->made));
	return true;
}

static void
put(struct copying *c, enum table table, struct bytes row)
{
	enum err e = ERR_OK;

	kv_put(c->txn, table, buf_bytes(&c->key), row);
	c->bytes += row.n;
	c->n++;
	if (c->bytes < STEP_BYTES && c->n < STEP_ROWS)
		return;
	c->bytes = 0;
	c->n = 0;
	e = kv_commit(c->txn);
	c->txn = NULL;
	if (e == ERR_OK)
		e = kv_begin(c->kv, true, &c->txn);
	if (e != ERR_OK)
		err_keep(&c->fault, e);
}
