/*
 * Promises of core/authority.h, one rule of docs/format.md §8 at a time: what
 * counts, and if not, why.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/clock.h"
#include "tests/lib/court.h"

static void
each_grant_is_one_stratum_below_the_one_it_was_given_under(void **state)
{
	struct court *court = *state;
	struct charter *c = &court->c;
	struct ref deep = charter_grant(
	    c, court->dong, WORKER, "d01/c1/case", COURT_ADMIN, COURT_ADMIN);
	size_t log = charter_open(c, WORKER, "authority", &deep);
	struct ref deeper = charter_grant(
	    c, log, LAST, "d01/c1/case", "read:N", "");
	struct ref member = charter_member(c, log, LAST, "끝");

	court_judge(court);
	assert_int_equal(court_grant(court, court->gu_grant)->stratum, 1);
	assert_int_equal(court_grant(court, court->dong_grant)->stratum, 2);
	assert_int_equal(court_grant(court, deep)->stratum, 3);
	assert_memory_equal(&court_grant(court, deep)->under,
	    &court->dong_grant, sizeof(struct ref));
	assert_int_equal(court_why(court, deeper), WHY_DEPTH);
	assert_int_equal(court_why(court, member), WHY_COUNTS);
	assert_true(court_may(court, WORKER, RIGHT_WRITE, "d01/c1/case"));
	assert_false(court_may(court, LAST, RIGHT_READ, "d01/c1/case"));
}

static void
what_a_log_may_not_say_has_its_reason(void **state)
{
	struct court *court = *state;
	struct charter *c = &court->c;
	struct ref nowhere = {.seq = 7};
	struct ref plain = charter_grant(c, 0, WORKER, "d01", "write", "");
	struct ref beyond = charter_grant(
	    c, court->dong, LAST, "d01/c2", "write", "");
	struct ref many = charter_grant(
	    c, court->dong, LAST, "d01/c1", "erase", "");
	struct ref passed = charter_grant(
	    c, court->dong, LAST, "d01/c1", "write", "read:F");
	struct ref none = charter_member(
	    c, charter_open(c, LAST, "authority", NULL), LAST, "나");
	struct ref missing = charter_member(
	    c, charter_open(c, LAST, "authority", &nowhere), LAST, "나");
	struct ref outside = charter_member(
	    c, charter_open(c, LAST, "authority", &beyond), LAST, "나");
	struct ref foreign = charter_member(c,
	    charter_open(c, LAST, "authority", &court->gu_grant), LAST, "나");
	struct ref right = charter_member(
	    c, charter_open(c, WORKER, "authority", &plain), LAST, "나");

	court_judge(court);
	assert_int_equal(court_why(court, beyond), WHY_PREFIX);
	assert_int_equal(court_why(court, many), WHY_RIGHT);
	assert_int_equal(court_why(court, passed), WHY_RIGHT);
	assert_int_equal(court_why(court, none), WHY_NO_GRANT);
	assert_int_equal(court_why(court, missing), WHY_GRANT_MISSING);
	assert_int_equal(court_why(court, outside), WHY_GRANT_OUTSIDE);
	assert_int_equal(court_why(court, foreign), WHY_GRANT_FOREIGN);
	assert_int_equal(court_why(court, right), WHY_RIGHT);
	assert_non_null(court_member(court, LAST));
	assert_false(court_member(court, LAST)->counts);
}

static void
without_the_founding_record_nothing_counts(void **state)
{
	struct court *court = *state;
	struct charter_held held;

	charter_held_all(&court->c, &held);
	held.sizes[0] = 0;
	court_judge_held(court, &held);
	assert_false(court->authority.founded);
	assert_int_equal(court_why(court, court->dong_grant), WHY_NOT_FOUNDED);
	assert_non_null(court_member(court, DONG));
}

static void
a_fact_without_its_body_says_nothing(void **state)
{
	struct court *court = *state;
	struct ref grant = charter_grant(
	    &court->c, court->dong, WORKER, "d01/c1", "write", "");
	struct charter_held held;

	charter_held_all(&court->c, &held);
	held.bare[court->dong] = true;
	court_judge_held(court, &held);
	assert_int_equal(court_why(court, grant), WHY_MALFORMED);
	court_judge(court);
	assert_int_equal(court_why(court, grant), WHY_COUNTS);
}

static void
a_revoked_grant_gives_nothing_and_its_logs_count_up_to_the_cuts(void **state)
{
	struct court *court = *state;
	struct charter *c = &court->c;
	struct ref before = charter_member(c, court->dong, WORKER, "앞");
	struct log_cut cut = charter_cut(c, court->dong, 2);
	struct ref after = charter_member(c, court->dong, LAST, "뒤");
	size_t other = charter_open(c, DONG, "authority", &court->dong_grant);
	struct ref unnamed = charter_member(c, other, LAST, "뒤");
	struct ref revoke = charter_revoke(
	    c, court->gu, &court->dong_grant, false, &cut, 1);
	const struct grant *grant;

	court_judge(court);
	grant = court_grant(court, court->dong_grant);
	assert_int_equal(court_why(court, revoke), WHY_COUNTS);
	assert_true(grant->counts && grant->revoked);
	assert_int_equal(grant->revocations_n, 1);
	assert_int_equal(court_why(court, before), WHY_COUNTS);
	assert_int_equal(court_why(court, after), WHY_CUT);
	assert_int_equal(court_why(court, unnamed), WHY_CUT);
	assert_false(court_may(court, DONG, RIGHT_WRITE, "d01/c1/case"));
	assert_int_equal(authority_reads(&court->authority, &c->keys[DONG],
			     &(struct space){"d01/c1/case"}),
	    0);
	assert_false(authority_may_grant(&court->authority, &c->keys[DONG],
	    &(struct fact_grant){.prefix = {"d01/c1"}}));
	assert_true(court_may(court, GU, RIGHT_WRITE, "d01/c1/case"));
}

static void
of_several_revocations_the_lowest_cut_holds(void **state)
{
	struct court *court = *state;
	struct charter *c = &court->c;
	struct ref first = charter_member(c, court->dong, WORKER, "하나");
	struct ref second = charter_member(c, court->dong, LAST, "둘");
	struct log_cut low = charter_cut(c, court->dong, 2);
	struct log_cut high = charter_cut(c, court->dong, 3);

	(void)charter_revoke(c, court->gu, &court->dong_grant, false, &low, 1);
	(void)charter_revoke(c, 0, &court->dong_grant, false, &high, 1);
	court_judge(court);
	assert_int_equal(court_why(court, first), WHY_COUNTS);
	assert_int_equal(court_why(court, second), WHY_CUT);
	assert_int_equal(
	    court_grant(court, court->dong_grant)->revocations_n, 2);
}

static void
who_is_not_above_a_grant_cannot_take_it_back(void **state)
{
	struct court *court = *state;
	struct charter *c = &court->c;
	struct ref equal = charter_grant(c, 0, GU2, "d01", "all", "all");
	size_t log = charter_open(c, GU2, "authority", &equal);
	struct ref of_equal = charter_revoke(
	    c, log, &court->gu_grant, true, NULL, 0);
	struct ref of_own = charter_revoke(c, log, &equal, false, NULL, 0);
	struct ref of_above = charter_revoke(
	    c, court->dong, &court->gu_grant, false, NULL, 0);
	struct ref nothing = {.seq = 3};
	struct ref of_nothing = charter_revoke(
	    c, court->gu, &nothing, false, NULL, 0);
	struct ref other = charter_grant(c, 0, LAST, "d02", "all", "all");
	size_t far = charter_open(c, LAST, "authority", &other);
	struct ref of_far = charter_revoke(
	    c, far, &court->dong_grant, false, NULL, 0);
	struct ref void_grant = charter_grant(
	    c, far, WORKER, "d03", "write", "");
	struct ref of_void = charter_revoke(c, 0, &void_grant, false, NULL, 0);

	court_judge(court);
	assert_int_equal(court_why(court, of_equal), WHY_EQUALS);
	assert_int_equal(court_why(court, of_own), WHY_EQUALS);
	assert_int_equal(court_why(court, of_above), WHY_EQUALS);
	assert_int_equal(court_why(court, of_nothing), WHY_GRANT_MISSING);
	assert_int_equal(court_why(court, of_far), WHY_PREFIX);
	assert_int_equal(court_why(court, of_void), WHY_GRANT_OUTSIDE);
	assert_false(court_grant(court, court->gu_grant)->revoked);
	assert_false(court_grant(court, court->dong_grant)->revoked);
	assert_false(court_grant(court, equal)->revoked);
}

static void
a_revocation_beyond_the_cut_of_its_author_does_not_count(void **state)
{
	struct court *court = *state;
	struct charter *c = &court->c;
	struct log_cut cut = charter_cut(c, court->gu, 3);
	struct ref late = charter_revoke(
	    c, court->gu, &court->dong_grant, true, NULL, 0);

	(void)charter_revoke(c, 0, &court->gu_grant, false, &cut, 1);
	court_judge(court);
	assert_int_equal(court_why(court, late), WHY_CUT);
	assert_false(court_grant(court, court->dong_grant)->revoked);
	assert_true(court_may(court, DONG, RIGHT_WRITE, "d01/c1/case"));
}

static void
a_revoked_member_returns_by_a_new_grant(void **state)
{
	struct court *court = *state;
	struct charter *c = &court->c;

	(void)charter_revoke(c, court->gu, &court->dong_grant, true, NULL, 0);
	court_judge(court);
	assert_true(court_member(court, DONG)->counts);
	assert_true(court_member(court, DONG)->revoked);
	assert_true(court_member(court, DONG)->compromised);
	assert_false(court_member(court, GU)->revoked);
	(void)charter_grant(c, court->gu, DONG, "d01/c1", "write", "");
	court_judge(court);
	assert_false(court_member(court, DONG)->revoked);
	assert_false(court_member(court, DONG)->compromised);
	assert_true(court_may(court, DONG, RIGHT_WRITE, "d01/c1/case"));
}

static void
beyond_a_fork_what_takes_away_counts_and_what_gives_does_not(void **state)
{
	struct court *court = *state;
	struct charter *c = &court->c;
	struct ref common = charter_member(c, court->gu, DONG2, "둘");
	struct ref fresh = charter_grant(
	    c, court->gu, WORKER, "d01/c1", "write", "");
	size_t twin = charter_branch(c, court->gu, 4);
	struct ref twice = charter_grant(
	    c, twin, WORKER, "d01/c1", "read:N", "");
	struct ref member = charter_member(c, twin, LAST, "셋");
	struct ref revoke = charter_revoke(
	    c, twin, &court->dong_grant, false, NULL, 0);
	struct charter_held held;

	court_judge(court);
	assert_int_equal(court_why(court, common), WHY_COUNTS);
	assert_int_equal(court_why(court, court->dong_grant), WHY_COUNTS);
	assert_int_equal(court_why(court, fresh), WHY_FORKED);
	assert_int_equal(court_why(court, twice), WHY_FORKED);
	assert_int_equal(court_why(court, member), WHY_COUNTS);
	assert_int_equal(court_why(court, revoke), WHY_COUNTS);
	assert_true(court_grant(court, court->dong_grant)->revoked);
	/* Who holds one tip alone sees no fork. */
	charter_held_all(c, &held);
	held.sizes[twin] = 4;
	court_judge_held(court, &held);
	assert_int_equal(court_why(court, fresh), WHY_COUNTS);
	assert_false(court_grant(court, court->dong_grant)->revoked);
}

