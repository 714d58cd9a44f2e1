/*
 * A centre's day over bad lines, and what the emulator itself promises.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "net/peer/session.h"
#include "proto/codec.h"
#include "tests/lib/emulator.h"
#include "tests/lib/wire.h"
#include "tests/lib/workday.h"

#define ALL "read:NPSF,write,hold"
#define SPACE "d01/c001/case"

enum {
	HOUR_MS = 3600 * 1000,
	DAY_DELTAS = 200,
	/* Of line time, for a day over a line that is cut every 20 s. */
	DAY_MS_MAX = 30 * 1000,
	/* 30 kbit/s, and 600 ms each way. */
	SLOW_BYTES_S = 30 * 1000 / 8,
	SLOW_MS = 600,
	/* What a connection costs before and after what it carries: connecting
	 * and the handshake, a hello each way, the farewell. */
	SESSION_BYTES_MAX = 1200,
	/* A chunk takes no longer than this, and an acknowledgement of it the
	 * way there and back: what a break may lose. */
	CHUNK_MS_MAX = 2500,
};

static const struct emulator_shape slow = {
    .pipe = {.rate_bytes_s = SLOW_BYTES_S, .delay_ms = SLOW_MS}};

static void
count_print(const char *what, const struct emulator_count *c)
{
	print_message("%s: %llu ms of line time, %llu connections, %llu "
		      "broken, %llu round trips; %llu and %llu bytes; deltas "
		      "%llu given to sessions, %llu arrived\n",
	    what, (unsigned long long)c->up_us / 1000,
	    (unsigned long long)c->connections, (unsigned long long)c->breaks,
	    (unsigned long long)c->round_trips,
	    (unsigned long long)c->left_bytes[0],
	    (unsigned long long)c->left_bytes[1],
	    (unsigned long long)c->deltas_out[0],
	    (unsigned long long)c->deltas_in[1]);
}

/* What it takes a centre to hand in `n` deltas over a line like `shape`. */
static struct emulator_count
day(const char *what, const struct emulator_shape *shape, size_t n,
    uint64_t seed)
{
	struct town town;
	struct emulator emulator;
	struct workday work;
	struct emulator_count count;
	size_t b;

	town_init(&town, 1);
	b = town_member(&town, "", ALL);
	assert_int_equal(town_grant(&town, 0, 0, "", ALL, ""), ERR_OK);
	town_copy(&town, 0, b);
	/* They know each other from the day before. */
	workday_init(&work, &town, b, SPACE);
	workday_write(&work, 10);
	wire_sync(&town, b, 0);
	work.content_bytes = 0;
	workday_write(&work, n);
	if (n > 0)
		assert_in_range(work.content_bytes / n, 200, 350);
	emulator_init(&emulator, &town, seed);
	(void)emulator_line(&emulator, b, 0, shape);
	if (!emulator_run(&emulator, 24 * HOUR_MS))
		fail_msg("%s: not done: %s", what, emulator.lines[0].why.text);
	count = emulator_count(&emulator, 0);
	count_print(what, &count);
	emulator_fini(&emulator);
	assert_int_equal(count.deltas_in[1], n);
	assert_int_equal(count.deltas_in[0], 0);
	town_assert_equal(&town, 0);
	wire_assert_sound(&town, 0);
	town_fini(&town);
	return count;
}

/* The time that `count` spent on nothing but bytes that leave. */
static uint64_t
busy_ms(const struct emulator_count *count)
{
	return count->left_bytes[0] * 1000 / SLOW_BYTES_S;
}

static void
bytes_leave_at_the_rate_and_arrive_later(void **state)
{
	struct emulator_count none;
	struct emulator_count count;

	(void)state;
	/* Connect, shake hands, hello: three round trips; then half of one for
	 * the farewell. */
	none = day("nothing, 600 ms",
	    &(struct emulator_shape){.pipe = {.delay_ms = SLOW_MS}}, 0, 1);
	assert_int_equal(none.connections, 1);
	assert_in_range(none.up_us / 1000, 5 * SLOW_MS, 7 * SLOW_MS);
	count = day("a day, 30 kbit/s and 600 ms", &slow, DAY_DELTAS, 1);
	assert_int_equal(count.breaks, 0);
	assert_true(count.up_us / 1000 >= busy_ms(&count) + 4 * SLOW_MS);
	/* The line was never idle but for the opening and the end. */
	assert_true(count.up_us / 1000 <= busy_ms(&count) + 10 * SLOW_MS);
}

