/*
 * In which spaces a record has a row.  core/record.c tells of each row that
 * comes or goes, and asks here where a record lies; core/force.c has the table
 * made in stores that are older than it.  Knows nothing of what records hold.
 */
#include "core/seat.h"

#include <stdlib.h>
#include <string.h>

#include "core/meta.h"
#include "core/tables.h"
#include "proto/mem.h"

enum { REFRESH_RECORDS = 1000 };
/* The key of the record up to which the rows are made; missing: all are. */
static const char seat_meta[] = "seats";

void
seat_put(struct txn *txn, struct space_no space, const struct record_id *id)
{
	struct key key;

	tables_seat_key(id, space, &key);
	kv_put(txn->kv, TABLE_SEATS, tables_key(&key), (struct bytes){0});
}

void
seat_drop(struct txn *txn, struct space_no space, const struct record_id *id)
{
	struct key key;

	tables_seat_key(id, space, &key);
	kv_del(txn->kv, TABLE_SEATS, tables_key(&key));
}

bool
seat_has(struct txn *txn, struct space_no space, const struct record_id *id)
{
	struct bytes row;
	struct key key;

	tables_seat_key(id, space, &key);
	return kv_find(txn->kv, TABLE_SEATS, tables_key(&key), &row) &&
	       row.n == 0;
}

/* ---- asked -------------------------------------------------------------- */

/* A row of the one table stands for one of the other, so the numbers tell. */
static bool
is_whole(struct txn *txn)
{
	return kv_count(txn->kv, TABLE_SEATS) ==
	       kv_count(txn->kv, TABLE_RECORDS);
}

static int
by_name(const void *a, const void *b)
{
	const struct space_state *const *x = a;
	const struct space_state *const *y = b;

	return strcmp((*x)->name.text, (*y)->name.text);
}

static enum err
rows_find(struct txn *txn, const struct record_id *id, struct seats *seats)
{
	struct bytes prefix = bytes_of(id->b, sizeof(id->b));
	struct kv_cursor cursor;
	enum err e = ERR_OK;

	kv_cursor_init(&cursor, txn->kv, TABLE_SEATS);
	for (bool more = kv_seek(&cursor, prefix);
	     more && bytes_begins(cursor.key, prefix);
	     more = kv_next(&cursor)) {
		struct bytes number = bytes_after(cursor.key, prefix.n);
		struct space_state *space;

		if (number.n != sizeof(uint32_t)) {
			e = txn_fail(
			    txn, tables_corrupt(TABLE_SEATS, cursor.key,
				     "its key has a wrong length"));
			break;
		}
		e = space_by_no(
		    txn, (struct space_no){bytes_be32(number.p)}, &space);
		if (e != ERR_OK)
			break;
		mem_room(&seats->p, &seats->room, seats->n + 1,
		    sizeof(struct space_state *));
		seats->p[seats->n++] = space;
	}
	kv_cursor_fini(&cursor);
	if (seats->n > 1)
		qsort(seats->p, seats->n, sizeof(*seats->p), by_name);
	return e == ERR_OK ? kv_failed(txn->kv) : e;
}

enum err
seat_find(
    struct txn *txn, const struct record_id *id, struct seats *seats, bool *all)
{
	*all = !is_whole(txn);
	return *all ? seat_all(txn, seats) : rows_find(txn, id, seats);
}

enum err
seat_all(struct txn *txn, struct seats *seats)
{
	struct space_state **spaces;
	size_t n;
	enum err e = space_all(txn, &spaces, &n);

	if (e != ERR_OK)
		return e;
	mem_room(&seats->p, &seats->room, n, sizeof(struct space_state *));
	for (seats->n = 0; seats->n < n; seats->n++)
		seats->p[seats->n] = spaces[seats->n];
	return ERR_OK;
}

void
seat_end(struct seats *seats)
{
	mem_free(seats->p);
	*seats = (struct seats){0};
}

/* ---- made --------------------------------------------------------------- */

/* How far it is made, by `seat_meta`. */
static bool
is_under_way(struct txn *txn, struct key *done)
{
	struct bytes value;
	struct bytes row;
	struct key key = {0};

	done->n = 0;
	tables_key_add(&key, bytes_text(seat_meta));
	if (!kv_find(txn->kv, TABLE_META, tables_key(&key), &row))
		return false;
	/* From a damaged one it begins again. */
	if (tables_open(TABLE_META, tables_key(&key), row, &value) == ERR_OK &&
	    value.n < sizeof(done->b))
		tables_key_add(done, value);
	return true;
}

bool
seat_is_made(struct txn *txn)
{
	struct key done;

	return is_whole(txn) || (!is_under_way(txn, &done) &&
				    kv_count(txn->kv, TABLE_SEATS) > 0);
}

/* A row for the record whose row in TABLE_RECORDS has this key. */
static enum err
row_make(struct txn *txn, const struct key *at)
{
	struct bytes key = tables_key(at);
	struct record_id id;

	if (key.n != sizeof(uint32_t) + sizeof(id.b))
		return txn_fail(txn, tables_corrupt(TABLE_RECORDS, key,
					 "its key is no record's"));
	bytes_copy(id.b, bytes_after(key, sizeof(uint32_t)));
	if (bytes_be32(key.p) > 0)
		seat_put(txn, (struct space_no){bytes_be32(key.p)}, &id);
	return ERR_OK;
}

enum err
seat_refresh(struct txn *txn, bool *whole)
{
	struct kv_cursor cursor;
	struct key done;
	enum err e = kv_failed(txn->kv);
	bool more = true;

	assert(txn->write);
	if (e != ERR_OK || seat_is_made(txn))
		return e;
	if (!is_under_way(txn, &done))
		kv_clear(txn->kv, TABLE_SEATS);
	kv_cursor_init(&cursor, txn->kv, TABLE_RECORDS);
	for (int n = 0; n < REFRESH_RECORDS && e == ERR_OK; n++) {
		/* The first one behind it. */
		tables_key_add(&done, bytes_of("", 1));
		more = kv_seek(&cursor, tables_key(&done));
		if (!more)
			break;
		done.n = 0;
		if (cursor.key.n < sizeof(done.b))
			tables_key_add(&done, cursor.key);
		e = row_make(txn, &done);
	}
	kv_cursor_fini(&cursor);
	if (e != ERR_OK)
		return e;
	if (more)
		meta_put(txn, seat_meta, tables_key(&done));
	else
		meta_del(txn, seat_meta);
	*whole = *whole && !more;
	return kv_failed(txn->kv);
}

void
seat_reset(struct txn *txn)
{
	kv_clear(txn->kv, TABLE_SEATS);
	meta_del(txn, seat_meta);
}
