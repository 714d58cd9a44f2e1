/*
 * Promises of core/file.h, also when each call of the system fails in turn.
 *
 * LINK: -Wl,--wrap=open,--wrap=close,--wrap=read,--wrap=pwrite
 * LINK: -Wl,--wrap=fsync,--wrap=fchmod,--wrap=fstat
 * LINK: -Wl,--wrap=stat,--wrap=rename,--wrap=unlink,--wrap=rmdir
 * LINK: -Wl,--wrap=mkdir,--wrap=flock,--wrap=posix_fallocate
 * LINK: -Wl,--wrap=statvfs,--wrap=statfs
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
#include <sys/stat.h>
#include <unistd.h>

#include "core/file.h"
#include "tests/lib/child.h"
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
holds(const char *path, const char *text)
{
	struct buf content = {0};
	bool same = file_read(path, 1000, &content) == ERR_OK &&
		    bytes_is(buf_bytes(&content), text);

	buf_fini(&content);
	return same;
}

static bool
exists(const char *path)
{
	struct file_stat found;

	return file_stat(path, &found) == ERR_OK;
}

static void
a_written_file_comes_back_with_its_mode(void **state)
{
	const char *path = tempdir_at(&dir, "카드");
	struct file_stat found;
	struct stat mode;

	(void)state;
	assert_int_equal(file_write(path, (struct bytes){0}, 0600), ERR_OK);
	assert_true(holds(path, ""));
	assert_int_equal(file_write(path, bytes_text("기록"), 0640), ERR_OK);
	assert_true(holds(path, "기록"));
	assert_int_equal(stat(path, &mode), 0);
	assert_int_equal(mode.st_mode & 0777, 0640);
	assert_int_equal(file_stat(path, &found), ERR_OK);
	assert_int_equal(found.size_bytes, strlen("기록"));
	assert_int_equal(found.inode, mode.st_ino);
	assert_int_equal(found.device, mode.st_dev);
	assert_false(found.is_dir);
	assert_int_equal(file_stat(dir.path, &found), ERR_OK);
	assert_true(found.is_dir);
	assert_false(exists(tempdir_at(&dir, "카드.new")));
}

static void
reading_stops_at_the_limit(void **state)
{
	static uint8_t large[200000];
	const char *path = tempdir_at(&dir, "a");
	struct buf content = {0};

	(void)state;
	memset(large, 'x', sizeof(large));
	buf_add_text(&content, "kept");
	assert_int_equal(
	    file_write(path, bytes_of(large, sizeof(large)), 0600), ERR_OK);
	for (size_t max = 0; max < sizeof(large); max += 33333)
		assert_int_equal(file_read(path, max, &content), ERR_LIMIT);
	assert_int_equal(
	    file_read(path, sizeof(large) - 1, &content), ERR_LIMIT);
	assert_int_equal(content.n, 4);
	assert_int_equal(file_read(path, sizeof(large), &content), ERR_OK);
	assert_int_equal(content.n, 4 + sizeof(large));
	assert_memory_equal(content.p + 4, large, sizeof(large));
	buf_cut(&content, 0);
	assert_int_equal(
	    file_read_from(path, sizeof(large) - 7, 10, &content), ERR_OK);
	assert_int_equal(content.n, 7);
	assert_int_equal(
	    file_read_from(path, sizeof(large) + 7, 10, &content), ERR_OK);
	assert_int_equal(content.n, 7);
	buf_fini(&content);
}

static void
what_is_no_file_is_not_read(void **state)
{
	struct buf content = {0};
	const char *pipe = tempdir_at(&dir, "pipe");

	(void)state;
	assert_int_equal(mkfifo(pipe, 0600), 0);
	assert_int_equal(file_read(pipe, 10, &content), ERR_INVALID);
	assert_int_equal(file_read(dir.path, 10, &content), ERR_INVALID);
	assert_int_equal(
	    file_read(tempdir_at(&dir, "no"), 10, &content), ERR_NOT_FOUND);
	assert_non_null(strstr(err_text(), dir.path));
	assert_int_equal(
	    file_write(tempdir_at(&dir, "no/a"), bytes_text("x"), 0600),
	    ERR_NOT_FOUND);
	buf_fini(&content);
}

static void
a_write_that_fails_leaves_the_old_content_or_the_new(void **state)
{
	static const int numbers[] = {EIO, ENOSPC, EINTR, FAULT_SHORT};
	const char *path = tempdir_at(&dir, "a");

	(void)state;
	for (size_t i = 0; i < 2 * COUNT_OF(numbers); i++) {
		/* A pwrite that is interrupted or empty for ever is no case. */
		bool for_ever = i % 2 == 1 && numbers[i / 2] != EINTR;
		bool hit = true;
		unsigned nth;

		for (nth = 1; hit; nth++) {
			enum err e;

			assert_int_equal(
			    file_write(path, bytes_text("old"), 0600), ERR_OK);
			fault_arm((struct fault_plan){.nth = nth,
			    .for_ever = for_ever,
			    .number = numbers[i / 2]});
			e = file_write(path, bytes_text("newer"), 0600);
			hit = fault_disarm();
			assert_true(holds(path, "newer") ||
				    (e != ERR_OK && holds(path, "old")));
			assert_true(hit || e == ERR_OK);
		}
		assert_true(nth > 7);
	}
	/* What a crash left behind is no obstacle. */
	assert_int_equal(
	    file_write(tempdir_at(&dir, "a.new"), bytes_text("half"), 0600),
	    ERR_OK);
	assert_int_equal(file_write(path, bytes_text("whole"), 0600), ERR_OK);
	assert_true(holds(path, "whole"));
}

