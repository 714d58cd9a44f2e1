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
#include "net/peer/link.h"
#include "proto/mem.h"

enum {
	MS_US = 1000,
	S_US = 1000 * 1000,
	/* A full segment, and the heads of IP and TCP before it. */
	PACKET_BYTES = 1400,
	PACKET_HEAD_BYTES = 52,
	/* What a system takes from us before it left. */
	BUFFER_BYTES = 16 * 1024,
	/* Rounds at one moment: more never come to rest. */
	ROUNDS_MAX = 100000,
};

static bool turn(struct emulator *emulator);
static bool connection_turn(struct emulator *emulator,
    struct emulator_line *line, struct emulator_connection *connection);
static void line_dial(struct emulator *emulator, struct emulator_line *line);
static void line_ended(
    struct emulator *emulator, struct emulator_line *line, bool well);
static void connection_break(struct emulator *emulator,
    struct emulator_line *line, struct emulator_connection *connection);
static void connection_free(
    struct emulator_line *line, struct emulator_connection *connection);
static bool arrive(struct emulator *emulator, struct emulator_line *line,
    struct emulator_connection *connection, size_t i);
static bool leave(struct emulator *emulator, struct emulator_line *line,
    struct emulator_way *way, size_t to);
static bool end_turn(struct emulator *emulator, struct emulator_line *line,
    struct emulator_connection *connection, size_t i);
static void end_work(struct emulator *emulator, struct emulator_line *line,
    struct emulator_end *end, size_t node);
static void end_close(
    struct emulator_line *line, struct emulator_end *end, enum err e);
static void end_over(
    struct emulator_line *line, struct emulator_end *end, size_t i);
static uint64_t next_us(const struct emulator *emulator);
static bool is_settled(const struct emulator *emulator);

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
	uint64_t cut_ms = line->shape.cut_after_ms;

	for (size_t k = 0; k < EMULATOR_CONNECTIONS_MAX; k++)
		if (!line->connections[k].used)
			c = &line->connections[k];
	assert_non_null(c);
	*c = (struct emulator_connection){
	    .used = true, .opened_us = emulator->now_us};
	c->break_us = draw_us(emulator, line->shape.reset_every_ms);
	if (cut_ms > 0 && emulator->now_us + cut_ms * MS_US < c->break_us)
		c->break_us = emulator->now_us + cut_ms * MS_US;
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
		c->ways[i].free_us = emulator->now_us +
				     2 * line->shape.delay_ms * MS_US;
		c->ways[i].stall_us = draw_us(
		    emulator, line->shape.stall_every_ms);
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
	if (age_us >= BOOK_GOOD_MS * (uint64_t)MS_US)
		line->attempt = 0;
	line->dial_us = emulator->now_us;
	if (!line->shape.eager)
		line->dial_us += book_wait_ms(
				     line->attempt, prng_u64(&emulator->prng)) *
				 MS_US;
}

/* Takes what a session counted, and frees it. */
static void
end_over(struct emulator_line *line, struct emulator_end *end, size_t i)
{
	struct session_status status;

	if (end->session == NULL)
		return;
	session_status(end->session, &status);
	line->count.deltas_out[i] += status.deltas_out;
	line->count.deltas_in[i] += status.deltas_in;
	line->count.dropped[i] += status.dropped;
	if (i == 0)
		line->count.round_trips += status.round_trips;
	session_free(end->session);
	end->session = NULL;
}

static void
connection_free(
    struct emulator_line *line, struct emulator_connection *connection)
{
	for (size_t i = 0; i < 2; i++) {
		end_over(line, &connection->ends[i], i);
		buf_fini(&connection->ways[i].bytes);
		mem_free(connection->ways[i].packets);
	}
	*connection = (struct emulator_connection){0};
}

/* Nothing of what is on its way arrives. */
static void
way_drop(struct emulator_way *way)
{
	buf_cut(&way->bytes, 0);
	way->waiting_n = 0;
	way->n = 0;
}

