/*
 * The secure channel of two nodes: preface, Noise XX with certificates, framed
 * and compressed messages.  A session feeds it and takes from it.  Never reads
 * a clock, a socket or the store, and never keeps more than one unfinished
 * frame, one unfinished message and what it was fed.
 */
#include "net/peer/channel.h"

#include <string.h>

#include "net/peer/certificate.h"
#include "net/peer/preface.h"
#include "proto/ascii.h"
#include "proto/mem.h"

enum {
	LENGTH_SIZE = 2, /* in front of each Noise message */
	/* A transport message without a flags byte says nothing. */
	SEALED_SIZE_MIN = 1 + CRYPTO_TAG_SIZE,
	/* Bytes of one message in one Noise message, beside the flags. */
	FRAGMENT_SIZE = NOISE_PLAIN_SIZE_MAX - 1,
	/* A waiting message: its length, its flags, its bytes. */
	WAITING_HEAD = 4,
	COMPRESS_SIZE_MIN = 256,
	COMPRESS_LEVEL = 1, /* most of what we send is sealed already */
	/* An empty buffer larger than this is given back: hundreds of links
	 * that are at rest must not hold what each needed once. */
	KEEP_SIZE = 4 * 1024,
	CITY_SHOWN = 8, /* bytes of a city's id in a sentence */
};

enum {
	FLAG_MORE = 1,	 /* this message goes on in the next frame */
	FLAG_PACKED = 2, /* it is compressed as a whole */
	FLAGS_ALL = FLAG_MORE | FLAG_PACKED,
};

enum state {
	STATE_PREFACE, /* the responder waits for the preface */
	STATE_SHAKE,
	STATE_UP,
	STATE_DEAD,
};

struct channel {
	enum state state;
	bool initiator;
	const struct identity *identity; /* borrowed from the owner */
	struct squeeze *squeeze;	 /* borrowed from the owner */
	struct dh_secret ephemeral;	 /* until the handshake begins */
	struct noise noise;
	struct sign_key peer; /* once up */
	struct hash512 hash;  /* once up */
	struct buf in;	      /* the beginning of a frame */
	struct buf waiting;   /* whole messages, then an unfinished one */
	size_t waiting_at;    /* those before were taken */
	size_t waiting_end;   /* where the unfinished message begins */
	struct buf taken;     /* the last message taken, when it was packed */
	struct buf out;
	size_t out_at; /* sent up to here */
	struct channel_count count;
};

static void shake_begin(struct channel *channel, struct bytes preface);
static enum err unit_feed(struct channel *channel, struct bytes *in) MUST_USE;
static enum err unit_check(
    const struct channel *channel, struct bytes seen) MUST_USE;
static size_t unit_size(const struct channel *channel, struct bytes seen);
static bool is_answer(const struct channel *channel, struct bytes seen);
static enum err unit_take(struct channel *channel, struct bytes unit) MUST_USE;
static enum err preface_take(
    struct channel *channel, struct bytes preface) MUST_USE;
static enum err shake_take(
    struct channel *channel, struct bytes message) MUST_USE;
static enum err shake_read_failed(
    const struct channel *channel, enum err e) MUST_USE;
static enum err shake_write(struct channel *channel) MUST_USE;
static enum err frame_take(
    struct channel *channel, struct bytes sealed) MUST_USE;
static enum err fragment_join(struct channel *channel, size_t mark) MUST_USE;
static enum err frames_put(
    struct channel *channel, struct bytes message, bool packed) MUST_USE;
static void waiting_settle(struct channel *channel);
static void rest(struct buf *buf);
static void die(struct channel *channel);

struct channel *
channel_new(const struct channel_config *config)
{
	struct channel *channel = mem_zeros(1, sizeof(*channel));

	channel->initiator = config->initiator;
	channel->identity = config->identity;
	channel->squeeze = config->squeeze;
	channel->ephemeral = config->ephemeral;
	channel->state = STATE_PREFACE;
	if (config->initiator) {
		enum err e;

		preface_put(&channel->out);
		shake_begin(channel, buf_bytes(&channel->out));
		/* The first message computes nothing that could fail. */
		e = shake_write(channel);
		assert(e == ERR_OK);
	}
	return channel;
}

/* Both ends must agree on the preface and on the city. */
static void
shake_begin(struct channel *channel, struct bytes preface)
{
	const struct identity *identity = channel->identity;
	struct buf prologue = {0};

	buf_add(&prologue, preface);
	buf_add(
	    &prologue, bytes_of(identity->city.b, sizeof(identity->city.b)));
	noise_init(&channel->noise, &(struct noise_config){
					.initiator = channel->initiator,
					.pattern = NOISE_XX,
					.own = &identity->dh,
					.ephemeral = &channel->ephemeral,
					.prologue = buf_bytes(&prologue),
				    });
	crypto_wipe(&channel->ephemeral, sizeof(channel->ephemeral));
	channel->state = STATE_SHAKE;
	buf_fini(&prologue);
}

