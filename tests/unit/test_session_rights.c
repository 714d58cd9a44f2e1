/*
 * Rights that change while nodes talk: what goes on, what ends, what is
 * fetched.
 *
 * LINK: -Wl,--wrap=channel_take
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/lib/branches.h"
#include "tests/lib/council.h"
#include "tests/lib/ear.h"
#include "tests/lib/rogue.h"

#define ALL "read:NPSF,write,hold"
#define HIDDEN "d01/c001/case"
#define SHARED "d02/c001/case"

/* Node `by` takes back every grant of node `whom`. */
static void
take_back(struct town *town, size_t by, size_t whom, bool compromised)
{
	struct store *store = town_store(town, by);
	struct sign_key key = town_key(town, whom);
	const struct authority *authority;
	struct ref refs[8];
	size_t n = 0;

	assert_int_equal(store_begin(store, true), ERR_OK);
	assert_int_equal(store_authority(store, &authority), ERR_OK);
	for (size_t i = 0; i < authority->grants_n; i++) {
		const struct grant *grant = &authority->grants[i];

		if (memcmp(&grant->what.member, &key, sizeof(key)) != 0 ||
		    grant->revoked)
			continue;
		assert_true(n < COUNT_OF(refs));
		refs[n++] = grant->fact;
	}
	assert_true(n > 0);
	for (size_t i = 0; i < n; i++) {
		struct store_revoke revoke = {
		    .grant = refs[i], .compromised = compromised};
		struct store_revoked revoked;

		assert_int_equal(
		    store_revoke(store, &revoke, &revoked), ERR_OK);
	}
	assert_int_equal(store_commit(store), ERR_OK);
}

static void
assert_goes_on(const struct wire *wire)
{
	for (size_t i = 0; i < 2; i++) {
		if (wire->ends[i].fault.code != ERR_OK)
			print_error("%zu: %s\n", i, wire->ends[i].fault.text);
		assert_int_equal(wire->ends[i].fault.code, ERR_OK);
	}
}

static void
who_is_revoked_gets_no_news_from_that_moment_on(void **state)
{
	struct town town;
	struct wire wire;
	uint64_t had;

	(void)state;
	ear_city(&town, "d01", ALL);
	(void)town_create(&town, 0, HIDDEN, "하나");
	wire_open(&wire, &town, 0, 1, false);
	wire_run(&wire, 1);
	had = ear_deltas(&town, 1, HIDDEN);
	assert_int_equal(had, 2);
	take_back(&town, 0, 1, false);
	ear_open(&town, 0);
	for (int i = 0; i < 5; i++) {
		(void)town_create(&town, 0, HIDDEN, "둘");
		wire_run(&wire, 1);
	}
	assert_goes_on(&wire);
	assert_int_equal(ear_deltas(&town, 1, HIDDEN), had);
	ear_assert_untold(&town, 0, HIDDEN);
	/* It knows why. */
	assert_true(ear_deltas(&town, 1, "authority") ==
		    ear_deltas(&town, 0, "authority"));
	wire_close(&wire);
	wire_sync(&town, 1, 0);
	assert_int_equal(ear_deltas(&town, 1, HIDDEN), had);
	ear_assert_untold(&town, 0, HIDDEN);
	wire_assert_sound(&town, 1);
	town_fini(&town);
}

/* Not even what was being sent is sent to its end. */
static void
a_run_under_way_stops_when_rights_end(void **state)
{
	enum { RECORDS = 2000 };
	static char text[1000];
	struct town town;
	struct wire wire;
	uint64_t sent;

	(void)state;
	ear_city(&town, "d01", ALL);
	for (int i = 0; i < RECORDS; i++) {
		/* What does not compress. */
		for (size_t k = 0; k + 1 < sizeof(text); k++)
			text[k] = (char)('A' + prng_below(&town.prng, 58));
		(void)town_create(&town, 0, HIDDEN, text);
	}
	wire_open(&wire, &town, 0, 1, false);
	while (ear_deltas(&town, 1, HIDDEN) < 10)
		assert_true(wire_step(&wire));
	take_back(&town, 0, 1, false);
	sent = wire_status(&wire, 0).deltas_out;
	assert_true(sent < RECORDS);
	wire_run(&wire, 1);
	assert_goes_on(&wire);
	/* The revocation itself, and nothing else. */
	assert_int_equal(wire_status(&wire, 0).deltas_out, sent + 1);
	assert_true(ear_deltas(&town, 1, HIDDEN) < RECORDS);
	wire_close(&wire);
	wire_assert_sound(&town, 1);
	town_fini(&town);
}

