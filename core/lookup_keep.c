/*
 * Keeps the rows of indexes true.  core/record.c tells of every change of a
 * record, core/store.c has the indexes made again when the pack is another,
 * core/fsck.c compares.  A row counts the values behind it, since writers apart
 * may give one field the same value twice.
 */
#include "core/lookup_keep.h"

#include <stdlib.h>
#include <string.h>

#include "core/meta.h"
#include "core/record.h"

enum { REFRESH_RECORDS = 1000 };

static void value_bump(const struct turn_place *at,
    const struct lookup_index *index, const struct cell *cell, int by);
static void field_bump(const struct turn_place *at,
    const struct lookup_index *index, const struct turn *turn);
static bool is_loaded(const struct lookup *lookup, const struct record *record);
static bool cells_differ(
    const struct turn_place *at, const struct record_field *field);
static void open_settle(const struct turn_place *at, const struct turn *turn);
static void rows_put(const struct turn_place *at, const struct record *record);
static void row_put(struct txn *txn, const struct key *key, uint32_t n);

/* ---- kept with every change --------------------------------------------- */

void
lookup_keep_leave(const struct turn_place *at, const struct turn *turn)
{
	struct lookup_row *rows;
	struct record old;
	size_t n;

	/* Another collection has other indexes: all that this one had goes.  A
	 * fold has not loaded the cells, so it is read once more. */
	if (bytes_equal(turn->old->collection, turn->next->collection) ||
	    lookup_first(at->txn->lookup, turn->old->collection) == NULL)
		return;
	if (record_get(at->txn,
		&(struct record_read){
		    .space = at->space, .cells = true, .arena = at->arena},
		at->id, &old) != ERR_OK)
		return;
	n = lookup_keep_rows(at, &old, &rows);
	for (size_t i = 0; i < n; i++)
		kv_del(at->txn->kv, TABLE_LOOKUP, tables_key(&rows[i].key));
}

void
lookup_keep_enter(const struct turn_place *at, const struct turn *turn)
{
	const struct lookup *lookup = at->txn->lookup;
	const struct lookup_index *index = lookup_first(
	    lookup, turn->next->collection);
	struct record next;

	if (index != NULL &&
	    bytes_equal(turn->old->collection, turn->next->collection)) {
		for (; index != NULL; index = lookup_next_index(lookup, index))
			field_bump(at, index, turn);
	} else if (index != NULL && is_loaded(lookup, turn->next)) {
		rows_put(at, turn->next);
	} else if (index != NULL) {
		if (record_get(at->txn,
			&(struct record_read){.space = at->space,
			    .cells = true,
			    .arena = at->arena},
			at->id, &next) == ERR_OK)
			rows_put(at, &next);
	}
	open_settle(at, turn);
}

/* Are all values there of which rows are made? */
static bool
is_loaded(const struct lookup *lookup, const struct record *record)
{
	const struct lookup_index *index = lookup_first(
	    lookup, record->collection);

	for (; index != NULL; index = lookup_next_index(lookup, index)) {
		const struct record_field *field = merge_find(
		    record, bytes_text(index->field->name), index->field->kind);

		if (field != NULL && field->values == NULL)
			return false;
	}
	return true;
}

/* One field: values of several come and go as cells, a single one lies in the
 * row (core/turn.h). */
static void
field_bump(const struct turn_place *at, const struct lookup_index *index,
    const struct turn *turn)
{
	struct bytes name = bytes_text(index->field->name);
	enum field_kind kind = index->field->kind;
	const struct record_field *old = merge_find(turn->old, name, kind);
	const struct record_field *next = merge_find(turn->next, name, kind);
	struct cell gone = {0};
	struct cell come = {0};
	bool goes = old != NULL && old->n == 1;
	bool comes = next != NULL && next->n == 1;

	if (goes)
		gone = cell_of(turn->old, old, &old->values[0]);
	if (comes)
		come = cell_of(turn->next, next, &next->values[0]);
	if (!goes || !comes || gone.class != come.class ||
	    !bytes_equal(gone.value, come.value)) {
		if (comes)
			value_bump(at, index, &come, 1);
		if (goes)
			value_bump(at, index, &gone, -1);
	}
	for (size_t i = 0; i < turn->come_n; i++)
		if (turn->come[i].kind == kind &&
		    bytes_equal(turn->come[i].field, name))
			value_bump(at, index, &turn->come[i], 1);
	for (size_t i = 0; i < turn->gone_n; i++)
		if (turn->gone[i].kind == kind &&
		    bytes_equal(turn->gone[i].field, name))
			value_bump(at, index, &turn->gone[i], -1);
}

