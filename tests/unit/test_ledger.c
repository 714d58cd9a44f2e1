/*
 * Queues of the logs of one conversation.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "net/peer/ledger.h"
#include "tests/lib/prng.h"

static struct ledger_log *
log_of(struct ledger *ledger, uint64_t i)
{
	struct log_id id = {{0}};
	struct ledger_log *log;

	bytes_put_be64(id.b, i);
	assert_int_equal(ledger_get(ledger, &id, &log), ERR_OK);
	return log;
}

/* Takes the first log out of its queue; its number. */
static uint64_t
take(struct ledger *ledger, enum ledger_class end, enum ledger_class *class)
{
	struct ledger_log *log = ledger_first(ledger, end, class);
	uint64_t i;

	if (log == NULL)
		return UINT64_MAX;
	i = bytes_be64(log->id.b);
	ledger_unqueue(ledger, *class);
	return i;
}

static void
classes_go_in_order_and_logs_in_turn(void **state)
{
	struct ledger ledger;
	enum ledger_class class;

	(void)state;
	ledger_init(&ledger, 7);
	for (uint64_t i = 0; i < 9; i++) {
		struct ledger_log *log = log_of(&ledger, i);

		log->is_authority = i == 4;
		log->is_urgent = i == 7 || i == 2;
		ledger_queue(&ledger, log);
		ledger_queue(&ledger, log);
	}
	ledger_queue_as(&ledger, log_of(&ledger, 0), LEDGER_HISTORY);
	assert_int_equal(take(&ledger, LEDGER_CLASSES, &class), 4);
	assert_int_equal(class, LEDGER_AUTHORITY);
	assert_int_equal(take(&ledger, LEDGER_CLASSES, &class), 2);
	assert_int_equal(class, LEDGER_URGENT);
	/* Behind the other one of its class. */
	ledger_queue(&ledger, log_of(&ledger, 2));
	assert_int_equal(take(&ledger, LEDGER_CLASSES, &class), 7);
	assert_int_equal(take(&ledger, LEDGER_CLASSES, &class), 2);
	assert_int_equal(take(&ledger, LEDGER_CLASSES, &class), 0);
	assert_int_equal(class, LEDGER_NEWS);
	assert_int_equal(take(&ledger, LEDGER_URGENT, &class), UINT64_MAX);
	/* What is more urgent goes before what was there. */
	ledger_queue_as(&ledger, log_of(&ledger, 8), LEDGER_URGENT);
	assert_int_equal(take(&ledger, LEDGER_CLASSES, &class), 8);
	for (uint64_t i = 0; i < 5; i++)
		(void)take(&ledger, LEDGER_CLASSES, &class);
	/* It waited in two queues, and still does in one. */
	assert_int_equal(take(&ledger, LEDGER_HISTORY, &class), UINT64_MAX);
	assert_int_equal(take(&ledger, LEDGER_CLASSES, &class), 0);
	assert_int_equal(class, LEDGER_HISTORY);
	assert_int_equal(take(&ledger, LEDGER_CLASSES, &class), UINT64_MAX);
	ledger_fini(&ledger);
}

/* The same as plain lists, through growth and many rounds. */
static void
queues_are_lists_however_long(void **state)
{
	enum { LOGS = 300, ROUNDS = 40000 };
	static uint64_t lists[LEDGER_CLASSES][LOGS];
	size_t n[LEDGER_CLASSES] = {0};
	struct prng prng = {.seed = 3};
	struct ledger ledger;

	(void)state;
	ledger_init(&ledger, 9);
	for (int round = 0; round < ROUNDS; round++) {
		uint64_t i = prng_below(&prng, 1 + (uint64_t)round % LOGS);
		enum ledger_class class = (enum ledger_class)prng_below(
		    &prng, LEDGER_CLASSES);
		bool there = false;

		if (prng_below(&prng, 5) < 3) {
			for (size_t k = 0; k < n[class]; k++)
				there = there || lists[class][k] == i;
			if (!there)
				lists[class][n[class]++] = i;
			ledger_queue_as(&ledger, log_of(&ledger, i), class);
			continue;
		}
		for (class = 0; class < LEDGER_CLASSES && n[class] == 0;)
			class ++;
		if (class == LEDGER_CLASSES)
			continue;
		i = lists[class][0];
		n[class]--;
		memmove(lists[class], lists[class] + 1,
		    n[class] * sizeof(lists[class][0]));
		assert_int_equal(take(&ledger, LEDGER_CLASSES, &class), i);
	}
	for (size_t class = 0; class < LEDGER_CLASSES; class ++)
		assert_true(ledger.queues[class].room <= 4 * LOGS);
	ledger_fini(&ledger);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(classes_go_in_order_and_logs_in_turn),
	    cmocka_unit_test(queues_are_lists_however_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
