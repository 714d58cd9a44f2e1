/*
 * How much may go to a peer in a day, over cuts, restarts, crashes and clocks
 * that go astray.
 *
 * LINK: -Wl,--wrap=store_pack
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/events.h"
#include "core/pack.h"
#include "net/peer/notes.h"
#include "tests/lib/wire.h"

#define ALL "read:NPSF,write,hold"
#define HISTORY "d01/c001/case"
#define OTHER "d01/c001/volunteer"
#define URGENT "d01/c001/report"

enum {
	DAY_BYTES = 100 * 1000,
	/* A chunk with its bodies, at the most, as these tests write them, and
	 * what is said beside the data. */
	CHUNK_BYTES = 30 * 1000,
	TALK_BYTES = 4000,
};

/* The embedded pack, by which reports are urgent. */
static struct pack *pack;

const struct pack *__wrap_store_pack(const struct store *store);

const struct pack *
__wrap_store_pack(const struct store *store)
{
	(void)store;
	return pack;
}

/* A founder and a member who may have all. */
static size_t
scene_begin(struct town *town, uint64_t seed)
{
	town_init(town, seed);
	assert_int_equal(town_grant(town, 0, 0, "", ALL, ""), ERR_OK);
	return town_member(town, "", ALL);
}

static void
write_many(struct town *town, size_t n, const char *space)
{
	for (size_t i = 0; i < n; i++)
		(void)town_create(town, 0, space, "북가좌동의 한 사람");
}

static void
assert_well(const struct wire *wire)
{
	for (size_t i = 0; i < 2; i++) {
		if (wire->ends[i].fault.code != ERR_OK)
			print_error("%s\n", wire->ends[i].fault.text);
		assert_int_equal(wire->ends[i].fault.code, ERR_OK);
	}
}

/* How a session ends that was cut. */
enum leave {
	LEAVE_LOST,    /* with the power */
	LEAVE_TIDY,    /* what it used is written down */
	LEAVE_SPOILED, /* likewise, after bytes that make no sense */
	LEAVE_REFUSED, /* likewise, after a commit that did not happen */
};

static unsigned spoiled_n; /* sessions that ended so */
static unsigned refused_n;

/* A session from 0 to `b` with a budget; it may be cut after `turns`. */
static uint64_t
budget_meet(struct town *town, size_t b, unsigned turns, enum leave leave)
{
	struct store *store = town_store(town, 0);
	struct wire wire;
	uint64_t out;

	wire_open(&wire, town, 0, b, true);
	session_free(wire.ends[0].session);
	wire.ends[0].session = session_new(
	    &(struct session_config){.initiator = true,
		.once = true,
		.store = store,
		.host = &town->host,
		.squeeze = &wire.squeeze,
		.day_bytes = DAY_BYTES});
	wire.rate = 3000;
	session_pace(wire.ends[0].session, 4096);
	/* After the handshake and the hello. */
	if (leave == LEAVE_SPOILED)
		wire.ends[0].flip_at = 700;
	for (unsigned i = 0; i < turns; i++)
		if (!wire_step(&wire))
			break;
	wire.ends[0].refuse_commit = leave == LEAVE_REFUSED;
	while (leave == LEAVE_REFUSED && wire.ends[0].fault.code == ERR_OK)
		if (!wire_step(&wire))
			break;
	if (leave == LEAVE_REFUSED)
		refused_n += wire.ends[0].fault.code == ERR_FULL;
	else if (leave == LEAVE_SPOILED)
		spoiled_n += wire.ends[0].fault.code != ERR_OK;
	else
		assert_well(&wire);
	out = wire_status(&wire, 0).out_bytes;
	if (leave != LEAVE_LOST) {
		struct notes *notes = session_notes(wire.ends[0].session);

		assert_int_equal(store_begin(store, true), ERR_OK);
		notes_write(notes, store_txn(store));
		assert_int_equal(store_commit(store), ERR_OK);
	}
	if (turns == UINT32_MAX) {
		assert_true(session_is_done(wire.ends[0].session));
		assert_true(session_is_done(wire.ends[1].session));
	}
	wire_close(&wire);
	return out;
}