static void
a_session_with_a_stolen_key_is_closed(void **state)
{
	struct town town;
	struct wire wire;

	(void)state;
	ear_city(&town, "d01", ALL);
	(void)town_create(&town, 0, HIDDEN, "하나");
	wire_open(&wire, &town, 0, 1, false);
	wire_run(&wire, 1);
	take_back(&town, 0, 1, true);
	(void)town_create(&town, 0, HIDDEN, "둘");
	wire_run(&wire, 1);
	assert_int_equal(wire.ends[0].fault.code, ERR_DENIED);
	assert_int_equal(wire.ends[1].fault.code, ERR_PEER);
	assert_non_null(strstr(wire.ends[1].fault.text, "in other hands"));
	assert_int_equal(ear_deltas(&town, 1, HIDDEN), 2);
	wire_close(&wire);
	/* Nor does a new one begin, whoever calls. */
	ear_open(&town, 0);
	wire_open(&wire, &town, 1, 0, false);
	wire_run(&wire, 1);
	assert_int_equal(wire.ends[1].fault.code, ERR_DENIED);
	wire_close(&wire);
	assert_int_equal(ear_heard()->counts[MSG_HELLO], 0);
	ear_assert_untold(&town, 0, HIDDEN);
	town_fini(&town);
}

/* What it wrote before it heard of it reaches those who decide. */
static void
who_is_revoked_hands_in_its_own_log_and_gets_nothing_else(void **state)
{
	struct town town;

	(void)state;
	ear_city(&town, "d01", ALL);
	(void)town_create(&town, 0, HIDDEN, "하나");
	for (int i = 0; i < 3; i++)
		(void)town_create(&town, 1, HIDDEN, "늦게");
	take_back(&town, 0, 1, false);
	ear_open(&town, 0);
	wire_sync(&town, 1, 0);
	assert_int_equal(ear_deltas(&town, 0, HIDDEN), 2 + 4);
	assert_int_equal(ear_deltas(&town, 1, HIDDEN), 4);
	assert_int_equal(ear_heard()->counts[MSG_RUN], 1);
	assert_int_equal(ear_heard()->total, 1);
	/* Again there is nothing to do. */
	ear_open(&town, 0);
	wire_sync(&town, 1, 0);
	assert_int_equal(
	    ear_heard()->counts[MSG_RUN] + ear_heard()->counts[MSG_CLOCK], 0);
	assert_int_equal(ear_noted(&town, 0, EVENT_PUSH_REFUSED), 0);
	wire_assert_sound(&town, 0);
	town_fini(&town);
}

/* Its own words come back to it, and nobody else's. */
static void
who_is_revoked_gets_back_what_it_lost_of_its_own(void **state)
{
	struct town town;
	struct backup backup;

	(void)state;
	ear_city(&town, "d01", ALL);
	(void)town_create(&town, 1, HIDDEN, "하나");
	wire_sync(&town, 1, 0);
	backup_take(&town, 1, &backup);
	(void)town_create(&town, 1, HIDDEN, "둘");
	wire_sync(&town, 1, 0);
	backup_put(&town, 1, &backup);
	take_back(&town, 0, 1, false);
	(void)town_create(&town, 0, HIDDEN, "나중");
	ear_open(&town, 0);
	wire_sync(&town, 1, 0);
	assert_int_equal(ear_deltas(&town, 0, HIDDEN), 3 + 2);
	assert_int_equal(ear_deltas(&town, 1, HIDDEN), 3);
	assert_int_equal(ear_heard()->total, 1 + 1);
	backup_fini(&backup);
	town_fini(&town);
}

/* With rights elsewhere it is no guest that returns: what it wrote is taken,
 * and not sent. */
static void
who_has_rights_elsewhere_alone_is_sent_nothing_from_here(void **state)
{
	struct town town;
	struct backup backup;

	(void)state;
	ear_city(&town, "d01", ALL);
	(void)town_create(&town, 1, HIDDEN, "하나");
	wire_sync(&town, 1, 0);
	backup_take(&town, 1, &backup);
	(void)town_create(&town, 1, HIDDEN, "둘");
	wire_sync(&town, 1, 0);
	backup_put(&town, 1, &backup);
	take_back(&town, 0, 1, false);
	assert_int_equal(town_grant(&town, 0, 1, "d02", ALL, ""), ERR_OK);
	ear_open(&town, 0);
	wire_sync(&town, 1, 0);
	assert_int_equal(ear_deltas(&town, 1, HIDDEN), 2);
	assert_int_equal(ear_heard()->total, 2);
	assert_int_equal(ear_heard()->counts[MSG_RUN], 1);
	backup_fini(&backup);
	town_fini(&town);
}

