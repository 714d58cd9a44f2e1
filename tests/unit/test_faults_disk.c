/*
 * What is written and synced below LMDB fails: this program has its own pwrite,
 * writev, write, fdatasync, fsync, ftruncate and pread, which liblmdb calls
 * too.  And a disk that keeps no secret: of a sync that failed, all that had
 * waited for it is lost, and no later sync brings it back, though what is read
 * shows it.  After every second run the power goes: then there is what the disk
 * has.  What was said yes to is still there.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "core/file.h"
#include "proto/mem.h"
#include "tests/lib/job_carry.h"
#include "tests/lib/job_keys.h"
#include "tests/lib/job_packs.h"
#include "tests/lib/job_store.h"
#include "tests/lib/trial.h"

enum { IMAGES_MAX = 16, PARTS_MAX = 65536, PAGE = 4096 };

/* A data file as the disk has it, and what waits to get there. */
struct part {
	uint64_t at;
	size_t n;
	uint8_t *p; /* owned */
};
struct image {
	dev_t device;
	ino_t inode;
	struct buf durable;
	struct part *parts; /* owned */
	size_t parts_n;
};

static struct image images[IMAGES_MAX];
static size_t images_n;
static bool watching;
static bool lies; /* a sync that fails says that all is well */

static ssize_t
raw_pread(int fd, void *to, size_t n, off_t at)
{
	return syscall(SYS_pread64, fd, to, n, at);
}

static void
images_clear(void)
{
	for (size_t i = 0; i < images_n; i++) {
		for (size_t k = 0; k < images[i].parts_n; k++)
			mem_free(images[i].parts[k].p);
		mem_free(images[i].parts);
		buf_fini(&images[i].durable);
	}
	memset(images, 0, sizeof(images));
	images_n = 0;
}

/* The image of what `fd` writes to; NULL: nobody watches. */
static struct image *
image_of(int fd)
{
	struct image *image = &images[images_n];
	struct stat stat;
	uint8_t page[PAGE];
	ssize_t n;

	if (!watching || fstat(fd, &stat) != 0 || !S_ISREG(stat.st_mode))
		return NULL;
	for (size_t i = 0; i < images_n; i++) {
		if (images[i].inode == stat.st_ino &&
		    images[i].device == stat.st_dev)
			return &images[i];
	}
	if (images_n == IMAGES_MAX)
		abort();
	images_n++;
	image->device = stat.st_dev;
	image->inode = stat.st_ino;
	image->parts = mem_zeros(PARTS_MAX, sizeof(*image->parts));
	/* What stood there before was synced long ago. */
	while ((n = raw_pread(
		    fd, page, sizeof(page), (off_t)image->durable.n)) > 0)
		buf_add(&image->durable, bytes_of(page, (size_t)n));
	return image;
}

static void
image_put(struct image *image, uint64_t at, struct bytes content)
{
	while (image->durable.n < at + content.n)
		buf_add_u8(&image->durable, 0);
	bytes_copy(image->durable.p + at, content);
}

/* `n` bytes were written to `fd`: they are on the disk when the descriptor
 * says so, else when they were synced. */
static void
image_note(struct image *image, int fd, const void *from, size_t n, off_t at)
{
	struct part *part;

	if (image == NULL)
		return;
	if ((fcntl(fd, F_GETFL) & O_DSYNC) != 0) {
		image_put(image, (uint64_t)at, bytes_of(from, n));
		return;
	}
	if (image->parts_n == PARTS_MAX)
		abort();
	part = &image->parts[image->parts_n++];
	part->at = (uint64_t)at;
	part->n = n;
	part->p = mem_new(n);
	memcpy(part->p, from, n);
}

/* All that waits arrived (`well`), or is lost. */
static void
image_sync(struct image *image, bool well)
{
	if (image == NULL)
		return;
	for (size_t i = 0; i < image->parts_n; i++) {
		struct part *part = &image->parts[i];

		if (well)
			image_put(image, part->at, bytes_of(part->p, part->n));
		mem_free(part->p);
	}
	image->parts_n = 0;
}

/* ---- the calls ---------------------------------------------------------- */

static ssize_t
failed(int number)
{
	errno = number > 0 ? number : EIO;
	return -1;
}

ssize_t
pwrite(int fd, const void *from, size_t n, off_t at)
{
	int number = fault_due("pwrite");
	struct image *image = image_of(fd);
	ssize_t done;

	if (number != 0 && number != FAULT_SHORT)
		return failed(number);
	if (number == FAULT_SHORT)
		n = (n + 1) / 2;
	done = syscall(SYS_pwrite64, fd, from, n, at);
	if (done > 0)
		image_note(image, fd, from, (size_t)done, at);
	return done;
}

ssize_t
write(int fd, const void *from, size_t n)
{
	int number = fault_due("write");
	struct image *image = image_of(fd);
	off_t at = lseek(fd, 0, SEEK_CUR);
	ssize_t done;

	if (number != 0 && number != FAULT_SHORT)
		return failed(number);
	if (number == FAULT_SHORT)
		n = (n + 1) / 2;
	done = syscall(SYS_write, fd, from, n);
	if (done > 0)
		image_note(image, fd, from, (size_t)done, at);
	return done;
}

