/*
 * Promises of core/authority_decide.h and core/authority_roots.h: adopts and
 * voids of facts, and root keys that follow each other.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/lib/court.h"

/* A grant of write in d01/c1 that nobody may give: its log names no grant. */
static struct ref
stray_grant(struct court *court)
{
	struct charter *c = &court->c;

	return charter_grant(c, charter_open(c, LAST, "authority", NULL),
	    WORKER, "d01/c1", "write", "");
}

/* A decision about `fact` in the place of `earlier`. */
static struct ref
decide_again(struct court *court, size_t log, enum delta_kind kind,
    struct ref fact, struct ref earlier)
{
	return charter_decide(&court->c, log,
	    &(struct charter_decision){.kind = kind,
		.targets = &fact,
		.targets_n = 1,
		.replaces = &earlier,
		.replaces_n = 1});
}

static void
an_adopted_grant_is_the_word_of_who_adopts_it(void **state)
{
	struct court *court = *state;
	struct ref stray = stray_grant(court);
	const struct grant *grant;

	(void)court_decide(court, court->dong, DELTA_ADOPT, stray);
	court_judge(court);
	grant = court_grant(court, stray);
	assert_true(grant->counts);
	assert_int_equal(grant->stratum, 3);
	assert_memory_equal(&grant->by, &court->c.keys[DONG], 32);
	assert_memory_equal(
	    &grant->under, &court->dong_grant, sizeof(struct ref));
	(void)court_decide(court, 0, DELTA_ADOPT, stray);
	court_judge(court);
	assert_int_equal(court_grant(court, stray)->stratum, 1);
	assert_int_equal(court_why(court, stray), WHY_COUNTS);
}

static void
who_could_not_write_a_fact_cannot_adopt_it(void **state)
{
	struct court *court = *state;
	struct charter *c = &court->c;
	size_t log = charter_open(c, LAST, "authority", NULL);
	struct ref wide = charter_grant(c, log, WORKER, "d01", "write", "");
	struct ref revoke = charter_revoke(
	    c, log, &court->gu_grant, false, NULL, 0);
	struct ref admit = charter_member(c, log, WORKER, "일꾼");

	(void)court_decide(court, court->dong, DELTA_ADOPT, wide);
	(void)court_decide(court, court->gu, DELTA_ADOPT, revoke);
	(void)court_decide(court, log, DELTA_ADOPT, admit);
	court_judge(court);
	assert_int_equal(court_why(court, wide), WHY_NO_GRANT);
	assert_int_equal(court_why(court, revoke), WHY_NO_GRANT);
	assert_int_equal(court_why(court, admit), WHY_NO_GRANT);
	(void)court_decide(court, court->dong, DELTA_ADOPT, admit);
	court_judge(court);
	assert_int_equal(court_why(court, admit), WHY_COUNTS);
	(void)court_decide(court, 0, DELTA_ADOPT, revoke);
	court_judge(court);
	assert_int_equal(court_why(court, revoke), WHY_COUNTS);
	assert_true(court_grant(court, court->gu_grant)->revoked);
}

static void
root_decides_between_equals_by_adopting_a_revocation(void **state)
{
	struct court *court = *state;
	struct charter *c = &court->c;
	struct ref equal = charter_grant(c, 0, GU2, "d01", "all", "all");
	size_t log = charter_open(c, GU2, "authority", &equal);
	struct log_cut cut = charter_cut(c, court->gu, 3);
	struct ref revoke = charter_revoke(
	    c, log, &court->gu_grant, true, &cut, 1);

	court_judge(court);
	assert_int_equal(court_why(court, revoke), WHY_EQUALS);
	(void)court_decide(court, 0, DELTA_ADOPT, revoke);
	court_judge(court);
	assert_int_equal(court_why(court, revoke), WHY_COUNTS);
	assert_int_equal(court->authority.revocations[0].stratum, 0);
	assert_true(court_grant(court, court->gu_grant)->revoked);
	assert_true(court_member(court, GU)->compromised);
	assert_int_equal(court_why(court, court->dong_grant), WHY_COUNTS);
}