static void
a_sync_that_fails_is_never_a_success(void **state)
{
	const char *path = tempdir_at(&dir, "a");

	(void)state;
	for (unsigned nth = 1; nth <= 2; nth++) {
		fault_arm((struct fault_plan){
		    .names = "fsync", .nth = nth, .number = EIO});
		assert_int_equal(
		    file_write(path, bytes_text("x"), 0600), ERR_IO);
		assert_true(fault_disarm());
	}
}

static void
each_reason_of_the_system_has_its_code(void **state)
{
	static const struct {
		int number;
		enum err code;
	} reasons[] = {
	    {ENOENT, ERR_NOT_FOUND},
	    {EEXIST, ERR_EXISTS},
	    {EACCES, ERR_DENIED},
	    {EPERM, ERR_DENIED},
	    {ENOSPC, ERR_FULL},
	    {EDQUOT, ERR_FULL},
	    {EFBIG, ERR_FULL},
	    {EIO, ERR_IO},
	    {EROFS, ERR_IO},
	    {EMFILE, ERR_IO},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(reasons); i++) {
		assert_int_equal(
		    file_error(reasons[i].number, "write", dir.path),
		    reasons[i].code);
		assert_non_null(strstr(err_text(), dir.path));
		assert_non_null(strstr(err_text(), "write"));
	}
}

static void
moving_and_removing_say_what_was_there(void **state)
{
	const char *a = tempdir_at(&dir, "a");
	const char *b = tempdir_at(&dir, "b");

	(void)state;
	assert_int_equal(file_move(a, b), ERR_NOT_FOUND);
	assert_int_equal(file_write(a, bytes_text("1"), 0600), ERR_OK);
	assert_int_equal(file_move(a, b), ERR_OK);
	assert_false(exists(a));
	assert_true(holds(b, "1"));
	assert_int_equal(file_remove(b), ERR_OK);
	assert_int_equal(file_remove(b), ERR_NOT_FOUND);
}

/* The directory that a path lies in is synced, however the path is written. */
static void
paths_may_be_short_or_have_slashes_behind(void **state)
{
	const char *whole = tempdir_at(&dir, "sub");
	char was[1024];
	struct buf path = {0};

	(void)state;
	assert_non_null(getcwd(was, sizeof(was)));
	assert_int_equal(chdir(dir.path), 0);
	assert_int_equal(file_write("a", bytes_text("here"), 0600), ERR_OK);
	assert_true(holds(tempdir_at(&dir, "a"), "here"));
	assert_int_equal(file_make_dir("sub//"), ERR_OK);
	assert_true(exists(whole));
	assert_int_equal(file_link("a", "sub///b"), ERR_OK);
	assert_true(holds("sub/b", "here"));
	assert_int_equal(file_link("a", "none/b"), ERR_NOT_FOUND);
	assert_int_equal(file_link("a", "sub/b"), ERR_EXISTS);
	assert_int_equal(file_remove("sub/b"), ERR_OK);
	buf_add_format(&path, "%s//", whole);
	assert_int_equal(file_remove_tree(buf_text(&path)), ERR_OK);
	assert_false(exists(whole));
	/* A file in the way of a directory is nothing to be found there. */
	assert_int_equal(
	    file_write("a/b", bytes_text("below"), 0600), ERR_NOT_FOUND);
	assert_int_equal(chdir(was), 0);
	buf_fini(&path);
}

static void
a_call_that_was_interrupted_is_made_again(void **state)
{
	static const char *const calls[] = {
	    "read", "pwrite", "flock", "posix_fallocate"};
	const char *path = tempdir_at(&dir, "a");
	struct buf content = {0};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(calls); i++) {
		struct file_lock lock;

		fault_arm((struct fault_plan){
		    .names = calls[i], .nth = 1, .number = EINTR});
		assert_int_equal(
		    file_write(path, bytes_text("text"), 0600), ERR_OK);
		buf_cut(&content, 0);
		assert_int_equal(file_read(path, 4, &content), ERR_OK);
		assert_true(bytes_is(buf_bytes(&content), "text"));
		assert_int_equal(file_lock_init(&lock, path, true), ERR_OK);
		file_lock_fini(&lock);
		assert_int_equal(
		    file_ballast(tempdir_at(&dir, "ballast"), 4096), ERR_OK);
		assert_true(fault_disarm());
	}
	buf_fini(&content);
}

