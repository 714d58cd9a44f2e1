/*
 * What core/kv.h promises of files that are shorter than what their header
 * counts: what was cut off is told, whatever the pages that are left, and what
 * was never written is no damage; and when a call fails while that is found
 * out, the file is as it was.
 *
 * LINK: -Wl,@tests/lib/fault.wrap
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>

#include "core/file.h"
#include "core/kv.h"
#include "tests/lib/fault.h"
#include "tests/lib/prng.h"
#include "tests/lib/tempdir.h"

enum {
	ROOM = 64 * 1024,
	FILE_SIZE_MAX = 64 * 1024 * 1024,
	PAGE = 4096,
	ROWS = 200,
	ROUNDS = 60,
	CALLS_MAX = 500,
};

static const char *const tables[] = {"rows", "others"};

struct place {
	struct tempdir dir;
	struct kv_config config;
	char data[2 * TEMPDIR_PATH_SIZE];
	struct buf content; /* of the file; owned */
};

static int
place_make(void **state)
{
	static struct place place;

	tempdir_in_memory();
	tempdir_init(&place.dir);
	(void)snprintf(
	    place.data, sizeof(place.data), "%s/data.mdb", place.dir.path);
	place.config = (struct kv_config){.dir = place.dir.path,
	    .tables = tables,
	    .tables_n = COUNT_OF(tables),
	    .create = true,
	    .room_bytes = ROOM};
	*state = &place;
	return 0;
}

static int
place_remove(void **state)
{
	struct place *place = *state;

	(void)fault_disarm();
	buf_fini(&place->content);
	tempdir_fini(&place->dir);
	return 0;
}

static struct kv *
must_open(struct place *place)
{
	struct kv *kv;

	if (kv_open(&place->config, &kv) != ERR_OK)
		fail_msg("%s", err_text());
	return kv;
}

/* Puts the row `i` of `table`, of `size` bytes that all say `value`. */
static void
put(struct kv_txn *txn, unsigned table, uint32_t i, size_t size, uint8_t value)
{
	uint8_t content[1500];
	uint8_t key[4];

	memset(content, value, sizeof(content));
	bytes_put_be32(key, i);
	kv_put(txn, table, bytes_of(key, 4), bytes_of(content, size));
}

/* The sum of all that stands in both tables; opening it may fail. */
static enum err
sum_of(struct place *place, uint64_t *sum)
{
	struct kv_txn *txn;
	struct kv *kv;
	enum err e = kv_open(&place->config, &kv);

	*sum = 0;
	if (e != ERR_OK)
		return e;
	e = kv_begin(kv, false, &txn);
	for (unsigned table = 0; table < 2 && e == ERR_OK; table++) {
		struct kv_cursor cursor;

		kv_cursor_init(&cursor, txn, table);
		for (bool more = kv_seek(&cursor, (struct bytes){0}); more;
		     more = kv_next(&cursor))
			for (size_t i = 0; i < cursor.value.n; i++)
				*sum += cursor.value.p[i];
		kv_cursor_fini(&cursor);
	}
	if (e == ERR_OK)
		e = kv_commit(txn);
	kv_close(kv);
	return e;
}

static void
keep(struct place *place)
{
	buf_cut(&place->content, 0);
	assert_int_equal(
	    file_read(place->data, FILE_SIZE_MAX, &place->content), ERR_OK);
}

static void
put_back(struct place *place, size_t n)
{
	assert_true(n <= place->content.n);
	assert_int_equal(
	    file_write(place->data, bytes_of(place->content.p, n), 0600),
	    ERR_OK);
}

static bool
is_back(struct place *place, size_t n)
{
	struct buf now = {0};
	bool same;

	assert_int_equal(file_read(place->data, FILE_SIZE_MAX, &now), ERR_OK);
	same = bytes_equal(buf_bytes(&now), bytes_of(place->content.p, n));
	buf_fini(&now);
	return same;
}

/* Rows that come and go take pages from all over the file, so that the first
 * and the last of a tree lie anywhere. */
static void
change_often(struct place *place)
{
	struct prng prng = {5};
	struct kv *kv = must_open(place);

	for (unsigned round = 0; round < ROUNDS; round++) {
		struct kv_txn *txn;

		assert_int_equal(kv_begin(kv, true, &txn), ERR_OK);
		for (unsigned i = 0; i < (round == 0 ? ROWS : 12); i++) {
			uint32_t row = round == 0 ? i
						  : (uint32_t)prng_below(
							&prng, 2 * ROWS);
			uint8_t key[4];

			bytes_put_be32(key, row);
			if (prng_below(&prng, 3) == 0)
				kv_del(txn, 0, bytes_of(key, 4));
			else
				put(txn, 0, row, 900, (uint8_t)round);
		}
		assert_int_equal(kv_commit(txn), ERR_OK);
	}
	kv_close(kv);
}

