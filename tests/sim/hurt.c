/*
 * Bytes that change, come twice, not at all or in another order.  A transport
 * that does this is broken; what it carries must show it.
 */
#include "tests/sim/hurt.h"

#include <string.h>

/* A range of `pipe`, not empty and not all of it. */
static void
range_draw(struct sim *sim, const struct buf *pipe, size_t *from, size_t *n)
{
	*from = sim_below(sim, pipe->n - 1);
	*n = 1 + sim_below(sim, sim_once_in(sim, 2) ? 16 : pipe->n);
	if (*n > pipe->n - 1 - *from)
		*n = pipe->n - 1 - *from;
}

/* Where `pipe` and `old` begin to differ. */
static size_t
first_other(const struct buf *pipe, struct bytes old)
{
	size_t at = 0;

	while (at < pipe->n && at < old.n && pipe->p[at] == old.p[at])
		at++;
	return at;
}

static void
parts_put(struct buf *pipe, const struct bytes parts[4])
{
	struct buf other = {0};

	for (size_t i = 0; i < 4; i++)
		buf_add(&other, parts[i]);
	buf_cut(pipe, 0);
	buf_add(pipe, buf_bytes(&other));
	buf_fini(&other);
}

/* Gives the place of the first byte of `pipe` that is another one now, or of
 * the first that is missing. */
static size_t
bytes_hurt(struct sim *sim, struct buf *pipe)
{
	struct buf copy = {0};
	struct bytes old;
	struct bytes before;
	struct bytes range;
	struct bytes behind;
	struct bytes none = {0};
	uint64_t what = sim_below(sim, 5);
	size_t from = 0;
	size_t n = 0;
	size_t at;

	buf_add(&copy, buf_bytes(pipe));
	old = buf_bytes(&copy);
	if (pipe->n > 2)
		range_draw(sim, pipe, &from, &n);
	before = bytes_first(old, from);
	range = bytes_slice(old, from, n);
	behind = bytes_after(old, from + n);
	if (n > 0 && what == 0) {
		parts_put(
		    pipe, (struct bytes[4]){before, range, range, behind});
		sim->count.doubled++;
	} else if (n > 0 && what == 1) {
		parts_put(pipe, (struct bytes[4]){before, behind, none, none});
		sim->count.missing++;
	} else if (n > 0 && what == 2) {
		size_t k = behind.n < n ? behind.n : n;

		parts_put(
		    pipe, (struct bytes[4]){before, bytes_first(behind, k),
			      range, bytes_after(behind, k)});
		sim->count.swapped++;
	}
	/* Also when two parts that were exchanged are the same. */
	at = first_other(pipe, old);
	if (at == pipe->n && pipe->n == old.n) {
		at = sim_below(sim, pipe->n);
		pipe->p[at] ^= (uint8_t)(1 << sim_below(sim, 8));
		sim->count.flipped++;
	}
	buf_fini(&copy);
	return at;
}

void
hurt_begin(struct sim_wire *wire, unsigned side)
{
	struct buf *pipe = &wire->pipe[1 - side];

	if (!wire->damages || wire->hurt[side] || pipe->n == 0)
		return;
	wire->hurt_at[side] = bytes_hurt(wire->node[side]->sim, pipe);
	wire->hurt[side] = true;
	wire->damages = false;
	wire->damaged = true;
}

enum err
hurt_feed(struct sim_wire *wire, unsigned side, struct bytes in)
{
	struct session *session = wire->session[side];
	uint64_t now_ms = wire->node[side]->sim->now_ms;
	size_t sound = in.n;
	enum err e = ERR_OK;

	if (wire->hurt[side] && wire->hurt_at[side] < in.n)
		sound = wire->hurt_at[side];
	if (wire->hurt[side])
		wire->hurt_at[side] -= sound;
	if (sound > 0)
		e = session_feed(session, bytes_first(in, sound), now_ms);
	if (e != ERR_OK || sound == in.n)
		return e;
	wire->hurt_fed[side] += in.n - sound;
	return session_feed(session, bytes_after(in, sound), now_ms);
}
