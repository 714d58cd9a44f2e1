/*
 * Grants that are taken back: what was written under them counts to the cut,
 * what lies beyond is kept outside the state, and nothing that was replaced
 * comes back.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/lib/council.h"

static const char space[] = "d03/c017/case";
static const char rights[] = "read:NPSF,write";

static int
town_make(void **state)
{
	static struct town town;

	town_init(&town, 17);
	*state = &town;
	return 0;
}

static int
town_make_rootless(void **state)
{
	(void)town_make(state);
	council_unroot(*state);
	return 0;
}

static int
town_remove(void **state)
{
	town_fini(*state);
	return 0;
}

/* One more member whose work arrives at the founder: its record. */
static size_t
worker(struct town *town, struct record_id *id)
{
	size_t i = town_member(town, "d03", rights);

	town->now_ms += 1000;
	*id = town_create(town, i, space, "가");
	town_copy(town, i, 0);
	return i;
}

/* The name that node `i` shows of the record; "" for none. */
static const char *
name_of(struct town *town, size_t i, const struct record_id *id)
{
	static const char *const names[] = {"가", "나", "다", "라"};
	struct arena arena = {0};
	struct record record;
	const char *name = "";

	if (town_get(town, i, space, id, &arena, &record) &&
	    town_values(&record, "name", KIND_REGISTER) > 0) {
		assert_int_equal(
		    town_values(&record, "name", KIND_REGISTER), 1);
		for (size_t k = 0; k < COUNT_OF(names); k++)
			if (town_has(&record, "name", KIND_REGISTER,
				town_text(names[k])))
				name = names[k];
	}
	arena_fini(&arena);
	return name;
}

static void
rename_at(
    struct town *town, size_t i, const struct record_id *id, const char *name)
{
	town->now_ms += 1000;
	assert_true(town_patch(
	    town, i, space, id, town_edit(OP_SET, "name", town_text(name))));
}

static void
what_was_held_counts_and_what_comes_later_lies_in_the_inbox(void **state)
{
	struct town *town = *state;
	struct store_revoked revoked;
	struct inbox_entry entry;
	struct record_id id;
	size_t i = worker(town, &id);
	struct ref late;

	rename_at(town, i, &id, "나");
	assert_int_equal(council_revoke(town, 0, i, 0, &revoked), ERR_OK);
	assert_int_equal(revoked.logs, 1);
	assert_int_equal(revoked.kept, 2);
	assert_int_equal(revoked.outside, 0);
	assert_string_equal(name_of(town, 0, &id), "가");
	assert_int_equal(council_inbox(town, 0, NULL, NULL), 0);
	late = council_ref(town, i, i, space, 2);
	town_copy(town, i, 0);
	assert_string_equal(name_of(town, 0, &id), "가");
	assert_int_equal(council_inbox(town, 0, space, NULL), 1);
	assert_true(council_entry(town, 0, &late, &entry));
	assert_int_equal(entry.why, WHY_CUT);
	assert_int_equal(entry.kind, DELTA_CHANGE);
	assert_int_equal(entry.records_n, 1);
	assert_false(entry.voided);
	assert_false(entry.disputed);
	/* Its author sees the same as soon as it knows. */
	assert_string_equal(name_of(town, i, &id), "나");
	assert_int_equal(council_inbox(town, i, NULL, NULL), 0);
	town_copy(town, 0, i);
	assert_string_equal(name_of(town, i, &id), "가");
	assert_int_equal(council_inbox(town, i, NULL, NULL), 1);
	town_assert_equal(town, 0);
	council_sound(town, 0);
	council_sound(town, i);
}

