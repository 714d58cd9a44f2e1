/*
 * Promises of core/dials.h: one sorted list of places, whole or refused.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/dials.h"
#include "core/meta.h"
#include "proto/codec.h"
#include "tests/lib/replica.h"

static void
assert_listed(struct txn *txn, const char *const *places, size_t n)
{
	const struct bytes *list;

	assert_int_equal(dials_list(txn, &list), n);
	for (size_t i = 0; i < n; i++)
		assert_true(bytes_is(list[i], places[i]));
	assert_int_equal(kv_failed(txn->kv), ERR_OK);
}

static void
places_stand_by_their_bytes_and_each_once(void **state)
{
	static const char *const all[] = {"a:1", "b:1", "c:1", "d:1"};
	static const char *const left[] = {"b:1", "d:1"};
	struct replica *replica = *state;
	struct txn *txn = replica_begin(replica, true);

	assert_listed(txn, NULL, 0);
	assert_int_equal(dials_add(txn, bytes_text("c:1")), ERR_OK);
	assert_int_equal(dials_add(txn, bytes_text("a:1")), ERR_OK);
	assert_int_equal(dials_add(txn, bytes_text("d:1")), ERR_OK);
	assert_int_equal(dials_add(txn, bytes_text("b:1")), ERR_OK);
	for (size_t i = 0; i < COUNT_OF(all); i++) {
		assert_int_equal(
		    dials_add(txn, bytes_text(all[i])), ERR_EXISTS);
		assert_non_null(strstr(err_text(), all[i]));
	}
	txn = replica_reopen(replica);
	assert_listed(txn, all, COUNT_OF(all));
	assert_int_equal(dials_remove(txn, bytes_text("c:1")), ERR_OK);
	assert_int_equal(dials_remove(txn, bytes_text("a:1")), ERR_OK);
	assert_int_equal(dials_remove(txn, bytes_text("c:1")), ERR_NOT_FOUND);
	txn = replica_reopen(replica);
	assert_listed(txn, left, COUNT_OF(left));
	replica_commit(replica);
}

static void
a_full_list_takes_no_more_and_loses_none(void **state)
{
	struct replica *replica = *state;
	struct txn *txn = replica_begin(replica, true);
	const struct bytes *list;
	char place[32];

	for (int i = 0; i < LIMIT_DIALS; i++) {
		(void)snprintf(place, sizeof(place), "host%02d:7700", i);
		assert_int_equal(dials_add(txn, bytes_text(place)), ERR_OK);
	}
	assert_int_equal(dials_add(txn, bytes_text("z:1")), ERR_LIMIT);
	assert_int_equal(dials_add(txn, bytes_text("a:1")), ERR_LIMIT);
	assert_int_equal(dials_add(txn, bytes_text(place)), ERR_EXISTS);
	assert_int_equal(dials_list(txn, &list), LIMIT_DIALS);
	assert_int_equal(dials_remove(txn, bytes_text(place)), ERR_OK);
	assert_int_equal(dials_add(txn, bytes_text("z:1")), ERR_OK);
	assert_int_equal(dials_list(txn, &list), LIMIT_DIALS);
	assert_true(bytes_is(list[LIMIT_DIALS - 1], "z:1"));
	replica_commit(replica);
}

/* Nobody may be told that a place is not there, or write a list of one over
 * many, where the list itself cannot be read. */
static void
assert_damaged(struct replica *replica, struct bytes row)
{
	const struct bytes *list;
	struct txn *txn = replica_begin(replica, true);

	meta_put(txn, meta_dials, row);
	assert_int_equal(dials_list(txn, &list), 0);
	assert_int_equal(kv_failed(txn->kv), ERR_CORRUPT);
	assert_non_null(strstr(err_text(), "places to dial"));
	replica_abort(replica);
	txn = replica_begin(replica, true);
	meta_put(txn, meta_dials, row);
	assert_int_equal(dials_add(txn, bytes_text("a:1")), ERR_CORRUPT);
	assert_int_equal(txn_commit(txn), ERR_CORRUPT);
	txn = replica_begin(replica, true);
	meta_put(txn, meta_dials, row);
	assert_int_equal(dials_remove(txn, bytes_text("a:1")), ERR_CORRUPT);
	assert_int_equal(txn_commit(txn), ERR_CORRUPT);
}

static void
a_damaged_list_is_no_empty_one(void **state)
{
	struct buf row = {0};

	assert_damaged(*state, bytes_text("\xc0"));
	assert_damaged(*state, bytes_text("\x91"));
	assert_damaged(*state, bytes_text("\x91\x01"));
	assert_damaged(*state, bytes_text("\x92\xa3"
					  "a:1\x02"));
	/* An empty place, one with a control character, bytes behind it. */
	assert_damaged(*state, bytes_text("\x91\xa0"));
	assert_damaged(*state, bytes_text("\x91\xa3"
					  "a\n1"));
	assert_damaged(*state, bytes_text("\x91\xa3"
					  "a:1\xc0"));
	/* Not in their order, and one twice. */
	assert_damaged(*state, bytes_text("\x92\xa3"
					  "b:1\xa3"
					  "a:1"));
	assert_damaged(*state, bytes_text("\x92\xa3"
					  "a:1\xa3"
					  "a:1"));
	codec_put_array(&row, LIMIT_DIALS + 1);
	for (int i = 0; i < LIMIT_DIALS + 1; i++)
		codec_put_text(&row, bytes_text("a:1"));
	assert_damaged(*state, buf_bytes(&row));
	buf_fini(&row);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
		places_stand_by_their_bytes_and_each_once, replica_make,
		replica_remove),
	    cmocka_unit_test_setup_teardown(
		a_full_list_takes_no_more_and_loses_none, replica_make,
		replica_remove),
	    cmocka_unit_test_setup_teardown(
		a_damaged_list_is_no_empty_one, replica_make, replica_remove),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
