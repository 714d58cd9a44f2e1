/*
 * What core/aside.h promises: a delta that ends the process twice is taken in
 * no more, everything else is, and nothing of it is for ever.
 *
 * LINK: -Wl,--wrap=apply_delta
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <signal.h>
#include <unistd.h>

#include "core/apply.h"
#include "core/aside.h"
#include "core/events.h"
#include "core/file.h"
#include "core/oplog.h"
#include "core/space.h"
#include "tests/lib/child.h"
#include "tests/lib/wire.h"

#define ALL "read:NPSF,write,hold"
#define BEFORE "d01/c001/case"
#define POISON "d01/c002/case"
#define BEHIND "d01/c003/case"

enum { DEADLY = 2, RECORDS = 5 };

enum err __real_apply_delta(struct txn *txn, struct log *log,
    const struct oplog_entry *entry, struct hash *leaf);
enum err __wrap_apply_delta(struct txn *txn, struct log *log,
    const struct oplog_entry *entry, struct hash *leaf);

/* Of the log in POISON: this delta ends the process. */
static bool armed;

enum err
__wrap_apply_delta(struct txn *txn, struct log *log,
    const struct oplog_entry *entry, struct hash *leaf)
{
	if (armed && strcmp(log->name.space.text, POISON) == 0 &&
	    log->frontier.size == DEADLY)
		abort();
	return __real_apply_delta(txn, log, entry, leaf);
}

struct fallen {
	struct town town;
	size_t whom;
	char crashes[3 * TEMPDIR_PATH_SIZE];
};

static void
on_abort(int number)
{
	(void)number;
	aside_crashed();
	(void)signal(SIGABRT, SIG_DFL);
}

/* What a process does that syncs with the founder. */
static bool
sync_once(struct child *test, void *arg)
{
	struct fallen *fallen = arg;
	struct wire wire;

	(void)test;
	(void)signal(SIGABRT, on_abort);
	(void)town_open(&fallen->town, 0);
	(void)town_open(&fallen->town, fallen->whom);
	wire_open(&wire, &fallen->town, 0, fallen->whom, true);
	wire_run(&wire, 1);
	wire_close(&wire);
	town_close(&fallen->town, 0);
	town_close(&fallen->town, fallen->whom);
	return true;
}

/* The signal that ended it; 0: none did. */
static int
process_run(struct fallen *fallen)
{
	struct child child;

	child_start(&child, sync_once, fallen);
	return child_status(&child);
}

static uint64_t
held(struct town *town, size_t i, const char *space)
{
	struct store *store = town_store(town, i);
	struct space_state *state;
	struct space name;
	struct log **logs;
	size_t n = 0;
	uint64_t size = 0;

	assert_int_equal(id_space(bytes_text(space), &name), ERR_OK);
	assert_int_equal(store_begin(store, false), ERR_OK);
	state = space_find(store_txn(store), &name);
	if (state != NULL)
		assert_int_equal(
		    oplog_all(store_txn(store), state, &logs, &n), ERR_OK);
	for (size_t k = 0; k < n; k++)
		size += logs[k]->frontier.size;
	store_abort(store);
	return size;
}

static bool
is_noted(struct town *town, size_t i)
{
	struct store *store = town_store(town, i);
	struct event event = {0};
	bool found = false;

	assert_int_equal(store_begin(store, false), ERR_OK);
	while (events_next(store_txn(store), event.number, &event))
		found = found || (event.kind == EVENT_PUSH_REFUSED &&
				     strcmp(event.space.text, POISON) == 0);
	store_abort(store);
	return found;
}

static int
fallen_make(void **state)
{
	static struct fallen fallen;
	struct town *town = &fallen.town;

	memset(&fallen, 0, sizeof(fallen));
	town_init(town, 1);
	fallen.whom = town_member(town, "", ALL);
	assert_int_equal(town_grant(town, 0, 0, "", ALL, ""), ERR_OK);
	for (int i = 0; i < RECORDS; i++) {
		(void)town_create(town, 0, BEFORE, "하나");
		(void)town_create(town, 0, POISON, "둘");
		(void)town_create(town, 0, BEHIND, "셋");
	}
	(void)snprintf(fallen.crashes, sizeof(fallen.crashes), "%s/crashes",
	    town->nodes[fallen.whom].dir);
	town_close(town, 0);
	town_close(town, fallen.whom);
	armed = true;
	*state = &fallen;
	return 0;
}

static int
fallen_remove(void **state)
{
	struct fallen *fallen = *state;

	armed = false;
	town_fini(&fallen->town);
	return 0;
}

static void
what_ends_the_process_twice_is_set_aside(void **state)
{
	struct fallen *fallen = *state;
	struct town *town = &fallen->town;

	assert_int_equal(process_run(fallen), SIGABRT);
	assert_int_equal(process_run(fallen), SIGABRT);
	assert_int_equal(process_run(fallen), 0);
	(void)town_open(town, fallen->whom);
	(void)town_open(town, 0);
	assert_int_equal(
	    held(town, fallen->whom, BEFORE), held(town, 0, BEFORE));
	assert_int_equal(
	    held(town, fallen->whom, BEHIND), held(town, 0, BEHIND));
	assert_true(held(town, fallen->whom, BEHIND) >= RECORDS);
	assert_true(held(town, fallen->whom, POISON) <= DEADLY);
	assert_true(is_noted(town, fallen->whom));
	wire_assert_sound(town, fallen->whom);
}

static void
once_is_not_enough(void **state)
{
	struct fallen *fallen = *state;
	struct town *town = &fallen->town;

	assert_int_equal(process_run(fallen), SIGABRT);
	armed = false;
	(void)town_open(town, 0);
	(void)town_open(town, fallen->whom);
	wire_sync(town, 0, fallen->whom);
	town_assert_equal(town, 0);
	assert_true(held(town, fallen->whom, POISON) > DEADLY);
}

static void
without_the_file_it_is_tried_again(void **state)
{
	struct fallen *fallen = *state;
	struct town *town = &fallen->town;

	assert_int_equal(process_run(fallen), SIGABRT);
	assert_int_equal(process_run(fallen), SIGABRT);
	armed = false;
	assert_int_equal(process_run(fallen), 0);
	(void)town_open(town, fallen->whom);
	assert_true(held(town, fallen->whom, POISON) <= DEADLY);
	town_close(town, fallen->whom);
	assert_int_equal(unlink(fallen->crashes), 0);
	(void)town_open(town, 0);
	(void)town_open(town, fallen->whom);
	wire_sync(town, 0, fallen->whom);
	town_assert_equal(town, 0);
}

static void
noise_in_the_file_sets_nothing_aside(void **state)
{
	struct fallen *fallen = *state;
	struct town *town = &fallen->town;
	FILE *file = fopen(fallen->crashes, "wb");

	assert_non_null(file);
	for (int i = 0; i < 1000; i++)
		assert_int_not_equal(fputc(i % 251, file), EOF);
	assert_int_equal(fclose(file), 0);
	armed = false;
	(void)town_open(town, 0);
	(void)town_open(town, fallen->whom);
	wire_sync(town, 0, fallen->whom);
	town_assert_equal(town, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
		what_ends_the_process_twice_is_set_aside, fallen_make,
		fallen_remove),
	    cmocka_unit_test_setup_teardown(
		once_is_not_enough, fallen_make, fallen_remove),
	    cmocka_unit_test_setup_teardown(
		without_the_file_it_is_tried_again, fallen_make, fallen_remove),
	    cmocka_unit_test_setup_teardown(
		noise_in_the_file_sets_nothing_aside, fallen_make,
		fallen_remove),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
