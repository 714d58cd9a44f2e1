/*
 * Reading records for the door: says in words what is not there.  Writes
 * nothing.
 */
#include "core/reading.h"

#include "core/history.h"
#include "core/record.h"

enum err
reading_locate(struct txn *txn, const struct record_id *id, struct space *space)
{
	struct space_state *state;
	enum err e = record_locate(txn, id, &state);

	if (e == ERR_OK)
		*space = state->name;
	return e;
}

enum err
reading_get(struct txn *txn, const struct space *space,
    const struct record_id *id, struct arena *arena, struct record *record)
{
	struct space_state *state = space_find(txn, space);
	enum err e = kv_failed(txn->kv);

	if (e == ERR_OK && state == NULL)
		e = err_set(ERR_NOT_FOUND,
		    "nothing of the space '%s' is held here", space->text);
	if (e == ERR_OK)
		e = record_get(txn,
		    &(struct record_read){
			.space = state, .cells = true, .arena = arena},
		    id, record);
	if (e == ERR_OK && !record->exists && record->heads_n == 0)
		e = history_none(txn, state, id);
	if (e == ERR_OK && !record->exists)
		e = err_set(ERR_NOT_FOUND, "no record has this id in '%s'",
		    space->text);
	return e;
}

enum err
reading_history(struct txn *txn, const struct space *space,
    const struct record_id *id, struct arena *arena,
    struct merge_changes *changes)
{
	struct space_state *state = space_find(txn, space);
	struct record record;
	enum err e = kv_failed(txn->kv);

	*changes = (struct merge_changes){0};
	if (e == ERR_OK && state != NULL)
		e = history_load(txn, state, id, arena, changes);
	if (state != NULL && e == ERR_OK)
		e = record_get(txn,
		    &(struct record_read){.space = state, .arena = arena}, id,
		    &record);
	if (state != NULL && e == ERR_OK)
		e = history_whole(txn, state, id,
		    (struct history_heads){record.heads, record.heads_n},
		    changes);
	if (e == ERR_OK && changes->n == 0)
		e = err_set(ERR_NOT_FOUND, "no record has this id in '%s'",
		    space->text);
	if (e == ERR_OK)
		history_sort(changes, arena);
	return e;
}
