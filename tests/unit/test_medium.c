/*
 * Promises of core/medium.h: what is carried about is written whole or not at
 * all, also when each call of the system fails in turn, and only files are
 * read.
 *
 * LINK: -Wl,--wrap=open,--wrap=close,--wrap=write,--wrap=pread
 * LINK: -Wl,--wrap=fsync,--wrap=fstat,--wrap=lstat,--wrap=stat
 * LINK: -Wl,--wrap=rename,--wrap=unlink,--wrap=flock
 */
#define _DEFAULT_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/file.h"
#include "core/medium.h"
#include "tests/lib/fault.h"
#include "tests/lib/tempdir.h"

static struct tempdir dir;

static int
dir_make(void **state)
{
	(void)state;
	tempdir_init(&dir);
	return 0;
}

static int
dir_remove(void **state)
{
	(void)state;
	(void)fault_disarm();
	tempdir_fini(&dir);
	return 0;
}

static bool
exists(const char *path)
{
	struct file_stat stat;

	return file_stat(path, &stat) == ERR_OK;
}

static bool
holds(const char *path, const char *text)
{
	struct buf content = {0};
	bool same = file_read(path, 1000, &content) == ERR_OK &&
		    bytes_is(buf_bytes(&content), text);

	buf_fini(&content);
	return same;
}

/* Writes "new text" to `path`, in two pieces. */
static enum err
put(const char *path, bool replace)
{
	struct medium medium;
	enum err e = medium_create(&medium, path, replace);

	if (e == ERR_OK)
		e = medium_add(&medium, bytes_text("new "));
	if (e == ERR_OK)
		e = medium_add(&medium, bytes_text("text"));
	if (e == ERR_OK) {
		assert_int_equal(medium.size_bytes, 8);
		e = medium_finish(&medium, replace);
	}
	medium_fini(&medium);
	return e;
}

/* Reads `n` bytes of `path` from `at`. */
static enum err
get(const char *path, uint64_t at, size_t n, struct buf *content)
{
	struct medium medium;
	enum err e = medium_open(&medium, path);

	buf_cut(content, 0);
	if (e == ERR_OK)
		e = medium_read(&medium, at, n, content);
	medium_fini(&medium);
	return e;
}

static void
what_is_written_is_there_whole_or_as_it_was(void **state)
{
	static const int numbers[] = {EIO, ENOSPC, EINTR, EACCES};
	const char *path = tempdir_at(&dir, "a");

	(void)state;
	for (size_t i = 0; i < COUNT_OF(numbers); i++) {
		bool hit = true;
		unsigned nth;

		for (nth = 1; hit; nth++) {
			enum err e;

			assert_int_equal(
			    file_write(path, bytes_text("old"), 0600), ERR_OK);
			fault_arm((struct fault_plan){
			    .nth = nth, .number = numbers[i]});
			e = put(path, true);
			hit = fault_disarm();
			assert_true(holds(path, "new text") ||
				    (e != ERR_OK && holds(path, "old")));
			assert_true(hit || e == ERR_OK);
		}
		assert_true(nth > 8);
	}
	assert_int_equal(put(path, true), ERR_OK);
	assert_false(exists(tempdir_at(&dir, "a.new")));
}

/* What failed says so, with the name of what it failed at; a call that was
 * interrupted is made again. */
static void
each_call_that_fails_is_told(void **state)
{
	static const struct {
		const char *name;
		int number;
		enum err code;
	} calls[] = {{"fsync", EIO, ERR_IO}, {"write", ENOSPC, ERR_FULL},
	    {"write", EINTR, ERR_OK}, {"lstat", EIO, ERR_IO},
	    {"lstat", ENOENT, ERR_BUSY}, {"rename", EACCES, ERR_DENIED},
	    {"flock", EWOULDBLOCK, ERR_BUSY}, {"flock", ENOLCK, ERR_OK}};
	const char *path = tempdir_at(&dir, "a");

	(void)state;
	for (size_t i = 0; i < COUNT_OF(calls); i++) {
		fault_arm((struct fault_plan){.names = calls[i].name,
		    .nth = 1,
		    .number = calls[i].number});
		assert_int_equal(put(path, true), calls[i].code);
		assert_true(fault_disarm());
		if (calls[i].code != ERR_OK)
			assert_non_null(strstr(err_text(), path));
		assert_int_equal(exists(path), calls[i].code == ERR_OK);
		(void)unlink(path);
	}
}

