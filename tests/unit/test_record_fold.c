/*
 * Folding change by change gives, bit by bit, what merging the whole history
 * gives.
 *
 * LINK: -Wl,--wrap=oplog_find,--wrap=oplog_holds
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/lib/saga.h"
#include "tests/lib/shelf.h"

enum { ROUNDS = 250, LONG = 30 };

static const struct saga_config tame = {
    .writers = 3, .changes = LONG, .bare = 4, .odd = 4};
static const struct saga_config wild = {.writers = 4,
    .changes = LONG,
    .settle = 6,
    .void_ = 6,
    .bare = 10,
    .odd = 15};

/* Runs histories of `config`, comparing after each change; gives how many
 * changes were folded. */
static size_t
run(struct replica *replica, struct saga_config config, bool shuffled)
{
	struct txn *txn = replica_begin(replica, true);
	size_t folds = 0;

	for (uint64_t seed = 1; seed <= ROUNDS; seed++) {
		uint64_t random = seed;
		struct arena arena = {0};
		struct merge_change *changes;
		struct shelf shelf;

		config.seed = seed;
		changes = saga_make(&config, &arena);
		if (shuffled)
			saga_shuffle(&random, changes, config.changes);
		shelf_init(&shelf, txn);
		for (size_t i = 0; i < config.changes; i++) {
			shelf_take(&shelf, &changes[i]);
			shelf_assert(&shelf);
		}
		folds += shelf.folds;
		shelf_fini(&shelf);
		arena_fini(&arena);
	}
	replica_abort(replica);
	return folds;
}

static void
folding_in_the_order_of_writing_gives_what_merging_does(void **state)
{
	assert_true(run(*state, tame, false) > ROUNDS * LONG / 5);
}

static void
folding_in_any_order_gives_what_merging_does(void **state)
{
	assert_true(run(*state, tame, true) > 0);
}

static void
folding_wild_histories_gives_what_merging_does(void **state)
{
	assert_true(run(*state, wild, false) > ROUNDS);
	(void)run(*state, wild, true);
}

static void
almost_all_of_a_quiet_history_is_folded(void **state)
{
	struct saga_config quiet = {.writers = 1, .changes = LONG};

	assert_true(run(*state, quiet, false) > ROUNDS * LONG - LONG);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
		folding_in_the_order_of_writing_gives_what_merging_does),
	    cmocka_unit_test(folding_in_any_order_gives_what_merging_does),
	    cmocka_unit_test(folding_wild_histories_gives_what_merging_does),
	    cmocka_unit_test(almost_all_of_a_quiet_history_is_folded),
	};

	return cmocka_run_group_tests(tests, replica_make, replica_remove);
}
