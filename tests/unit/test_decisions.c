/*
 * What people decide about deltas that lack rights: which decision holds, what
 * follows from it, and that neither depends on the order of arrival.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/fsck.h"
#include "core/rebuild.h"
#include "tests/lib/council.h"

static const char space[] = "d03/c017/case";
static const char rights[] = "read:NPSF,write";

enum { LATE = 4 };

/* A town in which the work of one member lies in the inbox: open and one
 * record count, then come LATE records that do not. */
struct court {
	struct town town;
	size_t thief;
	struct record_id kept;
	struct record_id ids[LATE];
	struct ref refs[LATE];
};

static int
court_make(void **state)
{
	static struct court court;
	struct town *town = &court.town;

	town_init(town, 23);
	council_unroot(town);
	court.thief = town_member(town, "d03", rights);
	court.kept = town_create(town, court.thief, space, "가");
	town_copy(town, court.thief, 0);
	for (size_t k = 0; k < LATE; k++) {
		town->now_ms += 1000;
		court.ids[k] = town_create(town, court.thief, space, "나");
		court.refs[k] = council_ref(
		    town, court.thief, court.thief, space, 2 + k);
	}
	assert_int_equal(council_revoke(town, 0, court.thief, 0, NULL), ERR_OK);
	town_copy(town, court.thief, 0);
	assert_int_equal(council_inbox(town, 0, NULL, NULL), LATE);
	*state = &court;
	return 0;
}

static int
court_remove(void **state)
{
	struct court *court = *state;

	town_fini(&court->town);
	return 0;
}

/* One more node that may decide in the space, and holds everything. */
static size_t
judge_join(struct court *court)
{
	struct town *town = &court->town;
	size_t i = town_join(town);

	town->now_ms += 1000;
	assert_int_equal(town_admit(town, 0, i), ERR_OK);
	assert_int_equal(
	    town_grant(town, 0, i, "d03", "read:NPSF,admin", ""), ERR_OK);
	town_copy(town, 0, i);
	return i;
}

static bool
shows(struct court *court, size_t at, size_t k)
{
	struct arena arena = {0};
	struct record record;
	bool there = town_get(
	    &court->town, at, space, &court->ids[k], &arena, &record);

	arena_fini(&arena);
	return there;
}

static enum err
decide(struct court *court, size_t by, bool adopt, size_t k, size_t n)
{
	court->town.now_ms += 1000;
	return council_decide(
	    &court->town, by, space, adopt, &court->refs[k], n);
}

static void
an_adopted_delta_counts_everywhere_and_leaves_the_inbox(void **state)
{
	struct court *court = *state;
	struct town *town = &court->town;

	assert_false(shows(court, 0, 1));
	assert_int_equal(decide(court, 0, true, 1, 1), ERR_OK);
	for (size_t at = 0; at < 2; at++) {
		assert_true(shows(court, at, 1));
		assert_false(shows(court, at, 0));
		assert_false(shows(court, at, 2));
		assert_int_equal(council_inbox(town, at, NULL, NULL), 3);
		town_meet(town);
		if (at == 0)
			continue;
		town_assert_equal(town, 0);
	}
	council_sound(town, 0);
	council_sound(town, court->thief);
	assert_int_equal(decide(court, 0, true, 1, 1), ERR_EXISTS);
}

static void
a_voided_delta_stays_and_says_so(void **state)
{
	struct court *court = *state;
	struct inbox_entry entry;

	assert_int_equal(decide(court, 0, false, 0, 2), ERR_OK);
	assert_false(shows(court, 0, 0));
	assert_int_equal(council_inbox(&court->town, 0, NULL, NULL), LATE);
	assert_true(council_entry(&court->town, 0, &court->refs[1], &entry));
	assert_true(entry.voided);
	assert_true(council_entry(&court->town, 0, &court->refs[2], &entry));
	assert_false(entry.voided);
	council_sound(&court->town, 0);
}

