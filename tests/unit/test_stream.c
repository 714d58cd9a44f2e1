/*
 * Promises of net/stream.h, over real sockets on the loopback.  The loop runs
 * until a fact holds; a watchdog ends what would hang.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/lib/world.h"

static void
bytes_come_whole_and_in_order_and_both_ends_close(void **state)
{
	struct world *w = world_open(ECHO);
	struct end *client;

	(void)state;
	w->goal = 3 * 1024 * 1024 + 17;
	client = world_connect(w, FLOOD);
	assert_int_equal(client->connects, 0);
	world_run(w);
	assert_int_equal(w->n, 2);
	assert_int_equal(client->connects, 1);
	assert_int_equal(client->got_bytes, w->goal);
	assert_int_equal(client->ends, 1);
	assert_true(client->rooms > 0);
	assert_int_equal(client->why.code, ERR_OK);
	assert_int_equal(w->ends[1].why.code, ERR_OK);
	assert_int_equal(w->ends[1].connects, 0);
	assert_true(client->unsent_max < QUEUE + 5000);
	world_close(w);
}

static void
many_streams_live_side_by_side(void **state)
{
	struct world *w = world_open(ECHO);

	(void)state;
	w->goal = 20 * 1000;
	for (size_t i = 0; i < ENDS_MAX / 2; i++)
		(void)world_connect(w, FLOOD);
	world_run(w);
	assert_int_equal(w->n, ENDS_MAX);
	for (size_t i = 0; i < w->n; i++) {
		assert_int_equal(w->ends[i].got_bytes, w->goal);
		assert_int_equal(w->ends[i].why.code, ERR_OK);
	}
	world_close(w);
}

static void
two_that_both_send_much_do_not_wait_for_each_other(void **state)
{
	struct world *w = world_open(FLOOD);

	(void)state;
	w->goal = 16 * 1024 * 1024;
	(void)world_connect(w, FLOOD);
	world_run(w);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(w->ends[i].got_bytes, w->goal);
		assert_int_equal(w->ends[i].why.code, ERR_OK);
	}
	world_close(w);
}

static void
what_is_written_before_the_connection_stands_is_sent(void **state)
{
	struct world *w = world_open(SILENT);
	struct end *client = world_connect(w, SILENT);

	(void)state;
	assert_int_equal(world_write(client, bytes_text("안녕")), ERR_OK);
	assert_int_equal(world_write(client, bytes_of(NULL, 0)), ERR_OK);
	assert_int_equal(world_write(client, bytes_text("하세요")), ERR_OK);
	world_finish(client);
	assert_int_equal(world_write(client, bytes_text("늦음")), ERR_PEER);
	assert_int_equal(stream_room(client->stream), 0);
	world_run(w);
	assert_true(bytes_is(buf_bytes(&w->ends[1].got), "안녕하세요"));
	world_close(w);
}

static void
a_refused_connection_is_one_close_with_its_reason(void **state)
{
	struct world *w = world_open(SILENT);
	struct end *client;

	(void)state;
	stream_listener_close(w->listener);
	w->listener = NULL;
	client = world_connect(w, SILENT);
	assert_int_equal(client->closes, 0);
	world_run(w);
	assert_int_equal(w->n, 1);
	assert_int_equal(client->connects, 0);
	assert_int_equal(client->why.code, ERR_PEER);
	assert_non_null(strstr(client->why.text, "127.0.0.1:"));
	assert_non_null(strstr(client->why.text, "refused"));
	world_close(w);
}

static void
a_stream_that_nobody_starts_is_closed(void **state)
{
	struct world *w = world_open(SILENT);

	(void)state;
	w->refuse = true;
	(void)world_connect(w, SILENT);
	world_run(w);
	assert_int_equal(w->n, 1);
	world_close(w);
}

static void
a_peer_that_vanishes_is_a_reason_to_close(void **state)
{
	const struct linger rude = {.l_onoff = 1};
	struct world *w = world_open(SILENT);
	int fd = world_plain(w);

	(void)state;
	assert_int_equal(
	    setsockopt(fd, SOL_SOCKET, SO_LINGER, &rude, sizeof(rude)), 0);
	assert_int_equal(close(fd), 0);
	world_run(w);
	assert_int_equal(w->ends[0].ends, 0);
	assert_int_equal(w->ends[0].why.code, ERR_PEER);
	assert_non_null(strstr(w->ends[0].why.text, "127.0.0.1:"));
	world_close(w);
}

static void
writing_to_a_peer_that_vanished_is_no_signal_but_a_reason(void **state)
{
	const struct linger rude = {.l_onoff = 1};
	struct world *w = world_open(SILENT);
	int fd = world_plain(w);
	struct end *end = &w->ends[0];

	(void)state;
	assert_int_equal(
	    setsockopt(fd, SOL_SOCKET, SO_LINGER, &rude, sizeof(rude)), 0);
	assert_int_equal(close(fd), 0);
	for (int i = 0; i < 3; i++)
		(void)world_write(end, bytes_text("아직 있나요"));
	world_run(w);
	assert_int_equal(end->why.code, ERR_PEER);
	world_close(w);
}

static void
who_has_ended_can_still_be_answered(void **state)
{
	static const uint8_t question[9000] = {'q'};
	struct world *w = world_open(LATE_ANSWER);
	struct end *client = world_connect(w, SILENT);

	(void)state;
	assert_int_equal(
	    world_write(client, bytes_of(question, sizeof(question))), ERR_OK);
	world_finish(client);
	world_run(w);
	assert_int_equal(client->got_bytes, 20 * sizeof(question));
	assert_int_equal(client->ends, 1);
	assert_int_equal(w->ends[1].ends, 1);
	assert_int_equal(w->ends[1].why.code, ERR_OK);
	world_close(w);
}

static void
a_slow_reader_fills_the_queue_and_no_more(void **state)
{
	static uint8_t piece[1000];
	static uint8_t read_back[65536];
	struct world *w = world_open(SILENT);
	int fd = world_plain(w);
	struct end *end = &w->ends[0];
	size_t arrived = 0;

	(void)state;
	/* Offer until both the system and the queue are full: what lies with
	 * the system stays there, since nobody reads. */
	for (int calm = 0; calm < 100; calm++) {
		size_t before = end->sent_bytes;

		while (
		    world_write(end, bytes_of(piece, sizeof(piece))) == ERR_OK)
			;
		assert_int_equal(
		    world_write(end, bytes_of(piece, sizeof(piece))), ERR_FULL);
		if (end->sent_bytes > before)
			calm = 0;
		(void)loop_step(w->loop);
	}
	assert_int_equal(stream_room(end->stream), 0);
	assert_true(end->unsent_max <= 4 * QUEUE);
	assert_true(end->sent_bytes > 4 * QUEUE);
	world_finish(end);
	while (arrived < end->sent_bytes) {
		ssize_t n = read(fd, read_back, sizeof(read_back));

		if (n > 0)
			arrived += (size_t)n;
		(void)loop_step(w->loop);
	}
	assert_int_equal(close(fd), 0);
	world_run(w);
	assert_int_equal(end->why.code, ERR_OK);
	world_close(w);
}

