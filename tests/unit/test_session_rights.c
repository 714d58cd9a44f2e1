/*
 * Rights that change while nodes talk, and what a peer is told of what it may
 * not see.  Every message that comes out of a channel is written down here.
 *
 * LINK: -Wl,--wrap=channel_take
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/events.h"
#include "core/forks.h"
#include "net/peer/channel.h"
#include "tests/lib/branches.h"
#include "tests/lib/rogue.h"

#define ALL "read:NPSF,write,hold"
#define HIDDEN "d01/c001/case"
#define SHARED "d02/c001/case"

bool __real_channel_take(
    struct channel *channel, struct bytes *message, enum err *e);
bool __wrap_channel_take(
    struct channel *channel, struct bytes *message, enum err *e);

/* Messages that came from the node with the key `from`, one after the other,
 * and the deltas that its TOTALs announced. */
static struct buf seen;
static struct sign_key from;
static uint64_t total;
static unsigned counts[16];
static uint8_t hello[MSG_DIGEST_SIZE]; /* its own clock, as of the last */

bool
__wrap_channel_take(struct channel *channel, struct bytes *message, enum err *e)
{
	bool more = __real_channel_take(channel, message, e);
	struct arena arena = {0};
	struct msg msg;

	if (!more || *e != ERR_OK ||
	    memcmp(channel_peer(channel), &from, sizeof(from)) != 0)
		return more;
	buf_add(&seen, *message);
	assert_true(message->n > 0 && message->p[0] < COUNT_OF(counts));
	counts[message->p[0]]++;
	/* The others may name logs by numbers. */
	if (message->p[0] != MSG_HELLO && message->p[0] != MSG_TOTAL)
		return more;
	assert_int_equal(msg_decode(*message, &arena, &msg), ERR_OK);
	if (msg.type == MSG_HELLO)
		memcpy(hello, msg.u.hello.mine, sizeof(hello));
	if (msg.type == MSG_TOTAL)
		total += msg.u.total.deltas;
	arena_fini(&arena);
	return more;
}

static void
listen_to(struct town *town, size_t i)
{
	from = town_key(town, i);
	total = 0;
	memset(counts, 0, sizeof(counts));
	buf_cut(&seen, 0);
}

static size_t
hits(struct bytes in, struct bytes word)
{
	size_t n = 0;

	for (size_t i = 0; i + word.n <= in.n; i++)
		n += in.p[i] == word.p[0] &&
		     memcmp(in.p + i, word.p, word.n) == 0;
	return n;
}

/* The logs that node `i` holds in `space`, in its open transaction. */
static size_t
logs_of(struct town *town, size_t i, const char *space, struct log ***logs)
{
	struct txn *txn = store_txn(town_store(town, i));
	struct space name = town_space(space);
	struct space_state *state = space_find(txn, &name);
	size_t n = 0;

	if (state != NULL)
		assert_int_equal(oplog_all(txn, state, logs, &n), ERR_OK);
	return n;
}

static uint64_t
deltas_in(struct town *town, size_t i, const char *space)
{
	struct store *store = town_store(town, i);
	struct log **logs;
	uint64_t n = 0;

	assert_int_equal(store_begin(store, false), ERR_OK);
	for (size_t k = logs_of(town, i, space, &logs); k > 0; k--)
		n += logs[k - 1]->frontier.size;
	store_abort(store);
	return n;
}

/* Nothing that was heard names a log, header, head or root of `space` that node
 * `i` holds, nor the space. */
static void
assert_untold(struct town *town, size_t i, const char *space)
{
	struct store *store = town_store(town, i);
	struct bytes in = buf_bytes(&seen);
	struct log **logs;
	size_t n;

	assert_int_equal(store_begin(store, false), ERR_OK);
	n = logs_of(town, i, space, &logs);
	assert_true(n > 0);
	assert_int_equal(hits(in, bytes_text(space)), 0);
	for (size_t k = 0; k < n; k++) {
		assert_int_equal(hits(in, bytes_of(logs[k]->id.b, 16)), 0);
		assert_int_equal(hits(in, bytes_of(logs[k]->trunk.b, 16)), 0);
		assert_int_equal(
		    hits(in, bytes_of(logs[k]->head_root.b, 8)), 0);
		assert_int_equal(
		    hits(in, bytes_of(logs[k]->head_signature.b, 16)), 0);
		for (uint64_t seq = 0; seq < logs[k]->frontier.size; seq++) {
			struct stored_delta stored;

			assert_int_equal(
			    oplog_get(store_txn(store), logs[k], seq, &stored),
			    ERR_OK);
			assert_int_equal(hits(in, stored.header), 0);
		}
	}
	store_abort(store);
}

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

