/*
 * Every call that core makes of LMDB and of the file system fails, once, and in
 * another run for good from then on, in each of the jobs that a node does
 * (tests/lib/job_*.c).  Only ERR_OK is a yes; nothing that was said yes to is
 * lost; stores are whole when all works again, and go on by themselves.
 * tests/lib/trial.h says which calls are tried; tests/faults.t holds the list
 * of calls against what core calls in truth.
 *
 * LINK: -Wl,@tests/lib/fault.wrap
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>

#include "tests/lib/job_carry.h"
#include "tests/lib/job_clinic.h"
#include "tests/lib/job_duty.h"
#include "tests/lib/job_keys.h"
#include "tests/lib/job_look.h"
#include "tests/lib/job_packs.h"
#include "tests/lib/job_store.h"
#include "tests/lib/job_twins.h"
#include "tests/lib/trial.h"

/* LMDB's codes, whose header belongs to core/env.h alone. */
enum { LMDB_PANIC = -30795, LMDB_MAP_FULL = -30792 };

static const int numbers[] = {
    EIO, ENOSPC, EMFILE, ENOMEM, FAULT_SHORT, LMDB_PANIC, LMDB_MAP_FULL};
static const struct trial_kind kind = {
    .numbers = numbers, .numbers_n = COUNT_OF(numbers)};

static void
calls_fail_in_the_jobs_of_a_store(void **state)
{
	(void)state;
	trial_run(&kind, job_store, job_store_n);
}

static void
calls_fail_in_what_goes_between_nodes(void **state)
{
	(void)state;
	trial_run(&kind, job_carry, job_carry_n);
}

static void
calls_fail_in_what_is_done_with_rights_and_keys(void **state)
{
	(void)state;
	trial_run(&kind, job_keys, job_keys_n);
}

static void
calls_fail_in_what_is_done_with_packs(void **state)
{
	(void)state;
	trial_run(&kind, job_packs, job_packs_n);
}

static void
calls_fail_in_what_is_written_by_rules(void **state)
{
	(void)state;
	trial_run(&kind, job_duty, job_duty_n);
}

static void
calls_fail_under_a_pack_with_every_key(void **state)
{
	(void)state;
	trial_run(&kind, job_clinic, job_clinic_n);
}

static void
calls_fail_in_what_is_worked_out_for_people(void **state)
{
	(void)state;
	trial_run(&kind, job_look, job_look_n);
	trial_run(&kind, job_twins, job_twins_n);
}

#define TEST(name) cmocka_unit_test_teardown(name, trial_print)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(calls_fail_in_the_jobs_of_a_store),
	    TEST(calls_fail_in_what_goes_between_nodes),
	    TEST(calls_fail_in_what_is_done_with_rights_and_keys),
	    TEST(calls_fail_in_what_is_done_with_packs),
	    TEST(calls_fail_in_what_is_written_by_rules),
	    TEST(calls_fail_under_a_pack_with_every_key),
	    TEST(calls_fail_in_what_is_worked_out_for_people),
	};

	trial_begin();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
