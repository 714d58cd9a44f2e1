/*
 * The secure channel of two nodes: preface, handshake, framed and compressed
 * messages.  A session feeds it and takes from it.  Never reads
 * a clock, a socket or the store, and never keeps more than one unfinished
 * frame, one unfinished message and what it was fed.
 */
#include "net/peer/channel.h"

#include <string.h>

#include "net/peer/preface.h"
#include "net/peer/shake.h"
#include "net/peer/waiting.h"
#include "proto/mem.h"

enum {
	LENGTH_SIZE = 2, /* in front of each Noise message */
	/* A transport message without a flags byte says nothing. */
	SEALED_SIZE_MIN = 1 + CRYPTO_TAG_SIZE,
	/* Bytes of one message in one Noise message, beside the flags. */
	FRAGMENT_SIZE = NOISE_PLAIN_SIZE_MAX - 1,
	COMPRESS_SIZE_MIN = 256,
	COMPRESS_LEVEL = 1, /* most of what we send is sealed already */
	/* A packed message of more is not unpacked twice: what is in it weighs
	 * more than the signatures that looking ahead could find. */
	LOOK_SIZE_MAX = 16 * 1024,
	/* An empty buffer larger than this is given back: hundreds of links
	 * that are at rest must not hold what each needed once. */
	KEEP_SIZE = 4 * 1024,
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
	bool by_token;	       /* the initiator joins by: */
	struct token_id token; /* from STATE_ASKS on */
	struct buf opening;    /* what the handshake covers of what came */
	struct buf in;	       /* the beginning of a frame */
	struct waiting waiting;
	struct buf taken;      /* the last message taken, when it was packed */
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
static enum err frames_put(
    struct channel *channel, struct bytes message, bool packed) MUST_USE;
static void settle(struct channel *channel);
static void rest(struct buf *buf);
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
	waiting_fini(&channel->waiting);
	buf_wipe(&channel->taken);
	buf_fini(&channel->out);
	crypto_wipe(channel, sizeof(*channel));
	mem_free(channel);
}

enum err
channel_feed(struct channel *channel, struct bytes in)
{
	if (channel->state == STATE_DEAD)
		return err_set(ERR_PEER, "this channel has ended");
	settle(channel);
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
		rest(&channel->in);
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

/* Opens one Noise message straight to where it waits. */
static enum err
frame_take(struct channel *channel, struct bytes sealed)
{
	struct waiting *waiting = &channel->waiting;
	size_t mark = waiting_begin(waiting);
	bool whole;
	enum err e;

	e = noise_open(&channel->shake.noise, sealed, &waiting->buf);
	if (e != ERR_OK)
		return e;
	channel->count.in_plain_bytes += waiting->buf.n - mark;
	e = waiting_join(waiting, mark, &whole);
	channel->count.in_messages += whole;
	return e;
}

bool
channel_take(struct channel *channel, struct bytes *message, enum err *e)
{
	struct waiting_message waiting;

	*e = ERR_OK;
	*message = (struct bytes){0};
	settle(channel);
	if (!waiting_take(&channel->waiting, &waiting))
		return false;
	*message = waiting.bytes;
	if (!waiting.is_packed)
		return true;
	*e = squeeze_unpack(
	    channel->squeeze, *message, LIMIT_FRAME_SIZE, &channel->taken);
	if (*e == ERR_OK) {
		*message = buf_bytes(&channel->taken);
		return true;
	}
	/* Whatever is wrong with it, the peer should not have sent it. */
	if (*e == ERR_LIMIT)
		*e = ERR_MALFORMED;
	*e = err_wrap(*e, "compressed message");
	*message = (struct bytes){0};
	die(channel);
	return false;
}

size_t
channel_waiting(const struct channel *channel)
{
	return channel->waiting.end - channel->waiting.at;
}

void
channel_fence(struct channel *channel)
{
	waiting_fence(&channel->waiting);
}

bool
channel_look(struct channel *channel, struct bytes *message)
{
	struct waiting_message waiting;

	*message = (struct bytes){0};
	settle(channel);
	if (!waiting_look(&channel->waiting, &waiting))
		return false;
	*message = waiting.bytes;
	if (!waiting.is_packed)
		return true;
	/* What is wrong with it shows when it is taken. */
	if (message->n <= LOOK_SIZE_MAX &&
	    squeeze_unpack(channel->squeeze, *message, LIMIT_FRAME_SIZE,
		&channel->taken) == ERR_OK)
		*message = buf_bytes(&channel->taken);
	else
		*message = (struct bytes){0};
	return true;
}

void
channel_clear(struct channel *channel)
{
	waiting_clear(&channel->waiting);
}

bool
channel_is_ready(const struct channel *channel)
{
	return waiting_is_ready(&channel->waiting);
}

bool
channel_has_news(const struct channel *channel)
{
	return waiting_has_news(&channel->waiting);
}

/* Forgets what was taken. */
static void
settle(struct channel *channel)
{
	buf_cut(&channel->taken, 0);
	rest(&channel->taken);
	waiting_settle(&channel->waiting);
}

static void
rest(struct buf *buf)
{
	if (buf->n == 0 && buf->room > KEEP_SIZE)
		buf_wipe(buf);
}

enum err
channel_send(struct channel *channel, struct bytes message)
{
	struct buf packed = {0};
	enum err e;

	if (channel->state == STATE_DEAD)
		return err_set(ERR_PEER, "this channel has ended");
	assert(channel->state == STATE_UP);
	assert(message.n > 0);
	if (message.n > LIMIT_FRAME_SIZE)
		return err_set(ERR_LIMIT,
		    "a message of %zu bytes; %d is the most", message.n,
		    LIMIT_FRAME_SIZE);
	if (message.n >= COMPRESS_SIZE_MIN) {
		e = squeeze_pack(
		    channel->squeeze, message, COMPRESS_LEVEL, &packed);
		if (e != ERR_OK)
			goto out;
	}
	/* Unpacking costs the peer: it must save a tenth. */
	if (packed.n > 0 && packed.n <= message.n - message.n / 10)
		e = frames_put(channel, buf_bytes(&packed), true);
	else
		e = frames_put(channel, message, false);
	if (e == ERR_OK)
		channel->count.out_messages++;
	else
		die(channel);
out:
	buf_wipe(&packed);
	return e;
}

static enum err
frames_put(struct channel *channel, struct bytes message, bool packed)
{
	struct buf plain = {0};
	unsigned flags = packed ? WAITING_PACKED : 0;
	enum err e = ERR_OK;

	while (e == ERR_OK && message.n > 0) {
		size_t n = message.n;

		if (n > FRAGMENT_SIZE)
			n = FRAGMENT_SIZE;
		if (n < message.n)
			flags |= WAITING_MORE;
		buf_cut(&plain, 0);
		buf_add_u8(&plain, (uint8_t)flags);
		buf_add(&plain, bytes_first(message, n));
		message = bytes_after(message, n);
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
channel_out(const struct channel *channel)
{
	return bytes_after(buf_bytes(&channel->out), channel->out_at);
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
	rest(out);
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
	channel->state = STATE_DEAD;
}
