/*
 * What core/kv.h promises when something goes wrong: calls of LMDB that fail,
 * files that are damaged, other processes that write or die, full disks.
 *
 * LINK: -Wl,--wrap=mdb_env_create,--wrap=mdb_env_open
 * LINK: -Wl,--wrap=mdb_env_set_maxdbs,--wrap=mdb_env_set_mapsize
 * LINK: -Wl,--wrap=mdb_env_stat,--wrap=mdb_reader_check
 * LINK: -Wl,--wrap=mdb_txn_begin,--wrap=mdb_txn_renew
 * LINK: -Wl,--wrap=mdb_txn_commit,--wrap=mdb_dbi_open
 * LINK: -Wl,--wrap=mdb_get,--wrap=mdb_put
 * LINK: -Wl,--wrap=mdb_del,--wrap=mdb_drop
 * LINK: -Wl,--wrap=mdb_stat,--wrap=mdb_cursor_open
 * LINK: -Wl,--wrap=mdb_cursor_get,--wrap=stat
 * LINK: -Wl,--wrap=fsync,--wrap=ftruncate
 */
#define _DEFAULT_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <sys/mount.h>
#include <unistd.h>

#include "core/file.h"
#include "core/kv.h"
#include "tests/lib/child.h"
#include "tests/lib/fault.h"
#include "tests/lib/prng.h"
#include "tests/lib/tempdir.h"

enum { ROOM = 64 * 1024, FILE_SIZE_MAX = 64 * 1024 * 1024 };
/* LMDB's codes, whose header belongs to core/env.h alone. */
enum { LMDB_PANIC = -30795, LMDB_READERS_FULL = -30790 };

static const char *const tables[] = {"rows", "others"};

struct place {
	struct tempdir dir;
	struct kv_config config;
	const char *data;
};

static int
place_make(void **state)
{
	static struct place place;
	static char data[2 * TEMPDIR_PATH_SIZE];

	tempdir_init(&place.dir);
	(void)snprintf(data, sizeof(data), "%s/data.mdb", place.dir.path);
	place.data = data;
	place.config = (struct kv_config){
	    .dir = place.dir.path,
	    .tables = tables,
	    .tables_n = COUNT_OF(tables),
	    .create = true,
	    .room_bytes = ROOM,
	};
	*state = &place;
	return 0;
}

static int
place_remove(void **state)
{
	struct place *place = *state;

	(void)fault_disarm();
	tempdir_fini(&place->dir);
	return 0;
}

/* Writes `rows` rows with the number `value` in each, in one transaction. */
static enum err
write_rows(struct kv *kv, unsigned rows, unsigned value)
{
	uint8_t content[1000] = {0};
	struct kv_txn *txn;
	uint8_t key[4];
	enum err e = kv_begin(kv, true, &txn);

	if (e != ERR_OK)
		return e;
	bytes_put_be32(content, value);
	for (unsigned i = 0; i < rows; i++) {
		bytes_put_be32(key, i);
		kv_put(txn, 0, bytes_of(key, 4),
		    bytes_of(content, sizeof(content)));
	}
	return kv_commit(txn);
}

/* The number that all `rows` rows agree on; UINT32_MAX when they do not. */
static uint32_t
read_rows(struct kv *kv, unsigned rows)
{
	uint32_t value = UINT32_MAX;
	struct kv_txn *txn;
	struct bytes found;
	uint8_t key[4];

	if (kv_begin(kv, false, &txn) != ERR_OK)
		return UINT32_MAX;
	for (unsigned i = 0; i < rows; i++) {
		bytes_put_be32(key, i);
		if (!kv_find(txn, 0, bytes_of(key, 4), &found) ||
		    (i > 0 && bytes_be32(found.p) != value)) {
			value = UINT32_MAX;
			break;
		}
		value = bytes_be32(found.p);
	}
	if (kv_commit(txn) != ERR_OK)
		return UINT32_MAX;
	return value;
}

static struct kv *
must_open(struct place *place)
{
	struct kv *kv;

	assert_int_equal(kv_open(&place->config, &kv), ERR_OK);
	return kv;
}

