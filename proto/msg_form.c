/*
 * Writes messages, for proto/msg.c alone, which reads them.  Pure.
 */
#include "proto/msg_form.h"

#include <string.h>

#include "proto/codec.h"
#include "proto/text.h"
#include "proto/why.h"

static void hello_put(const struct msg_hello *hello, struct buf *out);
static void log_put(const struct msg_numbers *numbers, const struct log_id *log,
    struct buf *out);
static void clock_put(const struct msg_numbers *numbers,
    const struct msg_clock *clock, struct buf *out);
static void entry_put(const struct msg_numbers *numbers,
    const struct msg_entry *entry, struct buf *out);
static void entry_says(const struct msg_entry *entry, bool says[ENTRY_MAX]);
static void run_put(const struct msg_numbers *numbers,
    const struct msg_run *run, struct buf *out);
static void name_put(const struct log_name *name, struct buf *out);
static void proof_put(const struct merkle_proof *proof, struct buf *out);
static void chunk_put(const struct msg_chunk *chunk, struct buf *out);
static void bodies_put(const struct msg_numbers *numbers,
    const struct msg_bodies *bodies, struct buf *out);
static void sizes_put(
    const struct msg_bodies *bodies, size_t sealed_n, struct buf *out);
static void shapes_put(
    const struct msg_bodies *bodies, bool plain, struct buf *out);
static void places_put(
    const struct msg_bodies *bodies, size_t said, struct buf *out);
static void wraps_put(
    const struct msg_bodies *bodies, size_t wraps_n, struct buf *out);
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
		clock_put(msg->numbers, &msg->u.clock, out);
		break;
	case MSG_TOTAL:
		codec_put_array(out, TOTAL_N);
		uint_put(msg->u.total.deltas, out);
		uint_put(msg->u.total.bytes, out);
		break;
	case MSG_RUN:
		run_put(msg->numbers, &msg->u.run, out);
		break;
	case MSG_CHUNK:
		chunk_put(&msg->u.chunk, out);
		break;
	case MSG_BODIES:
		bodies_put(msg->numbers, &msg->u.bodies, out);
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

/* A log by its number, or by its id, which then has the next one. */
static void
log_put(const struct msg_numbers *numbers, const struct log_id *log,
    struct buf *out)
{
	uint64_t number;

	if (numbers != NULL && numbers->find(numbers->arg, log, &number))
		uint_put(number, out);
	else
		codec_put_bytes(out, bytes_of(log->b, sizeof(log->b)));
}

static void
clock_put(const struct msg_numbers *numbers, const struct msg_clock *clock,
    struct buf *out)
{
	unsigned flags = (clock->last ? CLOCK_LAST : 0) |
			 (clock->again ? CLOCK_AGAIN : 0) |
			 (clock->whole ? CLOCK_WHOLE : 0);

	assert(clock->n <= MSG_ENTRIES_MAX);
	codec_put_array(out, flags != 0 ? 2 : 1);
	codec_put_array(out, clock->n);
	for (size_t i = 0; i < clock->n; i++)
		entry_put(numbers, &clock->entries[i], out);
	if (flags != 0)
		uint_put(flags, out);
}

static void
entry_put(const struct msg_numbers *numbers, const struct msg_entry *entry,
    struct buf *out)
{
	bool says[ENTRY_MAX];
	size_t n = ENTRY_MAX;

	entry_says(entry, says);
	while (!says[n - 1])
		n--;
	codec_put_array(out, n);
	log_put(numbers, &entry->log, out);
	uint_put(entry->size, out);
	for (size_t i = ENTRY_N; i < n; i++) {
		if (!says[i])
			codec_put_nil(out);
		else if (i == ENTRY_ROOT)
			codec_put_bytes(
			    out, bytes_of(entry->root, sizeof(entry->root)));
		else if (i == ENTRY_HELD)
			uint_put(entry->held, out);
		else if (i < ENTRY_KEPT)
			uint_put(entry->open[i - ENTRY_OPEN], out);
		else if (i == ENTRY_KEPT)
			uint_put(entry->kept, out);
		else if (i == ENTRY_FORKED)
			codec_put_bool(out, true);
		else
			codec_put_bytes(out, bytes_of(entry->trunk.b, 16));
	}
}