static void
who_asks_without_reading_the_answers_is_not_read_any_more(void **state)
{
	static uint8_t piece[65536];
	struct world *w = world_open(ECHO);
	int fd = world_plain(w);
	struct end *end = &w->ends[0];
	size_t asked = 0;
	size_t answered = 0;

	(void)state;
	for (int calm = 0; calm < 100; calm++) {
		ssize_t n = write(fd, piece, sizeof(piece));

		if (n > 0) {
			asked += (size_t)n;
			calm = 0;
		}
		(void)loop_step(w->loop);
	}
	/* Echoes of a whole read each: the queue stays below its hard end. */
	assert_true(end->unsent_max > 2 * QUEUE);
	assert_true(end->unsent_max <= 2 * QUEUE + LOOP_READ_SIZE);
	assert_true(end->got_bytes < asked);
	while (answered < asked) {
		ssize_t n = read(fd, piece, sizeof(piece));

		if (n > 0)
			answered += (size_t)n;
		(void)loop_step(w->loop);
	}
	assert_int_equal(end->got_bytes, asked);
	assert_int_equal(close(fd), 0);
	world_run(w);
	world_close(w);
}

static void
a_stream_that_is_held_is_not_read_until_it_is_let_go(void **state)
{
	struct world *w = world_open(SILENT);
	struct end *first = world_connect(w, SILENT);
	struct end *second;
	struct end *held;
	struct end *other;

	(void)state;
	while (w->n < 2)
		assert_true(loop_step(w->loop));
	held = &w->ends[1];
	stream_hold(held->stream, true);
	assert_int_equal(world_write(first, bytes_text("기다림")), ERR_OK);
	world_finish(first);
	while (stream_unsent(first->stream) > 0)
		assert_true(loop_step(w->loop));
	/* What is sent later arrives elsewhere. */
	second = world_connect(w, SILENT);
	while (w->n < 4)
		assert_true(loop_step(w->loop));
	other = &w->ends[3];
	assert_int_equal(world_write(second, bytes_text("b")), ERR_OK);
	while (other->got.n == 0)
		assert_true(loop_step(w->loop));
	assert_int_equal(held->got.n, 0);
	assert_int_equal(held->ends, 0);
	stream_hold(held->stream, false);
	while (held->ends == 0)
		assert_true(loop_step(w->loop));
	assert_true(bytes_is(buf_bytes(&held->got), "기다림"));
	world_close(w);
}

