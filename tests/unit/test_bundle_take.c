/*
 * Promises of core/bundle_write.h and core/bundle_take.h: what goes by stick
 * arrives as by a session.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/file.h"
#include "proto/bundle.h"
#include "tests/lib/branches.h"
#include "tests/lib/stick.h"
#include "tests/lib/wire.h"

#define CASES "d03/c017/case"

/* A city whose founder writes, and a centre that reads all. */
static size_t
scene_begin(struct town *town, uint64_t seed)
{
	size_t centre;

	town_init(town, seed);
	centre = town_member(town, "", "read:NPSF,hold,write");
	assert_int_equal(
	    town_grant(town, 0, 0, "", "read:NPSF,hold,write", ""), ERR_OK);
	return centre;
}

static void
write_some(struct town *town, size_t at, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		char name[32];

		(void)snprintf(name, sizeof(name), "이름 %u", i);
		(void)town_create(town, at, CASES, name);
	}
}

static void
assert_all_taken(const struct stick_taken *out)
{
	assert_int_equal(out->found.whole, out->found.ours);
	assert_int_equal(out->found.damages_all, 0);
	assert_int_equal(out->taken.troubles_all, 0);
	assert_int_equal(out->taken.parts_refused, 0);
}

static void
two_nodes_without_a_line_keep_in_step(void **state)
{
	struct town town;
	struct stick_taken out;
	size_t centre = scene_begin(&town, 1);

	(void)state;
	for (unsigned round = 0; round < 3; round++) {
		town.now_ms += 1000;
		write_some(&town, 0, 20);
		(void)stick_send(&town, 0, centre, "there");
		out = stick_take(&town, centre, "there");
		assert_all_taken(&out);
		assert_true(out.taken.heard);
		write_some(&town, centre, 10);
		(void)stick_send(&town, centre, 0, "back");
		out = stick_take(&town, 0, "back");
		assert_all_taken(&out);
		assert_int_equal(out.taken.deltas, round == 0 ? 11 : 10);
		town_assert_equal(&town, 0);
	}
	wire_assert_sound(&town, 0);
	wire_assert_sound(&town, centre);
	town_fini(&town);
}

static void
taken_again_it_changes_nothing(void **state)
{
	struct town town;
	struct stick_taken out;
	struct buf before = {0};
	struct buf after = {0};
	size_t centre = scene_begin(&town, 2);

	(void)state;
	write_some(&town, 0, 5);
	(void)stick_send(&town, 0, centre, "a");
	stick_load(&town, "a", &before);
	out = stick_take(&town, centre, "a");
	assert_int_not_equal(out.taken.deltas, 0);
	out = stick_take(&town, centre, "a");
	assert_all_taken(&out);
	assert_int_equal(out.taken.deltas, 0);
	assert_false(out.taken.heard);
	stick_load(&town, "a", &after);
	assert_true(bytes_equal(buf_bytes(&before), buf_bytes(&after)));
	town_assert_equal(&town, 0);
	buf_fini(&before);
	buf_fini(&after);
	town_fini(&town);
}

static void
only_what_is_not_acknowledged_goes_again(void **state)
{
	struct stick_want ack = {.kind = BUNDLE_ACK};
	struct town town;
	struct stick_taken out;
	size_t founder = 0;
	size_t centre = scene_begin(&town, 3);
	uint64_t first;

	(void)state;
	write_some(&town, 0, 30);
	first = stick_send(&town, 0, centre, "a").deltas;
	(void)stick_take(&town, centre, "a");
	assert_int_equal(stick_send(&town, 0, centre, "b").deltas, first);
	town.now_ms += 1000;
	assert_int_equal(
	    stick_write(&town, centre, &founder, 1, &ack, "k").deltas, 0);
	out = stick_take(&town, 0, "k");
	assert_all_taken(&out);
	assert_true(out.taken.heard);
	assert_int_equal(out.taken.deltas, 0);
	assert_int_equal(stick_send(&town, 0, centre, "c").deltas, 0);
	write_some(&town, 0, 3);
	assert_int_equal(stick_send(&town, 0, centre, "d").deltas, 3);
	/* All of it, when asked for. */
	assert_int_equal(stick_write(&town, 0, &centre, 1,
			     &(struct stick_want){.full = true}, "e")
			     .deltas,
	    town_deltas(&town, 0));
	town_fini(&town);
}