/* Opens and reads everything; any answer will do but a crash. */
static enum err
try_all(struct place *place, unsigned rows)
{
	struct kv_cursor cursor;
	struct kv_txn *txn;
	struct kv *kv;
	enum err e = kv_open(&place->config, &kv);

	if (e != ERR_OK)
		return e;
	(void)read_rows(kv, rows);
	assert_int_equal(kv_begin(kv, false, &txn), ERR_OK);
	kv_cursor_init(&cursor, txn, 0);
	for (bool more = kv_seek(&cursor, (struct bytes){0}); more;)
		more = kv_next(&cursor);
	kv_cursor_fini(&cursor);
	e = kv_commit(txn);
	kv_close(kv);
	return e;
}

static void
write_file(struct place *place, struct bytes content)
{
	assert_int_equal(file_write(place->data, content, 0600), ERR_OK);
}

static void
what_is_not_there_is_not_found(void **state)
{
	struct place *place = *state;
	struct kv *kv;

	place->config.create = false;
	assert_int_equal(kv_open(&place->config, &kv), ERR_NOT_FOUND);
	place->config.dir = "/no/such/place";
	assert_int_equal(kv_open(&place->config, &kv), ERR_NOT_FOUND);
	place->config.create = true;
	assert_int_equal(kv_open(&place->config, &kv), ERR_NOT_FOUND);
}

static void
an_empty_file_is_not_taken_for_a_new_one(void **state)
{
	struct place *place = *state;
	struct kv *kv;

	write_file(place, (struct bytes){0});
	assert_int_equal(kv_open(&place->config, &kv), ERR_CORRUPT);
	place->config.create = false;
	assert_int_equal(kv_open(&place->config, &kv), ERR_CORRUPT);
}

static void
a_file_of_others_is_refused(void **state)
{
	static uint8_t noise[100000];
	static const size_t sizes[] = {
	    1, 15, 16, 152, 4095, 4096, 4097, 8191, 8192, sizeof(noise)};
	struct place *place = *state;
	struct prng prng = {7};
	struct kv *kv;

	for (size_t i = 0; i < COUNT_OF(sizes); i++) {
		prng_fill(&prng, noise, sizes[i]);
		write_file(place, bytes_of(noise, sizes[i]));
		assert_int_equal(kv_open(&place->config, &kv), ERR_CORRUPT);
		memset(noise, 0, sizes[i]);
		write_file(place, bytes_of(noise, sizes[i]));
		assert_int_equal(kv_open(&place->config, &kv), ERR_CORRUPT);
	}
}

static void
another_format_of_lmdb_is_named_as_such(void **state)
{
	struct place *place = *state;
	struct buf content = {0};
	struct kv *kv = must_open(place);

	kv_close(kv);
	assert_int_equal(
	    file_read(place->data, FILE_SIZE_MAX, &content), ERR_OK);
	/* The version follows the magic number, 20 bytes into both headers. */
	content.p[20] = 9;
	content.p[4096 + 20] = 9;
	write_file(place, buf_bytes(&content));
	assert_int_equal(kv_open(&place->config, &kv), ERR_VERSION);
	buf_fini(&content);
}

static void
a_file_cut_short_is_corrupt_at_every_length(void **state)
{
	enum { ROWS = 300 };
	struct place *place = *state;
	struct buf content = {0};
	struct kv *kv = must_open(place);
	size_t refused = 0;

	assert_int_equal(write_rows(kv, ROWS, 1), ERR_OK);
	kv_close(kv);
	assert_int_equal(
	    file_read(place->data, FILE_SIZE_MAX, &content), ERR_OK);
	for (size_t n = content.n - 1; n > 0; n -= n < 1500 ? n : 1500) {
		write_file(place, bytes_of(content.p, n));
		assert_int_equal(try_all(place, ROWS), ERR_CORRUPT);
		refused++;
	}
	assert_true(refused > 100);
	write_file(place, buf_bytes(&content));
	assert_int_equal(try_all(place, ROWS), ERR_OK);
	buf_fini(&content);
}

