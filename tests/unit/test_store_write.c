/*
 * Promises of core/store.h about writing: what becomes an operation, what it
 * replaces, and what is refused.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

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

/* Sets register `field` by node `i`, who was shown `shown` (may be NULL). */
static enum err
set(struct town *town, const struct record_id *id, const char *field,
    struct bytes value, const struct shown *shown, bool *changed)
{
	struct store_edit edit = town_edit(OP_SET, field, value);
	struct store_write write = {.space = town_space(space),
	    .record = *id,
	    .edits = &edit,
	    .edits_n = 1};
	struct record_id same;

	if (shown != NULL)
		write.token = buf_bytes(&shown->token);
	return town_write(town, 0, &write, &same, changed);
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

static void
a_new_record_is_there_with_its_collection_and_time(void **state)
{
	struct town *town = *state;
	struct record_id id = town_create(town, 0, space, "김영희");
	struct space found;
	struct shown shown;

	show(town, 0, &id, &shown);
	assert_true(bytes_is(shown.record.collection, "card"));
	assert_int_equal(shown.record.status, RECORD_LIVE);
	assert_int_equal(stamp_ms(shown.record.created), town->now_ms);
	assert_int_equal(shown.record.heads_n, 1);
	forget(&shown);
	assert_register(town, &id, "name", 1, town_text("김영희"));
	assert_int_equal(store_begin(town_store(town, 0), false), ERR_OK);
	assert_int_equal(
	    store_locate(town_store(town, 0), &id, &found), ERR_OK);
	assert_string_equal(found.text, space);
	id.b[15] ^= 1;
	assert_int_equal(
	    store_locate(town_store(town, 0), &id, &found), ERR_NOT_FOUND);
	store_abort(town_store(town, 0));
}

static void
what_does_not_differ_is_not_written(void **state)
{
	struct town *town = *state;
	struct record_id id = town_create(town, 0, space, "가");
	uint64_t n = town_deltas(town, 0);

	assert_false(town_patch(
	    town, 0, space, &id, town_edit(OP_SET, "name", town_text("가"))));
	assert_false(town_patch(
	    town, 0, space, &id, town_edit(OP_CLEAR, "none", town_int(0))));
	assert_false(town_patch(
	    town, 0, space, &id, town_edit(OP_REMOVE, "tags", town_int(1))));
	assert_int_equal(town_deltas(town, 0), n);
	assert_true(town_patch(
	    town, 0, space, &id, town_edit(OP_ADD, "tags", town_int(1))));
	n = town_deltas(town, 0);
	assert_false(town_patch(
	    town, 0, space, &id, town_edit(OP_ADD, "tags", town_int(1))));
	assert_int_equal(town_deltas(town, 0), n);
}

static void
a_write_that_writes_nothing_opens_no_log(void **state)
{
	struct town *town = *state;
	size_t other = town_member(town, "d03", "read:NPSF,write");
	struct record_id id = town_create(town, 0, space, "가");
	struct store_write write = {.space = town_space("d03/c099/case")};
	bool changed;
	uint64_t n;

	town_copy(town, 0, other);
	n = town_deltas(town, other);
	assert_false(town_patch(town, other, space, &id,
	    town_edit(OP_SET, "name", town_text("가"))));
	write.record = id;
	assert_int_equal(
	    town_write(town, other, &write, &id, &changed), ERR_NOT_FOUND);
	assert_int_equal(town_deltas(town, other), n);
}

static void
without_a_token_the_shown_value_is_replaced_and_others_stay(void **state)
{
	struct town *town = *state;
	struct record_id id = town_create(town, 0, space, "가");
	struct shown old;
	bool changed;

	show(town, 0, &id, &old);
	town->now_ms += 1000;
	assert_int_equal(
	    set(town, &id, "name", town_text("나"), NULL, &changed), ERR_OK);
	assert_register(town, &id, "name", 1, town_text("나"));
	town->now_ms += 1000;
	assert_int_equal(
	    set(town, &id, "name", town_text("다"), &old, &changed), ERR_OK);
	assert_true(changed);
	assert_register(town, &id, "name", 2, town_text("나"));
	assert_register(town, &id, "name", 2, town_text("다"));
	/* 다 has the highest stamp, so it is what is shown first. */
	assert_int_equal(
	    set(town, &id, "name", town_text("라"), NULL, &changed), ERR_OK);
	assert_register(town, &id, "name", 2, town_text("나"));
	assert_register(town, &id, "name", 2, town_text("라"));
	forget(&old);
}

static void
a_new_token_replaces_all_values_that_it_shows(void **state)
{
	struct town *town = *state;
	struct record_id id = town_create(town, 0, space, "가");
	struct shown old;
	struct shown now;
	bool changed;

	show(town, 0, &id, &old);
	assert_int_equal(
	    set(town, &id, "name", town_text("나"), &old, &changed), ERR_OK);
	assert_int_equal(
	    set(town, &id, "name", town_text("다"), &old, &changed), ERR_OK);
	assert_register(town, &id, "name", 2, town_text("나"));
	show(town, 0, &id, &now);
	assert_int_equal(
	    set(town, &id, "name", town_text("라"), &now, &changed), ERR_OK);
	assert_register(town, &id, "name", 1, town_text("라"));
	forget(&old);
	forget(&now);
}

static void
what_equals_what_an_old_token_showed_is_not_written(void **state)
{
	struct town *town = *state;
	struct record_id id = town_create(town, 0, space, "가");
	struct shown old;
	bool changed;

	show(town, 0, &id, &old);
	assert_int_equal(
	    set(town, &id, "name", town_text("나"), NULL, &changed), ERR_OK);
	/* Somebody saves a form in which the name was not touched. */
	assert_int_equal(
	    set(town, &id, "name", town_text("가"), &old, &changed), ERR_OK);
	assert_false(changed);
	assert_register(town, &id, "name", 1, town_text("나"));
	forget(&old);
}

static void
an_old_token_covers_all_ancestors_of_what_it_shows(void **state)
{
	struct town *town = *state;
	struct record_id id = town_create(town, 0, space, "가");
	struct shown first;
	struct shown wide;
	bool changed;
	char text[16];

	assert_int_equal(
	    set(town, &id, "early", town_text("처음"), NULL, &changed), ERR_OK);
	show(town, 0, &id, &first);
	/* Many changes apart, twice over: a wide net of parents. */
	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < 12; i++) {
			(void)snprintf(text, sizeof(text), "%d.%d", round, i);
			assert_int_equal(set(town, &id, "name", town_text(text),
					     &first, &changed),
			    ERR_OK);
		}
		forget(&first);
		show(town, 0, &id, &first);
	}
	show(town, 0, &id, &wide);
	assert_int_equal(
	    set(town, &id, "other", town_text("뒤"), NULL, &changed), ERR_OK);
	assert_int_equal(
	    set(town, &id, "early", town_text("새"), &wide, &changed), ERR_OK);
	assert_register(town, &id, "early", 1, town_text("새"));
	forget(&first);
	forget(&wide);
}