static uint64_t
spent_bytes(struct town *town, size_t b)
{
	struct sign_key key = town_key(town, b);
	struct clock_spent spent;

	assert_int_equal(store_begin(town_store(town, 0), false), ERR_OK);
	assert_int_equal(
	    clock_spent_get(store_txn(town_store(town, 0)), &key, &spent),
	    ERR_OK);
	store_abort(town_store(town, 0));
	return spent.bytes;
}

static uint64_t
budget_events(struct town *town)
{
	struct store *store = town_store(town, 0);
	struct event event = {0};
	uint64_t n = 0;

	assert_int_equal(store_begin(store, false), ERR_OK);
	while (events_next(store_txn(store), event.number, &event))
		if (event.kind == EVENT_BUDGET_USED)
			n += event.count;
	store_abort(store);
	return n;
}

static void
a_day_has_its_bytes_whatever_is_cut_or_restarted(void **state)
{
	struct town town;
	uint64_t sum = 0;
	uint64_t held;
	unsigned days = 0;
	size_t b;

	(void)state;
	b = scene_begin(&town, 20);
	write_many(&town, 1500, HISTORY);
	/* Cut again and again, and opened anew. */
	for (unsigned i = 0; i < 12; i++) {
		sum += budget_meet(&town, b, 12 + i, LEAVE_TIDY);
		assert_true(sum <= DAY_BYTES + CHUNK_BYTES);
		assert_in_range(spent_bytes(&town, b), sum, sum);
		town_close(&town, 0);
		(void)town_open(&town, 0);
	}
	sum += budget_meet(&town, b, UINT32_MAX, LEAVE_TIDY);
	print_message("%llu bytes of %d in 13 sessions\n",
	    (unsigned long long)sum, DAY_BYTES);
	assert_true(sum >= DAY_BYTES);
	assert_true(sum <= DAY_BYTES + CHUNK_BYTES);
	assert_int_equal(budget_events(&town), 1);
	held = town_deltas(&town, b);
	/* What is urgent goes on; the rest waits. */
	(void)town_create(&town, 0, URGENT, "쓰러진 이웃");
	assert_true(budget_meet(&town, b, UINT32_MAX, LEAVE_TIDY) < TALK_BYTES);
	assert_int_equal(town_deltas(&town, b), held + 2);
	/* A clock that goes back an hour over midnight opens no second day. */
	town.now_ms -= town.now_ms % QUOTA_DAY_MS + 1000;
	assert_true(budget_meet(&town, b, UINT32_MAX, LEAVE_TIDY) < TALK_BYTES);
	town.now_ms += 1000;
	assert_int_equal(budget_events(&town), 1);
	/* Days later all is there. */
	while (town_deltas(&town, b) < town_deltas(&town, 0)) {
		assert_true(++days < 10);
		town.now_ms += QUOTA_DAY_MS;
		sum = budget_meet(&town, b, UINT32_MAX, LEAVE_TIDY);
		assert_true(sum <= DAY_BYTES + CHUNK_BYTES);
	}
	assert_true(days > 1);
	town_assert_equal(&town, 0);
	town_fini(&town);
}

static void
what_went_before_a_failed_commit_is_counted(void **state)
{
	struct town town;
	uint64_t sum = 0;
	size_t b;

	(void)state;
	b = scene_begin(&town, 25);
	write_many(&town, 1500, HISTORY);
	for (unsigned i = 0; i < 40; i++) {
		sum += budget_meet(&town, b, 5 + i % 9, LEAVE_REFUSED);
		assert_true(sum <= DAY_BYTES + CHUNK_BYTES);
		assert_in_range(spent_bytes(&town, b), sum, sum);
	}
	print_message("%u commits were refused\n", refused_n);
	assert_true(refused_n > 3);
	town_fini(&town);
}

