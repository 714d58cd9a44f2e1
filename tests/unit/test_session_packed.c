/*
 * Packed logs in sessions: they are relayed, bodies that were owed come to
 * them, and what is packed at any time makes no difference to anybody.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/packing.h"
#include "tests/lib/wire.h"

#define SPACE "d01/c001/case"

enum { RECORDS = 340 };

/* Node `by` writes `n` records with a value that everybody may read and one
 * that is personal, in one transaction. */
static void
write_records(struct town *town, size_t by, int n)
{
	struct store *store = town_store(town, by);

	assert_int_equal(store_begin(store, true), ERR_OK);
	for (int i = 0; i < n; i++) {
		struct store_edit edits[2] = {
		    town_edit(OP_SET, "name", town_text("하나")),
		    town_edit(OP_SET, "phone", town_text("010-0000-0001"))};
		struct store_write write = {.space = town_space(SPACE),
		    .create = true,
		    .collection = bytes_text("card"),
		    .edits = edits,
		    .edits_n = 2};
		struct record_id id;
		bool changed;

		edits[1].class = CLASS_P;
		assert_int_equal(
		    store_write(store, &write, &id, &changed), ERR_OK);
		assert_int_equal(store_settle(store), ERR_OK);
	}
	assert_int_equal(store_commit(store), ERR_OK);
}

/* Packs all that a node holds; how many deltas were packed. */
static uint64_t
pack(struct town *town, size_t i)
{
	struct packing packing = {.rest = true};
	struct store *store = town_store(town, i);

	while (!packing.ended) {
		assert_int_equal(store_begin(store, true), ERR_OK);
		assert_int_equal(
		    packing_some(store_txn(store), &packing, 100), ERR_OK);
		assert_int_equal(store_commit(store), ERR_OK);
	}
	return packing.deltas;
}

static void
a_packed_log_is_relayed_to_who_is_new(void **state)
{
	struct town town;
	size_t relay;
	size_t reader;

	(void)state;
	town_init(&town, 51);
	assert_int_equal(
	    town_grant(&town, 0, 0, "", "read:NPSF,write,hold", ""), ERR_OK);
	relay = town_member(&town, "", "read:NPSF,write,hold");
	reader = town_member(&town, "", "read:NPSF,write,hold");
	town_copy(&town, 0, relay);
	write_records(&town, 0, RECORDS);
	assert_true(pack(&town, 0) > RECORDS / 2);
	wire_sync(&town, relay, 0);
	assert_true(pack(&town, relay) > RECORDS / 2);
	wire_assert_sound(&town, relay);
	wire_sync(&town, reader, relay);
	town_assert_equal(&town, 0);
	for (size_t i = 0; i <= reader; i++)
		wire_assert_sound(&town, i);
	/* And on from there. */
	write_records(&town, 0, 10);
	wire_sync(&town, 0, relay);
	wire_sync(&town, relay, reader);
	town_assert_equal(&town, 0);
	town_fini(&town);
}

/* A holder packs what it cannot read; then it may. */
static void
owed_secrets_come_to_packed_deltas(void **state)
{
	struct town town;
	size_t holder;
	uint64_t again;

	(void)state;
	town_init(&town, 52);
	assert_int_equal(
	    town_grant(&town, 0, 0, "", "read:NPSF,write,hold", ""), ERR_OK);
	holder = town_member(&town, "", "hold");
	write_records(&town, 0, RECORDS);
	wire_sync(&town, holder, 0);
	assert_true(pack(&town, holder) > RECORDS / 2);
	wire_assert_sound(&town, holder);
	assert_int_equal(
	    town_grant(&town, 0, holder, "", "read:NPSF", ""), ERR_OK);
	wire_sync(&town, holder, 0);
	town_assert_equal(&town, 0);
	wire_assert_sound(&town, holder);
	again = pack(&town, holder);
	assert_true(again > RECORDS / 2);
	assert_int_equal(pack(&town, holder), 0);
	town_assert_equal(&town, 0);
	wire_assert_sound(&town, holder);
	town_fini(&town);
}

static void
bodies_of_another_class_come_to_packed_deltas(void **state)
{
	struct town town;
	size_t reader;

	(void)state;
	town_init(&town, 53);
	assert_int_equal(
	    town_grant(&town, 0, 0, "", "read:NPSF,write,hold", ""), ERR_OK);
	reader = town_member(&town, "", "read:N");
	write_records(&town, 0, RECORDS);
	wire_sync(&town, reader, 0);
	assert_true(pack(&town, reader) > RECORDS / 2);
	assert_int_equal(
	    town_grant(&town, 0, reader, "", "read:NPSF,hold", ""), ERR_OK);
	wire_sync(&town, reader, 0);
	town_assert_equal(&town, 0);
	assert_true(pack(&town, reader) > RECORDS / 2);
	wire_assert_sound(&town, reader);
	town_assert_equal(&town, 0);
	town_fini(&town);
}

/* What a writer has long written is packed by the way. */
static void
a_long_log_of_our_own_is_packed_by_who_writes_it(void **state)
{
	struct town town;
	struct store *store;

	(void)state;
	town_init(&town, 54);
	assert_int_equal(
	    town_grant(&town, 0, 0, "", "read:NPSF,write,hold", ""), ERR_OK);
	store = town_store(&town, 0);
	for (int i = 0; i < 2 * PACKING_OWN / 512; i++)
		write_records(&town, 0, 512);
	assert_int_equal(store_begin(store, false), ERR_OK);
	assert_in_range(kv_count(store_txn(store)->kv, TABLE_DELTAS),
	    PACKING_OWN / 2, PACKING_OWN + 1024);
	store_abort(store);
	wire_assert_sound(&town, 0);
	town_fini(&town);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_packed_log_is_relayed_to_who_is_new),
	    cmocka_unit_test(owed_secrets_come_to_packed_deltas),
	    cmocka_unit_test(bodies_of_another_class_come_to_packed_deltas),
	    cmocka_unit_test(a_long_log_of_our_own_is_packed_by_who_writes_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