static void
decisions_that_disagree_leave_it_outside_until_one_replaces_both(void **state)
{
	struct court *court = *state;
	struct town *town = &court->town;
	size_t judge = judge_join(court);
	struct inbox_entry entry;

	assert_int_equal(decide(court, 0, true, 0, 1), ERR_OK);
	assert_int_equal(decide(court, judge, false, 0, 1), ERR_OK);
	assert_true(shows(court, 0, 0));
	assert_false(shows(court, judge, 0));
	town_meet(town);
	for (size_t at = 0; at < town->n; at++) {
		assert_false(shows(court, at, 0));
		assert_true(council_entry(town, at, &court->refs[0], &entry));
		assert_true(entry.disputed);
		assert_false(entry.voided);
	}
	assert_int_equal(decide(court, judge, true, 0, 1), ERR_OK);
	town_meet(town);
	for (size_t at = 0; at < town->n; at++)
		assert_true(shows(court, at, 0));
	assert_int_equal(decide(court, 0, false, 0, 1), ERR_OK);
	town_meet(town);
	for (size_t at = 0; at < town->n; at++) {
		assert_true(council_entry(town, at, &court->refs[0], &entry));
		assert_true(entry.voided);
		assert_false(entry.disputed);
	}
	town_assert_equal(town, 0);
	council_sound(town, judge);
}

static void
what_was_adopted_beside_stays_when_one_of_it_is_voided(void **state)
{
	struct court *court = *state;
	struct town *town = &court->town;
	struct log_cut cut = council_cut(
	    town, 0, court->thief, space, 2 + LATE);

	assert_int_equal(decide(court, 0, true, 0, 3), ERR_OK);
	assert_int_equal(decide(court, 0, false, 1, 1), ERR_OK);
	assert_true(shows(court, 0, 0));
	assert_false(shows(court, 0, 1));
	assert_true(shows(court, 0, 2));
	assert_false(shows(court, 0, 3));
	assert_int_equal(decide(court, 0, true, 1, 1), ERR_OK);
	assert_true(shows(court, 0, 1));
	/* The same of a range. */
	council_decide_range(town, 0, space, true, &cut);
	assert_true(shows(court, 0, 3));
	assert_int_equal(decide(court, 0, false, 2, 1), ERR_OK);
	for (size_t k = 0; k < LATE; k++)
		assert_int_equal(shows(court, 0, k), k != 2);
	assert_int_equal(council_inbox(town, 0, NULL, NULL), 1);
	council_sound(town, 0);
	town_meet(town);
	town_assert_equal(town, 0);
}

static void
a_decision_that_comes_before_its_target_waits_for_it(void **state)
{
	struct court *court = *state;
	struct town *town = &court->town;
	size_t late = town_join(town);
	struct log_cut theirs = council_cut(town, 0, court->thief, space, 0);
	struct log_cut ours;

	assert_int_equal(decide(court, 0, true, 3, 1), ERR_OK);
	ours = council_cut(town, 0, 0, space, 0);
	town_carry(town, 0, late, &(struct town_cargo){.space = "authority"});
	town_carry(town, 0, late,
	    &(struct town_cargo){.space = space, .log = &ours.log});
	council_sound(town, late);
	for (uint64_t n = 1; n <= theirs.size; n++) {
		town_carry(town, 0, late,
		    &(struct town_cargo){
			.space = space, .log = &theirs.log, .deltas_max = n});
		assert_int_equal(shows(court, late, 3), n == theirs.size);
	}
	assert_false(shows(court, late, 2));
	town_carry(town, 0, court->thief, &(struct town_cargo){0});
	town_assert_equal(town, 0);
	council_sound(town, late);
}

static void
who_may_not_decide_decides_nothing(void **state)
{
	struct court *court = *state;
	struct town *town = &court->town;
	size_t writer = town_member(town, "d03", rights);
	size_t elsewhere = town_member(town, "d04", "read:NPSF,admin");

	town_meet(town);
	assert_int_equal(decide(court, writer, true, 0, 1), ERR_DENIED);
	assert_non_null(strstr(err_text(), "decide"));
	assert_int_equal(decide(court, elsewhere, true, 0, 1), ERR_DENIED);
	assert_int_equal(decide(court, court->thief, true, 0, 1), ERR_DENIED);
	assert_false(shows(court, 0, 0));
}

static void
what_there_is_nothing_to_decide_about_is_refused(void **state)
{
	struct court *court = *state;
	struct town *town = &court->town;
	struct ref ref = council_ref(town, 0, court->thief, space, 1);

	assert_int_equal(
	    council_decide(town, 0, space, true, &ref, 1), ERR_INVALID);
	assert_non_null(strstr(err_text(), "counts by itself"));
	ref = council_ref(town, 0, court->thief, space, 0);
	assert_int_equal(
	    council_decide(town, 0, space, true, &ref, 1), ERR_INVALID);
	ref = court->refs[0];
	ref.leaf[0] ^= 1;
	assert_int_equal(
	    council_decide(town, 0, space, true, &ref, 1), ERR_NOT_FOUND);
	assert_int_equal(
	    council_decide(town, 0, "d03/c099/case", true, court->refs, 1),
	    ERR_NOT_FOUND);
}

