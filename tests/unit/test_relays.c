/*
 * Chains and rings of relays: what one node writes reaches all that may have
 * it, to the depth that each may have, over nodes that may read it and over
 * nodes that only hold it, and nothing goes round for ever.
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

enum {
	RELAYS_MAX = 6,
	HOUR_MS = 3600 * 1000,
	MINUTE_MS = 60 * 1000,
	/* Signs of life in a minute, both ways, of one line. */
	ECHO_BYTES_MAX = 700,
};

static const struct emulator_shape live = {
    .pipe = {.rate_bytes_s = 8000, .delay_ms = 150}, .live = true};

/* Nodes in a row, or in a ring, and the lines between neighbours. */
struct scene {
	struct town town;
	struct emulator emulator;
	struct workday work;
	size_t n;
};

/* `rights` of each node; node 0 is the founder and writes.  All know who may
 * what, and nothing else. */
static void
scene_init(struct scene *s, const char *const *rights, size_t n, bool ring,
    const struct emulator_shape *shape)
{
	town_init(&s->town, 1);
	s->n = n;
	assert_int_equal(town_grant(&s->town, 0, 0, "", rights[0], ""), ERR_OK);
	for (size_t i = 1; i < n; i++)
		assert_int_equal(town_member(&s->town, "", rights[i]), i);
	for (size_t i = 1; i < n; i++)
		town_carry(
		    &s->town, 0, i, &(struct town_cargo){.space = "authority"});
	workday_init(&s->work, &s->town, 0, SPACE);
	emulator_init(&s->emulator, &s->town, 1);
	for (size_t i = 0; i + 1 < n || (ring && i < n); i++)
		(void)emulator_line(&s->emulator, i, (i + 1) % n, shape);
}

static void
scene_fini(struct scene *s)
{
	for (size_t i = 0; i < s->n; i++)
		wire_assert_sound(&s->town, i);
	emulator_fini(&s->emulator);
	town_fini(&s->town);
}

static void
scene_print(const struct scene *s, size_t i)
{
	struct emulator_count c = emulator_count(&s->emulator, i);

	print_message("line %zu: given %llu, %llu; came %llu, %llu; bytes "
		      "%llu, %llu; connections %llu %s\n",
	    i, (unsigned long long)c.deltas_out[0],
	    (unsigned long long)c.deltas_out[1],
	    (unsigned long long)c.deltas_in[0],
	    (unsigned long long)c.deltas_in[1],
	    (unsigned long long)c.left_bytes[0],
	    (unsigned long long)c.left_bytes[1],
	    (unsigned long long)c.connections, s->emulator.lines[i].why.text);
}

static void
scene_run(struct scene *s)
{
	if (!emulator_run(&s->emulator, HOUR_MS)) {
		for (size_t i = 0; i < s->emulator.n; i++)
			scene_print(s, i);
		fail_msg("it does not come to rest");
	}
	for (size_t i = 0; i < s->emulator.n; i++)
		assert_int_equal(s->emulator.lines[i].count.faults, 0);
}

/* What node `i` holds of the log that node 0 writes. */
static void
log_of(struct scene *s, size_t i, struct log *log)
{
	struct store *store = town_store(&s->town, i);
	struct sign_key author = town_key(&s->town, 0);
	struct space name = town_space(SPACE);
	struct space_state *space;
	struct log **logs;
	size_t n;

	memset(log, 0, sizeof(*log));
	assert_int_equal(store_begin(store, false), ERR_OK);
	assert_int_equal(space_get(store_txn(store), &name, &space), ERR_OK);
	assert_int_equal(oplog_all(store_txn(store), space, &logs, &n), ERR_OK);
	for (size_t k = 0; k < n; k++)
		if (memcmp(&logs[k]->name.author, &author, sizeof(author)) == 0)
			*log = *logs[k];
	store_abort(store);
}

