/*
 * Writes messages, for proto/msg.c alone, which reads them.  Pure.
 */
#include "proto/msg_form.h"

#include "proto/codec.h"
#include "proto/text.h"
#include "proto/why.h"

static void hello_put(const struct msg_hello *hello, struct buf *out);
static void clock_put(const struct msg_clock *clock, struct buf *out);
static void entry_put(const struct msg_entry *entry, struct buf *out);
static void run_put(const struct msg_run *run, struct buf *out);
static void proof_put(const struct merkle_proof *proof, struct buf *out);
static void chunk_put(const struct msg_chunk *chunk, struct buf *out);
static void bodies_put(const struct msg_bodies *bodies, struct buf *out);
static void wrap_put(const struct msg_body *body, struct buf *out);
static void close_put(const struct msg_close *close, struct buf *out);
static void fork_put(const struct msg_fork *fork, struct buf *out);
static void uint_put(uint64_t v, struct buf *out);

void
msg_form_put(const struct msg *msg, struct buf *out)
{
	buf_add_u8(out, (uint8_t)msg->type);
	switch (msg->type) {
	case MSG_HELLO:
		hello_put(&msg->u.hello, out);
		break;
	case MSG_CLOCK:
		clock_put(&msg->u.clock, out);
		break;
	case MSG_TOTAL:
		codec_put_array(out, TOTAL_N);
		uint_put(msg->u.total.deltas, out);
		uint_put(msg->u.total.bytes, out);
		break;
	case MSG_RUN:
		run_put(&msg->u.run, out);
		break;
	case MSG_CHUNK:
		chunk_put(&msg->u.chunk, out);
		break;
	case MSG_BODIES:
		bodies_put(&msg->u.bodies, out);
		break;
	case MSG_CREDIT:
		codec_put_array(out, CREDIT_N);
		uint_put(msg->u.credit.bytes, out);
		break;
	case MSG_CLOSE:
		close_put(&msg->u.close, out);
		break;
	case MSG_FORK:
		fork_put(&msg->u.fork, out);
		break;
	case MSG_IDLE:
	case MSG_PING:
	case MSG_PONG:
		codec_put_array(out, 0);
		break;
	}
}

static void
hello_put(const struct msg_hello *hello, struct buf *out)
{
	codec_put_array(out, HELLO_N);
	uint_put(hello->version, out);
	uint_put(hello->features, out);
	codec_put_bytes(out, bytes_of(hello->mine, MSG_DIGEST_SIZE));
	codec_put_bytes(out, bytes_of(hello->yours, MSG_DIGEST_SIZE));
}

static void
clock_put(const struct msg_clock *clock, struct buf *out)
{
	assert(clock->n <= MSG_ENTRIES_MAX);
	codec_put_array(out, CLOCK_N);
	codec_put_bool(out, clock->last);
	codec_put_bool(out, clock->again);
	codec_put_array(out, clock->n);
	for (size_t i = 0; i < clock->n; i++)
		entry_put(&clock->entries[i], out);
}

static void
entry_put(const struct msg_entry *entry, struct buf *out)
{
	codec_put_array(out, ENTRY_N);
	codec_put_bytes(out, bytes_of(entry->log.b, sizeof(entry->log.b)));
	uint_put(entry->size, out);
	codec_put_bytes(out, bytes_of(entry->root, sizeof(entry->root)));
	uint_put(entry->held, out);
	for (size_t i = 0; i < CLASS_COUNT; i++)
		uint_put(entry->open[i], out);
	codec_put_bool(out, entry->forked);
	if (entry->is_branch)
		codec_put_bytes(
		    out, bytes_of(entry->trunk.b, sizeof(entry->trunk.b)));
	else
		codec_put_nil(out);
	uint_put(entry->kept, out);
}

static void
run_put(const struct msg_run *run, struct buf *out)
{
	const struct log_name *name = &run->name;

	codec_put_array(out, RUN_N);
	codec_put_bytes(out, bytes_of(name->author.b, sizeof(name->author.b)));
	codec_put_text(out, bytes_text(name->space.text));
	codec_put_bytes(
	    out, bytes_of(name->incarnation.b, sizeof(name->incarnation.b)));
	uint_put(run->from, out);
	uint_put(run->head_size, out);
	codec_put_bytes(out, bytes_of(run->head_root.b, 32));
	codec_put_bytes(out, bytes_of(run->head_signature.b, 64));
	entry_put(&run->entry, out);
}

