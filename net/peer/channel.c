/*
 * The secure channel of two nodes: preface, handshake, messages gathered into
 * batches, which are compressed and framed.  A session feeds it and takes from
 * it.  Never reads a clock, a socket or the store, and never keeps more than
 * one unfinished frame, one batch each way and what it was fed.
 */
#include "net/peer/channel.h"

#include <string.h>

#include "net/peer/batch.h"
#include "net/peer/preface.h"
#include "net/peer/shake.h"
#include "proto/mem.h"

enum {
	LENGTH_SIZE = 2, /* in front of each Noise message */
	/* A transport message without a flags byte says nothing. */
	SEALED_SIZE_MIN = 1 + CRYPTO_TAG_SIZE,
	/* Bytes of one batch in one Noise message, beside the flags. */
	FRAGMENT_SIZE = NOISE_PLAIN_SIZE_MAX - 1,
	/* A batch of several messages fills one frame at the most: so much is
	 * compressed together. */
	BATCH_SIZE = FRAGMENT_SIZE,
	MESSAGE_SIZE_MAX = LIMIT_FRAME_SIZE - BATCH_SIZE_BYTES,
	COMPRESS_SIZE_MIN = 256,
	COMPRESS_SHARE = 10, /* what it must save */
	COMPRESS_LEVEL = 1,  /* most of what we send is sealed already */
};

enum state {
	STATE_PREFACE, /* the responder waits for the preface */
	STATE_TOKEN,   /* ... and for the name of a token */
	STATE_ASKS,    /* ... and for what the store knows of it */
	STATE_SHAKE,
	STATE_UP,
	STATE_DEAD,
};

struct channel {
	enum state state;
	struct squeeze *squeeze; /* borrowed from the owner */
	struct shake shake;
	bool by_token;		/* the initiator joins by: */
	struct token_id token;	/* from STATE_ASKS on */
	struct buf opening;	/* what the handshake covers of what came */
	struct buf in;		/* the beginning of a frame */
	struct batches batches; /* that came */
	struct buf batch; /* messages that were sent, and not sealed yet */
	struct buf out;
	size_t out_at; /* sent up to here */
	struct channel_count count;
};

static void call(struct channel *channel, const struct shake_token *token);
static enum err feed(struct channel *channel, struct bytes in) MUST_USE;
static enum err keep(struct channel *channel, struct bytes *in) MUST_USE;
static enum err unit_feed(struct channel *channel, struct bytes *in) MUST_USE;
static enum err unit_check(
    const struct channel *channel, struct bytes seen) MUST_USE;
static size_t unit_size(const struct channel *channel, struct bytes seen);
static bool is_answer(const struct channel *channel, struct bytes seen);
static enum err unit_take(struct channel *channel, struct bytes unit) MUST_USE;
static enum err preface_take(
    struct channel *channel, struct bytes preface) MUST_USE;
static void token_take(struct channel *channel, struct bytes id);
static enum err frame_take(
    struct channel *channel, struct bytes sealed) MUST_USE;
static enum err batch_seal(struct channel *channel) MUST_USE;
static enum err frames_put(
    struct channel *channel, struct bytes batch, bool packed) MUST_USE;
static void die(struct channel *channel);

struct channel *
channel_new(const struct channel_config *config)
{
	struct channel *channel = mem_zeros(1, sizeof(*channel));

	channel->squeeze = config->squeeze;
	channel->shake = (struct shake){.initiator = config->initiator,
	    .identity = config->identity,
	    .ephemeral = config->ephemeral};
	channel->state = STATE_PREFACE;
	if (config->initiator)
		call(channel, config->token);
	return channel;
}

/* What the initiator says first. */
static void
call(struct channel *channel, const struct shake_token *token)
{
	struct buf *out = &channel->out;
	enum err e;

	preface_put(token != NULL, out);
	if (token != NULL) {
		channel->by_token = true;
		channel->token = token->id;
		buf_add(out, bytes_of(token->id.b, sizeof(token->id.b)));
	}
	shake_begin(&channel->shake, buf_bytes(out),
	    token != NULL ? &token->psk : NULL);
	channel->state = STATE_SHAKE;
	/* The first message computes nothing that could fail. */
	e = shake_write(&channel->shake, out);
	assert(e == ERR_OK);
	(void)e;
}

