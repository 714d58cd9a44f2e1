/*
 * A record kept in two ways, for tests that hold one against the other.
 */
#include "tests/lib/shelf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "proto/mem.h"
#include "tests/lib/saga.h"

struct log *__wrap_oplog_find(
    struct txn *txn, struct space_state *space, const struct log_id *id);
bool __wrap_oplog_holds(
    struct txn *txn, struct space_state *space, const struct ref *ref);
static void assert_same_rows(struct shelf *shelf, enum table table);
static struct space_state *space_of(struct txn *txn, const char *text);

static const struct shelf *in_use;

static struct space_state *
space_of(struct txn *txn, const char *text)
{
	struct space_state *space;
	struct space name;

	assert_int_equal(id_space(bytes_text(text), &name), ERR_OK);
	assert_int_equal(space_get(txn, &name, &space), ERR_OK);
	return space;
}

/* Deletes all keys that begin with `prefix`; a cursor is sought again after
 * each. */
static void
table_clear(struct txn *txn, enum table table, const struct key *prefix)
{
	struct kv_cursor cursor;

	kv_cursor_init(&cursor, txn->kv, table);
	while (kv_seek(&cursor, tables_key(prefix)) &&
	       bytes_begins(cursor.key, tables_key(prefix))) {
		struct key key = {0};

		tables_key_add(&key, cursor.key);
		kv_del(txn->kv, table, tables_key(&key));
		if (kv_failed(txn->kv) != ERR_OK)
			break;
	}
	kv_cursor_fini(&cursor);
}

/* Removes all records, cells and digests of `space`. */
static enum err
clear(struct txn *txn, struct space_state *space)
{
	struct key prefix;

	assert(txn->write);
	tables_space_key(space->no, &prefix);
	table_clear(txn, TABLE_RECORDS, &prefix);
	table_clear(txn, TABLE_CELLS, &prefix);
	memset(space->digests, 0, sizeof(space->digests));
	space->records = 0;
	space->dirty = true;
	return kv_failed(txn->kv);
}

void
shelf_init(struct shelf *shelf, struct txn *txn)
{
	memset(shelf, 0, sizeof(*shelf));
	shelf->txn = txn;
	shelf->folded = space_of(txn, "d01/c001/case");
	shelf->fresh = space_of(txn, "d01/c002/case");
	memset(shelf->id.b, 0x61, sizeof(shelf->id.b));
	shelf->changes = mem_zeros(SHELF_MAX, sizeof(*shelf->changes));
	in_use = shelf;
	kv_clear(txn->kv, TABLE_HISTORY);
	assert_int_equal(clear(txn, shelf->folded), ERR_OK);
	assert_int_equal(clear(txn, shelf->fresh), ERR_OK);
	assert_int_equal(kv_count(txn->kv, TABLE_RECORDS), 0);
	assert_int_equal(kv_count(txn->kv, TABLE_CELLS), 0);
}

void
shelf_fini(struct shelf *shelf)
{
	in_use = NULL;
	mem_free(shelf->changes);
	arena_fini(&shelf->arena);
}

/* Every log of a saga has the number that its id is made of. */
struct log *
__wrap_oplog_find(
    struct txn *txn, struct space_state *space, const struct log_id *id)
{
	static struct log log;

	(void)txn;
	log = (struct log){.id = *id, .no = {id->b[0]}, .space = space};
	for (size_t i = 0; i < in_use->n; i++)
		if (in_use->changes[i].at.delta.log.b[0] == id->b[0])
			return &log;
	return NULL;
}

bool
__wrap_oplog_holds(
    struct txn *txn, struct space_state *space, const struct ref *ref)
{
	(void)txn;
	(void)space;
	for (size_t i = 0; i < in_use->n; i++)
		if (id_ref_compare(&in_use->changes[i].at.delta, ref) == 0)
			return true;
	return false;
}