/* One value more or less.  While the indexes are made again a record may not
 * have had its turn: then there is nothing to take away. */
static void
value_bump(const struct turn_place *at, const struct lookup_index *index,
    const struct cell *cell, int by)
{
	struct txn *txn = at->txn;
	struct bytes row;
	struct key key;
	uint32_t n = 0;

	lookup_value_key(at, index, cell, &key);
	if (kv_find(txn->kv, TABLE_LOOKUP, tables_key(&key), &row) &&
	    row.n == 4)
		n = bytes_be32(row.p);
	if (by > 0)
		row_put(txn, &key, n + 1);
	else if (n > 1)
		row_put(txn, &key, n - 1);
	else if (n == 1)
		kv_del(txn->kv, TABLE_LOOKUP, tables_key(&key));
}

static void
row_put(struct txn *txn, const struct key *key, uint32_t n)
{
	uint8_t b[4];

	bytes_put_be32(b, n);
	kv_put(txn->kv, TABLE_LOOKUP, tables_key(key), bytes_of(b, sizeof(b)));
}

/* ---- open work ---------------------------------------------------------- */

static bool
is_single(const struct record_field *field)
{
	return field->kind == KIND_REGISTER || field->kind == KIND_STATE;
}

static bool
may_be_open(const struct record *record)
{
	if (record->status == RECORD_CONTESTED)
		return true;
	for (size_t i = 0; i < record->fields_n; i++)
		if (is_single(&record->fields[i]) && record->fields[i].n > 1)
			return true;
	return false;
}

static bool
is_open(const struct turn_place *at, const struct record *record)
{
	if (record->status == RECORD_CONTESTED)
		return true;
	for (size_t i = 0; i < record->fields_n; i++) {
		const struct record_field *field = &record->fields[i];

		if (!is_single(field) || field->n < 2)
			continue;
		if (field->values != NULL ? merge_is_conflict(field)
					  : cells_differ(at, field))
			return true;
	}
	return false;
}

/* As merge_is_conflict, of a field whose values were not loaded. */
static bool
cells_differ(const struct turn_place *at, const struct record_field *field)
{
	struct kv_cursor cursor;
	struct bytes first = {0};
	struct key prefix;
	bool differ = false;

	cell_prefix(at->space->no, at->id, field->name, field->kind, &prefix);
	kv_cursor_init(&cursor, at->txn->kv, TABLE_CELLS);
	for (bool more = kv_seek(&cursor, tables_key(&prefix));
	     more && bytes_begins(cursor.key, tables_key(&prefix)) && !differ;
	     more = kv_next(&cursor)) {
		struct bytes content;
		struct cell cell;

		if (tables_open(TABLE_CELLS, cursor.key, cursor.value,
			&content) != ERR_OK ||
		    !cell_decode(cursor.key, content, &cell)) {
			kv_fail(
			    at->txn->kv, tables_corrupt(TABLE_CELLS, cursor.key,
					     "it is no value of a record"));
			break;
		}
		if (!bytes_equal(cell.field, field->name))
			continue;
		if (first.p == NULL)
			first = cell.value;
		differ = !bytes_equal(first, cell.value);
	}
	kv_cursor_fini(&cursor);
	return differ;
}

static void
open_settle(const struct turn_place *at, const struct turn *turn)
{
	struct key key;

	if (!may_be_open(turn->next) && !may_be_open(turn->old))
		return;
	lookup_open_key(at, &key);
	if (is_open(at, turn->next))
		row_put(at->txn, &key, 0);
	else
		kv_del(at->txn->kv, TABLE_LOOKUP, tables_key(&key));
}

/* ---- all rows of a record ----------------------------------------------- */

static int
row_order(const void *a, const void *b)
{
	const struct lookup_row *x = a;
	const struct lookup_row *y = b;

	return bytes_compare(tables_key(&x->key), tables_key(&y->key));
}

