/*
 * Promises of core/kv.h about rows, cursors, transactions and the map.  What
 * happens when the disk or LMDB fails is in test_kv_faults.c.
 */
#define _XOPEN_SOURCE 700
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/file.h"
#include "core/kv.h"
#include "proto/limits.h"
#include "tests/lib/prng.h"
#include "tests/lib/tempdir.h"

enum { ROOM = 64 * 1024 };
enum { HOUSES, VISITS, TABLES_N };

static const char *const tables[] = {"houses", "visits", "later"};

/* An open environment in a directory of its own. */
struct place {
	struct tempdir dir;
	struct kv_config config;
	struct kv *kv;
};

static int
place_make(void **state)
{
	static struct place place;

	tempdir_init(&place.dir);
	place.config = (struct kv_config){
	    .dir = place.dir.path,
	    .tables = tables,
	    .tables_n = TABLES_N,
	    .create = true,
	    .room_bytes = ROOM,
	};
	assert_int_equal(kv_open(&place.config, &place.kv), ERR_OK);
	*state = &place;
	return 0;
}

static int
place_remove(void **state)
{
	struct place *place = *state;

	kv_close(place->kv);
	tempdir_fini(&place->dir);
	return 0;
}

static void
reopen(struct place *place)
{
	kv_close(place->kv);
	assert_int_equal(kv_open(&place->config, &place->kv), ERR_OK);
}

static struct kv_txn *
begin(struct place *place, bool write)
{
	struct kv_txn *txn;

	assert_int_equal(kv_begin(place->kv, write, &txn), ERR_OK);
	return txn;
}

static void
put_one(struct place *place, const char *key, const char *value)
{
	struct kv_txn *txn = begin(place, true);

	kv_put(txn, HOUSES, bytes_text(key), bytes_text(value));
	assert_int_equal(kv_commit(txn), ERR_OK);
}

/* Is `value` (NULL: nothing) what a new reader finds under `key`? */
static bool
holds(struct place *place, const char *key, const char *value)
{
	struct kv_txn *txn = begin(place, false);
	struct bytes found;
	bool there = kv_find(txn, HOUSES, bytes_text(key), &found);
	bool same = value == NULL ? !there : there && bytes_is(found, value);

	assert_int_equal(kv_commit(txn), ERR_OK);
	return same;
}

static void
a_committed_row_is_there_after_opening_again(void **state)
{
	struct place *place = *state;

	put_one(place, "혜화동", "첫 방문");
	assert_true(holds(place, "혜화동", "첫 방문"));
	assert_true(holds(place, "혜화", NULL));
	reopen(place);
	assert_true(holds(place, "혜화동", "첫 방문"));
	place->config.create = false;
	reopen(place);
	put_one(place, "혜화동", "");
	assert_true(holds(place, "혜화동", ""));
}

static void
an_aborted_writer_leaves_nothing(void **state)
{
	struct place *place = *state;
	struct kv_txn *txn;

	put_one(place, "a", "old");
	txn = begin(place, true);
	kv_put(txn, HOUSES, bytes_text("a"), bytes_text("new"));
	kv_put(txn, HOUSES, bytes_text("b"), bytes_text("new"));
	kv_abort(txn);
	kv_abort(NULL);
	assert_true(holds(place, "a", "old"));
	assert_true(holds(place, "b", NULL));
}

static void
the_first_failure_stays_and_nothing_of_it_is_committed(void **state)
{
	struct place *place = *state;
	struct kv_txn *txn = begin(place, true);
	struct kv_cursor cursor;
	struct bytes value;

	kv_put(txn, HOUSES, bytes_text("a"), bytes_text("1"));
	assert_int_equal(kv_failed(txn), ERR_OK);
	kv_fail(txn, err_set(ERR_INVALID, "the first"));
	kv_fail(txn, err_set(ERR_DENIED, "the second"));
	kv_put(txn, HOUSES, bytes_text("b"), bytes_text("2"));
	kv_append(txn, HOUSES, bytes_text("c"), bytes_text("3"));
	kv_del(txn, HOUSES, bytes_text("a"));
	kv_clear(txn, HOUSES);
	assert_false(kv_find(txn, HOUSES, bytes_text("a"), &value));
	assert_int_equal(kv_count(txn, HOUSES), 0);
	kv_cursor_init(&cursor, txn, HOUSES);
	assert_false(kv_seek(&cursor, bytes_text("a")));
	kv_cursor_fini(&cursor);
	assert_int_equal(err_set(ERR_IO, "noise"), ERR_IO);
	assert_int_equal(kv_failed(txn), ERR_INVALID);
	assert_int_equal(kv_commit(txn), ERR_INVALID);
	assert_string_equal(err_text(), "the first");
	assert_true(holds(place, "a", NULL));
	assert_true(holds(place, "b", NULL));
	put_one(place, "a", "again");
	assert_true(holds(place, "a", "again"));
}