/* How many deltas does the founder believe that the centre lacks? */
static uint64_t
lacks(struct town *town, size_t centre)
{
	return stick_send(town, 0, centre, "probe").deltas;
}

static void
an_older_acknowledgement_does_not_count(void **state)
{
	struct stick_want ack = {.kind = BUNDLE_ACK};
	struct town town;
	struct stick_taken out;
	size_t founder = 0;
	size_t centre = scene_begin(&town, 4);

	(void)state;
	(void)stick_send(&town, 0, centre, "a");
	(void)stick_take(&town, centre, "a");
	town.now_ms += 1000;
	(void)stick_write(&town, centre, &founder, 1, &ack, "old");
	write_some(&town, 0, 7);
	(void)stick_send(&town, 0, centre, "b");
	(void)stick_take(&town, centre, "b");
	town.now_ms += 1000;
	(void)stick_write(&town, centre, &founder, 1, &ack, "new");
	out = stick_take(&town, 0, "new");
	assert_true(out.taken.heard);
	assert_int_equal(lacks(&town, centre), 0);
	out = stick_take(&town, 0, "old");
	assert_false(out.taken.heard);
	assert_int_equal(lacks(&town, centre), 0);
	town_fini(&town);
}

static void
a_restored_peer_that_holds_less_is_believed(void **state)
{
	struct stick_want ack = {.kind = BUNDLE_ACK};
	struct town town;
	struct backup backup;
	size_t founder = 0;
	size_t centre = scene_begin(&town, 5);

	(void)state;
	(void)stick_send(&town, 0, centre, "a");
	(void)stick_take(&town, centre, "a");
	backup_take(&town, centre, &backup);
	write_some(&town, 0, 7);
	(void)stick_send(&town, 0, centre, "b");
	(void)stick_take(&town, centre, "b");
	town.now_ms += 1000;
	(void)stick_write(&town, centre, &founder, 1, &ack, "full");
	(void)stick_take(&town, 0, "full");
	assert_int_equal(lacks(&town, centre), 0);
	backup_put(&town, centre, &backup);
	town.now_ms += 1000;
	(void)stick_write(&town, centre, &founder, 1, &ack, "less");
	(void)stick_take(&town, 0, "less");
	/* The log of the founder in CASES begins with an open. */
	assert_int_equal(lacks(&town, centre), 8);
	backup_fini(&backup);
	town_fini(&town);
}

static void
who_may_have_less_gets_a_part_of_its_own(void **state)
{
	struct town town;
	struct stick_taken out;
	struct bundle_written written;
	size_t to[3];

	(void)state;
	to[0] = scene_begin(&town, 6);
	to[1] = town_member(&town, "", "audit");
	to[2] = town_member(&town, "", "read:NPSF,hold,write");
	write_some(&town, 0, 12);
	written = stick_write(
	    &town, 0, to, 3, &(struct stick_want){.full = true}, "all");
	assert_int_equal(written.parts, 2);
	for (size_t i = 0; i < 3; i++) {
		out = stick_take(&town, to[i], "all");
		assert_all_taken(&out);
		assert_int_equal(out.found.parts, 2);
		assert_int_equal(out.found.ours, 1);
		assert_int_equal(
		    town_deltas(&town, to[i]), town_deltas(&town, 0));
		wire_assert_sound(&town, to[i]);
	}
	/* A right that grows makes owed what did not go along before. */
	assert_int_equal(
	    town_grant(&town, 0, to[1], "", "read:NPSF,hold", ""), ERR_OK);
	(void)stick_send(&town, to[1], 0, "clock");
	(void)stick_take(&town, 0, "clock");
	written = stick_send(&town, 0, to[1], "more");
	assert_int_equal(written.deltas, 1);
	assert_true(written.bodies >= 12);
	out = stick_take(&town, to[1], "more");
	out = stick_take(&town, to[1], "more");
	assert_all_taken(&out);
	town_copy(&town, 0, to[2]);
	town_copy(&town, 0, to[0]);
	town_assert_equal(&town, 0);
	town_fini(&town);
}

