/*
 * Promises of core/words.h.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/txn.h"
#include "proto/limits.h"
#include "tests/lib/replica.h"

static void
words_get_numbers_in_turn_and_keep_them(void **state)
{
	struct words words = {0};
	char text[8];

	(void)state;
	assert_int_equal(words_find(&words, bytes_text("name")), 0);
	for (uint32_t round = 0; round < 2; round++)
		for (uint32_t i = 1; i <= 500; i++) {
			(void)snprintf(text, sizeof(text), "w%u", i);
			assert_int_equal(
			    words_add(&words, bytes_text(text)), i);
			assert_int_equal(
			    words_find(&words, bytes_text(text)), i);
		}
	assert_int_equal(words.n, 500);
	assert_true(words.list[1].head == UINT64_C(0x7732) << 48);
	assert_int_equal(words_find(&words, bytes_text("w501")), 0);
	words_fini(&words);
}

static void
what_is_too_long_or_too_much_gets_no_number(void **state)
{
	struct words words = {0};
	uint8_t text[WORDS_SIZE_MAX + 1] = {0};

	(void)state;
	assert_int_equal(words_add(&words, bytes_of(text, sizeof(text))), 0);
	for (uint32_t i = 1; i <= LIMIT_WORDS; i++) {
		bytes_put_be32(text, i);
		assert_int_equal(
		    words_add(&words, bytes_of(text, WORDS_SIZE_MAX)), i);
	}
	assert_int_equal(words_add(&words, bytes_text("late")), 0);
	/* Those that are there are found as before. */
	assert_int_equal(
	    words_add(&words, bytes_of(text, WORDS_SIZE_MAX)), LIMIT_WORDS);
	words_fini(&words);
}

static void
words_last_when_the_transaction_does_and_only_then(void **state)
{
	struct replica *replica = *state;
	struct txn *txn = replica_begin(replica, true);

	assert_int_equal(words_add(words_of(txn), bytes_text("one")), 1);
	replica_commit(replica);
	txn = replica_begin(replica, true);
	assert_int_equal(words_add(words_of(txn), bytes_text("two")), 2);
	replica_abort(replica);
	txn = replica_begin(replica, true);
	assert_int_equal(words_find(words_of(txn), bytes_text("two")), 0);
	assert_int_equal(words_add(words_of(txn), bytes_text("three")), 2);
	replica_commit(replica);
	/* As another process sees it. */
	words_fini(&replica->kept.words);
	txn = replica_begin(replica, false);
	assert_int_equal(words_of(txn)->n, 2);
	assert_int_equal(words_find(words_of(txn), bytes_text("one")), 1);
	assert_int_equal(words_find(words_of(txn), bytes_text("three")), 2);
	replica_abort(replica);
}

static void
words_of_another_process_are_met(void **state)
{
	struct replica *replica = *state;
	struct txn *txn = replica_begin(replica, true);
	struct words mine = {0};
	struct words other;

	(void)words_add(words_of(txn), bytes_text("one"));
	replica_commit(replica);
	other = replica->kept.words;
	replica->kept.words = mine;
	txn = replica_begin(replica, true);
	(void)words_add(words_of(txn), bytes_text("two"));
	replica_commit(replica);
	mine = replica->kept.words;
	replica->kept.words = other;
	txn = replica_begin(replica, true);
	assert_int_equal(words_find(words_of(txn), bytes_text("two")), 2);
	words_clear(txn);
	assert_int_equal(words_add(words_of(txn), bytes_text("new")), 1);
	replica_commit(replica);
	other = replica->kept.words;
	replica->kept.words = mine;
	txn = replica_begin(replica, false);
	assert_int_equal(words_find(words_of(txn), bytes_text("new")), 1);
	assert_int_equal(words_of(txn)->n, 1);
	replica_abort(replica);
	words_fini(&other);
}

static void
a_damaged_word_is_noticed(void **state)
{
	struct replica *replica = *state;
	struct txn *txn = replica_begin(replica, true);
	struct key key;

	(void)words_add(words_of(txn), bytes_text("one"));
	(void)words_add(words_of(txn), bytes_text("two"));
	replica_commit(replica);
	txn = replica_begin(replica, true);
	tables_word_key(2, &key);
	for (size_t bit = 0; bit < (size_t)8 * (TABLES_CHECKSUM_SIZE + 3);
	     bit++) {
		replica_flip(replica, TABLE_WORDS, &key, bit);
		words_again(txn);
		assert_int_equal(kv_failed(txn->kv), ERR_CORRUPT);
		replica_abort(replica);
		txn = replica_begin(replica, true);
	}
	/* One that is there twice, and one too few. */
	txn_put(txn, TABLE_WORDS, &key, bytes_text("one"));
	words_again(txn);
	assert_int_equal(kv_failed(txn->kv), ERR_CORRUPT);
	replica_abort(replica);
	txn = replica_begin(replica, true);
	tables_word_key(1, &key);
	kv_del(txn->kv, TABLE_WORDS, tables_key(&key));
	words_again(txn);
	assert_int_equal(kv_failed(txn->kv), ERR_CORRUPT);
	replica_abort(replica);
}

/* The list is as long as it may be; then a row more lies there, or the last is
 * too long. */
static void
a_word_that_nobody_would_have_written_is_noticed(void **state)
{
	struct replica *replica = *state;
	struct txn *txn = replica_begin(replica, true);
	uint8_t text[WORDS_SIZE_MAX + 1] = {0};
	struct key key;

	for (uint32_t i = 1; i <= LIMIT_WORDS; i++) {
		bytes_put_be32(text, i);
		assert_int_equal(
		    words_add(words_of(txn), bytes_of(text, WORDS_SIZE_MAX)),
		    i);
	}
	replica_commit(replica);
	for (uint32_t more = 0; more < 3; more++) {
		txn = replica_begin(replica, true);
		bytes_put_be32(text, LIMIT_WORDS + 1);
		tables_word_key(LIMIT_WORDS + (more == 1), &key);
		txn_put(txn, TABLE_WORDS, &key,
		    bytes_of(text, WORDS_SIZE_MAX + (more == 2)));
		words_again(txn);
		assert_int_equal(
		    kv_failed(txn->kv), more == 0 ? ERR_OK : ERR_CORRUPT);
		replica_abort(replica);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(words_get_numbers_in_turn_and_keep_them),
	    cmocka_unit_test(what_is_too_long_or_too_much_gets_no_number),
	    cmocka_unit_test_setup_teardown(
		words_last_when_the_transaction_does_and_only_then,
		replica_make, replica_remove),
	    cmocka_unit_test_setup_teardown(
		words_of_another_process_are_met, replica_make, replica_remove),
	    cmocka_unit_test_setup_teardown(
		a_damaged_word_is_noticed, replica_make, replica_remove),
	    cmocka_unit_test_setup_teardown(
		a_word_that_nobody_would_have_written_is_noticed, replica_make,
		replica_remove),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