static void
a_reader_sees_one_state_and_its_number(void **state)
{
	struct place *place = *state;
	struct kv_txn *txn;
	uint64_t before;
	struct kv_stat stat;

	txn = begin(place, false);
	before = kv_txn_id(txn);
	assert_int_equal(kv_stat(place->kv, &stat), ERR_OK);
	assert_int_equal(stat.last_txn_id, before);
	assert_int_equal(kv_commit(txn), ERR_OK);
	txn = begin(place, true);
	assert_int_equal(kv_txn_id(txn), before + 1);
	kv_put(txn, HOUSES, bytes_text("a"), bytes_text("1"));
	assert_int_equal(kv_commit(txn), ERR_OK);
	/* A reader used again sees the new state. */
	txn = begin(place, false);
	assert_int_equal(kv_txn_id(txn), before + 1);
	kv_abort(txn);
}

static void
tables_do_not_mix(void **state)
{
	struct place *place = *state;
	struct kv_txn *txn = begin(place, true);
	struct bytes value;

	kv_put(txn, HOUSES, bytes_text("k"), bytes_text("house"));
	kv_put(txn, VISITS, bytes_text("k"), bytes_text("visit"));
	kv_put(txn, VISITS, bytes_text("l"), bytes_text("visit"));
	assert_int_equal(kv_count(txn, HOUSES), 1);
	assert_int_equal(kv_count(txn, VISITS), 2);
	kv_clear(txn, VISITS);
	assert_int_equal(kv_count(txn, VISITS), 0);
	kv_del(txn, VISITS, bytes_text("k"));
	assert_true(kv_find(txn, HOUSES, bytes_text("k"), &value));
	assert_true(bytes_is(value, "house"));
	kv_del(txn, HOUSES, bytes_text("k"));
	assert_false(kv_find(txn, HOUSES, bytes_text("k"), &value));
	assert_int_equal(kv_commit(txn), ERR_OK);
}

static void
a_table_that_an_older_program_knew_nothing_of_is_made(void **state)
{
	struct place *place = *state;
	struct kv_config config = place->config;
	struct kv_txn *txn;

	kv_close(place->kv);
	config.create = false;
	config.tables_n = TABLES_N + 1;
	assert_int_equal(kv_open(&config, &place->kv), ERR_CORRUPT);
	config.late = 1 << TABLES_N;
	assert_int_equal(kv_open(&config, &place->kv), ERR_OK);
	txn = begin(place, false);
	assert_int_equal(kv_count(txn, TABLES_N), 0);
	kv_abort(txn);
}

static void
keys_and_values_of_any_allowed_size_come_back(void **state)
{
	static const size_t sizes[] = {0, 1, 2000, 2040, 2048, 4096, 300000};
	static uint8_t content[300000];
	struct place *place = *state;
	struct prng prng = {1};
	struct kv_txn *txn = begin(place, true);
	uint8_t key[LIMIT_VIEW_KEY_SIZE] = {0};
	struct bytes value;

	prng_fill(&prng, content, sizeof(content));
	for (size_t n = 1; n <= LIMIT_VIEW_KEY_SIZE; n++)
		kv_put(txn, HOUSES, bytes_of(key, n), bytes_of(content, n));
	assert_int_equal(kv_commit(txn), ERR_OK);
	for (size_t i = 0; i < COUNT_OF(sizes); i++) {
		txn = begin(place, true);
		key[0] = (uint8_t)(i + 1);
		kv_put(txn, HOUSES, bytes_of(key, sizeof(key)),
		    bytes_of(content, sizes[i]));
		/* The large one needs more than the room that is sure. */
		if (kv_commit(txn) == ERR_FULL) {
			txn = begin(place, true);
			kv_put(txn, HOUSES, bytes_of(key, sizeof(key)),
			    bytes_of(content, sizes[i]));
			assert_int_equal(kv_commit(txn), ERR_OK);
		}
		txn = begin(place, false);
		assert_true(
		    kv_find(txn, HOUSES, bytes_of(key, sizeof(key)), &value));
		assert_true(bytes_equal(value, bytes_of(content, sizes[i])));
		kv_abort(txn);
	}
	txn = begin(place, false);
	key[0] = 0;
	for (size_t n = 1; n <= LIMIT_VIEW_KEY_SIZE; n++) {
		assert_true(kv_find(txn, HOUSES, bytes_of(key, n), &value));
		assert_true(bytes_equal(value, bytes_of(content, n)));
	}
	kv_abort(txn);
}