static void
a_cut_grant_is_adopted_back_with_a_range(void **state)
{
	struct court *court = *state;
	struct charter *c = &court->c;
	struct ref late = charter_grant(
	    c, court->dong, WORKER, "d01/c1", "write", "");
	struct log_cut all = charter_cut(c, court->dong, 2);
	struct ref later = charter_member(c, court->dong, WORKER, "일꾼");

	(void)charter_revoke(c, 0, &court->dong_grant, false, NULL, 0);
	court_judge(court);
	assert_int_equal(court_why(court, late), WHY_CUT);
	(void)charter_decide(c, court->gu,
	    &(struct charter_decision){
		.kind = DELTA_ADOPT, .cuts = &all, .cuts_n = 1});
	court_judge(court);
	assert_int_equal(court_why(court, late), WHY_COUNTS);
	assert_int_equal(court_grant(court, late)->stratum, 2);
	assert_int_equal(court_why(court, later), WHY_CUT);
}

static void
the_highest_stratum_that_speaks_prevails(void **state)
{
	struct court *court = *state;
	struct ref stray = stray_grant(court);
	struct ref root_void;

	(void)court_decide(court, court->gu, DELTA_ADOPT, stray);
	root_void = court_decide(court, 0, DELTA_VOID, stray);
	court_judge(court);
	assert_int_equal(court_why(court, stray), WHY_NO_GRANT);
	assert_true(court_voided(court, stray));
	/* Root takes it back without another word about it: gu's stands. */
	(void)decide_again(court, 0, DELTA_VOID, court->gu_grant, root_void);
	court_judge(court);
	assert_int_equal(court_why(court, stray), WHY_COUNTS);
	assert_int_equal(court_grant(court, stray)->stratum, 2);
}

static void
decisions_of_equals_that_disagree_leave_a_fact_outside(void **state)
{
	struct court *court = *state;
	struct charter *c = &court->c;
	struct ref equal = charter_grant(c, 0, GU2, "d01", "all", "all");
	size_t log = charter_open(c, GU2, "authority", &equal);
	struct ref stray = stray_grant(court);
	struct ref adopt = court_decide(court, court->gu, DELTA_ADOPT, stray);
	struct ref against = court_decide(court, log, DELTA_VOID, stray);

	court_judge(court);
	assert_int_equal(court_why(court, stray), WHY_DISPUTED);
	assert_false(court_voided(court, stray));
	(void)decide_again(court, court->gu, DELTA_ADOPT, stray, against);
	court_judge(court);
	assert_int_equal(court_why(court, stray), WHY_COUNTS);
	(void)decide_again(court, log, DELTA_VOID, stray, adopt);
	court_judge(court);
	assert_int_equal(court_why(court, stray), WHY_DISPUTED);
	(void)court_decide(court, 0, DELTA_ADOPT, stray);
	court_judge(court);
	assert_int_equal(court_why(court, stray), WHY_COUNTS);
	assert_int_equal(court_grant(court, stray)->stratum, 1);
}

static void
a_replacement_reaches_through_decisions_of_any_status(void **state)
{
	struct court *court = *state;
	struct charter *c = &court->c;
	struct ref stray = stray_grant(court);
	struct ref first = court_decide(court, court->gu, DELTA_VOID, stray);
	/* Its author may decide nothing. */
	size_t log = charter_open(c, LAST, "authority", NULL);
	struct ref link = decide_again(court, log, DELTA_VOID, stray, first);

	court_judge(court);
	assert_true(court_voided(court, stray));
	(void)decide_again(court, court->gu, DELTA_ADOPT, stray, link);
	court_judge(court);
	assert_int_equal(court_why(court, stray), WHY_COUNTS);
}

static void
who_has_no_say_about_a_fact_replaces_no_decision_about_it(void **state)
{
	struct court *court = *state;
	struct charter *c = &court->c;
	struct ref other = charter_grant(c, 0, GU2, "d02", "all", "all");
	size_t log = charter_open(c, GU2, "authority", &other);
	struct ref stray = stray_grant(court);
	struct ref adopt = court_decide(court, court->gu, DELTA_ADOPT, stray);
	struct ref against = decide_again(court, log, DELTA_VOID, stray, adopt);

	court_judge(court);
	assert_int_equal(court_why(court, stray), WHY_COUNTS);
	/* But a chain through his decision holds. */
	(void)decide_again(court, court->gu, DELTA_VOID, stray, against);
	court_judge(court);
	assert_int_equal(court_why(court, stray), WHY_NO_GRANT);
	assert_true(court_voided(court, stray));
}

