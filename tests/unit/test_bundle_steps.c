/*
 * Promises of core/bundle_write.h and core/bundle_take.h about work that takes
 * many steps: large deltas, stores that change meanwhile, work that is cut off.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/file.h"
#include "core/medium.h"
#include "proto/codec.h"
#include "tests/lib/stick.h"
#include "tests/lib/wire.h"

#define CASES "d03/c017/case"
#define ALL "read:NPSF,hold,write"

static size_t
scene_begin(struct town *town, uint64_t seed)
{
	size_t centre;

	town_init(town, seed);
	centre = town_member(town, "", ALL);
	assert_int_equal(town_grant(town, 0, 0, "", ALL, ""), ERR_OK);
	return centre;
}

/* One delta of `n` changes, each with a text of `size` bytes that cannot be
 * compressed. */
static void
large_write(struct town *town, size_t at, size_t n, size_t size)
{
	struct store *store = town_store(town, at);
	struct buf value = {0};
	struct buf text = {0};

	assert_int_equal(store_begin(store, true), ERR_OK);
	for (size_t i = 0; i < n; i++) {
		struct store_edit edit = {.field = bytes_text("text"),
		    .code = OP_SET,
		    .class = CLASS_P};
		struct store_write write = {.space = town_space(CASES),
		    .create = true,
		    .collection = bytes_text("card"),
		    .edits = &edit,
		    .edits_n = 1};
		struct record_id id;
		bool changed;

		buf_cut(&text, 0);
		for (size_t k = 0; k < size; k++)
			buf_add_u8(&text,
			    (uint8_t)('!' + prng_below(&town->prng, 90)));
		buf_cut(&value, 0);
		codec_put_text(&value, buf_bytes(&text));
		edit.value = buf_bytes(&value);
		assert_int_equal(
		    store_write(store, &write, &id, &changed), ERR_OK);
	}
	assert_int_equal(store_commit(store), ERR_OK);
	buf_fini(&value);
	buf_fini(&text);
}

/* A plan of everything, and a writer of it to the file `name`. */
static void
writer_begin(struct town *town, size_t centre, const char *name,
    struct bundle_plan *plan, struct bundle_writer **writer)
{
	struct store *store = town_store(town, 0);
	struct sign_key key = town_key(town, centre);
	struct bundle_want want = {.to = &key, .to_n = 1};

	assert_int_equal(store_begin(store, false), ERR_OK);
	assert_int_equal(bundle_plan_make(store, &want, plan), ERR_OK);
	store_abort(store);
	assert_int_equal(bundle_write_begin(store, plan,
			     tempdir_at(&town->dir, name), false, writer),
	    ERR_OK);
}

static bool
is_there(struct town *town, const char *name)
{
	struct file_stat stat;

	return file_stat(tempdir_at(&town->dir, name), &stat) == ERR_OK;
}

/* More bodies in one delta than go with a chunk: the rest follow. */
static void
a_large_delta_arrives_whole(void **state)
{
	struct town town;
	struct stick_taken out;
	size_t centre = scene_begin(&town, 1);
	uint64_t before;

	(void)state;
	(void)town_create(&town, 0, CASES, "작은");
	before = town_deltas(&town, 0);
	large_write(&town, 0, 30, 100 * 1000);
	/* Each has more than goes with a chunk. */
	assert_in_range(town_deltas(&town, 0) - before, 1, 3);
	(void)town_create(&town, 0, CASES, "끝");
	(void)stick_send(&town, 0, centre, "a");
	out = stick_take(&town, centre, "a");
	assert_int_equal(out.taken.troubles_all, 0);
	assert_int_equal(out.found.whole, 1);
	town_assert_equal(&town, 0);
	wire_assert_sound(&town, centre);
	town_fini(&town);
}

static void
what_is_written_meanwhile_does_no_harm(void **state)
{
	struct town town;
	struct stick_taken out;
	struct bundle_plan plan;
	struct bundle_writer *writer;
	size_t centre = scene_begin(&town, 2);
	bool more = true;

	(void)state;
	for (unsigned i = 0; i < 200; i++)
		(void)town_create(&town, 0, CASES, "전");
	writer_begin(&town, centre, "a", &plan, &writer);
	while (more) {
		assert_int_equal(bundle_write_step(writer, &more), ERR_OK);
		/* No transaction is open between two steps. */
		(void)town_create(&town, 0, CASES, "중");
		assert_int_equal(is_there(&town, "a"), !more);
	}
	bundle_write_end(writer);
	bundle_plan_fini(&plan);
	out = stick_take(&town, centre, "a");
	assert_int_equal(out.taken.troubles_all, 0);
	assert_int_equal(out.found.whole, 1);
	assert_true(out.taken.deltas >= 200);
	town.now_ms += 1000;
	(void)stick_send(&town, centre, 0, "back");
	(void)stick_take(&town, 0, "back");
	(void)stick_send(&town, 0, centre, "b");
	(void)stick_take(&town, centre, "b");
	town_assert_equal(&town, 0);
	town_fini(&town);
}

