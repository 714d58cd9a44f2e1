/*
 * Which records wait for a decision: the list of open work in TABLE_LOOKUP.
 * core/lookup_keep.c calls with every change.
 */
#include "core/lookup_work.h"

#include "core/cells.h"
#include "core/lookup_key.h"

static bool cells_differ(
    const struct turn_place *at, const struct record_field *field);

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

bool
lookup_work_is_open(const struct turn_place *at, const struct record *record)
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
	struct cell cell;
	bool differ = false;

	kv_cursor_init(&cursor, at->txn->kv, TABLE_CELLS);
	while (!differ && cells_next(at, field, &cursor, &cell)) {
		if (first.p == NULL)
			first = cell.value;
		differ = !bytes_equal(first, cell.value);
	}
	kv_cursor_fini(&cursor);
	return differ;
}

void
lookup_work_key(const struct turn_place *at, struct key *key)
{
	lookup_key_begin(at->space->no, LOOKUP_OPEN_WORK, key);
	lookup_key_record(at->id, key);
}

void
lookup_work_settle(const struct turn_place *at, const struct turn *turn)
{
	struct key key;

	if (!may_be_open(turn->next) && !may_be_open(turn->old))
		return;
	lookup_work_key(at, &key);
	if (lookup_work_is_open(at, turn->next))
		txn_put(at->txn, TABLE_LOOKUP, &key, bytes_of("\0\0\0", 4));
	else
		kv_del(at->txn->kv, TABLE_LOOKUP, tables_key(&key));
}
