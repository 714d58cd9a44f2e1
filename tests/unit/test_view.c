/*
 * Promises of core/view.h and core/view_keep.h: whatever nodes wrote apart, in
 * whatever order it came together, and whatever of it counts, the views say
 * what a look at all records says.
 *
 * LINK: -Wl,--wrap=pack_embedded,--wrap=mdb_cursor_get
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/pack.h"
#include "core/rebuild.h"
#include "core/view.h"
#include "tests/lib/council.h"
#include "tests/lib/fault.h"
#include "tests/lib/tally.h"
#include "tests/lib/wire.h"

enum { HALL, DONG, HOME, NODES };
enum { ROUNDS = 8, WRITES = 25 };
static const char here[] = "d03/c017/case";

struct bytes __wrap_pack_embedded(void);

struct bytes
__wrap_pack_embedded(void)
{
	return tally_pack();
}

static void
well(enum err e)
{
	if (e != ERR_OK)
		fail_msg("%s: %s", err_name(e), err_text());
}

static void
begin(struct town *town, uint64_t seed)
{
	tempdir_in_memory();
	tally_version(1);
	town_init(town, seed);
	for (size_t i = DONG; i < NODES; i++)
		assert_int_equal(
		    town_member(town, "d03", "read:NPSF,hold,write"), i);
	town_meet(town);
	tally_follow(town, HALL, true);
	tally_follow(town, HOME, true);
}

/* Node `i` writes some, in transactions of several deltas. */
static void
write_some(struct town *town, size_t i, struct tally *tally, int n)
{
	struct store *store = town_store(town, i);

	well(store_begin(store, true));
	for (int k = 0; k < n; k++) {
		town->now_ms += 1000 * prng_below(&town->prng, 40000);
		tally_write(tally, store, &town->prng);
		if (prng_below(&town->prng, 5) == 0)
			well(store_settle(store));
	}
	well(store_commit(store));
}

static size_t
compare(struct town *town)
{
	size_t n = tally_compare(town_store(town, HALL));

	wire_assert_sound(town, HALL);
	return n + tally_compare(town_store(town, HOME));
}

static void
views_say_what_a_look_at_all_records_says(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 4; seed++) {
		struct tally tally = {.n = 0};
		struct town town;
		size_t rows = 0;

		begin(&town, seed);
		for (int i = 0; i < ROUNDS; i++) {
			const struct town_cargo part = {
			    .deltas_max = 1 + prng_below(&town.prng, 4)};

			for (size_t k = 0; k < NODES; k++)
				write_some(&town, k, &tally, WRITES);
			rows += compare(&town);
			town_carry(&town, DONG, HALL, &part);
			town_carry(&town, HALL, HOME, &part);
			rows += compare(&town);
			if (i % 2 == 0)
				town_meet(&town);
			rows += compare(&town);
		}
		assert_true(rows > 500);
		town_fini(&town);
	}
}

static void
what_comes_without_its_content_counts_when_that_comes(void **state)
{
	static const struct town_cargo bare = {.bare = true};
	static const struct town_cargo bodies = {.bodies = true};
	struct tally tally = {.n = 0};
	struct town town;

	(void)state;
	begin(&town, 11);
	for (int i = 0; i < ROUNDS; i++) {
		write_some(&town, DONG, &tally, WRITES);
		town_carry(&town, DONG, HALL, &bare);
		(void)compare(&town);
		write_some(&town, HOME, &tally, 3);
		town_carry(&town, DONG, HALL, &bodies);
		(void)compare(&town);
	}
	assert_true(tally_compare(town_store(&town, HALL)) > 20);
	town_fini(&town);
}

static void
what_stops_counting_leaves_the_views_and_comes_back(void **state)
{
	enum { REFS = 8 };

	(void)state;
	for (uint64_t seed = 21; seed < 24; seed++) {
		struct tally tally = {.n = 0};
		struct ref refs[REFS];
		struct town town;
		size_t before;
		size_t n;

		begin(&town, seed);
		for (int i = 0; i < 4; i++) {
			write_some(&town, DONG, &tally, WRITES);
			write_some(&town, HOME, &tally, WRITES);
			town_meet(&town);
		}
		before = compare(&town);
		/* Nothing that the dong ever wrote counts any more. */
		well(council_revoke(&town, HALL, DONG, 1, NULL));
		assert_true(compare(&town) < before);
		n = council_refs(&town, HALL, here, refs, REFS);
		assert_int_equal(n, REFS);
		well(council_decide(&town, HALL, here, true, refs, n));
		(void)compare(&town);
		write_some(&town, HALL, &tally, WRITES);
		(void)compare(&town);
		well(council_decide(&town, HALL, here, false, refs, n / 2));
		(void)compare(&town);
		town_copy(&town, HALL, HOME);
		(void)compare(&town);
		town_fini(&town);
	}
}

