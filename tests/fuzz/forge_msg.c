/*
 * The messages of a hostile member about the logs that it made.
 */
#include "tests/fuzz/forge.h"

#include "proto/note.h"

enum { ENTRIES_MAX = 6, SAMPLES_MAX = 6, TEXT_MAX = 64 };

static void
root_of(const struct rogue_log *log, size_t n, struct hash *root)
{
	struct frontier frontier = {0};
	struct hash leaf;

	for (size_t i = 0; i < n; i++) {
		merkle_leaf(log->headers[i], &leaf);
		merkle_append(&frontier, &leaf, NULL, NULL);
	}
	merkle_root(&frontier, root);
}

/* A size near to what the log has. */
static size_t
size_take(struct forge *forge, const struct rogue_log *log)
{
	uint8_t back = fuzz_u8(forge->input);

	return back < 0x40 || log->n == 0 ? log->n : back % log->n + 1;
}

/* A run of the first `n` headers, signed by who may: what the honest one has
 * signed, anybody passes on. */
static void
run_make(
    struct forge *forge, const struct rogue_log *log, size_t n, struct msg *msg)
{
	struct rogue *rogue = &forge->stage->rogue;
	struct identity own = rogue->identity;
	bool honest = log == &forge->logs[1] && n <= forge->stage->logs[1].n;

	if (honest)
		rogue->identity = *store_identity(
		    town_store(&forge->stage->town, STAGE_HONEST));
	rogue_make_run(rogue, log, n, msg);
	rogue->identity = own;
}

size_t
forge_whole(
    struct forge *forge, struct rogue_log *log, struct msg msgs[FORGE_WHOLE])
{
	run_make(forge, log, log->n, &msgs[0]);
	rogue_make_chunk(
	    &forge->stage->rogue, log, 0, log->n, log->n, &msgs[1]);
	msgs[1].u.chunk.bodies_n = log->bodies_n;
	if (log->bodies_n == 0)
		return FORGE_WHOLE - 1;
	msgs[2] = (struct msg){.type = MSG_BODIES,
	    .u.bodies = {
		.in_chunk = true, .n = log->bodies_n, .bodies = log->bodies}};
	return FORGE_WHOLE;
}

void
forge_run(struct forge *forge, const struct rogue_log *log, struct msg *msg)
{
	uint8_t how = fuzz_u8(forge->input);
	struct msg_run *run = &msg->u.run;
	size_t n = size_take(forge, log);

	run_make(forge, log, n, msg);
	run->nameless = (how & 1) != 0;
	run->rootless = (how & 2) != 0;
	if ((how & 4) != 0)
		msg_run_whole(run);
	if ((how & 8) != 0)
		run->from = fuzz_below(forge->input, n + 1);
	if ((how & 0x10) != 0) {
		run->entry.is_branch = true;
		fuzz_fill(forge->input, run->entry.trunk.b, 2);
	}
	if (how >= 0xe0)
		run->head_size = run->from + fuzz_number(forge->input) / 2;
	if (run->head_size > INT64_MAX)
		run->head_size = INT64_MAX;
	if (how >= 0xf0)
		run->head_signature.b[3] ^= fuzz_u8(forge->input);
}

void
forge_chunk(struct forge *forge, struct rogue_log *log, struct msg *msg)
{
	struct fuzz_input *in = forge->input;
	uint8_t how = fuzz_u8(in);
	size_t n = size_take(forge, log);
	size_t from = (how & 1) != 0 ? fuzz_below(in, n) : 0;
	size_t to = (how & 2) != 0 ? from + 1 + fuzz_below(in, n - from) : n;

	rogue_make_chunk(&forge->stage->rogue, log, from, to, n, msg);
	if ((how & 4) != 0) {
		for (size_t i = 0; i < log->bodies_n; i++)
			msg->u.chunk.bodies_n += log->bodies[i].seq >= from &&
						 log->bodies[i].seq < to;
	}
	if ((how & 8) != 0)
		msg->u.chunk.bodies_n = fuzz_number(in);
	if ((how & 0x10) != 0 && msg->u.chunk.proof.n < MERKLE_PROOF_MAX)
		fuzz_fill(
		    in, msg->u.chunk.proof.nodes[msg->u.chunk.proof.n++].b, 4);
}