static void
a_node_that_it_is_not_for_learns_nothing(void **state)
{
	struct town town;
	struct stick_taken out;
	size_t centre = scene_begin(&town, 7);
	size_t other = town_member(&town, "d04", "read:N,write");
	uint64_t before = town_deltas(&town, other);

	(void)state;
	write_some(&town, 0, 3);
	(void)stick_send(&town, 0, centre, "a");
	out = stick_take(&town, other, "a");
	assert_int_equal(out.found.parts, 1);
	assert_int_equal(out.found.ours, 0);
	assert_false(out.taken.has_about);
	assert_int_equal(town_deltas(&town, other), before);
	town_fini(&town);
}

static void
only_the_spaces_that_were_asked_for_go(void **state)
{
	struct town town;
	size_t centre = scene_begin(&town, 8);

	(void)state;
	write_some(&town, 0, 3);
	(void)town_create(&town, 0, "d04/c001/case", "다른");
	(void)stick_send(&town, 0, centre, "authority");
	(void)stick_take(&town, centre, "authority");
	(void)stick_send(&town, centre, 0, "clock");
	(void)stick_take(&town, 0, "clock");
	write_some(&town, 0, 2);
	(void)town_create(&town, 0, "d04/c001/case", "또");
	assert_int_equal(stick_write(&town, 0, &centre, 1,
			     &(struct stick_want){.space = "d04"}, "a")
			     .deltas,
	    1);
	town_fini(&town);
}

/* ---- damage ------------------------------------------------------------- */

/* A small bundle, and a centre at which many are tried. */
static size_t
small_begin(struct town *town, uint64_t seed, struct buf *file)
{
	size_t centre = scene_begin(town, seed);

	write_some(town, 0, 3);
	(void)stick_send(town, 0, centre, "good");
	stick_load(town, "good", file);
	return centre;
}

static void
small_end(struct town *town, size_t centre, struct buf *file)
{
	struct stick_taken out = stick_take(town, centre, "good");

	assert_all_taken(&out);
	town_assert_equal(town, 0);
	wire_assert_sound(town, centre);
	buf_fini(file);
	town_fini(town);
}

/* tests/unit/test_bundle.c cuts at each byte. */
static void
cut_anywhere_it_does_no_harm(void **state)
{
	struct buf file = {0};
	struct town town;
	size_t centre = small_begin(&town, 10, &file);
	uint64_t last = 0;

	(void)state;
	for (size_t n = BUNDLE_TITLE_SIZE; n < file.n; n += 13) {
		struct stick_taken out;
		uint64_t deltas;

		stick_save(&town, "cut", bytes_first(buf_bytes(&file), n));
		out = stick_take(&town, centre, "cut");
		assert_int_equal(out.found.whole, 0);
		assert_int_equal(out.taken.wrongs, 0);
		assert_int_equal(out.found.cut, out.found.ours);
		deltas = town_deltas(&town, centre);
		assert_true(deltas >= last);
		last = deltas;
	}
	/* Without the sum at the end nothing is missing. */
	stick_save(&town, "cut", bytes_first(buf_bytes(&file), file.n - 1));
	(void)stick_take(&town, centre, "cut");
	assert_int_equal(town_deltas(&town, centre), town_deltas(&town, 0));
	small_end(&town, centre, &file);
}

