/*
 * Every call that core makes of LMDB and of the file system fails, once, and in
 * a second round for good from then on, in each of the jobs that a node does
 * (tests/lib/job_*.c).  Only ERR_OK is a yes; nothing that was said yes to is
 * lost; stores are whole when all works again, and go on by themselves.
 *
 * FAULTS=all tries every call of every job with every kind of failure, else
 * some are drawn.  JOB=name does one job.  SEED=n draws as that run did.
 *
 * LINK: -Wl,@tests/lib/fault.wrap
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <time.h>

#include "tests/lib/fault.h"
#include "tests/lib/job_store.h"

/* LMDB's codes, whose header belongs to core/env.h alone. */
enum { LMDB_PANIC = -30795, LMDB_MAP_FULL = -30792 };
enum { SAMPLES = 40, SAMPLES_COSTLY = 12, REBUILT_EVERY = 8 };

static const int numbers[] = {
    EIO, ENOSPC, EMFILE, ENOMEM, FAULT_SHORT, LMDB_PANIC, LMDB_MAP_FULL};

static uint64_t seed;
static bool all;

struct trial {
	const struct job *job;
	struct plant *plant;
	struct fault_plan plan;
};

/* The one that is under way. */
static struct trial current;

/* Says which one failed. */
static int
trial_print(void **state)
{
	const struct trial *t = &current;

	(void)state;
	if (t->job == NULL)
		return 0;
	print_error("%s: call %u fails with %d%s; it said: %s\n"
		    "SEED=%llu JOB=%s\n",
	    t->job->name, t->plan.nth, t->plan.number,
	    t->plan.for_ever ? ", and all after it" : "",
	    t->plant->said->fault.text, (unsigned long long)seed, t->job->name);
	return 0;
}

/* One run of a job under a plan. */
static void
trial_run(const struct trial *t)
{
	enum err e;

	current = *t;
	plant_reset(t->plant, t->job);
	fault_arm(t->plan);
	e = plant_run(t->plant, t->job);
	if (!fault_disarm())
		assert_int_equal(e, ERR_OK);
	if (e != ERR_OK)
		assert_true(strlen(t->plant->said->fault.text) > 10);
	plant_assert(t->plant, t->job);
	t->plant->again = true;
	if (t->job->closed)
		plant_close(t->plant);
	e = plant_run(t->plant, t->job);
	if (e != ERR_OK)
		print_error("again: %s\n", err_text());
	assert_int_equal(e, ERR_OK);
	plant_assert(t->plant, t->job);
}

static void
job_run(const struct job *job)
{
	static struct plant plant;
	struct prng prng = {seed};
	struct trial t = {.job = job, .plant = &plant};
	size_t samples = all ? SIZE_MAX : SAMPLES;
	unsigned calls;
	unsigned tried = 0;

	if (job->costly && !all)
		samples = SAMPLES_COSTLY;
	plant_init(&plant, job, 7);
	plant_reset(&plant, job);
	fault_arm((struct fault_plan){.nth = UINT32_MAX, .number = EIO});
	assert_int_equal(plant_run(&plant, job), ERR_OK);
	calls = fault_counted();
	assert_false(fault_disarm());
	plant_assert(&plant, job);
	assert_true(calls > 2);
	for (size_t k = 0; k < 2 * COUNT_OF(numbers); k++) {
		size_t n = all ? calls : samples / COUNT_OF(numbers);

		if (n > calls)
			n = calls;
		for (size_t i = 0; i < n; i++) {
			uint64_t from = calls * i / n;
			uint64_t to = calls * (i + 1) / n;

			t.plan = (struct fault_plan){
			    .nth = 1 + (unsigned)(from +
						  prng_below(&prng, to - from)),
			    .number = numbers[k / 2],
			    .for_ever = k % 2 == 1};
			trial_run(&t);
			if (++tried % REBUILT_EVERY == 0)
				plant_assert_rebuilt(&plant);
		}
	}
	print_message("# %s: %u calls, %u runs\n", job->name, calls, tried);
	plant_fini(&plant);
	current.job = NULL;
}

static void
every_call_fails_in_every_job_and_nothing_is_lost(void **state)
{
	const char *text = getenv("SEED");
	const char *only = getenv("JOB");
	const char *how = getenv("FAULTS");

	(void)state;
	seed = text != NULL ? strtoull(text, NULL, 10) : (uint64_t)time(NULL);
	all = how != NULL && strcmp(how, "all") == 0;
	print_message("# SEED=%llu\n", (unsigned long long)seed);
	for (size_t i = 0; i < job_store_n; i++) {
		if (only == NULL || strcmp(only, job_store[i].name) == 0)
			job_run(&job_store[i]);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_teardown(
		every_call_fails_in_every_job_and_nothing_is_lost, trial_print),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