void
forge_bodies(struct forge *forge, const struct rogue_log *log, struct msg *msg)
{
	struct fuzz_input *in = forge->input;
	uint8_t how = fuzz_u8(in);
	size_t from = (how & 1) != 0 ? fuzz_below(in, log->bodies_n + 1) : 0;
	size_t n = log->bodies_n - from;
	struct msg_body *bodies = arena_array(
	    &forge->arena, n + 1, sizeof(*bodies));

	for (size_t i = 0; i < n; i++)
		bodies[i] = log->bodies[from + i];
	if ((how & 2) != 0 && n > 0) {
		struct msg_body *one = &bodies[fuzz_below(in, n)];
		uint8_t what = fuzz_u8(in);

		one->is_open = (what & 1) != 0;
		one->has_wrap = (what & 2) != 0 && !one->is_open;
		fuzz_fill(in, one->wrap.b, 2);
		if ((what & 4) != 0)
			one->sealed = (struct bytes){0};
		if ((what & 8) != 0)
			one->seq += fuzz_number(in) / 2;
		if ((what & 16) != 0)
			one->class = (enum delta_class)(what / 64);
		if ((what & 32) != 0)
			one->key[0] ^= 1;
		if (one->seq > INT64_MAX)
			one->seq = INT64_MAX;
	}
	*msg = (struct msg){.type = MSG_BODIES,
	    .u.bodies = {.log = log->id,
		.in_chunk = (how & 4) == 0,
		.n = (how & 8) != 0 ? fuzz_below(in, n + 1) : n,
		.bodies = bodies}};
}

/* What somebody says to have of a log. */
static void
entry_make(struct forge *forge, struct msg_entry *entry)
{
	struct fuzz_input *in = forge->input;
	uint8_t how = fuzz_u8(in);
	const struct rogue_log *log = &forge->logs[how % FORGE_LOGS];
	struct hash root;

	*entry = (struct msg_entry){.log = log->id, .size = log->n};
	if ((how & 8) != 0)
		entry->size = fuzz_number(in);
	root_of(log, entry->size < log->n ? entry->size : log->n, &root);
	memcpy(entry->root, root.b, sizeof(entry->root));
	entry->held = (how & 16) != 0 ? fuzz_number(in) : entry->size;
	entry->kept = (how & 32) != 0 ? fuzz_number(in) : entry->held;
	for (int i = 0; i < CLASS_COUNT; i++)
		entry->open[i] = (how & 64) != 0 ? fuzz_number(in)
						 : entry->held;
	if (how >= 0xc0) {
		entry->forked = how % 2 > 0;
		entry->is_branch = true;
		entry->trunk = log->id;
		fuzz_fill(in, entry->log.b, 4);
	}
	if (how / 4 % 2 > 0 && how >= 0x80)
		fuzz_fill(in, entry->root, 2);
}

void
forge_clock(struct forge *forge, struct msg *msg)
{
	uint8_t how = fuzz_u8(forge->input);
	size_t n = fuzz_below(forge->input, ENTRIES_MAX + 1);
	struct msg_entry *entries = arena_array(
	    &forge->arena, n + 1, sizeof(*entries));

	for (size_t i = 0; i < n; i++)
		entry_make(forge, &entries[i]);
	*msg = (struct msg){.type = MSG_CLOCK,
	    .u.clock = {.last = (how & 1) == 0,
		.again = (how & 2) != 0,
		.whole = (how & 4) != 0,
		.n = n,
		.entries = entries}};
}

static void
side_make(struct forge *forge, struct rogue_log *log, uint64_t size,
    struct fork_side *side)
{
	struct msg run;
	struct msg chunk;

