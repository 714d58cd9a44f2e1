/*
 * Disks that are really full, in all the jobs of tests/lib/job_*.c: on a small
 * tmpfs with more and more room left until the job finds enough, and under the
 * system's limit for the size of a file.  What does not fit is refused as
 * ERR_FULL, reading goes on, and when there is room so does everything, by
 * itself.
 */
#define _DEFAULT_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/ballast.h"
#include "core/file.h"
#include "tests/lib/job_carry.h"
#include "tests/lib/job_keys.h"
#include "tests/lib/job_packs.h"
#include "tests/lib/job_store.h"
#include "tests/lib/trial.h"

enum { PAGE = 4096, ROOM_MAX = 32 * 1024 * 1024, FREE_SHOWN = 256 * 1024 };

/* What is too small. */
enum narrow {
	NARROW_DISK,
	NARROW_FILE,  /* the system's limit for the size of a file */
	NARROW_STICK, /* the medium that bundles are written to */
};

static struct tempdir top;
static char stick[2 * TEMPDIR_PATH_SIZE];
static struct plant plant;
static unsigned refused;
static unsigned done;

/* Takes all but `room` bytes of the disk. */
static void
fill(uint64_t room)
{
	uint64_t free_bytes;
	const char *filler = tempdir_at(&top, "filler");

	/* The ballast is for one node on a disk; here it is gone. */
	for (size_t i = 0; i < plant.town.n; i++) {
		char *path = file_path(plant.town.nodes[i].dir, "ballast");

		assert_true(unlink(path) == 0 || errno == ENOENT);
		free(path);
	}
	assert_int_equal(file_free_bytes(top.path, &free_bytes), ERR_OK);
	assert_true(free_bytes > room);
	assert_int_equal(file_ballast(filler, free_bytes - room), ERR_OK);
}

static void
empty(void)
{
	const char *filler = tempdir_at(&top, "filler");

	assert_true(unlink(filler) == 0 || errno == ENOENT);
}

