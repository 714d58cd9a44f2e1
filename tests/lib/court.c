/*
 * A small city on paper, for tests of one rule each.
 */
#include "tests/lib/court.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/authority_settle.h"

int
court_make(void **state)
{
	static struct court court;
	struct charter *c = &court.c;

	memset(&court, 0, sizeof(court));
	charter_init(c, 11);
	(void)charter_open(c, 0, "authority", NULL);
	(void)charter_member(c, 0, GU, "구청");
	court.gu_grant = charter_grant(c, 0, GU, "d01", "all", "all");
	court.gu = charter_open(c, GU, "authority", &court.gu_grant);
	(void)charter_member(c, court.gu, DONG, "동");
	court.dong_grant = charter_grant(
	    c, court.gu, DONG, "d01/c1", COURT_ADMIN, COURT_ADMIN);
	court.dong = charter_open(c, DONG, "authority", &court.dong_grant);
	*state = &court;
	return 0;
}

int
court_remove(void **state)
{
	struct court *court = *state;

	authority_fini(&court->authority);
	arena_fini(&court->arena);
	charter_fini(&court->c);
	return 0;
}

void
court_judge_held(struct court *court, const struct charter_held *held)
{
	struct arena scratch = {0};
	struct authority_facts facts;

	authority_fini(&court->authority);
	arena_fini(&court->arena);
	charter_held_facts(&court->c, held, &court->arena, &facts);
	authority_settle_all(&facts, &scratch, &court->authority);
	arena_fini(&scratch);
}

void
court_judge(struct court *court)
{
	struct charter_held held;

	charter_held_all(&court->c, &held);
	court_judge_held(court, &held);
}

enum authority_why
court_why(const struct court *court, struct ref ref)
{
	const struct authority *authority = &court->authority;

	for (size_t i = 0; i < authority->outsiders_n; i++) {
		if (id_ref_compare(&authority->outsiders[i].fact, &ref) == 0)
			return authority->outsiders[i].why;
	}
	return WHY_COUNTS;
}

bool
court_voided(const struct court *court, struct ref ref)
{
	const struct authority *authority = &court->authority;

	for (size_t i = 0; i < authority->outsiders_n; i++) {
		if (id_ref_compare(&authority->outsiders[i].fact, &ref) == 0)
			return authority->outsiders[i].voided;
	}
	return false;
}

const struct grant *
court_grant(const struct court *court, struct ref ref)
{
	const struct authority *authority = &court->authority;

	for (size_t i = 0; i < authority->grants_n; i++) {
		if (id_ref_compare(&authority->grants[i].fact, &ref) == 0)
			return &authority->grants[i];
	}
	fail_msg("the grant is not there");
	return NULL;
}

bool
court_may(
    const struct court *court, size_t key, enum right right, const char *in)
{
	struct space space;

	assert_int_equal(id_space(bytes_text(in), &space), ERR_OK);
	return authority_may(
	    &court->authority, &court->c.keys[key], right, &space, NULL);
}

const struct member *
court_member(const struct court *court, size_t key)
{
	return authority_member(&court->authority, &court->c.keys[key]);
}

struct ref
court_decide(
    struct court *court, size_t log, enum delta_kind kind, struct ref fact)
{
	return charter_decide(&court->c, log,
	    &(struct charter_decision){
		.kind = kind, .targets = &fact, .targets_n = 1});
}