/* Node `i` has all headers, and bodies as far as it may. */
static void
assert_depth(struct scene *s, size_t i, bool sealed, bool open)
{
	struct log log;

	log_of(s, i, &log);
	assert_int_equal(log.frontier.size, s->work.number + 1);
	if (sealed)
		assert_int_equal(log.held, log.frontier.size);
	else
		assert_in_range(log.held, 0, 2);
	for (unsigned c = 0; c < CLASS_COUNT; c++)
		if (c == CLASS_S || c == CLASS_N) {
			if (open)
				assert_int_equal(
				    log.open[c], log.frontier.size);
			else
				assert_in_range(log.open[c], 0, 2);
		}
}

static uint64_t
given(const struct scene *s, size_t i)
{
	struct emulator_count c = emulator_count(&s->emulator, i);

	return c.deltas_out[0] + c.deltas_out[1];
}

static void
a_chain_passes_everything_on_once(void **state)
{
	static const char *const rights[] = {ALL, ALL, ALL, ALL, ALL};
	struct scene s;

	(void)state;
	scene_init(&s, rights, 5, false, &live);
	workday_write(&s.work, 100);
	scene_run(&s);
	town_assert_equal(&s.town, 0);
	for (int i = 0; i < 10; i++) {
		uint64_t before = s.emulator.now_us;

		workday_write(&s.work, 1);
		scene_run(&s);
		town_assert_equal(&s.town, 0);
		/* Pushed, not fetched: four lines one after the other, and the
		 * acknowledgements of the last. */
		assert_in_range((s.emulator.now_us - before) / 1000, 4 * 150,
		    8 * 150 + 800);
	}
	for (size_t i = 0; i < 4; i++)
		scene_print(&s, i);
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(given(&s, i), s.work.number + 1);
	scene_fini(&s);
}

static void
relays_that_only_hold_pass_on_what_they_hold(void **state)
{
	static const char *const rights[] = {
	    ALL, "hold", "hold", ALL, "write", "read:N"};
	struct scene s;

	(void)state;
	scene_init(&s, rights, 6, false, &live);
	workday_write(&s.work, 60);
	scene_run(&s);
	assert_depth(&s, 1, true, false);
	assert_depth(&s, 2, true, false);
	/* It may read, but nobody near it can. */
	assert_depth(&s, 3, true, false);
	assert_depth(&s, 4, false, false);
	assert_depth(&s, 5, false, false);
	for (size_t i = 0; i < 5; i++)
		assert_int_equal(given(&s, i), s.work.number + 1);
	/* Who can read brings what it takes to read, alone. */
	(void)emulator_line(&s.emulator, 3, 0, &live);
	scene_run(&s);
	assert_depth(&s, 3, true, true);
	assert_int_equal(given(&s, 5), 0);
	assert_true(emulator_count(&s.emulator, 5).left_bytes[1] < 60 * 200);
	/* What comes now comes from both sides. */
	workday_write(&s.work, 20);
	scene_run(&s);
	assert_depth(&s, 1, true, false);
	assert_depth(&s, 2, true, false);
	assert_depth(&s, 3, true, true);
	scene_fini(&s);
}

static void
nothing_goes_round_a_ring(void **state)
{
	static const char *const rights[] = {ALL, ALL, ALL, ALL, ALL};
	struct scene s;
	uint64_t sum = 0;
	uint64_t before[5];

	(void)state;
	scene_init(&s, rights, 5, true, &live);
	workday_write(&s.work, 50);
	scene_run(&s);
	for (int i = 0; i < 50; i++) {
		workday_write(&s.work, 1);
		scene_run(&s);
	}
	town_assert_equal(&s.town, 0);
	for (size_t i = 0; i < 5; i++) {
		struct emulator_count c = emulator_count(&s.emulator, i);

		/* Nothing twice over one line in one direction. */
		for (size_t k = 0; k < 2; k++)
			assert_true(c.deltas_out[k] <= s.work.number + 1);
		sum += given(&s, i);
		before[i] = c.left_bytes[0] + c.left_bytes[1];
	}
	print_message("%llu deltas went over lines, of %llu\n",
	    (unsigned long long)sum, (unsigned long long)s.work.number + 1);
	/* Four lines to reach all; where both ways round meet, twice more. */
	assert_true(sum <= (4 + 2) * (s.work.number + 1));
	emulator_pass(&s.emulator, MINUTE_MS);
	for (size_t i = 0; i < 5; i++) {
		struct emulator_count c = emulator_count(&s.emulator, i);

		assert_true(c.left_bytes[0] + c.left_bytes[1] - before[i] <=
			    ECHO_BYTES_MAX);
	}
	scene_fini(&s);
}