static void
a_revocation_in_a_branch_beyond_the_cut_does_not_count(void **state)
{
	struct court *court = *state;
	struct charter *c = &court->c;
	struct ref honest = charter_member(c, court->gu, DONG2, "둘");
	struct log_cut cut = charter_cut(c, court->gu, 4);
	size_t twin = charter_branch(c, court->gu, 3);
	struct ref revoke = charter_revoke(
	    c, twin, &court->dong_grant, false, NULL, 0);
	struct ref revoke_too = charter_revoke(
	    c, court->gu, &court->dong_grant, false, NULL, 0);

	(void)charter_revoke(c, 0, &court->gu_grant, true, &cut, 1);
	court_judge(court);
	assert_int_equal(court_why(court, court->dong_grant), WHY_COUNTS);
	assert_int_equal(court_why(court, honest), WHY_COUNTS);
	assert_int_equal(court_why(court, revoke), WHY_CUT);
	assert_int_equal(court_why(court, revoke_too), WHY_CUT);
	assert_false(court_grant(court, court->dong_grant)->revoked);
}

static void
the_newest_name_of_the_highest_stratum_is_shown(void **state)
{
	struct court *court = *state;
	struct charter *c = &court->c;

	(void)charter_member(c, 0, WORKER, "처음");
	(void)charter_member(c, 0, WORKER, "다음");
	(void)charter_member(c, court->gu, WORKER, "나중");
	court_judge(court);
	assert_true(bytes_is(court_member(court, WORKER)->label, "다음"));
	assert_memory_equal(&court_member(court, WORKER)->by, &c->keys[0], 32);
}

