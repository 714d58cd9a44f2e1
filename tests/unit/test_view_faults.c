/*
 * Promises of core/view_keep.h when LMDB fails: a change and what it does to
 * views are both there, or neither; and so is a part of counting anew.
 *
 * LINK: -Wl,@tests/lib/fault.wrap,--wrap=pack_embedded
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/pack.h"
#include "core/view.h"
#include "tests/lib/fault.h"
#include "tests/lib/tally.h"
#include "tests/lib/wire.h"

static const char calls[] = "mdb_get mdb_put mdb_del mdb_cursor_open "
			    "mdb_cursor_get mdb_drop mdb_stat mdb_txn_commit";

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
begin(struct town *town, struct tally *tally)
{
	struct store *store;

	tempdir_in_memory();
	tally_version(1);
	town_init(town, 3);
	tally_follow(town, 0, true);
	store = town_store(town, 0);
	well(store_begin(store, true));
	for (int i = 0; i < 60; i++)
		tally_write(tally, store, &town->prng);
	well(store_commit(store));
}

/* Some records deleted, some changed. */
static enum err
change(struct store *store, const struct tally *tally, int64_t number)
{
	struct store_edit edits[] = {
	    town_edit(OP_SET, "amount", town_int(number)),
	    town_edit(OP_ADD, "tags", town_int(number))};
	struct store_write write = {.space = tally_space(), .has_record = true};
	struct record_id id;
	bool changed;
	enum err e = store_begin(store, true);

	edits[1].value = town_text(number % 2 == 0 ? "짝" : "홀");
	for (size_t i = 0; i < 8 && e == ERR_OK; i++) {
		write.record =
		    tally->ids[(size_t)(number + (int64_t)i) % tally->n];
		write.edits = edits;
		write.edits_n = i % 4 < 3 ? COUNT_OF(edits) : 0;
		write.act = i % 4 < 3 ? ACT_EDIT : ACT_DELETE;
		e = store_write(store, &write, &id, &changed);
		if (e == ERR_INVALID || e == ERR_NOT_FOUND)
			e = ERR_OK;
	}
	if (e == ERR_OK)
		return store_commit(store);
	store_abort(store);
	return e;
}

static void
a_change_and_its_views_are_both_there_or_neither(void **state)
{
	struct tally tally = {.n = 0};
	struct town town;
	bool failed = true;
	unsigned nth = 1;

	(void)state;
	begin(&town, &tally);
	for (; failed; nth += 3) {
		struct fault_plan plan = {
		    .names = calls, .nth = nth, .number = EIO};
		enum err e;

		fault_arm(plan);
		e = change(town_store(&town, 0), &tally, (int64_t)nth);
		failed = fault_disarm();
		assert_int_equal(e == ERR_OK, !failed);
		town_close(&town, 0);
		(void)tally_compare(town_open(&town, 0));
	}
	assert_true(nth > 100);
	wire_assert_sound(&town, 0);
	town_fini(&town);
}

static void
counting_anew_fails_and_begins_again(void **state)
{
	struct tally tally = {.n = 0};
	struct store *store;
	struct town town;
	bool failed = true;
	unsigned nth = 1;

	(void)state;
	begin(&town, &tally);
	for (; failed; nth += 5) {
		struct fault_plan plan = {
		    .names = calls, .nth = nth, .number = EIO};
		enum err e;

		tally_version(1 + nth % 2);
		town_close(&town, 0);
		store = town_open(&town, 0);
		fault_arm(plan);
		e = store_begin(store, true);
		if (e == ERR_OK)
			e = store_commit(store);
		failed = fault_disarm();
		assert_int_equal(e == ERR_OK, !failed);
		town_close(&town, 0);
		store = town_open(&town, 0);
		well(store_begin(store, true));
		well(store_commit(store));
		(void)tally_compare(store);
	}
	assert_true(nth > 100);
	wire_assert_sound(&town, 0);
	town_fini(&town);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_change_and_its_views_are_both_there_or_neither),
	    cmocka_unit_test(counting_anew_fails_and_begins_again),
	};

	return cmocka_run_group_tests_name("view_faults", tests, NULL, NULL);
}
