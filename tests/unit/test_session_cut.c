/*
 * Links that break, bytes that flip, and much to carry.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "proto/codec.h"
#include "proto/mem.h"
#include "tests/lib/wire.h"

#define ALL "read:NPSF,write,hold"
#define SPACE "d01/c001/case"

static size_t
two(struct town *town, uint64_t seed)
{
	size_t b;

	town_init(town, seed);
	b = town_member(town, "", ALL);
	assert_int_equal(town_grant(town, 0, 0, "", ALL, ""), ERR_OK);
	town_copy(town, 0, b);
	return b;
}

/* Cuts at `at` bytes towards end `way`; true when that was reached. */
static bool
cut_at(struct town *town, size_t b, size_t way, uint64_t at)
{
	struct wire wire;
	bool reached;

	(void)town_create(town, 0, SPACE, "하나");
	(void)town_create(town, b, SPACE, "둘");
	wire_open(&wire, town, 0, b, true);
	wire.ends[way].cut_after = at;
	wire_run(&wire, 1);
	reached = wire.cut;
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(wire.ends[i].fault.code, ERR_OK);
	wire_close(&wire);
	/* What came is kept; what did not comes now; nothing comes twice. */
	wire_open(&wire, town, b, 0, true);
	wire_run(&wire, 1);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(wire.ends[i].fault.code, ERR_OK);
		assert_true(session_is_done(wire.ends[i].session));
		assert_int_equal(wire_status(&wire, i).deltas_in,
		    wire_status(&wire, 1 - i).deltas_out);
		assert_true(wire_status(&wire, i).deltas_out <= 2);
	}
	wire_close(&wire);
	return reached;
}

static void
a_cut_at_every_byte_loses_nothing(void **state)
{
	struct town town;
	size_t b;

	(void)state;
	b = two(&town, 1);
	for (size_t way = 0; way < 2; way++) {
		uint64_t at = 0;

		while (cut_at(&town, b, way, at)) {
			if (at % 64 == 0)
				town_assert_equal(&town, 0);
			at++;
		}
		assert_true(at > 500);
	}
	town_assert_equal(&town, 0);
	wire_assert_sound(&town, 0);
	wire_assert_sound(&town, b);
	town_fini(&town);
}

static void
a_flipped_bit_ends_the_session_and_nothing_else(void **state)
{
	struct town town;
	size_t b;
	size_t end = 1500;

	(void)state;
	b = two(&town, 2);
	for (size_t at = 0; at < end; at += 7) {
		struct wire wire;
		size_t way = at / 7 % 2;

		(void)town_create(&town, 0, SPACE, "하나");
		(void)town_create(&town, b, SPACE, "둘");
		wire_open(&wire, &town, 0, b, true);
		wire.ends[way].flip_at = at;
		wire_run(&wire, 1);
		/* Nothing but the last farewell may be lost on who has all. */
		if (wire.ends[way].flipped &&
		    session_is_done(wire.ends[way].session)) {
			assert_true(wire.ends[way].in_bytes - at <= 27);
			town_assert_equal(&town, 0);
		}
		wire_close(&wire);
	}
	wire_sync(&town, 0, b);
	town_assert_equal(&town, 0);
	wire_assert_sound(&town, 0);
	wire_assert_sound(&town, b);
	town_fini(&town);
}

static void
bytes_may_come_one_by_one(void **state)
{
	struct town town;
	struct wire wire;
	size_t b;

	(void)state;
	b = two(&town, 3);
	for (int i = 0; i < 20; i++)
		(void)town_create(&town, 0, SPACE, "하나");
	wire_open(&wire, &town, 0, b, true);
	wire.piece = 1;
	wire_run(&wire, 1);
	assert_true(session_is_done(wire.ends[0].session));
	assert_true(session_is_done(wire.ends[1].session));
	wire_close(&wire);
	town_assert_equal(&town, 0);
	town_fini(&town);
}

