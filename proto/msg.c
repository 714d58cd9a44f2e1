/*
 * The messages of two nodes as bytes.  The session builds and reads them, the
 * channel carries them.  Knows their form and their limits, never what follows
 * from them.  Pure.
 */
#include "proto/msg.h"

#include <string.h>

#include "proto/codec.h"
#include "proto/mem.h"
#include "proto/msg_form.h"
#include "proto/msg_read.h"
#include "proto/why.h"

/* What a reader of one message works with. */
struct input {
	struct reader r;
	struct arena *arena;
	struct msg_names *names; /* NULL: logs have no numbers */
};

static void content_get(struct input *in, struct msg *msg);
static void hello_get(struct reader *r, struct msg_hello *hello);
static void log_get(struct input *in, struct log_id *log);
static void clock_get(struct input *in, struct msg_clock *clock);
static void entry_get(struct input *in, struct msg_entry *entry);
static void root_get(struct reader *r, struct msg_entry *entry);
static uint64_t share_get(struct reader *r, size_t *left, uint64_t size);
static void total_get(struct reader *r, struct msg_total *total);
static void run_get(struct input *in, struct msg_run *run);
static void name_get(struct reader *r, struct log_name *name);
static void proof_get(struct reader *r, struct merkle_proof *proof);
static void chunk_get(struct input *in, struct msg_chunk *chunk);
static void bodies_get(struct input *in, struct msg_bodies *bodies);
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

void
msg_names_add(struct msg_names *names, const struct log_id *log)
{
	mem_room(&names->ids, &names->room, names->n + 1, sizeof(*names->ids));
	names->ids[names->n++] = *log;
}

void
msg_names_fini(struct msg_names *names)
{
	mem_free(names->ids);
	*names = (struct msg_names){0};
}

void
msg_run_whole(struct msg_run *run)
{
	struct msg_entry *entry = &run->entry;

	*entry = (struct msg_entry){.log = entry->log,
	    .size = run->head_size,
	    .held = run->head_size,
	    .kept = run->head_size};
	memcpy(entry->root, run->head_root.b, sizeof(entry->root));
	for (size_t class = 0; class < CLASS_COUNT; class ++)
		entry->open[class] = run->head_size;
}

enum err
msg_decode(struct bytes in, struct arena *arena, struct msg *msg)
{
	return msg_decode_named(in, NULL, arena, msg);
}

enum err
msg_decode_named(struct bytes in, struct msg_names *names, struct arena *arena,
    struct msg *msg)
{
	struct input input = {.arena = arena, .names = names};

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
		run_get(in, &msg->u.run);
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
		msg_read_end(&in->r, msg_read_begin(&in->r, 0));
		break;
	}
}

static void
hello_get(struct reader *r, struct msg_hello *hello)
{
	size_t left = msg_read_begin(r, HELLO_N);

	hello->version = codec_get_uint(r, INT64_MAX);
	hello->features = codec_get_uint(r, INT64_MAX);
	fixed_get(r, hello->mine, sizeof(hello->mine));
	fixed_get(r, hello->yours, sizeof(hello->yours));
	msg_read_end(r, left);
}

/* A log by its number, or by its id, which then gets the next one. */
static void
log_get(struct input *in, struct log_id *log)
{
	struct reader *r = &in->r;
	struct msg_names *names = in->names;
	uint64_t number;

	if (codec_peek(r) == CODEC_INT) {
		number = codec_get_uint(r, MSG_NAMES_MAX);
		if (names != NULL && number < names->n)
			*log = names->ids[number];
		else
			r->bad = true;
		return;
	}
	fixed_get(r, log->b, sizeof(log->b));
	if (r->bad || names == NULL || names->is_closed)
		return;
	if (names->n < MSG_NAMES_MAX)
		msg_names_add(names, log);
	else
		r->bad = true;
}