static void
a_decision_counts_as_long_as_its_author_may_decide(void **state)
{
	struct court *court = *state;
	struct town *town = &court->town;
	size_t judge = judge_join(court);
	struct ref grant = council_grant(town, 0, judge);
	struct log_cut cut;

	assert_int_equal(decide(court, judge, true, 0, 1), ERR_OK);
	cut = council_cut(town, judge, judge, space, 0);
	assert_int_equal(decide(court, judge, false, 0, 1), ERR_OK);
	assert_int_equal(decide(court, judge, true, 1, 1), ERR_OK);
	town_meet(town);
	assert_false(shows(court, 0, 0));
	assert_true(shows(court, 0, 1));
	/* Its later decisions are gone, and with them what they replaced is
	 * there again; then all of them. */
	council_revoke_at(town, 0, &grant, &cut, 1);
	assert_true(shows(court, 0, 0));
	assert_false(shows(court, 0, 1));
	council_sound(town, 0);
	council_revoke_at(town, 0, &grant, NULL, 0);
	assert_false(shows(court, 0, 0));
	assert_int_equal(council_inbox(town, 0, NULL, NULL), LATE);
	council_sound(town, 0);
	town_meet(town);
	town_assert_equal(town, 0);
}

static void
a_chain_of_decisions_runs_over_links_that_do_not_count(void **state)
{
	struct court *court = *state;
	struct town *town = &court->town;
	size_t judge = judge_join(court);
	size_t late;
	struct inbox_entry entry;
	struct ref grant = council_grant(town, 0, judge);
	struct log_cut ours;

	/* Adopted by the office; voided by the judge, who is then revoked
	 * altogether; but the office had replaced that. */
	assert_int_equal(decide(court, 0, true, 0, 1), ERR_OK);
	town_meet(town);
	assert_int_equal(decide(court, judge, false, 0, 1), ERR_OK);
	town_meet(town);
	assert_int_equal(decide(court, 0, true, 0, 1), ERR_OK);
	assert_int_equal(decide(court, 0, false, 0, 1), ERR_OK);
	council_revoke_at(town, 0, &grant, NULL, 0);
	assert_true(council_entry(town, 0, &court->refs[0], &entry));
	assert_true(entry.voided);
	assert_false(entry.disputed);
	council_sound(town, 0);
	/* The link between may come last. */
	late = town_join(town);
	ours = council_cut(town, 0, 0, space, 0);
	town_carry(town, 0, late, &(struct town_cargo){.space = "authority"});
	town_carry(town, 0, late,
	    &(struct town_cargo){.space = space, .log = &ours.log});
	ours = council_cut(town, 0, court->thief, space, 0);
	town_carry(town, 0, late,
	    &(struct town_cargo){.space = space, .log = &ours.log});
	assert_true(council_entry(town, late, &court->refs[0], &entry));
	assert_true(entry.disputed);
	town_carry(town, 0, late, &(struct town_cargo){0});
	assert_true(council_entry(town, late, &court->refs[0], &entry));
	assert_true(entry.voided);
	assert_false(entry.disputed);
	town_meet(town);
	town_assert_equal(town, 0);
}

static void
a_range_covers_a_shorter_log_whole_and_another_log_not_at_all(void **state)
{
	struct court *court = *state;
	struct town *town = &court->town;
	size_t late = town_join(town);
	struct log_cut right = council_cut(
	    town, 0, court->thief, space, 2 + LATE);
	struct log_cut wrong = council_cut(
	    town, 0, court->thief, space, 1 + LATE);

	wrong.size = 2 + LATE;
	council_decide_range(town, 0, space, true, &wrong);
	for (size_t k = 0; k < LATE; k++)
		assert_false(shows(court, 0, k));
	town_carry(town, 0, late, &(struct town_cargo){.space = "authority"});
	for (uint64_t n = 1; n <= right.size; n++) {
		town_carry(
		    town, 0, late, &(struct town_cargo){.deltas_max = n});
		for (size_t k = 0; k < LATE; k++)
			assert_int_equal(
			    shows(court, late, k), n < right.size && 2 + k < n);
	}
	council_sound(town, late);
	council_decide_range(town, 0, space, true, &right);
	town_meet(town);
	for (size_t k = 0; k < LATE; k++)
		assert_true(shows(court, late, k));
	town_assert_equal(town, 0);
}

