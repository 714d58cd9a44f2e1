/*
 * Promises of core/authority_settle.h: the evaluation that core makes is that
 * of docs/format.md §8, as a second, slow reader of the text understands it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/authority_settle.h"
#include "tests/lib/intrigue.h"
#include "tests/lib/justice.h"
#include "tests/lib/verdict.h"

enum { SAGAS = 1500, STEPS = 60 };

/* What of all the sagas counted, so that we know that they are any use. */
struct tally {
	size_t grants[LIMIT_GRANT_DEPTH + 1];
	size_t revoked;
	size_t revocations[2];
	size_t why[WHY_DISPUTED + 1];
	size_t voided;
	size_t adopted; /* grants */
	size_t rotated;
};

/* Is it the word of somebody else than who wrote it? */
static bool
is_adopted(const struct charter *charter, const struct grant *grant)
{
	size_t i = 0;

	while (memcmp(&charter->logs[i].trunk, &grant->fact.log, 16) != 0)
		i++;
	return memcmp(&charter->logs[i].name.author, &grant->by, 32) != 0;
}

static void
tally_add(struct tally *tally, const struct charter *charter,
    const struct authority *authority)
{
	for (size_t i = 0; i < authority->grants_n; i++) {
		const struct grant *grant = &authority->grants[i];

		tally->grants[grant->stratum]++;
		tally->revoked += grant->revoked;
		tally->adopted += grant->counts && is_adopted(charter, grant);
	}
	for (size_t i = 0; i < authority->revocations_n; i++)
		tally->revocations[authority->revocations[i].counts]++;
	for (size_t i = 0; i < authority->outsiders_n; i++) {
		tally->why[authority->outsiders[i].why]++;
		tally->voided += authority->outsiders[i].voided;
	}
	tally->rotated += authority->roots_n > 1;
}

static void
texts_compare(const struct buf *wanted, const struct buf *found, size_t seed)
{
	size_t line = 0;

	for (size_t i = 0; i < wanted->n && i < found->n; i++) {
		if (wanted->p[i] != found->p[i]) {
			print_error("saga %zu\nwanted %.*s\nfound %.*s\n", seed,
			    (int)(wanted->n - line < 300 ? wanted->n - line
							 : 300),
			    (const char *)wanted->p + line,
			    (int)(found->n - line < 300 ? found->n - line
							: 300),
			    (const char *)found->p + line);
			break;
		}
		if (wanted->p[i] == '\n')
			line = i + 1;
	}
	assert_int_equal(wanted->n, found->n);
	assert_memory_equal(wanted->p, found->p, wanted->n);
}

static void
saga_judge(size_t seed, struct tally *tally)
{
	static struct charter charter;
	struct prng prng = {.seed = seed};
	struct charter_held held;
	struct authority_facts facts;
	struct authority authority = {0};
	struct arena arena = {0};
	struct arena scratch = {0};
	struct buf wanted = {0};
	struct buf found = {0};

	charter_init(&charter, seed);
	intrigue_write(&charter, STEPS);
	if (seed % 2 == 0)
		charter_held_all(&charter, &held);
	else
		intrigue_held(&charter, &prng, &held);
	charter_held_facts(&charter, &held, &arena, &facts);
	authority_settle_all(&facts, &scratch, &authority);
	justice_say(&charter, &held, &wanted);
	verdict_print(&authority, &found);
	texts_compare(&wanted, &found, seed);
	tally_add(tally, &charter, &authority);
	authority_fini(&authority);
	arena_fini(&arena);
	arena_fini(&scratch);
	buf_fini(&wanted);
	buf_fini(&found);
	charter_fini(&charter);
}

static void
a_second_reader_of_the_text_judges_the_same(void **state)
{
	struct tally tally = {0};

	(void)state;
	for (size_t seed = 1; seed <= SAGAS; seed++)
		saga_judge(seed, &tally);
	for (size_t i = 0; i <= LIMIT_GRANT_DEPTH; i++)
		assert_true(tally.grants[i] > SAGAS / 5);
	assert_true(tally.revoked > SAGAS / 5);
	assert_true(tally.revocations[0] > SAGAS / 5);
	assert_true(tally.revocations[1] > SAGAS / 5);
	assert_true(tally.voided > SAGAS / 5);
	assert_true(tally.adopted > SAGAS / 50);
	assert_true(tally.rotated > SAGAS / 50);
	for (size_t i = WHY_NOT_FOUNDED; i <= WHY_DISPUTED; i++)
		assert_true(tally.why[i] > SAGAS / 50);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_second_reader_of_the_text_judges_the_same),
	};

	return cmocka_run_group_tests_name(
	    "authority_settle", tests, NULL, NULL);
}