static void
pages_freed_before_they_were_written_are_no_damage(void **state)
{
	enum { ROWS = 40 };
	struct place *place = *state;
	struct kv *kv = must_open(place);
	struct file_stat file;
	struct kv_stat stat;
	static const uint8_t content[1500];
	struct kv_txn *txn;
	uint8_t key[4];

	/* With pages to reuse, LMDB keeps its books in those. */
	for (unsigned i = 1; i <= 5; i++)
		assert_int_equal(write_rows(kv, ROWS, i), ERR_OK);
	/* New pages at the end of the file, emptied again in the same
	 * transaction. */
	assert_int_equal(kv_begin(kv, true, &txn), ERR_OK);
	for (uint32_t i = 0; i < 200; i++) {
		bytes_put_be32(key, i);
		kv_put(txn, 1, bytes_of(key, 4),
		    bytes_of(content, sizeof(content)));
	}
	for (uint32_t i = 200; i-- > 0;) {
		bytes_put_be32(key, i);
		kv_del(txn, 1, bytes_of(key, 4));
	}
	assert_int_equal(kv_commit(txn), ERR_OK);
	assert_int_equal(kv_stat(kv, &stat), ERR_OK);
	assert_int_equal(file_stat(place->data, &file), ERR_OK);
	kv_close(kv);
	/* If this ever holds no longer, the test has lost its case. */
	assert_true(file.size_bytes < stat.used_bytes);
	kv = must_open(place);
	assert_int_equal(read_rows(kv, ROWS), 5);
	assert_int_equal(write_rows(kv, ROWS, 6), ERR_OK);
	kv_close(kv);
	kv = must_open(place);
	assert_int_equal(read_rows(kv, ROWS), 6);
	kv_close(kv);
}

/* One visit to the store: open, read, write, walk, clear, count, close.  Says
 * what the commit said. */
static enum err
one_visit(struct place *place, unsigned value)
{
	struct kv_cursor cursor;
	struct kv_txn *txn;
	struct kv *kv;
	uint8_t key[4] = {0};
	uint8_t content[1000] = {0};
	bool walked = false;
	enum err e = kv_open(&place->config, &kv);

	if (e != ERR_OK)
		return e;
	for (int i = 0; i < 2; i++)
		(void)read_rows(kv, 3);
	if (kv_begin(kv, true, &txn) != ERR_OK) {
		kv_close(kv);
		return ERR_IO;
	}
	bytes_put_be32(content, value);
	for (uint8_t i = 0; i < 3; i++) {
		key[3] = i;
		kv_put(txn, 0, bytes_of(key, 4), bytes_of(content, 1000));
	}
	kv_append(txn, 1, bytes_of(key, 4), bytes_text("more"));
	kv_del(txn, 1, bytes_of(key, 4));
	kv_cursor_init(&cursor, txn, 0);
	if (kv_seek(&cursor, bytes_of(key, 4)))
		walked = kv_seek_before(&cursor, bytes_of(key, 4));
	kv_cursor_fini(&cursor);
	kv_clear(txn, 1);
	(void)kv_count(txn, 0);
	e = kv_commit(txn);
	assert_true(walked || e != ERR_OK);
	kv_close(kv);
	return e;
}

static void
every_call_may_fail_and_the_committed_state_stays(void **state)
{
	static const int numbers[] = {EIO, ENOSPC, ENOMEM, EINVAL, LMDB_PANIC,
	    LMDB_READERS_FULL, -30785, -30796};
	struct place *place = *state;
	struct kv *kv = must_open(place);
	unsigned committed = 1;

	assert_int_equal(write_rows(kv, 3, committed), ERR_OK);
	kv_close(kv);
	for (size_t i = 0; i < 2 * COUNT_OF(numbers); i++) {
		bool hit = true;
		unsigned nth;

		for (nth = 1; hit; nth++) {
			enum err e;

			fault_arm((struct fault_plan){.nth = nth,
			    .number = numbers[i / 2],
			    .for_ever = i % 2 == 1});
			e = one_visit(place, committed + 1);
			hit = fault_disarm();
			kv = must_open(place);
			/* Once the commit has said yes, it stays so, whatever
			 * failed before and was got over. */
			if (e == ERR_OK)
				committed++;
			assert_int_equal(read_rows(kv, 3), committed);
			kv_close(kv);
			assert_true(hit || e == ERR_OK);
		}
		assert_true(nth > 25);
	}
}