static void
file_limit(rlim_t most)
{
	struct rlimit limit;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = most;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* An empty stick of that size. */
static void
stick_new(uint64_t bytes)
{
	char size[32];

	assert_true(umount(stick) == 0 || errno == EINVAL);
	(void)snprintf(
	    size, sizeof(size), "size=%llu", (unsigned long long)bytes);
	assert_int_equal(mount("none", stick, "tmpfs", 0, size), 0);
}

static void
stick_grow(void)
{
	assert_int_equal(
	    mount("none", stick, "tmpfs", MS_REMOUNT, "size=32m"), 0);
}

static void
narrow_begin(enum narrow narrow, uint64_t room)
{
	if (narrow == NARROW_DISK)
		fill(room);
	else if (narrow == NARROW_FILE)
		file_limit(room);
	else
		stick_new(room);
}

static void
narrow_end(enum narrow narrow)
{
	if (narrow == NARROW_DISK)
		empty();
	else if (narrow == NARROW_FILE)
		file_limit(RLIM_INFINITY);
	else
		stick_grow();
}

/* The job with `room` bytes; true when that was enough. */
static bool
one(const struct job *job, enum narrow narrow, uint64_t room, bool stays)
{
	bool enough;
	enum err e;

	plant_reset(&plant, job);
	plant.stuck = true;
	/* They were in use before: LMDB's locks have their room. */
	plant_open(&plant);
	if (job->closed)
		plant_close(&plant);
	narrow_begin(narrow, room);
	e = plant_run(&plant, job);
	enough = e == ERR_OK;
	/* LMDB says EIO when a write is cut short; that a disk is full is found
	 * out, that a file may not grow is not. */
	if (!enough && e != ERR_FULL && (narrow != NARROW_FILE || e != ERR_IO))
		print_error("%s, %llu bytes: %s: %s\n", job->name,
		    (unsigned long long)room, err_name(e), err_text());
	assert_true(
	    enough || e == ERR_FULL || (narrow == NARROW_FILE && e == ERR_IO));
	if (e == ERR_FULL)
		assert_true(strstr(plant.said->fault.text, "full") != NULL ||
			    strstr(plant.said->fault.text, "limit") != NULL);
	/* Everything can be read... */
	if (!stays && !job->holds_by_writing)
		plant_assert(&plant, job);
	narrow_end(narrow);
	/* ...and work goes on when there is room, in the same process too. */
	plant.again = true;
	if (job->closed)
		plant_close(&plant);
	e = plant_run(&plant, job);
	if (e != ERR_OK)
		print_error("%s, %llu bytes, again: %s\n", job->name,
		    (unsigned long long)room, err_text());
	assert_int_equal(e, ERR_OK);
	plant_assert(&plant, job);
	refused += !enough;
	done += enough;
	return enough;
}

static void
job_try(const struct job *job, enum narrow narrow, uint64_t step)
{
	unsigned runs = 0;
	bool enough = false;

	if (!trial_wants(job))
		return;
	plant_init(&plant, job, 7);
	if (narrow == NARROW_STICK)
		plant.medium = stick;
	for (uint64_t room = narrow == NARROW_DISK ? 0 : step;
	     !enough && room <= ROOM_MAX; room += step) {
		enough = one(job, narrow, room, runs++ % 2 == 1);
		/* Where more is looked for than is written. */
		if (runs > 8)
			step += step;
		if (room < ROOM_MAX && step > ROOM_MAX - room)
			step = ROOM_MAX - room;
	}
	assert_true(enough);
	print_message("# %s: %u runs\n", job->name, runs);
	plant_fini(&plant);
}

static void
jobs_try(enum narrow narrow, uint64_t step)
{
	refused = 0;
	done = 0;
	for (size_t i = 0; i < job_store_n; i++)
		job_try(&job_store[i], narrow, step);
	for (size_t i = 0; i < job_carry_n; i++)
		job_try(&job_carry[i], narrow, step);
	for (size_t i = 0; i < job_keys_n; i++)
		job_try(&job_keys[i], narrow, step);
	for (size_t i = 0; i < job_packs_n; i++)
		job_try(&job_packs[i], narrow, step);
	print_message("# %u refused, %u done\n", refused, done);
	assert_true(getenv("JOB") != NULL || (refused > 10 && done > 10));
}

static int
disk_make(void **state)
{
	(void)state;
	tempdir_init(&top);
	if (mount("none", top.path, "tmpfs", 0, "size=64m") != 0) {
		print_message("no right to mount: a full disk is not tried\n");
		tempdir_fini(&top);
		top.path[0] = '\0';
		return 0;
	}
	assert_int_equal(setenv("TMPDIR", top.path, 1), 0);
	return 0;
}

static int
disk_remove(void **state)
{
	(void)state;
	if (top.path[0] == '\0')
		return 0;
	assert_int_equal(unsetenv("TMPDIR"), 0);
	assert_int_equal(umount2(top.path, MNT_DETACH), 0);
	return rmdir(top.path);
}

static void
on_a_full_disk_nothing_is_lost_and_room_is_all_it_takes(void **state)
{
	(void)state;
	if (top.path[0] == '\0')
		skip();
	jobs_try(NARROW_DISK, (trial_is_all() ? 1 : 8) * PAGE);
}

static void
a_file_that_may_not_grow_is_as_a_full_disk(void **state)
{
	(void)state;
	/* As cli/main.c has it. */
	assert_true(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
	jobs_try(NARROW_FILE, (trial_is_all() ? 8 : 32) * PAGE);
}

static void
a_full_stick_is_no_trouble_of_the_store(void **state)
{
	(void)state;
	if (top.path[0] == '\0')
		skip();
	(void)snprintf(stick, sizeof(stick), "%s/stick", top.path);
	assert_int_equal(mkdir(stick, 0700), 0);
	for (size_t i = 0; i < job_carry_n; i++) {
		if (strcmp(job_carry[i].name, "stick") == 0)
			job_try(&job_carry[i], NARROW_STICK, PAGE);
	}
	assert_int_equal(umount(stick), 0);
}

#define ON_DISK(test) \
	cmocka_unit_test_setup_teardown(test, disk_make, disk_remove)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_file_that_may_not_grow_is_as_a_full_disk),
	    ON_DISK(on_a_full_disk_nothing_is_lost_and_room_is_all_it_takes),
	    ON_DISK(a_full_stick_is_no_trouble_of_the_store),
	};

	trial_begin();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
