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
#include "tests/lib/job_store.h"
#include "tests/lib/trial.h"

enum { PAGE = 4096, ROOM_MAX = 32 * 1024 * 1024, FREE_SHOWN = 256 * 1024 };

static struct tempdir top;
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

/* The job on a disk with `room` bytes left; true when that was enough. */
static bool
one(const struct job *job, uint64_t room, bool stays)
{
	bool enough;
	enum err e;

	empty();
	plant_reset(&plant, job);
	plant.stuck = true;
	/* They were in use before: LMDB's locks have their room. */
	plant_open(&plant);
	if (job->closed)
		plant_close(&plant);
	fill(room);
	e = plant_run(&plant, job);
	enough = e == ERR_OK;
	if (e != ERR_OK && e != ERR_FULL)
		print_error("%s, %llu bytes left: %s: %s\n", job->name,
		    (unsigned long long)room, err_name(e), err_text());
	assert_true(enough || e == ERR_FULL);
	if (!enough)
		assert_non_null(strstr(plant.said->fault.text, "full"));
	/* Everything can be read on a full disk... */
	if (!stays && !job->holds_by_writing)
		plant_assert(&plant, job);
	empty();
	/* ...and work goes on when there is room, in the same process too. */
	plant.again = true;
	if (job->closed)
		plant_close(&plant);
	e = plant_run(&plant, job);
	if (e != ERR_OK)
		print_error("%s, %llu bytes left, again: %s\n", job->name,
		    (unsigned long long)room, err_text());
	assert_int_equal(e, ERR_OK);
	plant_assert(&plant, job);
	refused += !enough;
	done += enough;
	return enough;
}

static void
jobs_try(const struct job *jobs, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		uint64_t step = trial_is_all() ? PAGE : 8 * PAGE;
		unsigned runs = 0;
		bool enough = false;

		if (!trial_wants(&jobs[i]))
			continue;
		plant_init(&plant, &jobs[i], 7);
		for (uint64_t room = 0; !enough && room < ROOM_MAX;
		     room += step) {
			enough = one(&jobs[i], room, runs++ % 2 == 1);
			/* Where more is looked for than is written. */
			if (runs > 8)
				step += step;
		}
		assert_true(enough);
		print_message("# %s: %u runs\n", jobs[i].name, runs);
		plant_fini(&plant);
	}
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
	jobs_try(job_store, job_store_n);
	jobs_try(job_carry, job_carry_n);
	jobs_try(job_keys, job_keys_n);
	print_message("# %u refused, %u done\n", refused, done);
	assert_true(refused > 20 && done > 10);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
		on_a_full_disk_nothing_is_lost_and_room_is_all_it_takes,
		disk_make, disk_remove),
	};

	trial_begin();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