static void
appending_works_for_any_key(void **state)
{
	static const char *const keys[] = {"b", "d", "c", "d", "a", "e"};
	struct place *place = *state;
	struct kv_txn *txn = begin(place, true);
	struct bytes value;

	for (size_t i = 0; i < COUNT_OF(keys); i++)
		kv_append(txn, HOUSES, bytes_text(keys[i]),
		    bytes_of(&"543210"[i], 1));
	assert_int_equal(kv_failed(txn), ERR_OK);
	assert_int_equal(kv_count(txn, HOUSES), 5);
	assert_true(kv_find(txn, HOUSES, bytes_text("d"), &value));
	assert_true(bytes_is(value, "2"));
	assert_int_equal(kv_commit(txn), ERR_OK);
}

static void
views_of_a_transaction_may_be_put_into_it(void **state)
{
	enum { ROWS = 12, ROUNDS = 600 };
	struct place *place = *state;
	struct kv_txn *txn = begin(place, true);
	struct prng prng = {3};
	uint8_t content[400];
	uint8_t from, to;
	struct bytes value, found;

	for (size_t i = 0; i < ROWS; i++) {
		uint8_t key = (uint8_t)i;

		memset(content, key, sizeof(content));
		kv_put(txn, HOUSES, bytes_of(&key, 1),
		    bytes_of(content, 100 + i * 20));
	}
	/* Rows of different lengths are copied over each other, so that LMDB
	 * moves what lies in the page, the copied row included. */
	for (int i = 0; i < ROUNDS; i++) {
		from = (uint8_t)prng_below(&prng, ROWS);
		to = (uint8_t)prng_below(&prng, 3 * ROWS);
		assert_true(kv_find(txn, HOUSES, bytes_of(&from, 1), &value));
		assert_true(value.n <= sizeof(content));
		memcpy(content, value.p, value.n);
		kv_put(txn, HOUSES, bytes_of(&to, 1), value);
		value.p = content;
		assert_true(kv_find(txn, HOUSES, bytes_of(&to, 1), &found));
		assert_true(bytes_equal(found, value));
	}
	assert_int_equal(kv_commit(txn), ERR_OK);
}

static void
an_empty_table_has_no_positions(void **state)
{
	struct place *place = *state;
	struct kv_txn *txn = begin(place, false);
	struct bytes none = {0};
	struct kv_cursor cursor;

	kv_cursor_init(&cursor, txn, HOUSES);
	assert_false(kv_seek(&cursor, none));
	assert_false(kv_seek(&cursor, bytes_text("a")));
	assert_false(kv_seek_before(&cursor, none));
	assert_false(kv_seek_before(&cursor, bytes_text("a")));
	kv_cursor_fini(&cursor);
	kv_cursor_fini(&cursor);
	assert_int_equal(kv_commit(txn), ERR_OK);
}

/* Walks from `seek` on in both directions over the keys 1, 3, 5… below
 * 2 * n, each two bytes wide. */
static void
walk_from(struct kv_txn *txn, unsigned seek, unsigned n)
{
	struct kv_cursor cursor;
	uint8_t key[2];
	unsigned at = seek | 1;
	unsigned found = 0;

	bytes_put_be16(key, (uint16_t)seek);
	kv_cursor_init(&cursor, txn, VISITS);
	for (bool more = kv_seek(&cursor, bytes_of(key, 2)); more;
	     more = kv_next(&cursor), at += 2, found++) {
		assert_int_equal(bytes_be16(cursor.key.p), at);
		assert_int_equal(bytes_be16(cursor.value.p), at + 7);
	}
	assert_int_equal(found, at > seek ? (2 * n + 1 - (seek | 1)) / 2 : 0);
	at = (seek - 1) | 1;
	if ((seek & 1) == 1)
		at = seek - 2;
	found = 0;
	for (bool more = kv_seek_before(&cursor, bytes_of(key, 2)); more;
	     more = kv_seek_before(&cursor, cursor.key), at -= 2, found++)
		assert_int_equal(bytes_be16(cursor.key.p), at);
	assert_int_equal(found, seek / 2);
	kv_cursor_fini(&cursor);
}

