/*
 * What is written to a USB stick is there when the power goes, as core/file.h
 * and core/medium.h promise: FAT keeps the place and the size of a file beside
 * its name, so that a renamed file is empty until it was synced under its new
 * name.  make powercut shows it on a real one (tests/crash/powercut.pl).
 * Its calls of fsync and rename come here first.
 */
#define _DEFAULT_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/file.h"
#include "core/medium.h"
#include "proto/mem.h"
#include "tests/lib/tempdir.h"

static struct tempdir dir;
/* What a stick without power would have: of the file that was renamed last,
 * nothing, or what it should have; of its name, the old one or the new one. */
static struct stat renamed;
static bool is_whole, is_named;

static int
dir_make(void **state)
{
	(void)state;
	tempdir_init(&dir);
	is_whole = is_named = false;
	renamed = (struct stat){0};
	return 0;
}

static int
dir_remove(void **state)
{
	(void)state;
	tempdir_fini(&dir);
	return 0;
}

int
fsync(int fd)
{
	int result = (int)syscall(SYS_fsync, fd);
	struct stat stat;

	assert_int_equal(result, 0);
	assert_int_equal(fstat(fd, &stat), 0);
	if (stat.st_ino == renamed.st_ino)
		is_whole = true;
	else if (S_ISDIR(stat.st_mode))
		is_named = true;
	return result;
}

int
rename(const char *from, const char *to)
{
	int result = renameat(AT_FDCWD, from, AT_FDCWD, to);

	assert_int_equal(result, 0);
	assert_int_equal(stat(to, &renamed), 0);
	is_whole = is_named = false;
	return result;
}

static void
a_file_is_synced_under_its_new_name(void **state)
{
	char *path = file_path(dir.path, "saved");

	(void)state;
	for (int i = 0; i < 2; i++) {
		renamed = (struct stat){0};
		assert_int_equal(
		    file_write(path, bytes_text("열쇠"), 0600), ERR_OK);
		assert_true(renamed.st_ino != 0 && is_whole && is_named);
	}
	mem_free(path);
}

static void
so_is_one_that_is_moved(void **state)
{
	char *from = file_path(dir.path, "next"), *to;

	(void)state;
	to = file_path(dir.path, "root");
	assert_int_equal(file_write(from, bytes_text("뿌리"), 0600), ERR_OK);
	assert_int_equal(file_move(from, to), ERR_OK);
	assert_true(is_whole && is_named);
	mem_free(from);
	mem_free(to);
}

static void
so_is_a_directory(void **state)
{
	char *from = file_path(dir.path, "store.new"), *to;

	(void)state;
	to = file_path(dir.path, "store");
	assert_int_equal(file_make_dir(from), ERR_OK);
	assert_int_equal(file_move(from, to), ERR_OK);
	assert_true(is_whole && is_named);
	mem_free(from);
	mem_free(to);
}

static void
so_is_a_bundle(void **state)
{
	char *path = file_path(dir.path, "이화동으로.bundle");

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct medium medium;

		assert_int_equal(medium_create(&medium, path, i > 0), ERR_OK);
		assert_int_equal(
		    medium_add(&medium, bytes_text("실려 간다")), ERR_OK);
		assert_int_equal(medium_finish(&medium, i > 0), ERR_OK);
		assert_true(is_whole && is_named);
		medium_fini(&medium);
	}
	mem_free(path);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
		a_file_is_synced_under_its_new_name, dir_make, dir_remove),
	    cmocka_unit_test_setup_teardown(
		so_is_one_that_is_moved, dir_make, dir_remove),
	    cmocka_unit_test_setup_teardown(
		so_is_a_directory, dir_make, dir_remove),
	    cmocka_unit_test_setup_teardown(
		so_is_a_bundle, dir_make, dir_remove),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
