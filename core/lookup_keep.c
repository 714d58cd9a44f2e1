/*
 * Keeps the rows of indexes true.  core/record.c tells of every change of a
 * record, core/store.c has the indexes made again when the pack is another,
 * core/fsck.c compares.  A row counts the values behind it, since writers apart
 * may give one field the same value twice.
 */
#include "core/lookup_keep.h"

#include <string.h>

#include "core/cells.h"
#include "core/lookup_work.h"
#include "core/meta.h"
#include "core/record.h"

enum { REFRESH_RECORDS = 1000 };

/* A record that goes on in its collection. */
struct keeping {
	const struct turn_place *at;
	const struct turn *turn;
	const struct lookup_set *set;
	/* Of set->collection->indexes: some of its fields changed. */
	bool moved[LIMIT_INDEXES];
	/* The field at hand has one value at most, before and after: so each of
	 * its rows stands for one, and need not be read. */
	bool alone;
};

static void set_settle(const struct turn_place *at, const struct turn *turn,
    const struct lookup_set *set);
static void single_settle(struct keeping *k, const struct record_field *old,
    const struct record_field *next);
static void cell_settle(
    struct keeping *k, const struct cell *come, const struct cell *gone);
static void value_settle(const struct keeping *k,
    const struct lookup_index *index, const struct cell *come,
    const struct cell *gone);
static void compound_settle(
    const struct keeping *k, const struct lookup_index *index);
static struct lookup_values values_of(
    const struct keeping *k, const struct pack_field *field, bool before);
static bool is_among(
    const struct cell *cells, size_t n, const struct cell *cell);
static int rows_order(const struct lookup_rows *a, size_t i,
    const struct lookup_rows *b, size_t j);
static void row_settle(const struct keeping *k, const struct key *key, int by);
static void row_bump(struct txn *txn, const struct key *key, int by);
static void row_put(struct txn *txn, const struct key *key, uint32_t n);
static bool is_loaded(
    const struct lookup_set *set, const struct record *record);
static void rows_put(const struct turn_place *at, const struct record *record);

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
	    lookup_set(at->txn->lookup, turn->old->collection) == NULL)
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
	const struct lookup_set *set = lookup_set(
	    at->txn->lookup, turn->next->collection);
	struct record next;

	if (set != NULL &&
	    bytes_equal(turn->old->collection, turn->next->collection)) {
		set_settle(at, turn, set);
	} else if (set != NULL && is_loaded(set, turn->next)) {
		rows_put(at, turn->next);
	} else if (set != NULL) {
		if (record_get(at->txn,
			&(struct record_read){.space = at->space,
			    .cells = true,
			    .arena = at->arena},
			at->id, &next) == ERR_OK)
			rows_put(at, &next);
	}
	lookup_work_settle(at, turn);
}

/* In a fold both mostly have one name. */
static int
field_order(const struct record_field *a, const struct record_field *b)
{
	if (a->name.p == b->name.p && a->name.n == b->name.n &&
	    a->kind == b->kind)
		return 0;
	return merge_compare(a, b->name, b->kind);
}