void
channel_free(struct channel *channel)
{
	if (channel == NULL)
		return;
	shake_fini(&channel->shake);
	buf_fini(&channel->opening);
	buf_fini(&channel->in);
	batch_fini(&channel->batches);
	buf_wipe(&channel->batch);
	buf_fini(&channel->out);
	crypto_wipe(channel, sizeof(*channel));
	mem_free(channel);
}

enum err
channel_feed(struct channel *channel, struct bytes in)
{
	if (channel->state == STATE_DEAD)
		return err_set(ERR_PEER, "this channel has ended");
	batch_settle(&channel->batches);
	channel->count.in_bytes += in.n;
	return feed(channel, in);
}

static enum err
feed(struct channel *channel, struct bytes in)
{
	enum err e = ERR_OK;

	while (e == ERR_OK && in.n > 0) {
		if (channel->state == STATE_ASKS)
			e = keep(channel, &in);
		else
			e = unit_feed(channel, &in);
	}
	if (channel->in.n == 0)
		batch_rest(&channel->in);
	if (e != ERR_OK)
		die(channel);
	return e;
}

/* Nothing is read before it is known whether there is such a token; an honest
 * peer has sent one message until then. */
static enum err
keep(struct channel *channel, struct bytes *in)
{
	if (in->n > LENGTH_SIZE + LIMIT_NOISE_HANDSHAKE_SIZE - channel->in.n)
		return err_set(ERR_MALFORMED,
		    "the other side goes on before it was answered");
	buf_add(&channel->in, *in);
	*in = (struct bytes){0};
	return ERR_OK;
}

bool
channel_asks(const struct channel *channel)
{
	return channel->state == STATE_ASKS;
}

const struct token_id *
channel_token(const struct channel *channel)
{
	return channel->by_token ? &channel->token : NULL;
}

enum err
channel_answer(struct channel *channel, const struct secret *psk, enum err why)
{
	struct bytes opening = buf_bytes(&channel->opening);
	struct buf in = channel->in;
	enum err e;

	assert(channel->state == STATE_ASKS);
	if (psk != NULL)
		shake_begin(&channel->shake, opening, psk);
	else
		shake_refuse(&channel->shake, opening, why);
	buf_fini(&channel->opening);
	channel->state = STATE_SHAKE;
	channel->in = (struct buf){0};
	e = feed(channel, buf_bytes(&in));
	buf_fini(&in);
	return e;
}

/* Takes one frame (or the preface) from `in`, or all of `in` as the beginning
 * of one. */
static enum err
unit_feed(struct channel *channel, struct bytes *in)
{
	struct bytes seen = channel->in.n > 0 ? buf_bytes(&channel->in) : *in;
	size_t size;
	enum err e = unit_check(channel, seen);

	if (e != ERR_OK)
		return e;
	size = unit_size(channel, seen);
	if (channel->in.n == 0 && in->n >= size) {
		*in = bytes_after(*in, size);
		return unit_take(channel, bytes_first(seen, size));
	}
	if (channel->in.n < size) {
		size_t n = size - channel->in.n;

		if (n > in->n)
			n = in->n;
		buf_add(&channel->in, bytes_first(*in, n));
		*in = bytes_after(*in, n);
		seen = buf_bytes(&channel->in);
		e = unit_check(channel, seen);
		if (e != ERR_OK)
			return e;
		size = unit_size(channel, seen);
	}
	if (channel->in.n < size)
		return ERR_OK;
	e = unit_take(channel, seen);
	buf_cut(&channel->in, 0);
	return e;
}

/* Refuses a frame as soon as its first bytes show what it is. */
static enum err
unit_check(const struct channel *channel, struct bytes seen)
{
	size_t length;

	if (channel->state == STATE_TOKEN)
		return ERR_OK;
	if (channel->state == STATE_PREFACE || is_answer(channel, seen)) {
		if (!preface_fits(seen))
			return err_set(ERR_MALFORMED,
			    "the other side is not a golmok node");
		return ERR_OK;
	}
	if (seen.n < LENGTH_SIZE)
		return ERR_OK;
	length = bytes_be16(seen.p);
	if (channel->state == STATE_SHAKE &&
	    (length > LIMIT_NOISE_HANDSHAKE_SIZE || length == 0))
		return err_set(
		    ERR_MALFORMED, "the other side is not a golmok node");
	if (channel->state == STATE_UP && length < SEALED_SIZE_MIN)
		return err_set(ERR_MALFORMED, "a frame of %zu bytes", length);
	return ERR_OK;
}