/* What has not left yet never does. */
static void
way_break(struct emulator_way *way)
{
	buf_cut(&way->bytes, way->bytes.n - way->waiting_n);
	way->waiting_n = 0;
}

static void
connection_break(struct emulator *emulator, struct emulator_line *line,
    struct emulator_connection *connection)
{
	line->count.breaks++;
	end_over(line, &connection->ends[0], 0);
	if (line->newest == connection)
		line_ended(emulator, line, false);
	if (line->shape.half_open) {
		connection->broken = true;
		connection->break_us = UINT64_MAX;
		for (size_t i = 0; i < 2; i++)
			way_break(&connection->ways[i]);
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

/* When a packet of `n` bytes that leaves now arrives. */
static uint64_t
arrival_us(struct emulator *emulator, const struct emulator_shape *shape,
    struct emulator_way *way)
{
	uint64_t at_us = way->free_us + shape->delay_ms * MS_US;

	if (at_us >= way->stall_us) {
		uint64_t end_us = way->stall_us +
				  prng_below(&emulator->prng,
				      shape->stall_ms * MS_US + 1);

		if (at_us < end_us)
			at_us = end_us;
		way->stall_us = at_us +
				prng_below(&emulator->prng,
				    2 * shape->stall_every_ms * MS_US + 1);
	}
	return at_us < way->last_us ? way->last_us : at_us;
}

/* Lets packets leave on the way to end `to` while the line is free; true when
 * there is room for more. */
static bool
leave(struct emulator *emulator, struct emulator_line *line,
    struct emulator_way *way, size_t to)
{
	const struct emulator_shape *shape = &line->shape;
	bool left = false;

	while (way->waiting_n > 0 && way->free_us <= emulator->now_us) {
		size_t n = way->waiting_n < PACKET_BYTES ? way->waiting_n
							 : PACKET_BYTES;
		struct emulator_packet packet = {.n = n};

		way->free_us = emulator->now_us;
		if (shape->rate_bytes_s > 0)
			way->free_us += (n + PACKET_HEAD_BYTES) * S_US /
					shape->rate_bytes_s;
		packet.at_us = arrival_us(emulator, shape, way);
		way->last_us = packet.at_us;
		if (way->n == way->room) {
			size_t room = way->room;

			mem_room(&way->packets, &way->room, way->n + 1,
			    sizeof(*way->packets));
			/* What wrapped around goes behind its beginning. */
			for (size_t i = 0; i < way->first; i++)
				way->packets[room + i] = way->packets[i];
		}
		way->packets[(way->first + way->n++) % way->room] = packet;
		way->waiting_n -= n;
		line->count.left_bytes[1 - to] += n + PACKET_HEAD_BYTES;
		left = true;
	}
	return left && way->waiting_n <= BUFFER_BYTES / 2;
}

/* Hands to end `i` what has arrived; true when anything happened. */
static bool
arrive(struct emulator *emulator, struct emulator_line *line,
    struct emulator_connection *connection, size_t i)
{
	struct emulator_way *way = &connection->ways[i];
	struct emulator_end *end = &connection->ends[i];
	uint64_t cut = connection->broken ? 0 : line->shape.cut_bytes[i];
	bool moved = false;

	while (way->n > 0 &&
	       way->packets[way->first].at_us <= emulator->now_us &&
	       (end->session == NULL || end->finishing ||
		   session_wants_input(end->session))) {
		size_t n = way->packets[way->first].n;
		enum err e = ERR_OK;

		if (cut > 0 && n > cut - way->arrived_bytes)
			n = (size_t)(cut - way->arrived_bytes);
		way->arrived_bytes += n;
		line->count.arrived_bytes[i] += n;
		if (end->session != NULL && !end->finishing && n > 0)
			e = session_feed(end->session,
			    bytes_first(buf_bytes(&way->bytes), n),
			    now_ms(emulator));
		end->stirred = true;
		moved = true;
		if (e != ERR_OK)
			end_close(line, end, e);
		if (cut > 0 && way->arrived_bytes == cut) {
			way_drop(way);
			connection_break(emulator, line, connection);
			return true;
		}
		buf_drop(&way->bytes, way->packets[way->first].n);
		way->first = (way->first + 1) % way->room;
		way->n--;
	}
	return moved;
}

/* ---- sessions -------------------------------------------------------------
 */

/* The session of end `i` has failed with `e`, or has nothing more to say. */
static void
end_close(struct emulator_line *line, struct emulator_end *end, enum err e)
{
	if (end->finishing)
		return;
	end->finishing = true;
	if (e == ERR_OK)
		return;
	line->count.faults++;
	err_keep(&line->why, e);
}

static void
end_work(struct emulator *emulator, struct emulator_line *line,
    struct emulator_end *end, size_t node)
{
	struct store *store = town_store(emulator->town, node);
	enum err e;
	enum err committed;

	assert_int_equal(store_begin(store, true), ERR_OK);
	e = session_work(end->session, now_ms(emulator));
	if (e != ERR_OK)
		end_close(line, end, e);
	committed = store_commit(store);
	if (committed != ERR_OK)
		print_error("commit: %s\n", err_text());
	assert_int_equal(committed, ERR_OK);
	session_worked(end->session, e);
	emulator_stir(emulator, node);
}

/* Hands over to the line what it has room for. */
static bool
end_send(struct emulator *emulator, struct emulator_line *line,
    struct emulator_connection *connection, size_t i)
{
	struct emulator_end *end = &connection->ends[i];
	struct emulator_way *way = &connection->ways[1 - i];
	struct bytes out = session_out(end->session);
	size_t room = way->waiting_n < BUFFER_BYTES
			  ? BUFFER_BYTES - way->waiting_n
			  : 0;

	/* A farewell goes beyond the room, as it does in link.c. */
	if (out.n > room && !end->finishing)
		out = bytes_first(out, room);
	if (connection->broken || out.n == 0)
		return false;
	buf_add(&way->bytes, out);
	way->waiting_n += out.n;
	session_sent(end->session, out.n);
	(void)leave(emulator, line, way, 1 - i);
	return true;
}

static void
end_tick(struct emulator *emulator, struct emulator_line *line,
    struct emulator_connection *connection, struct emulator_end *end)
{
	struct session_status status;
	uint64_t age_us = emulator->now_us - connection->opened_us;
	enum err e = ERR_OK;

	session_status(end->session, &status);
	if (!status.up && age_us >= LINK_HANDSHAKE_MS * (uint64_t)MS_US)
		e = err_set(ERR_PEER, "no answer to the handshake");
	else if (session_wake_ms(end->session) <= now_ms(emulator))
		e = session_tick(end->session, now_ms(emulator));
	if (e != ERR_OK)
		end_close(line, end, e);
}

/* One turn of a session to which something happened. */
static bool
end_turn(struct emulator *emulator, struct emulator_line *line,
    struct emulator_connection *connection, size_t i)
{
	struct emulator_end *end = &connection->ends[i];
	size_t node = line->nodes[i];
	struct store *store = town_store(emulator->town, node);
	bool moved = false;

	end->stirred = false;
	if (!end->finishing)
		end_tick(emulator, line, connection, end);
	if (!end->finishing && session_has_work(end->session)) {
		end_work(emulator, line, end, node);
		moved = true;
	}
	if (!end->finishing && !session_is_done(end->session)) {
		enum err e;

		assert_int_equal(store_begin(store, false), ERR_OK);
		e = session_fill(end->session, now_ms(emulator));
		store_abort(store);
		if (e != ERR_OK)
			end_close(line, end, e);
	}
	if (session_is_done(end->session))
		end_close(line, end, ERR_OK);
	if (end_send(emulator, line, connection, i))
		moved = true;
	end->stirred = end->stirred || moved;
	end->wake_us = session_wake_ms(end->session);
	if (end->wake_us < UINT64_MAX)
		end->wake_us *= MS_US;
	return moved;
}

/* A session that has ended waits until its last words have left; then the other
 * end hears of it behind them. */
static bool
end_finish(struct emulator *emulator, struct emulator_line *line,
    struct emulator_connection *connection, size_t i)
{
	struct emulator_end *end = &connection->ends[i];
	struct emulator_end *other = &connection->ends[1 - i];
	bool well = session_is_done(end->session);
	bool newest = line->newest == connection;

	if (connection->ways[1 - i].n > 0 ||
	    connection->ways[1 - i].waiting_n > 0)
		return false;
	end_over(line, end, i);
	/* The other one reads the end of the stream. */
	if (other->session != NULL && !other->finishing &&
	    !session_has_work(other->session)) {
		bool done = session_is_done(other->session);

		end_close(line, other,
		    done ? ERR_OK : err_set(ERR_PEER, "the link was closed"));
	}
	if (i == 0 && newest)
		line_ended(emulator, line, well);
	return true;
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

		if (leave(emulator, line, &connection->ways[1 - i], 1 - i))
			end->stirred = true;
		if (arrive(emulator, line, connection, i))
			moved = true;
		if (!connection->used)
			return true;
		if (end->session == NULL)
			continue;
		if ((end->stirred || end->wake_us <= emulator->now_us) &&
		    end_turn(emulator, line, connection, i))
			moved = true;
		if (end->finishing && end_finish(emulator, line, connection, i))
			moved = true;
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
sooner(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t
connection_next_us(const struct emulator_connection *c)
{
	uint64_t at_us = c->break_us;

	for (size_t i = 0; i < 2; i++) {
		const struct emulator_way *way = &c->ways[i];

		if (way->n > 0)
			at_us = sooner(at_us, way->packets[way->first].at_us);
		if (way->waiting_n > 0)
			at_us = sooner(at_us, way->free_us);
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
			if (c->ends[k].session == NULL || c->ways[k].n > 0 ||
			    c->ways[k].waiting_n > 0 ||
			    !session_is_idle(c->ends[k].session))
				return false;
	}
	return true;
}

/* Goes on until `end_us`, or until all is settled if that is wanted. */
static bool
run(struct emulator *emulator, uint64_t end_us, bool settle)
{
	for (;;) {
		uint64_t at_us;
		int rounds = 0;

		while (turn(emulator))
			assert_true(rounds++ < ROUNDS_MAX);
		if (settle && is_settled(emulator))
			return true;
		at_us = next_us(emulator);
		if (at_us > end_us) {
			emulator->now_us = end_us;
			return false;
		}
		/* What is due already waits for something else to happen. */
		emulator->now_us = at_us > emulator->now_us
				       ? at_us
				       : emulator->now_us + MS_US;
	}
}

bool
emulator_run(struct emulator *emulator, uint64_t limit_ms)
{
	for (size_t i = 0; i < emulator->town->n; i++)
		emulator_stir(emulator, i);
	return run(emulator, emulator->now_us + limit_ms * MS_US, true);
}

void
emulator_pass(struct emulator *emulator, uint64_t time_ms)
{
	for (size_t i = 0; i < emulator->town->n; i++)
		emulator_stir(emulator, i);
	(void)run(emulator, emulator->now_us + time_ms * MS_US, false);
}

struct emulator_count
emulator_count(const struct emulator *emulator, size_t i)
{
	const struct emulator_line *line = &emulator->lines[i];
	struct emulator_count count = line->count;

	if (line->newest != NULL)
		count.up_us += emulator->now_us - line->newest->opened_us;
	for (size_t k = 0; k < EMULATOR_CONNECTIONS_MAX; k++) {
		for (size_t side = 0; side < 2; side++) {
			const struct emulator_end *end =
			    &line->connections[k].ends[side];
			struct session_status status;

			if (end->session == NULL)
				continue;
			session_status(end->session, &status);
			count.deltas_out[side] += status.deltas_out;
			count.deltas_in[side] += status.deltas_in;
			count.dropped[side] += status.dropped;
			if (side == 0)
				count.round_trips += status.round_trips;
		}
	}
	return count;
}