static void
one_log_serves_for_changes_and_decisions_where_one_grant_gives_both(
    void **state)
{
	struct court *court = *state;
	struct town *town = &court->town;
	struct log_cut first;
	struct log_cut second;

	(void)town_create(town, 0, space, "다");
	first = council_cut(town, 0, 0, space, 0);
	assert_int_equal(decide(court, 0, true, 0, 1), ERR_OK);
	(void)town_create(town, 0, space, "다");
	second = council_cut(town, 0, 0, space, 0);
	assert_memory_equal(&first.log, &second.log, sizeof(first.log));
	assert_int_equal(second.size, first.size + 2);
}

static void
changes_and_decisions_under_two_grants_go_to_two_logs(void **state)
{
	struct court *court = *state;
	struct town *town = &court->town;
	size_t judge = judge_join(court);
	struct log_cut first;
	struct log_cut second;

	assert_int_equal(town_grant(town, 0, judge, "d03", rights, ""), ERR_OK);
	town_copy(town, 0, judge);
	for (size_t k = 0; k < 3; k++) {
		town->now_ms += 1000;
		(void)town_create(town, judge, space, "다");
		first = council_cut(town, judge, judge, space, 0);
		assert_int_equal(first.size, 2 + k);
		assert_int_equal(decide(court, judge, true, k, 1), ERR_OK);
		second = council_cut(town, judge, judge, space, 0);
		assert_int_equal(second.size, 2 + k);
		assert_memory_not_equal(
		    &first.log, &second.log, sizeof(first.log));
	}
	town_meet(town);
	town_assert_equal(town, 0);
	assert_true(shows(court, 0, 2));
}

/* Node `i` makes `n` records, each with a delta of its own, in one transaction;
 * `*id` is the last. */
static void
many_write(struct town *town, size_t i, size_t n, struct record_id *id)
{
	struct store *store = town_store(town, i);
	bool changed;

	assert_int_equal(store_begin(store, true), ERR_OK);
	for (size_t k = 0; k < n; k++) {
		struct store_edit edit = town_edit(
		    OP_SET, "number", town_int((int64_t)k));
		struct store_write write = {.space = town_space(space),
		    .create = true,
		    .collection = bytes_text("card"),
		    .edits = &edit,
		    .edits_n = 1};

		assert_int_equal(
		    store_write(store, &write, id, &changed), ERR_OK);
		assert_int_equal(store_settle(store), ERR_OK);
	}
	assert_int_equal(store_commit(store), ERR_OK);
}

static void
thousands_are_decided_about_in_several_deltas(void **state)
{
	enum { MANY = 2100 };
	static struct ref refs[MANY];
	struct court *court = *state;
	struct town *town = &court->town;
	struct record_id id = court->ids[0];
	size_t other = town_member(town, "d03", rights);

	town_meet(town);
	many_write(town, other, MANY, &id);
	assert_int_equal(council_revoke(town, 0, other, 0, NULL), ERR_OK);
	town_copy(town, other, 0);
	assert_int_equal(council_inbox(town, 0, NULL, NULL), LATE + MANY);
	for (size_t k = 0; k < MANY; k++)
		refs[k] = council_ref(town, 0, other, space, 1 + k);
	assert_int_equal(
	    council_decide(town, 0, space, true, refs, MANY), ERR_OK);
	assert_int_equal(council_inbox(town, 0, NULL, NULL), LATE);
	court->ids[0] = id;
	assert_true(shows(court, 0, 0));
	assert_int_equal(
	    council_decide(town, 0, space, false, &refs[7], 1), ERR_OK);
	assert_int_equal(council_inbox(town, 0, NULL, NULL), LATE + 1);
	council_sound(town, 0);
}

/* How much a check of node 0 finds. */
static uint64_t
found(struct town *town)
{
	struct fsck_report report;

	assert_int_equal(store_begin(town_store(town, 0), false), ERR_OK);
	assert_int_equal(fsck_run(town_store(town, 0), NULL, &report), ERR_OK);
	store_abort(town_store(town, 0));
	return report.found;
}

