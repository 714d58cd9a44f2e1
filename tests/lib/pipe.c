/*
 * Bytes on their way.  tests/lib/emulator.c has two for each connection.
 */
#include "tests/lib/pipe.h"

#include "proto/mem.h"

enum { PIPE_MS_US = 1000, PIPE_S_US = 1000 * 1000 };

/* When the next silence begins; never, if there is none. */
static uint64_t
stall_draw(const struct pipe_shape *shape, struct prng *prng, uint64_t after_us)
{
	if (shape->stall_every_ms == 0 || shape->stall_ms == 0)
		return UINT64_MAX;
	return after_us +
	       prng_below(prng, 2 * shape->stall_every_ms * PIPE_MS_US);
}

void
pipe_init(struct pipe *pipe, const struct pipe_shape *shape, struct prng *prng,
    uint64_t now_us)
{
	*pipe = (struct pipe){.free_us = now_us};
	pipe->stall_us = stall_draw(shape, prng, now_us);
}

void
pipe_fini(struct pipe *pipe)
{
	buf_fini(&pipe->bytes);
	mem_free(pipe->packets);
	*pipe = (struct pipe){0};
}

size_t
pipe_room(const struct pipe *pipe)
{
	return pipe->waiting_n < PIPE_BUFFER_BYTES
		   ? PIPE_BUFFER_BYTES - pipe->waiting_n
		   : 0;
}

void
pipe_add(struct pipe *pipe, struct bytes b)
{
	buf_add(&pipe->bytes, b);
	pipe->waiting_n += b.n;
}

/* When what leaves the line at free_us arrives. */
static uint64_t
arrival_us(struct pipe *pipe, const struct pipe_shape *shape, struct prng *prng)
{
	uint64_t at_us = pipe->free_us + shape->delay_ms * PIPE_MS_US;

	if (at_us >= pipe->stall_us) {
		uint64_t end_us = pipe->stall_us +
				  prng_below(
				      prng, shape->stall_ms * PIPE_MS_US);

		if (at_us < end_us)
			at_us = end_us;
		pipe->stall_us = stall_draw(shape, prng, at_us);
	}
	return at_us < pipe->last_us ? pipe->last_us : at_us;
}

static void
packet_put(struct pipe *pipe, struct pipe_packet packet)
{
	size_t room = pipe->room;

	if (pipe->n == room) {
		mem_room(&pipe->packets, &pipe->room, 2 * room + 8,
		    sizeof(*pipe->packets));
		/* What went round to the beginning goes on behind the end. */
		for (size_t i = 0; i < pipe->first; i++)
			pipe->packets[room + i] = pipe->packets[i];
	}
	pipe->packets[(pipe->first + pipe->n) % pipe->room] = packet;
	pipe->n++;
}

bool
pipe_leave(struct pipe *pipe, const struct pipe_shape *shape, struct prng *prng,
    uint64_t now_us)
{
	bool left = false;

	while (pipe->waiting_n > 0 && pipe->free_us <= now_us) {
		struct pipe_packet packet = {.n = PIPE_PACKET_BYTES};

		if (pipe->waiting_n < packet.n)
			packet.n = pipe->waiting_n;
		pipe->free_us = now_us;
		if (shape->rate_bytes_s > 0)
			pipe->free_us += (packet.n + PIPE_HEAD_BYTES) *
					 PIPE_S_US / shape->rate_bytes_s;
		packet.at_us = arrival_us(pipe, shape, prng);
		pipe->last_us = packet.at_us;
		packet_put(pipe, packet);
		pipe->waiting_n -= packet.n;
		pipe->left_bytes += packet.n + PIPE_HEAD_BYTES;
		left = true;
	}
	return left && pipe->waiting_n <= PIPE_BUFFER_BYTES / 2;
}

struct bytes
pipe_arrived(const struct pipe *pipe, uint64_t now_us)
{
	if (pipe->n == 0 || pipe->packets[pipe->first].at_us > now_us)
		return (struct bytes){0};
	return bytes_first(
	    buf_bytes(&pipe->bytes), pipe->packets[pipe->first].n);
}

void
pipe_drop(struct pipe *pipe)
{
	size_t n;

	assert(pipe->n > 0);
	n = pipe->packets[pipe->first].n;
	buf_drop(&pipe->bytes, n);
	pipe->arrived_bytes += n;
	pipe->first = (pipe->first + 1) % pipe->room;
	pipe->n--;
}

void
pipe_break(struct pipe *pipe, bool all)
{
	buf_cut(&pipe->bytes, pipe->bytes.n - pipe->waiting_n);
	pipe->waiting_n = 0;
	if (all) {
		buf_cut(&pipe->bytes, 0);
		pipe->n = 0;
	}
}

bool
pipe_is_empty(const struct pipe *pipe)
{
	return pipe->n == 0 && pipe->waiting_n == 0;
}

uint64_t
pipe_next_us(const struct pipe *pipe)
{
	uint64_t at_us = UINT64_MAX;

	if (pipe->n > 0)
		at_us = pipe->packets[pipe->first].at_us;
	if (pipe->waiting_n > 0 && pipe->free_us < at_us)
		at_us = pipe->free_us;
	return at_us;
}
