/*
 * What core/store.h refuses of what people wish: each refusal leaves nothing
 * behind, and what stands just inside a limit goes well.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "proto/codec.h"
#include "tests/lib/council.h"

static const char space[] = "d03/c017/case";
/* Longer than any label and any address may be. */
static char too_long[LIMIT_ADDRESS_SIZE + 2];

static int
setup(void **state)
{
	static struct town town;

	town_init(&town, 37);
	memset(too_long, 'x', sizeof(too_long) - 1);
	*state = &town;
	return 0;
}

static int
teardown(void **state)
{
	town_fini(*state);
	return 0;
}

/* Ends the open transaction of node 0 as `e` says. */
static enum err
ended(struct town *town, enum err e)
{
	if (e == ERR_OK)
		return store_commit(town_store(town, 0));
	store_abort(town_store(town, 0));
	return e;
}

static enum err
admit(struct town *town, const struct fact_member *member)
{
	assert_int_equal(store_begin(town_store(town, 0), true), ERR_OK);
	return ended(town, store_admit(town_store(town, 0), member));
}

static void
a_write_that_says_what_cannot_be_is_refused(void **state)
{
	static const char *const names[] = {
	    "", "Card", "9card", "card!", "카드", "car d"};
	struct town *town = *state;
	struct record_id id = town_create(town, 0, space, "가");
	struct store_edit edit = town_edit(OP_SET, "name", town_text("나"));
	struct store_write write = {.space = town_space(space),
	    .create = true,
	    .edits = &edit,
	    .edits_n = 1};
	uint64_t n = town_deltas(town, 0);
	struct record_id same;
	bool changed;

	for (size_t i = 0; i < COUNT_OF(names); i++) {
		write.collection = bytes_text(names[i]);
		assert_int_equal(
		    town_write(town, 0, &write, &same, &changed), ERR_INVALID);
		assert_non_null(strstr(err_text(), "collection"));
	}
	write.collection = bytes_first(
	    bytes_text(too_long), LIMIT_NAME_SIZE + 1);
	assert_int_equal(
	    town_write(town, 0, &write, &same, &changed), ERR_INVALID);
	for (int act = ACT_DELETE; act <= ACT_KEEP; act++) {
		struct store_write both = {.space = town_space(space),
		    .record = id,
		    .act = (enum delta_act)act,
		    .edits = &edit,
		    .edits_n = 1};

		assert_int_equal(
		    town_write(town, 0, &both, &same, &changed), ERR_INVALID);
		assert_non_null(strstr(err_text(), "cannot also edit"));
	}
	assert_int_equal(town_deltas(town, 0), n);
	write.collection = bytes_first(bytes_text(too_long), LIMIT_NAME_SIZE);
	assert_int_equal(town_write(town, 0, &write, &same, &changed), ERR_OK);
	assert_true(changed);
}

static void
a_thousand_edits_at_once_are_taken_and_no_more(void **state)
{
	static struct store_edit edits[LIMIT_OPERATIONS + 1];
	static char names[LIMIT_OPERATIONS + 1][8];
	struct town *town = *state;
	struct record_id id = town_create(town, 0, space, "가");
	struct store_write write = {
	    .space = town_space(space), .record = id, .edits = edits};
	uint64_t n = town_deltas(town, 0);
	struct record_id same;
	bool changed;

	for (size_t i = 0; i < COUNT_OF(edits); i++) {
		(void)snprintf(names[i], sizeof(names[i]), "f%zu", i);
		edits[i] = town_edit(OP_SET, names[i], town_int(1));
	}
	write.edits_n = LIMIT_OPERATIONS + 1;
	assert_int_equal(
	    town_write(town, 0, &write, &same, &changed), ERR_LIMIT);
	assert_non_null(strstr(err_text(), "edits of one record at once"));
	assert_int_equal(town_deltas(town, 0), n);
	write.edits_n = LIMIT_OPERATIONS;
	assert_int_equal(town_write(town, 0, &write, &same, &changed), ERR_OK);
	assert_int_equal(town_deltas(town, 0), n + 1);
}

