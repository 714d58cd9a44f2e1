/*
 * Promises of net/peer/link.h and net/peer/hub.h: real stores that meet over
 * real sockets, all on one loop.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/events.h"
#include "net/peer/link.h"
#include "tests/lib/town.h"

enum { HERE, THERE, ENDS_MAX = 4, WATCHDOG_MS = 60 * 1000 };

/* One link as its owner sees it. */
struct end {
	struct link *link; /* NULL once it ended */
	int ups;
	int ends;
	bool hang_up; /* end it as soon as it is up */
	struct session_status status;
	struct fault why;
};

/* Two stores, each with a hub; the one here listens. */
struct meeting {
	struct town town;
	struct loop *loop;
	struct loop_timer *watchdog;
	struct hub *hubs[2];
	struct stream_listener *listener;
	struct end accepted[ENDS_MAX];
	size_t accepted_n;
	struct end dialled;
	struct link_limits limits; /* of the one that dials */
};

static void
on_watchdog(void *arg)
{
	(void)arg;
	fail_msg("nothing happened for too long");
}

static void
on_event(void *arg, struct link *link, enum link_event event)
{
	struct end *end = arg;

	assert_int_equal(end->ends, 0);
	end->link = link;
	link_status(link, &end->status);
	if (event == LINK_UP) {
		end->ups++;
		assert_true(link_is_up(link));
		if (end->hang_up)
			link_end(link, ERR_LIMIT, "그만");
	}
	if (event == LINK_ENDED) {
		end->ends++;
		end->why = *link_why(link);
		end->link = NULL;
	}
}

static void
on_accept(void *arg, struct stream *stream)
{
	struct meeting *m = arg;
	struct link_config config = {
	    .hub = m->hubs[HERE], .on_event = on_event};

	assert_true(m->accepted_n < ENDS_MAX);
	config.arg = &m->accepted[m->accepted_n];
	m->accepted[m->accepted_n++].link = link_accept(&config, stream);
}

static void
meeting_init(struct meeting *m)
{
	struct stream_taker taker = {.on_accept = on_accept, .arg = m};

	memset(m, 0, sizeof(*m));
	town_init(&m->town, 5);
	assert_int_equal(town_member(&m->town, "", "read:NPSF,hold,write"), 1);
	assert_int_equal(loop_open(&m->loop), ERR_OK);
	m->watchdog = loop_timer_new(m->loop, on_watchdog, NULL);
	loop_timer_set(m->watchdog, loop_now_ms() + WATCHDOG_MS);
	for (size_t i = 0; i < 2; i++)
		m->hubs[i] = hub_new(
		    m->loop, town_store(&m->town, i), &m->town.host);
	assert_int_equal(
	    stream_listen(m->loop, "127.0.0.1", 0, &taker, &m->listener),
	    ERR_OK);
}

static void
meeting_fini(struct meeting *m)
{
	stream_listener_close(m->listener);
	loop_timer_free(m->watchdog);
	while (loop_step(m->loop))
		continue;
	hub_free(m->hubs[HERE]);
	hub_free(m->hubs[THERE]);
	loop_close(m->loop);
	town_fini(&m->town);
}

static void
meeting_dial(struct meeting *m, bool once)
{
	struct link_config config = {
	    .hub = m->hubs[THERE],
	    .limits = m->limits,
	    .once = once,
	    .on_event = on_event,
	    .arg = &m->dialled,
	};

	m->dialled = (struct end){.hang_up = m->dialled.hang_up};
	assert_int_equal(
	    link_dial(&config, "127.0.0.1", stream_listener_port(m->listener),
		&m->dialled.link),
	    ERR_OK);
}

/* Runs until the link that was dialled, and the `n`-th accepted, have ended. */
static void
meeting_run(struct meeting *m, size_t n)
{
	while (m->dialled.ends == 0 || m->accepted_n < n ||
	       m->accepted[n - 1].ends == 0)
		assert_true(loop_step(m->loop));
}