static void
of_a_compromised_member_what_came_before_the_day_counts(void **state)
{
	struct town *town = *state;
	struct store_revoked revoked;
	struct record_id first;
	struct record_id second;
	size_t i = worker(town, &first);
	uint64_t since_ms;

	town->now_ms += 1000;
	since_ms = town->now_ms;
	second = town_create(town, i, space, "나");
	rename_at(town, i, &first, "다");
	town_copy(town, i, 0);
	assert_string_equal(name_of(town, 0, &first), "다");
	assert_int_equal(
	    council_revoke(town, 0, i, since_ms, &revoked), ERR_OK);
	assert_int_equal(revoked.logs, 1);
	assert_int_equal(revoked.kept, 2);
	assert_int_equal(revoked.outside, 2);
	assert_string_equal(name_of(town, 0, &first), "가");
	assert_string_equal(name_of(town, 0, &second), "");
	assert_int_equal(council_inbox(town, 0, NULL, NULL), 2);
	council_sound(town, 0);
}

static void
a_log_that_the_revoker_did_not_hold_counts_not_at_all(void **state)
{
	struct town *town = *state;
	size_t i = town_member(town, "d03", rights);
	struct store_revoked revoked;
	struct record_id id = town_create(town, i, space, "가");

	assert_int_equal(council_revoke(town, 0, i, 0, &revoked), ERR_OK);
	assert_int_equal(revoked.logs, 0);
	town_meet(town);
	assert_string_equal(name_of(town, 0, &id), "");
	assert_string_equal(name_of(town, i, &id), "");
	assert_int_equal(council_inbox(town, 0, NULL, NULL), 1);
	town_assert_equal(town, 0);
	council_sound(town, i);
}

static void
what_cannot_be_taken_back_is_refused_with_the_reason(void **state)
{
	struct town *town = *state;
	struct store_revoked revoked;
	struct record_id id;
	size_t i = worker(town, &id);
	size_t admin = town_join(town);
	size_t other = town_join(town);
	struct store_revoke revoke = {.grant = council_grant(town, 0, i)};

	revoke.grant.seq += 1000;
	assert_int_equal(store_begin(town_store(town, 0), true), ERR_OK);
	assert_int_equal(store_revoke(town_store(town, 0), &revoke, &revoked),
	    ERR_NOT_FOUND);
	store_abort(town_store(town, 0));
	/* Neither equals, nor another district, nor who has no admin. */
	assert_int_equal(town_admit(town, 0, admin), ERR_OK);
	assert_int_equal(
	    town_grant(town, 0, admin, "d04", "all", "all"), ERR_OK);
	assert_int_equal(town_admit(town, 0, other), ERR_OK);
	assert_int_equal(
	    town_grant(town, 0, other, "d03", "all", "all"), ERR_OK);
	town_meet(town);
	assert_int_equal(council_revoke(town, admin, i, 0, NULL), ERR_DENIED);
	assert_int_equal(council_revoke(town, other, i, 0, NULL), ERR_DENIED);
	assert_int_equal(council_revoke(town, i, other, 0, NULL), ERR_DENIED);
	assert_int_equal(council_revoke(town, 0, i, 0, NULL), ERR_OK);
	assert_int_equal(council_revoke(town, 0, i, 0, NULL), ERR_EXISTS);
	/* But it may turn out that the key was stolen. */
	assert_int_equal(
	    council_revoke(town, 0, i, town->now_ms - 1000, NULL), ERR_OK);
	assert_string_equal(name_of(town, 0, &id), "");
}

static void
a_district_takes_back_what_it_gave(void **state)
{
	struct town *town = *state;
	size_t district = town_join(town);
	size_t i = town_join(town);
	struct record_id id;

	assert_int_equal(town_admit(town, 0, district), ERR_OK);
	assert_int_equal(
	    town_grant(town, 0, district, "d03", "all", "all"), ERR_OK);
	town_meet(town);
	assert_int_equal(town_admit(town, district, i), ERR_OK);
	assert_int_equal(
	    town_grant(town, district, i, "d03/c017", rights, ""), ERR_OK);
	town_meet(town);
	id = town_create(town, i, space, "가");
	town_meet(town);
	rename_at(town, i, &id, "나");
	assert_int_equal(council_revoke(town, district, i, 0, NULL), ERR_OK);
	town_meet(town);
	for (size_t at = 0; at < town->n; at++) {
		assert_string_equal(name_of(town, at, &id), "가");
		assert_int_equal(council_inbox(town, at, NULL, NULL), 1);
	}
	town_assert_equal(town, 0);
}

