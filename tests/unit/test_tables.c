/*
 * Promises of core/tables.h, txn.h, space.h and meta.h.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/meta.h"
#include "core/space.h"
#include "tests/lib/replica.h"

static const struct space_no one = {1};

static void
keys_sort_as_the_numbers_in_them(void **state)
{
	static const uint64_t rising[] = {
	    0, 1, 255, 256, UINT64_C(1) << 32, UINT64_MAX};
	struct key a;
	struct key b;

	(void)state;
	for (size_t i = 1; i < COUNT_OF(rising); i++) {
		tables_delta_key(one, (struct log_no){7}, rising[i - 1], &a);
		tables_delta_key(one, (struct log_no){7}, rising[i], &b);
		assert_true(bytes_compare(tables_key(&a), tables_key(&b)) < 0);
		tables_number_key(rising[i - 1], &a);
		tables_number_key(rising[i], &b);
		assert_true(bytes_compare(tables_key(&a), tables_key(&b)) < 0);
	}
	tables_delta_key(one, (struct log_no){7}, UINT64_MAX, &a);
	tables_delta_key(one, (struct log_no){8}, 0, &b);
	assert_true(bytes_compare(tables_key(&a), tables_key(&b)) < 0);
	tables_tree_key(one, (struct log_no){7}, 4, UINT64_MAX, &a);
	tables_tree_key(one, (struct log_no){7}, 5, 0, &b);
	assert_true(bytes_compare(tables_key(&a), tables_key(&b)) < 0);
}

static void
a_key_with_fewer_parts_is_the_prefix_of_one_with_more(void **state)
{
	struct record_id record = {{9}};
	struct log_id log = {{8}};
	struct key space;
	struct key part;
	struct key whole;

	(void)state;
	tables_space_key(one, &space);
	tables_log_prefix(one, (struct log_no){7}, &part);
	tables_delta_key(one, (struct log_no){7}, 3, &whole);
	assert_true(bytes_begins(tables_key(&part), tables_key(&space)));
	assert_true(bytes_begins(tables_key(&whole), tables_key(&part)));
	tables_tree_key(one, (struct log_no){7}, 4, 3, &whole);
	assert_true(bytes_begins(tables_key(&whole), tables_key(&part)));
	tables_log_key(one, &log, &whole);
	assert_true(bytes_begins(tables_key(&whole), tables_key(&space)));
	tables_record_key(one, &record, &part);
	tables_history_key(
	    one, &record, (struct history_at){{1}, 2, 3}, &whole);
	assert_true(bytes_begins(tables_key(&whole), tables_key(&part)));
}

static void
places_in_a_history_come_back(void **state)
{
	struct record_id record;
	struct record_id read;
	struct history_at at = {{7}, UINT64_C(1) << 40, 999};
	struct history_at back;
	struct key key;

	(void)state;
	memset(record.b, 0xab, sizeof(record.b));
	tables_history_key(one, &record, at, &key);
	assert_int_equal(
	    tables_history_get(tables_key(&key), &read, &back), ERR_OK);
	assert_memory_equal(read.b, record.b, sizeof(record.b));
	assert_int_equal(back.log.v, at.log.v);
	assert_true(back.seq == at.seq);
	assert_int_equal(back.change, at.change);
	for (size_t n = 0; n < key.n; n++)
		assert_int_equal(
		    tables_history_get(bytes_of(key.b, n), &read, &back),
		    ERR_CORRUPT);
}

static void
a_row_opens_only_as_it_was_made(void **state)
{
	struct bytes key = bytes_text("k");
	struct bytes content = bytes_text("골목 안");
	struct bytes got;
	struct buf row = {0};
	struct buf same = {0};

	(void)state;
	tables_row(key, content, &row);
	tables_row_begin(&same);
	buf_add(&same, content);
	tables_row_end(key, &same);
	assert_true(bytes_equal(buf_bytes(&row), buf_bytes(&same)));
	assert_int_equal(
	    tables_open(TABLE_LOGS, key, buf_bytes(&row), &got), ERR_OK);
	assert_true(bytes_equal(got, content));
	assert_int_equal(
	    tables_open(TABLE_LOGS, bytes_text("l"), buf_bytes(&row), &got),
	    ERR_CORRUPT);
	for (size_t n = 0; n < row.n; n++)
		assert_int_equal(
		    tables_open(TABLE_LOGS, key, bytes_of(row.p, n), &got),
		    ERR_CORRUPT);
	for (size_t bit = 0; bit < 8 * row.n; bit++) {
		row.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_int_equal(
		    tables_open(TABLE_LOGS, key, buf_bytes(&row), &got),
		    ERR_CORRUPT);
		row.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	buf_fini(&row);
	buf_fini(&same);
}

static void
a_damaged_row_is_named_with_what_to_do(void **state)
{
	struct bytes got;

	(void)state;
	assert_int_equal(
	    tables_open(TABLE_HEADS, bytes_text("k"), bytes_text("x"), &got),
	    ERR_CORRUPT);
	assert_non_null(strstr(err_text(), "heads"));
	assert_non_null(strstr(err_text(), "6b"));
	assert_non_null(strstr(err_text(), "golmok fsck"));
}

static void
every_table_has_a_name_of_its_own(void **state)
{
	(void)state;
	for (size_t i = 0; i < TABLE_COUNT; i++) {
		assert_non_null(tables_names[i]);
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(
			    tables_names[i], tables_names[k]);
	}
}

static struct space
space_of(const char *text)
{
	struct space space;

	assert_int_equal(id_space(bytes_text(text), &space), ERR_OK);
	return space;
}

static void
a_space_keeps_its_number_and_digests(void **state)
{
	struct replica *replica = *state;
	struct txn *txn = replica_begin(replica, true);
	struct space a = space_of("d03/c017/case");
	struct space b = space_of("d03/c017/admin");
	struct space_state *space;
	struct space_no no;

	assert_null(space_find(txn, &a));
	assert_int_equal(space_get(txn, &a, &space), ERR_OK);
	no = space->no;
	assert_true(no.v > 0);
	memset(space->digests[CLASS_F].b, 0x5a, 32);
	space->records = 77;
	space->dirty = true;
	assert_int_equal(space_get(txn, &b, &space), ERR_OK);
	assert_int_not_equal(space->no.v, no.v);

	txn = replica_reopen(replica);
	space = space_find(txn, &a);
	assert_non_null(space);
	assert_int_equal(space->no.v, no.v);
	assert_int_equal(space->digests[CLASS_F].b[31], 0x5a);
	assert_int_equal(space->digests[CLASS_S].b[31], 0);
	assert_int_equal(space->records, 77);
	assert_ptr_equal(space_find(txn, &a), space);
	replica_commit(replica);
}

static void
a_space_is_found_by_its_number(void **state)
{
	struct replica *replica = *state;
	struct txn *txn = replica_begin(replica, true);
	struct space a = space_of("d03/a");
	struct space b = space_of("d03/b");
	struct space_state *space;
	struct space_no no;

	assert_int_equal(space_get(txn, &a, &space), ERR_OK);
	no = space->no;
	assert_int_equal(space_get(txn, &b, &space), ERR_OK);
	txn = replica_reopen(replica);
	assert_int_equal(space_by_no(txn, no, &space), ERR_OK);
	assert_string_equal(space->name.text, a.text);
	assert_int_equal(
	    space_by_no(txn, (struct space_no){99}, &space), ERR_CORRUPT);
	replica_abort(replica);
}

static void
all_spaces_come_by_name_new_ones_too(void **state)
{
	static const char *const names[] = {
	    "authority", "d01/x", "d02/a", "d02/b"};
	struct replica *replica = *state;
	struct txn *txn = replica_begin(replica, true);
	struct space_state *space;
	struct space_state **all;
	struct space name;
	size_t n;

	for (size_t i = COUNT_OF(names); i-- > 0;) {
		name = space_of(names[i]);
		assert_int_equal(space_get(txn, &name, &space), ERR_OK);
		if (i == 2)
			txn = replica_reopen(replica);
	}
	assert_int_equal(space_all(txn, &all, &n), ERR_OK);
	assert_int_equal(n, COUNT_OF(names));
	for (size_t i = 0; i < n; i++) {
		assert_string_equal(all[i]->name.text, names[i]);
		assert_ptr_equal(space_find(txn, &all[i]->name), all[i]);
	}
	replica_commit(replica);
}

static void
a_damaged_space_spoils_the_transaction(void **state)
{
	struct replica *replica = *state;
	struct txn *txn = replica_begin(replica, true);
	struct space a = space_of("d03/a");
	struct space_state *space;
	struct key key = {.n = 0};

	assert_int_equal(space_get(txn, &a, &space), ERR_OK);
	txn = replica_reopen(replica);
	tables_key_add(&key, bytes_text(a.text));
	replica_flip(replica, TABLE_SPACES, &key, 100);
	assert_null(space_find(txn, &a));
	assert_int_equal(kv_failed(txn->kv), ERR_CORRUPT);
	assert_int_equal(space_get(txn, &a, &space), ERR_CORRUPT);
	assert_int_equal(txn_commit(txn), ERR_CORRUPT);
	assert_non_null(strstr(err_text(), "spaces"));
}

static void
a_failure_in_a_transaction_decides_its_commit(void **state)
{
	struct replica *replica = *state;
	struct txn *txn = replica_begin(replica, true);

	meta_put_number(txn, "number", 5);
	assert_int_equal(
	    txn_fail(txn, err_set(ERR_LIMIT, "too much")), ERR_LIMIT);
	assert_int_equal(txn_commit(txn), ERR_LIMIT);
	assert_string_equal(err_text(), "too much");
	txn_abort(txn);
	txn = replica_begin(replica, false);
	assert_int_equal(meta_number(txn, "number"), 0);
	replica_commit(replica);
}

static void
named_values_come_back_with_their_type(void **state)
{
	struct replica *replica = *state;
	struct txn *txn = replica_begin(replica, true);
	struct bytes value;
	uint8_t four[4];

	assert_false(meta_find(txn, "label", &value));
	assert_int_equal(meta_number(txn, "number"), 0);
	meta_put(txn, "label", bytes_text("성수1가"));
	meta_put_number(txn, "number", UINT64_MAX);
	meta_put(txn, "four", bytes_text("abcd"));
	meta_put(txn, "gone", bytes_text("x"));
	meta_del(txn, "gone");
	txn = replica_reopen(replica);
	assert_true(meta_find(txn, "label", &value));
	assert_true(bytes_is(value, "성수1가"));
	assert_true(meta_number(txn, "number") == UINT64_MAX);
	assert_true(meta_find_fixed(txn, "four", four, 4));
	assert_memory_equal(four, "abcd", 4);
	assert_false(meta_find(txn, "gone", &value));
	replica_commit(replica);
}

static void
a_named_value_of_a_wrong_size_is_damage(void **state)
{
	struct replica *replica = *state;
	struct txn *txn = replica_begin(replica, true);

	meta_put(txn, "number", bytes_text("123"));
	assert_int_equal(meta_number(txn, "number"), 0);
	assert_int_equal(kv_failed(txn->kv), ERR_CORRUPT);
	replica_abort(replica);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(keys_sort_as_the_numbers_in_them),
	    cmocka_unit_test(
		a_key_with_fewer_parts_is_the_prefix_of_one_with_more),
	    cmocka_unit_test(places_in_a_history_come_back),
	    cmocka_unit_test(a_row_opens_only_as_it_was_made),
	    cmocka_unit_test(a_damaged_row_is_named_with_what_to_do),
	    cmocka_unit_test(every_table_has_a_name_of_its_own),
	    cmocka_unit_test_setup_teardown(
		a_space_keeps_its_number_and_digests, replica_make,
		replica_remove),
	    cmocka_unit_test_setup_teardown(
		a_space_is_found_by_its_number, replica_make, replica_remove),
	    cmocka_unit_test_setup_teardown(
		all_spaces_come_by_name_new_ones_too, replica_make,
		replica_remove),
	    cmocka_unit_test_setup_teardown(
		a_damaged_space_spoils_the_transaction, replica_make,
		replica_remove),
	    cmocka_unit_test_setup_teardown(
		a_failure_in_a_transaction_decides_its_commit, replica_make,
		replica_remove),
	    cmocka_unit_test_setup_teardown(
		named_values_come_back_with_their_type, replica_make,
		replica_remove),
	    cmocka_unit_test_setup_teardown(
		a_named_value_of_a_wrong_size_is_damage, replica_make,
		replica_remove),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