ssize_t
writev(int fd, const struct iovec *parts, int parts_n)
{
	int number = fault_due("writev");
	struct image *image = image_of(fd);
	off_t at = lseek(fd, 0, SEEK_CUR);
	size_t left;
	ssize_t done;

	if (number != 0 && number != FAULT_SHORT)
		return failed(number);
	if (number == FAULT_SHORT)
		parts_n = (parts_n + 1) / 2;
	done = syscall(SYS_writev, fd, parts, parts_n);
	if (done <= 0)
		return done;
	left = (size_t)done;
	for (int i = 0; i < parts_n && left > 0; i++) {
		size_t n = parts[i].iov_len < left ? parts[i].iov_len : left;

		image_note(image, fd, parts[i].iov_base, n, at);
		at += (off_t)n;
		left -= n;
	}
	/* A row of whole parts is no short write. */
	return number == FAULT_SHORT && done > 1 ? done - 1 : done;
}

static int
sync_of(int fd, const char *name, long call)
{
	int number = fault_due(name);
	struct image *image = image_of(fd);
	int rc = 0;

	if (number == 0)
		rc = (int)syscall(call, fd);
	image_sync(image, number == 0 && rc == 0);
	if (number != 0 && !lies)
		return (int)failed(number);
	return rc;
}

int
fdatasync(int fd)
{
	return sync_of(fd, "fdatasync", SYS_fdatasync);
}

int
fsync(int fd)
{
	return sync_of(fd, "fsync", SYS_fsync);
}

int
ftruncate(int fd, off_t n)
{
	int number = fault_due("ftruncate");

	if (number != 0)
		return (int)failed(number);
	return (int)syscall(SYS_ftruncate, fd, n);
}

ssize_t
pread(int fd, void *to, size_t n, off_t at)
{
	int number = fault_due("pread");

	if (number != 0 && number != FAULT_SHORT)
		return failed(number);
	return raw_pread(fd, to, number == FAULT_SHORT ? (n + 1) / 2 : n, at);
}

/* ---- the power ---------------------------------------------------------- */

static void
on_before(struct plant *plant)
{
	(void)plant;
	images_clear();
	watching = true;
}

/* The data file of node `i` becomes what the disk has of it. */
static void
data_cut(struct plant *plant, size_t i)
{
	char *path = file_path(plant->town.nodes[i].dir, "data.mdb");
	struct stat found;

	assert_int_equal(stat(path, &found), 0);
	for (size_t k = 0; k < images_n; k++) {
		const struct buf *durable = &images[k].durable;
		int fd;

		if (images[k].inode != found.st_ino)
			continue;
		fd = open(path, O_RDWR | O_CLOEXEC);
		assert_true(fd >= 0);
		assert_int_equal(ftruncate(fd, (off_t)durable->n), 0);
		assert_int_equal(
		    pwrite(fd, durable->p, durable->n, 0), (ssize_t)durable->n);
		assert_int_equal(close(fd), 0);
	}
	mem_free(path);
}

static void
on_then(struct plant *plant, unsigned run)
{
	watching = false;
	if (run % 2 == 0)
		return;
	plant_close(plant);
	for (size_t i = 0; i < plant->town.n; i++)
		data_cut(plant, i);
}

static const int numbers[] = {EIO, ENOSPC, FAULT_SHORT};
static const struct trial_kind kind = {.numbers = numbers,
    .numbers_n = COUNT_OF(numbers),
    .seldom = true,
    .before = on_before,
    .then = on_then};

static void
writes_and_syncs_fail_in_the_jobs_of_a_store(void **state)
{
	(void)state;
	trial_run(&kind, job_store, job_store_n);
}

static void
writes_and_syncs_fail_in_what_goes_between_nodes(void **state)
{
	(void)state;
	trial_run(&kind, job_carry, job_carry_n);
}

static void
writes_and_syncs_fail_in_what_is_done_with_rights_and_keys(void **state)
{
	(void)state;
	trial_run(&kind, job_keys, job_keys_n);
}

static void
writes_and_syncs_fail_in_what_is_done_with_packs(void **state)
{
	(void)state;
	trial_run(&kind, job_packs, job_packs_n);
}

/* Against such a disk nothing helps, and this test would see it. */
static void
a_disk_that_lies_about_its_syncs_is_noticed_here(void **state)
{
	static struct plant plant;
	const struct job *job = &job_store[2];
	struct space space;
	enum err e;

	(void)state;
	assert_string_equal(job->name, "write");
	plant_init(&plant, job, 7);
	plant_reset(&plant, job);
	on_before(&plant);
	lies = true;
	fault_arm((struct fault_plan){
	    .names = "fdatasync", .nth = 1, .number = EIO, .for_ever = true});
	assert_int_equal(plant_run(&plant, job), ERR_OK);
	assert_true(fault_disarm());
	lies = false;
	on_then(&plant, 1);
	e = store_open(plant.town.nodes[1].dir, &plant.town.host,
	    &plant.town.nodes[1].store);
	if (e == ERR_OK)
		e = store_begin(plant.town.nodes[1].store, false);
	if (e == ERR_OK)
		e = store_locate(
		    plant.town.nodes[1].store, &plant.said->ids[0], &space);
	assert_int_not_equal(e, ERR_OK);
	images_clear();
	plant_fini(&plant);
}

#define TEST(name) cmocka_unit_test_teardown(name, trial_print)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(writes_and_syncs_fail_in_the_jobs_of_a_store),
	    TEST(writes_and_syncs_fail_in_what_goes_between_nodes),
	    TEST(writes_and_syncs_fail_in_what_is_done_with_rights_and_keys),
	    TEST(writes_and_syncs_fail_in_what_is_done_with_packs),
	    TEST(a_disk_that_lies_about_its_syncs_is_noticed_here),
	};

	trial_begin();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
