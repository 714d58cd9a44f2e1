/*
 * A link before and behind its handshake: bytes of a stranger, and frames of a
 * peer that has the right keys.
 */
#include "net/peer/certificate.h"
#include "net/peer/channel.h"
#include "tests/fuzz/cost.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/targets.h"
#include "tests/lib/mole.h"

enum { FRAMES_MAX = 24, PIECE = 5000 };

static struct squeeze squeeze;

/* Takes all messages that wait. */
static enum err
take_all(struct channel *channel)
{
	struct bytes message;
	enum err e = ERR_OK;

	while (channel_take(channel, &message, &e))
		assert(message.n <= LIMIT_FRAME_SIZE);
	return e;
}

/* Looks at what arrived as the hub does, then takes it. */
static enum err
look_and_take(struct channel *channel)
{
	struct bytes batch;
	struct bytes message;

	while (channel_look(channel, &batch)) {
		while (channel_look_next(&batch, &message))
			assert(message.n <= LIMIT_FRAME_SIZE);
	}
	channel_clear(channel);
	return take_all(channel);
}

/* A stranger sends what it likes, in pieces, to either role. */
static void
stranger(struct fuzz_input *input, struct line *line)
{
	/* A handshake's worth, however much is sent. */
	static const struct cost_limit limit = {
	    {.allocations = 200,
		.allocated_bytes = 256 * 1024,
		.largest_bytes = 80 * 1024,
		.hashes = 400,
		.hashed_bytes = 64 * 1024,
		.curves = 12},
	    {.allocations = 4, .allocated_bytes = 16, .largest_bytes = 8}};
	uint8_t how = fuzz_u8(input);
	struct channel *to;
	enum err e = ERR_OK;
	size_t all = input->left.n;

	line_dial(line);
	to = line->ends[how & 1];
	cost_begin();
	while (e == ERR_OK && fuzz_more(input)) {
		e = channel_feed(to, fuzz_bytes(input, PIECE));
		if (e == ERR_OK && channel_asks(to))
			e = channel_answer(
			    to, NULL, err_set(ERR_DENIED, "no such token"));
	}
	fuzz_assert_theirs(e);
	assert(!channel_is_up(to));
	/* To a stranger that dials, nothing is said before it has shown that it
	 * follows the protocol. */
	cost_assert(&limit, all);
}

/* A batch of messages as the input has them, sometimes compressed. */
static void
batch_make(struct fuzz_input *input, uint8_t how, struct buf *batch)
{
	struct buf plain = {0};
	unsigned n = how / 16;

	for (unsigned i = 0; i < n; i++) {
		struct bytes message = fuzz_bytes(input, PIECE);

		buf_add_be32(&plain, (uint32_t)message.n);
		buf_add(&plain, message);
	}
	if ((how & 1) != 0)
		fuzz_mutate(input, &plain);
	if ((how & 2) != 0)
		assert(squeeze_pack(&squeeze, buf_bytes(&plain), 1, batch) ==
		       ERR_OK);
	else
		buf_add(batch, buf_bytes(&plain));
	if ((how & 4) != 0)
		fuzz_mutate(input, batch);
	buf_fini(&plain);
}

/* A member's frames after a true handshake. */
static void
member(struct fuzz_input *input, struct line *line)
{
	struct channel *to;
	struct mole mole;
	struct buf batch = {0};
	uint8_t how = fuzz_u8(input);
	enum err e = ERR_OK;

	mole_open(&mole, line, (struct bytes){0}, ERR_OK);
	to = line->ends[RESPONDER];
	assert(channel_is_up(to));
	if ((how & 2) != 0)
		channel_fence(to);
	for (int i = 0; i < FRAMES_MAX && e == ERR_OK && fuzz_more(input);
	     i++) {
		uint8_t flags = fuzz_u8(input);

		buf_cut(&batch, 0);
		batch_make(input, fuzz_u8(input), &batch);
		mole_fragment(&mole, flags,
		    bytes_first(
			buf_bytes(&batch), batch.n < PIECE ? batch.n : PIECE));
		if (flags >= 0xc0)
			fuzz_mutate(input, &mole.wire);
		e = channel_feed(to, buf_bytes(&mole.wire));
		buf_cut(&mole.wire, 0);
		if (e == ERR_OK)
			e = (how & 2) != 0 ? look_and_take(to) : take_all(to);
		fuzz_assert_theirs(e);
		assert(channel_waiting(to) <= 2 * LIMIT_FRAME_SIZE);
	}
	buf_fini(&batch);
	mole_fini(&mole);
}

/* A certificate that was changed anywhere is none, and says nothing. */
static void
certificate(struct fuzz_input *input, const struct line *line)
{
	const struct identity *of = &line->ids[INITIATOR];
	struct dh_key link_key;
	struct sign_key peer;
	struct buf true_one = {0};
	struct buf other = {0};
	enum err e;

	crypto_dh_key(&of->dh, &link_key);
	certificate_put(of, &true_one);
	buf_add(&other, buf_bytes(&true_one));
	fuzz_mutate(input, &other);
	e = certificate_check(
	    &line->ids[RESPONDER], buf_bytes(&other), &link_key, &peer);
	if (bytes_equal(buf_bytes(&other), buf_bytes(&true_one)))
		assert(e == ERR_OK && memcmp(&peer, &of->key, 32) == 0);
	else
		assert(e == ERR_MALFORMED || e == ERR_VERSION || e == ERR_OK);
	if (e == ERR_OK)
		assert(memcmp(&peer, &of->key, sizeof(peer)) == 0);
	buf_fini(&true_one);
	buf_fini(&other);
}

void
target_channel(struct bytes in)
{
	static struct line line;
	static bool ready;
	struct fuzz_input input = {.left = in};

	fuzz_start();
	if (!ready)
		line_init(&line);
	ready = true;
	line.prng.seed = 1;
	switch (fuzz_u8(&input) % 4) {
	case 0:
		member(&input, &line);
		break;
	case 1:
		certificate(&input, &line);
		break;
	default:
		stranger(&input, &line);
		break;
	}
}