static void
two_stores_meet_and_hold_the_same_afterwards(void **state)
{
	static struct meeting m;

	(void)state;
	meeting_init(&m);
	(void)town_create(&m.town, 0, "d03/c017/case", "홍길동");
	(void)town_create(&m.town, 1, "d03/c017/case", "이순신");
	meeting_dial(&m, true);
	meeting_run(&m, 1);
	assert_int_equal(m.dialled.why.code, ERR_OK);
	assert_int_equal(m.accepted[0].why.code, ERR_OK);
	assert_int_equal(m.dialled.ups, 1);
	assert_int_equal(m.accepted[0].ups, 1);
	assert_true(m.dialled.status.in_sync);
	assert_true(m.dialled.status.deltas_in > 0);
	assert_true(m.dialled.status.deltas_out > 0);
	town_assert_equal(&m.town, 0);
	meeting_fini(&m);
}

static bool
has_deltas(struct meeting *m, size_t i, uint64_t n)
{
	return town_deltas(&m->town, i) >= n;
}

static void
what_others_write_into_the_store_is_pushed(void **state)
{
	static struct meeting m;
	uint64_t n;

	(void)state;
	meeting_init(&m);
	meeting_dial(&m, false);
	while (m.dialled.ups == 0)
		assert_true(loop_step(m.loop));
	(void)town_create(&m.town, 0, "d03/c017/case", "밖에서");
	n = town_deltas(&m.town, 0);
	while (!has_deltas(&m, 1, n))
		assert_true(loop_step(m.loop));
	(void)town_create(&m.town, 1, "d03/c017/case", "안에서");
	n = town_deltas(&m.town, 1);
	while (!has_deltas(&m, 0, n))
		assert_true(loop_step(m.loop));
	town_assert_equal(&m.town, 0);
	link_end(m.dialled.link, ERR_OK, "done");
	meeting_run(&m, 1);
	assert_int_equal(m.dialled.why.code, ERR_OK);
	assert_int_equal(m.accepted[0].why.code, ERR_OK);
	meeting_fini(&m);
}

/* Both ways, but for the handshake, which is counted and not held. */
static void
a_rate_is_kept_and_all_arrives(void **state)
{
	enum { RATE = 40 * 1000, SHAKE_BYTES = 2000 };
	static struct meeting m;
	uint64_t from_ms;
	uint64_t spent_ms;
	uint64_t most;

	(void)state;
	meeting_init(&m);
	for (size_t i = 0; i < 700; i++) {
		(void)town_create(&m.town, 0, "d03/c017/case", "홍길동");
		(void)town_create(&m.town, 1, "d03/c017/case", "이순신");
	}
	from_ms = loop_now_ms();
	m.limits.in = valve_new(m.loop, RATE);
	m.limits.out = valve_new(m.loop, RATE);
	meeting_dial(&m, true);
	meeting_run(&m, 1);
	spent_ms = loop_now_ms() - from_ms;
	assert_int_equal(m.dialled.why.code, ERR_OK);
	assert_true(m.dialled.status.in_sync);
	assert_int_equal(m.dialled.status.rate_bytes, RATE);
	/* A bucket was full at first. */
	most = RATE + RATE * spent_ms / 1000 + SHAKE_BYTES;
	print_message("%llu bytes in, %llu out\n",
	    (unsigned long long)m.dialled.status.in_bytes,
	    (unsigned long long)m.dialled.status.out_bytes);
	assert_true(m.dialled.status.out_bytes > 2 * RATE);
	assert_true(m.dialled.status.in_bytes <= most);
	assert_true(m.dialled.status.out_bytes <= most);
	town_assert_equal(&m.town, 0);
	valve_free(m.limits.in);
	valve_free(m.limits.out);
	meeting_fini(&m);
}

static void
a_link_that_is_ended_says_why_at_both_ends(void **state)
{
	static struct meeting m;

	(void)state;
	meeting_init(&m);
	m.dialled.hang_up = true;
	meeting_dial(&m, false);
	meeting_run(&m, 1);
	assert_int_equal(m.dialled.why.code, ERR_LIMIT);
	assert_int_equal(m.accepted[0].why.code, ERR_PEER);
	assert_non_null(strstr(m.accepted[0].why.text, "그만"));
	meeting_fini(&m);
}

static void
a_stranger_is_turned_away_with_a_reason(void **state)
{
	static struct meeting m;
	size_t stranger;

	(void)state;
	meeting_init(&m);
	stranger = town_join(&m.town);
	hub_free(m.hubs[THERE]);
	m.hubs[THERE] = hub_new(
	    m.loop, town_store(&m.town, stranger), &m.town.host);
	meeting_dial(&m, true);
	meeting_run(&m, 1);
	assert_int_equal(m.dialled.why.code, ERR_PEER);
	assert_non_null(strstr(m.dialled.why.text, "admit"));
	assert_int_equal(m.accepted[0].why.code, ERR_DENIED);
	assert_int_equal(town_deltas(&m.town, stranger), 0);
	meeting_fini(&m);
}

