/*
 * How a log gets its place in a store: a number, and the rows that lead to it.
 * core/oplog.c makes new logs here, core/forks.c makes and renames branches.
 * Never touches a delta.
 */
#include "core/oplog_make.h"

#include "core/oplog_table.h"

static enum err next_no(struct txn *txn, struct log_no *no) MUST_USE;

enum err
oplog_make_new(struct txn *txn, const struct log *what, struct log **out)
{
	struct log *log;
	struct log_no no;
	enum err e = next_no(txn, &no);

	assert(txn->write);
	if (e != ERR_OK)
		return txn_fail(txn, e);
	log = arena_new(&txn->arena, sizeof(*log));
	*log = *what;
	log->no = no;
	log->dirty = true;
	oplog_table_add(txn, log);
	oplog_make_rows(txn, log);
	*out = log;
	return kv_failed(txn->kv);
}

static enum err
next_no(struct txn *txn, struct log_no *no)
{
	struct kv_cursor cursor;
	uint32_t last = 0;
	enum err e = ERR_OK;

	kv_cursor_init(&cursor, txn->kv, TABLE_LOG_NOS);
	if (kv_seek_before(&cursor, (struct bytes){0})) {
		if (cursor.key.n == 4)
			last = bytes_be32(cursor.key.p);
		else
			e = tables_corrupt(
			    TABLE_LOG_NOS, cursor.key, "its key is no number");
	}
	kv_cursor_fini(&cursor);
	/* Asked before one is added: a damaged key may say the largest. */
	if (e == ERR_OK && last >= LIMIT_LOGS)
		e = err_set(ERR_LIMIT,
		    "this store has %d logs already: one more does not fit",
		    LIMIT_LOGS);
	no->v = e == ERR_OK ? last + 1 : 0;
	return e;
}

void
oplog_make_rows(struct txn *txn, const struct log *log)
{
	uint8_t content[OPLOG_MAKE_NO_SIZE];
	struct key key;

	bytes_put_be32(content, log->space->no.v);
	bytes_copy(content + 4, bytes_of(log->id.b, 16));
	tables_log_no_key(log->no, &key);
	txn_put(txn, TABLE_LOG_NOS, &key, bytes_of(content, sizeof(content)));
	if (!oplog_is_branch(log))
		return;
	tables_tip_key(log->space->no, &log->trunk, log->no, &key);
	kv_put(txn->kv, TABLE_TIPS, tables_key(&key), (struct bytes){0});
}

void
oplog_make_rename(struct txn *txn, struct log *log, const struct log_id *id)
{
	struct key key;

	assert(txn->write);
	tables_log_key(log->space->no, &log->id, &key);
	kv_del(txn->kv, TABLE_LOGS, tables_key(&key));
	oplog_table_rename(txn, log, id);
	oplog_make_rows(txn, log);
	log->dirty = true;
}
