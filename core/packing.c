/*
 * Moves old deltas into blocks.  `golmok squeeze`, an idle node and whoever
 * writes a long log call it.  Changes no byte of a header or body, and knows
 * nothing of what deltas mean.
 */
#include "core/packing.h"

#include <string.h>

#include "core/block_form.h"
#include "core/blocks.h"
#include "core/oplog_row.h"
#include "proto/mem.h"

enum {
	/* What is left behind the last full block is packed from here on: less
	 * would not fill the pages that it takes. */
	REST_MIN = 64,
	/* Logs of one step: reading the row of one costs a microsecond. */
	LOGS_MAX = 512,
};

/* The rows of one block to be. */
struct gathering {
	struct txn *txn;
	struct log *log;
	uint64_t end;		       /* the first delta that stays a row */
	uint64_t first;		       /* of the block */
	size_t n;		       /* that the block will have */
	size_t all;		       /* those behind them lose their block */
	struct buf contents;	       /* owned; secrets in it */
	size_t ends[BLOCK_DELTAS_MAX]; /* of each in `contents` */
	bool was_row[BLOCK_DELTAS_MAX];
	uint64_t old[BLOCK_DELTAS_MAX]; /* where the blocks before it began */
	size_t old_n;
	bool is_full; /* nothing more fits */
};

static enum err log_step(struct gathering *g, struct packing *packing,
    uint64_t *used, bool *more) MUST_USE;
static enum err gather(struct gathering *g) MUST_USE;
static bool unit_begin(
    struct gathering *g, struct blocks_extent *next, uint64_t *covered);
static bool row_read(
    struct gathering *g, uint64_t seq, struct bytes *content, bool *is_row);
static void row_add(struct gathering *g, struct bytes content, bool is_row);
static enum err gather_rest(struct gathering *g, uint64_t covered) MUST_USE;
static bool is_news(const struct gathering *g);
static size_t rows_n(const struct gathering *g);
static struct bytes content_at(const struct gathering *g, size_t i);
static enum err block_write(
    struct gathering *g, struct packing *packing) MUST_USE;
static void rows_settle(struct gathering *g);
static enum err log_at(struct txn *txn, uint32_t no, struct log **log) MUST_USE;

static enum err log_pack(struct txn *txn, struct log *log,
    struct packing *packing, uint64_t budget) MUST_USE;

enum err
packing_some(struct txn *txn, struct packing *packing, uint64_t budget)
{
	uint64_t until = packing->deltas + budget;
	enum err e = ERR_OK;

	for (int i = 0; i < LOGS_MAX && packing->deltas < until &&
			!packing->ended && e == ERR_OK;
	     i++) {
		struct log *log = NULL;

		e = log_at(txn, packing->at, &log);
		packing->ended = e == ERR_OK && log == NULL;
		if (log == NULL)
			break;
		e = log_pack(txn, log, packing, until - packing->deltas);
		/* It may have more when the budget is used up. */
		packing->at = log->no.v + (packing->deltas < until);
	}
	return e;
}

/* The log with the number `no`, or the next one there is; NULL: none. */
static enum err
log_at(struct txn *txn, uint32_t no, struct log **log)
{
	struct kv_cursor cursor;
	struct log_no found = {0};
	struct key key;

	*log = NULL;
	tables_log_no_key((struct log_no){no > 0 ? no : 1}, &key);
	kv_cursor_init(&cursor, txn->kv, TABLE_LOG_NOS);
	if (kv_seek(&cursor, tables_key(&key)) && cursor.key.n == 4)
		found.v = bytes_be32(cursor.key.p);
	kv_cursor_fini(&cursor);
	if (found.v == 0)
		return kv_failed(txn->kv);
	return oplog_by_no(txn, found, log);
}

/* Packs about `budget` deltas of `log` alone; adds to the counts. */
static enum err
log_pack(
    struct txn *txn, struct log *log, struct packing *packing, uint64_t budget)
{
	struct gathering *g = mem_zeros(1, sizeof(*g));
	uint64_t used = 0;
	bool more = true;
	enum err e = ERR_OK;

	assert(txn->write);
	if (log->packed < log->below)
		log->packed = log->below;
	while (more && used < budget && e == ERR_OK) {
		g->txn = txn;
		g->log = log;
		g->end = log->frontier.size > PACKING_KEEP
			     ? log->frontier.size - PACKING_KEEP
			     : 0;
		g->first = log->packed;
		more = log->packed < g->end;
		if (more)
			e = log_step(g, packing, &used, &more);
		buf_wipe(&g->contents);
		memset(g, 0, sizeof(*g));
	}
	mem_free(g);
	return e;
}

