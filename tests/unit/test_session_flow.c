/*
 * What goes first: urgent spaces, turns, what is stated beforehand.  What
 * arrives is written down, and what one side states can be made a lie on its
 * way.
 *
 * LINK: -Wl,--wrap=channel_take,--wrap=store_pack -Wl,--wrap=intake_chunk
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/intake.h"
#include "core/pack.h"
#include "net/peer/channel.h"
#include "net/peer/flow.h"
#include "tests/lib/wire.h"

#define ALL "read:NPSF,write,hold"
#define HISTORY "d01/c001/case"
#define OTHER "d01/c001/volunteer"
#define URGENT "d01/c001/report"

enum { SEEN_MAX = 20000 };

/* The embedded pack, by which reports are urgent. */
static struct pack *pack;

/* Of each chunk that came from `from`: the space, and how many bytes all that
 * came before it had. */
static struct sign_key from;
static struct {
	char space[LIMIT_SPACE_SIZE + 1];
	uint64_t at_bytes;
} seen[SEEN_MAX];
static size_t seen_n;
static uint64_t seen_bytes;
static struct msg_total first_total;
static size_t totals_n;

/* If not NULL, what a TOTAL becomes, and how often it then comes. */
static const struct msg_total *lie;
static unsigned lie_times;
static struct buf lie_said;
static unsigned lie_left;

enum err __real_intake_chunk(struct txn *txn, const struct intake_chunk *chunk,
    struct intake_taken *taken);
enum err __wrap_intake_chunk(struct txn *txn, const struct intake_chunk *chunk,
    struct intake_taken *taken);
const struct pack *__wrap_store_pack(const struct store *store);
bool __real_channel_take(
    struct channel *channel, struct bytes *message, enum err *e);
bool __wrap_channel_take(
    struct channel *channel, struct bytes *message, enum err *e);

const struct pack *
__wrap_store_pack(const struct store *store)
{
	(void)store;
	return pack;
}

/* Which space the chunk was of shows when it is taken. */
enum err
__wrap_intake_chunk(struct txn *txn, const struct intake_chunk *chunk,
    struct intake_taken *taken)
{
	if (seen_n > 0 && seen[seen_n - 1].space[0] == '\0')
		memcpy(seen[seen_n - 1].space, chunk->run->name.space.text,
		    sizeof(seen[0].space));
	return __real_intake_chunk(txn, chunk, taken);
}

static void
note(struct bytes message)
{
	struct arena arena = {0};
	struct msg msg;

	/* The others name logs by numbers. */
	msg = (struct msg){.type = (enum msg_type)message.p[0]};
	if (msg.type == MSG_TOTAL)
		assert_int_equal(msg_decode(message, &arena, &msg), ERR_OK);
	if (msg.type == MSG_TOTAL && totals_n++ == 0)
		first_total = msg.u.total;
	if (msg.type == MSG_CHUNK) {
		assert_true(seen_n < SEEN_MAX);
		seen[seen_n].space[0] = '\0';
		seen[seen_n++].at_bytes = seen_bytes;
	}
	if (msg.type == MSG_TOTAL && lie != NULL) {
		buf_cut(&lie_said, 0);
		msg.u.total = *lie;
		msg_encode(&msg, &lie_said);
		lie_left = lie_times;
	}
	seen_bytes += message.n;
	arena_fini(&arena);
}

bool
__wrap_channel_take(struct channel *channel, struct bytes *message, enum err *e)
{
	bool theirs = memcmp(channel_peer(channel), &from, sizeof(from)) == 0;

	*e = ERR_OK;
	if (theirs && lie_left > 0) {
		lie_left--;
		*message = buf_bytes(&lie_said);
		return true;
	}
	if (!__real_channel_take(channel, message, e))
		return false;
	if (*e != ERR_OK || !theirs)
		return true;
	note(*message);
	if (lie_left > 0) {
		lie_left--;
		*message = buf_bytes(&lie_said);
	}
	return true;
}