static void
clock_get(struct input *in, struct msg_clock *clock)
{
	struct reader *r = &in->r;
	size_t left = msg_read_begin(r, CLOCK_N);
	struct msg_entry *entries = NULL;
	uint64_t flags = 0;

	clock->n = codec_get_array(r, MSG_ENTRIES_MAX);
	if (clock->n > 0)
		entries = arena_array(in->arena, clock->n, sizeof(*entries));
	for (size_t i = 0; i < clock->n && !r->bad; i++)
		entry_get(in, &entries[i]);
	clock->entries = entries;
	if (msg_read_there(r, &left)) {
		flags = codec_get_uint(
		    r, CLOCK_LAST | CLOCK_AGAIN | CLOCK_WHOLE);
		r->bad = r->bad || flags == 0;
	}
	clock->last = (flags & CLOCK_LAST) != 0;
	clock->again = (flags & CLOCK_AGAIN) != 0;
	clock->whole = (flags & CLOCK_WHOLE) != 0;
	msg_read_end(r, left);
}

static void
entry_get(struct input *in, struct msg_entry *entry)
{
	struct reader *r = &in->r;
	size_t left = msg_read_begin(r, ENTRY_N);

	log_get(in, &entry->log);
	entry->size = codec_get_uint(r, INT64_MAX);
	if (msg_read_there(r, &left))
		root_get(r, entry);
	entry->held = share_get(r, &left, entry->size);
	for (size_t i = 0; i < CLASS_COUNT; i++)
		entry->open[i] = share_get(r, &left, entry->size);
	entry->kept = share_get(r, &left, entry->size);
	entry->forked = msg_read_there(r, &left);
	if (entry->forked && !codec_get_bool(r))
		r->bad = true;
	entry->is_branch = msg_read_there(r, &left);
	if (entry->is_branch) {
		fixed_get(r, entry->trunk.b, sizeof(entry->trunk.b));
		/* What is no branch says so by silence alone. */
		if (memcmp(&entry->trunk, &entry->log, sizeof(entry->log)) == 0)
			r->bad = true;
	}
	msg_read_end(r, left);
}

/* A count up to `size`; all of it when nothing is said. */
static uint64_t
share_get(struct reader *r, size_t *left, uint64_t size)
{
	uint64_t share = size;

	if (!msg_read_there(r, left))
		return share;
	share = codec_get_uint(r, size);
	r->bad = r->bad || share == size;
	return share;
}

/* Zeros are those of nothing, which are not said. */
static void
root_get(struct reader *r, struct msg_entry *entry)
{
	static const uint8_t none[sizeof(entry->root)];

	fixed_get(r, entry->root, sizeof(entry->root));
	r->bad = r->bad || memcmp(entry->root, none, sizeof(none)) == 0;
}

static void
total_get(struct reader *r, struct msg_total *total)
{
	size_t left = msg_read_begin(r, TOTAL_N);

	total->deltas = codec_get_uint(r, INT64_MAX);
	total->bytes = codec_get_uint(r, INT64_MAX);
	msg_read_end(r, left);
}

static void
run_get(struct input *in, struct msg_run *run)
{
	struct reader *r = &in->r;
	size_t left = msg_read_begin(r, RUN_N);

	run->whole = codec_peek(r) != CODEC_ARRAY;
	if (run->whole)
		log_get(in, &run->entry.log);
	else
		entry_get(in, &run->entry);
	run->from = codec_get_uint(r, INT64_MAX);
	run->head_size = run->from + codec_get_uint(r, INT64_MAX - run->from);
	fixed_get(r, run->head_signature.b, sizeof(run->head_signature.b));
	run->rootless = !msg_read_there(r, &left);
	if (!run->rootless)
		fixed_get(r, run->head_root.b, sizeof(run->head_root.b));
	run->nameless = !msg_read_there(r, &left);
	if (!run->nameless)
		name_get(r, &run->name);
	if (run->whole && !run->rootless)
		msg_run_whole(run);
	msg_read_end(r, left);
}

