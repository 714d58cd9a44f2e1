/*
 * Trials of jobs, one after another, from the same beginning.
 */
#include "tests/lib/trial.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <time.h>

enum {
	/* Calls that each combination of number and duration is tried on. */
	SAMPLES = 3,
	SAMPLES_COSTLY = 1,
	REBUILT_EVERY = 8,
};

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define IS_SLOW 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define IS_SLOW 1
#endif
#endif
#ifndef IS_SLOW
#define IS_SLOW 0
#endif

/* How much of what there is is tried: FAULTS. */
enum extent { SOME, EACH, ALL };

static uint64_t seed;
static enum extent extent;
/* The one that is under way. */
static const struct job *current;
static struct fault_plan plan;
static struct plant plant;

static void job_try(const struct trial_kind *kind, const struct job *job);
static unsigned drawn(
    const struct trial_kind *kind, struct prng *prng, unsigned calls);
static unsigned each(
    const struct trial_kind *kind, struct prng *prng, unsigned calls);
static void one(const struct trial_kind *kind, unsigned run);

void
trial_begin(void)
{
	const char *text = getenv("SEED");
	const char *how = getenv("FAULTS");

	seed = text != NULL ? strtoull(text, NULL, 10) : (uint64_t)time(NULL);
	if (how != NULL && strcmp(how, "all") == 0)
		extent = ALL;
	else if (how != NULL && strcmp(how, "each") == 0)
		extent = EACH;
	print_message("# SEED=%llu\n", (unsigned long long)seed);
}

uint64_t
trial_seed(void)
{
	return seed;
}

bool
trial_is_all(void)
{
	return extent == ALL;
}

bool
trial_wants(const struct job *job)
{
	const char *only = getenv("JOB");

	return only == NULL || strcmp(only, job->name) == 0;
}

size_t
trial_samples(const struct job *job, size_t calls)
{
	size_t n = job->costly || IS_SLOW ? SAMPLES_COSTLY : SAMPLES;

	return extent == ALL || n > calls ? calls : n;
}

unsigned
trial_after(unsigned nth, unsigned part)
{
	return nth + 1 + (getenv("FAULTS") != NULL ? 0 : nth / part);
}

void
trial_run(const struct trial_kind *kind, const struct job *jobs, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (trial_wants(&jobs[i]))
			job_try(kind, &jobs[i]);
	}
}

static void
job_try(const struct trial_kind *kind, const struct job *job)
{
	struct prng prng = {seed};
	unsigned calls;
	unsigned runs;

	plant_init(&plant, job, 7);
	plant_reset(&plant, job);
	current = job;
	plan = (struct fault_plan){.nth = UINT32_MAX, .number = EIO};
	fault_arm(plan);
	assert_int_equal(plant_run(&plant, job), ERR_OK);
	calls = fault_counted();
	assert_false(fault_disarm());
	plant_assert(&plant, job);
	assert_true(calls > 0 || kind->seldom);
	runs = extent == EACH ? each(kind, &prng, calls)
			      : drawn(kind, &prng, calls);
	print_message("# %s: %u calls, %u runs\n", job->name, calls, runs);
	plant_fini(&plant);
	current = NULL;
}

/* Some calls with each combination of number and duration, or all of them; how
 * often one failed. */
static unsigned
drawn(const struct trial_kind *kind, struct prng *prng, unsigned calls)
{
	unsigned runs = 0;

	for (size_t k = 0; k < 2 * kind->numbers_n; k++) {
		size_t n = trial_samples(current, calls);

		for (size_t i = 0; i < n; i++) {
			uint64_t from = calls * i / n;
			uint64_t to = calls * (i + 1) / n;

			plan = (struct fault_plan){
			    .nth = 1 + (unsigned)(from +
						  prng_below(prng, to - from)),
			    .number = kind->numbers[k / 2],
			    .for_ever = k % 2 == 1};
			one(kind, ++runs);
		}
	}
	return runs;
}

/* Each call with a combination that is drawn for it. */
static unsigned
each(const struct trial_kind *kind, struct prng *prng, unsigned calls)
{
	for (unsigned i = 1; i <= calls; i++) {
		uint64_t k = prng_below(prng, 2 * kind->numbers_n);

		plan = (struct fault_plan){.nth = i,
		    .number = kind->numbers[k / 2],
		    .for_ever = k % 2 == 1};
		one(kind, i);
	}
	return calls;
}

/* Whoever reads it learns what the system said. */
static void
text_check(void)
{
	const char *text = plant.said->fault.text;

	assert_true(strlen(text) > 10);
	if (plan.number == EIO || plan.number == EMFILE)
		assert_non_null(strstr(text, strerror(plan.number)));
	if (plan.number == ENOSPC)
		assert_non_null(strstr(text, "full"));
}

static void
one(const struct trial_kind *kind, unsigned run)
{
	enum err e;

	plant_reset(&plant, current);
	plant.stuck = plan.for_ever;
	if (kind->before != NULL)
		kind->before(&plant);
	fault_arm(plan);
	e = plant_run(&plant, current);
	if (!fault_disarm())
		assert_int_equal(e, ERR_OK);
	if (e != ERR_OK)
		text_check();
	if (kind->then != NULL)
		kind->then(&plant, run);
	plant_assert(&plant, current);
	plant.again = true;
	if (current->closed)
		plant_close(&plant);
	e = plant_run(&plant, current);
	if (e != ERR_OK)
		print_error("again: %s\n", err_text());
	assert_int_equal(e, ERR_OK);
	plant_assert(&plant, current);
	if (run % REBUILT_EVERY == 0)
		plant_assert_rebuilt(&plant);
}

int
trial_print(void **state)
{
	(void)state;
	(void)fault_disarm();
	if (current == NULL)
		return 0;
	print_error("%s: call %u fails with %d%s; it said: %s\n"
		    "SEED=%llu JOB=\"%s\"\n",
	    current->name, plan.nth, plan.number,
	    plan.for_ever ? ", and all after it" : "", plant.said->fault.text,
	    (unsigned long long)seed, current->name);
	current = NULL;
	return 0;
}
