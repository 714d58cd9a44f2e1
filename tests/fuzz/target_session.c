/*
 * A session past its handshake, with a member at the other end that says what
 * the input makes it say (tests/fuzz/forge.h), in either role.  What the victim
 * took in is given up at the end; some inputs commit, and have all checked.
 */
#include "tests/fuzz/cost.h"
#include "tests/fuzz/forge.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/targets.h"

enum { STEPS_MAX = 64, TURNS_MAX = 2000, STEP_MS = 3000 };

struct play {
	struct stage *stage;
	struct store *store; /* the victim's */
	struct session *session;
	struct channel *channel; /* the rogue's end */
	struct squeeze squeezes[2];
	struct forge forge;
	struct fuzz_input input;
	bool durable; /* each turn is a transaction of its own, and kept */
	bool ended;
	uint64_t now_ms;
	struct buf said; /* by the victim */
};

static bool turn(struct play *play);
static void run(struct play *play);
static void failed(struct play *play, enum err e);

static void
begin(struct play *play)
{
	struct channel_config config = {
	    .identity = &play->stage->rogue.identity,
	    .squeeze = &play->squeezes[0]};
	uint8_t how = fuzz_u8(&play->input);

	config.initiator = (how & 1) == 0;
	play->durable = how % 16 == 15;
	play->store = town_store(&play->stage->town, STAGE_VICTIM);
	prng_fill(&play->stage->town.prng, config.ephemeral.b, 32);
	play->channel = channel_new(&config);
	play->session = session_new(
	    &(struct session_config){.initiator = !config.initiator,
		.once = (how & 2) != 0,
		.store = play->store,
		.host = &play->stage->town.host,
		.squeeze = &play->squeezes[1],
		.day_bytes = (how & 4) != 0 ? 4096 : 0});
	if ((how & 8) != 0)
		session_fence(play->session);
	if (!play->durable)
		assert(store_begin(play->store, true) == ERR_OK);
}

/* An error that is the peer's making ends the session, and nothing else. */
static void
failed(struct play *play, enum err e)
{
	fuzz_assert_theirs(e);
	play->ended = play->ended || e != ERR_OK;
}

static void
head_none(void *arg, const struct log_name *log, const struct note_head *head)
{
	(void)arg;
	(void)log;
	(void)head;
}

/* Of a kept transaction the begin and the commit are real. */
static void
open_turn(struct play *play, bool write)
{
	if (play->durable)
		assert(store_begin(play->store, write) == ERR_OK);
}

static void
close_turn(struct play *play, bool write)
{
	if (!play->durable)
		return;
	if (write)
		assert(store_commit(play->store) == ERR_OK);
	else
		store_abort(play->store);
}

static void
victim_work(struct play *play)
{
	if (session_has_news(play->session)) {
		open_turn(play, false);
		failed(play, session_look(play->session, head_none, NULL));
		close_turn(play, false);
	}
	session_clear(play->session);
	if (!session_has_work(play->session))
		return;
	open_turn(play, true);
	failed(play, session_work(play->session, play->now_ms));
	close_turn(play, true);
	session_worked(play->session, ERR_OK);
}

/* What the victim wants to say reaches the rogue, and is what it may hear. */
static bool
victim_say(struct play *play)
{
	struct bytes out;
	struct bytes message;
	enum err e;

	open_turn(play, false);
	if (!play->ended && !session_is_done(play->session))
		failed(play, session_fill(play->session, play->now_ms));
	close_turn(play, false);
	out = session_out(play->session);
	if (out.n == 0)
		return false;
	assert(channel_feed(play->channel, out) == ERR_OK);
	session_sent(play->session, out.n);
	while (channel_take(play->channel, &message, &e)) {
		buf_add(&play->said, message);
		stage_assert_discreet(play->stage, message);
	}
	assert(e == ERR_OK);
	return true;
}

static bool
turn(struct play *play)
{
	struct buf wire = {0};
	bool moved = false;

	assert(channel_is_up(play->channel) == false ||
	       channel_flush(play->channel) == ERR_OK);
	buf_add(&wire, channel_out(play->channel));
	channel_sent(play->channel, wire.n);
	if (wire.n > 0 && !play->ended) {
		failed(play, session_feed(play->session, buf_bytes(&wire),
				 play->now_ms));
		moved = true;
	}
	buf_fini(&wire);
	if (!play->ended && (session_is_ready(play->session) ||
				session_has_news(play->session))) {
		victim_work(play);
		moved = true;
	}
	return victim_say(play) || moved;
}

static void
run(struct play *play)
{
	int turns = 0;

	while (turn(play))
		assert(turns++ < TURNS_MAX);
}