static void
tokens_that_were_never_printed_are_refused(void **state)
{
	struct town *town = *state;
	struct record_id one = town_create(town, 0, space, "가");
	struct record_id two = town_create(town, 0, space, "나");
	struct shown shown;
	struct buf good = {0};
	bool changed;

	show(town, 0, &one, &shown);
	assert_int_equal(
	    set(town, &two, "name", town_text("다"), &shown, &changed),
	    ERR_INVALID);
	buf_add(&good, buf_bytes(&shown.token));
	/* The same change twice. */
	buf_add_u8(&shown.token, '.');
	buf_add(&shown.token, buf_bytes(&good));
	assert_int_equal(
	    set(town, &one, "name", town_text("다"), &shown, &changed),
	    ERR_INVALID);
	for (size_t n = 1; n < good.n; n++) {
		buf_cut(&shown.token, 0);
		buf_add(&shown.token, bytes_first(buf_bytes(&good), n));
		assert_int_equal(
		    set(town, &one, "name", town_text("다"), &shown, &changed),
		    ERR_INVALID);
	}
	buf_fini(&good);
	forget(&shown);
}

static void
resolve_leaves_one_value_even_if_it_was_there(void **state)
{
	struct town *town = *state;
	struct record_id id = town_create(town, 0, space, "가");
	struct store_edit edit = town_edit(OP_SET, "name", town_text("다"));
	struct store_write write = {.space = town_space(space),
	    .record = id,
	    .edits = &edit,
	    .edits_n = 1,
	    .resolve = true};
	struct shown old;
	bool changed;

	show(town, 0, &id, &old);
	assert_int_equal(
	    set(town, &id, "name", town_text("나"), &old, &changed), ERR_OK);
	assert_int_equal(
	    set(town, &id, "name", town_text("다"), &old, &changed), ERR_OK);
	assert_register(town, &id, "name", 2, town_text("다"));
	assert_int_equal(town_write(town, 0, &write, &id, &changed), ERR_OK);
	assert_true(changed);
	assert_register(town, &id, "name", 1, town_text("다"));
	forget(&old);
}