static void
rights_that_grow_fetch_what_is_owed_in_a_live_session(void **state)
{
	static const struct {
		const char *rights;
		unsigned classes; /* that it can read then */
		bool held;
	} steps[] = {{"audit", 0, false}, {"hold", 0, true},
	    {"read:N", 1, true}, {"read:NP", 3, true}, {"read:NPSF", 15, true}};
	struct town town;
	struct wire wire;

	(void)state;
	ear_city(&town, "d02", ALL);
	for (int i = 0; i < 7; i++)
		(void)town_create(&town, 0, HIDDEN, "하나");
	wire_open(&wire, &town, 0, 1, false);
	wire_run(&wire, 1);
	assert_int_equal(ear_deltas(&town, 1, HIDDEN), 0);
	for (size_t i = 0; i < COUNT_OF(steps); i++) {
		struct store *store = town_store(&town, 1);
		struct log **logs;

		assert_int_equal(
		    town_grant(&town, 0, 1, "d01", steps[i].rights, ""),
		    ERR_OK);
		wire_run(&wire, 1);
		assert_goes_on(&wire);
		assert_int_equal(ear_deltas(&town, 1, HIDDEN), 8);
		assert_int_equal(store_begin(store, false), ERR_OK);
		assert_int_equal(ear_logs(&town, 1, HIDDEN, &logs), 1);
		assert_int_equal(logs[0]->held, steps[i].held ? 8 : 1);
		/* The name is of class N. */
		assert_int_equal(logs[0]->open[CLASS_N],
		    (steps[i].classes & 1) != 0 ? 8 : 1);
		store_abort(store);
	}
	wire_close(&wire);
	town_assert_equal(&town, 0);
	wire_assert_sound(&town, 1);
	town_fini(&town);
}

/* The grant of an author does not count any more: it hands in its branch, and
 * the others it does not get, so that asking about them is in vain. */
static void
who_gets_no_branches_does_not_ask_for_them_again(void **state)
{
	struct backup backup;
	struct town town;
	size_t giver;
	size_t b;

	(void)state;
	town_init(&town, 7);
	assert_int_equal(town_grant(&town, 0, 0, "", ALL, ""), ERR_OK);
	giver = town_join(&town);
	assert_int_equal(town_admit(&town, 0, giver), ERR_OK);
	assert_int_equal(
	    town_grant(&town, 0, giver, "", ALL ",admin", ALL), ERR_OK);
	b = town_join(&town);
	assert_int_equal(town_admit(&town, 0, b), ERR_OK);
	town_meet(&town);
	assert_int_equal(town_grant(&town, giver, b, "", ALL, ""), ERR_OK);
	town_meet(&town);
	(void)town_create(&town, b, HIDDEN, "함께");
	wire_sync(&town, b, 0);
	backup_take(&town, b, &backup);
	(void)town_create(&town, b, HIDDEN, "잃은 것");
	wire_sync(&town, b, 0);
	backup_put(&town, b, &backup);
	backup_fini(&backup);
	for (int i = 0; i < 3; i++)
		(void)town_create(&town, b, HIDDEN, "새 것");
	assert_int_equal(council_revoke(&town, 0, giver, 1, NULL), ERR_OK);
	town_carry(&town, 0, b, &(struct town_cargo){.space = "authority"});
	for (size_t i = 0; i < 3; i++) {
		struct session_status status;
		struct wire wire;

		wire_open(&wire, &town, i < 2 ? b : 0, i < 2 ? 0 : b, true);
		wire_run(&wire, 1);
		assert_goes_on(&wire);
		/* Its peer has both branches; it has its own. */
		status = wire_status(&wire, 0);
		assert_int_equal(status.forked, 1);
		assert_true(i == 0 || status.out_plain_bytes <= 128);
		assert_true(i == 0 || status.round_trips <= 2);
		wire_close(&wire);
	}
	wire_assert_sound(&town, 0);
	wire_assert_sound(&town, b);
	town_fini(&town);
}

static int
clean(void **state)
{
	(void)state;
	ear_close();
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(who_is_revoked_gets_no_news_from_that_moment_on),
	    cmocka_unit_test(a_run_under_way_stops_when_rights_end),
	    cmocka_unit_test(a_session_with_a_stolen_key_is_closed),
	    cmocka_unit_test(
		who_is_revoked_hands_in_its_own_log_and_gets_nothing_else),
	    cmocka_unit_test(who_is_revoked_gets_back_what_it_lost_of_its_own),
	    cmocka_unit_test(
		who_has_rights_elsewhere_alone_is_sent_nothing_from_here),
	    cmocka_unit_test(
		rights_that_grow_fetch_what_is_owed_in_a_live_session),
	    cmocka_unit_test(who_gets_no_branches_does_not_ask_for_them_again),
	};

	return cmocka_run_group_tests(tests, NULL, clean);
}