static void
an_adopt_beyond_a_fork_does_not_count_but_a_void_does(void **state)
{
	struct court *court = *state;
	struct charter *c = &court->c;
	struct ref stray = stray_grant(court);
	struct ref other = stray_grant(court);
	size_t twin = charter_branch(c, court->gu, c->logs[court->gu].size);

	(void)court_decide(court, court->gu, DELTA_ADOPT, stray);
	(void)court_decide(court, twin, DELTA_VOID, other);
	court_judge(court);
	assert_int_equal(court_why(court, stray), WHY_NO_GRANT);
	assert_false(court_voided(court, stray));
	assert_true(court_voided(court, other));
}

static void
openings_and_decisions_are_never_adopted(void **state)
{
	struct court *court = *state;
	struct charter *c = &court->c;
	size_t log = charter_open(c, LAST, "authority", NULL);
	struct ref stray = charter_grant(c, log, WORKER, "d01", "write", "");
	struct ref vain = court_decide(court, log, DELTA_ADOPT, stray);

	(void)court_decide(court, 0, DELTA_ADOPT, vain);
	(void)court_decide(court, 0, DELTA_ADOPT, charter_ref(c, log, 0));
	court_judge(court);
	assert_int_equal(court_why(court, stray), WHY_NO_GRANT);
}

static void
the_next_root_key_cuts_the_logs_of_the_one_before(void **state)
{
	struct court *court = *state;
	struct charter *c = &court->c;
	struct log_cut cut = charter_cut(c, 0, 3);
	struct ref late = charter_member(c, 0, WORKER, "일꾼");
	size_t spare = charter_open(c, 0, "authority", NULL);
	struct ref unnamed = charter_member(c, spare, WORKER, "일꾼");
	size_t root = charter_rotate(c, 1, 2, &cut, 1);
	struct ref fresh = charter_grant(c, root, LAST, "", "write", "");
	const struct authority *authority = &court->authority;

	court_judge(court);
	assert_int_equal(authority->roots_n, 2);
	assert_memory_equal(&authority->root, &c->keys[1], 32);
	assert_true(authority->has_next);
	assert_true(authority->roots[0].is_cut);
	assert_false(authority->roots[1].is_cut);
	assert_int_equal(court_why(court, late), WHY_ROTATED);
	assert_int_equal(court_why(court, unnamed), WHY_ROTATED);
	assert_int_equal(court_why(court, fresh), WHY_COUNTS);
	assert_int_equal(court_why(court, court->gu_grant), WHY_COUNTS);
	assert_int_equal(court_why(court, court->dong_grant), WHY_COUNTS);
	assert_false(court_member(court, 0)->counts);
	assert_true(court_member(court, 1)->counts);
}

static void
a_key_that_nobody_named_as_next_is_no_root(void **state)
{
	struct court *court = *state;
	struct charter *c = &court->c;
	size_t log = charter_rotate(c, 2, 3, NULL, 0);
	struct ref grant = charter_grant(c, log, LAST, "", "write", "");

	court_judge(court);
	assert_int_equal(court->authority.roots_n, 1);
	assert_int_equal(court_why(court, grant), WHY_NO_GRANT);
}