static void
who_was_revoked_is_told_so_and_a_new_grant_needs_a_new_log(void **state)
{
	struct town *town = *state;
	struct record_id id;
	size_t i = worker(town, &id);
	struct store_edit edit = town_edit(OP_SET, "name", town_text("나"));
	struct store_write write = {.space = town_space(space),
	    .record = id,
	    .edits = &edit,
	    .edits_n = 1};
	struct log_cut old = council_cut(town, i, i, space, 0);
	struct log_cut new;
	bool changed;

	assert_int_equal(council_revoke(town, 0, i, 0, NULL), ERR_OK);
	town_copy(town, 0, i);
	assert_int_equal(
	    town_write(town, i, &write, &id, &changed), ERR_DENIED);
	assert_non_null(strstr(err_text(), "taken back by"));
	assert_non_null(strstr(err_text(), "2023-11-14"));
	assert_non_null(strstr(err_text(), "분실"));
	assert_int_equal(town_grant(town, 0, i, "d03", rights, ""), ERR_OK);
	town_copy(town, 0, i);
	rename_at(town, i, &id, "나");
	new = council_cut(town, i, i, space, 0);
	assert_memory_not_equal(&old.log, &new.log, sizeof(old.log));
	town_meet(town);
	assert_string_equal(name_of(town, 0, &id), "나");
	assert_int_equal(council_inbox(town, 0, NULL, NULL), 0);
	town_assert_equal(town, 0);
	council_sound(town, 0);
}

static void
a_value_that_a_cut_edit_had_replaced_stays_when_that_was_replaced(void **state)
{
	struct town *town = *state;
	struct record_id id;
	size_t honest = worker(town, &id);
	size_t thief = town_member(town, "d03", rights);
	uint64_t since_ms;

	/* The thief replaces 가, an honest one replaces what the thief wrote.
	 */
	town_meet(town);
	town->now_ms += 1000;
	since_ms = town->now_ms;
	rename_at(town, thief, &id, "나");
	town_meet(town);
	rename_at(town, honest, &id, "다");
	town_meet(town);
	assert_int_equal(
	    council_revoke(town, 0, thief, since_ms, NULL), ERR_OK);
	town_meet(town);
	for (size_t at = 0; at < town->n; at++)
		assert_string_equal(name_of(town, at, &id), "다");
	town_assert_equal(town, 0);
	council_sound(town, honest);
}

static void
a_value_that_only_a_cut_edit_had_replaced_is_there_again(void **state)
{
	struct town *town = *state;
	struct record_id id;
	size_t honest = worker(town, &id);
	size_t thief = town_member(town, "d03", rights);
	uint64_t since_ms;

	/* 가 was replaced by honest 나, that by the thief's 다: 나 comes back,
	 * for nobody whose word counts took it away, and 가 does not. */
	town_meet(town);
	rename_at(town, honest, &id, "나");
	town_meet(town);
	town->now_ms += 1000;
	since_ms = town->now_ms;
	rename_at(town, thief, &id, "다");
	town_meet(town);
	assert_int_equal(
	    council_revoke(town, 0, thief, since_ms, NULL), ERR_OK);
	town_meet(town);
	for (size_t at = 0; at < town->n; at++)
		assert_string_equal(name_of(town, at, &id), "나");
	town_assert_equal(town, 0);
	council_sound(town, 0);
}

static void
a_log_shorter_than_its_cut_counts_until_its_root_says_otherwise(void **state)
{
	struct town *town = *state;
	struct record_id id;
	size_t i = worker(town, &id);
	struct ref grant = council_grant(town, 0, i);
	struct log_cut cut = council_cut(town, i, i, space, 0);

	rename_at(town, i, &id, "나");
	cut.size = 4;
	council_revoke_at(town, 0, &grant, &cut, 1);
	/* Two of four deltas are held, then three, then four. */
	assert_string_equal(name_of(town, 0, &id), "가");
	town_copy(town, i, 0);
	assert_string_equal(name_of(town, 0, &id), "나");
	council_sound(town, 0);
	rename_at(town, i, &id, "다");
	town_copy(town, i, 0);
	assert_string_equal(name_of(town, 0, &id), "");
	assert_int_equal(council_inbox(town, 0, NULL, NULL), 3);
	council_sound(town, 0);
	town_copy(town, 0, i);
	town_assert_equal(town, 0);
}