static void
after_a_failed_commit_nothing_works_until_opened_again(void **state)
{
	static const int numbers[] = {EIO, ENOSPC, LMDB_PANIC};
	static const enum err expected[] = {ERR_IO, ERR_FULL, ERR_IO};
	struct place *place = *state;
	struct kv *kv = must_open(place);

	assert_int_equal(write_rows(kv, 3, 1), ERR_OK);
	for (size_t i = 0; i < COUNT_OF(numbers); i++) {
		struct kv_txn *txn;
		struct kv_stat stat;

		fault_arm((struct fault_plan){
		    .names = "mdb_txn_commit", .nth = 1, .number = numbers[i]});
		assert_int_equal(write_rows(kv, 3, 2), expected[i]);
		assert_true(fault_disarm());
		for (int again = 0; again < 3; again++) {
			assert_int_equal(kv_begin(kv, true, &txn), ERR_IO);
			assert_null(txn);
			assert_int_equal(kv_begin(kv, false, &txn), ERR_IO);
			assert_non_null(strstr(err_text(), "opened again"));
			assert_non_null(strstr(err_text(), place->dir.path));
			assert_int_equal(kv_stat(kv, &stat), ERR_IO);
		}
		kv_close(kv);
		kv = must_open(place);
		assert_int_equal(read_rows(kv, 3), 1);
	}
	kv_close(kv);
}

static bool
grow_and_write(struct child *test, void *arg)
{
	struct place *place = arg;
	struct kv *kv;
	bool good = child_await(test) && kv_open(&place->config, &kv) == ERR_OK;

	for (unsigned i = 1; good && i <= 6; i++) {
		good = write_rows(kv, 300U << i, i) == ERR_OK;
		/* One more try: the first may have been too large. */
		for (int again = 0; !good && again < 8; again++)
			good = write_rows(kv, 300U << i, i) == ERR_OK;
		child_signal(test);
		good = good && child_await(test) &&
		       read_rows(kv, 10) == 100 + i;
	}
	if (good)
		kv_close(kv);
	return good;
}

static void
two_processes_see_each_others_rows_and_maps(void **state)
{
	struct place *place = *state;
	struct kv_stat before;
	struct kv_stat after;
	struct child child;
	struct kv *kv;

	child_start(&child, grow_and_write, place);
	kv = must_open(place);
	assert_int_equal(kv_stat(kv, &before), ERR_OK);
	child_signal(&child);
	for (unsigned i = 1; i <= 6; i++) {
		assert_true(child_await(&child));
		assert_int_equal(read_rows(kv, 300U << i), i);
		assert_int_equal(write_rows(kv, 10, 100 + i), ERR_OK);
		child_signal(&child);
	}
	assert_true(child_end(&child));
	assert_int_equal(kv_stat(kv, &after), ERR_OK);
	assert_true(after.map_bytes >= 16 * before.map_bytes);
	kv_close(kv);
}

static bool
read_for_ever(struct child *test, void *arg)
{
	struct place *place = arg;
	struct kv_txn *txn;
	struct kv *kv;

	if (!child_await(test) || kv_open(&place->config, &kv) != ERR_OK ||
	    kv_begin(kv, false, &txn) != ERR_OK)
		return false;
	child_signal(test);
	return child_await(test);
}