/* What `kind` of event the store here has, times its repetitions. */
static uint64_t
events_here(struct meeting *m, enum event_kind kind)
{
	struct store *store = town_store(&m->town, HERE);
	struct event event;
	uint64_t at = 0;
	uint64_t n = 0;

	assert_int_equal(store_begin(store, false), ERR_OK);
	while (events_next(store_txn(store), at, &event)) {
		at = event.number;
		if (event.kind == kind)
			n += event.count;
		assert_true(event.is_stranger);
	}
	store_abort(store);
	return n;
}

/* Strangers knock again and again while an honest peer is there. */
static void
strangers_are_noted_without_a_write_each_and_harm_nobody(void **state)
{
	enum { KNOCKS = 3 };
	static struct meeting m;
	struct end knocks[KNOCKS] = {0};
	struct hub *strange;
	struct store *store;
	uint64_t before;
	uint64_t after;

	(void)state;
	meeting_init(&m);
	strange = hub_new(
	    m.loop, town_store(&m.town, town_join(&m.town)), &m.town.host);
	meeting_dial(&m, false);
	while (m.dialled.ups == 0 || !m.dialled.status.in_sync)
		assert_true(loop_step(m.loop));
	store = town_store(&m.town, HERE);
	assert_int_equal(store_begin(store, false), ERR_OK);
	before = kv_txn_id(store_txn(store)->kv);
	store_abort(store);
	for (size_t i = 0; i < KNOCKS; i++) {
		struct link_config config = {
		    .hub = strange, .on_event = on_event, .arg = &knocks[i]};

		assert_int_equal(
		    link_dial(&config, "127.0.0.1",
			stream_listener_port(m.listener), &knocks[i].link),
		    ERR_OK);
	}
	while (events_here(&m, EVENT_PEER_REFUSED) < KNOCKS)
		assert_true(loop_step(m.loop));
	for (size_t i = 0; i < KNOCKS; i++) {
		while (knocks[i].ends == 0)
			assert_true(loop_step(m.loop));
	}
	assert_int_equal(store_begin(store, false), ERR_OK);
	after = kv_txn_id(store_txn(store)->kv);
	assert_int_equal(kv_count(store_txn(store)->kv, TABLE_EVENTS), 1);
	store_abort(store);
	assert_true(after - before < KNOCKS);
	/* The honest one goes on as if nothing had happened. */
	(void)town_create(&m.town, 0, "d03/c017/case", "그동안");
	while (!has_deltas(&m, 1, town_deltas(&m.town, 0)))
		assert_true(loop_step(m.loop));
	assert_int_equal(m.dialled.ends, 0);
	link_end(m.dialled.link, ERR_OK, "done");
	while (m.dialled.ends == 0)
		assert_true(loop_step(m.loop));
	stream_listener_close(m.listener);
	m.listener = NULL;
	while (loop_step(m.loop) && (m.accepted[0].ends == 0))
		continue;
	hub_free(strange);
	meeting_fini(&m);
}

/* Also when nothing was written before the end. */
static void
what_was_noticed_last_is_written_at_the_end(void **state)
{
	static struct meeting m;
	size_t stranger;

	(void)state;
	meeting_init(&m);
	stranger = town_join(&m.town);
	hub_free(m.hubs[THERE]);
	m.hubs[THERE] = hub_new(
	    m.loop, town_store(&m.town, stranger), &m.town.host);
	meeting_dial(&m, true);
	meeting_run(&m, 1);
	hub_free(m.hubs[HERE]);
	assert_int_equal(events_here(&m, EVENT_PEER_REFUSED), 1);
	m.hubs[HERE] = NULL;
	meeting_fini(&m);
}