void
channel_free(struct channel *channel)
{
	if (channel == NULL)
		return;
	noise_fini(&channel->noise);
	buf_fini(&channel->in);
	buf_wipe(&channel->waiting);
	buf_wipe(&channel->taken);
	buf_fini(&channel->out);
	crypto_wipe(channel, sizeof(*channel));
	mem_free(channel);
}

enum err
channel_feed(struct channel *channel, struct bytes in)
{
	enum err e = ERR_OK;

	if (channel->state == STATE_DEAD)
		return err_set(ERR_PEER, "this channel has ended");
	waiting_settle(channel);
	channel->count.in_bytes += in.n;
	while (e == ERR_OK && in.n > 0)
		e = unit_feed(channel, &in);
	if (channel->in.n == 0)
		rest(&channel->in);
	if (e != ERR_OK)
		die(channel);
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
	if (seen.n < LENGTH_SIZE)
		return LENGTH_SIZE;
	return LENGTH_SIZE + (size_t)bytes_be16(seen.p);
}

/* A responder of another version answers with its own preface in place of a
 * frame; read as a length, its first bytes would be far beyond the limit. */
static bool
is_answer(const struct channel *channel, struct bytes seen)
{
	return channel->state == STATE_SHAKE && channel->initiator &&
	       seen.n >= LENGTH_SIZE &&
	       preface_fits(bytes_first(seen, LENGTH_SIZE));
}

static enum err
unit_take(struct channel *channel, struct bytes unit)
{
	if (channel->state == STATE_PREFACE)
		return preface_take(channel, unit);
	if (is_answer(channel, unit)) {
		enum err e = preface_check(unit);

		return e != ERR_OK ? e
				   : err_set(ERR_MALFORMED,
					 "a preface instead of an answer");
	}
	unit = bytes_after(unit, LENGTH_SIZE);
	if (channel->state == STATE_SHAKE)
		return shake_take(channel, unit);
	return frame_take(channel, unit);
}

static enum err
preface_take(struct channel *channel, struct bytes preface)
{
	enum err e = preface_check(preface);

	if (e == ERR_OK)
		shake_begin(channel, preface);
	else if (e == ERR_VERSION)
		/* So that the other side can say why. */
		preface_put(&channel->out);
	return e;
}

static enum err
shake_take(struct channel *channel, struct bytes message)
{
	struct noise *noise = &channel->noise;
	const struct dh_key *key;
	struct buf payload = {0};
	enum err e;

	e = noise_read(noise, message, &payload);
	if (e != ERR_OK) {
		e = shake_read_failed(channel, e);
		goto out;
	}
	/* The initiator judges who answers before it shows who it is. */
	key = noise_peer_key(noise);
	if (key != NULL) {
		e = certificate_check(channel->identity, buf_bytes(&payload),
		    key, &channel->peer);
		if (e != ERR_OK)
			goto out;
	}
	if (noise_is_turn(noise)) {
		e = shake_write(channel);
		if (e != ERR_OK)
			goto out;
	}
	if (noise_is_done(noise)) {
		struct bytes hash = noise_handshake_hash(noise);

		assert(hash.n == sizeof(channel->hash.b));
		bytes_copy(channel->hash.b, hash);
		channel->state = STATE_UP;
	}
out:
	buf_fini(&payload);
	return e;
}

static enum err
shake_read_failed(const struct channel *channel, enum err e)
{
	struct buf city = {0};

	if (e == ERR_EXISTS)
		return err_wrap(e, "this node was connected to itself");
	/* Only the initiator can meet another city: it finds that the first
	 * answer was made for another prologue, and says no more. */
	if (!channel->initiator)
		return err_wrap(e, "handshake");
	ascii_hex(bytes_of(channel->identity->city.b, CITY_SHOWN), &city);
	e = err_wrap(e,
	    "the other side is no node of our city %s..., or its bytes were "
	    "changed on the way",
	    buf_text(&city));
	buf_fini(&city);
	return e;
}

/* Appends our next message of the handshake, with a certificate in all but the
 * first. */
