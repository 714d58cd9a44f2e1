/*
 * The messages of two nodes as bytes.  The session builds and reads them, the
 * channel carries them.  Knows their form and their limits, never what follows
 * from them.  Pure.
 */
#include "proto/msg.h"

#include <string.h>

#include "proto/codec.h"
#include "proto/msg_form.h"
#include "proto/why.h"

/* What a reader of one message works with. */
struct input {
	struct reader r;
	struct arena *arena;
};

static size_t array_begin(struct reader *r, size_t known_n);
static void array_end(struct reader *r, size_t n, size_t known_n);
static void content_get(struct input *in, struct msg *msg);
static void hello_get(struct reader *r, struct msg_hello *hello);
static void clock_get(struct input *in, struct msg_clock *clock);
static void entry_get(struct reader *r, struct msg_entry *entry);
static void total_get(struct reader *r, struct msg_total *total);
static void run_get(struct reader *r, struct msg_run *run);
static void proof_get(struct reader *r, struct merkle_proof *proof);
static void chunk_get(struct input *in, struct msg_chunk *chunk);
static void bodies_get(struct input *in, struct msg_bodies *bodies);
static void body_get(struct reader *r, struct msg_body *body);
static bool is_there(struct reader *r);
static void credit_get(struct reader *r, struct msg_credit *credit);
static void close_get(struct reader *r, struct msg_close *close);
static void fork_get(struct input *in, struct msg_fork *fork);
static void samples_get(struct input *in, struct msg_fork *fork);
static void fixed_get(struct reader *r, void *to, size_t n);

void
msg_encode(const struct msg *msg, struct buf *out)
{
	msg_form_put(msg, out);
}

enum err
msg_decode(struct bytes in, struct arena *arena, struct msg *msg)
{
	struct input input = {.arena = arena};

	memset(msg, 0, sizeof(*msg));
	if (in.n == 0)
		return err_set(ERR_MALFORMED, "a message without a type");
	if (in.n > LIMIT_FRAME_SIZE)
		return err_set(ERR_MALFORMED,
		    "a message of %zu bytes; %d is the most", in.n,
		    LIMIT_FRAME_SIZE);
	if (in.p[0] < MSG_HELLO || in.p[0] > MSG_FORK)
		return err_set(
		    ERR_MALFORMED, "a message of unknown type %d", in.p[0]);
	msg->type = (enum msg_type)in.p[0];
	codec_begin(&input.r, bytes_after(in, 1));
	content_get(&input, msg);
	if (codec_end(&input.r, "message") != ERR_OK)
		return err_wrap(ERR_MALFORMED, "type %d", in.p[0]);
	return ERR_OK;
}

static void
content_get(struct input *in, struct msg *msg)
{
	switch (msg->type) {
	case MSG_HELLO:
		hello_get(&in->r, &msg->u.hello);
		break;
	case MSG_CLOCK:
		clock_get(in, &msg->u.clock);
		break;
	case MSG_TOTAL:
		total_get(&in->r, &msg->u.total);
		break;
	case MSG_RUN:
		run_get(&in->r, &msg->u.run);
		break;
	case MSG_CHUNK:
		chunk_get(in, &msg->u.chunk);
		break;
	case MSG_BODIES:
		bodies_get(in, &msg->u.bodies);
		break;
	case MSG_CREDIT:
		credit_get(&in->r, &msg->u.credit);
		break;
	case MSG_CLOSE:
		close_get(&in->r, &msg->u.close);
		break;
	case MSG_FORK:
		fork_get(in, &msg->u.fork);
		break;
	case MSG_IDLE:
	case MSG_PING:
	case MSG_PONG:
		array_end(&in->r, array_begin(&in->r, 0), 0);
		break;
	}
}

/* The elements of an array that has `known_n` or, from a newer program, more;
 * array_end passes over those. */
static size_t
array_begin(struct reader *r, size_t known_n)
{
	size_t n = codec_get_array(r, LIMIT_ELEMENTS);

	if (n < known_n)
		r->bad = true;
	return n;
}

static void
array_end(struct reader *r, size_t n, size_t known_n)
{
	for (size_t i = known_n; i < n && !r->bad; i++)
		(void)codec_get_value(r);
}

static void
hello_get(struct reader *r, struct msg_hello *hello)
{
	size_t n = array_begin(r, HELLO_N);

	hello->version = codec_get_uint(r, INT64_MAX);
	hello->features = codec_get_uint(r, INT64_MAX);
	fixed_get(r, hello->mine, sizeof(hello->mine));
	fixed_get(r, hello->yours, sizeof(hello->yours));
	array_end(r, n, HELLO_N);
}