static void
after_close_nothing_comes_but_the_close(void **state)
{
	struct world *w = world_open(CLOSE_ON_EVENT);
	struct end *early = world_connect(w, SILENT);
	struct end *late;

	(void)state;
	/* Before the connection stands, with bytes in the queue. */
	assert_int_equal(world_write(early, bytes_text("x")), ERR_OK);
	world_end_close(early);
	assert_int_equal(world_write(early, bytes_text("x")), ERR_PEER);
	assert_int_equal(stream_room(early->stream), 0);
	world_finish(early);
	assert_int_equal(early->closes, 0);
	/* In on_connect; in on_read of the other side; in its on_end. */
	(void)world_connect(w, CLOSE_ON_EVENT);
	late = world_connect(w, SILENT);
	assert_int_equal(world_write(late, bytes_text("x")), ERR_OK);
	late = world_connect(w, SILENT);
	world_finish(late);
	world_run(w);
	assert_int_equal(early->connects, 0);
	assert_int_equal(early->why.code, ERR_OK);
	stream_close(NULL);
	stream_listener_close(NULL);
	world_close(w);
}

static void
addresses_are_numbers_and_ports_have_one_owner(void **state)
{
	static const char *const wrong[] = {
	    "", "localhost", "1.2.3", "1.2.3.4.5", "[::1]", "동"};
	struct world *w = world_open(SILENT);
	struct stream_taker taker = {.on_accept = world_on_accept, .arg = w};
	struct stream_listener *second;
	struct stream_config config;
	struct stream *stream;
	struct end *end;

	(void)state;
	(void)world_end(w, SILENT, &config);
	w->n--;
	w->open--;
	for (size_t i = 0; i < COUNT_OF(wrong); i++) {
		assert_int_equal(
		    stream_connect(w->loop, wrong[i], 1, &config, &stream),
		    ERR_USAGE);
		assert_null(stream);
		assert_int_equal(
		    stream_listen(w->loop, wrong[i], 0, &taker, &second),
		    ERR_USAGE);
		assert_null(second);
	}
	assert_int_equal(
	    stream_listen(w->loop, "127.0.0.1",
		stream_listener_port(w->listener), &taker, &second),
	    ERR_BUSY);
	assert_null(second);
	end = world_connect(w, SILENT);
	assert_memory_equal(stream_peer(end->stream), "127.0.0.1:", 10);
	world_close(w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(bytes_come_whole_and_in_order_and_both_ends_close),
	    cmocka_unit_test(many_streams_live_side_by_side),
	    cmocka_unit_test(
		two_that_both_send_much_do_not_wait_for_each_other),
	    cmocka_unit_test(
		what_is_written_before_the_connection_stands_is_sent),
	    cmocka_unit_test(a_refused_connection_is_one_close_with_its_reason),
	    cmocka_unit_test(a_stream_that_nobody_starts_is_closed),
	    cmocka_unit_test(a_peer_that_vanishes_is_a_reason_to_close),
	    cmocka_unit_test(
		writing_to_a_peer_that_vanished_is_no_signal_but_a_reason),
	    cmocka_unit_test(who_has_ended_can_still_be_answered),
	    cmocka_unit_test(a_slow_reader_fills_the_queue_and_no_more),
	    cmocka_unit_test(
		who_asks_without_reading_the_answers_is_not_read_any_more),
	    cmocka_unit_test(
		a_stream_that_is_held_is_not_read_until_it_is_let_go),
	    cmocka_unit_test(after_close_nothing_comes_but_the_close),
	    cmocka_unit_test(addresses_are_numbers_and_ports_have_one_owner),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
