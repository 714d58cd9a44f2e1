/*
 * The values of one field that has several, read one by one.  core/record.c
 * reads all of a record at once; who keeps indexes wants no more than a field.
 */
#include "core/cells.h"

bool
cells_next(const struct turn_place *at, const struct record_field *field,
    struct kv_cursor *cursor, struct cell *cell)
{
	struct bytes content;
	struct key prefix;
	bool more;

	cell_prefix(at->space->no, at->id, field->name, field->kind, &prefix);
	do {
		more = cursor->key.n == 0 ? kv_seek(cursor, tables_key(&prefix))
					  : kv_next(cursor);
		if (!more || !bytes_begins(cursor->key, tables_key(&prefix)))
			return false;
		if (tables_open(TABLE_CELLS, cursor->key, cursor->value,
			&content) != ERR_OK ||
		    !cell_decode(cursor->key, content, cell)) {
			kv_fail(at->txn->kv,
			    tables_corrupt(TABLE_CELLS, cursor->key,
				"it is no value of a record"));
			return false;
		}
	} while (!bytes_equal(cell->field, field->name));
	return true;
}
