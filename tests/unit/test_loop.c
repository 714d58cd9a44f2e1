/*
 * Promises of net/loop.h.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "net/loop.h"

struct alarm_clock {
	struct loop *loop;
	struct loop_timer *timer;
	uint64_t at_ms;
	int fired;
	int again; /* how often to set itself again */
	bool early;
	bool free_inside;
};

static void
on_alarm(void *arg)
{
	struct alarm_clock *a = arg;

	a->fired++;
	a->early = a->early || loop_now_ms() < a->at_ms;
	if (a->again-- > 0) {
		a->at_ms = loop_now_ms() + 1;
		loop_timer_set(a->timer, a->at_ms);
	} else if (a->free_inside) {
		loop_timer_free(a->timer);
	}
}

static void
a_timer_fires_once_for_each_setting_and_never_early(void **state)
{
	struct alarm_clock a = {.again = 20};

	(void)state;
	assert_int_equal(loop_open(&a.loop), ERR_OK);
	a.timer = loop_timer_new(a.loop, on_alarm, &a);
	a.at_ms = loop_now_ms() + 3;
	loop_timer_set(a.timer, a.at_ms);
	assert_int_equal(a.fired, 0);
	loop_run(a.loop);
	assert_int_equal(a.fired, 21);
	assert_false(a.early);
	loop_timer_free(a.timer);
	loop_close(a.loop);
}

static void
a_time_in_the_past_fires_at_once(void **state)
{
	struct alarm_clock a = {0};

	(void)state;
	assert_int_equal(loop_open(&a.loop), ERR_OK);
	a.timer = loop_timer_new(a.loop, on_alarm, &a);
	loop_timer_set(a.timer, 0);
	assert_int_equal(a.fired, 0);
	(void)loop_step(a.loop);
	assert_int_equal(a.fired, 1);
	loop_timer_free(a.timer);
	loop_close(a.loop);
}

static void
on_eager(void *arg)
{
	struct alarm_clock *a = arg;

	a->fired++;
	loop_timer_set(a->timer, 0);
}

static void
an_eager_timer_leaves_others_their_turn(void **state)
{
	struct alarm_clock eager = {0};
	struct alarm_clock a = {0};

	(void)state;
	assert_int_equal(loop_open(&a.loop), ERR_OK);
	eager.timer = loop_timer_new(a.loop, on_eager, &eager);
	a.timer = loop_timer_new(a.loop, on_alarm, &a);
	loop_timer_set(eager.timer, 0);
	loop_timer_set(a.timer, loop_now_ms() + 10);
	while (a.fired == 0)
		(void)loop_step(a.loop);
	assert_true(eager.fired > 0);
	loop_timer_free(eager.timer);
	loop_timer_free(a.timer);
	loop_close(a.loop);
}

static void
a_timer_set_to_never_or_freed_stays_silent(void **state)
{
	struct alarm_clock a = {.free_inside = true};
	struct alarm_clock silent = {0};
	struct alarm_clock freed = {0};

	(void)state;
	assert_int_equal(loop_open(&a.loop), ERR_OK);
	a.timer = loop_timer_new(a.loop, on_alarm, &a);
	silent.timer = loop_timer_new(a.loop, on_alarm, &silent);
	freed.timer = loop_timer_new(a.loop, on_alarm, &freed);
	loop_timer_set(a.timer, loop_now_ms() + 5);
	loop_timer_set(silent.timer, loop_now_ms() + 1);
	loop_timer_set(silent.timer, UINT64_MAX);
	loop_timer_set(freed.timer, 0);
	loop_timer_free(freed.timer);
	loop_run(a.loop);
	assert_int_equal(a.fired, 1);
	assert_int_equal(silent.fired, 0);
	assert_int_equal(freed.fired, 0);
	loop_timer_free(silent.timer);
	loop_timer_free(NULL);
	loop_close(a.loop);
	loop_close(NULL);
}

static void
on_stop(void *arg)
{
	loop_stop(arg);
}

static void
a_stopped_loop_returns_and_can_run_again(void **state)
{
	struct loop *loop;
	struct loop_timer *stop;
	struct alarm_clock a = {0};

	(void)state;
	assert_int_equal(loop_open(&loop), ERR_OK);
	stop = loop_timer_new(loop, on_stop, loop);
	a.timer = loop_timer_new(loop, on_alarm, &a);
	loop_timer_set(a.timer, loop_now_ms() + 20);
	loop_timer_set(stop, 0);
	loop_run(loop);
	assert_int_equal(a.fired, 0);
	loop_run(loop);
	assert_int_equal(a.fired, 1);
	assert_false(loop_step(loop));
	loop_timer_free(stop);
	loop_timer_free(a.timer);
	loop_close(loop);
}

struct signal_seen {
	struct loop *loop;
	int number;
};

static void
on_signal(void *arg, int number)
{
	struct signal_seen *seen = arg;

	seen->number = number;
	loop_stop(seen->loop);
}

static void
a_signal_is_an_event_of_the_loop(void **state)
{
	struct signal_seen seen = {0};
	struct loop_signal *opened;
	struct loop_signal *wrong;

	(void)state;
	assert_int_equal(loop_open(&seen.loop), ERR_OK);
	assert_int_equal(
	    loop_signal_open(seen.loop, SIGTERM, on_signal, &seen, &opened),
	    ERR_OK);
	assert_int_equal(raise(SIGTERM), 0);
	assert_int_equal(seen.number, 0);
	loop_run(seen.loop);
	assert_int_equal(seen.number, SIGTERM);
	assert_int_equal(
	    loop_signal_open(seen.loop, 12345, on_signal, &seen, &wrong),
	    ERR_IO);
	assert_null(wrong);
	loop_signal_close(opened);
	loop_signal_close(NULL);
	loop_close(seen.loop);
}

static void
the_clock_runs(void **state)
{
	uint64_t before_ms = loop_now_ms();

	(void)state;
	while (loop_now_ms() == before_ms)
		;
	assert_true(loop_now_ms() > before_ms);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
		a_timer_fires_once_for_each_setting_and_never_early),
	    cmocka_unit_test(a_time_in_the_past_fires_at_once),
	    cmocka_unit_test(an_eager_timer_leaves_others_their_turn),
	    cmocka_unit_test(a_timer_set_to_never_or_freed_stays_silent),
	    cmocka_unit_test(a_stopped_loop_returns_and_can_run_again),
	    cmocka_unit_test(a_signal_is_an_event_of_the_loop),
	    cmocka_unit_test(the_clock_runs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