static enum err
shake_write(struct channel *channel)
{
	struct buf payload = {0};
	struct buf message = {0};
	enum err e;

	if (channel->noise.written > 0)
		certificate_put(channel->identity, &payload);
	e = noise_write(&channel->noise, buf_bytes(&payload), &message);
	if (e == ERR_OK) {
		assert(message.n <= LIMIT_NOISE_HANDSHAKE_SIZE);
		buf_add_be16(&channel->out, (uint16_t)message.n);
		buf_add(&channel->out, buf_bytes(&message));
	}
	buf_fini(&payload);
	buf_fini(&message);
	return e;
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
	return &channel->peer;
}

const struct hash512 *
channel_hash(const struct channel *channel)
{
	assert(channel->state == STATE_UP);
	return &channel->hash;
}

/* Opens one Noise message straight into `waiting`, behind the room for the
 * length of the message that it begins. */
static enum err
frame_take(struct channel *channel, struct bytes sealed)
{
	struct buf *waiting = &channel->waiting;
	size_t mark;
	enum err e;

	if (waiting->n == channel->waiting_end)
		buf_add_be32(waiting, 0);
	mark = waiting->n;
	e = noise_open(&channel->noise, sealed, waiting);
	if (e != ERR_OK)
		return e;
	channel->count.in_plain_bytes += waiting->n - mark;
	return fragment_join(channel, mark);
}

/* What was opened at `mark` begins with its flags; joins it to the message
 * before it when that goes on. */
static enum err
fragment_join(struct channel *channel, size_t mark)
{
	struct buf *waiting = &channel->waiting;
	size_t begin = channel->waiting_end + WAITING_HEAD;
	bool is_first = mark == begin;
	unsigned flags = waiting->p[mark];
	size_t size;

	if ((flags & ~(unsigned)FLAGS_ALL) != 0 || waiting->n == mark + 1 ||
	    (!is_first && (flags & FLAG_PACKED) != 0))
		return err_set(ERR_MALFORMED,
		    "a frame with flags %u and %zu bytes", flags,
		    waiting->n - mark - 1);
	if (!is_first) {
		memmove(waiting->p + mark, waiting->p + mark + 1,
		    waiting->n - mark - 1);
		buf_cut(waiting, waiting->n - 1);
	}
	size = waiting->n - begin;
	if (size - 1 > LIMIT_FRAME_SIZE)
		return err_set(ERR_MALFORMED, "a message of more than %d bytes",
		    LIMIT_FRAME_SIZE);
	if ((flags & FLAG_MORE) != 0)
		return ERR_OK;
	bytes_put_be32(waiting->p + channel->waiting_end, (uint32_t)size);
	channel->waiting_end = waiting->n;
	channel->count.in_messages++;
	return ERR_OK;
}

bool
channel_take(struct channel *channel, struct bytes *message, enum err *e)
{
	struct bytes waiting;
	size_t size;
	unsigned flags;

	*e = ERR_OK;
	*message = (struct bytes){0};
	waiting_settle(channel);
	if (channel->waiting_at == channel->waiting_end)
		return false;
	waiting = bytes_after(
	    buf_bytes(&channel->waiting), channel->waiting_at);
	size = bytes_be32(waiting.p);
	waiting = bytes_slice(waiting, WAITING_HEAD, size);
	channel->waiting_at += WAITING_HEAD + size;
	flags = waiting.p[0];
	*message = bytes_after(waiting, 1);
	if ((flags & FLAG_PACKED) == 0)
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
	return channel->waiting_end - channel->waiting_at;
}

/* Forgets what was taken.  Bytes move only when those before them are more, so
 * that taking stays linear. */
static void
waiting_settle(struct channel *channel)
{
	struct buf *waiting = &channel->waiting;
	size_t at = channel->waiting_at;

	buf_cut(&channel->taken, 0);
	rest(&channel->taken);
	if (at == 0 || at < waiting->n - at)
		return;
	buf_drop(waiting, at);
	channel->waiting_end -= at;
	channel->waiting_at = 0;
	rest(waiting);
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
	unsigned flags = packed ? FLAG_PACKED : 0;
	enum err e = ERR_OK;

	while (e == ERR_OK && message.n > 0) {
		size_t n = message.n;

		if (n > FRAGMENT_SIZE)
			n = FRAGMENT_SIZE;
		if (n < message.n)
			flags |= FLAG_MORE;
		buf_cut(&plain, 0);
		buf_add_u8(&plain, (uint8_t)flags);
		buf_add(&plain, bytes_first(message, n));
		message = bytes_after(message, n);
		flags = 0;
		buf_add_be16(
		    &channel->out, (uint16_t)(plain.n + CRYPTO_TAG_SIZE));
		e = noise_seal(
		    &channel->noise, buf_bytes(&plain), &channel->out);
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
	noise_fini(&channel->noise);
	crypto_wipe(&channel->ephemeral, sizeof(channel->ephemeral));
	channel->state = STATE_DEAD;
}
