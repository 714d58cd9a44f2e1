/*
 * Any bytes as a bundle; and bundles that a member made of what it forged,
 * sealed to the victim, damaged behind the seal as the input says.
 */
#include "core/bundle_show.h"
#include "core/bundle_take.h"
#include "proto/bundle.h"
#include "proto/bundle_msg.h"
#include "tests/fuzz/cost.h"
#include "tests/fuzz/forge.h"
#include "tests/fuzz/targets.h"
#include "tests/lib/stick.h"

enum { MESSAGES_MAX = 40, STEPS_MAX = 10000, SEGMENTS_MAX = 6 };

static struct squeeze squeeze;

static void
message_add(struct buf *content, struct bytes message)
{
	if (message.n == 0 || content->n + message.n + 4 > BUNDLE_CONTENT_MAX)
		return;
	buf_add_be32(content, (uint32_t)message.n);
	buf_add(content, message);
}

static void
msg_add(struct buf *content, const struct msg *msg)
{
	struct buf message = {0};

	msg_encode(msg, &message);
	message_add(content, buf_bytes(&message));
	buf_fini(&message);
}

/* The frontier of the first `n` headers of `log`. */
static void
frontier_add(const struct rogue_log *log, uint64_t n, struct buf *content)
{
	struct frontier frontier = {0};
	struct buf message = {0};
	struct hash leaf;

	for (size_t i = 0; i < n && i < log->n; i++) {
		merkle_leaf(log->headers[i], &leaf);
		merkle_append(&frontier, &leaf, NULL, NULL);
	}
	bundle_msg_put_frontier(&frontier, &message);
	message_add(content, buf_bytes(&message));
	buf_fini(&message);
}

/* A log with all that belongs to it, or one message. */
static void
content_add(struct forge *forge, struct buf *content)
{
	uint8_t what = fuzz_u8(forge->input);
	struct buf message = {0};
	struct rogue_log *log;
	struct msg msg;

	if (what >= 0x80) {
		if (what >= 0xf8) {
			bundle_msg_put_sum(
			    &(struct bundle_sum){.runs = what & 7,
				.deltas = fuzz_number(forge->input)},
			    &message);
		} else {
			forge_message(forge, &message);
		}
		message_add(content, buf_bytes(&message));
		buf_fini(&message);
		return;
	}
	log = forge_log(forge);
	if (what % 4 == 3)
		forge_header(forge, log);
	if (log->n == 0)
		return;
	if (what >= 0x40) {
		struct msg msgs[FORGE_WHOLE];
		size_t n = forge_whole(forge, log, msgs);

		frontier_add(log, 0, content);
		for (size_t i = 0; i < n; i++)
			msg_add(content, &msgs[i]);
		return;
	}
	forge_run(forge, log, &msg);
	frontier_add(log, msg.u.run.from, content);
	msg_add(content, &msg);
	forge_chunk(forge, log, &msg);
	msg_add(content, &msg);
	if (msg.u.chunk.bodies_n == 0)
		return;
	forge_bodies(forge, log, &msg);
	msg_add(content, &msg);
}

static void
about_add(
    struct forge *forge, const struct bundle_keys *keys, struct buf *content)
{
	const struct identity *by = &forge->stage->rogue.identity;
	uint8_t how = fuzz_u8(forge->input);
	struct bundle_about about = {.city = forge->stage->town.city,
	    .from = by->key,
	    .date_ms = forge->stage->town.now_ms};
	struct buf message = {0};
	struct buf clock = {0};
	struct msg msg;

	if ((how & 1) != 0) {
		forge_clock(forge, &msg);
		msg_encode(&msg, &clock);
		about.clock_n = 1;
		crypto_sha256(buf_bytes(&clock), &about.clock);
	}
	if ((how & 2) != 0)
		about.kind = BUNDLE_ACK;
	if ((how & 4) != 0)
		about.date_ms = fuzz_number(forge->input);
	if (how >= 0xe0)
		about.city.b[0] ^= 1;
	bundle_msg_sign(&about, &by->seed, &keys->header);
	if (how >= 0xf0)
		about.signature.b[0] ^= 1;
	bundle_msg_put_about(&about, &message);
	message_add(content, buf_bytes(&message));
	message_add(content, buf_bytes(&clock));
	buf_fini(&message);
	buf_fini(&clock);
}