static void
clock_get(struct input *in, struct msg_clock *clock)
{
	struct reader *r = &in->r;
	size_t n = array_begin(r, CLOCK_N);
	struct msg_entry *entries = NULL;

	clock->last = codec_get_bool(r);
	clock->again = codec_get_bool(r);
	clock->n = codec_get_array(r, MSG_ENTRIES_MAX);
	if (clock->n > 0)
		entries = arena_array(in->arena, clock->n, sizeof(*entries));
	for (size_t i = 0; i < clock->n && !r->bad; i++)
		entry_get(r, &entries[i]);
	clock->entries = entries;
	array_end(r, n, CLOCK_N);
}

static void
entry_get(struct reader *r, struct msg_entry *entry)
{
	size_t n = array_begin(r, ENTRY_N);

	fixed_get(r, entry->log.b, sizeof(entry->log.b));
	entry->size = codec_get_uint(r, INT64_MAX);
	fixed_get(r, entry->root, sizeof(entry->root));
	entry->held = codec_get_uint(r, entry->size);
	for (size_t i = 0; i < CLASS_COUNT; i++)
		entry->open[i] = codec_get_uint(r, entry->size);
	entry->forked = codec_get_bool(r);
	entry->is_branch = is_there(r);
	if (entry->is_branch) {
		fixed_get(r, entry->trunk.b, sizeof(entry->trunk.b));
		/* What is no branch says so by nil alone. */
		if (memcmp(&entry->trunk, &entry->log, sizeof(entry->log)) == 0)
			r->bad = true;
	}
	entry->kept = codec_get_uint(r, entry->size);
	array_end(r, n, ENTRY_N);
}

static void
total_get(struct reader *r, struct msg_total *total)
{
	size_t n = array_begin(r, TOTAL_N);

	total->deltas = codec_get_uint(r, INT64_MAX);
	total->bytes = codec_get_uint(r, INT64_MAX);
	array_end(r, n, TOTAL_N);
}

static void
run_get(struct reader *r, struct msg_run *run)
{
	size_t n = array_begin(r, RUN_N);
	struct log_name *name = &run->name;

	fixed_get(r, name->author.b, sizeof(name->author.b));
	if (id_space(codec_get_text(r), &name->space) != ERR_OK)
		r->bad = true;
	fixed_get(r, name->incarnation.b, sizeof(name->incarnation.b));
	run->from = codec_get_uint(r, INT64_MAX);
	run->head_size = codec_get_uint(r, INT64_MAX);
	fixed_get(r, run->head_root.b, sizeof(run->head_root.b));
	fixed_get(r, run->head_signature.b, sizeof(run->head_signature.b));
	if (run->from > run->head_size)
		r->bad = true;
	entry_get(r, &run->entry);
	array_end(r, n, RUN_N);
}

static void
proof_get(struct reader *r, struct merkle_proof *proof)
{
	struct bytes nodes = codec_get_bytes(r);

	if (nodes.n % sizeof(proof->nodes[0]) != 0 ||
	    nodes.n > sizeof(proof->nodes)) {
		r->bad = true;
		return;
	}
	proof->n = nodes.n / sizeof(proof->nodes[0]);
	bytes_copy(proof->nodes, nodes);
}

static void
chunk_get(struct input *in, struct msg_chunk *chunk)
{
	struct reader *r = &in->r;
	size_t n = array_begin(r, CHUNK_N);
	struct bytes *headers = NULL;

	chunk->n = codec_get_array(r, MSG_HEADERS_MAX);
	if (chunk->n > 0)
		headers = arena_array(in->arena, chunk->n, sizeof(*headers));
	for (size_t i = 0; i < chunk->n && !r->bad; i++) {
		headers[i] = codec_get_bytes(r);
		if (headers[i].n > LIMIT_HEADER_SIZE)
			r->bad = true;
	}
	chunk->headers = headers;
	chunk->bodies_n = codec_get_uint(r, INT64_MAX);
	proof_get(r, &chunk->proof);
	array_end(r, n, CHUNK_N);
}