/* The hashes of a proof in a row, as one byte string. */
static void
proof_put(const struct merkle_proof *proof, struct buf *out)
{
	assert(proof->n <= MERKLE_PROOF_MAX);
	codec_put_bytes(
	    out, bytes_of(proof->nodes, proof->n * sizeof(proof->nodes[0])));
}

static void
chunk_put(const struct msg_chunk *chunk, struct buf *out)
{
	assert(chunk->n <= MSG_HEADERS_MAX);
	codec_put_array(out, CHUNK_N);
	codec_put_array(out, chunk->n);
	for (size_t i = 0; i < chunk->n; i++)
		codec_put_bytes(out, chunk->headers[i]);
	uint_put(chunk->bodies_n, out);
	proof_put(&chunk->proof, out);
}

static void
bodies_put(const struct msg_bodies *bodies, struct buf *out)
{
	assert(bodies->n <= MSG_BODIES_MAX);
	codec_put_array(out, BODIES_N);
	codec_put_bytes(out, bytes_of(bodies->log.b, sizeof(bodies->log.b)));
	codec_put_array(out, bodies->n);
	for (size_t i = 0; i < bodies->n; i++) {
		const struct msg_body *body = &bodies->bodies[i];

		codec_put_array(out, BODY_N);
		uint_put(body->seq, out);
		uint_put(body->change, out);
		uint_put(body->class, out);
		codec_put_bool(out, body->is_open);
		codec_put_bytes(out, bytes_of(body->key, sizeof(body->key)));
		if (body->sealed.n > 0)
			codec_put_bytes(out, body->sealed);
		else
			codec_put_nil(out);
		wrap_put(body, out);
	}
}

static void
wrap_put(const struct msg_body *body, struct buf *out)
{
	assert(!body->has_wrap || !body->is_open);
	if (body->has_wrap)
		codec_put_bytes(out, bytes_of(body->wrap.b, WRAP_SIZE));
	else
		codec_put_nil(out);
}

static void
close_put(const struct msg_close *close, struct buf *out)
{
	struct bytes text = close->text;

	if (text.n > MSG_TEXT_SIZE)
		text = bytes_first(text, MSG_TEXT_SIZE);
	codec_put_array(out, CLOSE_N);
	uint_put(why_number(close->why), out);
	codec_put_text(out, bytes_first(text, text_utf8_size(text)));
}

static void
fork_put(const struct msg_fork *fork, struct buf *out)
{
	assert(fork->n == 1 || fork->n == 2);
	codec_put_array(out, FORK_N);
	codec_put_bytes(out, bytes_of(fork->log.b, sizeof(fork->log.b)));
	uint_put(fork->size, out);
	codec_put_array(out, fork->n);
	for (size_t i = 0; i < fork->n; i++) {
		const struct fork_side *side = &fork->sides[i];
		const struct note_head *head = &side->head;

		codec_put_array(out, SIDE_N);
		uint_put(head->size, out);
		codec_put_bytes(out, bytes_of(head->root.b, 32));
		codec_put_bytes(out, bytes_of(head->signature.b, 64));
		codec_put_bytes(out, bytes_of(side->root.b, 32));
		proof_put(&side->proof, out);
	}
	assert(fork->samples_n <= MSG_SAMPLES_MAX);
	codec_put_array(out, fork->samples_n);
	for (size_t i = 0; i < fork->samples_n; i++) {
		codec_put_array(out, SAMPLE_N);
		uint_put(fork->samples[i].size, out);
		codec_put_bytes(out, bytes_of(fork->samples[i].root,
					 sizeof(fork->samples[i].root)));
	}
}

static void
uint_put(uint64_t v, struct buf *out)
{
	assert(v <= INT64_MAX);
	codec_put_int(out, (int64_t)v);
}