static void
cursors_walk_both_ways_from_every_place(void **state)
{
	enum { N = 300 };
	struct place *place = *state;
	struct kv_txn *txn = begin(place, true);
	struct bytes none = {0};
	struct kv_cursor cursor;
	uint8_t key[2];
	uint8_t value[200] = {0};

	for (unsigned i = 1; i < 2 * N; i += 2) {
		bytes_put_be16(key, (uint16_t)i);
		bytes_put_be16(value, (uint16_t)(i + 7));
		kv_put(txn, VISITS, bytes_of(key, 2), bytes_of(value, 200));
	}
	for (unsigned seek = 0; seek <= 2 * N; seek++)
		walk_from(txn, seek, N);
	assert_int_equal(kv_commit(txn), ERR_OK);
	txn = begin(place, false);
	for (unsigned seek = 0; seek <= 2 * N; seek++)
		walk_from(txn, seek, N);
	kv_cursor_init(&cursor, txn, VISITS);
	assert_true(kv_seek(&cursor, none));
	assert_int_equal(bytes_be16(cursor.key.p), 1);
	assert_true(kv_seek_before(&cursor, none));
	assert_int_equal(bytes_be16(cursor.key.p), 2 * N - 1);
	kv_cursor_fini(&cursor);
	kv_abort(txn);
}

static void
the_map_grows_over_many_doublings_and_keeps_all(void **state)
{
	enum { ROWS = 24, ROUNDS = 500 };
	static uint8_t value[2000];
	struct place *place = *state;
	struct kv_stat before;
	struct kv_stat after;
	struct bytes found;
	struct kv_txn *txn;
	uint8_t key[4];

	assert_int_equal(kv_stat(place->kv, &before), ERR_OK);
	for (unsigned round = 0; round < ROUNDS; round++) {
		txn = begin(place, true);
		for (unsigned i = 0; i < ROWS; i++) {
			bytes_put_be32(key, round * ROWS + i);
			bytes_put_be32(value, round * ROWS + i);
			kv_append(txn, VISITS, bytes_of(key, 4),
			    bytes_of(value, sizeof(value)));
		}
		assert_int_equal(kv_commit(txn), ERR_OK);
	}
	assert_int_equal(kv_stat(place->kv, &after), ERR_OK);
	assert_true(after.map_bytes >= 16 * before.map_bytes);
	assert_true(after.used_bytes <= after.map_bytes);
	reopen(place);
	txn = begin(place, false);
	assert_int_equal(kv_count(txn, VISITS), ROWS * ROUNDS);
	for (unsigned i = 0; i < ROWS * ROUNDS; i++) {
		bytes_put_be32(key, i);
		assert_true(kv_find(txn, VISITS, bytes_of(key, 4), &found));
		assert_int_equal(bytes_be32(found.p), i);
	}
	kv_abort(txn);
}

static void
a_transaction_larger_than_the_map_fails_whole_until_it_fits(void **state)
{
	enum { ROWS = 3000 };
	static const uint8_t value[2000];
	struct place *place = *state;
	enum err e = ERR_FULL;
	unsigned full = 0;
	uint8_t key[4];

	put_one(place, "before", "1");
	while (e == ERR_FULL) {
		struct kv_txn *txn = begin(place, true);

		for (unsigned i = 0; i < ROWS; i++) {
			bytes_put_be32(key, i);
			kv_put(txn, VISITS, bytes_of(key, 4),
			    bytes_of(value, sizeof(value)));
		}
		kv_put(txn, HOUSES, bytes_text("after"), bytes_text("1"));
		e = kv_failed(txn);
		assert_int_equal(kv_commit(txn), e);
		full += e == ERR_FULL;
		assert_true(full < 10);
		assert_true(holds(place, "before", "1"));
		assert_true(holds(place, "after", e == ERR_OK ? "1" : NULL));
	}
	assert_int_equal(e, ERR_OK);
	assert_true(full > 0);
}

static void
one_directory_is_not_opened_twice(void **state)
{
	struct place *place = *state;
	struct kv *other;

	assert_int_equal(kv_open(&place->config, &other), ERR_BUSY);
	assert_null(other);
	assert_int_equal(
	    symlink(place->dir.path, tempdir_at(&place->dir, "link")), 0);
	place->config.dir = tempdir_at(&place->dir, "link");
	assert_int_equal(kv_open(&place->config, &other), ERR_BUSY);
	put_one(place, "a", "1");
	reopen(place);
	assert_true(holds(place, "a", "1"));
}

