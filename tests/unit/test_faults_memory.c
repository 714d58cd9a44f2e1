/*
 * Out of memory, at any allocation, ours or one that LMDB, libsodium, msgpack,
 * zstd or jansson makes: the process ends, or says no; it does not go on with
 * nothing, and what it had acknowledged is there.  This program has its own
 * malloc; under sanitisers, which bring theirs, the process ends at that
 * allocation.
 *
 * Children do the jobs of tests/lib/job_*.c; tests/lib/trial.h says which
 * allocations fail; NTH=n lets one of a JOB fail.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "tests/lib/child.h"
#include "tests/lib/job_carry.h"
#include "tests/lib/job_keys.h"
#include "tests/lib/job_packs.h"
#include "tests/lib/job_store.h"
#include "tests/lib/trial.h"

enum {
	SAMPLES = 5,
	SAMPLES_SLOW = 2,
	FIRST = 100,
	STEPS_OF_REST = 200,
	NEAR_NOTHING = 65536
};

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define HAS_OTHER_HEAP 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define HAS_OTHER_HEAP 1
#endif
#endif

#ifdef HAS_OTHER_HEAP
int __sanitizer_install_malloc_and_free_hooks(
    void (*taken)(const volatile void *, size_t),
    void (*given)(const volatile void *));

static void
on_taken(const volatile void *p, size_t n)
{
	(void)p;
	(void)n;
	if (fault_due("malloc") != 0)
		abort();
}

static void
on_given(const volatile void *p)
{
	(void)p;
}
#else
void *__libc_malloc(size_t n);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *p, size_t n);
void *__libc_memalign(size_t align, size_t n);

static bool
is_refused(void)
{
	if (fault_due("malloc") == 0)
		return false;
	errno = ENOMEM;
	return true;
}

void *
malloc(size_t n)
{
	return is_refused() ? NULL : __libc_malloc(n);
}

void *
calloc(size_t count, size_t size)
{
	return is_refused() ? NULL : __libc_calloc(count, size);
}

void *
realloc(void *p, size_t n)
{
	return is_refused() ? NULL : __libc_realloc(p, n);
}

int
posix_memalign(void **to, size_t align, size_t n)
{
	if (is_refused())
		return ENOMEM;
	*to = __libc_memalign(align, n);
	return *to != NULL ? 0 : ENOMEM;
}
#endif

static struct plant plant;
static unsigned ended; /* children that ran out of memory */
static unsigned said_no;

struct errand {
	const struct job *job;
	struct fault_plan plan;
};

/* libzstd 1.5 writes to what it did not get (ZSTD_createCDict): that ends the
 * process as well as anything.  Elsewhere than near nothing is another thing.
 */
static void
on_segment(int number, siginfo_t *info, void *context)
{
	(void)number;
	(void)context;
	if ((uintptr_t)info->si_addr < NEAR_NOTHING)
		abort();
	(void)signal(SIGSEGV, SIG_DFL);
}

static bool
do_job(struct child *test, void *arg)
{
	const struct errand *errand = arg;
	const struct rlimit none = {0};
	struct sigaction met = {
	    .sa_sigaction = on_segment, .sa_flags = SA_SIGINFO};

	(void)test;
	/* Nobody wants to look at its remains, and cmocka is not to catch what
	 * ends it. */
	(void)setrlimit(RLIMIT_CORE, &none);
	sigemptyset(&met.sa_mask);
	assert(sigaction(SIGSEGV, &met, NULL) == 0);
	(void)signal(SIGBUS, SIG_DFL);
	(void)signal(SIGABRT, SIG_DFL);
	if (!errand->job->closed)
		plant_open(&plant);
	fault_arm(errand->plan);
	if (plant_run(&plant, errand->job) != ERR_OK)
		plant.said->calls = 1;
	else
		plant.said->calls = fault_counted();
	(void)fault_disarm();
	return true;
}

/* A job in a child of its own, whose allocation `nth` fails. */
static void
one(const struct job *job, unsigned nth, bool for_ever)
{
	struct errand errand = {.job = job,
	    .plan = {.nth = nth, .number = ENOMEM, .for_ever = for_ever}};
	struct child child;
	enum err e;

	plant_reset(&plant, job);
	plant_close(&plant);
	/* The dead take nothing away. */
	plant.stuck = true;
	child_start(&child, do_job, &errand);
	switch (child_status(&child)) {
	case 0:
		said_no += plant.said->steps < job->steps;
		break;
	case SIGABRT:
		ended++;
		break;
	default:
		print_error("%s: allocation %u\n", job->name, nth);
		fail();
	}
	if (nth == UINT32_MAX) {
		assert_int_equal(plant.said->steps, job->steps);
		return;
	}
	plant_assert(&plant, job);
	plant.again = true;
	if (job->closed)
		plant_close(&plant);
	e = plant_run(&plant, job);
	if (e != ERR_OK)
		print_error("%s: allocation %u: again: %s\n", job->name, nth,
		    err_text());
	assert_int_equal(e, ERR_OK);
	plant_assert(&plant, job);
}

static void
job_try(const struct job *job)
{
	struct prng prng = {trial_seed()};
	const char *only = getenv("NTH");
	unsigned runs = 0;
	unsigned calls;

	plant_init(&plant, job, 7);
	if (only != NULL) {
		one(job, (unsigned)strtoul(only, NULL, 10), false);
		plant_fini(&plant);
		return;
	}
	one(job, UINT32_MAX, false);
	calls = plant.said->calls;
	assert_true(calls > 5);
	if (trial_is_all()) {
		unsigned step = 1 + calls / STEPS_OF_REST;

		for (unsigned n = 1; n <= calls; n += n < FIRST ? 1 : step)
			one(job, n, runs++ % 2 == 1);
	} else {
#ifdef HAS_OTHER_HEAP
		unsigned n = SAMPLES_SLOW;
#else
		unsigned n = SAMPLES;
#endif
		for (unsigned i = 0; i < n; i++)
			one(job, 1 + (unsigned)prng_below(&prng, calls),
			    runs++ % 2 == 1);
	}
	print_message(
	    "# %s: %u allocations, %u runs\n", job->name, calls, runs);
	plant_fini(&plant);
}

static void
jobs_try(const struct job *jobs, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (trial_wants(&jobs[i]))
			job_try(&jobs[i]);
	}
}

static void
whoever_runs_out_of_memory_loses_nothing(void **state)
{
	(void)state;
	jobs_try(job_store, job_store_n);
	jobs_try(job_carry, job_carry_n);
	jobs_try(job_keys, job_keys_n);
	jobs_try(job_packs, job_packs_n);
	assert_true(getenv("JOB") != NULL || ended > 0);
	print_message("# %u ended, %u said no\n", ended, said_no);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(whoever_runs_out_of_memory_loses_nothing),
	};

#ifdef HAS_OTHER_HEAP
	assert_true(
	    __sanitizer_install_malloc_and_free_hooks(on_taken, on_given) > 0);
#endif
	trial_begin();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
