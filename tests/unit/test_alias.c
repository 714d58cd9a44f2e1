/*
 * Promises of core/alias.h: who stands for whom is followed to the end, the
 * same way whatever order records came in, and wherever a circle is entered.
 *
 * LINK: -Wl,--wrap=pack_embedded
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/alias.h"
#include "proto/codec.h"
#include "tests/lib/office.h"

#define OTHER_SPACE "d03/c018/case"

struct bytes __wrap_pack_embedded(void);

struct bytes
__wrap_pack_embedded(void)
{
	return office_pack();
}

static void
well(enum err e)
{
	if (e != ERR_OK)
		fail_msg("%s: %s", err_name(e), err_text());
}

static struct record_id
number(unsigned n)
{
	struct record_id id = {{3}};

	bytes_put_be32(id.b + 12, n);
	return id;
}

/* The home `from`, which stands for the home `to` (0: for itself). */
static void
home_put(struct town *town, const char *space, unsigned from, unsigned to)
{
	struct record_id target = number(to);
	struct buf value = {0};
	char no[32];
	struct store_edit edits[2];
	struct store_write write = {.space = town_space(space),
	    .create = true,
	    .has_record = true,
	    .record = number(from),
	    .collection = bytes_text("home"),
	    .edits = edits,
	    .edits_n = to > 0 ? 2 : 1};
	struct record_id is;
	bool changed;

	(void)snprintf(no, sizeof(no), "H-%u-%.7s", from, space);
	edits[0] = town_edit(OP_SET, "no", town_text(no));
	edits[0].class = CLASS_N;
	codec_put_bytes(&value, bytes_of(target.b, sizeof(target.b)));
	edits[1] = town_edit(OP_SET, "same_as", buf_bytes(&value));
	edits[1].class = CLASS_N;
	well(town_write(town, 0, &write, &is, &changed));
	buf_fini(&value);
}

/* Whom each of the `n` homes from 1 on stands for. */
static void
ends_are(struct town *town, const unsigned *ends, unsigned n)
{
	struct store *store = town_store(town, 0);
	struct aliases aliases = {0};

	well(store_begin(store, false));
	well(alias_load(store_txn(store), &aliases));
	store_abort(store);
	for (unsigned i = 0; i < n; i++) {
		struct record_id id = number(i + 1);
		struct record_id end = alias_of(&aliases, &id);

		assert_int_equal(bytes_be32(end.b + 12), ends[i]);
	}
	alias_fini(&aliases);
}

static void
nobody_stands_for_another_in_an_empty_store(void **state)
{
	struct town *town = *state;
	static const unsigned ends[] = {1, 2};
	struct town bare;

	ends_are(town, ends, COUNT_OF(ends));
	/* Nor in a store that follows no pack. */
	town_init(&bare, 62);
	ends_are(&bare, ends, COUNT_OF(ends));
	town_fini(&bare);
}

/* 1 leads into the circle of 4, 5, 2 and 3. */
static void
a_circle_ends_at_its_least_member_wherever_it_is_entered(void **state)
{
	struct town *town = *state;
	static const unsigned ends[] = {2, 2, 2, 2, 2, 6};

	home_put(town, OFFICE_SPACE, 1, 4);
	home_put(town, OFFICE_SPACE, 4, 5);
	home_put(town, OFFICE_SPACE, 5, 2);
	home_put(town, OFFICE_SPACE, 2, 3);
	home_put(town, OFFICE_SPACE, 3, 4);
	home_put(town, OFFICE_SPACE, 6, 0);
	ends_are(town, ends, COUNT_OF(ends));
}

static void
of_one_id_in_two_spaces_the_lower_target_counts(void **state)
{
	struct town *town = *state;
	static const unsigned ends[] = {8, 8, 3};

	home_put(town, OFFICE_SPACE, 1, 9);
	home_put(town, OTHER_SPACE, 1, 8);
	home_put(town, OFFICE_SPACE, 2, 8);
	home_put(town, OTHER_SPACE, 2, 9);
	ends_are(town, ends, COUNT_OF(ends));
}

static void
whom_it_stands_for_must_not_be_deleted_as_far_as_is_known(void **state)
{
	struct town *town = *state;
	struct store *store = town_store(town, 0);
	struct record_id ids[] = {number(1), number(2), number(3)};
	static const bool stand[] = {true, true, false};
	struct record_id deleted = number(8);
	struct aliases aliases = {0};

	/* 7 is here, 8 is deleted, and 9 nobody has. */
	home_put(town, OFFICE_SPACE, 7, 0);
	home_put(town, OFFICE_SPACE, 8, 0);
	home_put(town, OFFICE_SPACE, 1, 7);
	home_put(town, OFFICE_SPACE, 2, 9);
	home_put(town, OFFICE_SPACE, 3, 8);
	town_act(town, 0, OFFICE_SPACE, &deleted, ACT_DELETE);
	well(store_begin(store, false));
	well(alias_load(store_txn(store), &aliases));
	for (size_t i = 0; i < COUNT_OF(ids); i++) {
		struct record_id end;
		bool stands;

		well(alias_stands(
		    store_txn(store), &aliases, &ids[i], &end, &stands));
		assert_int_equal(stands, stand[i]);
		assert_int_equal(
		    memcmp(&end, &ids[i], sizeof(end)) != 0, stand[i]);
	}
	store_abort(store);
	alias_fini(&aliases);
}

/* A writer would see what it writes half. */
static void
a_reader_gathers_once_and_a_writer_never(void **state)
{
	struct town *town = *state;
	struct store *store = town_store(town, 0);
	const struct aliases *first;
	const struct aliases *again;

	home_put(town, OFFICE_SPACE, 1, 7);
	well(store_begin(store, false));
	well(alias_held(store_txn(store), &first));
	assert_non_null(first);
	assert_int_equal(first->n, 1);
	well(alias_held(store_txn(store), &again));
	assert_ptr_equal(first, again);
	store_abort(store);
	well(store_begin(store, true));
	well(alias_held(store_txn(store), &again));
	assert_null(again);
	store_abort(store);
}

int
main(void)
{
#define IN_OFFICE(f) \
	cmocka_unit_test_setup_teardown(f, office_make, office_remove)
	const struct CMUnitTest tests[] = {
	    IN_OFFICE(nobody_stands_for_another_in_an_empty_store),
	    IN_OFFICE(a_circle_ends_at_its_least_member_wherever_it_is_entered),
	    IN_OFFICE(of_one_id_in_two_spaces_the_lower_target_counts),
	    IN_OFFICE(
		whom_it_stands_for_must_not_be_deleted_as_far_as_is_known),
	    IN_OFFICE(a_reader_gathers_once_and_a_writer_never),
	};

	return cmocka_run_group_tests_name("alias", tests, NULL, NULL);
}
