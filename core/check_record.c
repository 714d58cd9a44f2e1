/*
 * The records of one space against the definition of merging: core/fsck.c
 * hands over each space.  What is stored is compared as it is read, so that
 * two ways of writing one record down never differ here.
 */
#include "core/check_record.h"

#include <string.h>

#include "core/check_view.h"
#include "core/cell.h"
#include "core/digest.h"
#include "core/history.h"
#include "core/lookup_keep.h"
#include "core/seat.h"
#include "core/record.h"

struct check_space {
	struct check *check;
	struct space_state *space;
	struct arena arena; /* of one record */
	struct digest digests[CLASS_COUNT];
	uint64_t records;	  /* that exist */
	struct check_view *views; /* owned; NULL: nothing to compare */
	bool cut;		  /* some record could not be read */
};

static bool history_row(struct check_space *c, const struct kv_cursor *cursor,
    struct record_id *id);
static void record_check(struct check_space *c, const struct record_id *id);
static void record_count(struct check_space *c, const struct record_id *id,
    const struct record *record);
static void seat_check(struct check_space *c, const struct record_id *id,
    const struct record *record);
static void rows_check(struct check_space *c, const struct record_id *id,
    const struct record *record);
static bool is_same(const struct record *a, const struct record *b);
static bool is_same_field(const struct record *a, const struct record_field *f,
    const struct record *b, const struct record_field *g);
static void space_check(struct check_space *c);

void
check_record_run(struct check *check, struct space_state *space)
{
	struct check_space c = {.check = check, .space = space};
	struct kv_cursor cursor;
	struct record_id last;
	struct record_id id;
	struct key prefix;
	bool any = false;

	c.views = check_view_begin(check, space);
	tables_space_key(space->no, &prefix);
	kv_cursor_init(&cursor, check->txn->kv, TABLE_HISTORY);
	for (bool more = kv_seek(&cursor, tables_key(&prefix));
	     more && !check_ended(check) &&
	     bytes_begins(cursor.key, tables_key(&prefix));
	     more = kv_next(&cursor)) {
		if (!history_row(&c, &cursor, &id) ||
		    (any && memcmp(&id, &last, sizeof(id)) == 0))
			continue;
		record_check(&c, &id);
		check_step(check);
		last = id;
		any = true;
	}
	kv_cursor_fini(&cursor);
	if (check_went_well(check))
		space_check(&c);
	check_view_end(c.views, !c.cut);
	arena_fini(&c.arena);
}

static bool
history_row(
    struct check_space *c, const struct kv_cursor *cursor, struct record_id *id)
{
	struct history_at at;
	enum err e = tables_history_get(cursor->key, id, &at);

	c->check->rows[TABLE_HISTORY]++;
	if (e == ERR_OK && cursor->value.n != 0)
		e = tables_corrupt(
		    TABLE_HISTORY, cursor->key, "it has a content");
	return check_passed(c->check, e);
}

static void
record_check(struct check_space *c, const struct record_id *id)
{
	struct txn *txn = c->check->txn;
	struct merge_changes changes;
	struct record stored;
	struct record is;
	struct key key;
	enum err e;

	arena_reset(&c->arena);
	e = history_load(txn, c->space, id, &c->arena, &changes);
	if (!check_passed(c->check, e)) {
		/* Which rows it has cannot be said without its history. */
		c->check->cut = true;
		c->cut = true;
		return;
	}
	merge_record(changes.p, changes.n, &c->arena, &is);
	record_count(c, id, &is);
	seat_check(c, id, &is);
	rows_check(c, id, &is);
	check_view_record(c->views, id, &is, &c->arena);
	e = record_get(txn,
	    &(struct record_read){
		.space = c->space, .cells = true, .arena = &c->arena},
	    id, &stored);
	if (check_passed(c->check, e) && !is_same(&is, &stored)) {
		tables_record_key(c->space->no, id, &key);
		(void)check_passed(c->check,
		    tables_corrupt(TABLE_RECORDS, tables_key(&key),
			"it is not the record that its changes make"));
	}
	c->check->report->records += is.exists;
}

/* Reading goes by the record and by what the row says; writing by its key. */
static void
cell_check(struct check_space *c, const struct record_id *id,
    const struct record_field *field, const struct dot *dot)
{
	const struct cell cell = {
	    .field = field->name, .kind = field->kind, .dot = *dot};
	struct kv_txn *kv = c->check->txn->kv;
	struct bytes row;
	struct key key;

	cell_key(c->space->no, id, &cell, &key);
	if (!kv_find(kv, TABLE_CELLS, tables_key(&key), &row) &&
	    kv_failed(kv) == ERR_OK)
		(void)check_passed(
		    c->check, tables_corrupt(TABLE_CELLS, tables_key(&key),
				  "a value of its record does not lie there"));
}