static void
who_was_admitted_in_vain_takes_room_of_who_did_it(void **state)
{
	struct court *court = *state;
	struct charter *c = &court->c;
	const struct authority *authority = &court->authority;
	size_t log = charter_open(c, WORKER, "authority", NULL);
	size_t far = charter_open(c, LAST, "authority", NULL);
	struct sign_key payer;

	(void)charter_member(c, court->dong, WORKER, "하나");
	(void)charter_member(c, log, LAST, "둘");
	(void)charter_member(c, far, LAST + 1, "셋");
	(void)charter_member(
	    c, charter_open(c, LAST + 2, "authority", NULL), LAST + 3, "넷");
	(void)charter_member(
	    c, charter_open(c, LAST + 3, "authority", NULL), LAST + 2, "다섯");
	court_judge(court);
	payer = authority_payer(authority, &c->keys[WORKER]);
	assert_memory_equal(&payer, &c->keys[WORKER], 32);
	payer = authority_payer(authority, &c->keys[LAST]);
	assert_memory_equal(&payer, &c->keys[WORKER], 32);
	payer = authority_payer(authority, &c->keys[LAST + 1]);
	assert_memory_equal(&payer, &c->keys[WORKER], 32);
	payer = authority_payer(authority, &c->keys[LAST + 2]);
	assert_true(memcmp(&payer, &c->keys[LAST + 2], 32) == 0 ||
		    memcmp(&payer, &c->keys[LAST + 3], 32) == 0);
	assert_memory_equal(&payer,
	    &(struct sign_key[]){
		authority_payer(authority, &c->keys[LAST + 3])}[0],
	    32);
	payer = authority_payer(authority, &c->keys[LAST + 9]);
	assert_memory_equal(&payer, &c->keys[LAST + 9], 32);
}

