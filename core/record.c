/*
 * Records as they are kept: rows, cells, and the state digests of their space.
 * core/apply.c writes them, everyone who shows a record reads them here.  What
 * a record is, is decided in core/merge.c alone.
 */
#include "core/record.h"

#include <string.h>

#include "core/gap.h"
#include "core/history.h"
#include "core/digest.h"
#include "core/lookup_keep.h"
#include "core/seat.h"
#include "core/row_read.h"
#include "core/turn_replace.h"
#include "core/view_keep.h"

/* Cells while they are loaded into the fields that they belong to. */
struct loading {
	struct arena *arena;
	struct record *record;
	struct record_source *given; /* as row_sources wants them */
	size_t *first;		     /* of each field, in `given` */
	size_t *loaded;		     /* values of each field so far */
};

static enum err row_get(const struct turn_place *at, struct kv_cursor *near,
    bool copied, struct record *record) MUST_USE;
static enum err row_decode(const struct turn_place *at, struct bytes content,
    bool copied, struct record *record) MUST_USE;
static enum err values_load(const struct turn_place *at,
    const struct record_read *read, struct record *record) MUST_USE;
static void words_copy(struct arena *arena, struct record *record);
static enum err cells_get(
    const struct turn_place *at, struct record *record) MUST_USE;
static enum err loading_begin(struct loading *load, const struct turn_place *at,
    struct record *record) MUST_USE;
static enum err cells_scan(
    struct loading *load, const struct turn_place *at) MUST_USE;
static bool cell_load(struct loading *load, const struct cell *cell);
static bool is_whole(const struct loading *load);
static bool sources_agree(
    const struct record_source *given, const struct record *record);
static void settle(const struct turn_place *at, const struct turn *turn);
static void cells_settle(const struct turn_place *at, const struct turn *turn);
static void digest_cell(
    const struct turn_place *at, const struct cell *cell, struct digest *term);
static void row_settle(const struct turn_place *at, const struct turn *turn);

static bool
is_copied(const struct txn *txn, const struct record_read *read)
{
	return read->cells && (txn->write || !read->borrowed);
}

enum err
record_get(struct txn *txn, const struct record_read *read,
    const struct record_id *id, struct record *record)
{
	struct turn_place at = {
	    .txn = txn, .space = read->space, .id = id, .arena = read->arena};
	enum err e = row_get(&at, read->near, is_copied(txn, read), record);

	return e == ERR_OK ? values_load(&at, read, record) : e;
}

/* What the row does not have. */
static enum err
values_load(const struct turn_place *at, const struct record_read *read,
    struct record *record)
{
	if (is_copied(at->txn, read))
		words_copy(read->arena, record);
	return read->cells ? cells_get(at, record) : ERR_OK;
}

static enum err
row_get(const struct turn_place *at, struct kv_cursor *near, bool copied,
    struct record *record)
{
	struct bytes content;
	struct key key;
	bool found;

	memset(record, 0, sizeof(*record));
	tables_record_key(at->space->no, at->id, &key);
	if (near == NULL) {
		found = txn_find(at->txn, TABLE_RECORDS, &key, &content);
	} else {
		found = kv_seek(near, tables_key(&key)) &&
			bytes_equal(near->key, tables_key(&key));
		if (found) {
			enum err e = tables_open(
			    TABLE_RECORDS, near->key, near->value, &content);

			if (e != ERR_OK)
				return txn_fail(at->txn, e);
		}
	}
	if (!found) {
		gap_sure(at->txn, TABLE_RECORDS, tables_key(&key));
		return kv_failed(at->txn->kv);
	}
	return row_decode(at, content, copied, record);
}

static enum err
row_decode(const struct turn_place *at, struct bytes content, bool copied,
    struct record *record)
{
	struct key key;

	if (copied)
		content = arena_bytes(at->arena, content);
	if (row_read_record(content, words_of(at->txn), at->arena, record))
		return ERR_OK;
	tables_record_key(at->space->no, at->id, &key);
	return txn_fail(at->txn, tables_corrupt(TABLE_RECORDS, tables_key(&key),
				     "its content is no record"));
}

/* The list of words may end with the transaction. */
static void
words_copy(struct arena *arena, struct record *record)
{
	struct bytes *last = &record->collection;

	record->collection = arena_bytes(arena, record->collection);
	for (size_t i = 0; i < record->fields_n; i++) {
		struct bytes *name = &record->fields[i].name;

		/* One name may be that of several fields. */
		*name = bytes_equal(*name, *last) ? *last
						  : arena_bytes(arena, *name);
		last = name;
	}
}

