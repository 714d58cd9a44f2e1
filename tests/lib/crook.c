/*
 * Peers that a node must bear: each begins as an honest session does, with the
 * sessions and channels of the product, and then goes its own way with the
 * bytes.
 */
#include "tests/lib/crook.h"

#include <string.h>

#include "net/peer/channel.h"
#include "proto/mem.h"
#include "proto/msg.h"

enum { PACKED_PINGS = 20 * 1000, PINGS = 500, NOISE_BYTES = 40 * 1000 };

static void pump(struct crook *crook);
static void pump_session(struct crook *crook);
static void pump_channel(struct crook *crook);

static void
on_read(void *arg, struct bytes in)
{
	struct crook *crook = arg;

	crook->in_bytes += in.n;
	if (crook->session != NULL) {
		/* What the node says against it is of no interest. */
		(void)!session_feed(crook->session, in, loop_now_ms());
		hub_wake(crook->member);
	} else {
		(void)!channel_feed(crook->channel, in);
	}
	pump(crook);
}

static void
on_event(void *arg)
{
	pump(arg);
}

static void
on_end(void *arg)
{
	crook_leave(arg);
}

static void
on_close(void *arg, const struct fault *why)
{
	struct crook *crook = arg;

	(void)why;
	crook->stream = NULL;
}

static void
on_turn(void *arg, enum err e)
{
	(void)e;
	pump(arg);
}

void
crook_dial(struct crook *crook, enum crook_kind kind, struct loop *loop,
    struct crowd *crowd, struct crowd_centre *centre, uint16_t port)
{
	struct stream_config streams = {.queue_size = LIMIT_QUEUE_SIZE,
	    .on_connect = on_event,
	    .on_read = on_read,
	    .on_end = on_end,
	    .on_room = on_event,
	    .on_close = on_close,
	    .arg = crook};

	*crook = (struct crook){.kind = kind};
	if (kind == CROOK_FLOOD || kind == CROOK_NOISE) {
		struct channel_config config = {.initiator = true,
		    .identity = store_identity(centre->store),
		    .squeeze = &crook->squeeze};

		prng_fill(&crowd->prng, config.ephemeral.b,
		    sizeof(config.ephemeral.b));
		crook->channel = channel_new(&config);
	} else {
		crook->hub = hub_new(loop, centre->store, &crowd->host);
		crook->session = hub_session(
		    crook->hub, &(struct session_config){.initiator = true});
		crook->member = hub_join(
		    crook->hub, crook->session, on_turn, crook);
	}
	crowd_must(
	    stream_connect(loop, "127.0.0.1", port, &streams, &crook->stream));
	pump(crook);
}

static void
pump(struct crook *crook)
{
	if (crook->stream == NULL)
		return;
	if (crook->session != NULL)
		pump_session(crook);
	else
		pump_channel(crook);
}

static void
send_out(struct crook *crook, struct bytes out)
{
	if (stream_write(crook->stream, out) == ERR_OK)
		crook->out_bytes += out.n;
}

/* Honest until it is up, or until it got something. */
static void
pump_session(struct crook *crook)
{
	struct session_status status;

	session_status(crook->session, &status);
	crook->begun = crook->begun ||
		       (crook->kind == CROOK_DRIP ? status.up
						  : status.deltas_in > 0);
	if (crook->kind == CROOK_DEAF && crook->begun)
		stream_hold(crook->stream, true);
	for (;;) {
		struct bytes out = session_out(crook->session);

		if (crook->begun && crook->kind == CROOK_DRIP) {
			out = bytes_first(
			    out, out.n < crook->drips ? out.n : crook->drips);
			crook->drips -= out.n;
		}
		if (out.n == 0)
			return;
		if (!crook->begun || crook->kind == CROOK_DRIP)
			send_out(crook, out);
		session_sent(crook->session, out.n);
	}
}

static void
say(struct crook *crook, const struct msg *msg)
{
	struct buf bytes = {0};

	msg_encode(msg, &bytes);
	crowd_must(channel_send(crook->channel, buf_bytes(&bytes)));
	buf_fini(&bytes);
}

/* Now pressed together to almost nothing, now in frames of their own. */
static void
flood(struct crook *crook)
{
	struct msg ping = {.type = MSG_PING};

	for (size_t i = 0; i < PACKED_PINGS; i++)
		say(crook, &ping);
	for (size_t i = 0; i < PINGS; i++) {
		say(crook, &ping);
		crowd_must(channel_flush(crook->channel));
	}
}

static void
begin(struct crook *crook)
{
	struct msg hello = {
	    .type = MSG_HELLO, .u.hello = {.version = MSG_VERSION}};
	uint8_t noise[NOISE_BYTES];

	crook->begun = true;
	memset(noise, 0x5a, sizeof(noise));
	if (crook->kind == CROOK_NOISE)
		send_out(crook, bytes_of(noise, sizeof(noise)));
	else
		say(crook, &hello);
	/* It reads no answer. */
	stream_hold(crook->stream, crook->kind == CROOK_FLOOD);
}

static void
pump_channel(struct crook *crook)
{
	struct bytes out;

	if (channel_is_up(crook->channel) && !crook->begun &&
	    channel_queued(crook->channel) == 0)
		begin(crook);
	crowd_must(channel_flush(crook->channel));
	out = channel_out(crook->channel);
	if (out.n == 0)
		return;
	send_out(crook, out);
	channel_sent(crook->channel, out.n);
	pump_channel(crook);
}

void
crook_step(struct crook *crook)
{
	if (crook->stream == NULL || !crook->begun)
		return;
	if (crook->kind == CROOK_DRIP)
		crook->drips++;
	else if (crook->kind == CROOK_FLOOD && stream_room(crook->stream) > 0)
		flood(crook);
	pump(crook);
}

void
crook_leave(struct crook *crook)
{
	if (crook->stream != NULL)
		stream_close(crook->stream);
}

void
crook_fini(struct crook *crook)
{
	assert(crook->stream == NULL);
	hub_leave(crook->member);
	session_free(crook->session);
	hub_free(crook->hub);
	channel_free(crook->channel);
	squeeze_fini(&crook->squeeze);
}