static void
what_a_spoiled_session_used_is_counted(void **state)
{
	struct town town;
	uint64_t sum = 0;
	size_t b;

	(void)state;
	b = scene_begin(&town, 23);
	write_many(&town, 1500, HISTORY);
	for (unsigned i = 0; i < 12; i++) {
		sum += budget_meet(&town, b, 40 + i, LEAVE_SPOILED);
		assert_true(sum <= DAY_BYTES + CHUNK_BYTES);
		assert_in_range(spent_bytes(&town, b), sum, sum);
	}
	assert_true(spoiled_n > 0);
	town_fini(&town);
}

static void
who_loses_power_counts_too_much_never_too_little(void **state)
{
	struct town town;
	uint64_t sum = 0;
	size_t b;

	(void)state;
	b = scene_begin(&town, 21);
	write_many(&town, 1500, HISTORY);
	for (unsigned i = 0; i < 30; i++) {
		sum += budget_meet(&town, b, 14, LEAVE_LOST);
		town_close(&town, 0);
		(void)town_open(&town, 0);
	}
	print_message("%llu bytes of %d\n", (unsigned long long)sum, DAY_BYTES);
	assert_true(sum <= DAY_BYTES + 30 * TALK_BYTES);
	assert_true(spent_bytes(&town, b) >= DAY_BYTES);
	town_fini(&town);
}

static void
a_held_session_goes_on_when_the_day_ends(void **state)
{
	struct town town;
	struct wire wire;
	uint64_t before;
	size_t b;

	(void)state;
	b = scene_begin(&town, 22);
	write_many(&town, 1500, HISTORY);
	wire_open(&wire, &town, 0, b, false);
	session_free(wire.ends[0].session);
	wire.ends[0].session = session_new(
	    &(struct session_config){.initiator = true,
		.store = town_store(&town, 0),
		.host = &town.host,
		.squeeze = &wire.squeeze,
		.day_bytes = DAY_BYTES});
	wire_run(&wire, 1);
	assert_true(wire_status(&wire, 0).is_held);
	assert_false(wire_status(&wire, 0).in_sync);
	assert_true(wire_status(&wire, 0).out_bytes >= DAY_BYTES);
	/* What comes meanwhile waits, if it is not urgent. */
	before = town_deltas(&town, b);
	write_many(&town, 1, OTHER);
	wire_run(&wire, 1);
	assert_int_equal(town_deltas(&town, b), before);
	(void)town_create(&town, 0, URGENT, "쓰러진 이웃");
	wire_run(&wire, 1);
	assert_int_equal(town_deltas(&town, b), before + 2);
	/* And what the other one writes arrives. */
	(void)town_create(&town, b, OTHER, "답");
	wire_run(&wire, 1);
	assert_int_equal(wire_status(&wire, 0).deltas_in, 2);
	while (town_deltas(&town, b) < town_deltas(&town, 0)) {
		before = wire_status(&wire, 0).out_bytes;
		town.now_ms += QUOTA_DAY_MS;
		wire_run(&wire, 1);
		assert_true(wire_status(&wire, 0).out_bytes - before <=
			    DAY_BYTES + 150 * 1000);
		assert_true(wire_status(&wire, 0).out_bytes > before);
	}
	assert_false(wire_status(&wire, 0).is_held);
	assert_true(wire_status(&wire, 0).in_sync);
	assert_well(&wire);
	town_assert_equal(&town, 0);
	wire_close(&wire);
	town_fini(&town);
}

static int
group_begin(void **state)
{
	(void)state;
	return pack_parse(pack_embedded(), &pack) == ERR_OK ? 0 : -1;
}

static int
group_end(void **state)
{
	(void)state;
	pack_free(pack);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_day_has_its_bytes_whatever_is_cut_or_restarted),
	    cmocka_unit_test(what_a_spoiled_session_used_is_counted),
	    cmocka_unit_test(what_went_before_a_failed_commit_is_counted),
	    cmocka_unit_test(who_loses_power_counts_too_much_never_too_little),
	    cmocka_unit_test(a_held_session_goes_on_when_the_day_ends),
	};

	return cmocka_run_group_tests(tests, group_begin, group_end);
}