static void
another_city_is_told_apart_by_the_one_who_dials(void **state)
{
	static struct meeting m;
	static struct town other;

	(void)state;
	meeting_init(&m);
	town_init(&other, 6);
	hub_free(m.hubs[THERE]);
	m.hubs[THERE] = hub_new(m.loop, town_store(&other, 0), &other.host);
	meeting_dial(&m, true);
	meeting_run(&m, 1);
	assert_int_equal(m.dialled.why.code, ERR_MALFORMED);
	assert_non_null(strstr(m.dialled.why.text, "no node of our city"));
	assert_int_equal(m.accepted[0].why.code, ERR_PEER);
	assert_non_null(strstr(m.accepted[0].why.text, "another city"));
	assert_int_equal(m.dialled.ups, 0);
	meeting_fini(&m);
	town_fini(&other);
}

/* A plain stream that says `words`, then ends or waits for the other side. */
struct plain {
	struct stream *stream;
	const char *words;
	bool finish;
};

static void
plain_on_connect(void *arg)
{
	struct plain *plain = arg;

	assert_int_equal(
	    stream_write(plain->stream, bytes_text(plain->words)), ERR_OK);
	if (plain->finish)
		stream_finish(plain->stream);
}

static void
plain_on_read(void *arg, struct bytes in)
{
	(void)arg;
	(void)in;
}

static void
plain_on_end(void *arg)
{
	struct plain *plain = arg;

	stream_finish(plain->stream);
}

static void
plain_on_close(void *arg, const struct fault *why)
{
	struct plain *plain = arg;

	(void)why;
	plain->stream = NULL;
}

static void
plain_dial(struct meeting *m, struct plain *plain)
{
	struct stream_config config = {
	    .queue_size = 1024,
	    .on_connect = plain_on_connect,
	    .on_read = plain_on_read,
	    .on_end = plain_on_end,
	    .on_close = plain_on_close,
	    .arg = plain,
	};

	assert_int_equal(
	    stream_connect(m->loop, "127.0.0.1",
		stream_listener_port(m->listener), &config, &plain->stream),
	    ERR_OK);
}

static void
one_peers_nonsense_is_no_harm_to_others(void **state)
{
	static struct meeting m;
	struct plain web = {.words = "GET / HTTP/1.1\r\n\r\n"};
	struct plain gone = {.words = "golmok/1", .finish = true};

	(void)state;
	meeting_init(&m);
	(void)town_create(&m.town, 0, "d03/c017/case", "홍길동");
	plain_dial(&m, &web);
	plain_dial(&m, &gone);
	meeting_dial(&m, true);
	meeting_run(&m, 3);
	while (web.stream != NULL || gone.stream != NULL)
		assert_true(loop_step(m.loop));
	assert_int_equal(m.dialled.why.code, ERR_OK);
	town_assert_equal(&m.town, 0);
	for (size_t i = 0; i < 3; i++) {
		const struct end *end = &m.accepted[i];

		assert_int_equal(end->ends, 1);
		if (end->ups == 1)
			assert_int_equal(end->why.code, ERR_OK);
		else if (end->why.code == ERR_MALFORMED)
			assert_non_null(
			    strstr(end->why.text, "not a golmok node"));
		else
			assert_int_equal(end->why.code, ERR_PEER);
	}
	meeting_fini(&m);
}

static void
a_peer_that_cannot_be_reached_is_told_as_the_end_of_the_link(void **state)
{
	static struct meeting m;

	(void)state;
	meeting_init(&m);
	meeting_dial(&m, true);
	stream_listener_close(m.listener);
	m.listener = NULL;
	while (m.dialled.ends == 0)
		assert_true(loop_step(m.loop));
	assert_int_equal(m.dialled.why.code, ERR_PEER);
	meeting_fini(&m);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(two_stores_meet_and_hold_the_same_afterwards),
	    cmocka_unit_test(what_others_write_into_the_store_is_pushed),
	    cmocka_unit_test(a_rate_is_kept_and_all_arrives),
	    cmocka_unit_test(a_link_that_is_ended_says_why_at_both_ends),
	    cmocka_unit_test(a_stranger_is_turned_away_with_a_reason),
	    cmocka_unit_test(
		strangers_are_noted_without_a_write_each_and_harm_nobody),
	    cmocka_unit_test(what_was_noticed_last_is_written_at_the_end),
	    cmocka_unit_test(another_city_is_told_apart_by_the_one_who_dials),
	    cmocka_unit_test(one_peers_nonsense_is_no_harm_to_others),
	    cmocka_unit_test(
		a_peer_that_cannot_be_reached_is_told_as_the_end_of_the_link),
	};

	if (crypto_start() != ERR_OK)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
