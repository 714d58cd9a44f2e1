/*
 * Writers of several processes wait for each other, and none is forgotten,
 * whoever is killed.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/resource.h>

#include "core/baton.h"
#include "core/kv.h"
#include "tests/lib/child.h"
#include "tests/lib/tempdir.h"

enum { WATCHDOG_MS = 60 * 1000, LOOKS = 1000 };

static const char *const tables[] = {"rows"};

static enum err
write_row(struct kv *kv)
{
	struct kv_txn *txn;
	enum err e = kv_begin(kv, true, &txn);

	if (e != ERR_OK)
		return e;
	kv_put(txn, 0, bytes_text("key"), bytes_text("value"));
	return kv_commit(txn);
}

static bool
write_once(struct child *test, void *arg)
{
	struct kv *kv;

	/* Whoever wakes it goes on first. */
	if (setpriority(PRIO_PROCESS, 0, 19) != 0 || !child_await(test) ||
	    kv_open(arg, &kv) != ERR_OK)
		return false;
	child_signal(test);
	if (write_row(kv) != ERR_OK)
		return false;
	child_signal(test);
	return child_await(test);
}

/* Lets `child` go on until it sleeps at the lock: nothing else keeps it for so
 * many looks. */
static void
until_it_waits(struct child *child)
{
	char path[64];
	char line[256];

	child_signal(child);
	assert_true(child_await(child));
	(void)snprintf(path, sizeof(path), "/proc/%ld/stat", (long)child->pid);
	for (int seen = 0; seen < LOOKS;) {
		FILE *file = fopen(path, "r");
		const char *state;

		assert_non_null(file);
		assert_non_null(fgets(line, sizeof(line), file));
		(void)fclose(file);
		state = strrchr(line, ')');
		assert_non_null(state);
		seen = state[2] == 'S' ? seen + 1 : 0;
	}
}

/* The first is woken for the lock, does not run, and is killed while another
 * has it: with it goes the word that somebody waits. */
static void
a_waiting_writer_is_not_forgotten_when_another_is_killed(void **state)
{
	struct tempdir dir;
	struct kv_config config = {
	    .tables = tables, .tables_n = COUNT_OF(tables), .create = true};
	struct child first;
	struct child second;
	struct pollfd answer = {.events = POLLIN};
	struct kv_txn *txn;
	struct kv *kv;
	cpu_set_t one;
	cpu_set_t all;

	(void)state;
	assert_int_equal(sched_getaffinity(0, sizeof(all), &all), 0);
	CPU_ZERO(&one);
	CPU_SET((size_t)sched_getcpu(), &one);
	assert_int_equal(sched_setaffinity(0, sizeof(one), &one), 0);
	tempdir_init(&dir);
	config.dir = dir.path;
	child_start(&first, write_once, &config);
	child_start(&second, write_once, &config);
	assert_int_equal(kv_open(&config, &kv), ERR_OK);
	assert_int_equal(kv_begin(kv, true, &txn), ERR_OK);
	until_it_waits(&first);
	until_it_waits(&second);
	answer.fd = second.in;
	/* All are on one processor: the first is woken, and does not run. */
	kv_abort(txn);
	assert_int_equal(kv_begin(kv, true, &txn), ERR_OK);
	child_kill(&first);
	kv_abort(txn);
	if (poll(&answer, 1, WATCHDOG_MS) != 1) {
		child_kill(&second);
		fail_msg("a writer waits for nobody, for ever");
	}
	assert_true(child_await(&second));
	child_signal(&second);
	assert_true(child_end(&second));
	kv_close(kv);
	tempdir_fini(&dir);
	assert_int_equal(sched_setaffinity(0, sizeof(all), &all), 0);
}

static void
it_is_taken_given_and_taken_again(void **state)
{
	struct baton baton = {0};

	(void)state;
	assert_int_not_equal(baton_init(&baton, "/no/such/file"), 0);
	baton_fini(&baton);
	assert_int_equal(baton_init(&baton, "/dev/null"), 0);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(baton_take(&baton), 0);
		baton_give(&baton);
	}
	baton_fini(&baton);
	baton_fini(&baton);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
		a_waiting_writer_is_not_forgotten_when_another_is_killed),
	    cmocka_unit_test(it_is_taken_given_and_taken_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
