/*
 * What core/aside.h notes of crashes, read back without one: which deltas are
 * set aside, and which are not.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <unistd.h>

#include "core/aside.h"
#include "core/file.h"
#include "tests/lib/tempdir.h"

enum { LINE = 40, FILE_MAX = 1 << 20, FULL = 256 * 1024 };

static const struct log_id first = {{1, 2, 3}};
static const struct log_id second = {{1, 2, 4}};

static int
dir_make(void **state)
{
	static struct tempdir dir;

	tempdir_init(&dir);
	*state = &dir;
	return 0;
}

static int
dir_remove(void **state)
{
	tempdir_fini(*state);
	return 0;
}

/* The process dies while it takes in deltas of `log` from `from` on. */
static void
crash(const struct tempdir *dir, const struct log_id *log, uint64_t from)
{
	struct aside aside;

	aside_init(&aside, dir->path);
	aside_enter(&aside, log, from);
	aside_crashed();
	aside_fini(&aside);
}

static uint64_t
noted(const struct tempdir *dir)
{
	struct file_stat stat;

	if (file_stat(tempdir_at(dir, "crashes"), &stat) != ERR_OK)
		return 0;
	return stat.size_bytes;
}

static void
save(const struct tempdir *dir, struct bytes content)
{
	FILE *file = fopen(tempdir_at(dir, "crashes"), "wb");

	assert_non_null(file);
	assert_int_equal(fwrite(content.p, 1, content.n, file), content.n);
	assert_int_equal(fclose(file), 0);
}

static void
load(const struct tempdir *dir, struct buf *content)
{
	assert_int_equal(
	    file_read(tempdir_at(dir, "crashes"), FILE_MAX, content), ERR_OK);
}

/* Is anything of [from, end) of `log` set aside for a program that starts now?
 */
static bool
is_aside(const struct tempdir *dir, const struct log_id *log, uint64_t from,
    uint64_t end)
{
	struct aside aside;
	enum err e;

	aside_init(&aside, dir->path);
	e = aside_check(&aside, log, from, end);
	assert_true(e == ERR_OK || e == ERR_DENIED);
	aside_fini(&aside);
	return e == ERR_DENIED;
}

static void
what_reaches_the_lowest_crash_is_set_aside(void **state)
{
	const struct tempdir *dir = *state;

	crash(dir, &first, 7);
	assert_false(is_aside(dir, &first, 0, 100));
	crash(dir, &first, 5);
	assert_false(is_aside(dir, &first, 0, 5));
	assert_true(is_aside(dir, &first, 0, 6));
	assert_true(is_aside(dir, &first, 5, 6));
	assert_true(is_aside(dir, &first, 90, 100));
	crash(dir, &first, 9);
	assert_true(is_aside(dir, &first, 5, 6));
	assert_int_equal(noted(dir), 3 * LINE);
}

static void
each_log_is_counted_by_itself(void **state)
{
	const struct tempdir *dir = *state;

	crash(dir, &second, 3);
	crash(dir, &first, 3);
	assert_false(is_aside(dir, &first, 0, 100));
	assert_false(is_aside(dir, &second, 0, 100));
	crash(dir, &first, 3);
	assert_true(is_aside(dir, &first, 0, 100));
	assert_false(is_aside(dir, &second, 0, 100));
	crash(dir, &second, 3);
	assert_true(is_aside(dir, &second, 0, 100));
}

static void
the_refusal_says_where_and_what_to_do(void **state)
{
	const struct tempdir *dir = *state;
	struct aside aside;

	crash(dir, &first, 5);
	crash(dir, &first, 5);
	aside_init(&aside, dir->path);
	assert_int_equal(aside_check(&aside, &first, 2, 9), ERR_DENIED);
	assert_non_null(strstr(err_text(), "from 5 on"));
	assert_non_null(strstr(err_text(), "2 times"));
	assert_non_null(strstr(err_text(), tempdir_at(dir, "crashes")));
	assert_int_equal(aside_check(&aside, &first, 8, 9), ERR_DENIED);
	assert_non_null(strstr(err_text(), "from 8 on"));
	aside_fini(&aside);
}

/* Neither who did not enter, nor who left, nor who notes nothing. */
static void
who_works_on_nothing_notes_nothing(void **state)
{
	const struct tempdir *dir = *state;
	const struct aside none = {0};
	struct aside aside;

	aside_crashed();
	aside_init(&aside, dir->path);
	aside_enter(&aside, &first, 1);
	aside_leave();
	aside_crashed();
	assert_int_equal(noted(dir), 0);
	aside_enter(NULL, &first, 1);
	aside_crashed();
	aside_enter(&none, &first, 1);
	aside_crashed();
	aside_leave();
	assert_int_equal(noted(dir), 0);
	assert_int_equal(aside_check(NULL, &first, 0, 100), ERR_OK);
	assert_int_equal(aside_check(&none, &first, 0, 100), ERR_OK);
	aside_fini(&aside);
}