static void
bodies_get(struct input *in, struct msg_bodies *bodies)
{
	struct reader *r = &in->r;
	size_t n = array_begin(r, BODIES_N);
	struct msg_body *list = NULL;

	fixed_get(r, bodies->log.b, sizeof(bodies->log.b));
	bodies->n = codec_get_array(r, MSG_BODIES_MAX);
	if (bodies->n > 0)
		list = arena_array(in->arena, bodies->n, sizeof(*list));
	for (size_t i = 0; i < bodies->n && !r->bad; i++)
		body_get(r, &list[i]);
	bodies->bodies = list;
	array_end(r, n, BODIES_N);
}

static void
body_get(struct reader *r, struct msg_body *body)
{
	size_t n = array_begin(r, BODY_N);

	body->seq = codec_get_uint(r, INT64_MAX);
	body->change = (uint16_t)codec_get_uint(r, UINT16_MAX);
	body->class = (enum delta_class)codec_get_uint(r, CLASS_COUNT - 1);
	body->is_open = codec_get_bool(r);
	fixed_get(r, body->key, sizeof(body->key));
	if (is_there(r)) {
		body->sealed = codec_get_bytes(r);
		if (body->sealed.n == 0 || body->sealed.n > LIMIT_SEALED_SIZE)
			r->bad = true;
	}
	body->has_wrap = is_there(r);
	if (body->has_wrap)
		fixed_get(r, body->wrap.b, sizeof(body->wrap.b));
	/* Who gets the secret needs no wrap. */
	if (body->has_wrap && body->is_open)
		r->bad = true;
	array_end(r, n, BODY_N);
}

static bool
is_there(struct reader *r)
{
	if (codec_peek(r) != CODEC_NIL)
		return true;
	codec_get_nil(r);
	return false;
}

static void
credit_get(struct reader *r, struct msg_credit *credit)
{
	size_t n = array_begin(r, CREDIT_N);

	credit->bytes = codec_get_uint(r, INT64_MAX);
	array_end(r, n, CREDIT_N);
}

static void
close_get(struct reader *r, struct msg_close *close)
{
	size_t n = array_begin(r, CLOSE_N);

	close->why = why_outcome(codec_get_uint(r, UINT8_MAX));
	close->text = codec_get_text(r);
	if (close->text.n > MSG_TEXT_SIZE)
		r->bad = true;
	array_end(r, n, CLOSE_N);
}

static void
fork_get(struct input *in, struct msg_fork *fork)
{
	struct reader *r = &in->r;
	size_t n = array_begin(r, FORK_N);
	struct fork_side *sides;

	fixed_get(r, fork->log.b, sizeof(fork->log.b));
	fork->size = codec_get_uint(r, INT64_MAX);
	fork->n = codec_get_array(r, 2);
	if (fork->n == 0 || fork->size == 0)
		r->bad = true;
	sides = arena_array(in->arena, fork->n, sizeof(*sides));
	for (size_t i = 0; i < fork->n && !r->bad; i++) {
		size_t side_n = array_begin(r, SIDE_N);
		struct note_head *head = &sides[i].head;

		head->size = codec_get_uint(r, INT64_MAX);
		fixed_get(r, head->root.b, sizeof(head->root.b));
		fixed_get(r, head->signature.b, sizeof(head->signature.b));
		fixed_get(r, sides[i].root.b, sizeof(sides[i].root.b));
		proof_get(r, &sides[i].proof);
		array_end(r, side_n, SIDE_N);
		if (head->size < fork->size)
			r->bad = true;
	}
	fork->sides = sides;
	samples_get(in, fork);
	array_end(r, n, FORK_N);
}

static void
samples_get(struct input *in, struct msg_fork *fork)
{
	struct reader *r = &in->r;
	uint64_t last = UINT64_MAX;
	struct msg_sample *samples;

	fork->samples_n = codec_get_array(r, MSG_SAMPLES_MAX);
	samples = arena_array(in->arena, fork->samples_n, sizeof(*samples));
	for (size_t i = 0; i < fork->samples_n && !r->bad; i++) {
		size_t n = array_begin(r, SAMPLE_N);

		samples[i].size = codec_get_uint(r, INT64_MAX);
		fixed_get(r, samples[i].root, sizeof(samples[i].root));
		array_end(r, n, SAMPLE_N);
		if (samples[i].size == 0 || samples[i].size >= last)
			r->bad = true;
		last = samples[i].size;
	}
	fork->samples = samples;
}

/* A reader that goes bad leaves `to` as it is: zero. */
static void
fixed_get(struct reader *r, void *to, size_t n)
{
	bytes_copy(to, codec_get_fixed(r, n));
}