/* Loads the values that lie in cells, and puts their sources among those of
 * the row. */
static enum err
cells_get(const struct turn_place *at, struct record *record)
{
	struct loading load = {0};
	bool any = false;
	struct key key;
	enum err e;

	for (size_t i = 0; i < record->fields_n; i++)
		any = any || record->fields[i].n > 1;
	if (!any)
		return ERR_OK;
	e = loading_begin(&load, at, record);
	if (e == ERR_OK)
		e = cells_scan(&load, at);
	if (e != ERR_OK)
		return e;
	if (!is_whole(&load)) {
		tables_record_key(at->space->no, at->id, &key);
		return txn_fail(at->txn,
		    tables_corrupt(TABLE_CELLS, tables_key(&key),
			"not all values that the record counts are there"));
	}
	row_sources(load.given, at->arena, record);
	if (!sources_agree(load.given, record)) {
		tables_record_key(at->space->no, at->id, &key);
		return txn_fail(at->txn,
		    tables_corrupt(TABLE_CELLS, tables_key(&key),
			"two values say otherwise of the change that they "
			"stem from"));
	}
	return ERR_OK;
}

/* One change has one time and one actor, whichever of its values says so. */
static bool
sources_agree(const struct record_source *given, const struct record *record)
{
	const struct record_source *sources = record->sources;

	for (size_t i = 0; i < record->fields_n; i++) {
		const struct record_field *field = &record->fields[i];

		for (size_t k = 0; k < field->n; k++, given++) {
			const struct record_source *is;

			assert(field->values != NULL && sources != NULL);
			assert(given != NULL);
			is = &sources[field->values[k].source];
			if (given->stamp.v != is->stamp.v ||
			    given->has_actor != is->has_actor ||
			    memcmp(&given->actor, &is->actor,
				sizeof(is->actor)) != 0)
				return false;
		}
	}
	return true;
}

static enum err
loading_begin(
    struct loading *load, const struct turn_place *at, struct record *record)
{
	uint64_t cells = kv_count(at->txn->kv, TABLE_CELLS);
	struct key key;
	size_t n = 0;

	*load = (struct loading){
	    .arena = at->arena,
	    .record = record,
	    .first = arena_array(
		at->arena, record->fields_n, sizeof(*load->first)),
	    .loaded = arena_array(
		at->arena, record->fields_n, sizeof(*load->loaded)),
	};
	for (size_t i = 0; i < record->fields_n; i++) {
		struct record_field *field = &record->fields[i];

		load->first[i] = n;
		if (field->n > 1 && field->n > cells) {
			tables_record_key(at->space->no, at->id, &key);
			return txn_fail(at->txn,
			    tables_corrupt(TABLE_RECORDS, tables_key(&key),
				"it counts more values than there are"));
		}
		if (field->n > 1)
			field->values = arena_array(
			    at->arena, field->n, sizeof(*field->values));
		n += field->n;
	}
	load->given = arena_array(at->arena, n, sizeof(*load->given));
	for (size_t i = 0; i < record->fields_n; i++)
		if (record->fields[i].n == 1)
			load->given[load->first[i]] =
			    record->sources[record->fields[i].values[0].source];
	return ERR_OK;
}

static enum err
cells_scan(struct loading *load, const struct turn_place *at)
{
	struct txn *txn = at->txn;
	struct kv_cursor cursor;
	struct key prefix;
	enum err e = ERR_OK;

	tables_record_key(at->space->no, at->id, &prefix);
	kv_cursor_init(&cursor, txn->kv, TABLE_CELLS);
	for (bool more = kv_seek(&cursor, tables_key(&prefix));
	     more && bytes_begins(cursor.key, tables_key(&prefix));
	     more = kv_next(&cursor)) {
		struct bytes content;
		struct cell cell;

		e = tables_open(
		    TABLE_CELLS, cursor.key, cursor.value, &content);
		if (e == ERR_OK && (!cell_decode(cursor.key, content, &cell) ||
				       !cell_load(load, &cell)))
			e = tables_corrupt(TABLE_CELLS, cursor.key,
			    "its record does not count this value");
		if (e != ERR_OK)
			break;
	}
	kv_cursor_fini(&cursor);
	return e != ERR_OK ? txn_fail(txn, e) : kv_failed(txn->kv);
}