static void
a_changed_byte_does_no_harm(void **state)
{
	struct buf file = {0};
	struct town town;
	size_t centre = small_begin(&town, 11, &file);

	(void)state;
	for (size_t at = BUNDLE_TITLE_SIZE; at < file.n; at += 17) {
		struct stick_taken out;

		file.p[at] ^= 1;
		stick_save(&town, "bad", buf_bytes(&file));
		file.p[at] ^= 1;
		out = stick_take(&town, centre, "bad");
		assert_int_equal(out.found.whole, 0);
		assert_true(out.found.damages_all > 0);
		assert_int_equal(out.taken.wrongs, 0);
	}
	small_end(&town, centre, &file);
}

/* Where the blocks of a bundle for `seed` lie: `ends[i]` behind block i. */
static size_t
blocks_find(struct bytes file, const struct sign_seed *seed, size_t *starts,
    size_t *ends, size_t room)
{
	struct bundle_scan scan = {0};
	struct bundle_block block;
	size_t at = 0;
	size_t n = 0;

	while (at < file.n) {
		size_t used;
		enum bundle_found found = bundle_scan_next(
		    &scan, bytes_after(file, at), true, &used, &block);

		if (found == BUNDLE_PART && !scan.is_open)
			assert_true(bundle_scan_open(&scan, seed));
		if (found == BUNDLE_BLOCK) {
			assert_true(n < room);
			starts[n] = at;
			ends[n++] = at + used;
		}
		at += used;
	}
	bundle_scan_fini(&scan);
	return n;
}

enum { BLOCKS_MAX = 64 };

/* A bundle of several blocks, most of them of one log. */
struct blocks {
	struct town town;
	size_t centre;
	struct buf file;
	size_t starts[BLOCKS_MAX];
	size_t ends[BLOCKS_MAX];
	size_t n;
};

static void
blocks_begin(struct blocks *b, uint64_t seed)
{
	*b = (struct blocks){0};
	b->centre = scene_begin(&b->town, seed);
	write_some(&b->town, 0, 700);
	(void)stick_send(&b->town, 0, b->centre, "good");
	stick_load(&b->town, "good", &b->file);
	b->n = blocks_find(buf_bytes(&b->file),
	    &store_identity(town_store(&b->town, b->centre))->seed, b->starts,
	    b->ends, BLOCKS_MAX);
	/* The clock, authority, three or more of the log, and the sum. */
	assert_true(b->n >= 6);
}

static void
block_add(const struct blocks *b, size_t i, struct buf *out)
{
	buf_add(out, bytes_slice(buf_bytes(&b->file), b->starts[i],
			 b->ends[i] - b->starts[i]));
}

/* The header, then the blocks of `order`, up to SIZE_MAX. */
static struct stick_taken
blocks_take(struct blocks *b, const size_t *order)
{
	struct buf out = {0};
	struct stick_taken taken;

	buf_add(&out, bytes_first(buf_bytes(&b->file), b->starts[0]));
	for (size_t i = 0; order[i] != SIZE_MAX; i++)
		block_add(b, order[i], &out);
	stick_save(&b->town, "bad", buf_bytes(&out));
	taken = stick_take(&b->town, b->centre, "bad");
	buf_fini(&out);
	return taken;
}

static void
blocks_end(struct blocks *b)
{
	small_end(&b->town, b->centre, &b->file);
}