static void
make(struct forge *forge, struct buf *file)
{
	struct stage *stage = forge->stage;
	struct sign_key to = town_key(&stage->town, STAGE_VICTIM);
	struct bundle_draw draw;
	struct bundle_keys keys;
	struct buf content = {0};
	uint8_t how = fuzz_u8(forge->input);

	prng_fill(&stage->town.prng, &draw, sizeof(draw));
	assert(bundle_put_header(&draw, &to, 1, file, &keys) == ERR_OK);
	for (uint64_t i = 0; i < SEGMENTS_MAX && fuzz_more(forge->input); i++) {
		uint8_t each = fuzz_u8(forge->input);
		struct bundle_block block = {.index = i,
		    .begins = (each & 1) == 0,
		    .ends = (each & 2) != 0};

		buf_cut(&content, 0);
		if (block.begins && each < 0xf0)
			about_add(forge, &keys, &content);
		for (int k = each / 4 % 8; k > 0; k--)
			content_add(forge, &content);
		if (each >= 0xe0)
			fuzz_mutate(forge->input, &content);
		if (content.n > BUNDLE_CONTENT_MAX)
			buf_cut(&content, BUNDLE_CONTENT_MAX);
		if (each >= 0xf8)
			block.index = fuzz_number(forge->input);
		block.content = buf_bytes(&content);
		assert(
		    bundle_put_block(&keys, &squeeze, &block, file) == ERR_OK);
	}
	for (int i = how & 3; i > 0; i--)
		fuzz_mutate(forge->input, file);
	bundle_keys_fini(&keys);
	buf_fini(&content);
}

static void
take(struct stage *stage, struct bytes file)
{
	/* A view of the file, contexts, and transactions of the store. */
	static const struct cost_limit limit = {
	    {.allocations = 30000,
		.allocated_bytes = 64 * 1024 * 1024,
		.largest_bytes = 4 * 1024 * 1024,
		.hashes = 40000,
		.hashed_bytes = 32 * 1024 * 1024,
		.curves = 200},
	    {.allocations = 16,
		.allocated_bytes = 16 * 1024,
		.largest_bytes = 1024,
		.hashes = 16,
		.hashed_bytes = 4096,
		.curves = 1}};
	static const char name[] = "bundle";
	struct store *store = town_store(&stage->town, STAGE_VICTIM);
	struct bundle_taker *taker;
	const struct bundle_taken *taken;
	bool more = true;
	enum err e;

	stick_save(&stage->town, name, file);
	cost_begin();
	e = bundle_take_open(store, tempdir_at(&stage->town.dir, name), &taker);
	if (e == ERR_OK) {
		for (int i = 0; more; i++) {
			assert(i < STEPS_MAX);
			assert(bundle_take_step(taker, &more) == ERR_OK);
		}
		taken = bundle_take_count(taker);
		assert(taken->troubles_n <= taken->troubles_all);
	}
	bundle_take_close(taker);
	cost_assert(&limit, file.n);
	fuzz_assert_theirs(e);
}

static void
show(struct stage *stage)
{
	const struct identity *me = store_identity(
	    town_store(&stage->town, STAGE_VICTIM));
	struct bundle_reader *reader;
	struct bundle_shown shown = {0};
	enum err e = bundle_read_open(
	    tempdir_at(&stage->town.dir, "bundle"), me, &reader);

	fuzz_assert_theirs(e);
	if (e == ERR_OK) {
		assert(bundle_show_read(reader, &shown, NULL, NULL) == ERR_OK);
		bundle_show_fini(&shown);
	}
	bundle_read_close(reader);
}

/* What is committed is sound, and is put back. */
static void
judge(struct stage *stage, bool check)
{
	struct store *store = town_store(&stage->town, STAGE_VICTIM);

	assert(store_begin(store, false) == ERR_OK);
	stage_assert_harmless(stage);
	store_abort(store);
	if (check)
		stage_assert_sound(stage);
	stage_reset(stage);
}

void
target_bundle(struct bytes in)
{
	struct fuzz_input input = {.left = in};
	struct stage *stage;
	struct forge forge;
	struct buf file = {0};
	uint8_t how;

	fuzz_start();
	stage = stage_get();
	stage_rewind(stage);
	how = fuzz_u8(&input);
	forge_begin(&forge, stage, &input);
	if (how >= 0xf0) {
		if (how >= 0xf8)
			buf_add_text(&file, "golmok/bundle/1\n");
		buf_add(&file, fuzz_rest(&input));
	} else {
		make(&forge, &file);
	}
	take(stage, buf_bytes(&file));
	if (how % 4 == 3)
		show(stage);
	judge(stage, how % 8 > 0);
	forge_end(&forge);
	buf_fini(&file);
}