/* How often node `i` noted `kind`. */
static uint64_t
noted(struct town *town, size_t i, enum event_kind kind)
{
	struct store *store = town_store(town, i);
	struct event event;
	uint64_t at = 0;
	uint64_t n = 0;

	assert_int_equal(store_begin(store, false), ERR_OK);
	while (events_next(store_txn(store), at, &event)) {
		at = event.number;
		n += event.kind == kind ? event.count : 0;
	}
	store_abort(store);
	return n;
}

/* A city whose founder (0) may do everything, and a member (1). */
static void
city_make(struct town *town, const char *prefix, const char *rights)
{
	town_init(town, 11);
	assert_int_equal(town_grant(town, 0, 0, "", ALL, ""), ERR_OK);
	assert_int_equal(town_member(town, prefix, rights), 1);
	town_copy(town, 0, 1);
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
	city_make(&town, "d01", ALL);
	(void)town_create(&town, 0, HIDDEN, "하나");
	wire_open(&wire, &town, 0, 1, false);
	wire_run(&wire, 1);
	had = deltas_in(&town, 1, HIDDEN);
	assert_int_equal(had, 2);
	take_back(&town, 0, 1, false);
	listen_to(&town, 0);
	for (int i = 0; i < 5; i++) {
		(void)town_create(&town, 0, HIDDEN, "둘");
		wire_run(&wire, 1);
	}
	assert_goes_on(&wire);
	assert_int_equal(deltas_in(&town, 1, HIDDEN), had);
	assert_untold(&town, 0, HIDDEN);
	/* It knows why. */
	assert_true(deltas_in(&town, 1, "authority") ==
		    deltas_in(&town, 0, "authority"));
	wire_close(&wire);
	wire_sync(&town, 1, 0);
	assert_int_equal(deltas_in(&town, 1, HIDDEN), had);
	assert_untold(&town, 0, HIDDEN);
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
	city_make(&town, "d01", ALL);
	for (int i = 0; i < RECORDS; i++) {
		/* What does not compress. */
		for (size_t k = 0; k + 1 < sizeof(text); k++)
			text[k] = (char)('A' + prng_below(&town.prng, 58));
		(void)town_create(&town, 0, HIDDEN, text);
	}
	wire_open(&wire, &town, 0, 1, false);
	while (deltas_in(&town, 1, HIDDEN) < 10)
		assert_true(wire_step(&wire));
	take_back(&town, 0, 1, false);
	sent = wire_status(&wire, 0).deltas_out;
	assert_true(sent < RECORDS);
	wire_run(&wire, 1);
	assert_goes_on(&wire);
	/* The revocation itself, and nothing else. */
	assert_int_equal(wire_status(&wire, 0).deltas_out, sent + 1);
	assert_true(deltas_in(&town, 1, HIDDEN) < RECORDS);
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
	city_make(&town, "d01", ALL);
	(void)town_create(&town, 0, HIDDEN, "하나");
	wire_open(&wire, &town, 0, 1, false);
	wire_run(&wire, 1);
	take_back(&town, 0, 1, true);
	(void)town_create(&town, 0, HIDDEN, "둘");
	wire_run(&wire, 1);
	assert_int_equal(wire.ends[0].fault.code, ERR_DENIED);
	assert_int_equal(wire.ends[1].fault.code, ERR_PEER);
	assert_non_null(strstr(wire.ends[1].fault.text, "in other hands"));
	assert_int_equal(deltas_in(&town, 1, HIDDEN), 2);
	wire_close(&wire);
	/* Nor does a new one begin, whoever calls. */
	listen_to(&town, 0);
	wire_open(&wire, &town, 1, 0, false);
	wire_run(&wire, 1);
	assert_int_equal(wire.ends[1].fault.code, ERR_DENIED);
	wire_close(&wire);
	assert_int_equal(counts[MSG_HELLO], 0);
	assert_untold(&town, 0, HIDDEN);
	town_fini(&town);
}