/* Something that happens at the victim meanwhile. */
static void
event(struct play *play)
{
	struct record_id id;
	bool changed;
	uint8_t what = fuzz_u8(&play->input);
	struct store_edit edit = town_edit(
	    OP_SET, "name", town_text("그사이에"));
	struct store_write write = {.space = town_space(STAGE_OPEN),
	    .create = what % 2 == 0,
	    .collection = bytes_text("card"),
	    .has_record = what % 2 > 0,
	    .record = play->stage->records[0],
	    .edits = &edit,
	    .edits_n = 1};

	if (what >= 0xc0) {
		play->now_ms += STEP_MS * (uint64_t)(what & 15);
		failed(play, session_tick(play->session, play->now_ms));
		return;
	}
	/* What is not committed has no signed head yet, and goes nowhere. */
	if (!play->durable)
		return;
	open_turn(play, true);
	assert(store_write(play->store, &write, &id, &changed) == ERR_OK);
	close_turn(play, true);
}

/* A log from its first header to its last body. */
static void
say_whole(struct play *play)
{
	struct rogue_log *log = forge_log(&play->forge);
	struct msg msgs[FORGE_WHOLE];
	struct buf message = {0};
	size_t n = log->n > 0 ? forge_whole(&play->forge, log, msgs) : 0;

	for (size_t i = 0; i < n; i++) {
		buf_cut(&message, 0);
		msg_encode(&msgs[i], &message);
		assert(
		    channel_send(play->channel, buf_bytes(&message)) == ERR_OK);
	}
	buf_fini(&message);
}

static void
step(struct play *play)
{
	struct buf message = {0};
	uint8_t what = fuzz_u8(&play->input);

	if (what >= 0xf8) {
		event(play);
	} else if (what >= 0xe0) {
		run(play);
	} else if (what >= 0xc8) {
		say_whole(play);
	} else if (what >= 0xc0) {
		forge_header(&play->forge, forge_log(&play->forge));
	} else {
		forge_message(&play->forge, &message);
		if (message.n > 0 && message.n <= LIMIT_FRAME_SIZE - 4)
			assert(channel_send(play->channel,
				   buf_bytes(&message)) == ERR_OK);
	}
	buf_fini(&message);
}

/* The first words that a peer has to say, if the input does not object. */
static void
greet(struct play *play)
{
	struct msg hello = {.type = MSG_HELLO, .u.hello.version = MSG_VERSION};
	struct msg clock = {.type = MSG_CLOCK, .u.clock.last = true};
	uint8_t how = fuzz_u8(&play->input);
	struct buf message = {0};

	run(play);
	assert(channel_is_up(play->channel));
	if (how < 0xf0) {
		msg_encode(&hello, &message);
		assert(
		    channel_send(play->channel, buf_bytes(&message)) == ERR_OK);
	}
	buf_cut(&message, 0);
	if (how < 0xc0) {
		msg_encode(&clock, &message);
		assert(
		    channel_send(play->channel, buf_bytes(&message)) == ERR_OK);
	}
	buf_fini(&message);
	run(play);
}

static void
finish(struct play *play)
{
	run(play);
	open_turn(play, false);
	stage_assert_harmless(play->stage);
	store_abort(play->store);
	session_free(play->session);
	channel_free(play->channel);
	if (play->durable) {
		stage_assert_sound(play->stage);
		stage_reset(play->stage);
	}
	squeeze_fini(&play->squeezes[0]);
	squeeze_fini(&play->squeezes[1]);
	buf_fini(&play->said);
}

void
target_session(struct bytes in)
{
	/* Contexts of compression and tables of a session; then what is kept
	 * of messages, several times over. */
	static const struct cost_limit limit = {
	    {.allocations = 60000,
		.allocated_bytes = 96 * 1024 * 1024,
		.largest_bytes = 8 * 1024 * 1024,
		.hashes = 60000,
		.hashed_bytes = 24 * 1024 * 1024,
		.curves = 600},
	    {.allocations = 60,
		.allocated_bytes = 64 * 1024,
		.largest_bytes = 4096,
		.hashes = 60,
		.hashed_bytes = 16384,
		.curves = 1}};
	struct play play = {.input = {.left = in}};

	fuzz_start();
	play.stage = stage_get();
	stage_rewind(play.stage);
	cost_begin();
	begin(&play);
	forge_begin(&play.forge, play.stage, &play.input);
	greet(&play);
	for (int i = 0; i < STEPS_MAX && fuzz_more(&play.input); i++)
		step(&play);
	finish(&play);
	cost_assert(&limit, in.n);
	forge_end(&play.forge);
}