size_t
lookup_keep_rows(const struct turn_place *at, const struct record *record,
    struct lookup_row **out)
{
	const struct lookup *lookup = at->txn->lookup;
	const struct lookup_index *index = lookup_first(
	    lookup, record->collection);
	struct lookup_row *rows;
	size_t room = 1;
	size_t n = 0;
	size_t kept = 0;

	for (size_t i = 0; i < record->fields_n; i++)
		room += record->fields[i].n;
	rows = arena_array(at->arena, room, sizeof(*rows));
	for (; index != NULL; index = lookup_next_index(lookup, index)) {
		const struct record_field *field = merge_find(
		    record, bytes_text(index->field->name), index->field->kind);

		for (size_t i = 0; field != NULL && i < field->n; i++) {
			struct cell cell = cell_of(
			    record, field, &field->values[i]);

			lookup_value_key(at, index, &cell, &rows[n].key);
			rows[n++].n = 1;
		}
	}
	if (n > 0)
		qsort(rows, n, sizeof(*rows), row_order);
	for (size_t i = 0; i < n; i++) {
		if (kept > 0 && row_order(&rows[kept - 1], &rows[i]) == 0)
			rows[kept - 1].n++;
		else
			rows[kept++] = rows[i];
	}
	if (is_open(at, record)) {
		lookup_open_key(at, &rows[kept].key);
		rows[kept++].n = 0;
	}
	*out = rows;
	return kept;
}

static void
rows_put(const struct turn_place *at, const struct record *record)
{
	struct lookup_row *rows;
	size_t n = lookup_keep_rows(at, record, &rows);

	for (size_t i = 0; i < n; i++)
		row_put(at->txn, &rows[i].key, rows[i].n);
}

bool
lookup_keep_has_row(struct txn *txn, const struct lookup_row *row)
{
	struct bytes is;

	return kv_find(txn->kv, TABLE_LOOKUP, tables_key(&row->key), &is) &&
	       is.n == 4 && bytes_be32(is.p) == row->n;
}

static void
stand_write(struct txn *txn, const struct lookup_done *done)
{
	uint8_t state[LOOKUP_STATE + 4 + sizeof(done->id.b)];
	size_t n = LOOKUP_STATE;

	memcpy(state, txn->lookup->state, LOOKUP_STATE);
	if (done != NULL) {
		bytes_put_be32(state + LOOKUP_STATE, done->space);
		memcpy(
		    state + LOOKUP_STATE + 4, done->id.b, sizeof(done->id.b));
		n = sizeof(state);
	}
	meta_put(txn, lookup_meta, bytes_of(state, n));
}

void
lookup_keep_reset(struct txn *txn)
{
	kv_clear(txn->kv, TABLE_LOOKUP);
	if (txn->lookup != NULL)
		stand_write(txn, NULL);
	else
		meta_del(txn, lookup_meta);
}

enum err
lookup_keep_refresh(struct txn *txn, bool *whole)
{
	struct arena arena = {0};
	struct lookup_done done = {.space = 1};
	uint64_t spaces = kv_count(txn->kv, TABLE_SPACES);
	enum lookup_stand stand = lookup_stand(txn, &done);
	enum err e = kv_failed(txn->kv);

	assert(txn->write && txn->lookup != NULL);
	*whole = stand == LOOKUP_WHOLE;
	if (e != ERR_OK || *whole)
		return e;
	if (stand == LOOKUP_OTHER)
		kv_clear(txn->kv, TABLE_LOOKUP);
	for (int n = 0;
	     n < REFRESH_RECORDS && done.space <= spaces && e == ERR_OK; n++) {
		struct turn_place at = {
		    .txn = txn, .id = &done.id, .arena = &arena};
		struct space_no no = {done.space};
		struct record record;
		bool found = false;

		arena_reset(&arena);
		e = space_by_no(txn, no, &at.space);
		if (e == ERR_OK)
			e = record_next(txn,
			    &(struct record_read){.space = at.space,
				.cells = true,
				.arena = &arena},
			    &done.id, &record, &found);
		if (e == ERR_OK && found)
			rows_put(&at, &record);
		else if (e == ERR_OK)
			done = (struct lookup_done){.space = done.space + 1};
	}
	*whole = done.space > spaces;
	if (e == ERR_OK)
		stand_write(txn, *whole ? NULL : &done);
	arena_fini(&arena);
	return e == ERR_OK ? kv_failed(txn->kv) : e;
}
