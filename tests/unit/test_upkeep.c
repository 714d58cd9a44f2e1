/*
 * Promises of net/upkeep.h: an idle node packs its old deltas, and lets its
 * sessions go first.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/packing.h"
#include "net/upkeep.h"
#include "tests/lib/desk.h"

/* How many rows a table has. */
static uint64_t
rows_of(struct desk *desk, enum table table)
{
	uint64_t n;

	desk_begin(desk, false);
	n = kv_count(store_txn(desk->store)->kv, table);
	store_abort(desk->store);
	return n;
}

static void
an_idle_node_packs_what_fills_a_block(void **state)
{
	struct desk desk = {0};
	struct loop *loop;
	struct hub *hub;
	struct upkeep *upkeep;

	(void)state;
	desk_found(&desk, 8);
	desk_begin(&desk, true);
	for (int i = 0; i < 256 + PACKING_KEEP + 10; i++) {
		(void)desk_create(&desk, "d03/c017/case", "홍길동");
		assert_int_equal(store_settle(desk.store), ERR_OK);
	}
	desk_commit(&desk);
	assert_int_equal(rows_of(&desk, TABLE_BLOCKS), 0);
	assert_int_equal(loop_open(&loop), ERR_OK);
	hub = hub_new(loop, desk.store, &desk.host);
	upkeep = upkeep_new(loop, hub, desk.store);
	while (rows_of(&desk, TABLE_BLOCKS) == 0)
		assert_true(loop_step(loop));
	assert_in_range(
	    rows_of(&desk, TABLE_DELTAS), PACKING_KEEP, PACKING_KEEP + 20);
	upkeep_free(upkeep);
	hub_free(hub);
	loop_close(loop);
	assert_int_equal(desk_check(&desk, true), 0);
	desk_fini(&desk);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_idle_node_packs_what_fills_a_block),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