/* Half of the ring reads, half only holds; all of it writes. */
static void
a_ring_of_all_kinds_comes_to_rest(void **state)
{
	static const char *const rights[] = {
	    ALL, "hold", "read:NPSF,hold", "hold", "write", ALL};
	struct scene s;
	struct workday other;

	(void)state;
	scene_init(&s, rights, 6, true, &live);
	workday_init(&other, &s.town, 5, "d01/c002/case");
	for (int i = 0; i < 20; i++) {
		workday_write(&s.work, 5);
		workday_write(&other, 3);
		/* Sometimes a neighbour is away for a while. */
		if (i % 4 == 1)
			emulator_part(&s.emulator, (size_t)i % 6);
		emulator_pass(&s.emulator, 2000);
		if (i % 4 == 1)
			emulator_dial(&s.emulator, (size_t)i % 6);
	}
	scene_run(&s);
	assert_depth(&s, 1, true, false);
	assert_depth(&s, 2, true, false);
	assert_depth(&s, 3, true, false);
	assert_depth(&s, 4, false, false);
	assert_depth(&s, 5, true, true);
	for (size_t i = 0; i < 6; i++)
		scene_print(&s, i);
	scene_fini(&s);
}

/* A run that broke off with one peer goes on with another one where it was. */
static void
another_peer_goes_on_where_the_first_was_cut(void **state)
{
	static const char *const rights[] = {ALL, ALL, ALL, ALL};
	struct emulator_shape shape = {
	    .pipe = {.rate_bytes_s = 3750, .delay_ms = 600}, .eager = true};

	(void)state;
	for (uint64_t cut = 1000; cut < 120 * 1000; cut += 7001) {
		struct scene s;
		struct emulator_count first;
		struct emulator_count second;
		size_t i;

		scene_init(&s, rights, 4, false, &live);
		workday_write(&s.work, 150);
		for (i = 0; i < s.emulator.n; i++)
			emulator_part(&s.emulator, i);
		town_copy(&s.town, 0, 1);
		town_copy(&s.town, 0, 2);
		shape.cut_bytes[0] = cut;
		i = emulator_line(&s.emulator, 3, 1, &shape);
		emulator_pass(&s.emulator, 60 * 1000);
		while (s.emulator.lines[i].count.breaks == 0 &&
		       !s.emulator.lines[i].done)
			emulator_pass(&s.emulator, 1000);
		emulator_part(&s.emulator, i);
		first = emulator_count(&s.emulator, i);
		shape.cut_bytes[0] = 0;
		i = emulator_line(&s.emulator, 3, 2, &shape);
		scene_run(&s);
		second = emulator_count(&s.emulator, i);
		town_assert_equal(&s.town, 0);
		assert_int_equal(first.deltas_in[0] + second.deltas_in[0],
		    s.work.number + 1);
		/* The second is asked for nothing that had come. */
		assert_int_equal(second.deltas_out[1], second.deltas_in[0]);
		scene_fini(&s);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_chain_passes_everything_on_once),
	    cmocka_unit_test(relays_that_only_hold_pass_on_what_they_hold),
	    cmocka_unit_test(nothing_goes_round_a_ring),
	    cmocka_unit_test(a_ring_of_all_kinds_comes_to_rest),
	    cmocka_unit_test(another_peer_goes_on_where_the_first_was_cut),
	};

	tempdir_in_memory();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
