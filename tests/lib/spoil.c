/*
 * Rows that say something else than was written, for tests of what a damaged
 * store is worth.
 */
#include "tests/lib/spoil.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "core/space.h"

struct log *
spoil_log(struct town *town, size_t i, const char *space)
{
	struct store *store = town_store(town, i);
	struct space name = town_space(space);
	struct space_state *state;
	struct log **logs;
	size_t n = 0;

	assert_int_equal(store_begin(store, true), ERR_OK);
	state = space_find(store_txn(store), &name);
	assert_non_null(state);
	assert_int_equal(oplog_all(store_txn(store), state, &logs, &n), ERR_OK);
	assert_true(n > 0);
	return logs[0];
}

void
spoil_row(struct town *town, size_t i, enum table table, const struct key *key,
    long at)
{
	struct store *store = town_store(town, i);
	struct kv_txn *kv = store_txn(store)->kv;
	struct buf row = {0};
	struct bytes value;

	assert_true(kv_find(kv, table, tables_key(key), &value));
	buf_add(&row, value);
	assert_true((size_t)(at < 0 ? -at : at + 1) <= row.n);
	row.p[at < 0 ? row.n - (size_t)-at : (size_t)at] ^= 0x42;
	kv_put(kv, table, tables_key(key), buf_bytes(&row));
	assert_int_equal(store_commit(store), ERR_OK);
	buf_fini(&row);
	town_close(town, i);
}
