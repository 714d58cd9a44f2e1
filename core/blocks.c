/*
 * Blocks of deltas in one transaction.  core/oplog.c reads deltas through here,
 * core/packing.c stores blocks.  What is open was checked; its bodies lie in
 * LMDB's pages and are found again after every put.
 */
#include "core/blocks.h"

#include <string.h>

#include "core/block.h"
#include "proto/mem.h"

/* A block that is open. */
struct blocks_slot {
	bool is_set;
	bool alone; /* no row of TABLE_DELTAS lies in its place */
	struct log_no log;
	uint64_t used;	  /* when it was used last */
	uint64_t changes; /* kv_changes when `row` was found */
	struct key key;
	struct bytes row; /* a view */
	struct block block;
	/* Rows made so far, each where `at` says, counted from 1. */
	struct buf made; /* owned; never grows: views lie in it */
	uint32_t at[BLOCK_DELTAS_MAX];
};

struct blocks {
	uint64_t clock;
	struct blocks_slot *slots[BLOCKS_OPEN]; /* owned */
};

static struct blocks_slot *slot_of(
    struct txn *txn, const struct log *owner, uint64_t seq);
static struct blocks_slot *slot_take(struct txn *txn);
static bool slot_open(struct txn *txn, const struct log *owner, uint64_t first,
    struct blocks_slot *slot);
static bool slot_row(struct txn *txn, struct blocks_slot *slot, uint64_t seq,
    struct bytes *content);
static void slot_close(struct blocks_slot *slot);
static struct blocks_extent extent_of(
    const struct kv_cursor *cursor, const struct key *prefix);

bool
blocks_peek(struct txn *txn, const struct log *owner, uint64_t seq,
    struct bytes *content)
{
	struct blocks_slot *slot;

	if (txn->blocks == NULL)
		return false;
	slot = slot_of(txn, owner, seq);
	return slot != NULL && slot->alone && slot_row(txn, slot, seq, content);
}

bool
blocks_find(struct txn *txn, const struct log *owner, uint64_t seq,
    struct bytes *content)
{
	struct blocks_slot *slot;
	struct blocks_extent extent;

	if (txn->blocks == NULL)
		txn->blocks = arena_new(&txn->arena, sizeof(*txn->blocks));
	slot = slot_of(txn, owner, seq);
	if (slot == NULL) {
		extent = blocks_at(txn, owner, seq);
		if (extent.n == 0 || seq - extent.first >= extent.n)
			return false;
		slot = slot_take(txn);
		if (!slot_open(txn, owner, extent.first, slot))
			return false;
	}
	return slot_row(txn, slot, seq, content);
}

static struct blocks_slot *
slot_of(struct txn *txn, const struct log *owner, uint64_t seq)
{
	for (size_t i = 0; i < BLOCKS_OPEN; i++) {
		struct blocks_slot *slot = txn->blocks->slots[i];

		if (slot != NULL && slot->is_set &&
		    slot->log.v == owner->no.v &&
		    seq >= slot->block.log.first &&
		    seq - slot->block.log.first < slot->block.n) {
			slot->used = ++txn->blocks->clock;
			return slot;
		}
	}
	return NULL;
}

/* The one that was not used for longest, closed. */
static struct blocks_slot *
slot_take(struct txn *txn)
{
	struct blocks *blocks = txn->blocks;
	struct blocks_slot **oldest = &blocks->slots[0];

	for (size_t i = 0; i < BLOCKS_OPEN; i++) {
		if (blocks->slots[i] == NULL) {
			blocks->slots[i] = mem_zeros(
			    1, sizeof(struct blocks_slot));
			return blocks->slots[i];
		}
		if (blocks->slots[i]->used < (*oldest)->used)
			oldest = &blocks->slots[i];
	}
	slot_close(*oldest);
	return *oldest;
}

/* What was made of it holds secrets. */
static void
slot_close(struct blocks_slot *slot)
{
	if (slot->made.n > 0)
		crypto_wipe(slot->made.p, slot->made.n);
	buf_cut(&slot->made, 0);
	slot->is_set = false;
	slot->used = 0;
}

static bool
slot_open(struct txn *txn, const struct log *owner, uint64_t first,
    struct blocks_slot *slot)
{
	struct blocks_extent extent = {.first = first};
	enum err e;

	tables_delta_key(owner->space->no, owner->no, first, &slot->key);
	if (!kv_find(txn->kv, TABLE_BLOCKS, tables_key(&slot->key), &slot->row))
		return false;
	e = blocks_open(txn, owner, first, slot->row, &slot->block);
	if (e != ERR_OK) {
		kv_fail(txn->kv, e);
		return false;
	}
	extent.n = slot->block.n;
	slot->alone = !blocks_have_rows(txn, owner, extent);
	slot->log = owner->no;
	slot->changes = kv_changes(txn->kv);
	slot->used = ++txn->blocks->clock;
	slot->is_set = true;
	memset(slot->at, 0, sizeof(slot->at));
	buf_reserve(&slot->made, slot->block.rows_size);
	return kv_failed(txn->kv) == ERR_OK;
}

enum err
blocks_open(struct txn *txn, const struct log *log, uint64_t first,
    struct bytes row, struct block *block)
{
	const struct block_log of = {
	    .origin = log->origin, .trunk = log->trunk, .first = first};
	struct key key;

	tables_delta_key(log->space->no, log->no, first, &key);
	return block_open(txn->squeeze, &of, tables_key(&key), row, block);
}

