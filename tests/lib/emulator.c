/*
 * Lines with a clock of their own.  Tests over bad links run on it; what a real
 * node's link, hub and dialer do for their sessions is done here by hand, one
 * event after the other.
 */
#include "tests/lib/emulator.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "net/peer/book.h"
#include "tests/lib/emulator_end.h"

enum {
	MS_US = 1000,
	/* Rounds at one moment: more never come to rest. */
	ROUNDS_MAX = 100000,
};

static void connection_free(
    struct emulator_line *line, struct emulator_connection *connection);

static uint64_t
sooner(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t
now_ms(const struct emulator *emulator)
{
	return emulator->now_us / MS_US;
}

/* A time around `mean_ms`, from now on; never when that is 0. */
static uint64_t
draw_us(struct emulator *emulator, uint64_t mean_ms)
{
	if (mean_ms == 0)
		return UINT64_MAX;
	return emulator->now_us +
	       prng_below(&emulator->prng, 2 * mean_ms * MS_US);
}

void
emulator_init(struct emulator *emulator, struct town *town, uint64_t seed)
{
	*emulator = (struct emulator){
	    .town = town, .prng = {.seed = seed}, .began_ms = town->now_ms};
}

void
emulator_fini(struct emulator *emulator)
{
	for (size_t i = 0; i < emulator->n; i++)
		for (size_t k = 0; k < EMULATOR_CONNECTIONS_MAX; k++)
			connection_free(&emulator->lines[i],
			    &emulator->lines[i].connections[k]);
	squeeze_fini(&emulator->squeeze);
}

size_t
emulator_line(struct emulator *emulator, size_t a, size_t b,
    const struct emulator_shape *shape)
{
	size_t i = emulator->n++;

	assert_true(i < EMULATOR_LINES_MAX);
	emulator->lines[i] = (struct emulator_line){
	    .nodes = {a, b}, .shape = *shape, .dial_us = emulator->now_us};
	return i;
}

static void
line_dial(struct emulator *emulator, struct emulator_line *line)
{
	struct emulator_connection *c = NULL;

	for (size_t k = 0; k < EMULATOR_CONNECTIONS_MAX; k++)
		if (!line->connections[k].used)
			c = &line->connections[k];
	assert_non_null(c);
	*c = (struct emulator_connection){
	    .used = true, .opened_us = emulator->now_us};
	c->break_us = draw_us(emulator, line->shape.reset_every_ms);
	if (line->shape.cut_after_ms > 0)
		c->break_us = sooner(c->break_us,
		    emulator->now_us + line->shape.cut_after_ms * MS_US);
	for (size_t i = 0; i < 2; i++) {
		c->ends[i].stirred = true;
		c->ends[i].session = session_new(
		    &(struct session_config){.initiator = i == 0,
			.once = !line->shape.live,
			.store = town_store(emulator->town, line->nodes[i]),
			.host = &emulator->town->host,
			.squeeze = &emulator->squeeze,
			.now_ms = now_ms(emulator)});
		/* The connection itself takes a round trip. */
		pipe_init(&c->pipes[i], &line->shape.pipe, &emulator->prng,
		    emulator->now_us + 2 * line->shape.pipe.delay_ms * MS_US);
	}
	line->newest = c;
	line->attempt++;
	line->count.connections++;
}

/* The connection of `line` ended at the end that dials. */
static void
line_ended(struct emulator *emulator, struct emulator_line *line, bool well)
{
	struct emulator_connection *c = line->newest;
	uint64_t age_us = emulator->now_us - c->opened_us;

	line->newest = NULL;
	line->count.up_us += age_us;
	line->done = line->done || well;
	if (c->useful || age_us >= BOOK_GOOD_MS * (uint64_t)MS_US)
		line->attempt = 0;
	line->dial_us = emulator->now_us;
	if (!line->shape.eager)
		line->dial_us += book_wait_ms(
				     line->attempt, prng_u64(&emulator->prng)) *
				 MS_US;
}

/* Adds what the two of a connection have counted, and what it carried. */
static void
connection_count(
    const struct emulator_connection *connection, struct emulator_count *count)
{
	for (size_t i = 0; i < 2; i++) {
		emulator_end_count(&connection->ends[i], i, count);
		count->left_bytes[i] += connection->pipes[1 - i].left_bytes;
		count->arrived_bytes[i] += connection->pipes[i].arrived_bytes;
	}
}

static void
connection_free(
    struct emulator_line *line, struct emulator_connection *connection)
{
	connection_count(connection, &line->count);
	for (size_t i = 0; i < 2; i++) {
		session_free(connection->ends[i].session);
		pipe_fini(&connection->pipes[i]);
	}
	*connection = (struct emulator_connection){0};
}

static void
connection_break(struct emulator *emulator, struct emulator_line *line,
    struct emulator_connection *connection)
{
	line->count.breaks++;
	emulator_end_over(
	    &(struct emulator_seat){emulator, line, connection, 0});
	if (line->newest == connection)
		line_ended(emulator, line, false);
	if (line->shape.half_open) {
		connection->broken = true;
		connection->break_us = UINT64_MAX;
		for (size_t i = 0; i < 2; i++)
			pipe_break(&connection->pipes[i], false);
	} else {
		connection_free(line, connection);
	}
}

void
emulator_cut(struct emulator *emulator, size_t i)
{
	struct emulator_line *line = &emulator->lines[i];

	if (line->newest != NULL)
		connection_break(emulator, line, line->newest);
}

void
emulator_part(struct emulator *emulator, size_t i)
{
	emulator_cut(emulator, i);
	emulator->lines[i].done = true;
}

void
emulator_dial(struct emulator *emulator, size_t i)
{
	emulator->lines[i].done = false;
	emulator->lines[i].attempt = 0;
	emulator->lines[i].dial_us = emulator->now_us;
}

void
emulator_stir(struct emulator *emulator, size_t node)
{
	for (size_t i = 0; i < emulator->n; i++) {
		struct emulator_line *line = &emulator->lines[i];

		for (size_t k = 0; k < EMULATOR_CONNECTIONS_MAX; k++)
			for (size_t side = 0; side < 2; side++)
				if (line->nodes[side] == node)
					line->connections[k]
					    .ends[side]
					    .stirred = true;
	}
}

/* ---- bytes on their way ---------------------------------------------------
 */

/* Hands to end `i` what has arrived; true when anything happened. */
static bool
arrive(struct emulator *emulator, struct emulator_line *line,
    struct emulator_connection *connection, size_t i)
{
	struct pipe *pipe = &connection->pipes[i];
	struct emulator_end *end = &connection->ends[i];
	uint64_t cut = connection->broken ? 0 : line->shape.cut_bytes[i];
	bool moved = false;
	struct bytes in;

	while ((end->session == NULL || end->finishing ||
		   session_wants_input(end->session)) &&
	       (in = pipe_arrived(pipe, emulator->now_us)).n > 0) {
		bool cuts = cut > 0 && in.n >= cut - pipe->arrived_bytes;
		enum err e = ERR_OK;

		if (cuts)
			in = bytes_first(in, cut - pipe->arrived_bytes);
		if (end->session != NULL && !end->finishing)
			e = session_feed(end->session, in, now_ms(emulator));
		pipe_drop(pipe);
		end->stirred = true;
		moved = true;
		if (e != ERR_OK)
			emulator_end_close(&(struct emulator_seat){emulator,
					       line, connection, i},
			    e);
		if (cuts) {
			pipe_break(pipe, true);
			connection_break(emulator, line, connection);
			return true;
		}
	}
	return moved;
}

static bool
connection_turn(struct emulator *emulator, struct emulator_line *line,
    struct emulator_connection *connection)
{
	bool moved = false;

	if (connection->break_us <= emulator->now_us) {
		connection_break(emulator, line, connection);
		return true;
	}
	for (size_t i = 0; i < 2; i++) {
		struct emulator_end *end = &connection->ends[i];
		const struct emulator_seat seat = {
		    emulator, line, connection, i};

		if (pipe_leave(&connection->pipes[1 - i], &line->shape.pipe,
			&emulator->prng, emulator->now_us))
			end->stirred = true;
		if (arrive(emulator, line, connection, i))
			moved = true;
		if (!connection->used)
			return true;
		if (end->session == NULL)
			continue;
		if ((end->stirred || end->wake_us <= emulator->now_us) &&
		    emulator_end_turn(&seat))
			moved = true;
		if (!end->finishing || !emulator_end_finish(&seat))
			continue;
		moved = true;
		if (i == 0 && line->newest == connection)
			line_ended(emulator, line, end->well);
	}
	if (connection->ends[0].session == NULL &&
	    connection->ends[1].session == NULL) {
		if (line->newest == connection)
			line_ended(emulator, line, false);
		connection_free(line, connection);
		return true;
	}
	return moved;
}

/* ---- time -----------------------------------------------------------------
 */

/* The oldest connection makes room for the newest, as node.c does it. */
static void
line_overtake(struct emulator_line *line)
{
	struct emulator_connection *oldest = NULL;

	for (size_t k = 0; k < EMULATOR_CONNECTIONS_MAX; k++) {
		struct emulator_connection *c = &line->connections[k];

		if (!c->used)
			return;
		if (oldest == NULL || c->opened_us < oldest->opened_us)
			oldest = c;
	}
	connection_free(line, oldest);
}

/* Everything that happens now, once. */
static bool
turn(struct emulator *emulator)
{
	bool moved = false;

	emulator->town->now_ms = emulator->began_ms + now_ms(emulator);
	for (size_t i = 0; i < emulator->n; i++) {
		struct emulator_line *line = &emulator->lines[i];

		if (!line->done && line->newest == NULL &&
		    line->dial_us <= emulator->now_us) {
			line_overtake(line);
			line_dial(emulator, line);
			moved = true;
		}
		for (size_t k = 0; k < EMULATOR_CONNECTIONS_MAX; k++)
			if (line->connections[k].used &&
			    connection_turn(
				emulator, line, &line->connections[k]))
				moved = true;
	}
	return moved;
}

static uint64_t
connection_next_us(const struct emulator_connection *c)
{
	uint64_t at_us = c->break_us;

	for (size_t i = 0; i < 2; i++) {
		at_us = sooner(at_us, pipe_next_us(&c->pipes[i]));
		if (c->ends[i].session != NULL)
			at_us = sooner(at_us, c->ends[i].wake_us);
	}
	return at_us;
}

/* When something happens next. */
static uint64_t
next_us(const struct emulator *emulator)
{
	uint64_t at_us = UINT64_MAX;

	for (size_t i = 0; i < emulator->n; i++) {
		const struct emulator_line *line = &emulator->lines[i];

		if (!line->done && line->newest == NULL)
			at_us = sooner(at_us, line->dial_us);
		for (size_t k = 0; k < EMULATOR_CONNECTIONS_MAX; k++)
			if (line->connections[k].used)
				at_us = sooner(at_us,
				    connection_next_us(&line->connections[k]));
	}
	return at_us;
}

static bool
is_settled(const struct emulator *emulator)
{
	for (size_t i = 0; i < emulator->n; i++) {
		const struct emulator_line *line = &emulator->lines[i];
		const struct emulator_connection *c = line->newest;

		if (line->done && c == NULL)
			continue;
		if (!line->shape.live || c == NULL)
			return false;
		for (size_t k = 0; k < 2; k++)
			if (c->ends[k].session == NULL ||
			    !pipe_is_empty(&c->pipes[k]) ||
			    !session_is_idle(c->ends[k].session))
				return false;
	}
	return true;
}

/* What to wait for, besides the end of the time. */
struct goal {
	bool settle;
	const struct emulator_line *broken;
};

static bool
is_reached(const struct emulator *emulator, const struct goal *goal)
{
	return (goal->settle && is_settled(emulator)) ||
	       (goal->broken != NULL && goal->broken->count.breaks > 0);
}

static bool
run(struct emulator *emulator, uint64_t end_us, const struct goal *goal)
{
	/* What was written in between is news to all sessions. */
	for (size_t i = 0; i < emulator->town->n; i++)
		emulator_stir(emulator, i);
	for (;;) {
		uint64_t at_us;
		int rounds = 0;

		while (turn(emulator))
			assert_true(rounds++ < ROUNDS_MAX);
		if (is_reached(emulator, goal))
			return true;
		at_us = next_us(emulator);
		/* What is due already waits for something else to happen. */
		if (at_us <= emulator->now_us)
			at_us = emulator->now_us + MS_US;
		emulator->now_us = sooner(at_us, end_us);
		if (at_us > end_us)
			return false;
	}
}

bool
emulator_run(struct emulator *emulator, uint64_t limit_ms)
{
	return run(emulator, emulator->now_us + limit_ms * MS_US,
	    &(struct goal){.settle = true});
}

void
emulator_until_break(struct emulator *emulator, size_t i, uint64_t limit_ms)
{
	(void)run(emulator, emulator->now_us + limit_ms * MS_US,
	    &(struct goal){.settle = true, .broken = &emulator->lines[i]});
}

void
emulator_pass(struct emulator *emulator, uint64_t time_ms)
{
	(void)run(
	    emulator, emulator->now_us + time_ms * MS_US, &(struct goal){0});
}

struct emulator_count
emulator_count(const struct emulator *emulator, size_t i)
{
	const struct emulator_line *line = &emulator->lines[i];
	struct emulator_count count = line->count;

	if (line->newest != NULL)
		count.up_us += emulator->now_us - line->newest->opened_us;
	for (size_t k = 0; k < EMULATOR_CONNECTIONS_MAX; k++)
		if (line->connections[k].used)
			connection_count(&line->connections[k], &count);
	return count;
}
