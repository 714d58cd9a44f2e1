/*
 * Promises of core/store.h about writes that share a transaction, and about
 * records that were changed in more places than a change can name.
 *
 * LINK: -Wl,--wrap=mdb_get,--wrap=mdb_put,--wrap=mdb_del
 * LINK: -Wl,--wrap=mdb_cursor_open,--wrap=mdb_cursor_get
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/lib/council.h"
#include "tests/lib/fault.h"
#include "tests/lib/wire.h"

#define HERE "d03/c017/case"

enum {
	HALL,
	/* A change names no more of those before it (core/compose.c). */
	PARENTS = LIMIT_PARENTS / 4,
	APART = PARENTS + 30,
	/* What LMDB says of a damaged page. */
	DAMAGED = -30796,
};

static void
well(enum err e)
{
	if (e != ERR_OK)
		fail_msg("%s: %s", err_name(e), err_text());
}

static int
town_make(void **state)
{
	static struct town town;

	town_init(&town, 53);
	*state = &town;
	return 0;
}

static int
town_remove(void **state)
{
	struct town *town = *state;

	for (size_t i = 0; i < town->n; i++)
		wire_assert_sound(town, i);
	town_fini(town);
	return 0;
}

/* In the open transaction of `store`. */
static enum err
set(struct store *store, const struct record_id *id, const char *text,
    struct bytes token)
{
	struct store_edit edit = town_edit(OP_SET, "name", town_text(text));
	struct store_write write = {.space = town_space(HERE),
	    .record = *id,
	    .edits = &edit,
	    .edits_n = 1,
	    .token = token};
	struct record_id same;
	bool changed;

	return store_write(store, &write, &same, &changed);
}

/* The token of the record, and how many latest changes it has. */
static size_t
shown(struct town *town, const struct record_id *id, struct buf *token)
{
	struct arena arena = {0};
	struct record record;
	size_t n;

	assert_true(town_get(town, HALL, HERE, id, &arena, &record));
	buf_cut(token, 0);
	store_token(&record, token);
	n = record.heads_n;
	arena_fini(&arena);
	return n;
}

/* Of several people in one transaction each change says whose it is: two deltas
 * for two, and a third for who is nobody. */
static void
changes_of_several_people_stay_apart(void **state)
{
	struct town *town = *state;
	struct store *store = town_store(town, HALL);
	uint64_t before = town_deltas(town, HALL);
	struct store_write write = {.space = town_space(HERE),
	    .create = true,
	    .collection = bytes_text("card")};
	struct record_id ids[6];
	bool changed;

	well(store_begin(store, true));
	for (uint8_t i = 0; i < COUNT_OF(ids); i++) {
		write.has_actor = i % 3 != 0;
		write.actor = (struct actor_id){{(uint8_t)(i % 3)}};
		well(store_write(store, &write, &ids[i], &changed));
	}
	well(store_settle(store));
	/* There is nothing left to be done. */
	well(store_settle(store));
	well(store_commit(store));
	/* With the one that opens the log. */
	assert_int_equal(town_deltas(town, HALL), before + 4);
	for (uint8_t i = 0; i < COUNT_OF(ids); i++) {
		struct arena arena = {0};
		struct merge_changes changes;

		well(store_begin(store, false));
		well(store_history(
		    store, &write.space, &ids[i], &arena, &changes));
		store_abort(store);
		assert_int_equal(changes.n, 1);
		assert_int_equal(changes.p[0].has_actor, i % 3 != 0);
		assert_int_equal(changes.p[0].actor.b[0], i % 3);
		arena_fini(&arena);
	}
}

/* A change names as many of the latest ones as it can: so they come together
 * by and by, and nobody's value is lost on the way. */
static void
a_record_changed_in_very_many_places_comes_together(void **state)
{
	struct town *town = *state;
	struct store *store = town_store(town, HALL);
	struct record_id id = town_create(town, HALL, HERE, "가");
	struct buf first = {0};
	struct buf token = {0};
	char text[16];

	assert_int_equal(shown(town, &id, &first), 1);
	for (unsigned i = 0; i < APART; i++) {
		(void)snprintf(text, sizeof(text), "%u", i);
		well(store_begin(store, true));
		well(set(store, &id, text, buf_bytes(&first)));
		well(store_commit(store));
	}
	assert_int_equal(shown(town, &id, &token), APART);
	well(store_begin(store, true));
	well(set(store, &id, "모두", buf_bytes(&token)));
	well(store_commit(store));
	assert_int_equal(shown(town, &id, &token), APART - PARENTS + 1);
	well(store_begin(store, true));
	well(set(store, &id, "다", buf_bytes(&token)));
	well(store_commit(store));
	assert_int_equal(shown(town, &id, &token), 1);
	buf_fini(&first);
	buf_fini(&token);
}