/* What is as much as the size, or as usual, is not said. */
static void
entry_says(const struct msg_entry *entry, bool says[ENTRY_MAX])
{
	static const uint8_t none[sizeof(entry->root)];

	says[0] = true;
	says[1] = true;
	says[ENTRY_ROOT] = memcmp(entry->root, none, sizeof(none)) != 0;
	says[ENTRY_HELD] = entry->held != entry->size;
	for (size_t i = 0; i < CLASS_COUNT; i++)
		says[ENTRY_OPEN + i] = entry->open[i] != entry->size;
	says[ENTRY_KEPT] = entry->kept != entry->size;
	says[ENTRY_FORKED] = entry->forked;
	says[ENTRY_TRUNK] = entry->is_branch;
}

static void
run_put(const struct msg_numbers *numbers, const struct msg_run *run,
    struct buf *out)
{
	assert(run->from <= run->head_size);
	codec_put_array(out, !run->nameless ? 6 : !run->rootless ? 5 : 4);
	if (run->whole)
		log_put(numbers, &run->entry.log, out);
	else
		entry_put(numbers, &run->entry, out);
	uint_put(run->from, out);
	uint_put(run->head_size - run->from, out);
	codec_put_bytes(out, bytes_of(run->head_signature.b, 64));
	if (!run->rootless)
		codec_put_bytes(out, bytes_of(run->head_root.b, 32));
	else if (!run->nameless)
		codec_put_nil(out);
	if (!run->nameless)
		name_put(&run->name, out);
}

static void
name_put(const struct log_name *name, struct buf *out)
{
	codec_put_array(out, NAME_N);
	codec_put_bytes(out, bytes_of(name->author.b, sizeof(name->author.b)));
	codec_put_text(out, bytes_text(name->space.text));
	codec_put_bytes(
	    out, bytes_of(name->incarnation.b, sizeof(name->incarnation.b)));
}

/* The hashes of a proof in a row, as one byte string. */
static void
proof_put(const struct merkle_proof *proof, struct buf *out)
{
	assert(proof->n <= MERKLE_PROOF_MAX);
	codec_put_bytes(
	    out, bytes_of(proof->nodes, proof->n * sizeof(proof->nodes[0])));
}

/* All headers in a row, and before that how long each is but the last. */
static void
chunk_put(const struct msg_chunk *chunk, struct buf *out)
{
	bool plain = chunk->bodies_n == chunk->n;
	size_t bytes = 0;

	assert(chunk->n > 0 && chunk->n <= MSG_HEADERS_MAX);
	codec_put_array(out, chunk->proof.n > 0 ? 4
			     : !plain		? 3
			     : chunk->n > 1	? 2
						: 1);
	for (size_t i = 0; i < chunk->n; i++)
		bytes += chunk->headers[i].n;
	codec_put_bytes_head(out, bytes);
	for (size_t i = 0; i < chunk->n; i++)
		buf_add(out, chunk->headers[i]);
	if (chunk->n > 1) {
		codec_put_array(out, chunk->n - 1);
		for (size_t i = 0; i + 1 < chunk->n; i++)
			uint_put(chunk->headers[i].n, out);
	} else if (!plain || chunk->proof.n > 0) {
		codec_put_nil(out);
	}
	if (!plain)
		uint_put(chunk->bodies_n, out);
	else if (chunk->proof.n > 0)
		codec_put_nil(out);
	if (chunk->proof.n > 0)
		proof_put(&chunk->proof, out);
}

/* Bodies go in columns: what is alike then lies together. */
static void
bodies_put(const struct msg_numbers *numbers, const struct msg_bodies *bodies,
    struct buf *out)
{
	size_t sealed_n = 0;
	size_t bytes = 0;
	size_t wraps_n = 0;
	size_t said = 0;
	bool plain = true;
	size_t n;