/* How long the frame is that begins with `seen`, as far as that shows. */
static size_t
unit_size(const struct channel *channel, struct bytes seen)
{
	if (channel->state == STATE_PREFACE || is_answer(channel, seen))
		return PREFACE_SIZE;
	if (channel->state == STATE_TOKEN)
		return sizeof(channel->token.b);
	if (seen.n < LENGTH_SIZE)
		return LENGTH_SIZE;
	return LENGTH_SIZE + (size_t)bytes_be16(seen.p);
}

/* A responder of another version answers with its own preface in place of a
 * frame; read as a length, its first bytes would be far beyond the limit. */
static bool
is_answer(const struct channel *channel, struct bytes seen)
{
	return channel->state == STATE_SHAKE && channel->shake.initiator &&
	       seen.n >= LENGTH_SIZE &&
	       preface_fits(bytes_first(seen, LENGTH_SIZE));
}

static enum err
unit_take(struct channel *channel, struct bytes unit)
{
	if (channel->state == STATE_PREFACE)
		return preface_take(channel, unit);
	if (channel->state == STATE_TOKEN) {
		token_take(channel, unit);
		return ERR_OK;
	}
	if (is_answer(channel, unit)) {
		enum err e = preface_check(unit);

		return e != ERR_OK ? e
				   : err_set(ERR_MALFORMED,
					 "a preface instead of an answer");
	}
	unit = bytes_after(unit, LENGTH_SIZE);
	if (channel->state == STATE_SHAKE) {
		enum err e = shake_take(&channel->shake, unit, &channel->out);

		if (e == ERR_OK && noise_is_done(&channel->shake.noise))
			channel->state = STATE_UP;
		return e;
	}
	return frame_take(channel, unit);
}

static enum err
preface_take(struct channel *channel, struct bytes preface)
{
	enum err e = preface_check(preface);

	if (e == ERR_VERSION)
		/* So that the other side can say why. */
		preface_put(false, &channel->out);
	if (e != ERR_OK)
		return e;
	if (preface_joins(preface)) {
		buf_add(&channel->opening, preface);
		channel->state = STATE_TOKEN;
		return ERR_OK;
	}
	shake_begin(&channel->shake, preface, NULL);
	channel->state = STATE_SHAKE;
	return ERR_OK;
}

static void
token_take(struct channel *channel, struct bytes id)
{
	bytes_copy(channel->token.b, id);
	buf_add(&channel->opening, id);
	channel->by_token = true;
	channel->state = STATE_ASKS;
}

bool
channel_is_up(const struct channel *channel)
{
	return channel->state == STATE_UP;
}

const struct sign_key *
channel_peer(const struct channel *channel)
{
	assert(channel->state == STATE_UP);
	return &channel->shake.peer;
}

const struct hash512 *
channel_hash(const struct channel *channel)
{
	assert(channel->state == STATE_UP);
	return &channel->shake.hash;
}

/* Opens one Noise message straight into the batch that it belongs to. */
static enum err
frame_take(struct channel *channel, struct bytes sealed)
{
	size_t mark = batch_begin(&channel->batches);
	struct buf *frames = &channel->batches.frames;
	enum err e = noise_open(&channel->shake.noise, sealed, frames);

	if (e != ERR_OK)
		return e;
	channel->count.in_plain_bytes += frames->n - mark;
	return batch_join(&channel->batches, mark);
}

bool
channel_take(struct channel *channel, struct bytes *message, enum err *e)
{
	bool more = batch_take(&channel->batches, channel->squeeze, message, e);

	channel->count.in_messages += more;
	if (*e != ERR_OK)
		die(channel);
	return more;
}

size_t
channel_waiting(const struct channel *channel)
{
	return batch_waiting(&channel->batches);
}

void
channel_fence(struct channel *channel)
{
	batch_fence(&channel->batches);
}

bool
channel_look(struct channel *channel, struct bytes *batch)
{
	return batch_look(&channel->batches, channel->squeeze, batch);
}

bool
channel_look_next(struct bytes *batch, struct bytes *message)
{
	return batch_look_next(batch, message);
}