static void
three_thousand_deltas_of_one_log_survive_cuts(void **state)
{
	struct town town;
	struct record_id id;
	size_t b;
	uint64_t sent = 0;
	uint64_t all;

	(void)state;
	b = two(&town, 4);
	id = town_create(&town, 0, SPACE, "하나");
	for (int i = 1; i < 3000; i++)
		(void)town_patch(&town, 0, SPACE, &id,
		    town_edit(OP_SET, "name", town_int(i)));
	all = town_deltas(&town, 0) - town_deltas(&town, b);
	for (uint64_t cut = 100 * 1000;; cut += 150 * 1000) {
		struct wire wire;
		uint64_t before = town_deltas(&town, b);
		bool done;

		wire_open(&wire, &town, 0, b, true);
		wire.ends[1].cut_after = cut;
		wire.piece = 4000;
		wire_run(&wire, 1);
		done = session_is_done(wire.ends[1].session);
		assert_int_equal(wire_status(&wire, 1).deltas_in,
		    town_deltas(&town, b) - before);
		sent += wire_status(&wire, 1).deltas_in;
		wire_close(&wire);
		if (done)
			break;
		wire_assert_sound(&town, b);
	}
	assert_int_equal(sent, all);
	town_assert_equal(&town, 0);
	wire_assert_sound(&town, b);
	town_fini(&town);
}

static void
a_part_of_a_run_goes_on_to_others_and_is_completed_by_them(void **state)
{
	struct town town;
	struct record_id id;
	struct wire wire;
	uint64_t part;
	size_t b;
	size_t c;

	(void)state;
	b = two(&town, 5);
	c = town_member(&town, "", ALL);
	town_carry(&town, 0, b, &(struct town_cargo){.space = "authority"});
	id = town_create(&town, 0, SPACE, "하나");
	for (int i = 1; i < 1500; i++)
		(void)town_patch(&town, 0, SPACE, &id,
		    town_edit(OP_SET, "name", town_int(i)));
	wire_open(&wire, &town, 0, b, true);
	wire.ends[1].cut_after = 150 * 1000;
	wire.piece = 4000;
	wire_run(&wire, 1);
	wire_close(&wire);
	part = town_deltas(&town, b);
	assert_true(part < town_deltas(&town, 0) && part > 100);
	wire_assert_sound(&town, b);
	/* b proves its part to the head that it has seen. */
	wire_sync(&town, b, c);
	assert_int_equal(town_deltas(&town, c), part);
	wire_assert_sound(&town, c);
	/* Another head, newer than the one b knows, and then c has more. */
	(void)town_create(&town, 0, SPACE, "둘");
	wire_sync(&town, c, 0);
	wire_sync(&town, b, c);
	town_assert_equal(&town, 0);
	for (size_t i = 0; i < 3; i++)
		wire_assert_sound(&town, i);
	town_fini(&town);
}

/* Who has a part that leads to a newer head takes on from who knows only an
 * older one, and can still prove what it has. */
static void
an_older_head_helps_a_part_of_a_newer_run(void **state)
{
	struct town town;
	struct record_id id;
	struct wire wire;
	size_t b;
	size_t c;
	size_t d;

	(void)state;
	b = two(&town, 9);
	c = town_member(&town, "", ALL);
	d = town_member(&town, "", ALL);
	for (size_t i = 1; i < d; i++)
		town_carry(
		    &town, 0, i, &(struct town_cargo){.space = "authority"});
	id = town_create(&town, 0, SPACE, "하나");
	for (int i = 1; i < 1500; i++) {
		(void)town_patch(&town, 0, SPACE, &id,
		    town_edit(OP_SET, "name", town_int(i)));
		if (i == 900)
			wire_sync(&town, 0, c);
	}
	for (uint64_t cut = 40 * 1000; cut < 200 * 1000; cut += 40 * 1000) {
		wire_open(&wire, &town, cut == 40 * 1000 ? 0 : c, b, true);
		wire.ends[1].cut_after = cut;
		wire.piece = 4000;
		wire_run(&wire, 1);
		wire_close(&wire);
		wire_assert_sound(&town, b);
		wire_sync(&town, b, d);
		assert_int_equal(town_deltas(&town, d), town_deltas(&town, b));
		wire_assert_sound(&town, d);
	}
	wire_sync(&town, 0, b);
	wire_sync(&town, b, d);
	wire_sync(&town, c, d);
	town_assert_equal(&town, 0);
	town_fini(&town);
}

