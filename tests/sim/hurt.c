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

size_t
hurt_bytes(struct sim *sim, struct buf *pipe)
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
	} else {
		pipe->p[sim_below(sim, pipe->n)] ^= (uint8_t)(1 << sim_below(
								  sim, 8));
		sim->count.flipped++;
	}
	at = first_other(pipe, old);
	buf_fini(&copy);
	return at;
}

void
hurt_count(struct sim_wire *wire, unsigned side, size_t n)
{
	size_t sound = n < wire->hurt_at[side] ? n : wire->hurt_at[side];

	if (!wire->hurt[side])
		return;
	wire->hurt_at[side] -= sound;
	wire->hurt_fed[side] += n - sound;
}
