/*
 * Seventeen centres of a district that were cut off for two weeks come back in
 * the same minute, each over a bad line of its own, to one aggregator.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/lib/emulator.h"
#include "tests/lib/wire.h"
#include "tests/lib/workday.h"

#define NOTICES "d01/c000/public"

enum {
	CENTRES = 17,
	/* A tenth of what the model of a dong says for a working day, so that
	 * all fits a test: 75 to 150 changes in two and a half days. */
	/* Two fifths of what the model of a dong says for a working day. */
	DAYS = 10,
	DAY_CHANGES = 30,
	NOTICES_N = 15,
	MINUTE_MS = 60 * 1000,
	HOUR_MS = 60 * MINUTE_MS,
	DAY_MS = 24 * HOUR_MS,
};

struct scene {
	struct town town; /* 0 is the aggregator, then the centres */
	struct emulator emulator;
	struct workday work[1 + CENTRES];
};

static void
scene_init(struct scene *s, uint64_t seed)
{
	town_init(&s->town, seed);
	assert_int_equal(
	    town_grant(&s->town, 0, 0, "d01", "read:NPSF,write,hold", ""),
	    ERR_OK);
	workday_init(&s->work[0], &s->town, 0, NOTICES);
	for (size_t i = 1; i <= CENTRES; i++) {
		char prefix[16];
		char space[32];

		(void)snprintf(prefix, sizeof(prefix), "d01/c%03zu", i);
		(void)snprintf(space, sizeof(space), "%s/case", prefix);
		assert_int_equal(
		    town_member(&s->town, prefix, "read:NPSF,write,hold"), i);
		assert_int_equal(
		    town_grant(&s->town, 0, i, NOTICES, "read:N", ""), ERR_OK);
		workday_init(&s->work[i], &s->town, i, space);
	}
	/* The last day on which the line worked. */
	for (size_t i = 1; i <= CENTRES; i++) {
		town_carry(
		    &s->town, 0, i, &(struct town_cargo){.space = "authority"});
		workday_write(&s->work[i], DAY_CHANGES);
		wire_sync(&s->town, i, 0);
	}
	emulator_init(&s->emulator, &s->town, seed);
}

static void
two_weeks(struct scene *s)
{
	for (int day = 0; day < DAYS; day++) {
		s->town.now_ms += DAY_MS;
		for (size_t i = 1; i <= CENTRES; i++)
			workday_write(&s->work[i], DAY_CHANGES);
	}
	workday_write(&s->work[0], NOTICES_N);
	s->emulator.began_ms = s->town.now_ms;
}

/* 16 to 128 kbit/s, up to 1.2 s there and back, with silences and breaks, of
 * which some are not noticed at the aggregator. */
static void
line_draw(struct scene *s, struct prng *prng, size_t i)
{
	struct emulator_shape shape = {
	    .pipe = {.rate_bytes_s = 2000 + prng_below(prng, 14000),
		.delay_ms = 20 + prng_below(prng, 580),
		.stall_every_ms = 10 * 1000 + prng_below(prng, 20 * 1000),
		.stall_ms = 100 + prng_below(prng, 8000)},
	    .reset_every_ms = 20 * 1000 + prng_below(prng, MINUTE_MS),
	    .half_open = prng_below(prng, 3) == 0};
	size_t line = emulator_line(&s->emulator, i, 0, &shape);

	s->emulator.lines[line].dial_us += prng_below(prng, MINUTE_MS) * 1000;
}

/* All that node `i` holds of `space` is held at node `at` too, bodies and
 * all. */
static void
assert_held(struct scene *s, size_t i, size_t at, const struct space *space)
{
	struct store *from = town_store(&s->town, i);
	struct store *to = town_store(&s->town, at);
	struct space_state *state;
	struct log **logs;
	size_t n;

	assert_int_equal(store_begin(from, false), ERR_OK);
	assert_int_equal(store_begin(to, false), ERR_OK);
	assert_int_equal(space_get(store_txn(from), space, &state), ERR_OK);
	assert_int_equal(oplog_all(store_txn(from), state, &logs, &n), ERR_OK);
	assert_true(n > 0);
	for (size_t k = 0; k < n; k++) {
		struct space_state *other;
		struct log *log;

		assert_int_equal(
		    space_get(store_txn(to), space, &other), ERR_OK);
		log = oplog_find(store_txn(to), other, &logs[k]->id);
		assert_non_null(log);
		assert_int_equal(log->frontier.size, logs[k]->frontier.size);
		assert_int_equal(log->open[CLASS_N], log->frontier.size);
		if (at == 0)
			assert_int_equal(
			    log->open[CLASS_S], log->frontier.size);
	}
	store_abort(to);
	store_abort(from);
}

static void
all_of_a_district_comes_back_at_once(void **state)
{
	static struct scene s;
	struct prng prng = {17};
	uint64_t in = 0;
	uint64_t bytes = 0;
	uint64_t connections = 0;

	(void)state;
	scene_init(&s, 17);
	two_weeks(&s);
	for (size_t i = 1; i <= CENTRES; i++)
		line_draw(&s, &prng, i);
	if (!emulator_run(&s.emulator, 2 * HOUR_MS)) {
		for (size_t i = 0; i < CENTRES; i++)
			print_error("%zu: done %d: %s\n", i,
			    s.emulator.lines[i].done,
			    s.emulator.lines[i].why.text);
		fail_msg("not all came back");
	}
	for (size_t i = 0; i < CENTRES; i++) {
		struct emulator_count c = emulator_count(&s.emulator, i);

		assert_held(&s, i + 1, 0, &s.work[i + 1].space);
		/* Each delta arrived once, however often a line broke. */
		assert_int_equal(c.deltas_in[1], DAYS * DAY_CHANGES);
		assert_int_equal(c.deltas_in[0], NOTICES_N + 1);
		in += c.deltas_in[1];
		bytes += c.left_bytes[0] + c.left_bytes[1];
		connections += c.connections;
	}
	assert_held(&s, 0, 1, &s.work[0].space);
	print_message("%llu deltas, %llu bytes in %llu connections, all in "
		      "after %llu s\n",
	    (unsigned long long)in, (unsigned long long)bytes,
	    (unsigned long long)connections,
	    (unsigned long long)s.emulator.now_us / 1000000);
	assert_true(connections > CENTRES);
	/* It is a matter of minutes: a tenth of what two weeks are. */
	assert_true(s.emulator.now_us / 1000 < 10 * MINUTE_MS);
	for (size_t i = 0; i <= CENTRES; i += CENTRES)
		wire_assert_sound(&s.town, i);
	emulator_fini(&s.emulator);
	town_fini(&s.town);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(all_of_a_district_comes_back_at_once),
	};

	tempdir_in_memory();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
