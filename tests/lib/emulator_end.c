/*
 * Sessions at the ends of emulated lines.  tests/lib/emulator.c says when
 * something happens to them; time and bytes on their way are its business.
 */
#include "tests/lib/emulator_end.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "net/peer/link.h"

enum { MS_US = 1000 };

static uint64_t
now_ms(const struct emulator_seat *seat)
{
	return seat->emulator->now_us / MS_US;
}

static struct emulator_end *
end_of(const struct emulator_seat *seat)
{
	return &seat->connection->ends[seat->i];
}

void
emulator_end_count(
    const struct emulator_end *end, size_t i, struct emulator_count *count)
{
	struct session_status status = {0};

	if (end->session != NULL)
		session_status(end->session, &status);
	count->deltas_out[i] += status.deltas_out;
	count->deltas_in[i] += status.deltas_in;
	count->dropped[i] += status.dropped;
	count->round_trips += i == 0 ? status.round_trips : 0;
}

void
emulator_end_over(const struct emulator_seat *seat)
{
	struct emulator_end *end = end_of(seat);
	struct session_status status;

	if (end->session == NULL)
		return;
	session_status(end->session, &status);
	seat->connection->useful = seat->connection->useful || status.useful;
	emulator_end_count(end, seat->i, &seat->line->count);
	session_free(end->session);
	end->session = NULL;
}

void
emulator_end_close(const struct emulator_seat *seat, enum err e)
{
	struct emulator_end *end = end_of(seat);

	if (end->finishing)
		return;
	end->finishing = true;
	if (e == ERR_OK)
		return;
	seat->line->count.faults++;
	err_keep(&seat->line->why, e);
}

static void
end_work(const struct emulator_seat *seat)
{
	size_t node = seat->line->nodes[seat->i];
	struct store *store = town_store(seat->emulator->town, node);
	struct session *session = end_of(seat)->session;
	enum err committed;
	enum err e;

	assert_int_equal(store_begin(store, true), ERR_OK);
	e = session_work(session, now_ms(seat));
	if (e != ERR_OK)
		emulator_end_close(seat, e);
	committed = store_commit(store);
	if (committed != ERR_OK)
		print_error("commit: %s\n", err_text());
	assert_int_equal(committed, ERR_OK);
	session_worked(session, e);
	emulator_stir(seat->emulator, node);
}

/* Hands over to the line what it has room for. */
static bool
end_send(const struct emulator_seat *seat)
{
	struct emulator_end *end = end_of(seat);
	struct pipe *pipe = &seat->connection->pipes[1 - seat->i];
	struct bytes out = session_out(end->session);

	/* A farewell goes beyond the room, as it does in link.c. */
	if (out.n > pipe_room(pipe) && !end->finishing)
		out = bytes_first(out, pipe_room(pipe));
	if (seat->connection->broken || out.n == 0)
		return false;
	pipe_add(pipe, out);
	session_sent(end->session, out.n);
	(void)pipe_leave(pipe, &seat->line->shape.pipe, &seat->emulator->prng,
	    seat->emulator->now_us);
	return true;
}

static void
end_tick(const struct emulator_seat *seat)
{
	struct session *session = end_of(seat)->session;
	uint64_t opened_ms = seat->connection->opened_us / MS_US;
	struct session_status status;
	enum err e = ERR_OK;

	session_status(session, &status);
	if (!status.up && now_ms(seat) >= opened_ms + LINK_HANDSHAKE_MS)
		e = err_set(ERR_PEER, "no answer to the handshake");
	else if (session_wake_ms(session) <= now_ms(seat))
		e = session_tick(session, now_ms(seat));
	if (e != ERR_OK)
		emulator_end_close(seat, e);
}

static void
end_fill(const struct emulator_seat *seat)
{
	struct store *store = town_store(
	    seat->emulator->town, seat->line->nodes[seat->i]);
	enum err e;

	assert_int_equal(store_begin(store, false), ERR_OK);
	e = session_fill(end_of(seat)->session, now_ms(seat));
	store_abort(store);
	if (e != ERR_OK)
		emulator_end_close(seat, e);
}

bool
emulator_end_turn(const struct emulator_seat *seat)
{
	struct emulator_end *end = end_of(seat);
	bool moved = false;

	end->stirred = false;
	if (!end->finishing)
		end_tick(seat);
	if (!end->finishing && session_has_work(end->session)) {
		end_work(seat);
		moved = true;
	}
	if (!end->finishing && !session_is_done(end->session))
		end_fill(seat);
	if (session_is_done(end->session))
		emulator_end_close(seat, ERR_OK);
	if (end_send(seat))
		moved = true;
	end->stirred = end->stirred || moved;
	end->wake_us = session_wake_ms(end->session);
	if (end->wake_us < UINT64_MAX)
		end->wake_us *= MS_US;
	return moved;
}

bool
emulator_end_finish(const struct emulator_seat *seat)
{
	struct emulator_seat across = *seat;
	struct emulator_end *end = end_of(seat);
	const struct emulator_end *other;

	across.i = 1 - seat->i;
	other = end_of(&across);
	if (!pipe_is_empty(&seat->connection->pipes[across.i]))
		return false;
	end->well = session_is_done(end->session);
	emulator_end_over(seat);
	/* The other one reads the end of the stream. */
	if (other->session != NULL && !other->finishing &&
	    !session_has_work(other->session))
		emulator_end_close(
		    &across, session_is_done(other->session)
				 ? ERR_OK
				 : err_set(ERR_PEER, "the link was closed"));
	return true;
}