/* A founder and a member who may have all. */
static size_t
scene_begin(struct town *town, uint64_t seed)
{
	size_t b;

	town_init(town, seed);
	assert_int_equal(town_grant(town, 0, 0, "", ALL, ""), ERR_OK);
	b = town_member(town, "", ALL);
	from = town_key(town, 0);
	seen_n = 0;
	seen_bytes = 0;
	totals_n = 0;
	lie = NULL;
	lie_left = 0;
	return b;
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

static size_t
chunks_of(const char *space)
{
	size_t n = 0;

	for (size_t i = 0; i < seen_n; i++)
		n += strcmp(seen[i].space, space) == 0;
	return n;
}

/* The bytes that wait to be sent, or are on their way to the other end. */
static size_t
under_way(const struct wire *wire)
{
	return session_out(wire->ends[0].session).n + wire->ends[1].in.n;
}

static void
what_is_urgent_overtakes_a_backlog(void **state)
{
	enum { QUEUE = 4096, RATE = 1000 };
	struct town town;
	struct wire wire;
	size_t before;
	size_t after = 0;
	size_t waiting;
	size_t b;

	(void)state;
	b = scene_begin(&town, 1);
	write_many(&town, 3000, HISTORY);
	wire_open(&wire, &town, 0, b, false);
	wire.rate = RATE;
	session_pace(wire.ends[0].session, QUEUE);
	while (chunks_of(HISTORY) < 5)
		assert_true(wire_step(&wire));
	(void)town_create(&town, 0, URGENT, "쓰러진 이웃");
	before = chunks_of(HISTORY);
	waiting = under_way(&wire);
	while (chunks_of(URGENT) == 0) {
		assert_true(wire_step(&wire));
		after = chunks_of(HISTORY) - before;
	}
	print_message("%zu bytes under way, %zu chunks went before what is "
		      "urgent\n",
	    waiting, after);
	/* No chunk was begun between: what was under way had no more room. */
	assert_true(waiting < 3 * QUEUE);
	assert_true(after <= 3);
	assert_true(wire_status(&wire, 1).deltas_in < 1000);
	wire_run(&wire, 1);
	assert_well(&wire);
	town_assert_equal(&town, 0);
	wire_close(&wire);
	town_fini(&town);
}

static void
news_go_before_history_and_history_goes_on(void **state)
{
	struct town town;
	struct wire wire;
	size_t turns = 0;
	size_t written = 0;
	size_t first = 0;
	size_t b;

	(void)state;
	b = scene_begin(&town, 2);
	write_many(&town, 2000, HISTORY);
	/* Few enough to stay news with what is written on the way. */
	write_many(&town, FLOW_NEWS_MAX / 2, OTHER);
	wire_open(&wire, &town, 0, b, false);
	wire.rate = 500;
	session_pace(wire.ends[0].session, 4096);
	while (wire_status(&wire, 1).deltas_in < 2000 + FLOW_NEWS_MAX / 2) {
		assert_true(turns++ < 5000);
		(void)wire_step(&wire);
		if (turns % 5 != 0 || written == 200)
			continue;
		(void)town_create(
		    &town, 0, turns % 2 == 0 ? URGENT : OTHER, "새 소식");
		written++;
	}
	assert_true(written > 50);
	print_message("%zu deltas were written meanwhile\n", written);
	/* Of authority nothing was missing. */
	for (size_t i = 0; i < seen_n && first == 0; i++)
		if (strcmp(seen[i].space, HISTORY) == 0)
			first = i;
	assert_true(first >= 2);
	wire_run(&wire, 1);
	assert_well(&wire);
	town_assert_equal(&town, 0);
	wire_close(&wire);
	town_fini(&town);
}

static void
logs_of_one_class_take_turns(void **state)
{
	struct town town;
	struct wire wire;
	size_t switches = 0;
	size_t both = 0;
	size_t b;

	(void)state;
	b = scene_begin(&town, 3);
	write_many(&town, 1500, HISTORY);
	write_many(&town, 1500, OTHER);
	wire_open(&wire, &town, 0, b, false);
	wire_run(&wire, 1);
	assert_well(&wire);
	/* Both have as many: they end together. */
	for (size_t i = 1; i < seen_n; i++)
		switches += strcmp(seen[i].space, seen[i - 1].space) != 0;
	both = chunks_of(HISTORY) + chunks_of(OTHER);
	assert_true(both > 10);
	assert_true(switches + 4 >= both);
	wire_close(&wire);
	town_fini(&town);
}

static void
the_total_is_stated_first_and_near_the_truth(void **state)
{
	struct session_status status;
	struct town town;
	struct wire wire;
	size_t b;

	(void)state;
	b = scene_begin(&town, 4);
	write_many(&town, 1000, HISTORY);
	write_many(&town, 10, URGENT);
	wire_open(&wire, &town, 0, b, false);
	wire.rate = 1000;
	while (seen_n < 1)
		assert_true(wire_step(&wire));
	/* Each space has an `open` of its log besides. */
	assert_int_equal(totals_n, 1);
	assert_int_equal(first_total.deltas, 1012);
	status = wire_status(&wire, 1);
	assert_int_equal(status.deltas_expected, 1012);
	assert_int_equal(status.deltas_left_in, 1012 - status.deltas_in);
	wire_run(&wire, 1);
	status = wire_status(&wire, 1);
	print_message("%llu bytes were stated, %llu came\n",
	    (unsigned long long)first_total.bytes,
	    (unsigned long long)status.bytes_in_done);
	assert_true(first_total.bytes > status.bytes_in_done * 7 / 10);
	assert_true(first_total.bytes < status.bytes_in_done * 13 / 10);
	assert_int_equal(status.deltas_in, 1012);
	assert_int_equal(status.deltas_left_in, 0);
	assert_true(totals_n <= 2);
	assert_int_equal(wire_status(&wire, 0).deltas_left_out, 0);
	assert_int_equal(wire_status(&wire, 0).bytes_left_out, 0);
	/* A new backlog is worth a word, a few deltas are not. */
	totals_n = 0;
	write_many(&town, 20, HISTORY);
	wire_run(&wire, 1);
	assert_int_equal(totals_n, 0);
	write_many(&town, 600, HISTORY);
	wire_run(&wire, 1);
	assert_int_equal(totals_n, 1);
	assert_int_equal(first_total.deltas, 600);
	assert_well(&wire);
	wire_close(&wire);
	town_fini(&town);
}

static void
a_lying_total_breaks_nothing(void **state)
{
	static const struct msg_total lies[] = {
	    {0, 0},
	    {1, 1},
	    {INT64_MAX, INT64_MAX},
	    {INT64_MAX, 0},
	    {0, INT64_MAX},
	};
	static const unsigned times[] = {1, 2, 1000000};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(lies); i++) {
		struct town town;
		struct wire wire;
		size_t b = scene_begin(&town, 5 + i);

		write_many(&town, 300, HISTORY);
		lie = &lies[i];
		lie_times = times[i % COUNT_OF(times)];
		wire_open(&wire, &town, 0, b, true);
		wire.rate = 5000;
		while (!session_is_done(wire.ends[1].session)) {
			struct session_status status;

			(void)wire_step(&wire);
			assert_well(&wire);
			status = wire_status(&wire, 1);
			assert_true(status.deltas_expected >= status.deltas_in);
			assert_int_equal(status.deltas_left_in,
			    status.deltas_expected - status.deltas_in);
			assert_true(
			    status.bytes_expected == 0 ||
			    status.bytes_expected >= status.bytes_in_done);
		}
		assert_int_equal(lie_left, 0);
		assert_int_equal(wire_status(&wire, 1).deltas_in, 301);
		town_assert_equal(&town, 0);
		wire_close(&wire);
		town_fini(&town);
	}
	buf_fini(&lie_said);
}