static void
programs_that_we_start_do_not_inherit_the_files(void **state)
{
	struct place *place = *state;
	struct file_stat data;
	struct stat stat;
	int ours = 0;

	assert_int_equal(
	    file_stat(tempdir_at(&place->dir, "data.mdb"), &data), ERR_OK);
	for (int fd = 0; fd < 256; fd++) {
		if (fstat(fd, &stat) != 0 || stat.st_ino != data.inode)
			continue;
		assert_int_not_equal(fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
		ours++;
	}
	/* LMDB's two, and the baton of writers. */
	assert_int_equal(ours, 3);
}

static void
tables_are_made_only_when_allowed(void **state)
{
	struct place *place = *state;

	kv_close(place->kv);
	place->config.tables_n = TABLES_N + 1;
	place->config.create = false;
	assert_int_equal(kv_open(&place->config, &place->kv), ERR_CORRUPT);
	place->config.create = true;
	assert_int_equal(kv_open(&place->config, &place->kv), ERR_OK);
	place->config.create = false;
	reopen(place);
}

/* One of several threads that write, and read what it wrote. */
static void *
busy_thread(void *arg)
{
	enum { ROUNDS = 60 };
	static const uint8_t value[8000];
	struct kv *kv = arg;
	uint8_t key[sizeof(pthread_t) + 1] = {0};
	pthread_t self = pthread_self();
	struct kv_txn *txn;
	struct bytes found;

	memcpy(key, &self, sizeof(self));
	for (unsigned i = 0; i < ROUNDS; i++) {
		key[sizeof(self)] = (uint8_t)i;
		if (kv_begin(kv, true, &txn) != ERR_OK)
			return NULL;
		kv_put(txn, VISITS, bytes_of(key, sizeof(key)),
		    bytes_of(value, sizeof(value)));
		if (kv_commit(txn) != ERR_OK ||
		    kv_begin(kv, false, &txn) != ERR_OK)
			return NULL;
		if (!kv_find(txn, VISITS, bytes_of(key, sizeof(key)), &found) ||
		    !bytes_equal(found, bytes_of(value, sizeof(value))))
			return NULL;
		kv_abort(txn);
	}
	return kv;
}

static void
threads_share_one_environment_while_its_map_grows(void **state)
{
	struct place *place = *state;
	struct kv_stat stat;
	pthread_t threads[4];
	void *result;

	for (size_t i = 0; i < COUNT_OF(threads); i++)
		assert_int_equal(
		    pthread_create(&threads[i], NULL, busy_thread, place->kv),
		    0);
	for (size_t i = 0; i < COUNT_OF(threads); i++) {
		assert_int_equal(pthread_join(threads[i], &result), 0);
		assert_ptr_equal(result, place->kv);
	}
	assert_int_equal(kv_stat(place->kv, &stat), ERR_OK);
	assert_true(stat.map_bytes > 1024 * 1024);
}

#define IN_PLACE(test) \
	cmocka_unit_test_setup_teardown(test, place_make, place_remove)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    IN_PLACE(a_committed_row_is_there_after_opening_again),
	    IN_PLACE(an_aborted_writer_leaves_nothing),
	    IN_PLACE(the_first_failure_stays_and_nothing_of_it_is_committed),
	    IN_PLACE(a_reader_sees_one_state_and_its_number),
	    IN_PLACE(tables_do_not_mix),
	    IN_PLACE(a_table_that_an_older_program_knew_nothing_of_is_made),
	    IN_PLACE(keys_and_values_of_any_allowed_size_come_back),
	    IN_PLACE(appending_works_for_any_key),
	    IN_PLACE(views_of_a_transaction_may_be_put_into_it),
	    IN_PLACE(an_empty_table_has_no_positions),
	    IN_PLACE(cursors_walk_both_ways_from_every_place),
	    IN_PLACE(the_map_grows_over_many_doublings_and_keeps_all),
	    IN_PLACE(
		a_transaction_larger_than_the_map_fails_whole_until_it_fits),
	    IN_PLACE(one_directory_is_not_opened_twice),
	    IN_PLACE(programs_that_we_start_do_not_inherit_the_files),
	    IN_PLACE(tables_are_made_only_when_allowed),
	    IN_PLACE(threads_share_one_environment_while_its_map_grows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