static void
a_decision_that_its_table_lost_is_missed_and_made_again(void **state)
{
	struct court *court = *state;
	struct town *town = &court->town;
	struct store *store;
	struct kv_cursor cursor;
	struct buf row = {0};

	assert_int_equal(decide(court, 0, true, 0, 1), ERR_OK);
	assert_int_equal(found(town), 0);
	store = town_store(town, 0);
	assert_int_equal(store_begin(store, true), ERR_OK);
	kv_cursor_init(&cursor, store_txn(store)->kv, TABLE_DECISIONS);
	assert_true(kv_seek(&cursor, (struct bytes){0}));
	buf_add(&row, cursor.key);
	assert_false(kv_next(&cursor));
	kv_cursor_fini(&cursor);
	kv_del(store_txn(store)->kv, TABLE_DECISIONS, buf_bytes(&row));
	assert_int_equal(store_commit(store), ERR_OK);
	assert_true(found(town) > 0);
	/* One that leads nowhere is found as well. */
	row.p[row.n - 1] ^= 7;
	assert_int_equal(store_begin(store, true), ERR_OK);
	kv_put(store_txn(store)->kv, TABLE_DECISIONS, buf_bytes(&row),
	    (struct bytes){0});
	assert_int_equal(store_commit(store), ERR_OK);
	assert_true(found(town) > 0);
	buf_fini(&row);
	town_close(town, 0);
	assert_int_equal(store_open_alone(town->nodes[0].dir, &town->host,
			     &town->nodes[0].store),
	    ERR_OK);
	assert_int_equal(rebuild_run(town_store(town, 0), NULL), ERR_OK);
	assert_int_equal(found(town), 0);
	assert_true(shows(court, 0, 0));
	council_sound(town, 0);
}

static void
a_fact_that_does_not_count_is_decided_about_by_who_could_write_it(void **state)
{
	struct court *court = *state;
	struct town *town = &court->town;
	size_t district = town_join(town);
	size_t equal = town_member(town, "d03", rights);
	struct record_id id = town_create(town, equal, space, "다");
	struct ref grant;
	struct ref fact;
	struct inbox_entry entry;
	struct arena arena = {0};
	struct record record;

	assert_int_equal(town_admit(town, 0, district), ERR_OK);
	assert_int_equal(
	    town_grant(town, 0, district, "d03", "all", "all"), ERR_OK);
	town_meet(town);
	grant = council_grant(town, district, equal);
	council_revoke_at(town, district, &grant, NULL, 0);
	fact = council_ref(town, district, district, "authority", 1);
	town_meet(town);
	assert_true(town_get(town, 0, space, &id, &arena, &record));
	assert_int_equal(council_inbox(town, 0, "authority", NULL), 1);
	assert_true(council_entry(town, 0, &fact, &entry));
	assert_int_equal(entry.kind, DELTA_REVOKE);
	assert_int_equal(entry.why, WHY_EQUALS);
	assert_int_equal(
	    council_decide(town, district, "authority", true, &fact, 1),
	    ERR_DENIED);
	assert_int_equal(
	    council_decide(town, 0, "authority", true, &grant, 1), ERR_INVALID);
	assert_int_equal(
	    council_decide(town, 0, "authority", false, &fact, 1), ERR_OK);
	assert_true(council_entry(town, 0, &fact, &entry));
	assert_true(entry.voided);
	assert_int_equal(
	    council_decide(town, 0, "authority", true, &fact, 1), ERR_OK);
	assert_int_equal(council_inbox(town, 0, "authority", NULL), 0);
	assert_false(town_get(town, 0, space, &id, &arena, &record));
	assert_int_equal(council_inbox(town, 0, space, NULL), LATE + 1);
	town_meet(town);
	town_assert_equal(town, 0);
	council_sound(town, equal);
	arena_fini(&arena);
}

int
main(void)
{
#define COURT(f) cmocka_unit_test_setup_teardown(f, court_make, court_remove)
	const struct CMUnitTest tests[] = {
	    COURT(an_adopted_delta_counts_everywhere_and_leaves_the_inbox),
	    COURT(a_voided_delta_stays_and_says_so),
	    COURT(
		decisions_that_disagree_leave_it_outside_until_one_replaces_both),
	    COURT(what_was_adopted_beside_stays_when_one_of_it_is_voided),
	    COURT(a_decision_that_comes_before_its_target_waits_for_it),
	    COURT(who_may_not_decide_decides_nothing),
	    COURT(what_there_is_nothing_to_decide_about_is_refused),
	    COURT(a_decision_counts_as_long_as_its_author_may_decide),
	    COURT(a_chain_of_decisions_runs_over_links_that_do_not_count),
	    COURT(
		a_range_covers_a_shorter_log_whole_and_another_log_not_at_all),
	    COURT(
		one_log_serves_for_changes_and_decisions_where_one_grant_gives_both),
	    COURT(changes_and_decisions_under_two_grants_go_to_two_logs),
	    COURT(
		a_fact_that_does_not_count_is_decided_about_by_who_could_write_it),
	    COURT(a_decision_that_its_table_lost_is_missed_and_made_again),
	    COURT(thousands_are_decided_about_in_several_deltas),
	};

	return cmocka_run_group_tests_name("decisions", tests, NULL, NULL);
}