static void
the_same_seed_does_the_same_again(void **state)
{
	struct emulator_shape shape = slow;
	struct emulator_count first;
	struct emulator_count again;
	struct emulator_count other;

	(void)state;
	shape.pipe.stall_every_ms = 5000;
	shape.pipe.stall_ms = 3000;
	shape.reset_every_ms = 20 * 1000;
	first = day("seed 1", &shape, 100, 1);
	again = day("seed 1", &shape, 100, 1);
	other = day("seed 2", &shape, 100, 2);
	assert_memory_equal(&first, &again, sizeof(first));
	assert_memory_not_equal(&first, &other, sizeof(first));
}

/* What was sent again over a line that broke is no more than what was under way
 * each time. */
static void
assert_little_again(
    const struct emulator_count *whole, const struct emulator_count *broken)
{
	uint64_t under_way = (CHUNK_MS_MAX + 2 * SLOW_MS) *
			     (uint64_t)SLOW_BYTES_S / 1000;

	assert_true(broken->breaks > 0);
	assert_true(broken->left_bytes[0] <=
		    whole->left_bytes[0] +
			broken->breaks * (under_way + SESSION_BYTES_MAX));
}

static void
a_day_passes_a_line_that_is_cut_every_20_seconds(void **state)
{
	struct emulator_shape shape = slow;
	struct emulator_count whole;
	struct emulator_count cut;

	(void)state;
	whole = day("a day", &shape, DAY_DELTAS, 1);
	shape.cut_after_ms = 20 * 1000;
	cut = day("cut every 20 s", &shape, DAY_DELTAS, 1);
	assert_little_again(&whole, &cut);
	assert_true(cut.up_us / 1000 < DAY_MS_MAX);
	/* However often it is cut, each time something arrives for good. */
	for (shape.cut_after_ms = 12 * 1000; shape.cut_after_ms >= 8 * 1000;
	     shape.cut_after_ms -= 1000) {
		cut = day("cut more often", &shape, DAY_DELTAS, 1);
		assert_little_again(&whole, &cut);
	}
}

/* One transaction with `n` texts of `size` bytes, which nothing makes smaller.
 */
static void
texts_write(struct town *town, size_t node, size_t n, size_t size)
{
	struct store *store = town_store(town, node);

	assert_int_equal(store_begin(store, true), ERR_OK);
	for (size_t i = 0; i < n; i++) {
		struct buf text = {0};
		struct buf value = {0};
		struct store_edit edit;
		struct store_write write = {.space = town_space(SPACE),
		    .create = true,
		    .collection = bytes_text("card"),
		    .edits = &edit,
		    .edits_n = 1};
		struct record_id id;
		bool changed;

		for (size_t k = 0; k < size; k++)
			buf_add_u8(&text,
			    (uint8_t)('0' + prng_below(&town->prng, 75)));
		codec_put_text(&value, buf_bytes(&text));
		edit = town_edit(OP_SET, "memo", buf_bytes(&value));
		edit.class = CLASS_P;
		assert_int_equal(
		    store_write(store, &write, &id, &changed), ERR_OK);
		buf_fini(&text);
		buf_fini(&value);
	}
	assert_int_equal(store_commit(store), ERR_OK);
}

/* A delta of 200 KB, which no connection carries as a whole, to who reads it
 * and to who only holds it. */
static void
a_delta_too_large_for_a_connection_passes_body_by_body(void **state)
{
	static const char *const rights[] = {ALL, "hold"};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rights); i++) {
		struct emulator_shape shape = slow;
		struct emulator emulator;
		struct emulator_count count;
		struct town town;
		size_t b;

		town_init(&town, 3 + i);
		b = town_member(&town, "", rights[i]);
		assert_int_equal(town_grant(&town, 0, 0, "", ALL, ""), ERR_OK);
		town_copy(&town, 0, b);
		texts_write(&town, 0, 2, 100);
		texts_write(&town, 0, 8, 30 * 1000);
		texts_write(&town, 0, 2, 100);
		shape.cut_after_ms = 20 * 1000;
		shape.eager = true;
		emulator_init(&emulator, &town, 1);
		(void)emulator_line(&emulator, 0, b, &shape);
		if (!emulator_run(&emulator, HOUR_MS))
			fail_msg("not done: %s", emulator.lines[0].why.text);
		count = emulator_count(&emulator, 0);
		count_print("large delta, cut every 20 s", &count);
		assert_in_range(count.breaks, 4, 60);
		emulator_fini(&emulator);
		wire_assert_sound(&town, b);
		wire_sync(&town, b, 0);
		town_fini(&town);
	}
}