static void
what_is_cut_off_is_told_wherever_it_lay(void **state)
{
	struct place *place = *state;
	size_t refused = 0;
	uint64_t whole;

	change_often(place);
	keep(place);
	assert_int_equal(sum_of(place, &whole), ERR_OK);
	assert_true(whole > 0);
	for (size_t n = place->content.n - PAGE; n >= 2 * PAGE; n -= PAGE) {
		uint64_t sum;
		enum err e;

		put_back(place, n);
		e = sum_of(place, &sum);
		/* What was at the end may have been free. */
		assert_true(e == ERR_CORRUPT || (e == ERR_OK && sum == whole));
		refused += e != ERR_OK;
		if (e != ERR_OK)
			assert_true(is_back(place, n));
	}
	assert_true(refused > 50);
}

/* New pages at the end of the file, emptied again in the same transaction. */
static void
end_unwritten(struct place *place)
{
	struct kv *kv = must_open(place);
	struct file_stat file;
	struct kv_stat stat;
	struct kv_txn *txn;

	for (uint8_t i = 1; i <= 5; i++) {
		assert_int_equal(kv_begin(kv, true, &txn), ERR_OK);
		for (uint32_t k = 0; k < 40; k++)
			put(txn, 0, k, 1000, i);
		assert_int_equal(kv_commit(txn), ERR_OK);
	}
	assert_int_equal(kv_begin(kv, true, &txn), ERR_OK);
	for (uint32_t i = 0; i < 200; i++)
		put(txn, 1, i, 1500, 7);
	for (uint32_t i = 200; i-- > 0;) {
		uint8_t key[4];

		bytes_put_be32(key, i);
		kv_del(txn, 1, bytes_of(key, 4));
	}
	assert_int_equal(kv_commit(txn), ERR_OK);
	assert_int_equal(kv_stat(kv, &stat), ERR_OK);
	kv_close(kv);
	assert_int_equal(file_stat(place->data, &file), ERR_OK);
	/* If this ever holds no longer, the test has lost its case. */
	assert_true(file.size_bytes < stat.used_bytes);
}

/* Opens the first `n` bytes of the file with each call failing in turn; gives
 * how many did. */
static unsigned
open_with_faults(
    struct place *place, size_t n, int number, bool for_ever, uint64_t wanted)
{
	bool hit = true;
	unsigned nth;

	for (nth = 1; hit; nth++) {
		uint64_t sum;
		enum err e;

		assert_true(nth < CALLS_MAX);
		put_back(place, n);
		fault_arm((struct fault_plan){
		    .nth = nth, .number = number, .for_ever = for_ever});
		e = sum_of(place, &sum);
		hit = fault_disarm();
		/* Wrong rows are never told, nor right ones lost. */
		assert_true(e != ERR_OK || (wanted > 0 && sum == wanted));
		assert_true(hit || (e == ERR_OK) == (wanted > 0));
		/* Or it is said that it is not. */
		if (e != ERR_OK && !for_ever && wanted == 0)
			assert_true(is_back(place, n) || e == ERR_IO ||
				    strstr(err_text(), "not be put back"));
		e = sum_of(place, &sum);
		assert_int_equal(e, wanted > 0 ? ERR_OK : ERR_CORRUPT);
		assert_int_equal(sum, wanted);
	}
	return nth;
}

static void
whatever_fails_an_unwritten_end_stays_no_damage(void **state)
{
	struct place *place = *state;
	uint64_t whole;

	end_unwritten(place);
	keep(place);
	assert_int_equal(sum_of(place, &whole), ERR_OK);
	for (int for_ever = 0; for_ever < 2; for_ever++)
		assert_true(open_with_faults(place, place->content.n, EIO,
				for_ever == 1, whole) > 30);
}

static void
whatever_fails_a_cut_file_stays_corrupt(void **state)
{
	struct place *place = *state;
	size_t n;

	end_unwritten(place);
	keep(place);
	n = place->content.n / PAGE / 2 * PAGE + 100;
	for (int for_ever = 0; for_ever < 2; for_ever++)
		assert_true(
		    open_with_faults(place, n, EIO, for_ever == 1, 0) > 10);
}

int
main(void)
{
#define IN_PLACE(f) cmocka_unit_test_setup_teardown(f, place_make, place_remove)
	const struct CMUnitTest tests[] = {
	    IN_PLACE(what_is_cut_off_is_told_wherever_it_lay),
	    IN_PLACE(whatever_fails_an_unwritten_end_stays_no_damage),
	    IN_PLACE(whatever_fails_a_cut_file_stays_corrupt),
	};

	return cmocka_run_group_tests_name("kv_short", tests, NULL, NULL);
}
