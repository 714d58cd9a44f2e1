/*
 * The lines that other tests stand on, and a centre's day over one of them.
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

#define ALL "read:NPSF,write,hold"
#define SPACE "d01/c001/case"

enum { HOUR_MS = 3600 * 1000 };

static void
line_print(const struct emulator *emulator, size_t i)
{
	struct emulator_count c = emulator_count(emulator, i);

	print_message("line %zu: %llu ms up, %llu connections, %llu breaks, "
		      "%llu faults, %llu round trips; left %llu / %llu bytes, "
		      "deltas out %llu / %llu, in %llu / %llu %s\n",
	    i, (unsigned long long)c.up_us / 1000,
	    (unsigned long long)c.connections, (unsigned long long)c.breaks,
	    (unsigned long long)c.faults, (unsigned long long)c.round_trips,
	    (unsigned long long)c.left_bytes[0],
	    (unsigned long long)c.left_bytes[1],
	    (unsigned long long)c.deltas_out[0],
	    (unsigned long long)c.deltas_out[1],
	    (unsigned long long)c.deltas_in[0],
	    (unsigned long long)c.deltas_in[1], emulator->lines[i].why.text);
}

static size_t
two(struct town *town, uint64_t seed)
{
	size_t b;

	town_init(town, seed);
	b = town_member(town, "", ALL);
	assert_int_equal(town_grant(town, 0, 0, "", ALL, ""), ERR_OK);
	town_copy(town, 0, b);
	wire_sync(town, 0, b);
	return b;
}

static struct emulator_count
day(const struct emulator_shape *shape, size_t n)
{
	struct town town;
	struct emulator emulator;
	struct workday day;
	struct emulator_count count;
	size_t b = two(&town, 1);

	workday_init(&day, &town, b, SPACE);
	workday_write(&day, n);
	print_message("%zu deltas, content %llu\n", n,
	    (unsigned long long)day.content_bytes);
	emulator_init(&emulator, &town, 2);
	(void)emulator_line(&emulator, b, 0, shape);
	if (!emulator_run(&emulator, 1 * HOUR_MS))
		print_message("NOT SETTLED\n");
	line_print(&emulator, 0);
	count = emulator_count(&emulator, 0);
	emulator_fini(&emulator);
	// town_assert_equal(&town, 0);
	town_fini(&town);
	return count;
}

static void
explore(void **state)
{
	(void)state;
	(void)day(&(struct emulator_shape){0}, 0);
	(void)day(&(struct emulator_shape){0}, 200);
	(void)day(&(struct emulator_shape){.delay_ms = 600}, 0);
	(void)day(&(struct emulator_shape){.delay_ms = 600}, 200);
	(void)day(
	    &(struct emulator_shape){.rate_bytes_s = 3750, .delay_ms = 600}, 0);
	(void)day(
	    &(struct emulator_shape){.rate_bytes_s = 3750, .delay_ms = 600},
	    200);
	(void)day(
	    &(struct emulator_shape){.rate_bytes_s = 3750, .delay_ms = 300},
	    200);
	(void)day(
	    &(struct emulator_shape){
		.rate_bytes_s = 3750, .delay_ms = 600, .cut_after_ms = 20000},
	    200);
	(void)day(
	    &(struct emulator_shape){
		.rate_bytes_s = 3750, .delay_ms = 600, .cut_after_ms = 10000},
	    200);
	(void)day(&(struct emulator_shape){.rate_bytes_s = 3750,
		      .delay_ms = 600,
		      .cut_after_ms = 20000,
		      .half_open = true},
	    200);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(explore),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
