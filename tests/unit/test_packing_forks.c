/*
 * Packing where branches of a forked log share rows: whichever came first, the
 * fork or the blocks, all branches read, check and travel as before.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/packing.h"
#include "tests/lib/branches.h"
#include "tests/lib/wire.h"

#define ALL "read:NPSF,write,hold"
#define SPACE "d01/c001/case"

static void
write_some(struct town *town, size_t node, size_t n)
{
	for (size_t i = 0; i < n; i++)
		(void)town_create(town, node, SPACE, "하나");
}

/* Packs all that `node` holds, what fills no block too; gives how many deltas
 * went into blocks. */
static uint64_t
pack(struct town *town, size_t node, uint64_t budget)
{
	struct store *store = town_store(town, node);
	struct packing packing = {.rest = true};

	while (!packing.ended) {
		assert_int_equal(store_begin(store, true), ERR_OK);
		assert_int_equal(
		    packing_some(store_txn(store), &packing, budget), ERR_OK);
		assert_int_equal(store_commit(store), ERR_OK);
	}
	return packing.deltas;
}

static size_t
branches_of(struct town *town, size_t node)
{
	struct store *store = town_store(town, node);
	struct space name = town_space(SPACE);
	struct log **logs;
	size_t n;
	size_t forked = 0;

	assert_int_equal(store_begin(store, false), ERR_OK);
	assert_int_equal(oplog_all(store_txn(store),
			     space_find(store_txn(store), &name), &logs, &n),
	    ERR_OK);
	for (size_t i = 0; i < n; i++)
		forked += logs[i]->forked;
	store_abort(store);
	return forked;
}

/* Node 1 writes `begin` deltas, then two branches behind them; node 0 packs
 * after each step of which `when` has the bit. */
static void
forked(size_t begin, size_t left, size_t right, unsigned when)
{
	struct town town;
	struct backup backup;
	uint64_t packed = 0;

	town_init(&town, 40);
	(void)town_member(&town, "", ALL);
	assert_int_equal(town_grant(&town, 0, 0, "", ALL, ""), ERR_OK);
	town_copy(&town, 0, 1);
	write_some(&town, 1, begin);
	wire_sync(&town, 0, 1);
	if ((when & 1) != 0)
		packed += pack(&town, 0, 100);
	backup_take(&town, 1, &backup);
	write_some(&town, 1, left);
	wire_sync(&town, 0, 1);
	if ((when & 2) != 0)
		packed += pack(&town, 0, 4096);
	backup_put(&town, 1, &backup);
	write_some(&town, 1, right);
	if ((when & 4) != 0)
		packed += pack(&town, 1, 4096);
	wire_sync(&town, 0, 1);
	assert_int_equal(branches_of(&town, 0), 2);
	if ((when & 8) != 0)
		packed += pack(&town, 0, 4096);
	assert_true(packed > 0);
	wire_assert_sound(&town, 0);
	wire_assert_sound(&town, 1);
	town_assert_equal(&town, 0);
	/* Who is new gets both branches out of blocks. */
	(void)town_member(&town, "", ALL);
	wire_sync(&town, 2, 0);
	wire_sync(&town, 1, 0);
	assert_int_equal(branches_of(&town, 2), 2);
	wire_assert_sound(&town, 2);
	town_assert_equal(&town, 0);
	/* Once more, now that the author has begun anew. */
	write_some(&town, 1, 3);
	wire_sync(&town, 1, 0);
	(void)pack(&town, 0, 4096);
	wire_sync(&town, 2, 0);
	wire_assert_sound(&town, 0);
	town_assert_equal(&town, 0);
	backup_fini(&backup);
	town_fini(&town);
}

static void
branches_read_the_same_whenever_they_are_packed(void **state)
{
	(void)state;
	for (unsigned when = 1; when < 16; when++)
		forked(300, 330, 280, when);
}

static void
they_may_part_anywhere_in_a_block(void **state)
{
	static const size_t begins[] = {1, 63, 254, 255, 256, 257};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(begins); i++) {
		forked(begins[i], 270, 1, 10);
		forked(begins[i], 2, 270, 10);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(branches_read_the_same_whenever_they_are_packed),
	    cmocka_unit_test(they_may_part_anywhere_in_a_block),
	};

	tempdir_in_memory();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
