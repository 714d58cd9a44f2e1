/*
 * Promises of core/space.h: every space has a number of its own, for ever, and
 * a store has so many of them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/space.h"
#include "tests/lib/replica.h"

static struct space
name_of(size_t i)
{
	struct space space;
	char text[32];

	(void)snprintf(
	    text, sizeof(text), "d%02zu/c%02zu/case", i / 64, i % 64);
	assert_int_equal(id_space(bytes_text(text), &space), ERR_OK);
	return space;
}

static void
a_store_has_so_many_spaces(void **state)
{
	struct replica *replica = *state;
	struct txn *txn = replica_begin(replica, true);
	struct space_state **all;
	struct space_state *space;
	struct space name;
	size_t n;

	for (size_t i = 0; i < LIMIT_SPACES; i++) {
		name = name_of(i);
		assert_null(space_find(txn, &name));
		assert_int_equal(space_get(txn, &name, &space), ERR_OK);
		assert_int_equal(space->no.v, i + 1);
	}
	txn = replica_reopen(replica);
	/* Those that are there are found, in whatever order. */
	for (size_t i = LIMIT_SPACES; i-- > 0;) {
		struct space_state *found;

		name = name_of(i);
		assert_int_equal(space_get(txn, &name, &space), ERR_OK);
		assert_int_equal(space->no.v, i + 1);
		assert_int_equal(space_by_no(txn, space->no, &found), ERR_OK);
		assert_ptr_equal(found, space);
	}
	assert_int_equal(space_all(txn, &all, &n), ERR_OK);
	assert_int_equal(n, LIMIT_SPACES);
	for (size_t i = 0; i < n; i++) {
		name = name_of(i);
		assert_true(id_space_equal(&all[i]->name, &name));
	}
	name = name_of(LIMIT_SPACES);
	assert_int_equal(space_get(txn, &name, &space), ERR_LIMIT);
	assert_non_null(strstr(err_text(), "4096 spaces already"));
	/* Nothing of such a transaction is kept. */
	assert_int_equal(txn_commit(txn), ERR_LIMIT);
}

static void
a_space_without_a_number_is_not_known(void **state)
{
	struct replica *replica = *state;
	struct txn *txn = replica_begin(replica, true);
	struct space name = name_of(0);
	struct space_state *space;

	assert_int_equal(space_get(txn, &name, &space), ERR_OK);
	replica_abort(replica);
	txn = replica_begin(replica, true);
	assert_null(space_find(txn, &name));
	assert_int_equal(
	    space_by_no(txn, (struct space_no){1}, &space), ERR_CORRUPT);
	replica_abort(replica);
}

int
main(void)
{
#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, replica_make, replica_remove)
	const struct CMUnitTest tests[] = {
	    TEST(a_store_has_so_many_spaces),
	    TEST(a_space_without_a_number_is_not_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