/* One block, or one row that is too large for any. */
static enum err
log_step(
    struct gathering *g, struct packing *packing, uint64_t *used, bool *more)
{
	struct log *log = g->log;
	uint64_t packed = log->packed;
	struct blocks_extent there = blocks_at(g->txn, log, packed);
	enum err e;

	if (there.first == packed && there.n == BLOCK_DELTAS_MAX &&
	    !blocks_have_rows(g->txn, log, there)) {
		++*used;
		log->packed += there.n;
		log->dirty = true;
		return kv_failed(g->txn->kv);
	}
	e = gather(g);
	if (e != ERR_OK)
		return e;
	*used += g->n > 0 ? g->n : 1;
	if (!is_news(g)) {
		*more = g->is_full;
		packed = g->is_full ? g->first + g->n + (g->n == 0) : packed;
	} else if (!g->is_full && (!packing->rest || rows_n(g) < REST_MIN)) {
		*more = false;
	} else {
		*more = g->is_full;
		packed = g->is_full ? g->first + g->n + (g->n == 0) : g->first;
		e = block_write(g, packing);
	}
	log->dirty = log->dirty || log->packed != packed;
	log->packed = packed;
	return e;
}

/* Collects what the next block will have.  Blocks that are there already go
 * into it as a whole, or end it. */
static enum err
gather(struct gathering *g)
{
	struct txn *txn = g->txn;
	struct blocks_extent next;
	uint64_t covered;
	uint64_t seq;

	next = blocks_at(txn, g->log, g->first);
	if (next.n > 0 && g->first - next.first < next.n)
		g->first = next.first;
	else
		next = blocks_behind(txn, g->log, g->first);
	covered = g->first;
	g->is_full = true;
	for (seq = g->first; g->n < BLOCK_DELTAS_MAX; seq++) {
		struct bytes content;
		bool is_row;

		if (seq >= g->end && seq >= covered) {
			g->is_full = false;
			break;
		}
		if (next.n > 0 && seq == next.first &&
		    !unit_begin(g, &next, &covered))
			break;
		if (!row_read(g, seq, &content, &is_row))
			return kv_failed(txn->kv);
		if (content.n > BLOCK_ROW_SIZE_MAX ||
		    (g->n > 0 &&
			content.n > BLOCK_ROWS_SIZE_MAX - g->contents.n))
			break;
		row_add(g, content, is_row);
		g->n = g->all;
	}
	return seq < covered ? gather_rest(g, covered) : kv_failed(txn->kv);
}

/* The block `next` begins here: may it go into the new one?  Then `*covered` is
 * its end, and `next` the one behind it. */
static bool
unit_begin(struct gathering *g, struct blocks_extent *next, uint64_t *covered)
{
	if (next->n > BLOCK_DELTAS_MAX - g->n)
		return false;
	g->old[g->old_n++] = next->first;
	*covered = next->first + next->n;
	*next = blocks_behind(g->txn, g->log, next->first);
	return true;
}

/* The content of the row of a delta of our own rows, and whether it is a row.
 */
static bool
row_read(struct gathering *g, uint64_t seq, struct bytes *content, bool *is_row)
{
	struct txn *txn = g->txn;
	struct key key;

	tables_delta_key(g->log->space->no, g->log->no, seq, &key);
	*is_row = txn_find(txn, TABLE_DELTAS, &key, content);
	if (*is_row || kv_failed(txn->kv) != ERR_OK)
		return *is_row;
	if (blocks_find(txn, g->log, seq, content))
		return true;
	if (kv_failed(txn->kv) == ERR_OK)
		kv_fail(txn->kv, tables_corrupt(TABLE_DELTAS, tables_key(&key),
				     "it is missing"));
	return false;
}

static void
row_add(struct gathering *g, struct bytes content, bool is_row)
{
	assert(g->all < BLOCK_DELTAS_MAX);
	buf_add(&g->contents, content);
	g->was_row[g->all] = is_row;
	g->ends[g->all++] = g->contents.n;
}

/* The new block ends within an old one, which begins where it does or is given
 * up for this time.  What loses its block becomes rows. */