static void
a_lock_that_cannot_be_had_says_why(void **state)
{
	static const struct {
		int number;
		enum err code;
	} reasons[] = {{EWOULDBLOCK, ERR_BUSY}, {ENOLCK, ERR_IO}};
	const char *path = tempdir_at(&dir, "lock");

	(void)state;
	for (size_t i = 0; i < COUNT_OF(reasons); i++) {
		struct file_lock lock;

		fault_arm((struct fault_plan){
		    .names = "flock", .nth = 1, .number = reasons[i].number});
		assert_int_equal(
		    file_lock_init(&lock, path, true), reasons[i].code);
		assert_true(fault_disarm());
		assert_non_null(strstr(err_text(), path));
		file_lock_fini(&lock);
	}
}

static void
directories_are_private_and_vanish_whole(void **state)
{
	const char *tree = tempdir_at(&dir, "tree");
	struct stat mode;

	(void)state;
	assert_int_equal(file_make_dir(tree), ERR_OK);
	assert_int_equal(stat(tree, &mode), 0);
	assert_int_equal(mode.st_mode & 0777, 0700);
	assert_int_equal(file_make_dir(tree), ERR_EXISTS);
	assert_int_equal(
	    file_make_dir(tempdir_at(&dir, "no/a")), ERR_NOT_FOUND);
	assert_int_equal(file_make_dir(tempdir_at(&dir, "tree/in")), ERR_OK);
	assert_int_equal(
	    file_write(tempdir_at(&dir, "tree/in/a"), bytes_text("x"), 0600),
	    ERR_OK);
	assert_int_equal(
	    file_write(tempdir_at(&dir, "safe"), bytes_text("x"), 0600),
	    ERR_OK);
	assert_int_equal(symlink("../safe", tempdir_at(&dir, "tree/link")), 0);
	assert_int_equal(symlink("..", tempdir_at(&dir, "tree/up")), 0);
	fault_arm(
	    (struct fault_plan){.names = "rmdir", .nth = 2, .number = EIO});
	assert_int_equal(file_remove_tree(tree), ERR_IO);
	assert_true(fault_disarm());
	assert_int_equal(file_remove_tree(tree), ERR_OK);
	assert_false(exists(tree));
	assert_true(exists(tempdir_at(&dir, "safe")));
	assert_int_equal(file_remove_tree(tree), ERR_OK);
}

static void
one_excludes_many_and_many_share(void **state)
{
	const char *path = tempdir_at(&dir, "lock");
	struct file_lock a = {0};
	struct file_lock b = {0};

	(void)state;
	assert_int_equal(file_lock_init(&a, path, false), ERR_OK);
	assert_int_equal(file_lock_init(&b, path, false), ERR_OK);
	file_lock_fini(&b);
	file_lock_fini(&b);
	assert_int_equal(file_lock_init(&b, path, true), ERR_BUSY);
	file_lock_fini(&a);
	assert_int_equal(file_lock_init(&b, path, true), ERR_OK);
	assert_int_equal(file_lock_init(&a, path, false), ERR_BUSY);
	assert_int_equal(file_lock_init(&a, path, true), ERR_BUSY);
	file_lock_fini(&b);
	fault_arm(
	    (struct fault_plan){.names = "flock", .nth = 1, .number = EINTR});
	assert_int_equal(file_lock_init(&a, path, true), ERR_OK);
	assert_true(fault_disarm());
	file_lock_fini(&a);
}

static bool
hold_lock(struct child *test, void *arg)
{
	struct file_lock lock;

	if (file_lock_init(&lock, arg, true) != ERR_OK)
		return false;
	child_signal(test);
	return child_await(test);
}

static void
a_lock_ends_with_its_process(void **state)
{
	static char path[1200];
	struct file_lock lock = {0};
	struct child child;

	(void)state;
	(void)snprintf(path, sizeof(path), "%s", tempdir_at(&dir, "lock"));
	child_start(&child, hold_lock, path);
	assert_true(child_await(&child));
	assert_int_equal(file_lock_init(&lock, path, false), ERR_BUSY);
	child_kill(&child);
	assert_int_equal(file_lock_init(&lock, path, true), ERR_OK);
	file_lock_fini(&lock);
}