static void
nothing_is_written_over_without_leave(void **state)
{
	const char *path = tempdir_at(&dir, "a");
	struct medium medium;

	(void)state;
	assert_int_equal(put(path, false), ERR_OK);
	assert_int_equal(put(path, false), ERR_EXISTS);
	assert_int_equal(put(path, true), ERR_OK);
	assert_int_equal(unlink(path), 0);
	/* Somebody else was quicker. */
	assert_int_equal(medium_create(&medium, path, false), ERR_OK);
	assert_int_equal(medium_add(&medium, bytes_text("late")), ERR_OK);
	assert_int_equal(file_write(path, bytes_text("quick"), 0600), ERR_OK);
	assert_int_equal(medium_finish(&medium, false), ERR_EXISTS);
	medium_fini(&medium);
	assert_true(holds(path, "quick"));
	assert_false(exists(tempdir_at(&dir, "a.new")));
	/* Nobody knows what is there. */
	fault_arm(
	    (struct fault_plan){.names = "stat", .nth = 1, .number = EACCES});
	assert_int_equal(put(path, false), ERR_DENIED);
	assert_true(fault_disarm());
	assert_int_equal(
	    put(tempdir_at(&dir, "none/below"), true), ERR_NOT_FOUND);
}

/* Not what lies under its name now, which another command put there. */
static void
what_was_taken_away_meanwhile_is_not_given_the_name(void **state)
{
	const char *path = tempdir_at(&dir, "a");
	const char *fresh = tempdir_at(&dir, "a.new");

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct medium medium;

		assert_int_equal(medium_create(&medium, path, true), ERR_OK);
		assert_int_equal(
		    medium_add(&medium, bytes_text("mine")), ERR_OK);
		assert_int_equal(unlink(fresh), 0);
		if (i == 1)
			assert_int_equal(
			    file_write(fresh, bytes_text("theirs"), 0600),
			    ERR_OK);
		assert_int_equal(medium_finish(&medium, true), ERR_BUSY);
		assert_non_null(strstr(err_text(), "do it again"));
		medium_fini(&medium);
		assert_false(exists(path));
		assert_int_equal(exists(fresh), i == 1);
	}
	assert_true(holds(fresh, "theirs"));
}

static void
only_files_are_read(void **state)
{
	const char *path = tempdir_at(&dir, "a");
	struct buf content = {0};

	(void)state;
	assert_int_equal(get(path, 0, 1, &content), ERR_NOT_FOUND);
	assert_int_equal(get(dir.path, 0, 1, &content), ERR_INVALID);
	assert_non_null(strstr(err_text(), "it is no file"));
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(get(path, 0, 1, &content), ERR_INVALID);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(put(path, true), ERR_OK);
	fault_arm(
	    (struct fault_plan){.names = "fstat", .nth = 1, .number = EIO});
	assert_int_equal(get(path, 0, 1, &content), ERR_IO);
	assert_true(fault_disarm());
	buf_fini(&content);
}

static void
reading_ends_at_the_end_and_not_before(void **state)
{
	static const struct {
		const char *name;
		int number;
		enum err code;
	} faults[] = {{"pread", EINTR, ERR_OK}, {"pread", EIO, ERR_IO}};
	const char *path = tempdir_at(&dir, "a");
	struct buf content = {0};

	(void)state;
	assert_int_equal(put(path, true), ERR_OK);
	for (uint64_t at = 0; at <= 9; at++)
		for (size_t n = 0; n <= 9; n++) {
			size_t more = at < 8 ? 8 - (size_t)at : 0;

			assert_int_equal(get(path, at, n, &content), ERR_OK);
			assert_int_equal(content.n, n < more ? n : more);
			assert_memory_equal(
			    content.p, &"new text"[at < 8 ? at : 8], content.n);
		}
	for (size_t i = 0; i < COUNT_OF(faults); i++) {
		fault_arm((struct fault_plan){.names = faults[i].name,
		    .nth = 1,
		    .number = faults[i].number});
		assert_int_equal(get(path, 2, 5, &content), faults[i].code);
		assert_true(fault_disarm());
		if (faults[i].code == ERR_OK)
			assert_true(bytes_is(buf_bytes(&content), "w tex"));
	}
	buf_fini(&content);
}

#define IN_DIR(test) cmocka_unit_test_setup_teardown(test, dir_make, dir_remove)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    IN_DIR(what_is_written_is_there_whole_or_as_it_was),
	    IN_DIR(each_call_that_fails_is_told),
	    IN_DIR(nothing_is_written_over_without_leave),
	    IN_DIR(what_was_taken_away_meanwhile_is_not_given_the_name),
	    IN_DIR(only_files_are_read),
	    IN_DIR(reading_ends_at_the_end_and_not_before),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
