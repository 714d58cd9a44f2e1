/*
 * One transaction on the replica: the LMDB transaction and what core's files
 * share while it is open.  core/store.c begins and ends it, everything else in
 * core gets it as its first argument.  Knows nothing of what rows mean.
 */
#include "core/txn.h"

#include "core/blocks.h"
#include "core/history.h"
#include "core/oplog.h"
#include "core/space.h"

static void txn_fini(struct txn *txn);

enum err
txn_begin(struct kv *kv, bool write, const struct host *host,
    struct txn_kept *kept, struct txn *txn)
{
	enum err e;

	*txn = (struct txn){.write = write,
	    .host = host,
	    .kept = kept,
	    .squeeze = &kept->squeeze};
	e = kv_begin(kv, write, &txn->kv);
	if (e != ERR_OK)
		*txn = (struct txn){0};
	return e;
}

enum err
txn_commit(struct txn *txn)
{
	enum err e;

	assert(txn->kv != NULL);
	if (txn->write) {
		oplog_flush(txn);
		space_flush(txn);
		words_flush(txn);
	}
	e = kv_commit(txn->kv);
	words_ended(&txn->kept->words, e == ERR_OK);
	txn_fini(txn);
	return e;
}

void
txn_abort(struct txn *txn)
{
	kv_abort(txn->kv);
	if (txn->kept != NULL)
		words_ended(&txn->kept->words, false);
	txn_fini(txn);
}

void
txn_kept_fini(struct txn_kept *kept)
{
	squeeze_fini(&kept->squeeze);
	words_fini(&kept->words);
	aside_fini(&kept->aside);
}

static void
txn_fini(struct txn *txn)
{
	aside_leave();
	/* Rows hold the secrets of bodies. */
	buf_wipe(&txn->row);
	history_forget(txn);
	blocks_forget(txn);
	arena_fini(&txn->scratch);
	arena_fini(&txn->arena);
	*txn = (struct txn){0};
}

enum err
txn_fail(struct txn *txn, enum err e)
{
	kv_fail(txn->kv, e);
	return kv_failed(txn->kv);
}

bool
txn_find(struct txn *txn, enum table table, const struct key *key,
    struct bytes *content)
{
	struct bytes row;
	enum err e;

	if (!kv_find(txn->kv, table, tables_key(key), &row))
		return false;
	e = tables_open(table, tables_key(key), row, content);
	if (e != ERR_OK)
		kv_fail(txn->kv, e);
	return e == ERR_OK;
}

void
txn_put(struct txn *txn, enum table table, const struct key *key,
    struct bytes content)
{
	tables_row(tables_key(key), content, &txn->row);
	kv_put(txn->kv, table, tables_key(key), buf_bytes(&txn->row));
}
