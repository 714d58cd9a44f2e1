/*
 * Promises of core/store.h about whole transactions, about what is refused, and
 * about actors and history.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "proto/codec.h"
#include "tests/lib/town.h"

static const char space[] = "d03/c017/case";

static int
town_make(void **state)
{
	static struct town town;

	town_init(&town, 11);
	*state = &town;
	return 0;
}

static int
town_remove(void **state)
{
	town_fini(*state);
	return 0;
}

/* What node `i` shows of a record. */
struct shown {
	struct arena arena;
	struct record record;
	struct buf token;
};

static void
show(struct town *town, size_t i, const struct record_id *id,
    struct shown *shown)
{
	*shown = (struct shown){0};
	assert_true(
	    town_get(town, i, space, id, &shown->arena, &shown->record));
	store_token(&shown->record, &shown->token);
}

static void
forget(struct shown *shown)
{
	arena_fini(&shown->arena);
	buf_fini(&shown->token);
}

static void
assert_register(struct town *town, const struct record_id *id,
    const char *field, size_t n, struct bytes value)
{
	struct shown shown;

	show(town, 0, id, &shown);
	assert_int_equal(town_values(&shown.record, field, KIND_REGISTER), n);
	if (n > 0)
		assert_true(
		    town_has(&shown.record, field, KIND_REGISTER, value));
	forget(&shown);
}

static enum record_status
status_of(struct town *town, size_t i, const struct record_id *id)
{
	struct arena arena = {0};
	struct record record;

	assert_true(town_get(town, i, space, id, &arena, &record));
	arena_fini(&arena);
	return record.status;
}

/* One edit of the record `id` in the open transaction. */
static enum err
edit_in(struct store *store, const struct record_id *id, const char *in,
    struct store_edit edit)
{
	struct store_write write = {.space = town_space(in),
	    .record = *id,
	    .edits = &edit,
	    .edits_n = 1};
	struct record_id same;
	bool changed;

	return store_write(store, &write, &same, &changed);
}

static void
a_transaction_may_write_one_record_twice_and_several_spaces(void **state)
{
	struct town *town = *state;
	struct store *store = town_store(town, 0);
	struct record_id one = town_create(town, 0, space, "가");
	struct record_id two = town_create(town, 0, "d04/c001/case", "나");

	assert_int_equal(store_begin(store, true), ERR_OK);
	assert_int_equal(edit_in(store, &one, space,
			     town_edit(OP_SET, "name", town_text("다"))),
	    ERR_OK);
	assert_int_equal(edit_in(store, &two, "d04/c001/case",
			     town_edit(OP_SET, "name", town_text("라"))),
	    ERR_OK);
	assert_int_equal(edit_in(store, &one, space,
			     town_edit(OP_SET, "name", town_text("마"))),
	    ERR_OK);
	assert_int_equal(store_commit(store), ERR_OK);
	assert_register(town, &one, "name", 1, town_text("마"));
	assert_int_equal(status_of(town, 0, &one), RECORD_LIVE);
}

static void
three_thousand_changes_become_a_few_deltas(void **state)
{
	struct town *town = *state;
	size_t other = town_member(town, "", "read:NPSF,hold");
	struct store *store = town_store(town, 0);
	uint64_t before = town_deltas(town, 0);
	struct space name = town_space(space);

	assert_int_equal(store_begin(store, true), ERR_OK);
	for (int i = 0; i < 3000; i++) {
		struct store_edit edit = town_edit(
		    OP_SET, "number", town_int(i));
		struct store_write write = {.space = name,
		    .create = true,
		    .collection = bytes_text("card"),
		    .edits = &edit,
		    .edits_n = 1};
		struct record_id id;
		bool changed;

		assert_int_equal(
		    store_write(store, &write, &id, &changed), ERR_OK);
	}
	assert_int_equal(store_commit(store), ERR_OK);
	assert_in_range(town_deltas(town, 0) - before, 4, 8);
	assert_int_equal(store_begin(store, false), ERR_OK);
	assert_int_equal(space_find(store_txn(store), &name)->records, 3000);
	store_abort(store);
	town_copy(town, 0, other);
	town_assert_equal(town, 0);
}

static void
an_aborted_transaction_leaves_nothing(void **state)
{
	struct town *town = *state;
	struct store *store = town_store(town, 0);
	struct record_id id = town_create(town, 0, space, "가");
	struct buf before = {0};
	struct buf after = {0};

	town_digests(town, 0, &before);
	assert_int_equal(store_begin(store, true), ERR_OK);
	assert_int_equal(edit_in(store, &id, space,
			     town_edit(OP_SET, "name", town_text("나"))),
	    ERR_OK);
	store_abort(store);
	town_digests(town, 0, &after);
	assert_int_equal(before.n, after.n);
	assert_memory_equal(before.p, after.p, after.n);
	assert_register(town, &id, "name", 1, town_text("가"));
	buf_fini(&before);
	buf_fini(&after);
}