static enum err
gather_rest(struct gathering *g, uint64_t covered)
{
	uint64_t begun = g->old[g->old_n - 1];

	if (begun > g->first) {
		g->n = (size_t)(begun - g->first);
		g->all = g->n;
		g->old_n--;
		return kv_failed(g->txn->kv);
	}
	for (uint64_t seq = g->first + g->all; seq < covered; seq++) {
		struct bytes content;
		bool is_row;

		if (!row_read(g, seq, &content, &is_row))
			return kv_failed(g->txn->kv);
		row_add(g, is_row ? (struct bytes){0} : content, is_row);
	}
	return kv_failed(g->txn->kv);
}

/* Is it anything but the one block that is there? */
static bool
is_news(const struct gathering *g)
{
	return g->old_n > 1 || g->all > g->n || rows_n(g) > 0;
}

static size_t
rows_n(const struct gathering *g)
{
	size_t n = 0;

	for (size_t i = 0; i < g->n; i++)
		n += g->was_row[i];
	return n;
}

static struct bytes
content_at(const struct gathering *g, size_t i)
{
	size_t from = i > 0 ? g->ends[i - 1] : 0;

	return bytes_slice(buf_bytes(&g->contents), from, g->ends[i] - from);
}

static enum err
block_write(struct gathering *g, struct packing *packing)
{
	struct log *log = g->log;
	struct block_log of = {
	    .origin = log->origin, .trunk = log->trunk, .first = g->first};
	struct bytes rows[BLOCK_DELTAS_MAX];
	struct buf block = {0};
	struct key key;
	enum err e = ERR_OK;

	for (size_t i = 0; i < g->n; i++)
		rows[i] = content_at(g, i);
	tables_delta_key(log->space->no, log->no, g->first, &key);
	if (g->n > 0)
		e = block_form_encode(g->txn->squeeze, &of,
		    (struct block_rows){rows, g->n}, tables_key(&key), &block);
	if (e == ERR_OK) {
		for (size_t i = 0; i < g->old_n; i++)
			blocks_remove(g->txn, log, g->old[i]);
		if (g->n > 0)
			blocks_put(g->txn, log, g->first, buf_bytes(&block));
		rows_settle(g);
		packing->deltas += g->n;
		packing->blocks += g->n > 0;
		packing->before_bytes += g->n > 0 ? g->ends[g->n - 1] : 0;
		packing->after_bytes += block.n;
	}
	buf_wipe(&block);
	return e == ERR_OK ? kv_failed(g->txn->kv) : txn_fail(g->txn, e);
}

/* Rows that are in the block go, what is in none any more becomes a row. */
static void
rows_settle(struct gathering *g)
{
	struct txn *txn = g->txn;

	for (size_t i = 0; i < g->all; i++) {
		struct key key;

		tables_delta_key(
		    g->log->space->no, g->log->no, g->first + i, &key);
		if (i < g->n && g->was_row[i])
			kv_del(txn->kv, TABLE_DELTAS, tables_key(&key));
		else if (i >= g->n && !g->was_row[i])
			txn_put(txn, TABLE_DELTAS, &key, content_at(g, i));
	}
}

enum err
packing_keep_up(struct txn *txn, struct log *log)
{
	struct packing packing = {0};
	uint64_t budget = BLOCK_DELTAS_MAX + 2 * txn->appended;

	if (log->frontier.size - log->packed < PACKING_OWN)
		return ERR_OK;
	return log_pack(
	    txn, log, &packing, budget < PACKING_STEP ? budget : PACKING_STEP);
}

enum err
packing_again(struct txn *txn, struct log *log, uint64_t seq)
{
	struct blocks_extent there = blocks_at(txn, log, seq);
	struct packing packing = {0};
	struct gathering *g;
	enum err e;

	assert(txn->write);
	if (there.n == 0 || seq - there.first >= there.n)
		return kv_failed(txn->kv);
	/* Whoever put the row said so. */
	assert(log->packed <= there.first && log->dirty);
	g = mem_zeros(1, sizeof(*g));
	g->txn = txn;
	g->log = log;
	g->first = there.first;
	g->end = there.first + there.n;
	e = gather(g);
	if (e == ERR_OK)
		e = block_write(g, &packing);
	buf_wipe(&g->contents);
	mem_free(g);
	return e;
}

enum err
packing_due(struct txn *txn, uint64_t *deltas)
{
	struct log *log = NULL;
	enum err e = ERR_OK;

	*deltas = 0;
	for (uint32_t at = 1;; at = log->no.v + 1) {
		e = log_at(txn, at, &log);
		if (e != ERR_OK || log == NULL)
			return e;
		if (log->frontier.size > PACKING_KEEP &&
		    log->frontier.size - PACKING_KEEP > log->packed)
			*deltas += log->frontier.size - PACKING_KEEP -
				   log->packed;
	}
}