static void
a_rebuild_makes_the_same_table(void **state)
{
	struct tally tally = {.n = 0};
	struct buf before = {0};
	struct buf after = {0};
	struct town town;

	(void)state;
	begin(&town, 31);
	for (int i = 0; i < 3; i++) {
		for (size_t k = 0; k < NODES; k++)
			write_some(&town, k, &tally, WRITES);
		town_meet(&town);
	}
	tally_dump(town_store(&town, HALL), &before);
	assert_true(before.n > 1000);
	council_sound(&town, HALL);
	tally_dump(town_store(&town, HALL), &after);
	assert_true(bytes_equal(buf_bytes(&before), buf_bytes(&after)));
	buf_fini(&before);
	buf_fini(&after);
	town_fini(&town);
}

static void
another_version_of_the_pack_counts_anew_from_the_next_write_on(void **state)
{
	struct tally tally = {.n = 0};
	struct store *store;
	struct town town;
	size_t rows;

	(void)state;
	begin(&town, 41);
	write_some(&town, HALL, &tally, 4 * WRITES);
	rows = tally_compare(town_store(&town, HALL));
	tally_version(2);
	town_close(&town, HALL);
	store = town_open(&town, HALL);
	well(store_begin(store, false));
	assert_false(view_is_current(store_txn(store)));
	store_abort(store);
	wire_assert_sound(&town, HALL);
	well(store_begin(store, true));
	well(store_commit(store));
	assert_true(tally_compare(store) > rows);
	wire_assert_sound(&town, HALL);
	/* Without a pack there is nothing to count. */
	tally_follow(&town, HALL, false);
	store = town_store(&town, HALL);
	well(store_begin(store, true));
	assert_int_equal(kv_count(store_txn(store)->kv, TABLE_VIEWS), 0);
	well(store_commit(store));
	wire_assert_sound(&town, HALL);
	town_fini(&town);
}

/* One amount more for a record of the hall, and another state; how many rows
 * the home looks at by cursors to take it in. */
static unsigned
rows_read(struct town *town, const struct record_id *id, int64_t amount)
{
	unsigned n;

	assert_true(town_patch(town, HALL, here, id,
	    town_edit(OP_COUNT, "hits", town_int(amount))));
	assert_true(town_patch(town, HALL, here, id,
	    town_edit(OP_SET, "on",
		town_text(amount % 2 ? "2016-07-25" : "2016-08-25"))));
	fault_arm((struct fault_plan){
	    .names = "mdb_cursor_get", .nth = UINT32_MAX, .number = EIO});
	town_carry(town, HALL, HOME, &(struct town_cargo){.space = here});
	(void)fault_disarm();
	n = fault_counted();
	return n;
}

static void
a_change_of_a_counter_reads_none_of_its_amounts(void **state)
{
	enum { AMOUNTS = 300 };
	struct record_id id;
	struct store *store;
	struct town town;
	unsigned many = 0;
	unsigned few = 0;

	(void)state;
	begin(&town, 47);
	store = town_store(&town, HALL);
	well(store_begin(store, true));
	id = tally_make(store, "item",
	    (struct store_edit[]){
		town_edit(OP_SET, "on", town_text("2016-07-25"))},
	    1);
	well(store_commit(store));
	/* The third is the first behind which there is a total. */
	for (int i = 1; i <= 4; i++)
		few = rows_read(&town, &id, INT64_MAX - i);
	(void)tally_compare(town_store(&town, HOME));
	for (int i = 0; i < AMOUNTS; i++)
		many = rows_read(&town, &id, -i);
	assert_true(many < few + AMOUNTS / 4);
	(void)tally_compare(town_store(&town, HOME));
	wire_assert_sound(&town, HOME);
	town_fini(&town);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(views_say_what_a_look_at_all_records_says),
	    cmocka_unit_test(
		what_comes_without_its_content_counts_when_that_comes),
	    cmocka_unit_test(
		what_stops_counting_leaves_the_views_and_comes_back),
	    cmocka_unit_test(a_rebuild_makes_the_same_table),
	    cmocka_unit_test(a_change_of_a_counter_reads_none_of_its_amounts),
	    cmocka_unit_test(
		another_version_of_the_pack_counts_anew_from_the_next_write_on),
	};

	return cmocka_run_group_tests_name("view", tests, NULL, NULL);
}