/* The rows that `record` should have, and its part of the digests. */
static void
record_count(struct check_space *c, const struct record_id *id,
    const struct record *record)
{
	struct digest term;

	c->records += record->exists;
	c->check->rows[TABLE_RECORDS] += record->exists || record->heads_n > 0;
	for (unsigned class = 0; class < CLASS_COUNT; class ++) {
		digest_record(id, record, (enum delta_class) class, &term);
		digest_add(&c->digests[class], &term);
	}
	for (size_t i = 0; i < record->fields_n; i++) {
		const struct record_field *field = &record->fields[i];

		if (field->n < 2)
			continue;
		c->check->rows[TABLE_CELLS] += field->n;
		for (size_t k = 0; k < field->n; k++) {
			const struct record_value *value = &field->values[k];
			struct dot dot = merge_dot(record, value);

			digest_value(id, field, &dot, value->value, &term);
			digest_add(&c->digests[value->class], &term);
			cell_check(c, id, field, &dot);
		}
	}
}

/* The row that says in which space it lies. */
static void
seat_check(struct check_space *c, const struct record_id *id,
    const struct record *record)
{
	struct key key;

	if (!record->exists && record->heads_n == 0)
		return;
	c->check->rows[TABLE_SEATS]++;
	if (!seat_is_made(c->check->txn) ||
	    seat_has(c->check->txn, c->space->no, id))
		return;
	tables_seat_key(id, c->space->no, &key);
	(void)check_passed(
	    c->check, tables_corrupt(TABLE_SEATS, tables_key(&key),
			  "it does not say where its record lies"));
}

/* The rows of indexes that lead to `record`. */
static void
rows_check(struct check_space *c, const struct record_id *id,
    const struct record *record)
{
	struct turn_place at = {.txn = c->check->txn,
	    .space = c->space,
	    .id = id,
	    .arena = &c->arena};
	struct lookup_row *rows;
	size_t n;

	/* Another pack, and no write since: they are not used either. */
	if (!lookup_is_current(at.txn))
		return;
	n = lookup_keep_rows(&at, record, &rows);
	c->check->rows[TABLE_LOOKUP] += n;
	for (size_t i = 0; i < n; i++)
		if (!lookup_keep_has_row(at.txn, &rows[i]))
			(void)check_passed(c->check,
			    tables_corrupt(TABLE_LOOKUP,
				tables_key(&rows[i].key),
				"a value of its record is not there"));
}

static bool
is_same(const struct record *a, const struct record *b)
{
	if (a->exists != b->exists || a->heads_n != b->heads_n)
		return false;
	for (size_t i = 0; i < a->heads_n; i++)
		if (id_change_compare(&a->heads[i], &b->heads[i]) != 0)
			return false;
	if (!a->exists)
		return true;
	if (a->status != b->status || a->plain != b->plain ||
	    a->changed.v != b->changed.v || a->created.v != b->created.v ||
	    !bytes_equal(a->collection, b->collection) ||
	    a->fields_n != b->fields_n)
		return false;
	for (size_t i = 0; i < a->fields_n; i++)
		if (!is_same_field(a, &a->fields[i], b, &b->fields[i]))
			return false;
	return true;
}

static bool
is_same_field(const struct record *a, const struct record_field *f,
    const struct record *b, const struct record_field *g)
{
	if (f->kind != g->kind || f->n != g->n ||
	    !bytes_equal(f->name, g->name))
		return false;
	for (size_t i = 0; i < f->n; i++) {
		const struct record_value *x = &f->values[i];
		const struct record_value *y = &g->values[i];
		const struct record_source *p = &a->sources[x->source];
		const struct record_source *q = &b->sources[y->source];

		if (x->op != y->op || x->class != y->class ||
		    !bytes_equal(x->value, y->value) ||
		    id_change_compare(&p->at, &q->at) != 0 ||
		    p->stamp.v != q->stamp.v || p->has_actor != q->has_actor ||
		    memcmp(&p->actor, &q->actor, sizeof(p->actor)) != 0)
			return false;
	}
	return true;
}

static void
space_check(struct check_space *c)
{
	struct key key = {0};

	if (c->check->cut)
		return;
	tables_key_add(&key, bytes_text(c->space->name.text));
	if (memcmp(c->digests, c->space->digests, sizeof(c->digests)) != 0)
		(void)check_passed(
		    c->check, tables_corrupt(TABLE_SPACES, tables_key(&key),
				  "its digests are not those of its records"));
	if (c->records != c->space->records)
		(void)check_passed(
		    c->check, tables_corrupt(TABLE_SPACES, tables_key(&key),
				  "it counts its records wrongly"));
}