	forge_run(forge, log, &run);
	*side = (struct fork_side){.head = {.size = run.u.run.head_size,
				       .root = run.u.run.head_root,
				       .signature = run.u.run.head_signature}};
	if (size >= log->n || side->head.size > log->n ||
	    size > side->head.size) {
		side->root = side->head.root;
		return;
	}
	root_of(log, size, &side->root);
	rogue_make_chunk(
	    &forge->stage->rogue, log, 0, size, side->head.size, &chunk);
	side->proof = chunk.u.chunk.proof;
}

void
forge_fork(struct forge *forge, struct rogue_log *log, struct msg *msg)
{
	struct fuzz_input *in = forge->input;
	uint8_t how = fuzz_u8(in);
	struct fork_side *sides = arena_array(&forge->arena, 2, sizeof(*sides));
	struct msg_sample *samples = arena_array(
	    &forge->arena, SAMPLES_MAX, sizeof(*samples));
	uint64_t size = 1 + ((how & 2) != 0 ? fuzz_number(in) / 2
					    : fuzz_below(in, log->n));
	struct msg_fork fork = {.log = log->id,
	    .size = size,
	    .n = 1 + how % 2,
	    .sides = sides,
	    .samples_n = fuzz_below(in, SAMPLES_MAX + 1),
	    .samples = samples};

	side_make(forge, log, size, &sides[0]);
	/* Another log of the same name, if the input made one. */
	if (fork.n == 2)
		side_make(forge, (how & 4) != 0 ? forge_log(forge) : log, size,
		    &sides[1]);
	for (size_t i = 0; i < fork.samples_n; i++) {
		struct hash root = {{0}};

		samples[i].size = fork.samples_n - i;
		if ((how & 8) != 0)
			samples[i].size += fuzz_number(in) / 2;
		if (samples[i].size <= log->n)
			root_of(log, (size_t)samples[i].size, &root);
		memcpy(samples[i].root, root.b, sizeof(samples[i].root));
	}
	*msg = (struct msg){.type = MSG_FORK, .u.fork = fork};
}

void
forge_word(struct forge *forge, struct msg *msg)
{
	static const enum msg_type types[] = {MSG_HELLO, MSG_TOTAL, MSG_CREDIT,
	    MSG_IDLE, MSG_PING, MSG_PONG, MSG_CLOSE, MSG_IDLE};
	struct fuzz_input *in = forge->input;
	uint8_t how = fuzz_u8(in);

	*msg = (struct msg){.type = types[how % COUNT_OF(types)]};
	switch (msg->type) {
	case MSG_HELLO:
		msg->u.hello.version = how < 0xe0 ? MSG_VERSION
						  : fuzz_number(in);
		fuzz_fill(in, msg->u.hello.mine, 2);
		break;
	case MSG_TOTAL:
		msg->u.total.deltas = fuzz_number(in);
		msg->u.total.bytes = fuzz_number(in);
		break;
	case MSG_CREDIT:
		msg->u.credit.bytes = fuzz_number(in);
		break;
	case MSG_CLOSE:
		msg->u.close.why = how < 0x80 ? ERR_OK : ERR_LIMIT;
		msg->u.close.text = bytes_text("그만");
		break;
	default:
		break;
	}
}

void
forge_message(struct forge *forge, struct buf *out)
{
	uint8_t what = fuzz_u8(forge->input);
	struct rogue_log *log;
	struct msg msg;

	if (what % 8 == 7) {
		buf_add_u8(out, what / 8 % 14);
		buf_add(out, fuzz_bytes(forge->input, LIMIT_CHUNK_SIZE));
		return;
	}
	log = forge_log(forge);
	/* A log of which nothing could be made says nothing. */
	if (log->n == 0)
		return;
	switch (what % 8) {
	case 0:
		forge_run(forge, log, &msg);
		break;
	case 1:
		forge_chunk(forge, log, &msg);
		break;
	case 2:
		forge_bodies(forge, log, &msg);
		break;
	case 3:
		forge_clock(forge, &msg);
		break;
	case 4:
		forge_fork(forge, log, &msg);
		break;
	default:
		forge_word(forge, &msg);
		break;
	}
	msg_encode(&msg, out);
	if (what >= 0xe0)
		fuzz_mutate(forge->input, out);
}