/* The error of one edit of a record that is there. */
static enum err
refusal(struct town *town, const struct record_id *id, struct store_edit edit)
{
	struct store *store = town_store(town, 0);
	enum err e;

	assert_int_equal(store_begin(store, true), ERR_OK);
	e = edit_in(store, id, space, edit);
	assert_int_equal(
	    store_commit(store), ERR_OK); /* the rest is unharmed */
	return e;
}

static void
edits_that_break_a_rule_are_refused_and_leave_the_rest_alone(void **state)
{
	struct town *town = *state;
	struct record_id id = town_create(town, 0, space, "가");
	struct buf huge = {0};
	uint64_t n = town_deltas(town, 0);
	const struct store_edit bad[] = {
	    town_edit(OP_SET, "Name", town_int(1)),
	    town_edit(OP_SET, "", town_int(1)),
	    town_edit(OP_SET, "name", bytes_text("\xc0")),
	    town_edit(OP_SET, "name", bytes_text("\xcd")),
	    town_edit(OP_SET, "name", bytes_text("")),
	    town_edit(OP_SET, "name", bytes_text("\x01\x02")),
	    town_edit(OP_COUNT, "visits", town_text("다섯")),
	    town_edit(OP_MOVE, "status", town_int(1)),
	    town_edit(OP_APPEND, "log", bytes_text("\xc0")),
	    town_edit(OP_ADD, "tags", bytes_text("\xc0")),
	};

	for (size_t i = 0; i < COUNT_OF(bad); i++)
		assert_int_equal(refusal(town, &id, bad[i]), ERR_INVALID);
	memset(buf_extend(&huge, LIMIT_BODY_SIZE), 'a', LIMIT_BODY_SIZE);
	assert_int_equal(
	    refusal(town, &id, town_edit(OP_SET, "name", buf_bytes(&huge))),
	    ERR_LIMIT);
	assert_int_equal(town_deltas(town, 0), n);
	buf_fini(&huge);
}

static void
a_change_too_large_for_its_body_is_refused_at_once(void **state)
{
	struct town *town = *state;
	struct record_id id = town_create(town, 0, space, "가");
	struct buf half = {0};
	struct buf text = {0};
	struct store_edit edits[3];
	struct store_write write = {.space = town_space(space),
	    .record = id,
	    .edits = edits,
	    .edits_n = 3};
	bool changed;

	memset(buf_extend(&text, 100000), 'a', 100000);
	codec_put_text(&half, buf_bytes(&text));
	edits[0] = town_edit(OP_SET, "a", buf_bytes(&half));
	edits[1] = town_edit(OP_SET, "b", buf_bytes(&half));
	edits[2] = town_edit(OP_SET, "c", buf_bytes(&half));
	assert_int_equal(town_write(town, 0, &write, &id, &changed), ERR_LIMIT);
	edits[2].class = CLASS_P;
	assert_int_equal(town_write(town, 0, &write, &id, &changed), ERR_OK);
	buf_fini(&half);
	buf_fini(&text);
}

static void
a_taken_id_and_a_missing_record_are_told_apart(void **state)
{
	struct town *town = *state;
	struct record_id id = town_create(town, 0, space, "가");
	struct store_write write = {.space = town_space(space),
	    .create = true,
	    .has_record = true,
	    .record = id,
	    .collection = bytes_text("card")};
	bool changed;

	assert_int_equal(
	    town_write(town, 0, &write, &id, &changed), ERR_EXISTS);
	write.create = false;
	write.record.b[3] ^= 1;
	assert_int_equal(
	    town_write(town, 0, &write, &id, &changed), ERR_NOT_FOUND);
	write.create = true;
	assert_int_equal(town_write(town, 0, &write, &id, &changed), ERR_OK);
	write.space = id_authority;
	write.record.b[3] ^= 2;
	assert_int_equal(
	    town_write(town, 0, &write, &id, &changed), ERR_INVALID);
}

static void
who_has_no_grant_is_told_so_in_words(void **state)
{
	struct town *town = *state;
	size_t reader = town_member(town, "d03", "read:NPSF");
	size_t writer = town_member(town, "d03/c017", "write");
	struct store_write write = {.space = town_space(space),
	    .create = true,
	    .collection = bytes_text("card")};
	struct record_id id;
	bool changed;

	assert_int_equal(
	    town_write(town, reader, &write, &id, &changed), ERR_DENIED);
	assert_non_null(strstr(err_text(), space));
	assert_int_equal(
	    town_write(town, writer, &write, &id, &changed), ERR_OK);
	write.space = town_space("d03/c018/case");
	assert_int_equal(
	    town_write(town, writer, &write, &id, &changed), ERR_DENIED);
	assert_non_null(strstr(err_text(), "d03/c018/case"));
}