static void
of_two_rotations_by_one_key_the_lower_cuts_hold_and_nobody_follows(void **state)
{
	struct court *court = *state;
	struct charter *c = &court->c;
	struct ref member = charter_member(c, 0, WORKER, "일꾼");
	struct log_cut low = charter_cut(c, 0, 3);
	struct log_cut high = charter_cut(c, 0, 4);
	size_t root = charter_rotate(c, 1, 2, &low, 1);
	struct ref fresh = charter_member(c, root, LAST, "끝");
	size_t next;
	struct ref refused;

	(void)charter_rotate(c, 1, 2, &low, 1);
	court_judge(court);
	assert_true(court->authority.has_next);
	next = charter_rotate(c, 2, 3, NULL, 0);
	refused = charter_member(c, next, LAST, "끝");
	(void)charter_rotate(c, 1, 3, &high, 1);
	court_judge(court);
	assert_false(court->authority.has_next);
	assert_int_equal(court->authority.roots_n, 2);
	assert_int_equal(court_why(court, member), WHY_ROTATED);
	assert_int_equal(court_why(court, court->gu_grant), WHY_COUNTS);
	assert_int_equal(court_why(court, fresh), WHY_COUNTS);
	assert_int_equal(court_why(court, refused), WHY_NO_GRANT);
}

/* Whose logs are taken: in `authority`, in a data space, and in whose room. */
static void
assert_known(
    struct court *court, size_t key, bool central, bool data, bool common)
{
	const struct authority *authority = &court->authority;
	const struct sign_key *author = &court->c.keys[key];
	struct sign_key payer = authority_payer(authority, author);
	struct space space;

	assert_int_equal(id_space(bytes_text("d01/c1/case"), &space), ERR_OK);
	assert_int_equal(
	    authority_knows(authority, author, &id_authority), central);
	assert_int_equal(authority_knows(authority, author, &space), data);
	assert_memory_equal(
	    &payer, common ? &(struct sign_key){0} : author, sizeof(payer));
}

static void
keys_that_rotations_in_doubt_name_stay_known_in_one_room(void **state)
{
	enum { VAIN = LAST + 1, OTHER, ODD };
	struct court *court = *state;
	struct charter *c = &court->c;
	size_t next;

	court_judge(court);
	assert_known(court, 1, true, false, false);
	assert_known(court, 2, false, false, false);
	(void)charter_rotate(c, 1, 2, NULL, 0);
	/* Nobody named this one. */
	(void)charter_rotate(c, LAST, ODD, NULL, 0);
	court_judge(court);
	assert_known(court, 1, true, true, false);
	assert_known(court, 2, true, false, false);
	next = charter_rotate(c, 2, OTHER, NULL, 0);
	(void)charter_member(c, next, VAIN, "끝");
	court_judge(court);
	assert_known(court, 2, true, true, false);
	assert_known(court, OTHER, true, false, false);
	(void)charter_rotate(c, 1, LAST, NULL, 0);
	court_judge(court);
	assert_int_equal(court->authority.roots_n, 2);
	assert_known(court, 1, true, true, false);
	assert_known(court, 2, true, true, true);
	assert_known(court, VAIN, true, true, true);
	assert_known(court, OTHER, true, false, true);
	assert_known(court, LAST, true, false, true);
	assert_known(court, ODD, false, false, false);
}

int
main(void)
{
#define COURT(f) cmocka_unit_test_setup_teardown(f, court_make, court_remove)
	const struct CMUnitTest tests[] = {
	    COURT(an_adopted_grant_is_the_word_of_who_adopts_it),
	    COURT(who_could_not_write_a_fact_cannot_adopt_it),
	    COURT(root_decides_between_equals_by_adopting_a_revocation),
	    COURT(a_cut_grant_is_adopted_back_with_a_range),
	    COURT(the_highest_stratum_that_speaks_prevails),
	    COURT(decisions_of_equals_that_disagree_leave_a_fact_outside),
	    COURT(a_replacement_reaches_through_decisions_of_any_status),
	    COURT(who_has_no_say_about_a_fact_replaces_no_decision_about_it),
	    COURT(an_adopt_beyond_a_fork_does_not_count_but_a_void_does),
	    COURT(openings_and_decisions_are_never_adopted),
	    COURT(the_next_root_key_cuts_the_logs_of_the_one_before),
	    COURT(a_key_that_nobody_named_as_next_is_no_root),
	    COURT(
		of_two_rotations_by_one_key_the_lower_cuts_hold_and_nobody_follows),
	    COURT(keys_that_rotations_in_doubt_name_stay_known_in_one_room),
	};

	return cmocka_run_group_tests_name(
	    "authority_decide", tests, NULL, NULL);
}