static void
a_killed_reader_does_not_make_the_file_grow(void **state)
{
	struct place *place = *state;
	struct kv_stat stat;
	struct child child;
	struct kv *kv;

	child_start(&child, read_for_ever, place);
	kv = must_open(place);
	assert_int_equal(write_rows(kv, 10, 0), ERR_OK);
	child_signal(&child);
	assert_true(child_await(&child));
	child_kill(&child);
	for (unsigned i = 1; i <= 1000; i++)
		assert_int_equal(write_rows(kv, 10, i), ERR_OK);
	assert_int_equal(kv_stat(kv, &stat), ERR_OK);
	/* A thousand times 10 rows of 1000 bytes went through it. */
	assert_true(stat.used_bytes < 3 * 1024 * 1024);
	assert_int_equal(read_rows(kv, 10), 1000);
	kv_close(kv);
}

static bool
die_while_writing(struct child *test, void *arg)
{
	struct place *place = arg;
	struct kv_txn *txn;
	struct kv *kv;

	if (kv_open(&place->config, &kv) != ERR_OK ||
	    write_rows(kv, 10, 1) != ERR_OK ||
	    kv_begin(kv, true, &txn) != ERR_OK)
		return false;
	kv_put(txn, 0, bytes_of("\0\0\0", 4), bytes_text("half"));
	child_signal(test);
	return child_await(test);
}

static void
a_killed_writer_leaves_the_committed_state_and_no_lock(void **state)
{
	struct place *place = *state;
	struct child child;
	struct kv *kv;

	child_start(&child, die_while_writing, place);
	assert_true(child_await(&child));
	kv = must_open(place);
	child_kill(&child);
	assert_int_equal(read_rows(kv, 10), 1);
	assert_int_equal(write_rows(kv, 10, 2), ERR_OK);
	assert_int_equal(read_rows(kv, 10), 2);
	kv_close(kv);
}

static void
on_a_full_disk_nothing_is_lost_and_room_is_all_it_takes(void **state)
{
	struct place *place = *state;
	const char *ballast = tempdir_at(&place->dir, "ballast");
	unsigned rows = 100;
	struct kv *kv;
	enum err e;

	if (mount("none", place->dir.path, "tmpfs", 0, "size=4m") != 0) {
		print_message("no right to mount: a full disk is not tried\n");
		skip();
	}
	assert_int_equal(file_ballast(ballast, 1024 * 1024), ERR_OK);
	kv = must_open(place);
	assert_int_equal(write_rows(kv, rows, 1), ERR_OK);
	do {
		rows += 100;
		e = write_rows(kv, rows, rows);
		if (e == ERR_FULL && strstr(err_text(), "the map is full"))
			e = ERR_OK;
	} while (e == ERR_OK && rows < 10000);
	assert_int_equal(e, ERR_FULL);
	assert_non_null(strstr(err_text(), "disk is full"));
	kv_close(kv);

	assert_int_equal(file_remove(ballast), ERR_OK);
	kv = must_open(place);
	assert_int_equal(read_rows(kv, rows - 100), rows - 100);
	assert_int_equal(write_rows(kv, rows - 100, 3), ERR_OK);
	kv_close(kv);
	kv = must_open(place);
	assert_int_equal(read_rows(kv, rows - 100), 3);
	kv_close(kv);
	assert_int_equal(umount(place->dir.path), 0);
}

#define IN_PLACE(test) \
	cmocka_unit_test_setup_teardown(test, place_make, place_remove)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    IN_PLACE(what_is_not_there_is_not_found),
	    IN_PLACE(an_empty_file_is_not_taken_for_a_new_one),
	    IN_PLACE(a_file_of_others_is_refused),
	    IN_PLACE(another_format_of_lmdb_is_named_as_such),
	    IN_PLACE(a_file_cut_short_is_corrupt_at_every_length),
	    IN_PLACE(pages_freed_before_they_were_written_are_no_damage),
	    IN_PLACE(every_call_may_fail_and_the_committed_state_stays),
	    IN_PLACE(after_a_failed_commit_nothing_works_until_opened_again),
	    IN_PLACE(two_processes_see_each_others_rows_and_maps),
	    IN_PLACE(a_killed_reader_does_not_make_the_file_grow),
	    IN_PLACE(a_killed_writer_leaves_the_committed_state_and_no_lock),
	    IN_PLACE(on_a_full_disk_nothing_is_lost_and_room_is_all_it_takes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