static void
name_get(struct reader *r, struct log_name *name)
{
	size_t left = msg_read_begin(r, NAME_N);

	fixed_get(r, name->author.b, sizeof(name->author.b));
	if (id_space(codec_get_text(r), &name->space) != ERR_OK)
		r->bad = true;
	fixed_get(r, name->incarnation.b, sizeof(name->incarnation.b));
	msg_read_end(r, left);
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
	size_t left = msg_read_begin(r, CHUNK_N);
	struct bytes row = codec_get_bytes(r);
	struct reader sizes = *r;
	size_t sizes_left = 0;
	struct bytes *headers;

	if (msg_read_there(r, &left)) {
		sizes = *r;
		sizes_left = codec_get_array(&sizes, MSG_HEADERS_MAX - 1);
		(void)codec_get_value(r);
		r->bad = r->bad || sizes_left == 0;
	}
	chunk->n = sizes_left + 1;
	headers = arena_array(in->arena, chunk->n, sizeof(*headers));
	for (size_t i = 0; i < chunk->n && !r->bad; i++) {
		headers[i] = msg_read_row(r, &row, &sizes, &sizes_left);
		if (headers[i].n > LIMIT_HEADER_SIZE)
			r->bad = true;
	}
	chunk->headers = headers;
	chunk->bodies_n = chunk->n;
	if (msg_read_there(r, &left)) {
		chunk->bodies_n = codec_get_uint(r, INT64_MAX);
		r->bad = r->bad || chunk->bodies_n == chunk->n;
	}
	if (msg_read_there(r, &left)) {
		proof_get(r, &chunk->proof);
		r->bad = r->bad || chunk->proof.n == 0;
	}
	msg_read_end(r, left);
}

static void
bodies_get(struct input *in, struct msg_bodies *bodies)
{
	struct reader *r = &in->r;
	size_t left = msg_read_begin(r, BODIES_N);

	msg_read_bodies(r, &left, in->arena, bodies);
	bodies->in_chunk = !msg_read_there(r, &left);
	if (!bodies->in_chunk)
		log_get(in, &bodies->log);
	msg_read_end(r, left);
}

static void
credit_get(struct reader *r, struct msg_credit *credit)
{
	size_t left = msg_read_begin(r, CREDIT_N);

	credit->bytes = codec_get_uint(r, INT64_MAX);
	msg_read_end(r, left);
}

static void
close_get(struct reader *r, struct msg_close *close)
{
	size_t left = msg_read_begin(r, CLOSE_N);

	close->why = why_outcome(codec_get_uint(r, UINT8_MAX));
	if (msg_read_there(r, &left)) {
		close->text = codec_get_text(r);
		if (close->text.n == 0 || close->text.n > MSG_TEXT_SIZE)
			r->bad = true;
	}
	msg_read_end(r, left);
}

static void
fork_get(struct input *in, struct msg_fork *fork)
{
	struct reader *r = &in->r;
	size_t left = msg_read_begin(r, FORK_N);
	struct fork_side *sides;

	fixed_get(r, fork->log.b, sizeof(fork->log.b));
	fork->size = codec_get_uint(r, INT64_MAX);
	fork->n = codec_get_array(r, 2);
	if (fork->n == 0 || fork->size == 0)
		r->bad = true;
	sides = arena_array(in->arena, fork->n, sizeof(*sides));
	for (size_t i = 0; i < fork->n && !r->bad; i++) {
		size_t side_left = msg_read_begin(r, SIDE_N);
		struct note_head *head = &sides[i].head;

		head->size = codec_get_uint(r, INT64_MAX);
		fixed_get(r, head->root.b, sizeof(head->root.b));
		fixed_get(r, head->signature.b, sizeof(head->signature.b));
		fixed_get(r, sides[i].root.b, sizeof(sides[i].root.b));
		proof_get(r, &sides[i].proof);
		msg_read_end(r, side_left);
		if (head->size < fork->size)
			r->bad = true;
	}
	fork->sides = sides;
	samples_get(in, fork);
	msg_read_end(r, left);
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
		size_t left = msg_read_begin(r, SAMPLE_N);

		samples[i].size = codec_get_uint(r, INT64_MAX);
		fixed_get(r, samples[i].root, sizeof(samples[i].root));
		msg_read_end(r, left);
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

bool
msg_entry_equal(const struct msg_entry *a, const struct msg_entry *b)
{
	return memcmp(&a->log, &b->log, sizeof(a->log)) == 0 &&
	       a->size == b->size &&
	       memcmp(a->root, b->root, sizeof(a->root)) == 0 &&
	       a->held == b->held &&
	       memcmp(a->open, b->open, sizeof(a->open)) == 0 &&
	       a->forked == b->forked && a->is_branch == b->is_branch &&
	       memcmp(&a->trunk, &b->trunk, sizeof(a->trunk)) == 0 &&
	       a->kept == b->kept;
}