static void
a_slot_is_overwritten_in_place(void **state)
{
	const char *path = tempdir_at(&dir, "slot");
	struct file_stat before;
	struct file_stat after;
	struct file_slot slot = {0};

	(void)state;
	file_slot_fini(&slot);
	assert_int_equal(file_slot_init(&slot, path), ERR_NOT_FOUND);
	assert_int_equal(file_write(path, bytes_text("12345"), 0600), ERR_OK);
	assert_int_equal(file_stat(path, &before), ERR_OK);
	assert_int_equal(file_slot_init(&slot, path), ERR_OK);
	fault_arm((struct fault_plan){
	    .names = "pwrite", .nth = 1, .number = FAULT_SHORT});
	assert_int_equal(file_slot_put(&slot, bytes_text("abc")), ERR_OK);
	assert_true(fault_disarm());
	assert_true(holds(path, "abc45"));
	fault_arm(
	    (struct fault_plan){.names = "pwrite", .nth = 1, .number = ENOSPC});
	assert_int_equal(file_slot_put(&slot, bytes_text("xyz")), ERR_FULL);
	assert_true(fault_disarm());
	assert_true(holds(path, "abc45"));
	assert_int_equal(file_stat(path, &after), ERR_OK);
	assert_int_equal(before.inode, after.inode);
	file_slot_fini(&slot);
	file_slot_fini(&slot);
}

static void
ballast_holds_room_and_gives_it_back(void **state)
{
	enum { SIZE = 1024 * 1024 };
	char path[1200];
	uint64_t before;
	uint64_t with;

	(void)state;
	if (mount("none", dir.path, "tmpfs", 0, "size=4m") != 0) {
		print_message("no right to mount: a full disk is not tried\n");
		skip();
	}
	(void)snprintf(path, sizeof(path), "%s", tempdir_at(&dir, "ballast"));
	assert_int_equal(file_free_bytes(dir.path, &before), ERR_OK);
	assert_true(before <= 4 * SIZE);
	assert_int_equal(file_ballast(path, SIZE), ERR_OK);
	assert_int_equal(file_ballast(path, SIZE), ERR_OK);
	assert_int_equal(file_free_bytes(dir.path, &with), ERR_OK);
	assert_true(with + SIZE <= before);
	assert_int_equal(file_remove(path), ERR_OK);
	assert_int_equal(file_free_bytes(dir.path, &with), ERR_OK);
	assert_int_equal(with, before);
	assert_int_equal(file_ballast(path, 5 * SIZE), ERR_FULL);
	assert_false(exists(path));
	assert_int_equal(file_ballast(path, 4 * SIZE), ERR_OK);
	/* EIO on a disk without room is a full disk. */
	assert_int_equal(file_error(EIO, "write", dir.path), ERR_FULL);
	assert_int_equal(umount(dir.path), 0);
}

static void
no_call_that_fails_leaves_ballast_behind(void **state)
{
	const char *path = tempdir_at(&dir, "ballast");
	bool hit = true;

	(void)state;
	for (unsigned nth = 1; hit; nth++) {
		enum err e;

		fault_arm((struct fault_plan){.names = "open posix_fallocate",
		    .nth = nth,
		    .number = ENOSPC});
		e = file_ballast(path, 4096);
		hit = fault_disarm();
		assert_int_equal(e, hit ? ERR_FULL : ERR_OK);
		/* The last open is of the directory, to sync it. */
		assert_true(exists(path) == (nth > 2));
	}
}

static void
local_and_foreign_disks_are_told_apart(void **state)
{
	bool remote = true;

	(void)state;
	assert_int_equal(file_is_remote(dir.path, &remote), ERR_OK);
	assert_false(remote);
	assert_int_equal(
	    file_is_remote("/no/such/place", &remote), ERR_NOT_FOUND);
}

#define IN_DIR(test) cmocka_unit_test_setup_teardown(test, dir_make, dir_remove)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    IN_DIR(a_written_file_comes_back_with_its_mode),
	    IN_DIR(reading_stops_at_the_limit),
	    IN_DIR(what_is_no_file_is_not_read),
	    IN_DIR(a_write_that_fails_leaves_the_old_content_or_the_new),
	    IN_DIR(a_sync_that_fails_is_never_a_success),
	    IN_DIR(each_reason_of_the_system_has_its_code),
	    IN_DIR(moving_and_removing_say_what_was_there),
	    IN_DIR(paths_may_be_short_or_have_slashes_behind),
	    IN_DIR(a_call_that_was_interrupted_is_made_again),
	    IN_DIR(a_lock_that_cannot_be_had_says_why),
	    IN_DIR(directories_are_private_and_vanish_whole),
	    IN_DIR(one_excludes_many_and_many_share),
	    IN_DIR(a_lock_ends_with_its_process),
	    IN_DIR(a_slot_is_overwritten_in_place),
	    IN_DIR(ballast_holds_room_and_gives_it_back),
	    IN_DIR(no_call_that_fails_leaves_ballast_behind),
	    IN_DIR(local_and_foreign_disks_are_told_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
