/*
 * What core/store.h promises when LMDB or the disk fails in mid-write: only
 * ERR_OK is a yes, nothing that was said yes to is lost, and the next write
 * works by itself.
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
#include <sys/mount.h>
#include <unistd.h>

#include "core/file.h"
#include "core/founder.h"
#include "core/rebuild.h"
#include "tests/lib/desk.h"
#include "tests/lib/fault.h"

/* LMDB's codes, whose header belongs to core/env.h alone. */
enum { LMDB_PANIC = -30795, LMDB_MAP_FULL = -30792 };
enum { CALLS_MAX = 1000, IDS_MAX = 8 * CALLS_MAX };

static const char space_name[] = "d03/c017/case";

/* A store and what it said yes to. */
struct held {
	struct desk desk;
	struct record_id ids[IDS_MAX];
	size_t n;
};

static int
held_make(void **state)
{
	static struct held held;

	memset(&held, 0, sizeof(held));
	desk_found(&held.desk, 5);
	*state = &held;
	return 0;
}

static int
held_remove(void **state)
{
	struct held *held = *state;

	(void)fault_disarm();
	desk_fini(&held->desk);
	return 0;
}

/* One whole write: a record with `n` bytes of text.  Nothing here may fail the
 * test, for it is meant to go wrong. */
static enum err
write_one(struct held *held, size_t n)
{
	static uint8_t value[3 + 60000];
	struct store_edit edit = {.field = bytes_text("diary"),
	    .code = OP_APPEND,
	    .class = CLASS_P,
	    .value = bytes_of(value, 3 + n)};
	struct store_write write = {.create = true,
	    .collection = bytes_text("case"),
	    .edits = &edit,
	    .edits_n = 1};
	struct store *store = held->desk.store;
	struct record_id id;
	bool changed;
	enum err e;

	value[0] = 0xda;
	bytes_put_be16(value + 1, (uint16_t)n);
	for (size_t i = 0; i < n; i++)
		value[3 + i] = (uint8_t)('a' + prng_u64(&held->desk.prng) % 26);
	e = store_begin(store, true);
	if (e == ERR_OK)
		e = id_space(bytes_text(space_name), &write.space);
	if (e == ERR_OK)
		e = store_write(store, &write, &id, &changed);
	if (e == ERR_OK)
		e = store_commit(store);
	else
		store_abort(store);
	if (e == ERR_OK && held->n < IDS_MAX)
		held->ids[held->n++] = id;
	return e;
}

/* All of what was said yes to is there and nothing else, and the store is
 * whole. */
static void
held_check(struct held *held)
{
	struct space_state **spaces;
	struct space space;
	uint64_t records = 0;
	size_t n;

	desk_begin(&held->desk, false);
	for (size_t i = 0; i < held->n; i++)
		assert_int_equal(
		    store_locate(held->desk.store, &held->ids[i], &space),
		    ERR_OK);
	assert_int_equal(
	    space_all(store_txn(held->desk.store), &spaces, &n), ERR_OK);
	for (size_t i = 0; i < n; i++)
		records += spaces[i]->records;
	assert_int_equal(records, held->n);
	store_abort(held->desk.store);
	assert_int_equal(desk_check(&held->desk, true), 0);
}

/* Lets each call in turn of those named fail with `number`. */
static void
each_call_fails(struct held *held, const char *names, int number)
{
	unsigned refused = 0;
	unsigned nth;

	for (nth = 1; nth < CALLS_MAX; nth++) {
		bool failed;
		enum err e;

		fault_arm((struct fault_plan){
		    .names = names, .nth = nth, .number = number});
		e = write_one(held, 300);
		failed = fault_disarm();
		if (!failed) {
			assert_int_equal(e, ERR_OK);
			break;
		}
		refused += e != ERR_OK;
		e = write_one(held, 300);
		if (e != ERR_OK)
			print_error("after call %u of %s: %s\n", nth, names,
			    err_text());
		assert_int_equal(e, ERR_OK);
		if (nth % 8 == 0)
			held_check(held);
	}
	assert_true(nth > 1 && nth < CALLS_MAX);
	assert_true(refused > 0);
	held_check(held);
	/* None of this looked like a restore. */
	assert_int_equal(store_news(held->desk.store), OPEN_NEW);
	desk_close(&held->desk);
	desk_open(&held->desk, false);
	held_check(held);
}

static const char lmdb_calls[] =
    "mdb_txn_begin mdb_txn_renew mdb_txn_commit mdb_get mdb_put mdb_del "
    "mdb_stat mdb_cursor_open mdb_cursor_get";

static void
a_failed_call_of_lmdb_loses_nothing(void **state)
{
	each_call_fails(*state, lmdb_calls, EIO);
}

static void
a_full_map_or_disk_at_any_call_loses_nothing(void **state)
{
	each_call_fails(*state, "mdb_put mdb_del mdb_txn_commit", ENOSPC);
	each_call_fails(
	    *state, "mdb_put mdb_del mdb_txn_commit", LMDB_MAP_FULL);
}