static void
the_end_that_hears_of_no_break_keeps_nothing_up(void **state)
{
	struct emulator_shape shape = slow;
	struct emulator_count both;
	struct emulator_count one;

	(void)state;
	shape.cut_after_ms = 10 * 1000;
	both = day("both hear of breaks", &shape, DAY_DELTAS, 1);
	shape.half_open = true;
	shape.eager = true;
	one = day("one end hears of breaks", &shape, DAY_DELTAS, 1);
	/* What had left still arrives, over the old connection beside the new
	 * one. */
	assert_true(one.up_us <= both.up_us + 2 * 1000 * 1000);
}

/* The old connection goes on at the end that heard nothing, while the new one
 * overtakes it. */
static void
an_old_connection_may_go_on_beside_the_new_one(void **state)
{
	struct town town;
	size_t b;

	(void)state;
	town_init(&town, 1);
	b = town_member(&town, "", ALL);
	assert_int_equal(town_grant(&town, 0, 0, "", ALL, ""), ERR_OK);
	town_copy(&town, 0, b);
	/* Logs are begun before it counts. */
	(void)town_create(&town, 0, SPACE, "하나");
	(void)town_create(&town, b, SPACE, "둘");
	wire_sync(&town, 0, b);
	for (size_t way = 0; way < 2; way++) {
		bool reached = true;

		for (uint64_t at = 1; reached; at += 7) {
			struct emulator_shape shape = slow;
			struct emulator emulator;
			struct emulator_count count;

			(void)town_create(&town, 0, SPACE, "하나");
			(void)town_create(&town, b, SPACE, "둘");
			shape.half_open = true;
			shape.eager = true;
			shape.cut_bytes[way] = at;
			emulator_init(&emulator, &town, at);
			(void)emulator_line(&emulator, b, 0, &shape);
			/* One break; the next connection is left alone. */
			emulator_until_break(&emulator, 0, HOUR_MS);
			reached = emulator.lines[0].count.breaks > 0;
			emulator.lines[0].shape.cut_bytes[way] = 0;
			assert_true(emulator_run(&emulator, HOUR_MS));
			count = emulator_count(&emulator, 0);
			for (size_t i = 0; i < 2; i++)
				assert_int_equal(count.deltas_in[i], 1);
			emulator_fini(&emulator);
		}
	}
	town_assert_equal(&town, 0);
	wire_assert_sound(&town, 0);
	wire_assert_sound(&town, b);
	town_fini(&town);
}

static void
silences_and_resets_lose_nothing(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 20; seed++) {
		struct prng prng = {seed};
		struct emulator_shape shape = {
		    .pipe = {.rate_bytes_s = 1000 + prng_below(&prng, 20000),
			.delay_ms = prng_below(&prng, 1500),
			.stall_every_ms = 1000 + prng_below(&prng, 10000),
			.stall_ms = 1 + prng_below(&prng, 8000)},
		    .reset_every_ms = 15000 + prng_below(&prng, 60000),
		    .half_open = prng_below(&prng, 2) == 0,
		    .eager = prng_below(&prng, 2) == 0};
		char what[32];

		(void)snprintf(what, sizeof(what), "seed %d", (int)seed);
		(void)day(what, &shape, 60, seed);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(bytes_leave_at_the_rate_and_arrive_later),
	    cmocka_unit_test(the_same_seed_does_the_same_again),
	    cmocka_unit_test(a_day_passes_a_line_that_is_cut_every_20_seconds),
	    cmocka_unit_test(
		a_delta_too_large_for_a_connection_passes_body_by_body),
	    cmocka_unit_test(the_end_that_hears_of_no_break_keeps_nothing_up),
	    cmocka_unit_test(an_old_connection_may_go_on_beside_the_new_one),
	    cmocka_unit_test(silences_and_resets_lose_nothing),
	};

	tempdir_in_memory();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