/* A record of which a change is held and not yet its beginning, and one that is
 * quarantined: an adoption would make one of both. */
static void
an_id_that_is_taken_elsewhere_is_not_given_twice(void **state)
{
	struct town *town = *state;
	size_t member = town_member(town, "d03", "read:NPSF,write");
	size_t late = town_member(town, "d03", "read:NPSF,write");
	struct store_write write = {.space = town_space(HERE),
	    .create = true,
	    .has_record = true,
	    .collection = bytes_text("card")};
	struct log_cut cut;
	bool changed;

	town_meet(town);
	write.record = town_create(town, member, HERE, "가");
	town_copy(town, member, HALL);
	assert_true(town_patch(town, HALL, HERE, &write.record,
	    town_edit(OP_SET, "name", town_text("나"))));
	cut = council_cut(town, HALL, HALL, HERE, 0);
	town_carry(town, HALL, late, &(struct town_cargo){.log = &cut.log});
	assert_int_equal(
	    town_write(town, late, &write, &write.record, &changed),
	    ERR_EXISTS);
	assert_non_null(strstr(err_text(), "golmok patch"));
	well(council_revoke(town, HALL, member, 0, NULL));
	write.record = town_create(town, member, HERE, "다");
	town_copy(town, member, HALL);
	assert_int_equal(council_inbox(town, HALL, HERE, NULL), 1);
	assert_int_equal(
	    town_write(town, HALL, &write, &write.record, &changed),
	    ERR_EXISTS);
	write.record.b[15] ^= 1;
	well(town_write(town, HALL, &write, &write.record, &changed));
}

/* A new record, changed again at once, and one changed by an old token. */
static enum err
write_some(
    struct store *store, const struct record_id *id, const struct buf *token)
{
	struct store_edit edit = town_edit(OP_SET, "name", town_text("새"));
	struct store_write write = {.space = town_space(HERE),
	    .create = true,
	    .collection = bytes_text("card"),
	    .edits = &edit,
	    .edits_n = 1};
	struct record_id fresh;
	bool changed;
	enum err e = store_write(store, &write, &fresh, &changed);

	if (e == ERR_OK)
		e = set(store, &fresh, "또", (struct bytes){0});
	if (e == ERR_OK)
		e = set(store, &fresh, "또한", (struct bytes){0});
	if (e == ERR_OK)
		e = set(store, id, "늦게", buf_bytes(token));
	return e == ERR_OK ? store_settle(store) : e;
}

static void
a_write_that_meets_a_fault_is_not_written(void **state)
{
	struct town *town = *state;
	struct store *store = town_store(town, HALL);
	struct record_id id = town_create(town, HALL, HERE, "가");
	struct buf before = {0};
	struct buf token = {0};
	struct buf after = {0};
	unsigned heard = 0;
	bool hit = true;

	assert_int_equal(shown(town, &id, &token), 1);
	assert_true(town_patch(
	    town, HALL, HERE, &id, town_edit(OP_SET, "name", town_text("나"))));
	town_digests(town, HALL, &before);
	for (unsigned nth = 1; hit; nth++) {
		enum err e;

		well(store_begin(store, true));
		fault_arm((struct fault_plan){
		    .names = "mdb_get mdb_put mdb_del mdb_cursor_open "
			     "mdb_cursor_get",
		    .nth = nth,
		    .number = DAMAGED});
		e = write_some(store, &id, &token);
		hit = fault_disarm();
		if (e != (hit ? ERR_CORRUPT : ERR_OK))
			fail_msg("call %u: %s: %s", nth, err_name(e),
			    e != ERR_OK ? err_text() : "");
		store_abort(store);
		heard += hit;
	}
	assert_true(heard > 10);
	town_digests(town, HALL, &after);
	assert_true(bytes_equal(buf_bytes(&before), buf_bytes(&after)));
	buf_fini(&before);
	buf_fini(&token);
	buf_fini(&after);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, town_make, town_remove)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(changes_of_several_people_stay_apart),
	    TEST(a_record_changed_in_very_many_places_comes_together),
	    TEST(an_id_that_is_taken_elsewhere_is_not_given_twice),
	    TEST(a_write_that_meets_a_fault_is_not_written),
	};

	tempdir_in_memory();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
