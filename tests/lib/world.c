/*
 * A loop with a listener and the ends of streams, for the tests of net/.
 */
#include "tests/lib/world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static void
on_watchdog(void *arg)
{
	(void)arg;
	fail_msg("nothing happened for too long");
}

/* Keeps loop_step from waiting, for tests that hold a plain socket. */
static void
on_tick(void *arg)
{
	struct world *w = arg;

	loop_timer_set(w->ticker, 0);
}

static void
note(struct end *end)
{
	assert_false(end->world->inside);
	assert_non_null(end->stream);
	if (end->closed_by_us || end->closes > 0)
		end->after_close++;
}

enum err
world_write(struct end *end, struct bytes b)
{
	enum err e;

	end->world->inside = true;
	e = stream_write(end->stream, b);
	end->world->inside = false;
	if (e == ERR_OK)
		end->sent_bytes += b.n;
	if (stream_unsent(end->stream) > end->unsent_max)
		end->unsent_max = stream_unsent(end->stream);
	return e;
}

void
world_finish(struct end *end)
{
	end->world->inside = true;
	stream_finish(end->stream);
	stream_finish(end->stream);
	end->world->inside = false;
}

void
world_end_close(struct end *end)
{
	end->world->inside = true;
	stream_close(end->stream);
	stream_close(end->stream);
	end->world->inside = false;
	end->closed_by_us = true;
}

static uint8_t
byte_at(size_t at)
{
	return (uint8_t)(at * 31 + at / 251);
}

static void
end_flood(struct end *end)
{
	uint8_t piece[5000];

	while (end->sent_bytes < end->goal && stream_room(end->stream) > 0) {
		size_t n = end->goal - end->sent_bytes;

		if (n > sizeof(piece))
			n = sizeof(piece);
		for (size_t i = 0; i < n; i++)
			piece[i] = byte_at(end->sent_bytes + i);
		assert_int_equal(world_write(end, bytes_of(piece, n)), ERR_OK);
	}
	if (end->sent_bytes == end->goal)
		world_finish(end);
}

static void
on_connect(void *arg)
{
	struct end *end = arg;

	note(end);
	end->connects++;
	if (end->manner == CLOSE_ON_EVENT)
		world_end_close(end);
}

static void
on_read(void *arg, struct bytes in)
{
	struct end *end = arg;

	note(end);
	assert_true(in.n > 0);
	if (end->manner == SILENT || end->manner == LATE_ANSWER)
		buf_add(&end->got, in);
	if (end->manner == FLOOD)
		for (size_t i = 0; i < in.n; i++)
			assert_int_equal(in.p[i], byte_at(end->got_bytes + i));
	end->got_bytes += in.n;
	if (end->manner == ECHO)
		assert_int_equal(world_write(end, in), ERR_OK);
	if (end->manner == CLOSE_ON_EVENT)
		world_end_close(end);
}

static void
on_end(void *arg)
{
	struct end *end = arg;

	note(end);
	end->ends++;
	if (end->manner == LATE_ANSWER)
		for (int i = 0; i < 20; i++)
			assert_int_equal(
			    world_write(end, buf_bytes(&end->got)), ERR_OK);
	if (end->manner == CLOSE_ON_EVENT)
		world_end_close(end);
	else if (end->manner != FLOOD)
		world_finish(end);
}

static void
on_room(void *arg)
{
	struct end *end = arg;

	note(end);
	end->rooms++;
	if (end->manner == FLOOD)
		end_flood(end);
}

static void
on_close(void *arg, const struct fault *why)
{
	struct end *end = arg;

	assert_false(end->world->inside);
	assert_int_equal(end->closes, 0);
	end->closes++;
	end->why = *why;
	end->stream = NULL;
	end->world->open--;
}

struct end *
world_end(struct world *w, enum manner manner, struct stream_config *config)
{
	struct end *end = &w->ends[w->n];

	assert_true(w->n < ENDS_MAX);
	w->n++;
	w->open++;
	end->world = w;
	end->manner = manner;
	end->goal = w->goal;
	*config = (struct stream_config){
	    .queue_size = QUEUE,
	    .on_connect = on_connect,
	    .on_read = on_read,
	    .on_end = on_end,
	    .on_room = on_room,
	    .on_close = on_close,
	    .arg = end,
	};
	return end;
}

void
world_on_accept(void *arg, struct stream *stream)
{
	struct world *w = arg;
	struct stream_config config;
	struct end *end;

	assert_false(w->inside);
	if (w->refuse)
		return;
	end = world_end(w, w->accepts, &config);
	end->stream = stream;
	w->inside = true;
	stream_start(stream, &config);
	w->inside = false;
	if (end->manner == FLOOD)
		end_flood(end);
}

struct end *
world_connect(struct world *w, enum manner manner)
{
	struct stream_config config;
	struct end *end = world_end(w, manner, &config);

	w->inside = true;
	assert_int_equal(stream_connect(w->loop, "127.0.0.1", w->port, &config,
			     &end->stream),
	    ERR_OK);
	w->inside = false;
	if (manner == FLOOD)
		end_flood(end);
	return end;
}

struct world *
world_open(enum manner accepts)
{
	static struct world w;
	const struct stream_taker taker = {
	    .on_accept = world_on_accept,
	    .arg = &w,
	};

	w = (struct world){.accepts = accepts};
	assert_int_equal(loop_open(&w.loop), ERR_OK);
	w.watchdog = loop_timer_new(w.loop, on_watchdog, &w);
	w.ticker = loop_timer_new(w.loop, on_tick, &w);
	loop_timer_set(w.watchdog, loop_now_ms() + WATCHDOG_MS);
	assert_int_equal(
	    stream_listen(w.loop, "127.0.0.1", 0, &taker, &w.listener), ERR_OK);
	w.port = stream_listener_port(w.listener);
	return &w;
}

void
world_close(struct world *w)
{
	for (size_t i = 0; i < w->n; i++)
		if (w->ends[i].stream != NULL)
			world_end_close(&w->ends[i]);
	stream_listener_close(w->listener);
	loop_timer_free(w->watchdog);
	loop_timer_free(w->ticker);
	loop_close(w->loop);
	assert_int_equal(w->open, 0);
	for (size_t i = 0; i < w->n; i++) {
		assert_int_equal(w->ends[i].closes, 1);
		assert_int_equal(w->ends[i].after_close, 0);
		buf_fini(&w->ends[i].got);
	}
}

void
world_run(struct world *w)
{
	while (w->open > 0)
		(void)loop_step(w->loop);
}

/* A socket that follows none of our rules. */
int
world_plain(struct world *w)
{
	struct sockaddr_in to = {
	    .sin_family = AF_INET,
	    .sin_port = htons(w->port),
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
	while (w->n == 0)
		(void)loop_step(w->loop);
	loop_timer_set(w->ticker, 0);
	return fd;
}
