/*
 * Pieces that fit the line.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "net/peer/gauge.h"
#include "proto/limits.h"

/* A session over a line of `rate` bytes a second that sends all it may, and
 * hears of each chunk when it and an answer have travelled `delay_ms` each:
 * until `end_ms`. */
static void
send_until(
    struct gauge *gauge, uint64_t rate, uint64_t delay_ms, uint64_t end_ms)
{
	uint64_t now_ms = gauge->opened_ms;
	uint64_t sent = 0;
	uint64_t credited = 0;
	uint64_t free_ms = now_ms;
	struct {
		uint64_t at_ms;
		uint64_t bytes;
	} acks[512];
	size_t first = 0;
	size_t n = 0;

	while (now_ms < end_ms) {
		while (sent - credited < gauge_window(gauge)) {
			sent += gauge->chunk_bytes;
			free_ms = (free_ms > now_ms ? free_ms : now_ms) +
				  gauge->chunk_bytes * 1000 / rate;
			acks[n].at_ms = free_ms + 2 * delay_ms;
			acks[n++].bytes = sent;
			assert_true(n < 512);
		}
		gauge_look(gauge, sent, credited, now_ms);
		assert_true(first < n);
		now_ms = acks[first].at_ms;
		credited = acks[first++].bytes;
		gauge_look(gauge, sent, credited, now_ms);
	}
}

static void
a_near_peer_gets_full_chunks_at_once(void **state)
{
	struct gauge gauge;

	(void)state;
	gauge_init(&gauge, 1000);
	gauge_heard(&gauge, 1000 + GAUGE_NEAR_MS);
	assert_int_equal(gauge.chunk_bytes, GAUGE_CHUNK_MAX);
	assert_int_equal(gauge_window(&gauge), LIMIT_CREDIT_SIZE);
	/* Only the first answer counts. */
	gauge_heard(&gauge, 9000);
	assert_int_equal(gauge.chunk_bytes, GAUGE_CHUNK_MAX);
}

static void
on_a_slow_line_a_chunk_takes_a_second_or_two(void **state)
{
	struct gauge gauge;

	(void)state;
	gauge_init(&gauge, 0);
	gauge_heard(&gauge, 3600);
	assert_int_equal(gauge.chunk_bytes, GAUGE_CHUNK_MIN);
	send_until(&gauge, 3750, 600, 60 * 1000);
	assert_true(gauge.chunk_bytes >= GAUGE_CHUNK_MIN);
	assert_true(gauge.chunk_bytes <= 2 * 3750);
	/* Nothing urgent waits long behind what has been made. */
	assert_true(gauge_window(&gauge) <= 8 * 3750);
}

static void
a_far_and_fast_line_soon_gets_full_chunks(void **state)
{
	struct gauge gauge;

	(void)state;
	gauge_init(&gauge, 0);
	gauge_heard(&gauge, 600);
	assert_true(gauge.chunk_bytes < GAUGE_CHUNK_MAX);
	send_until(&gauge, 4 * 1000 * 1000, 100, 3000);
	assert_int_equal(gauge.chunk_bytes, GAUGE_CHUNK_MAX);
}

static void
a_line_that_becomes_slow_gets_small_ones(void **state)
{
	struct gauge gauge;

	(void)state;
	gauge_init(&gauge, 0);
	gauge_heard(&gauge, 10);
	send_until(&gauge, 3750, 600, 600 * 1000);
	assert_true(gauge.chunk_bytes <= 2 * 3750);
}

/* One small thing at a time says nothing against the line. */
static void
who_has_little_to_send_does_not_look_slow(void **state)
{
	struct gauge gauge;
	uint64_t now_ms = 0;
	uint64_t sent = 0;

	(void)state;
	gauge_init(&gauge, 0);
	gauge_heard(&gauge, 10);
	for (int i = 0; i < 100; i++) {
		gauge_look(&gauge, sent, sent, now_ms);
		sent += 300;
		gauge_look(&gauge, sent, sent - 300, now_ms);
		now_ms += 200;
		gauge_look(&gauge, sent, sent, now_ms);
		now_ms += 60 * 1000;
	}
	assert_int_equal(gauge.chunk_bytes, GAUGE_CHUNK_MAX);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_near_peer_gets_full_chunks_at_once),
	    cmocka_unit_test(on_a_slow_line_a_chunk_takes_a_second_or_two),
	    cmocka_unit_test(a_far_and_fast_line_soon_gets_full_chunks),
	    cmocka_unit_test(a_line_that_becomes_slow_gets_small_ones),
	    cmocka_unit_test(who_has_little_to_send_does_not_look_slow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