static void
actors_are_told_apart_and_their_names_stay_here(void **state)
{
	struct town *town = *state;
	struct store *store = town_store(town, 0);
	struct arena arena = {0};
	struct actor_id kim;
	struct actor_id lee;
	struct actor_id again;
	struct actor_id plain;
	char longest[LIMIT_LABEL_SIZE + 2];

	assert_int_equal(store_begin(store, true), ERR_OK);
	assert_int_equal(store_actor(store, bytes_text("김"), &kim), ERR_OK);
	assert_int_equal(store_actor(store, bytes_text("이"), &lee), ERR_OK);
	assert_int_equal(store_commit(store), ERR_OK);
	assert_memory_not_equal(&kim, &lee, sizeof(kim));
	assert_int_equal(store_begin(store, false), ERR_OK);
	assert_int_equal(store_actor(store, bytes_text("김"), &again), ERR_OK);
	assert_memory_equal(&kim, &again, sizeof(kim));
	assert_true(bytes_is(store_actor_name(store, &kim, &arena), "김"));
	assert_int_equal(
	    store_actor(
		store, bytes_text("00112233445566778899aabbccddeeff"), &plain),
	    ERR_OK);
	assert_int_equal(plain.b[15], 0xff);
	assert_int_equal(store_actor_name(store, &plain, &arena).n, 0);
	assert_int_equal(
	    store_actor(store, bytes_text(""), &plain), ERR_INVALID);
	assert_int_equal(
	    store_actor(store, bytes_text("\xff"), &plain), ERR_INVALID);
	memset(longest, 'a', sizeof(longest));
	longest[sizeof(longest) - 1] = '\0';
	assert_int_equal(
	    store_actor(store, bytes_text(longest), &plain), ERR_INVALID);
	store_abort(store);
	arena_fini(&arena);
}

static void
history_has_parents_first_whatever_the_clocks_said(void **state)
{
	struct town *town = *state;
	size_t other = town_member(town, "", "read:NPSF,hold,write");
	struct record_id id = town_create(town, 0, space, "가");
	struct space name = town_space(space);
	struct arena arena = {0};
	struct merge_changes changes;

	town_copy(town, 0, other);
	town->now_ms -= 40 * UINT64_C(86400000); /* a wrong clock */
	(void)town_patch(town, other, space, &id,
	    town_edit(OP_SET, "name", town_text("나")));
	(void)town_patch(town, other, space, &id,
	    town_edit(OP_SET, "name", town_text("다")));
	town->now_ms += 40 * UINT64_C(86400000);
	town_copy(town, other, 0);
	(void)town_patch(
	    town, 0, space, &id, town_edit(OP_SET, "name", town_text("라")));
	assert_int_equal(store_begin(town_store(town, 0), false), ERR_OK);
	assert_int_equal(
	    store_history(town_store(town, 0), &name, &id, &arena, &changes),
	    ERR_OK);
	assert_int_equal(changes.n, 4);
	for (size_t i = 1; i < 4; i++) {
		assert_int_equal(changes.p[i].parents_n, 1);
		assert_int_equal(id_change_compare(&changes.p[i].parents[0],
				     &changes.p[i - 1].at),
		    0);
	}
	store_abort(town_store(town, 0));
	arena_fini(&arena);
}

static void
a_slow_clock_stamps_later_than_what_it_was_shown(void **state)
{
	struct town *town = *state;
	size_t other = town_member(town, "", "read:NPSF,hold,write");
	struct record_id id = town_create(town, 0, space, "가");
	struct shown shown;
	struct stamp before;

	town_copy(town, 0, other);
	show(town, other, &id, &shown);
	before = shown.record.changed;
	forget(&shown);
	town->now_ms -= LIMIT_CLOCK_PULL_MS / 2;
	(void)town_patch(town, other, space, &id,
	    town_edit(OP_SET, "name", town_text("나")));
	show(town, other, &id, &shown);
	assert_true(shown.record.changed.v > before.v);
	forget(&shown);
}

int
main(void)
{
#define TOWN(f) cmocka_unit_test_setup_teardown(f, town_make, town_remove)
	const struct CMUnitTest tests[] = {
	    TOWN(a_transaction_may_write_one_record_twice_and_several_spaces),
	    TOWN(three_thousand_changes_become_a_few_deltas),
	    TOWN(an_aborted_transaction_leaves_nothing),
	    TOWN(edits_that_break_a_rule_are_refused_and_leave_the_rest_alone),
	    TOWN(a_change_too_large_for_its_body_is_refused_at_once),
	    TOWN(a_taken_id_and_a_missing_record_are_told_apart),
	    TOWN(who_has_no_grant_is_told_so_in_words),
	    TOWN(actors_are_told_apart_and_their_names_stay_here),
	    TOWN(history_has_parents_first_whatever_the_clocks_said),
	    TOWN(a_slow_clock_stamps_later_than_what_it_was_shown),
	};

	return cmocka_run_group_tests_name("store_rules", tests, NULL, NULL);
}