static void
bodies_larger_than_a_chunk_waits_for_arrive(void **state)
{
	struct town town;
	struct buf text = {0};
	struct buf value = {0};
	size_t b;

	(void)state;
	b = two(&town, 6);
	for (int i = 0; i < 14; i++) {
		struct store_edit edits[2];
		struct store_write write = {.space = town_space(SPACE),
		    .create = true,
		    .collection = bytes_text("card"),
		    .edits = edits,
		    .edits_n = 2};
		struct record_id id;
		bool changed;

		buf_cut(&text, 0);
		buf_cut(&value, 0);
		/* Text that does not become smaller. */
		for (int k = 0; k < 100000; k++) {
			uint8_t c;

			prng_fill(&town.prng, &c, 1);
			buf_add_u8(&text, (uint8_t)('0' + c % 75));
		}
		codec_put_text(&value, buf_bytes(&text));
		edits[0] = town_edit(OP_SET, "name", town_int(i));
		edits[1] = town_edit(OP_SET, "memo", buf_bytes(&value));
		edits[1].class = CLASS_S;
		assert_int_equal(
		    town_write(&town, 0, &write, &id, &changed), ERR_OK);
	}
	wire_sync(&town, b, 0);
	town_assert_equal(&town, 0);
	wire_assert_sound(&town, b);
	buf_fini(&text);
	buf_fini(&value);
	town_fini(&town);
}

/* One transaction, one delta, many changes: bodies beyond every bound. */
static void
a_delta_with_very_many_bodies_arrives(void **state)
{
	struct town town;
	struct store *store;
	struct buf text = {0};
	struct buf value = {0};
	size_t b;

	(void)state;
	b = two(&town, 7);
	store = town_store(&town, 0);
	for (int k = 0; k < 30000; k++) {
		uint8_t c;

		prng_fill(&town.prng, &c, 1);
		buf_add_u8(&text, (uint8_t)('0' + c % 75));
	}
	codec_put_text(&value, buf_bytes(&text));
	assert_int_equal(store_begin(store, true), ERR_OK);
	for (int i = 0; i < 150; i++) {
		struct store_edit edits[2] = {
		    town_edit(OP_SET, "name", town_int(i)),
		    town_edit(OP_SET, "memo", buf_bytes(&value))};
		struct store_write write = {.space = town_space(SPACE),
		    .create = true,
		    .collection = bytes_text("card"),
		    .edits = edits,
		    .edits_n = 2};
		struct record_id id;
		bool changed;

		edits[1].class = CLASS_P;
		assert_int_equal(
		    store_write(store, &write, &id, &changed), ERR_OK);
	}
	assert_int_equal(store_commit(store), ERR_OK);
	wire_sync(&town, b, 0);
	town_assert_equal(&town, 0);
	wire_assert_sound(&town, b);
	buf_fini(&text);
	buf_fini(&value);
	town_fini(&town);
}

static void
hundreds_of_logs_arrive(void **state)
{
	struct town town;
	struct store *store;
	struct wire wire;
	size_t b;

	(void)state;
	b = two(&town, 8);
	store = town_store(&town, 0);
	assert_int_equal(store_begin(store, true), ERR_OK);
	for (int i = 0; i < 424; i++) {
		struct store_edit edit = town_edit(OP_SET, "name", town_int(i));
		struct store_write write = {.create = true,
		    .collection = bytes_text("card"),
		    .edits = &edit,
		    .edits_n = 1};
		struct record_id id;
		char space[32];
		bool changed;

		(void)snprintf(space, sizeof(space), "d01/c%03d/case", i + 1);
		write.space = town_space(space);
		assert_int_equal(
		    store_write(store, &write, &id, &changed), ERR_OK);
	}
	assert_int_equal(store_commit(store), ERR_OK);
	wire_sync(&town, b, 0);
	town_assert_equal(&town, 0);
	wire_open(&wire, &town, 0, b, true);
	wire_run(&wire, 1);
	assert_true(wire_status(&wire, 0).out_plain_bytes <= 128);
	assert_true(wire_status(&wire, 1).out_plain_bytes <= 128);
	wire_close(&wire);
	wire_assert_sound(&town, b);
	town_fini(&town);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_cut_at_every_byte_loses_nothing),
	    cmocka_unit_test(a_flipped_bit_ends_the_session_and_nothing_else),
	    cmocka_unit_test(bytes_may_come_one_by_one),
	    cmocka_unit_test(three_thousand_deltas_of_one_log_survive_cuts),
	    cmocka_unit_test(
		a_part_of_a_run_goes_on_to_others_and_is_completed_by_them),
	    cmocka_unit_test(an_older_head_helps_a_part_of_a_newer_run),
	    cmocka_unit_test(bodies_larger_than_a_chunk_waits_for_arrive),
	    cmocka_unit_test(a_delta_with_very_many_bodies_arrives),
	    cmocka_unit_test(hundreds_of_logs_arrive),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
