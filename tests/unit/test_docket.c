/*
 * How much of what people decide a transaction reads: what decides nothing is
 * not read, however much of it there is.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/docket.h"
#include "tests/lib/council.h"

static const char space[] = "d03/c017/case";

/* How many decisions a transaction of node `at` reads; `*bytes` of memory. */
static size_t
loaded(struct town *town, size_t at, size_t *bytes)
{
	struct store *store = town_store(town, at);
	struct space name = town_space(space);
	struct space_state *state;
	struct docket *docket;
	struct txn *txn;
	size_t n;

	assert_int_equal(store_begin(store, false), ERR_OK);
	txn = store_txn(store);
	state = space_find(txn, &name);
	assert_non_null(state);
	*bytes = txn->arena.used_bytes;
	docket = docket_of(txn, state);
	assert_non_null(docket);
	*bytes = txn->arena.used_bytes - *bytes;
	n = docket->n;
	store_abort(store);
	return n;
}

static void
a_thousand_decisions_of_who_may_not_decide_are_not_even_read(void **state)
{
	enum { MANY = 1000, BYTES_MAX = 16384 };
	static struct town town_made;
	struct town *town = &town_made;
	size_t thief;
	size_t judge;
	size_t late;
	struct ref grant;
	struct ref target;
	struct log_cut cut;
	size_t bytes;

	(void)state;
	town_init(town, 29);
	council_unroot(town);
	thief = town_member(town, "d03", "read:NPSF,write");
	judge = town_member(town, "d03", "read:NPSF,admin");
	late = town_join(town);
	(void)town_create(town, thief, space, "가");
	town_copy(town, thief, 0);
	assert_int_equal(council_revoke(town, 0, thief, 0, NULL), ERR_OK);
	(void)town_create(town, thief, space, "나");
	town_copy(town, 0, judge);
	town_copy(town, thief, 0);
	town_copy(town, thief, judge);
	target = council_ref(town, 0, thief, space, 2);
	cut = council_cut(town, 0, thief, space, 0);
	grant = council_grant(town, 0, judge);
	assert_int_equal(
	    council_decide(town, 0, space, true, &target, 1), ERR_OK);
	assert_int_equal(council_inbox(town, 0, space, NULL), 0);
	for (size_t k = 0; k < MANY; k++)
		council_decide_range(town, judge, space, false, &cut);
	town_copy(town, judge, 0);
	assert_int_equal(council_inbox(town, 0, space, NULL), 1);
	assert_int_equal(loaded(town, 0, &bytes), 1 + MANY);
	assert_true(bytes > BYTES_MAX);
	council_revoke_at(town, 0, &grant, NULL, 0);
	town_carry(town, 0, late, &(struct town_cargo){.space = "authority"});
	town_carry(town, 0, late, &(struct town_cargo){0});
	for (size_t at = 0; at < town->n; at += late) {
		assert_int_equal(council_inbox(town, at, space, NULL), 0);
		assert_int_equal(loaded(town, at, &bytes), 1);
		assert_true(bytes <= BYTES_MAX);
	}
	council_sound(town, late);
	assert_int_equal(
	    council_decide(town, 0, space, false, &target, 1), ERR_OK);
	assert_int_equal(loaded(town, 0, &bytes), 2);
	assert_int_equal(council_inbox(town, 0, space, NULL), 1);
	town_fini(town);
}

static bool
shows(struct town *town, size_t at, const struct record_id *id)
{
	struct arena arena = {0};
	struct record record;
	bool there = town_get(town, at, space, id, &arena, &record);

	arena_fini(&arena);
	return there;
}

/* It is itself replaced, and ends what it replaces all the same.  The
 * transaction in which it comes reads no other decision before it. */
static void
a_link_that_comes_last_turns_what_it_replaces(void **state)
{
	static struct town town_made;
	struct town *town = &town_made;
	size_t thief;
	size_t judge;
	size_t late;
	struct record_id id;
	struct ref target;
	struct log_cut ours;

	(void)state;
	town_init(town, 31);
	council_unroot(town);
	thief = town_member(town, "d03", "read:NPSF,write");
	judge = town_member(town, "d03", "read:NPSF,admin");
	late = town_join(town);
	(void)town_create(town, thief, space, "가");
	town_copy(town, thief, 0);
	assert_int_equal(council_revoke(town, 0, thief, 0, NULL), ERR_OK);
	id = town_create(town, thief, space, "나");
	town_copy(town, thief, 0);
	town_copy(town, 0, judge);
	target = council_ref(town, 0, thief, space, 2);
	assert_int_equal(
	    council_decide(town, judge, space, false, &target, 1), ERR_OK);
	town_copy(town, judge, 0);
	town_copy(town, 0, late);
	assert_int_equal(
	    council_decide(town, judge, space, true, &target, 1), ERR_OK);
	town_copy(town, judge, 0);
	assert_int_equal(
	    council_decide(town, 0, space, false, &target, 1), ERR_OK);
	assert_int_equal(
	    council_decide(town, 0, space, true, &target, 1), ERR_OK);
	assert_true(shows(town, 0, &id));
	ours = council_cut(town, 0, 0, space, 0);
	town_carry(town, 0, late,
	    &(struct town_cargo){.space = space, .log = &ours.log});
	assert_false(shows(town, late, &id));
	town_carry(town, 0, late, &(struct town_cargo){.space = space});
	assert_true(shows(town, late, &id));
	council_sound(town, late);
	town_fini(town);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
		a_thousand_decisions_of_who_may_not_decide_are_not_even_read),
	    cmocka_unit_test(a_link_that_comes_last_turns_what_it_replaces),
	};

	return cmocka_run_group_tests_name("docket", tests, NULL, NULL);
}