	assert(bodies->n <= MSG_BODIES_MAX);
	for (size_t i = 0; i < bodies->n; i++) {
		const struct msg_body *body = &bodies->bodies[i];

		assert(!body->has_wrap || !body->is_open);
		bytes += body->sealed.n;
		sealed_n += body->sealed.n > 0;
		wraps_n += body->has_wrap;
		plain = plain && msg_form_shape(bodies, i) == SHAPE_PLAIN;
		said += (msg_form_shape(bodies, i) & SHAPE_PLACE) == PLACE_SAID;
	}
	n = !bodies->in_chunk ? 7
	    : wraps_n > 0     ? 6
	    : said > 0	      ? 5
	    : !plain	      ? 4
	    : sealed_n > 1    ? 3
			      : 2;
	codec_put_array(out, n);
	codec_put_bytes_head(out, bodies->n * 32);
	for (size_t i = 0; i < bodies->n; i++)
		buf_add(out, bytes_of(bodies->bodies[i].key, 32));
	codec_put_bytes_head(out, bytes);
	for (size_t i = 0; i < bodies->n; i++)
		buf_add(out, bodies->bodies[i].sealed);
	if (n > 2)
		sizes_put(bodies, sealed_n, out);
	if (n > 3)
		shapes_put(bodies, plain, out);
	if (n > 4)
		places_put(bodies, said, out);
	if (n > 5)
		wraps_put(bodies, wraps_n, out);
	if (!bodies->in_chunk)
		log_put(numbers, &bodies->log, out);
}

/* How long each that is sealed is, but the last. */
static void
sizes_put(const struct msg_bodies *bodies, size_t sealed_n, struct buf *out)
{
	size_t left = sealed_n;

	if (sealed_n < 2) {
		codec_put_nil(out);
		return;
	}
	codec_put_array(out, sealed_n - 1);
	for (size_t i = 0; i < bodies->n; i++)
		if (bodies->bodies[i].sealed.n > 0 && --left > 0)
			uint_put(bodies->bodies[i].sealed.n, out);
}

static void
shapes_put(const struct msg_bodies *bodies, bool plain, struct buf *out)
{
	if (plain) {
		codec_put_nil(out);
		return;
	}
	codec_put_bytes_head(out, bodies->n);
	for (size_t i = 0; i < bodies->n; i++)
		buf_add_u8(out, (uint8_t)msg_form_shape(bodies, i));
}

/* Delta and change of those whose place does not follow from the one before. */
static void
places_put(const struct msg_bodies *bodies, size_t said, struct buf *out)
{
	if (said == 0) {
		codec_put_nil(out);
		return;
	}
	codec_put_array(out, 2 * said);
	for (size_t i = 0; i < bodies->n; i++) {
		const struct msg_body *body = &bodies->bodies[i];

		if ((msg_form_shape(bodies, i) & SHAPE_PLACE) != PLACE_SAID)
			continue;
		uint_put(body->seq - bodies->from, out);
		uint_put(body->change, out);
	}
}

unsigned
msg_form_shape(const struct msg_bodies *bodies, size_t i)
{
	const struct msg_body *body = &bodies->bodies[i];
	const struct msg_body *last = i > 0 ? body - 1 : NULL;
	/* Before the first is the delta before `from`. */
	uint64_t next = last != NULL ? last->seq + 1 : bodies->from;
	unsigned shape = body->class | (body->is_open ? 0 : SHAPE_TAG) |
			 (body->has_wrap ? SHAPE_WRAP : 0) |
			 (body->sealed.n == 0 ? SHAPE_BARE : 0);

	assert(body->seq >= bodies->from);
	if (body->seq == next && body->change == 0)
		return shape | PLACE_DELTA;
	if (last == NULL || body->seq != last->seq)
		return shape | PLACE_SAID;
	if (body->change == last->change)
		return shape | PLACE_SAME;
	return shape |
	       (body->change == last->change + 1 ? PLACE_CHANGE : PLACE_SAID);
}

static void
wraps_put(const struct msg_bodies *bodies, size_t wraps_n, struct buf *out)
{
	if (wraps_n == 0) {
		codec_put_nil(out);
		return;
	}
	codec_put_bytes_head(out, wraps_n * WRAP_SIZE);
	for (size_t i = 0; i < bodies->n; i++)
		if (bodies->bodies[i].has_wrap)
			buf_add(
			    out, bytes_of(bodies->bodies[i].wrap.b, WRAP_SIZE));
}

static void
close_put(const struct msg_close *close, struct buf *out)
{
	struct bytes text = close->text;

	if (text.n > MSG_TEXT_SIZE)
		text = bytes_first(text, MSG_TEXT_SIZE);
	text = bytes_first(text, text_utf8_size(text));
	codec_put_array(out, text.n > 0 ? 2 : 1);
	uint_put(why_number(close->why), out);
	if (text.n > 0)
		codec_put_text(out, text);
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