void
shelf_take(struct shelf *shelf, const struct merge_change *change)
{
	struct history_at at = {
	    .log = {change->at.delta.log.b[0]},
	    .seq = change->at.delta.seq,
	    .change = change->at.change,
	};
	struct arena arena = {0};
	struct record record;
	struct key key;
	bool done;

	assert_true(shelf->n < SHELF_MAX);
	shelf->changes[shelf->n++] = *change;
	tables_history_key(shelf->folded->no, &shelf->id, at, &key);
	kv_put(
	    shelf->txn->kv, TABLE_HISTORY, tables_key(&key), (struct bytes){0});
	assert_int_equal(
	    record_fold(shelf->txn, shelf->folded, &shelf->id, change, &done),
	    ERR_OK);
	if (done) {
		shelf->folds++;
	} else {
		shelf_merge(shelf, &arena, &record);
		assert_int_equal(record_replace(shelf->txn, shelf->folded,
				     &shelf->id, &record),
		    ERR_OK);
	}
	arena_fini(&arena);
}

void
shelf_merge(struct shelf *shelf, struct arena *arena, struct record *record)
{
	merge_record(shelf->changes, shelf->n, arena, record);
}

void
shelf_assert(struct shelf *shelf)
{
	struct arena arena = {0};
	struct buf expected = {0};
	struct buf text = {0};
	struct record record;

	shelf_merge(shelf, &arena, &record);
	saga_text(&record, &expected);
	assert_int_equal(clear(shelf->txn, shelf->fresh), ERR_OK);
	assert_int_equal(
	    record_replace(shelf->txn, shelf->fresh, &shelf->id, &record),
	    ERR_OK);
	assert_int_equal(
	    record_get(shelf->txn,
		&(struct record_read){
		    .space = shelf->folded, .cells = true, .arena = &arena},
		&shelf->id, &record),
	    ERR_OK);
	saga_text(&record, &text);
	assert_string_equal(buf_text(&text), buf_text(&expected));
	assert_same_rows(shelf, TABLE_RECORDS);
	assert_same_rows(shelf, TABLE_CELLS);
	assert_memory_equal(shelf->folded->digests, shelf->fresh->digests,
	    sizeof(shelf->fresh->digests));
	assert_int_equal(shelf->folded->records, shelf->fresh->records);
	buf_fini(&text);
	buf_fini(&expected);
	arena_fini(&arena);
}

/* Rows differ in the space's number and the checksum alone. */
static void
assert_same_rows(struct shelf *shelf, enum table table)
{
	struct kv_cursor one;
	struct kv_cursor other;
	struct key prefix;
	bool more;
	bool more_other;

	kv_cursor_init(&one, shelf->txn->kv, table);
	kv_cursor_init(&other, shelf->txn->kv, table);
	tables_space_key(shelf->fresh->no, &prefix);
	more_other = kv_seek(&other, tables_key(&prefix));
	tables_space_key(shelf->folded->no, &prefix);
	more = kv_seek(&one, tables_key(&prefix));
	while (more && bytes_begins(one.key, tables_key(&prefix))) {
		assert_true(more_other);
		assert_true(bytes_equal(
		    bytes_after(one.key, 4), bytes_after(other.key, 4)));
		assert_true(bytes_equal(
		    bytes_after(one.value, 8), bytes_after(other.value, 8)));
		more = kv_next(&one);
		more_other = kv_next(&other);
	}
	assert_false(more_other);
	kv_cursor_fini(&one);
	kv_cursor_fini(&other);
}

size_t
shelf_cells(struct shelf *shelf)
{
	struct kv_cursor cursor;
	struct key prefix;
	size_t n = 0;

	tables_space_key(shelf->folded->no, &prefix);
	kv_cursor_init(&cursor, shelf->txn->kv, TABLE_CELLS);
	for (bool more = kv_seek(&cursor, tables_key(&prefix));
	     more && bytes_begins(cursor.key, tables_key(&prefix));
	     more = kv_next(&cursor))
		n++;
	kv_cursor_fini(&cursor);
	return n;
}
