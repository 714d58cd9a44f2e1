/*
 * Promises of core/revoke.h and of store_revoke: which of the logs written
 * under a grant keep counting, and how far.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/lib/branches.h"
#include "tests/lib/council.h"
#include "tests/lib/wire.h"

#define CASES "d03/c017/case"
#define ALL "read:NPSF,hold,write"

enum { FOUNDER, WRITER, READER };

static void
town_begin(struct town *town, uint64_t seed)
{
	tempdir_in_memory();
	town_init(town, seed);
	assert_int_equal(town_member(town, "", ALL), WRITER);
	assert_int_equal(town_member(town, "", "read:NPSF,hold"), READER);
	town_meet(town);
}

/* Of what was written after the day in question nothing counts any more. */
static void
what_was_written_before_the_day_keeps_counting(void **state)
{
	enum { BEFORE = 4, AFTER = 3 };

	(void)state;
	for (size_t before = 0; before <= BEFORE; before++) {
		struct store_revoked revoked;
		struct town town;
		uint64_t day_ms;
		uint64_t n;

		town_begin(&town, 1 + before);
		for (size_t i = 0; i < before; i++)
			(void)town_create(&town, WRITER, CASES, "가");
		town.now_ms += 100000;
		day_ms = town.now_ms;
		for (size_t i = 0; i < AFTER; i++)
			(void)town_create(&town, WRITER, CASES, "나");
		wire_sync(&town, WRITER, FOUNDER);
		n = town_deltas(&town, FOUNDER);
		assert_int_equal(
		    council_revoke(&town, FOUNDER, WRITER, day_ms, &revoked),
		    ERR_OK);
		assert_int_equal(town_deltas(&town, FOUNDER), n + 1);
		/* With the open of the log. */
		assert_int_equal(revoked.kept, before > 0 ? before + 1 : 0);
		assert_int_equal(revoked.outside, AFTER + (before > 0 ? 0 : 1));
		assert_int_equal(revoked.logs, before > 0);
		council_sound(&town, FOUNDER);
		town_fini(&town);
	}
}

/* Both ends of a log are as long: which one is named, all agree about. */
static void
of_two_ends_as_long_one_is_named(void **state)
{
	enum { TOGETHER = 3, APART = 2 };
	struct store_revoked revoked;
	struct ref refs[8];
	struct backup early = {0};
	struct town town;

	(void)state;
	town_begin(&town, 10);
	for (int i = 0; i < TOGETHER; i++)
		(void)town_create(&town, WRITER, CASES, "함께");
	backup_take(&town, WRITER, &early);
	for (int i = 0; i < APART; i++)
		(void)town_create(&town, WRITER, CASES, "하나");
	town_copy(&town, WRITER, FOUNDER);
	backup_put(&town, WRITER, &early);
	for (int i = 0; i < APART; i++)
		(void)town_create(&town, WRITER, CASES, "둘");
	town_copy(&town, WRITER, READER);
	town_meet(&town);
	assert_int_equal(
	    council_revoke(&town, FOUNDER, WRITER, 0, &revoked), ERR_OK);
	assert_int_equal(revoked.logs, 1);
	town_meet(&town);
	town_assert_equal(&town, FOUNDER);
	for (size_t i = FOUNDER; i <= READER; i++)
		council_sound(&town, i);
	/* One end counts, the other waits for a person. */
	assert_int_equal(
	    council_refs(&town, FOUNDER, CASES, refs, COUNT_OF(refs)), APART);
	backup_fini(&early);
	town_fini(&town);
}

/* In `n` spaces one record each, in one transaction. */
static void
write_in_spaces(struct town *town, size_t n)
{
	struct store *store = town_store(town, WRITER);

	assert_int_equal(store_begin(store, true), ERR_OK);
	for (size_t i = 0; i < n; i++) {
		struct store_edit edit = town_edit(
		    OP_SET, "name", town_text("가"));
		struct store_write write = {.create = true,
		    .collection = bytes_text("card"),
		    .edits = &edit,
		    .edits_n = 1};
		struct record_id id;
		char name[32];
		bool changed;

		(void)snprintf(name, sizeof(name), "d03/c%zu/case", i);
		write.space = town_space(name);
		assert_int_equal(
		    store_write(store, &write, &id, &changed), ERR_OK);
	}
	assert_int_equal(store_commit(store), ERR_OK);
}

static void
a_revocation_names_so_many_logs(void **state)
{
	struct store_revoked revoked;
	struct town town;
	uint64_t n;

	(void)state;
	town_begin(&town, 11);
	write_in_spaces(&town, LIMIT_CUTS + 1);
	town_copy(&town, WRITER, FOUNDER);
	n = town_deltas(&town, FOUNDER);
	assert_int_equal(
	    council_revoke(&town, FOUNDER, WRITER, 0, &revoked), ERR_LIMIT);
	assert_non_null(strstr(err_text(), "1025 logs"));
	assert_int_equal(town_deltas(&town, FOUNDER), n);
	town_fini(&town);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_was_written_before_the_day_keeps_counting),
	    cmocka_unit_test(of_two_ends_as_long_one_is_named),
	    cmocka_unit_test(a_revocation_names_so_many_logs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