/* A second at 8 kbit/s each way, as its times have it. */
static void
second_pass(struct wire *wire)
{
	(void)wire_step(wire);
	wire->now_ms += 1000;
	for (size_t i = 0; i < 2; i++) {
		struct session *session = wire->ends[i].session;

		if (session_wake_ms(session) <= wire->now_ms)
			assert_int_equal(
			    session_tick(session, wire->now_ms), ERR_OK);
	}
}

static void
heartbeats_and_urgent_words_survive_the_least_rate(void **state)
{
	enum { RATE = 1000, SHARE = 2048 };
	struct session_status status;
	struct town town;
	struct wire wire;
	uint64_t longest_ms = 0;
	unsigned said = 0;
	size_t b;

	(void)state;
	b = scene_begin(&town, 23);
	write_many(&town, 2000, HISTORY);
	wire_open(&wire, &town, 0, b, false);
	wire.rate = RATE;
	for (size_t i = 0; i < 2; i++)
		session_pace(wire.ends[i].session, SHARE);
	do {
		uint64_t began_ms = wire.now_ms;
		size_t before = chunks_of(URGENT);

		if (++said % 10 == 0)
			(void)town_create(&town, 0, URGENT, "쓰러진 이웃");
		do
			second_pass(&wire);
		while (said % 10 == 0 && chunks_of(URGENT) == before);
		if (wire.now_ms - began_ms > longest_ms)
			longest_ms = wire.now_ms - began_ms;
		assert_well(&wire);
		status = wire_status(&wire, 1);
	} while (said < 20 || status.deltas_left_in > 0);
	print_message("%llu s for %llu bytes; what is urgent took %llu s\n",
	    (unsigned long long)wire.now_ms / 1000,
	    (unsigned long long)status.in_bytes,
	    (unsigned long long)longest_ms / 1000);
	assert_true(wire.now_ms > 90 * 1000);
	assert_true(longest_ms <= 10 * 1000);
	/* Silence: only heartbeats keep it, and they do. */
	for (int i = 0; i < 300; i++)
		second_pass(&wire);
	assert_well(&wire);
	assert_true(wire_status(&wire, 0).in_sync);
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
	    cmocka_unit_test(what_is_urgent_overtakes_a_backlog),
	    cmocka_unit_test(news_go_before_history_and_history_goes_on),
	    cmocka_unit_test(logs_of_one_class_take_turns),
	    cmocka_unit_test(the_total_is_stated_first_and_near_the_truth),
	    cmocka_unit_test(a_lying_total_breaks_nothing),
	    cmocka_unit_test(
		heartbeats_and_urgent_words_survive_the_least_rate),
	};

	return cmocka_run_group_tests(tests, group_begin, group_end);
}
