/*
 * What LMDB says becomes an error with which somebody can do something, and a
 * file of a pack that is none is told, not believed (core/env.h, core/packs.h).
 *
 * LINK: -Wl,--wrap=mdb_get,--wrap=mdb_put,--wrap=mdb_txn_begin
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>

#include "core/meta.h"
#include "core/packs.h"
#include "core/publish.h"
#include "tests/lib/desk.h"
#include "tests/lib/fault.h"
#include "tests/lib/press.h"
#include "tests/lib/slip.h"

static void
each_code_of_lmdb_is_an_error_of_ours(void **state)
{
	/* LMDB's codes, whose header belongs to core/env.h alone. */
	static const struct {
		int code;
		enum err is;
		const char *says;
	} codes[] = {
	    {-30797, ERR_CORRUPT, "restore it from a backup or a peer"},
	    {-30796, ERR_CORRUPT, "restore it from a backup or a peer"},
	    {-30794, ERR_VERSION, "another version of LMDB"},
	    {-30793, ERR_CORRUPT, "restore it from a backup or a peer"},
	    {-30792, ERR_FULL, "do it again, with more room"},
	    {-30790, ERR_BUSY, "too many programs"},
	    {-30788, ERR_LIMIT, "too much for one transaction"},
	    {-30784, ERR_CORRUPT, "restore it from a backup or a peer"},
	    {-30781, ERR_LIMIT, "too much for one transaction"},
	    {-30795, ERR_IO, "Update of meta page failed"},
	    {EIO, ERR_IO, "Input/output error"},
	    {ENOSPC, ERR_FULL, "full"},
	};
	struct desk desk = {.store = NULL};
	const char *calls[] = {"mdb_get", "mdb_put"};

	(void)state;
	desk_found(&desk, 3);
	for (size_t i = 0; i < COUNT_OF(codes) * COUNT_OF(calls); i++) {
		size_t k = i / COUNT_OF(calls);
		enum err e;

		assert_int_equal(store_begin(desk.store, true), ERR_OK);
		fault_arm(
		    (struct fault_plan){.names = calls[i % COUNT_OF(calls)],
			.nth = 1,
			.number = codes[k].code});
		(void)!meta_find(
		    store_txn(desk.store), "none", &(struct bytes){0});
		meta_put(store_txn(desk.store), "none", bytes_text("x"));
		assert_true(fault_disarm());
		e = kv_failed(store_txn(desk.store)->kv);
		if (e != codes[k].is ||
		    strstr(err_text(), codes[k].says) == NULL)
			fail_msg("%d: %s: %s", codes[k].code, err_name(e),
			    err_text());
		store_abort(desk.store);
	}
	assert_int_equal(desk_check(&desk, true), 0);
	desk_fini(&desk);
}

/* The length of the name is behind eight bytes of the version. */
static void
a_file_that_is_no_pack_is_told(void **state)
{
	static const struct {
		const char *row;
		size_t n;
	} rows[] = {
	    {"", 0},
	    {"\0\0\0\0\0\0\0", 7},
	    {"\0\0\0\0\0\0\0\2", 8},
	    {"\0\0\0\0\0\0\0\2\0{}", 11},
	    {"\0\0\0\0\0\0\0\2\3sim", 12},
	    {"\0\0\0\0\0\0\0\2\3si", 11},
	};
	struct town town;
	struct buf json = {0};

	(void)state;
	town_init(&town, 5);
	press_text(
	    &(struct press_plan){
		.format = 2, .version = 1, .fields = "a", .number = 1},
	    &json);
	slip_is(store_begin(town_store(&town, 0), true), ERR_OK, NULL);
	slip_is(
	    publish_file(town_store(&town, 0), buf_bytes(&json)), ERR_OK, NULL);
	slip_is(store_commit(town_store(&town, 0)), ERR_OK, NULL);
	assert_int_equal(press_version(&town, 0), 1);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct store *store = town_store(&town, 0);
		struct fsck_report report = {0};
		struct arena arena = {0};
		struct packs packs;

		slip_is(store_begin(store, true), ERR_OK, NULL);
		meta_put(store_txn(store), meta_pack_file,
		    bytes_of(rows[i].row, rows[i].n));
		slip_is(store_commit(store), ERR_OK, NULL);
		slip_is(store_begin(store, false), ERR_OK, NULL);
		slip_is(fsck_run(store, &(struct fsck_watch){0}, &report),
		    ERR_OK, NULL);
		assert_true(report.found > 0);
		store_abort(store);
		slip_is(store_begin(store, false), ERR_OK, NULL);
		packs_gather(store_txn(store), NULL, &arena, &packs);
		slip_is(kv_failed(store_txn(store)->kv), ERR_CORRUPT,
		    "it is no pack");
		store_abort(store);
		arena_fini(&arena);
	}
	buf_fini(&json);
	town_fini(&town);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_code_of_lmdb_is_an_error_of_ours),
	    cmocka_unit_test(a_file_that_is_no_pack_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
