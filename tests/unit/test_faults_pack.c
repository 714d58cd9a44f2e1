/*
 * What core/packing.h and core/compact.h promise when LMDB or the disk fails in
 * the middle: the store is as it was, or as it should be, and nothing is lost.
 *
 * LINK: -Wl,--wrap=mdb_env_create,--wrap=mdb_env_open
 * LINK: -Wl,--wrap=mdb_env_set_mapsize,--wrap=mdb_env_stat
 * LINK: -Wl,--wrap=mdb_txn_begin,--wrap=mdb_txn_renew
 * LINK: -Wl,--wrap=mdb_txn_commit,--wrap=mdb_dbi_open
 * LINK: -Wl,--wrap=mdb_get,--wrap=mdb_put,--wrap=mdb_del
 * LINK: -Wl,--wrap=mdb_stat,--wrap=mdb_cursor_open,--wrap=mdb_cursor_get
 * LINK: -Wl,--wrap=fsync,--wrap=open,--wrap=read,--wrap=pwrite,--wrap=rename
 * LINK: -Wl,--wrap=stat,--wrap=unlink,--wrap=posix_fallocate
 * LINK: -Wl,--wrap=statvfs
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>

#include "core/compact.h"
#include "core/file.h"
#include "core/packing.h"
#include "proto/mem.h"
#include "tests/lib/desk.h"
#include "tests/lib/fault.h"

enum { DELTAS = 240, CALLS_MAX = 6000 };

static const char lmdb_calls[] =
    "mdb_txn_begin mdb_txn_renew mdb_txn_commit mdb_get mdb_put mdb_del "
    "mdb_stat mdb_cursor_open mdb_cursor_get";

/* What the store said before anything went wrong. */
struct before {
	struct desk desk;
	struct buf text; /* owned */
};

static int
before_make(void **state)
{
	static struct before before;

	memset(&before, 0, sizeof(before));
	desk_found(&before.desk, 5);
	desk_begin(&before.desk, true);
	for (int i = 0; i < DELTAS; i++) {
		(void)desk_create(&before.desk, "d03/c017/case", "홍길동");
		assert_int_equal(store_settle(before.desk.store), ERR_OK);
	}
	desk_commit(&before.desk);
	desk_text_all(&before.desk, &before.text);
	*state = &before;
	return 0;
}

static int
before_remove(void **state)
{
	struct before *before = *state;

	(void)fault_disarm();
	buf_fini(&before->text);
	desk_fini(&before->desk);
	return 0;
}

static void
assert_same(struct before *before)
{
	struct buf now = {0};

	desk_text_all(&before->desk, &now);
	assert_true(bytes_equal(buf_bytes(&now), buf_bytes(&before->text)));
	assert_int_equal(desk_check(&before->desk, true), 0);
	buf_fini(&now);
}

static enum err
pack(struct before *before, uint64_t *deltas)
{
	struct packing packing = {.rest = true};
	struct store *store = before->desk.store;
	enum err e = store_begin(store, true);

	if (e != ERR_OK)
		return e;
	e = packing_some(store_txn(store), &packing, PACKING_STEP);
	if (e == ERR_OK)
		e = store_commit(store);
	else
		store_abort(store);
	*deltas = packing.deltas;
	return e;
}

static void
a_packing_that_fails_has_not_happened(void **state)
{
	struct before *before = *state;
	uint64_t deltas = 0;
	unsigned refused = 0;
	unsigned nth;

	for (nth = 1; nth < CALLS_MAX; nth += 1 + nth / 12) {
		enum err e;

		fault_arm((struct fault_plan){
		    .names = lmdb_calls, .nth = nth, .number = EIO});
		e = pack(before, &deltas);
		if (!fault_disarm()) {
			assert_int_equal(e, ERR_OK);
			break;
		}
		refused += e != ERR_OK;
		assert_same(before);
	}
	assert_true(nth < CALLS_MAX && refused > 20);
	assert_int_equal(store_news(before->desk.store), OPEN_NEW);
	/* Nothing of what failed was kept, so now it was all packed. */
	assert_true(deltas > DELTAS / 2);
	assert_same(before);
	desk_close(&before->desk);
	desk_open(&before->desk, false);
	assert_same(before);
}

static void
a_compaction_that_fails_loses_nothing(void **state)
{
	struct before *before = *state;
	struct compact_report report;
	unsigned refused = 0;
	unsigned nth;

	for (nth = 1; nth < CALLS_MAX; nth += 1 + nth / 20) {
		enum err e;

		desk_close(&before->desk);
		fault_arm((struct fault_plan){.nth = nth, .number = EIO});
		e = compact_run(before->desk.path, &before->desk.host, &report);
		if (!fault_disarm()) {
			assert_int_equal(e, ERR_OK);
			break;
		}
		refused += e != ERR_OK;
		desk_open(&before->desk, false);
		assert_same(before);
	}
	assert_true(nth < CALLS_MAX && refused > 10);
	assert_true(report.after_bytes <= report.before_bytes);
	desk_open(&before->desk, false);
	assert_same(before);
	desk_begin(&before->desk, true);
	desk_commit(&before->desk);
	assert_int_equal(store_news(before->desk.store), OPEN_NEW);
}

/* It takes as much room as the store, and nobody would look for it. */
static void
what_a_compaction_that_was_cut_off_left_goes(void **state)
{
	struct before *before = *state;
	char *rest = file_path(before->desk.path, "data.mdb.new");
	struct file_stat stat;

	desk_close(&before->desk);
	assert_int_equal(
	    file_write(rest, buf_bytes(&before->text), 0600), ERR_OK);
	desk_open(&before->desk, false);
	assert_int_equal(file_stat(rest, &stat), ERR_NOT_FOUND);
	assert_same(before);
	mem_free(rest);
}

static void
a_store_that_is_open_is_not_compacted(void **state)
{
	struct before *before = *state;
	struct compact_report report;

	assert_int_equal(
	    compact_run(before->desk.path, &before->desk.host, &report),
	    ERR_BUSY);
	assert_same(before);
}

#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, before_make, before_remove)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_packing_that_fails_has_not_happened),
	    TEST(a_compaction_that_fails_loses_nothing),
	    TEST(what_a_compaction_that_was_cut_off_left_goes),
	    TEST(a_store_that_is_open_is_not_compacted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