bool
blocks_have_rows(
    struct txn *txn, const struct log *owner, struct blocks_extent extent)
{
	struct kv_cursor cursor;
	struct key first;
	struct key end;
	bool any;

	tables_delta_key(owner->space->no, owner->no, extent.first, &first);
	tables_delta_key(
	    owner->space->no, owner->no, extent.first + extent.n, &end);
	kv_cursor_init(&cursor, txn->kv, TABLE_DELTAS);
	any = kv_seek(&cursor, tables_key(&first)) &&
	      bytes_compare(cursor.key, tables_key(&end)) < 0;
	kv_cursor_fini(&cursor);
	return any;
}

static bool
slot_row(struct txn *txn, struct blocks_slot *slot, uint64_t seq,
    struct bytes *content)
{
	size_t i = (size_t)(seq - slot->block.log.first);
	size_t n = slot->block.places[i].row_n;
	bool sound;

	if (kv_failed(txn->kv) != ERR_OK)
		return false;
	if (slot->at[i] == 0) {
		if (slot->changes != kv_changes(txn->kv) &&
		    !kv_find(txn->kv, TABLE_BLOCKS, tables_key(&slot->key),
			&slot->row))
			return false;
		slot->changes = kv_changes(txn->kv);
		assert(n <= slot->made.room - slot->made.n);
		slot->at[i] = (uint32_t)slot->made.n + 1;
		sound = block_row(&slot->block, slot->row, i, &slot->made);
		if (!sound) {
			buf_cut(&slot->made, slot->at[i] - 1);
			slot->at[i] = 0;
			kv_fail(txn->kv,
			    tables_corrupt(TABLE_BLOCKS, tables_key(&slot->key),
				"the checksum of a delta in it is wrong"));
			return false;
		}
	}
	*content = bytes_slice(buf_bytes(&slot->made), slot->at[i] - 1, n);
	return true;
}

struct blocks_extent
blocks_at(struct txn *txn, const struct log *owner, uint64_t seq)
{
	struct blocks_extent extent = {0};
	struct kv_cursor cursor;
	struct key prefix;
	struct key key;

	assert(seq < UINT64_MAX);
	tables_log_prefix(owner->space->no, owner->no, &prefix);
	tables_delta_key(owner->space->no, owner->no, seq + 1, &key);
	kv_cursor_init(&cursor, txn->kv, TABLE_BLOCKS);
	if (kv_seek_before(&cursor, tables_key(&key)))
		extent = extent_of(&cursor, &prefix);
	kv_cursor_fini(&cursor);
	return extent;
}

struct blocks_extent
blocks_behind(struct txn *txn, const struct log *owner, uint64_t seq)
{
	struct blocks_extent extent = {0};
	struct kv_cursor cursor;
	struct key prefix;
	struct key key;

	tables_log_prefix(owner->space->no, owner->no, &prefix);
	tables_delta_key(owner->space->no, owner->no, seq + 1, &key);
	kv_cursor_init(&cursor, txn->kv, TABLE_BLOCKS);
	if (kv_seek(&cursor, tables_key(&key)))
		extent = extent_of(&cursor, &prefix);
	kv_cursor_fini(&cursor);
	return extent;
}

/* Where the block at the cursor lies, if it is one of the log `prefix`. */
static struct blocks_extent
extent_of(const struct kv_cursor *cursor, const struct key *prefix)
{
	struct blocks_extent extent = {0};

	if (!bytes_begins(cursor->key, tables_key(prefix)) ||
	    cursor->key.n != prefix->n + 8)
		return extent;
	extent.first = bytes_be64(bytes_after(cursor->key, prefix->n).p);
	extent.n = block_count(cursor->value);
	return extent;
}

/* Closes the open blocks that begin at `first`. */
static void
close_at(struct txn *txn, const struct log *owner, uint64_t first)
{
	for (size_t i = 0; txn->blocks != NULL && i < BLOCKS_OPEN; i++) {
		struct blocks_slot *slot = txn->blocks->slots[i];

		if (slot != NULL && slot->is_set &&
		    slot->log.v == owner->no.v &&
		    slot->block.log.first == first)
			slot_close(slot);
	}
}

void
blocks_put(
    struct txn *txn, const struct log *owner, uint64_t first, struct bytes row)
{
	struct key key;

	close_at(txn, owner, first);
	tables_delta_key(owner->space->no, owner->no, first, &key);
	kv_put(txn->kv, TABLE_BLOCKS, tables_key(&key), row);
}

void
blocks_remove(struct txn *txn, const struct log *owner, uint64_t first)
{
	struct key key;

	close_at(txn, owner, first);
	tables_delta_key(owner->space->no, owner->no, first, &key);
	kv_del(txn->kv, TABLE_BLOCKS, tables_key(&key));
}

void
blocks_touch(struct txn *txn, const struct log *owner, uint64_t seq)
{
	struct blocks_slot *slot;

	if (txn->blocks == NULL)
		return;
	slot = slot_of(txn, owner, seq);
	if (slot != NULL)
		slot->alone = false;
}

void
blocks_forget(struct txn *txn)
{
	for (size_t i = 0; txn->blocks != NULL && i < BLOCKS_OPEN; i++) {
		struct blocks_slot *slot = txn->blocks->slots[i];

		if (slot == NULL)
			continue;
		slot_close(slot);
		buf_fini(&slot->made);
		block_fini(&slot->block);
		mem_free(slot);
	}
	txn->blocks = NULL;
}