static void
sets_counters_notes_and_clears_do_what_they_say(void **state)
{
	struct town *town = *state;
	struct record_id id = town_create(town, 0, space, "가");
	struct shown shown;

	for (int i = 0; i < 3; i++) {
		(void)town_patch(town, 0, space, &id,
		    town_edit(OP_ADD, "tags", town_int(i)));
		(void)town_patch(town, 0, space, &id,
		    town_edit(OP_COUNT, "visits", town_int(5)));
		(void)town_patch(town, 0, space, &id,
		    town_edit(OP_APPEND, "log", town_text("같은 말")));
	}
	assert_true(town_patch(
	    town, 0, space, &id, town_edit(OP_REMOVE, "tags", town_int(1))));
	assert_true(town_patch(
	    town, 0, space, &id, town_edit(OP_CLEAR, "name", town_int(0))));
	assert_true(town_patch(town, 0, space, &id,
	    town_edit(OP_MOVE, "status", town_text("open"))));
	assert_true(town_patch(town, 0, space, &id,
	    town_edit(OP_MOVE, "status", town_text("done"))));
	show(town, 0, &id, &shown);
	assert_int_equal(town_values(&shown.record, "tags", KIND_SET), 2);
	assert_false(town_has(&shown.record, "tags", KIND_SET, town_int(1)));
	assert_int_equal(town_values(&shown.record, "visits", KIND_COUNTER), 3);
	assert_int_equal(town_values(&shown.record, "log", KIND_NOTES), 3);
	assert_int_equal(town_values(&shown.record, "name", KIND_REGISTER), 0);
	assert_int_equal(town_values(&shown.record, "status", KIND_STATE), 1);
	assert_true(
	    town_has(&shown.record, "status", KIND_STATE, town_text("done")));
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

static void
delete_and_edit_apart_are_contested_until_somebody_decides(void **state)
{
	struct town *town = *state;
	size_t other = town_member(town, "", "read:NPSF,hold,write");
	struct record_id id = town_create(town, 0, space, "가");
	struct store_edit edit = town_edit(OP_SET, "name", town_text("나"));
	struct store_write write = {.space = town_space(space),
	    .record = id,
	    .edits = &edit,
	    .edits_n = 1};
	bool changed;

	town_copy(town, 0, other);
	town_act(town, 0, space, &id, ACT_DELETE);
	assert_int_equal(status_of(town, 0, &id), RECORD_DELETED);
	assert_int_equal(
	    town_write(town, 0, &write, &id, &changed), ERR_NOT_FOUND);
	(void)town_patch(town, other, space, &id, edit);
	town_meet(town);
	assert_int_equal(status_of(town, 0, &id), RECORD_CONTESTED);
	assert_int_equal(status_of(town, other, &id), RECORD_CONTESTED);
	town_act(town, other, space, &id, ACT_KEEP);
	town_meet(town);
	assert_int_equal(status_of(town, 0, &id), RECORD_LIVE);
	town_act(town, 0, space, &id, ACT_DELETE);
	town_meet(town);
	assert_int_equal(status_of(town, other, &id), RECORD_DELETED);
	town_assert_equal(town, 0);
}

int
main(void)
{
#define TOWN(f) cmocka_unit_test_setup_teardown(f, town_make, town_remove)
	const struct CMUnitTest tests[] = {
	    TOWN(a_new_record_is_there_with_its_collection_and_time),
	    TOWN(what_does_not_differ_is_not_written),
	    TOWN(a_write_that_writes_nothing_opens_no_log),
	    TOWN(without_a_token_the_shown_value_is_replaced_and_others_stay),
	    TOWN(a_new_token_replaces_all_values_that_it_shows),
	    TOWN(what_equals_what_an_old_token_showed_is_not_written),
	    TOWN(an_old_token_covers_all_ancestors_of_what_it_shows),
	    TOWN(tokens_that_were_never_printed_are_refused),
	    TOWN(resolve_leaves_one_value_even_if_it_was_there),
	    TOWN(sets_counters_notes_and_clears_do_what_they_say),
	    TOWN(delete_and_edit_apart_are_contested_until_somebody_decides),
	};

	return cmocka_run_group_tests_name("store_write", tests, NULL, NULL);
}