/* All elements were added twice apart, so each stands for two values. */
static void
what_takes_too_many_values_away_is_done_in_parts(void **state)
{
	enum { ELEMENTS = LIMIT_SEEN / 2 + 1 };
	static struct store_edit edits[ELEMENTS];
	static struct buf values[ELEMENTS];
	struct town *town = *state;
	struct record_id id = town_create(town, 0, space, "가");
	struct store_write write = {
	    .space = town_space(space), .record = id, .edits = edits};
	struct arena arena = {0};
	struct buf token = {0};
	struct record record;
	struct record_id same;
	bool changed;

	assert_true(town_get(town, 0, space, &id, &arena, &record));
	store_token(&record, &token);
	for (size_t i = 0; i < ELEMENTS; i++) {
		codec_put_int(&values[i], (int64_t)i);
		edits[i] = town_edit(OP_ADD, "tags", buf_bytes(&values[i]));
	}
	write.edits_n = ELEMENTS;
	write.token = buf_bytes(&token);
	for (int i = 0; i < 2; i++)
		assert_int_equal(
		    town_write(town, 0, &write, &same, &changed), ERR_OK);
	write.token = (struct bytes){0};
	for (size_t i = 0; i < ELEMENTS; i++)
		edits[i].code = OP_REMOVE;
	/* A name takes one value away, and each element two. */
	edits[0] = town_edit(OP_SET, "name", town_text("나"));
	edits[0].class = CLASS_P;
	assert_int_equal(
	    town_write(town, 0, &write, &same, &changed), ERR_LIMIT);
	assert_non_null(strstr(err_text(), "the most of them of 'tags', and "));
	edits[0] = town_edit(OP_REMOVE, "tags", buf_bytes(&values[0]));
	/* Its two parents are named as well. */
	for (; write.edits_n > LIMIT_SEEN / 2 - 1; write.edits_n--) {
		assert_int_equal(
		    town_write(town, 0, &write, &same, &changed), ERR_LIMIT);
		assert_non_null(strstr(err_text(), "of 'tags', and "));
	}
	assert_int_equal(town_write(town, 0, &write, &same, &changed), ERR_OK);
	arena_reset(&arena);
	assert_true(town_get(town, 0, space, &id, &arena, &record));
	assert_int_equal(town_values(&record, "tags", KIND_SET), 4);
	for (size_t i = 0; i < ELEMENTS; i++)
		buf_fini(&values[i]);
	buf_fini(&token);
	arena_fini(&arena);
}

static void
a_member_has_a_name_and_a_few_sound_addresses(void **state)
{
	struct town *town = *state;
	struct fact_member member = {.key = town_key(town, town_join(town))};
	const struct bytes bad[] = {{0}, bytes_text("10.0.0.1\n:7743"),
	    bytes_first(bytes_text(too_long), LIMIT_ADDRESS_SIZE + 1)};
	uint64_t n = town_deltas(town, 0);

	assert_int_equal(admit(town, &member), ERR_INVALID);
	member.label = bytes_first(bytes_text(too_long), LIMIT_LABEL_SIZE + 1);
	assert_int_equal(admit(town, &member), ERR_INVALID);
	member.label = bytes_text("한\n동");
	assert_int_equal(admit(town, &member), ERR_INVALID);
	member.label = bytes_text("한 동");
	member.addresses_n = LIMIT_ADDRESSES + 1;
	assert_int_equal(admit(town, &member), ERR_LIMIT);
	member.addresses_n = LIMIT_ADDRESSES;
	for (size_t i = 0; i < LIMIT_ADDRESSES; i++)
		member.addresses[i] = bytes_text("10.0.0.1:7743");
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		member.addresses[LIMIT_ADDRESSES - 1] = bad[i];
		assert_int_equal(admit(town, &member), ERR_INVALID);
		assert_non_null(strstr(err_text(), "HOST:PORT"));
	}
	assert_int_equal(town_deltas(town, 0), n);
	member.addresses[LIMIT_ADDRESSES - 1] = bytes_text("example.kr:7743");
	member.label = bytes_first(bytes_text(too_long), LIMIT_LABEL_SIZE);
	assert_int_equal(admit(town, &member), ERR_OK);
	assert_int_equal(town_deltas(town, 0), n + 1);
}

static enum err
revoke(struct town *town, const struct store_revoke *wish)
{
	struct store_revoked revoked;

	assert_int_equal(store_begin(town_store(town, 0), true), ERR_OK);
	return ended(town, store_revoke(town_store(town, 0), wish, &revoked));
}

static void
a_grant_is_taken_back_with_a_reason_that_can_be_read(void **state)
{
	struct town *town = *state;
	size_t member = town_member(town, "d03", "read:NPSF,write");
	struct store_revoke wish = {.grant = council_grant(town, 0, member)};
	uint64_t n = town_deltas(town, 0);

	wish.reason = bytes_text("분실\n");
	assert_int_equal(revoke(town, &wish), ERR_INVALID);
	wish.reason = bytes_of("\xff", 1);
	assert_int_equal(revoke(town, &wish), ERR_INVALID);
	wish.reason = bytes_first(bytes_text(too_long), LIMIT_LABEL_SIZE + 1);
	assert_int_equal(revoke(town, &wish), ERR_INVALID);
	assert_non_null(strstr(err_text(), "reason"));
	wish.grant.leaf[0] ^= 1;
	assert_int_equal(revoke(town, &wish), ERR_NOT_FOUND);
	wish.grant.leaf[0] ^= 1;
	assert_int_equal(town_deltas(town, 0), n);
	wish.reason = bytes_first(bytes_text(too_long), LIMIT_LABEL_SIZE);
	assert_int_equal(revoke(town, &wish), ERR_OK);
	assert_int_equal(town_deltas(town, 0), n + 1);
	assert_int_equal(revoke(town, &wish), ERR_EXISTS);
	wish.compromised = true;
	assert_int_equal(revoke(town, &wish), ERR_OK);
}