void
channel_clear(struct channel *channel)
{
	batch_clear(&channel->batches);
}

bool
channel_is_ready(const struct channel *channel)
{
	return batch_is_ready(&channel->batches);
}

bool
channel_has_news(const struct channel *channel)
{
	return batch_has_news(&channel->batches);
}

enum err
channel_send(struct channel *channel, struct bytes message)
{
	struct buf *batch = &channel->batch;
	enum err e = ERR_OK;

	if (channel->state == STATE_DEAD)
		return err_set(ERR_PEER, "this channel has ended");
	assert(channel->state == STATE_UP);
	assert(message.n > 0);
	if (message.n > MESSAGE_SIZE_MAX)
		return err_set(ERR_LIMIT,
		    "a message of %zu bytes; %d is the most", message.n,
		    MESSAGE_SIZE_MAX);
	if (batch->n > 0 &&
	    batch->n + BATCH_SIZE_BYTES + message.n > BATCH_SIZE)
		e = batch_seal(channel);
	if (e != ERR_OK)
		return e;
	batch_add(batch, message);
	channel->count.out_messages++;
	return ERR_OK;
}

enum err
channel_flush(struct channel *channel)
{
	if (channel->state == STATE_DEAD || channel->batch.n == 0)
		return ERR_OK;
	return batch_seal(channel);
}

static enum err
batch_seal(struct channel *channel)
{
	struct bytes batch = buf_bytes(&channel->batch);
	struct buf packed = {0};
	enum err e = ERR_OK;

	if (batch.n >= COMPRESS_SIZE_MIN)
		e = squeeze_pack(
		    channel->squeeze, batch, COMPRESS_LEVEL, &packed);
	/* Unpacking costs the peer: it must save something. */
	if (e == ERR_OK && packed.n > 0 &&
	    packed.n <= batch.n - batch.n / COMPRESS_SHARE)
		e = frames_put(channel, buf_bytes(&packed), true);
	else if (e == ERR_OK)
		e = frames_put(channel, batch, false);
	buf_wipe(&packed);
	if (e != ERR_OK)
		die(channel);
	buf_cut(&channel->batch, 0);
	batch_rest(&channel->batch);
	return e;
}

static enum err
frames_put(struct channel *channel, struct bytes batch, bool packed)
{
	struct buf plain = {0};
	unsigned flags = packed ? BATCH_PACKED : 0;
	enum err e = ERR_OK;

	while (e == ERR_OK && batch.n > 0) {
		size_t n = batch.n;

		if (n > FRAGMENT_SIZE)
			n = FRAGMENT_SIZE;
		if (n < batch.n)
			flags |= BATCH_MORE;
		buf_cut(&plain, 0);
		buf_add_u8(&plain, (uint8_t)flags);
		buf_add(&plain, bytes_first(batch, n));
		batch = bytes_after(batch, n);
		flags = 0;
		buf_add_be16(
		    &channel->out, (uint16_t)(plain.n + CRYPTO_TAG_SIZE));
		e = noise_seal(
		    &channel->shake.noise, buf_bytes(&plain), &channel->out);
		channel->count.out_plain_bytes += plain.n;
	}
	buf_wipe(&plain);
	return e;
}

struct bytes
channel_out(struct channel *channel)
{
	/* Of a channel that ended so, what was sealed before is left. */
	if (channel_flush(channel) != ERR_OK)
		assert(channel->state == STATE_DEAD);
	return bytes_after(buf_bytes(&channel->out), channel->out_at);
}

size_t
channel_queued(const struct channel *channel)
{
	return channel->out.n - channel->out_at + channel->batch.n;
}

void
channel_sent(struct channel *channel, size_t n)
{
	struct buf *out = &channel->out;

	assert(n <= out->n - channel->out_at);
	channel->out_at += n;
	channel->count.out_bytes += n;
	if (channel->out_at < out->n - channel->out_at)
		return;
	buf_drop(out, channel->out_at);
	channel->out_at = 0;
	batch_rest(out);
}

void
channel_count(const struct channel *channel, struct channel_count *count)
{
	*count = channel->count;
}

/* What was queued before may still be sent; nothing else happens any more. */
static void
die(struct channel *channel)
{
	shake_fini(&channel->shake);
	buf_wipe(&channel->batch);
	channel->state = STATE_DEAD;
}