static void
what_a_lost_block_leaves_open_is_said(void **state)
{
	struct blocks b;
	struct stick_taken out;
	size_t order[BLOCKS_MAX];
	size_t n = 0;
	uint64_t held;

	(void)state;
	blocks_begin(&b, 12);
	for (size_t i = 0; i < b.n; i++)
		if (i != 3)
			order[n++] = i;
	order[n] = SIZE_MAX;
	out = blocks_take(&b, order);
	assert_int_equal(out.found.whole, 0);
	assert_int_equal(out.found.damages_all, 1);
	assert_int_equal(out.taken.troubles_all, 1);
	assert_int_equal(out.taken.gaps, 1);
	assert_string_equal(out.troubles[0].space.text, CASES);
	held = town_deltas(&b.town, b.centre);
	/* What came before the gap is there, and where that begins is said. */
	assert_true(out.troubles[0].from > 0);
	assert_true(out.troubles[0].until > out.troubles[0].from);
	assert_int_equal(
	    town_deltas(&b.town, 0) - held, 701 - out.troubles[0].from);
	/* With what is missing the rest can come. */
	out = blocks_take(&b, (size_t[]){3, SIZE_MAX});
	assert_int_equal(
	    town_deltas(&b.town, b.centre) - held, out.taken.deltas);
	out = blocks_take(&b, order);
	assert_int_equal(out.taken.gaps, 0);
	assert_int_equal(
	    town_deltas(&b.town, b.centre), town_deltas(&b.town, 0));
	blocks_end(&b);
}

static void
blocks_in_another_order_do_no_harm(void **state)
{
	struct blocks b;
	struct stick_taken out;
	size_t order[2 * BLOCKS_MAX];

	(void)state;
	blocks_begin(&b, 13);
	/* Twice each. */
	for (size_t i = 0; i < 2 * b.n; i++)
		order[i] = i / 2;
	order[2 * b.n] = SIZE_MAX;
	out = blocks_take(&b, order);
	assert_int_equal(out.taken.troubles_all, 0);
	assert_int_equal(
	    town_deltas(&b.town, b.centre), town_deltas(&b.town, 0));
	/* From the last to the first. */
	for (size_t i = 0; i < b.n; i++)
		order[i] = b.n - 1 - i;
	order[b.n] = SIZE_MAX;
	out = blocks_take(&b, order);
	assert_int_equal(out.found.whole, 0);
	assert_int_equal(out.taken.wrongs, 0);
	blocks_end(&b);
}

static void
two_bundles_in_one_file_are_two(void **state)
{
	struct blocks b;
	struct stick_taken out;
	struct buf both = {0};

	(void)state;
	blocks_begin(&b, 14);
	buf_add(&both, buf_bytes(&b.file));
	buf_add(&both, buf_bytes(&b.file));
	stick_save(&b.town, "both", buf_bytes(&both));
	out = stick_take(&b.town, b.centre, "both");
	assert_all_taken(&out);
	assert_int_equal(out.found.ours, 2);
	write_some(&b.town, 0, 1);
	(void)stick_send(&b.town, 0, b.centre, "good");
	buf_cut(&both, 0);
	stick_load(&b.town, "good", &both);
	buf_add(&both, buf_bytes(&b.file));
	stick_save(&b.town, "both", buf_bytes(&both));
	out = stick_take(&b.town, b.centre, "both");
	assert_all_taken(&out);
	assert_int_equal(out.found.ours, 2);
	buf_fini(&both);
	blocks_end(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(two_nodes_without_a_line_keep_in_step),
	    cmocka_unit_test(taken_again_it_changes_nothing),
	    cmocka_unit_test(only_what_is_not_acknowledged_goes_again),
	    cmocka_unit_test(an_older_acknowledgement_does_not_count),
	    cmocka_unit_test(a_restored_peer_that_holds_less_is_believed),
	    cmocka_unit_test(who_may_have_less_gets_a_part_of_its_own),
	    cmocka_unit_test(a_node_that_it_is_not_for_learns_nothing),
	    cmocka_unit_test(only_the_spaces_that_were_asked_for_go),
	    cmocka_unit_test(cut_anywhere_it_does_no_harm),
	    cmocka_unit_test(a_changed_byte_does_no_harm),
	    cmocka_unit_test(what_a_lost_block_leaves_open_is_said),
	    cmocka_unit_test(blocks_in_another_order_do_no_harm),
	    cmocka_unit_test(two_bundles_in_one_file_are_two),
	};

	if (crypto_start() != ERR_OK)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