/* A handler may be called again by what it did itself. */
static void
one_death_is_noted_once(void **state)
{
	const struct tempdir *dir = *state;
	struct aside aside;

	aside_init(&aside, dir->path);
	aside_enter(&aside, &first, 1);
	aside_crashed();
	aside_crashed();
	aside_fini(&aside);
	assert_int_equal(noted(dir), LINE);
	assert_false(is_aside(dir, &first, 0, 100));
}

/* A full disk cuts a line short, whatever its length is then. */
static void
what_follows_half_a_line_counts(void **state)
{
	const struct tempdir *dir = *state;
	struct buf content = {0};

	crash(dir, &second, 3);
	load(dir, &content);
	for (size_t n = 0; n <= LINE; n++) {
		save(dir, bytes_first(buf_bytes(&content), n));
		crash(dir, &first, 5);
		assert_false(is_aside(dir, &first, 0, 100));
		crash(dir, &first, 7);
		assert_false(is_aside(dir, &first, 0, 5));
		assert_true(is_aside(dir, &first, 0, 6));
		assert_false(is_aside(dir, &second, 0, 100));
		assert_int_equal(noted(dir), n + 2 * LINE);
	}
	buf_fini(&content);
}

static void
where_nothing_can_be_written_the_end_is_quiet(void **state)
{
	struct tempdir gone = *(const struct tempdir *)*state;
	size_t n = strlen(gone.path);

	(void)snprintf(gone.path + n, sizeof(gone.path) - n, "/gone");
	crash(&gone, &first, 1);
	crash(&gone, &first, 1);
	assert_int_equal(noted(&gone), 0);
	assert_false(is_aside(&gone, &first, 0, 100));
}

static void
the_file_stops_to_grow(void **state)
{
	const struct tempdir *dir = *state;
	struct buf lines = {0};
	struct buf one = {0};

	crash(dir, &second, 4);
	load(dir, &one);
	while (lines.n < FULL)
		buf_add(&lines, buf_bytes(&one));
	save(dir, bytes_first(buf_bytes(&lines), FULL - 1));
	crash(dir, &first, 1);
	assert_int_equal(noted(dir), FULL - 1 + LINE);
	crash(dir, &first, 1);
	assert_int_equal(noted(dir), FULL - 1 + LINE);
	assert_true(is_aside(dir, &second, 4, 5));
	buf_fini(&lines);
	buf_fini(&one);
}

/* What ended one program may be nothing to the next. */
static void
crashes_of_another_version_count_for_nothing(void **state)
{
	const struct tempdir *dir = *state;
	struct buf lines = {0};

	crash(dir, &first, 1);
	crash(dir, &first, 1);
	load(dir, &lines);
	assert_int_equal(lines.n, 2 * LINE);
	assert_true(is_aside(dir, &first, 0, 2));
	for (size_t at = 0; at < lines.n; at += LINE) {
		bytes_put_be64(
		    lines.p + at + 24, bytes_checksum(bytes_text("other")));
		bytes_put_be64(lines.p + at + 32,
		    bytes_checksum(bytes_of(lines.p + at, 32)));
	}
	save(dir, buf_bytes(&lines));
	assert_false(is_aside(dir, &first, 0, 2));
	buf_fini(&lines);
}

static void
a_line_that_is_damaged_or_cut_counts_for_nothing(void **state)
{
	const struct tempdir *dir = *state;
	struct buf lines = {0};

	crash(dir, &first, 1);
	crash(dir, &first, 1);
	load(dir, &lines);
	for (size_t i = 0; i < LINE; i++) {
		lines.p[LINE + i] ^= 1;
		save(dir, buf_bytes(&lines));
		assert_false(is_aside(dir, &first, 0, 2));
		lines.p[LINE + i] ^= 1;
	}
	for (size_t n = 0; n < 2 * LINE; n++) {
		save(dir, bytes_first(buf_bytes(&lines), n));
		assert_false(is_aside(dir, &first, 0, 2));
	}
	save(dir, buf_bytes(&lines));
	assert_true(is_aside(dir, &first, 0, 2));
	buf_fini(&lines);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, dir_make, dir_remove)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(what_reaches_the_lowest_crash_is_set_aside),
	    TEST(each_log_is_counted_by_itself),
	    TEST(the_refusal_says_where_and_what_to_do),
	    TEST(who_works_on_nothing_notes_nothing),
	    TEST(one_death_is_noted_once),
	    TEST(what_follows_half_a_line_counts),
	    TEST(where_nothing_can_be_written_the_end_is_quiet),
	    TEST(the_file_stops_to_grow),
	    TEST(crashes_of_another_version_count_for_nothing),
	    TEST(a_line_that_is_damaged_or_cut_counts_for_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