static void
of_two_revocations_the_lower_cut_holds_whichever_came_first(void **state)
{
	struct town *town = *state;
	struct record_id id;
	size_t i = worker(town, &id);
	struct ref grant = council_grant(town, 0, i);
	struct log_cut cuts[3];

	rename_at(town, i, &id, "나");
	rename_at(town, i, &id, "다");
	rename_at(town, i, &id, "라");
	for (size_t k = 0; k < COUNT_OF(cuts); k++)
		cuts[k] = council_cut(town, i, i, space, 3 + k);
	council_revoke_at(town, 0, &grant, &cuts[1], 1);
	town_copy(town, i, 0);
	assert_string_equal(name_of(town, 0, &id), "다");
	council_revoke_at(town, 0, &grant, &cuts[0], 1);
	assert_string_equal(name_of(town, 0, &id), "나");
	council_revoke_at(town, 0, &grant, &cuts[2], 1);
	assert_string_equal(name_of(town, 0, &id), "나");
	council_revoke_at(town, 0, &grant, NULL, 0);
	assert_string_equal(name_of(town, 0, &id), "");
	council_sound(town, 0);
}

static void
a_later_cut_that_does_not_fit_takes_what_an_earlier_one_left(void **state)
{
	struct town *town = *state;
	struct record_id id;
	size_t i = worker(town, &id);
	struct ref grant = council_grant(town, 0, i);
	struct log_cut low;
	struct log_cut high;

	rename_at(town, i, &id, "나");
	low = council_cut(town, i, i, space, 2);
	high = council_cut(town, i, i, space, 3);
	high.size = 5;
	council_revoke_at(town, 0, &grant, &low, 1);
	council_revoke_at(town, 0, &grant, &high, 1);
	town_copy(town, i, 0);
	assert_string_equal(name_of(town, 0, &id), "가");
	rename_at(town, i, &id, "다");
	rename_at(town, i, &id, "라");
	town_copy(town, i, 0);
	assert_string_equal(name_of(town, 0, &id), "");
	council_sound(town, 0);
	town_copy(town, 0, i);
	town_assert_equal(town, 0);
}

int
main(void)
{
#define ROOTLESS(f) \
	cmocka_unit_test_setup_teardown(f, town_make_rootless, town_remove)
#define TOWN(f) cmocka_unit_test_setup_teardown(f, town_make, town_remove)
	const struct CMUnitTest tests[] = {
	    TOWN(what_was_held_counts_and_what_comes_later_lies_in_the_inbox),
	    TOWN(of_a_compromised_member_what_came_before_the_day_counts),
	    TOWN(a_log_that_the_revoker_did_not_hold_counts_not_at_all),
	    TOWN(what_cannot_be_taken_back_is_refused_with_the_reason),
	    TOWN(a_district_takes_back_what_it_gave),
	    TOWN(who_was_revoked_is_told_so_and_a_new_grant_needs_a_new_log),
	    TOWN(
		a_value_that_a_cut_edit_had_replaced_stays_when_that_was_replaced),
	    TOWN(a_value_that_only_a_cut_edit_had_replaced_is_there_again),
	    ROOTLESS(
		a_log_shorter_than_its_cut_counts_until_its_root_says_otherwise),
	    ROOTLESS(
		of_two_revocations_the_lower_cut_holds_whichever_came_first),
	    ROOTLESS(
		a_later_cut_that_does_not_fit_takes_what_an_earlier_one_left),
	};

	return cmocka_run_group_tests_name("quarantine", tests, NULL, NULL);
}
