/*
 * What happened, in the order in which this store learned it.  core/apply.c
 * appends one row for each delta on the road; clients ask for what follows the
 * number they know.  Numbers are never used twice.
 */
#include "core/feed.h"

#include "core/gap.h"

/* space, log, seq, kind */
enum { FEED_ROW_SIZE = 4 + 4 + 8 + 1 };

void
feed_put(struct txn *txn, struct feed_entry entry)
{
	struct buf *row = &txn->row;
	struct key key;

	assert(entry.space.v > 0 && entry.log.v > 0);
	entry.number = feed_last(txn) + 1;
	tables_number_key(entry.number, &key);
	tables_row_begin(row);
	buf_add_be32(row, entry.space.v);
	buf_add_be32(row, entry.log.v);
	buf_add_be64(row, entry.seq);
	buf_add_u8(row, entry.kind);
	tables_row_end(tables_key(&key), row);
	kv_append(txn->kv, TABLE_FEED, tables_key(&key), buf_bytes(row));
	txn->feed_last = entry.number;
}

uint64_t
feed_last(struct txn *txn)
{
	struct kv_cursor cursor;
	struct bytes content;
	enum err e;

	if (txn->feed_known)
		return txn->feed_last;
	kv_cursor_init(&cursor, txn->kv, TABLE_FEED);
	if (kv_seek_before(&cursor, (struct bytes){0})) {
		e = tables_open(TABLE_FEED, cursor.key, cursor.value, &content);
		if (e == ERR_OK && cursor.key.n == 8)
			txn->feed_last = bytes_be64(cursor.key.p);
		else if (e == ERR_OK)
			e = tables_corrupt(
			    TABLE_FEED, cursor.key, "its key is no number");
		if (e != ERR_OK)
			kv_fail(txn->kv, e);
	}
	kv_cursor_fini(&cursor);
	txn->feed_known = true;
	txn->feed_first = txn->feed_last;
	return txn->feed_last;
}

bool
feed_next(struct txn *txn, uint64_t number, struct feed_entry *entry)
{
	struct kv_cursor cursor;
	struct bytes in = {0};
	struct key key;
	bool found;
	enum err e = ERR_OK;

	if (number == UINT64_MAX)
		return false;
	tables_number_key(number + 1, &key);
	kv_cursor_init(&cursor, txn->kv, TABLE_FEED);
	found = kv_seek(&cursor, tables_key(&key));
	if (found)
		e = tables_open(TABLE_FEED, cursor.key, cursor.value, &in);
	if (found && e == ERR_OK &&
	    (cursor.key.n != 8 || in.n != FEED_ROW_SIZE))
		e = tables_corrupt(TABLE_FEED, cursor.key, "its size is wrong");
	if (found && e == ERR_OK)
		*entry = (struct feed_entry){
		    .number = bytes_be64(cursor.key.p),
		    .space.v = bytes_be32(in.p),
		    .log.v = bytes_be32(bytes_after(in, 4).p),
		    .seq = bytes_be64(bytes_after(in, 8).p),
		    .kind = *bytes_after(in, 16).p,
		};
	if (e != ERR_OK)
		kv_fail(txn->kv, e);
	kv_cursor_fini(&cursor);
	/* They follow each other, but where the oldest are gone. */
	if (e == ERR_OK && (!found || entry->number != number + 1))
		gap_sure(txn, TABLE_FEED, tables_key(&key));
	return found && kv_failed(txn->kv) == ERR_OK;
}