static void
writing_that_was_cut_off_leaves_nothing(void **state)
{
	struct town town;
	struct bundle_plan plan;
	struct bundle_writer *writer;
	size_t centre = scene_begin(&town, 3);
	bool more;

	(void)state;
	for (unsigned i = 0; i < 20; i++)
		(void)town_create(&town, 0, CASES, "하나");
	stick_save(&town, "a.new", bytes_text("of a crash"));
	for (unsigned steps = 0; steps < 4; steps++) {
		writer_begin(&town, centre, "a", &plan, &writer);
		for (unsigned i = 0; i < steps; i++)
			assert_int_equal(
			    bundle_write_step(writer, &more), ERR_OK);
		assert_true(is_there(&town, "a.new"));
		bundle_write_end(writer);
		bundle_plan_fini(&plan);
		assert_false(is_there(&town, "a"));
		assert_false(is_there(&town, "a.new"));
	}
	/* Nor is a file replaced that came to be meanwhile. */
	writer_begin(&town, centre, "a", &plan, &writer);
	stick_save(&town, "a", bytes_text("of somebody else"));
	more = true;
	for (;;) {
		enum err e = bundle_write_step(writer, &more);

		if (e == ERR_OK) {
			assert_true(more);
			continue;
		}
		assert_int_equal(e, ERR_EXISTS);
		break;
	}
	bundle_write_end(writer);
	bundle_plan_fini(&plan);
	assert_false(is_there(&town, "a.new"));
	town_fini(&town);
}

/* Two at one name: the second is told so, and the first is whole. */
static void
two_at_once_do_not_get_in_each_others_way(void **state)
{
	struct town town;
	struct bundle_plan plan;
	struct bundle_writer *writer;
	struct medium other;
	struct stick_taken out;
	size_t centre = scene_begin(&town, 5);
	bool more = true;

	(void)state;
	for (unsigned i = 0; i < 20; i++)
		(void)town_create(&town, 0, CASES, "하나");
	writer_begin(&town, centre, "통 하나", &plan, &writer);
	assert_int_equal(bundle_write_step(writer, &more), ERR_OK);
	assert_int_equal(
	    medium_create(&other, tempdir_at(&town.dir, "통 하나"), true),
	    ERR_BUSY);
	medium_fini(&other);
	assert_true(is_there(&town, "통 하나.new"));
	while (more)
		assert_int_equal(bundle_write_step(writer, &more), ERR_OK);
	bundle_write_end(writer);
	bundle_plan_fini(&plan);
	out = stick_take(&town, centre, "통 하나");
	assert_int_equal(out.found.whole, 1);
	town_assert_equal(&town, 0);
	/* Nor is what somebody put there in its place moved, or removed. */
	assert_int_equal(
	    medium_create(&other, tempdir_at(&town.dir, "통 하나"), true),
	    ERR_OK);
	assert_int_equal(unlink(other.fresh), 0);
	stick_save(&town, "통 하나.new", bytes_text("of somebody else"));
	assert_int_equal(medium_finish(&other, true), ERR_BUSY);
	medium_fini(&other);
	assert_true(is_there(&town, "통 하나.new"));
	town_fini(&town);
}

static void
taking_that_was_cut_off_is_done_again(void **state)
{
	struct town town;
	struct stick_taken out;
	size_t centre = scene_begin(&town, 4);
	uint64_t last = town_deltas(&town, centre);
	unsigned steps = 0;
	bool more = true;

	(void)state;
	for (unsigned i = 0; i < 4; i++)
		large_write(&town, 0, 10, 100 * 1000);
	(void)stick_send(&town, 0, centre, "a");
	while (more) {
		struct bundle_taker *taker;

		steps++;
		assert_int_equal(bundle_take_open(town_store(&town, centre),
				     tempdir_at(&town.dir, "a"), &taker),
		    ERR_OK);
		for (unsigned i = 0; i < steps && more; i++)
			assert_int_equal(
			    bundle_take_step(taker, &more), ERR_OK);
		bundle_take_close(taker);
		assert_true(town_deltas(&town, centre) >= last);
		last = town_deltas(&town, centre);
		wire_assert_sound(&town, centre);
	}
	assert_true(steps > 3);
	out = stick_take(&town, centre, "a");
	assert_int_equal(out.taken.troubles_all, 0);
	assert_int_equal(out.taken.deltas, 0);
	town_assert_equal(&town, 0);
	town_fini(&town);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_large_delta_arrives_whole),
	    cmocka_unit_test(what_is_written_meanwhile_does_no_harm),
	    cmocka_unit_test(writing_that_was_cut_off_leaves_nothing),
	    cmocka_unit_test(two_at_once_do_not_get_in_each_others_way),
	    cmocka_unit_test(taking_that_was_cut_off_is_done_again),
	};

	if (crypto_start() != ERR_OK)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
