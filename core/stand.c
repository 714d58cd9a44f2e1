/*
 * How far indexes and views are made.  Called by who keeps them and by who
 * walks through them; knows no row of either.
 */
#include "core/stand.h"

#include "core/meta.h"
#include "core/tables.h"

enum { SPACE_SIZE = 4 };

enum stand
stand_find(struct txn *txn, const char *name, const uint8_t *state,
    struct stand_done *done)
{
	struct bytes value = {0};
	struct bytes row;
	struct key key = {0};

	/* A damaged value must not stop who would make all anew. */
	tables_key_add(&key, bytes_text(name));
	if (!kv_find(txn->kv, TABLE_META, tables_key(&key), &row) ||
	    tables_open(TABLE_META, tables_key(&key), row, &value) != ERR_OK ||
	    !bytes_begins(value, bytes_of(state, STAND_STATE)))
		return STAND_OTHER;
	if (value.n == STAND_STATE)
		return STAND_WHOLE;
	if (value.n != STAND_STATE + SPACE_SIZE + sizeof(done->id.b))
		return STAND_OTHER;
	done->space = bytes_be32(bytes_after(value, STAND_STATE).p);
	bytes_copy(done->id.b, bytes_after(value, STAND_STATE + SPACE_SIZE));
	return STAND_UNDONE;
}

void
stand_put(struct txn *txn, const char *name, const uint8_t *state,
    const struct stand_done *done)
{
	struct buf value = {0};

	buf_add(&value, bytes_of(state, STAND_STATE));
	if (done != NULL) {
		buf_add_be32(&value, done->space);
		buf_add(&value, bytes_of(done->id.b, sizeof(done->id.b)));
	}
	meta_put(txn, name, buf_bytes(&value));
	buf_fini(&value);
}