static void
a_panic_of_lmdb_at_any_call_loses_nothing(void **state)
{
	each_call_fails(*state, lmdb_calls, LMDB_PANIC);
}

/* What happens on the way back from a failed commit fails too. */
static void
a_failure_while_opening_again_is_got_over(void **state)
{
	struct held *held = *state;
	unsigned nth;

	assert_int_equal(write_one(held, 300), ERR_OK);
	for (nth = 1; nth < CALLS_MAX; nth++) {
		enum err e;
		bool failed;

		fault_arm((struct fault_plan){
		    .names = "mdb_txn_commit", .nth = 1, .number = EIO});
		assert_int_equal(write_one(held, 300), ERR_IO);
		assert_true(fault_disarm());
		fault_arm((struct fault_plan){
		    .names = NULL, .nth = nth, .number = EIO});
		e = write_one(held, 300);
		failed = fault_disarm();
		if (e != ERR_OK)
			e = write_one(held, 300);
		if (e != ERR_OK)
			print_error("after call %u: %s\n", nth, err_text());
		assert_int_equal(e, ERR_OK);
		if (nth % 16 == 0)
			held_check(held);
		if (!failed)
			break;
	}
	assert_true(nth > 20 && nth < CALLS_MAX);
	assert_int_equal(store_news(held->desk.store), OPEN_NEW);
	held_check(held);
}

static void
a_full_disk_is_waited_out_and_nothing_is_lost(void **state)
{
	static struct held held;
	struct buf filler = {0};
	const char *disk;
	struct store_plan plan = {
	    .found = bytes_text("서울"), .label = bytes_text("시청")};
	unsigned refused = 0;
	enum err e;

	(void)state;
	memset(&held, 0, sizeof(held));
	desk_host(&held.desk, 6);
	tempdir_init(&held.desk.dir);
	if (mount("none", held.desk.dir.path, "tmpfs", 0, "size=24m") != 0) {
		tempdir_fini(&held.desk.dir);
		print_message("no right to mount: a full disk is not tried\n");
		skip();
	}
	(void)snprintf(held.desk.path, sizeof(held.desk.path), "%s/store",
	    held.desk.dir.path);
	plan.dir = held.desk.path;
	plan.host = &held.desk.host;
	assert_int_equal(founder_create(&plan), ERR_OK);
	desk_open(&held.desk, false);
	disk = tempdir_at(&held.desk.dir, "filler");
	assert_int_equal(file_ballast(disk, 8 * 1024 * 1024), ERR_OK);
	/* The ballast goes to work first, then the disk is full for good. */
	for (unsigned i = 0; i < 4000 && refused < 3; i++) {
		e = write_one(&held, 50000);
		assert_true(e == ERR_OK || e == ERR_FULL);
		refused = e == ERR_OK ? 0 : refused + 1;
	}
	assert_int_equal(refused, 3);
	assert_true(held.n > 50);
	/* Reading goes on. */
	held_check(&held);
	/* And writing, as soon as there is room. */
	assert_int_equal(file_remove(disk), ERR_OK);
	e = write_one(&held, 50000);
	if (e != ERR_OK)
		print_error("%s\n", err_text());
	assert_int_equal(e, ERR_OK);
	held_check(&held);
	desk_close(&held.desk);
	desk_open(&held.desk, false);
	held_check(&held);
	buf_fini(&filler);
	desk_close(&held.desk);
	assert_int_equal(umount(held.desk.dir.path), 0);
	tempdir_fini(&held.desk.dir);
}

/* A rebuild that fails at some call is done again. */
static void
a_rebuild_that_fails_can_be_run_again(void **state)
{
	struct held *held = *state;
	struct buf before = {0};
	struct buf after = {0};
	unsigned nth = 1;

	for (int i = 0; i < 5; i++)
		assert_int_equal(write_one(held, 300), ERR_OK);
	desk_text_all(&held->desk, &before);
	desk_close(&held->desk);
	desk_open(&held->desk, true);
	for (;; nth += 7) {
		enum err e;

		fault_arm((struct fault_plan){
		    .names = lmdb_calls, .nth = nth, .number = EIO});
		e = rebuild_run(held->desk.store, NULL);
		if (!fault_disarm())
			break;
		if (e != ERR_OK)
			e = rebuild_run(held->desk.store, NULL);
		assert_int_equal(e, ERR_OK);
		buf_cut(&after, 0);
		desk_text_all(&held->desk, &after);
		assert_int_equal(before.n, after.n);
		assert_memory_equal(before.p, after.p, before.n);
	}
	assert_true(nth > 20);
	held_check(held);
	buf_fini(&before);
	buf_fini(&after);
}

#define HELD(test) cmocka_unit_test_setup_teardown(test, held_make, held_remove)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    HELD(a_failed_call_of_lmdb_loses_nothing),
	    HELD(a_full_map_or_disk_at_any_call_loses_nothing),
	    HELD(a_panic_of_lmdb_at_any_call_loses_nothing),
	    HELD(a_failure_while_opening_again_is_got_over),
	    HELD(a_rebuild_that_fails_can_be_run_again),
	    cmocka_unit_test(a_full_disk_is_waited_out_and_nothing_is_lost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