/* Cells of one field come by rising dot, whatever comes between them. */
static bool
cell_load(struct loading *load, const struct cell *cell)
{
	const struct record_field *field = merge_find(
	    load->record, cell->field, cell->kind);
	size_t at;
	size_t n;

	if (field == NULL || field->n < 2)
		return false;
	at = (size_t)(field - load->record->fields);
	n = load->loaded[at];
	if (n == field->n)
		return false;
	load->given[load->first[at] + n] = cell_source(cell);
	field->values[n] = (struct record_value){
	    .op = cell->dot.op,
	    .class = cell->class,
	    .value = arena_bytes(load->arena, cell->value),
	};
	load->loaded[at] = n + 1;
	return true;
}

static bool
is_whole(const struct loading *load)
{
	const struct record *record = load->record;

	for (size_t i = 0; i < record->fields_n; i++)
		if (record->fields[i].n > 1 &&
		    load->loaded[i] != record->fields[i].n)
			return false;
	return true;
}

/* Which of `seats` has a row of the record `id`? */
static enum err
seats_look(struct txn *txn, const struct record_id *id,
    const struct seats *seats, struct space_state **space, bool *found)
{
	enum err e = ERR_OK;

	*found = false;
	for (size_t i = 0; i < seats->n && e == ERR_OK && !*found; i++) {
		struct bytes row;
		struct key key;

		*space = seats->p[i];
		tables_record_key((*space)->no, id, &key);
		*found = txn_find(txn, TABLE_RECORDS, &key, &row);
		e = kv_failed(txn->kv);
	}
	return e;
}

enum err
record_locate(
    struct txn *txn, const struct record_id *id, struct space_state **space)
{
	struct seats seats = {0};
	bool found = false;
	bool all;
	enum err e = seat_find(txn, id, &seats, &all);

	if (e == ERR_OK)
		e = seats_look(txn, id, &seats, space, &found);
	/* Rows of seats have no checksum: one with a wrong bit is of another
	 * id, or names another space.  Who imports asks for thousands that are
	 * new. */
	if (e == ERR_OK && !found && !all && !txn->write) {
		e = seat_all(txn, &seats);
		if (e == ERR_OK)
			e = seats_look(txn, id, &seats, space, &found);
	}
	/* Is its row lost?  A writer asks that where it writes. */
	for (size_t i = 0; i < seats.n && e == ERR_OK && !found && !txn->write;
	     i++)
		e = history_none(txn, seats.p[i], id);
	seat_end(&seats);
	if (e == ERR_OK && !found)
		e = err_set(ERR_NOT_FOUND, "no record has this id here");
	return e;
}

enum err
record_fold(struct txn *txn, struct space_state *space,
    const struct record_id *id, const struct merge_change *change, bool *done)
{
	struct turn_place at = {
	    .txn = txn, .space = space, .id = id, .arena = &txn->scratch};
	struct record old;
	struct turn turn;
	enum err e;

	*done = false;
	e = row_get(&at, NULL, true, &old);
	if (e == ERR_OK)
		e = turn_fold(&at, &old, change, &turn, done);
	if (e == ERR_OK && *done) {
		settle(&at, &turn);
		e = kv_failed(txn->kv);
	}
	return e;
}

enum err
record_replace(struct txn *txn, struct space_state *space,
    const struct record_id *id, const struct record *record)
{
	struct arena arena = {0};
	struct turn_place at = {
	    .txn = txn, .space = space, .id = id, .arena = &arena};
	struct record old;
	struct turn turn;
	enum err e;

	e = record_get(txn,
	    &(struct record_read){
		.space = space, .cells = true, .arena = &arena},
	    id, &old);
	if (e == ERR_OK) {
		turn_replace_all(&old, record, &arena, &turn);
		settle(&at, &turn);
		e = kv_failed(txn->kv);
	}
	arena_fini(&arena);
	return e;
}

/* Every change of a stored record passes here, with the record before and
 * after at hand, and the values that enter or leave fields of several; in a
 * fold those fields have values == NULL in both. */
static void
settle(const struct turn_place *at, const struct turn *turn)
{
	struct space_state *space = at->space;
	struct view_step views;

	assert(at->txn->write);
	lookup_keep_leave(at, turn);
	view_keep_leave(at, turn, &views);
	cells_settle(at, turn);
	for (unsigned class = 0; class < CLASS_COUNT; class ++) {
		struct digest term;

		if (digest_record(
			at->id, turn->old, (enum delta_class) class, &term))
			digest_sub(&space->digests[class], &term);
		if (digest_record(
			at->id, turn->next, (enum delta_class) class, &term))
			digest_add(&space->digests[class], &term);
	}
	row_settle(at, turn);
	lookup_keep_enter(at, turn);
	view_keep_enter(at, turn, &views);
	if (turn->next->exists && !turn->old->exists)
		space->records++;
	if (turn->old->exists && !turn->next->exists)
		space->records--;
	space->dirty = true;
}