/* The indexes that change with a field; NULL: none. */
static const struct lookup_touch *
touch_of(const struct lookup_set *set, struct bytes name, enum field_kind kind)
{
	size_t low = 0;
	size_t high = set->touches_n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct lookup_touch *touch = &set->touches[middle];
		int order = bytes_compare(bytes_text(touch->field->name), name);

		if (order == 0)
			return touch->field->kind == kind ? touch : NULL;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

/* Are all values there of which rows are made? */
static bool
is_loaded(const struct lookup_set *set, const struct record *record)
{
	for (size_t i = 0; i < record->fields_n; i++) {
		const struct record_field *field = &record->fields[i];

		if (field->values == NULL &&
		    touch_of(set, field->name, field->kind) != NULL)
			return false;
	}
	return true;
}

/* Finds what changed.  Values of several come and go as cells, a single one
 * lies in the row (core/turn.h). */
static void
set_settle(const struct turn_place *at, const struct turn *turn,
    const struct lookup_set *set)
{
	struct keeping k = {.at = at, .turn = turn, .set = set};
	const struct record *old = turn->old;
	const struct record *next = turn->next;
	size_t i = 0;
	size_t j = 0;

	while (i < old->fields_n || j < next->fields_n) {
		const struct record_field *o = i < old->fields_n
						   ? &old->fields[i]
						   : NULL;
		const struct record_field *n = j < next->fields_n
						   ? &next->fields[j]
						   : NULL;
		int order = o == NULL ? 1 : n == NULL ? -1 : field_order(o, n);

		single_settle(&k, order <= 0 ? o : NULL, order >= 0 ? n : NULL);
		i += order <= 0;
		j += order >= 0;
	}
	k.alone = false;
	for (size_t c = 0; c < turn->come_n; c++)
		cell_settle(&k, &turn->come[c], NULL);
	for (size_t c = 0; c < turn->gone_n; c++)
		cell_settle(&k, NULL, &turn->gone[c]);
	for (size_t c = 0; c < set->n; c++)
		if (set->indexes[c].kind == LOOKUP_COMPOUND &&
		    k.moved[set->indexes[c].compound -
			    set->collection->indexes])
			compound_settle(&k, &set->indexes[c]);
}

/* One field, before and after; NULL: without values. */
static void
single_settle(struct keeping *k, const struct record_field *old,
    const struct record_field *next)
{
	struct cell gone = {0};
	struct cell come = {0};
	bool goes = old != NULL && old->n == 1;
	bool comes = next != NULL && next->n == 1;

	if (!goes && !comes)
		return;
	if (goes && comes && old->values[0].class == next->values[0].class &&
	    bytes_equal(old->values[0].value, next->values[0].value))
		return;
	k->alone = (old == NULL || old->n <= 1) &&
		   (next == NULL || next->n <= 1);
	if (goes)
		gone = cell_of(k->turn->old, old, &old->values[0]);
	if (comes)
		come = cell_of(k->turn->next, next, &next->values[0]);
	cell_settle(k, comes ? &come : NULL, goes ? &gone : NULL);
}

/* A value that came, one that went, or one that came in the place of another.
 */
static void
cell_settle(struct keeping *k, const struct cell *come, const struct cell *gone)
{
	const struct cell *cell = come != NULL ? come : gone;
	const struct lookup_touch *touch = cell == NULL
					       ? NULL
					       : touch_of(k->set, cell->field,
						     cell->kind);

	for (size_t i = 0; touch != NULL && i < touch->n; i++) {
		const struct lookup_index *index =
		    &k->set->indexes[touch->indexes[i]];

		if (index->kind == LOOKUP_COMPOUND)
			k->moved[index->compound -
				 k->set->collection->indexes] = true;
		else
			value_settle(k, index, come, gone);
	}
}

static void
value_rows(const struct turn_place *at, const struct lookup_index *index,
    const struct cell *cell, struct lookup_rows *rows)
{
	struct lookup_value value;

	if (cell == NULL)
		return;
	value = (struct lookup_value){cell->class, cell->value};
	lookup_rows_value(at, index, &value, rows);
	lookup_rows_sort(rows);
}

/* Orders row `i` of `a` against row `j` of `b`; behind the last comes none. */
static int
rows_order(const struct lookup_rows *a, size_t i, const struct lookup_rows *b,
    size_t j)
{
	if (i == a->n)
		return 1;
	return j == b->n ? -1
			 : bytes_compare(tables_key(&a->p[i].key),
			       tables_key(&b->p[j].key));
}

/* The rows of a value that came have one value more, those of one that went one
 * less. */
static void
value_settle(const struct keeping *k, const struct lookup_index *index,
    const struct cell *come, const struct cell *gone)
{
	struct lookup_rows more = {0};
	struct lookup_rows less = {0};
	size_t i = 0;
	size_t j = 0;

	value_rows(k->at, index, come, &more);
	value_rows(k->at, index, gone, &less);
	while (i < more.n || j < less.n) {
		int order = rows_order(&more, i, &less, j);

		if (order < 0)
			row_settle(k, &more.p[i].key, 1);
		else if (order > 0)
			row_settle(k, &less.p[j].key, -1);
		i += order <= 0;
		j += order >= 0;
	}
}

static void
row_settle(const struct keeping *k, const struct key *key, int by)
{
	struct txn *txn = k->at->txn;

	if (!k->alone)
		row_bump(txn, key, by);
	else if (by > 0)
		row_put(txn, key, 1);
	else
		kv_del(txn->kv, TABLE_LOOKUP, tables_key(key));
}

/* One value more or less.  While the indexes are made again a record may not
 * have had its turn: then there is nothing to take away. */
static void
row_bump(struct txn *txn, const struct key *key, int by)
{
	struct bytes row;
	uint32_t n = 0;

	if (txn_find(txn, TABLE_LOOKUP, key, &row) && row.n == 4)
		n = bytes_be32(row.p);
	if (by > 0)
		row_put(txn, key, n + 1);
	else if (n > 1)
		row_put(txn, key, n - 1);
	else if (n == 1)
		kv_del(txn->kv, TABLE_LOOKUP, tables_key(key));
}

static void
row_put(struct txn *txn, const struct key *key, uint32_t n)
{
	uint8_t b[4];

	bytes_put_be32(b, n);
	txn_put(txn, TABLE_LOOKUP, key, bytes_of(b, sizeof(b)));
}

/* ---- indexes over several fields ---------------------------------------- */

/* Which values stand together is another matter than which came and went: all
 * rows of before are held against all of now. */
static void
compound_settle(const struct keeping *k, const struct lookup_index *index)
{
	const struct pack_compound *compound = index->compound;
	struct lookup_values values[LIMIT_INDEX_FIELDS];
	struct lookup_rows old = {0};
	struct lookup_rows next = {0};
	struct txn *txn = k->at->txn;
	size_t i = 0;
	size_t j = 0;

	for (size_t f = 0; f < compound->fields_n; f++)
		values[f] = values_of(k, compound->fields[f], true);
	lookup_rows_compound(k->at, index, values, &old);
	lookup_rows_sort(&old);
	for (size_t f = 0; f < compound->fields_n; f++)
		values[f] = values_of(k, compound->fields[f], false);
	lookup_rows_compound(k->at, index, values, &next);
	lookup_rows_sort(&next);
	while (i < old.n || j < next.n) {
		int order = rows_order(&old, i, &next, j);

		if (order < 0)
			kv_del(
			    txn->kv, TABLE_LOOKUP, tables_key(&old.p[i].key));
		else if (order > 0 || old.p[i].n != next.p[j].n)
			row_put(txn, &next.p[j].key, next.p[j].n);
		i += order <= 0;
		j += order >= 0;
	}
}

/* The values of `field` in the record before the turn, or after it.  Those of
 * several may not be loaded: what lies in TABLE_CELLS is already as it is after
 * it. */
static struct lookup_values
values_of(const struct keeping *k, const struct pack_field *field, bool before)
{
	const struct turn *turn = k->turn;
	const struct record_field *has = merge_find(
	    before ? turn->old : turn->next, bytes_text(field->name),
	    field->kind);
	struct lookup_value *values;
	struct kv_cursor cursor;
	struct cell cell;
	size_t n = 0;

	if (has == NULL || has->values != NULL)
		return lookup_rows_values(k->at, has);
	values = arena_room(k->at->arena, has->n, sizeof(*values));
	kv_cursor_init(&cursor, k->at->txn->kv, TABLE_CELLS);
	while (n < has->n && cells_next(k->at, has, &cursor, &cell))
		if (!before || !is_among(turn->come, turn->come_n, &cell))
			values[n++] = (struct lookup_value){
			    cell.class, arena_bytes(k->at->arena, cell.value)};
	kv_cursor_fini(&cursor);
	for (size_t i = 0; before && i < turn->gone_n && n < has->n; i++)
		if (turn->gone[i].kind == has->kind &&
		    bytes_equal(turn->gone[i].field, has->name))
			values[n++] = (struct lookup_value){
			    turn->gone[i].class, turn->gone[i].value};
	return (struct lookup_values){n, values};
}

static bool
is_among(const struct cell *cells, size_t n, const struct cell *cell)
{
	for (size_t i = 0; i < n; i++)
		if (cells[i].kind == cell->kind &&
		    id_dot_compare(&cells[i].dot, &cell->dot) == 0 &&
		    bytes_equal(cells[i].field, cell->field))
			return true;
	return false;
}

/* ---- all rows of a record ----------------------------------------------- */

size_t
lookup_keep_rows(const struct turn_place *at, const struct record *record,
    struct lookup_row **out)
{
	struct lookup_rows rows = {0};
	struct lookup_row *row;

	lookup_rows_record(at, record, &rows);
	if (lookup_work_is_open(at, record)) {
		row = lookup_rows_add(at, &rows);
		lookup_work_key(at, &row->key);
		row->n = 0;
	}
	*out = rows.p;
	return rows.n;
}

static void
rows_put(const struct turn_place *at, const struct record *record)
{
	const struct lookup_set *set = lookup_set(
	    at->txn->lookup, record->collection);
	struct lookup_rows rows = {0};
	struct key key;

	for (size_t i = 0; set != NULL && i < set->n; i++) {
		lookup_rows_index(at, &set->indexes[i], record, &rows);
		for (size_t k = 0; k < rows.n; k++)
			row_put(at->txn, &rows.p[k].key, rows.p[k].n);
	}
	if (!lookup_work_is_open(at, record))
		return;
	lookup_work_key(at, &key);
	row_put(at->txn, &key, 0);
}

bool
lookup_keep_has_row(struct txn *txn, const struct lookup_row *row)
{
	struct bytes key = tables_key(&row->key);
	struct bytes found;
	struct bytes is;

	return kv_find(txn->kv, TABLE_LOOKUP, key, &found) &&
	       tables_fit(key, found, &is) && is.n == 4 &&
	       bytes_be32(is.p) == row->n;
}

void
lookup_keep_reset(struct txn *txn)
{
	kv_clear(txn->kv, TABLE_LOOKUP);
	if (txn->lookup != NULL)
		stand_put(txn, lookup_meta, txn->lookup->state, NULL);
	else
		meta_del(txn, lookup_meta);
}

enum err
lookup_keep_refresh(struct txn *txn, bool *whole)
{
	struct arena arena = {0};
	struct stand_done done = {.space = 1};
	uint64_t spaces = kv_count(txn->kv, TABLE_SPACES);
	enum stand stand = lookup_stand(txn, &done);
	enum err e = kv_failed(txn->kv);

	assert(txn->write && txn->lookup != NULL);
	*whole = stand == STAND_WHOLE;
	if (e != ERR_OK || *whole)
		return e;
	if (stand == STAND_OTHER)
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
			done = (struct stand_done){.space = done.space + 1};
	}
	*whole = done.space > spaces;
	if (e == ERR_OK)
		stand_put(txn, lookup_meta, txn->lookup->state,
		    *whole ? NULL : &done);
	arena_fini(&arena);
	return e == ERR_OK ? kv_failed(txn->kv) : e;
}