static void
what_a_revoked_member_may_still_have(void **state)
{
	struct court *court = *state;
	struct charter *c = &court->c;
	const struct sign_key *key = &c->keys[DONG];
	struct space data = {"d01/c1/case"};
	struct log_name own = {.author = *key, .space = data};
	struct log_name other = {.author = c->keys[GU], .space = data};
	struct clock_depth depth;

	(void)charter_revoke(c, court->gu, &court->dong_grant, false, NULL, 0);
	court_judge(court);
	clock_depth(&court->authority, key, &id_authority, &depth);
	assert_true(depth.any && depth.hold);
	clock_depth(&court->authority, key, &data, &depth);
	assert_false(depth.any);
	clock_log_depth(&court->authority, key, &own, &depth);
	assert_true(depth.any && depth.hold);
	assert_int_equal(depth.classes, CLASSES_ALL);
	clock_log_depth(&court->authority, key, &other, &depth);
	assert_false(depth.any || depth.hold || depth.classes != 0);
	(void)charter_revoke(c, 0, &court->dong_grant, true, NULL, 0);
	court_judge(court);
	clock_depth(&court->authority, key, &id_authority, &depth);
	assert_false(depth.any || depth.hold || depth.classes != 0);
	clock_log_depth(&court->authority, key, &own, &depth);
	assert_false(depth.any || depth.hold || depth.classes != 0);
}

static void
each_reason_has_words_of_its_own(void **state)
{
	(void)state;
	for (int i = WHY_COUNTS; i <= WHY_DISPUTED; i++) {
		for (int k = WHY_COUNTS; k < i; k++)
			assert_string_not_equal(
			    authority_why_text((enum authority_why)i),
			    authority_why_text((enum authority_why)k));
	}
}

int
main(void)
{
#define COURT(f) cmocka_unit_test_setup_teardown(f, court_make, court_remove)
	const struct CMUnitTest tests[] = {
	    COURT(each_grant_is_one_stratum_below_the_one_it_was_given_under),
	    COURT(what_a_log_may_not_say_has_its_reason),
	    COURT(without_the_founding_record_nothing_counts),
	    COURT(a_fact_without_its_body_says_nothing),
	    COURT(
		a_revoked_grant_gives_nothing_and_its_logs_count_up_to_the_cuts),
	    COURT(of_several_revocations_the_lowest_cut_holds),
	    COURT(who_is_not_above_a_grant_cannot_take_it_back),
	    COURT(a_revocation_beyond_the_cut_of_its_author_does_not_count),
	    COURT(a_revoked_member_returns_by_a_new_grant),
	    COURT(beyond_a_fork_what_takes_away_counts_and_what_gives_does_not),
	    COURT(a_revocation_in_a_branch_beyond_the_cut_does_not_count),
	    COURT(the_newest_name_of_the_highest_stratum_is_shown),
	    COURT(who_was_admitted_in_vain_takes_room_of_who_did_it),
	    COURT(what_a_revoked_member_may_still_have),
	    cmocka_unit_test(each_reason_has_words_of_its_own),
	};

	return cmocka_run_group_tests_name(
	    "authority_rules", tests, NULL, NULL);
}