/* Who was given nothing to pass on passes on a grant all the same. */
static void
a_grant_that_does_not_count_cannot_be_taken_back(void **state)
{
	struct town *town = *state;
	size_t chief = town_member(town, "d03", "read:NPSF,write,admin");
	size_t other = town_join(town);
	struct store_revoke wish = {.reason = bytes_text("분실")};
	uint64_t n;

	assert_int_equal(town_admit(town, chief, other), ERR_OK);
	assert_int_equal(
	    town_grant(town, 0, chief, "d03", "admin", "read:NPSF"), ERR_OK);
	town_copy(town, 0, chief);
	assert_int_equal(
	    town_grant(town, chief, other, "d03", "read:NPSF", ""), ERR_OK);
	wish.grant = council_grant(town, chief, other);
	assert_int_equal(council_revoke(town, 0, chief, 1, NULL), ERR_OK);
	town_copy(town, chief, 0);
	n = town_deltas(town, 0);
	assert_int_equal(revoke(town, &wish), ERR_INVALID);
	assert_non_null(strstr(err_text(), "does not count"));
	assert_int_equal(town_deltas(town, 0), n);
}

static void
a_decision_says_what_is_held_and_why(void **state)
{
	struct town *town = *state;
	size_t thief = town_member(town, "d03", "read:NPSF,write");
	struct store_decision wish = {
	    .space = town_space(space), .adopt = true, .targets_n = 1};
	struct ref targets[3];
	uint64_t n;

	(void)town_create(town, thief, space, "가");
	town_copy(town, thief, 0);
	assert_int_equal(council_revoke(town, 0, thief, 0, NULL), ERR_OK);
	(void)town_create(town, thief, space, "나");
	town_copy(town, thief, 0);
	n = town_deltas(town, 0);
	for (size_t i = 0; i < COUNT_OF(targets); i++)
		targets[i] = council_ref(town, 0, thief, space, i);
	for (size_t i = 0; i < 2; i++) {
		/* What opens a log is no change; the first change counts. */
		wish.targets = &targets[i];
		assert_int_equal(
		    store_begin(town_store(town, 0), true), ERR_OK);
		assert_int_equal(
		    ended(town, store_decide(town_store(town, 0), &wish)),
		    ERR_INVALID);
	}
	wish.targets = &targets[2];
	wish.reason = bytes_first(bytes_text(too_long), LIMIT_LABEL_SIZE + 1);
	assert_int_equal(store_begin(town_store(town, 0), true), ERR_OK);
	assert_int_equal(
	    ended(town, store_decide(town_store(town, 0), &wish)), ERR_INVALID);
	wish.reason = bytes_text("두\n줄");
	assert_int_equal(store_begin(town_store(town, 0), true), ERR_OK);
	assert_int_equal(
	    ended(town, store_decide(town_store(town, 0), &wish)), ERR_INVALID);
	assert_non_null(strstr(err_text(), "reason"));
	targets[2].leaf[0] ^= 1;
	assert_int_equal(council_decide(town, 0, space, true, &targets[2], 1),
	    ERR_NOT_FOUND);
	targets[2].leaf[0] ^= 1;
	assert_int_equal(town_deltas(town, 0), n);
	assert_int_equal(
	    council_decide(town, 0, space, true, &targets[2], 1), ERR_OK);
	assert_int_equal(
	    council_decide(town, 0, space, true, &targets[2], 1), ERR_EXISTS);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
		a_write_that_says_what_cannot_be_is_refused, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		a_thousand_edits_at_once_are_taken_and_no_more, setup,
		teardown),
	    cmocka_unit_test_setup_teardown(
		what_takes_too_many_values_away_is_done_in_parts, setup,
		teardown),
	    cmocka_unit_test_setup_teardown(
		a_member_has_a_name_and_a_few_sound_addresses, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		a_grant_is_taken_back_with_a_reason_that_can_be_read, setup,
		teardown),
	    cmocka_unit_test_setup_teardown(
		a_grant_that_does_not_count_cannot_be_taken_back, setup,
		teardown),
	    cmocka_unit_test_setup_teardown(
		a_decision_says_what_is_held_and_why, setup, teardown),
	};

	return cmocka_run_group_tests_name("wishes", tests, NULL, NULL);
}