/* What it wrote before it heard of it reaches those who decide. */
static void
who_is_revoked_hands_in_its_own_log_and_gets_nothing_else(void **state)
{
	struct town town;

	(void)state;
	city_make(&town, "d01", ALL);
	(void)town_create(&town, 0, HIDDEN, "하나");
	for (int i = 0; i < 3; i++)
		(void)town_create(&town, 1, HIDDEN, "늦게");
	take_back(&town, 0, 1, false);
	listen_to(&town, 0);
	wire_sync(&town, 1, 0);
	assert_int_equal(deltas_in(&town, 0, HIDDEN), 2 + 4);
	assert_int_equal(deltas_in(&town, 1, HIDDEN), 4);
	assert_int_equal(counts[MSG_RUN], 1);
	assert_int_equal(total, 1);
	/* Again there is nothing to do. */
	listen_to(&town, 0);
	wire_sync(&town, 1, 0);
	assert_int_equal(counts[MSG_RUN] + counts[MSG_CLOCK], 0);
	assert_int_equal(noted(&town, 0, EVENT_PUSH_REFUSED), 0);
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
	city_make(&town, "d01", ALL);
	(void)town_create(&town, 1, HIDDEN, "하나");
	wire_sync(&town, 1, 0);
	backup_take(&town, 1, &backup);
	(void)town_create(&town, 1, HIDDEN, "둘");
	wire_sync(&town, 1, 0);
	backup_put(&town, 1, &backup);
	take_back(&town, 0, 1, false);
	(void)town_create(&town, 0, HIDDEN, "나중");
	listen_to(&town, 0);
	wire_sync(&town, 1, 0);
	assert_int_equal(deltas_in(&town, 0, HIDDEN), 3 + 2);
	assert_int_equal(deltas_in(&town, 1, HIDDEN), 3);
	assert_int_equal(total, 1 + 1);
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
	city_make(&town, "d01", ALL);
	(void)town_create(&town, 1, HIDDEN, "하나");
	wire_sync(&town, 1, 0);
	backup_take(&town, 1, &backup);
	(void)town_create(&town, 1, HIDDEN, "둘");
	wire_sync(&town, 1, 0);
	backup_put(&town, 1, &backup);
	take_back(&town, 0, 1, false);
	assert_int_equal(town_grant(&town, 0, 1, "d02", ALL, ""), ERR_OK);
	listen_to(&town, 0);
	wire_sync(&town, 1, 0);
	assert_int_equal(deltas_in(&town, 1, HIDDEN), 2);
	assert_int_equal(total, 2);
	assert_int_equal(counts[MSG_RUN], 1);
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
	city_make(&town, "d02", ALL);
	for (int i = 0; i < 7; i++)
		(void)town_create(&town, 0, HIDDEN, "하나");
	wire_open(&wire, &town, 0, 1, false);
	wire_run(&wire, 1);
	assert_int_equal(deltas_in(&town, 1, HIDDEN), 0);
	for (size_t i = 0; i < COUNT_OF(steps); i++) {
		struct store *store = town_store(&town, 1);
		struct log **logs;

		assert_int_equal(
		    town_grant(&town, 0, 1, "d01", steps[i].rights, ""),
		    ERR_OK);
		wire_run(&wire, 1);
		assert_goes_on(&wire);
		assert_int_equal(deltas_in(&town, 1, HIDDEN), 8);
		assert_int_equal(store_begin(store, false), ERR_OK);
		assert_int_equal(logs_of(&town, 1, HIDDEN, &logs), 1);
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

/* Of a space without rights not one message says anything: no entry, no total,
 * no run, no proof of a fork, nothing in the hello's digests. */
static void
no_message_speaks_of_a_hidden_space(void **state)
{
	struct town town;
	struct wire wire;
	struct backup backup;
	uint8_t silent[2][MSG_DIGEST_SIZE];

	(void)state;
	city_make(&town, "d02", ALL);
	assert_int_equal(town_member(&town, "", ALL), 2);
	town_copy(&town, 0, 1);
	(void)town_create(&town, 2, HIDDEN, "하나");
	town_copy(&town, 2, 0);
	/* One that is forked, and known to be. */
	backup_take(&town, 2, &backup);
	(void)town_create(&town, 2, HIDDEN, "왼쪽");
	wire_sync(&town, 2, 0);
	backup_put(&town, 2, &backup);
	(void)town_create(&town, 2, HIDDEN, "오른쪽");
	(void)town_create(&town, 2, HIDDEN, "오른쪽");
	wire_sync(&town, 2, 0);
	assert_int_equal(noted(&town, 0, EVENT_LOG_FORKED), 1);
	for (int i = 0; i < 4; i++)
		(void)town_create(&town, 0, SHARED, "함께");
	listen_to(&town, 0);
	wire_sync(&town, 1, 0);
	assert_int_equal(total, 5);
	assert_int_equal(counts[MSG_FORK], 0);
	assert_true(counts[MSG_CLOCK] > 0 && counts[MSG_RUN] > 0);
	assert_untold(&town, 0, HIDDEN);
	/* Live too, and its activity does not show in the hello. */
	wire_open(&wire, &town, 1, 0, false);
	wire_run(&wire, 1);
	listen_to(&town, 0);
	(void)town_create(&town, 0, HIDDEN, "몰래");
	wire_run(&wire, 1);
	assert_int_equal(seen.n, 0);
	wire_close(&wire);
	for (int i = 0; i < 2; i++) {
		wire_sync(&town, 1, 0);
		memcpy(silent[i], hello, sizeof(hello));
		(void)town_create(&town, 0, HIDDEN, "몰래");
	}
	assert_memory_equal(silent[0], silent[1], MSG_DIGEST_SIZE);
	backup_fini(&backup);
	town_fini(&town);
}

/* A peer that pushes or asks for a space that it may not see. */
static void
who_pushes_or_asks_where_it_may_not_is_noted_and_told_nothing(void **state)
{
	struct town town;
	struct rogue rogue;
	struct rogue_log log;
	struct msg_entry entry = {0};
	struct fork_side nonsense = {.head = {.size = 1}};
	struct msg ask = {.type = MSG_CLOCK,
	    .u.clock = {.again = true, .n = 1, .entries = &entry}};

	(void)state;
	city_make(&town, "d02", ALL);
	(void)town_create(&town, 0, HIDDEN, "하나");
	rogue_init(&rogue, &town, 0, store_identity(town_store(&town, 1)));
	rogue_greet(&rogue);
	rogue_take_log(&rogue, &town, 0, HIDDEN, &log);
	rogue_say_log(&rogue, &log, true);
	entry.log = log.id;
	rogue_say(&rogue, &ask);
	rogue_say(&rogue, &ask);
	/* Of a log that is here, this would be found out to be a lie. */
	rogue_say(&rogue,
	    &(struct msg){.type = MSG_FORK,
		.u.fork = {
		    .log = log.id, .size = 1, .n = 1, .sides = &nonsense}});
	listen_to(&town, 0);
	rogue_run(&rogue);
	assert_int_equal(rogue_fault(&rogue), ERR_OK);
	assert_int_equal(noted(&town, 0, EVENT_PUSH_REFUSED), 1);
	assert_int_equal(noted(&town, 0, EVENT_ASK_REFUSED), 1);
	assert_untold(&town, 0, HIDDEN);
	/* Nor is it asked for the log when something else in authority changes:
	 * that would say whether it is here. */
	(void)town_join(&town);
	assert_int_equal(town_admit(&town, 0, 2), ERR_OK);
	rogue_run(&rogue);
	assert_true(rogue.heard[MSG_RUN] > 0);
	assert_untold(&town, 0, HIDDEN);
	/* But it is when the right has come. */
	assert_int_equal(town_grant(&town, 0, 1, "d01", "audit", ""), ERR_OK);
	rogue_run(&rogue);
	assert_int_equal(rogue_fault(&rogue), ERR_OK);
	assert_true(hits(buf_bytes(&seen), bytes_of(log.id.b, 16)) > 0);
	rogue_fini(&rogue);
	town_fini(&town);
}

/* The same on the other side: what a peer should not send is not kept. */
static void
what_we_may_not_have_is_refused_whoever_sends_it(void **state)
{
	struct town town;
	struct rogue rogue;
	struct rogue_log log;

	(void)state;
	city_make(&town, "d02", ALL);
	(void)town_create(&town, 0, HIDDEN, "하나");
	rogue_init(&rogue, &town, 1, store_identity(town_store(&town, 0)));
	rogue_greet(&rogue);
	rogue_take_log(&rogue, &town, 0, HIDDEN, &log);
	rogue_say_log(&rogue, &log, true);
	rogue_run(&rogue);
	assert_int_equal(rogue_fault(&rogue), ERR_OK);
	assert_int_equal(deltas_in(&town, 1, HIDDEN), 0);
	assert_int_equal(noted(&town, 1, EVENT_PUSH_REFUSED), 1);
	rogue_fini(&rogue);
	wire_sync(&town, 0, 1);
	town_fini(&town);
}

static int
clean(void **state)
{
	(void)state;
	buf_fini(&seen);
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
	    cmocka_unit_test(no_message_speaks_of_a_hidden_space),
	    cmocka_unit_test(
		who_pushes_or_asks_where_it_may_not_is_noted_and_told_nothing),
	    cmocka_unit_test(what_we_may_not_have_is_refused_whoever_sends_it),
	};

	return cmocka_run_group_tests(tests, NULL, clean);
}