static void
cells_settle(const struct turn_place *at, const struct turn *turn)
{
	struct digest *digests = at->space->digests;
	struct buf row = {0};
	struct digest term;
	struct key key;

	for (size_t i = 0; i < turn->gone_n; i++) {
		const struct cell *cell = &turn->gone[i];

		cell_key(at->space->no, at->id, cell, &key);
		kv_del(at->txn->kv, TABLE_CELLS, tables_key(&key));
		digest_cell(at, cell, &term);
		digest_sub(&digests[cell->class], &term);
	}
	for (size_t i = 0; i < turn->come_n; i++) {
		const struct cell *cell = &turn->come[i];

		cell_key(at->space->no, at->id, cell, &key);
		buf_cut(&row, 0);
		cell_encode(cell, &row);
		txn_put(at->txn, TABLE_CELLS, &key, buf_bytes(&row));
		digest_cell(at, cell, &term);
		digest_add(&digests[cell->class], &term);
	}
	buf_fini(&row);
}

static void
digest_cell(
    const struct turn_place *at, const struct cell *cell, struct digest *term)
{
	struct record_field field = {.name = cell->field, .kind = cell->kind};

	digest_value(at->id, &field, &cell->dot, cell->value, term);
}

static void
row_settle(const struct turn_place *at, const struct turn *turn)
{
	struct buf *row = &at->txn->row;
	struct key key;

	tables_record_key(at->space->no, at->id, &key);
	if (turn->next->exists || turn->next->heads_n > 0) {
		tables_row_begin(row);
		row_encode(turn->next, words_of(at->txn), row);
		tables_row_end(tables_key(&key), row);
		kv_put(at->txn->kv, TABLE_RECORDS, tables_key(&key),
		    buf_bytes(row));
		if (!turn->old->exists && turn->old->heads_n == 0)
			seat_put(at->txn, at->space->no, at->id);
	} else {
		kv_del(at->txn->kv, TABLE_RECORDS, tables_key(&key));
		seat_drop(at->txn, at->space->no, at->id);
	}
}

enum err
record_next(struct txn *txn, const struct record_read *read,
    struct record_id *id, struct record *record, bool *found)
{
	struct turn_place at = {
	    .txn = txn, .space = read->space, .id = id, .arena = read->arena};
	struct bytes content;
	struct kv_cursor own = {0};
	struct kv_cursor *cursor = read->near != NULL ? read->near : &own;
	struct key prefix;
	struct key key;
	enum err e = ERR_OK;

	*found = false;
	tables_space_key(read->space->no, &prefix);
	tables_record_key(read->space->no, id, &key);
	tables_key_add(&key, bytes_of("", 1));
	if (read->near == NULL)
		kv_cursor_init(cursor, txn->kv, TABLE_RECORDS);
	for (bool more = kv_seek(cursor, tables_key(&key));
	     more && e == ERR_OK && !*found &&
	     bytes_begins(cursor->key, tables_key(&prefix));
	     more = !*found && kv_next(cursor)) {
		if (cursor->key.n != prefix.n + sizeof(id->b)) {
			e = txn_fail(
			    txn, tables_corrupt(TABLE_RECORDS, cursor->key,
				     "its key is no record's"));
			break;
		}
		bytes_copy(id->b, bytes_after(cursor->key, prefix.n));
		e = tables_open(
		    TABLE_RECORDS, cursor->key, cursor->value, &content);
		if (e != ERR_OK) {
			e = txn_fail(txn, e);
			break;
		}
		e = row_decode(&at, content, is_copied(txn, read), record);
		if (e == ERR_OK)
			e = values_load(&at, read, record);
		*found = e == ERR_OK && record->exists;
	}
	if (read->near == NULL)
		kv_cursor_fini(cursor);
	if (e == ERR_OK && read->met != NULL)
		*read->met += *found;
	/* A row under a wrong key, or a page that leads elsewhere, is met by
	 * nobody. */
	if (e == ERR_OK && !*found && read->met != NULL &&
	    *read->met != read->space->records && kv_failed(txn->kv) == ERR_OK)
		e = txn_fail(
		    txn, tables_corrupt(TABLE_RECORDS, tables_key(&prefix),
			     "records of the space are missing"));
	return e == ERR_OK ? kv_failed(txn->kv) : e;
}
