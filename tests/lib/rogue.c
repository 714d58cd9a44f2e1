/*
 * The hostile peer of the tests of net/peer.  Everything that an honest session
 * would not say can be said here.
 */
#include "tests/lib/rogue.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "proto/mem.h"
#include "proto/note.h"

static bool hear(struct rogue *rogue);

void
rogue_init(struct rogue *rogue, struct town *town, size_t victim,
    const struct identity *as)
{
	struct channel_config config = {.initiator = true,
	    .identity = &rogue->identity,
	    .squeeze = &rogue->squeeze};

	memset(rogue, 0, sizeof(*rogue));
	rogue->identity = *as;
	wire_open(&rogue->wire, town, victim, victim, false);
	session_free(rogue->wire.ends[0].session);
	rogue->wire.ends[0].session = NULL;
	prng_fill(&town->prng, config.ephemeral.b, 32);
	rogue->channel = channel_new(&config);
}

void
rogue_fini(struct rogue *rogue)
{
	channel_free(rogue->channel);
	squeeze_fini(&rogue->squeeze);
	arena_fini(&rogue->arena);
	buf_fini(&rogue->told);
	msg_names_fini(&rogue->names);
	wire_close(&rogue->wire);
}

static int
id_order(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct log_id));
}

/* One of both clocks, as it is said; `*last`: it is whole.  Then the logs are
 * numbered. */
static void
clock_note(struct rogue *rogue, const struct msg_clock *clock, bool *last)
{
	struct msg_names *names = &rogue->names;
	size_t n = 0;

	for (size_t i = 0; i < clock->n; i++)
		if (clock->entries[i].size > 0)
			msg_names_add(names, &clock->entries[i].log);
	*last = clock->last;
	if (!rogue->clock_said || !rogue->clock_heard || names->n == 0)
		return;
	qsort(names->ids, names->n, sizeof(*names->ids), id_order);
	for (size_t i = 0; i < names->n; i++)
		if (i == 0 || id_order(&names->ids[i], &names->ids[n - 1]) != 0)
			names->ids[n++] = names->ids[i];
	names->n = n;
}

static bool
hear(struct rogue *rogue)
{
	struct wire_end *own = &rogue->wire.ends[0];
	struct bytes out = channel_out(rogue->channel);
	struct bytes message;
	struct msg msg;
	bool moved = out.n > 0 || own->in.n > 0;
	enum err e;

	buf_add(&rogue->wire.ends[1].in, out);
	channel_sent(rogue->channel, out.n);
	assert_int_equal(
	    channel_feed(rogue->channel, buf_bytes(&own->in)), ERR_OK);
	buf_cut(&own->in, 0);
	while (channel_take(rogue->channel, &message, &e)) {
		assert_int_equal(msg_decode_named(message,
				     rogue->clock_said && rogue->clock_heard
					 ? &rogue->names
					 : NULL,
				     &rogue->arena, &msg),
		    ERR_OK);
		if (msg.type == MSG_CLOCK && !rogue->clock_heard)
			clock_note(rogue, &msg.u.clock, &rogue->clock_heard);
		rogue->heard[msg.type]++;
		if (msg.type == MSG_RUN || msg.type == MSG_CHUNK ||
		    msg.type == MSG_BODIES)
			rogue->data_bytes += message.n;
		if (msg.type == MSG_CREDIT)
			rogue->credit += msg.u.credit.bytes;
		buf_add(&rogue->told, message);
	}
	return moved;
}

void
rogue_run(struct rogue *rogue)
{
	bool moved = true;

	while (moved) {
		moved = hear(rogue);
		if (wire_step(&rogue->wire))
			moved = true;
	}
}

void
rogue_say(struct rogue *rogue, const struct msg *msg)
{
	struct buf message = {0};

	if (msg->type == MSG_CLOCK && !rogue->clock_said)
		clock_note(rogue, &msg->u.clock, &rogue->clock_said);
	msg_encode(msg, &message);
	rogue_say_bytes(rogue, buf_bytes(&message));
	buf_fini(&message);
}

void
rogue_say_bytes(struct rogue *rogue, struct bytes message)
{
	assert_int_equal(channel_send(rogue->channel, message), ERR_OK);
}

void
rogue_greet(struct rogue *rogue)
{
	struct msg hello = {.type = MSG_HELLO, .u.hello.version = MSG_VERSION};
	struct msg clock = {.type = MSG_CLOCK, .u.clock.last = true};

	rogue_run(rogue);
	assert_true(channel_is_up(rogue->channel));
	rogue_say(rogue, &hello);
	rogue_say(rogue, &clock);
	rogue_run(rogue);
}

enum err
rogue_fault(const struct rogue *rogue)
{
	return rogue->wire.ends[1].fault.code;
}

void
rogue_take_log(struct rogue *rogue, struct town *town, size_t i,
    const char *space, struct rogue_log *log)
{
	struct store *store = town_store(town, i);
	struct sign_key key = town_key(town, i);
	struct space name = town_space(space);
	struct log **logs;
	struct log *found = NULL;
	size_t n;

	memset(log, 0, sizeof(*log));
	assert_int_equal(store_begin(store, false), ERR_OK);
	assert_int_equal(oplog_all(store_txn(store),
			     space_find(store_txn(store), &name), &logs, &n),
	    ERR_OK);
	for (size_t k = 0; k < n; k++) {
		if (memcmp(&logs[k]->name.author, &key, sizeof(key)) == 0)
			found = logs[k];
	}
	assert_non_null(found);
	log->name = found->name;
	log->id = found->id;
	log->n = (size_t)found->frontier.size;
	assert_true(log->n <= COUNT_OF(log->headers));
	for (size_t k = 0; k < log->n; k++) {
		struct stored_delta stored;
		struct stored_body body;

		assert_int_equal(
		    oplog_get(store_txn(store), found, k, &stored), ERR_OK);
		log->headers[k] = arena_bytes(&rogue->arena, stored.header);
		while (oplog_body_next(&stored.bodies, &body)) {
			struct msg_body *out = &log->bodies[log->bodies_n++];

			assert_true(log->bodies_n <= COUNT_OF(log->bodies));
			*out = (struct msg_body){.seq = k,
			    .change = body.change,
			    .class = body.class,
			    .is_open = body.form == BODY_OPEN,
			    .sealed = arena_bytes(&rogue->arena, body.sealed)};
			memcpy(out->key, body.key, sizeof(out->key));
		}
	}
	store_abort(store);
}

static void
root_of(const struct rogue_log *log, size_t n, struct hash *root)
{
	struct frontier frontier = {0};

	for (size_t i = 0; i < n; i++) {
		struct hash leaf;

		merkle_leaf(log->headers[i], &leaf);
		merkle_append(&frontier, &leaf, NULL, NULL);
	}
	merkle_root(&frontier, root);
}

void
rogue_make_run(const struct rogue *rogue, const struct rogue_log *log, size_t n,
    struct msg *msg)
{
	struct buf origin = {0};
	struct note_checkpoint checkpoint = {.size = n};
	struct msg_run *run = &msg->u.run;

	*msg = (struct msg){.type = MSG_RUN};
	run->name = log->name;
	run->head_size = n;
	root_of(log, n, &run->head_root);
	id_origin(&log->name, &origin);
	checkpoint.origin = buf_bytes(&origin);
	checkpoint.root = run->head_root;
	note_checkpoint_sign(&checkpoint, &rogue->identity.seed,
	    &rogue->identity.key, &run->head_signature);
	run->entry = (struct msg_entry){.log = log->id, .size = n, .held = n};
	memcpy(run->entry.root, run->head_root.b, sizeof(run->entry.root));
	buf_fini(&origin);
}

/* Roots of subtrees, worked out from the leaves. */
static enum err
node_get(void *arg, unsigned level, uint64_t index, struct hash *node)
{
	const struct rogue_log *log = arg;
	struct frontier frontier = {0};
	size_t n = (size_t)1 << level;

	for (size_t i = 0; i < n; i++) {
		struct hash leaf;

		merkle_leaf(log->headers[(size_t)index * n + i], &leaf);
		merkle_append(&frontier, &leaf, NULL, NULL);
	}
	merkle_root(&frontier, node);
	return ERR_OK;
}

void
rogue_make_chunk(struct rogue *rogue, const struct rogue_log *log, size_t from,
    size_t to, size_t n, struct msg *msg)
{
	struct rogue_log *copy = arena_new(&rogue->arena, sizeof(*copy));

	*copy = *log;
	*msg = (struct msg){.type = MSG_CHUNK,
	    .u.chunk = {.n = to - from, .headers = copy->headers + from}};
	if (to < n)
		assert_int_equal(merkle_consistency(to, n, node_get, copy,
				     &msg->u.chunk.proof),
		    ERR_OK);
}

void
rogue_say_log(struct rogue *rogue, const struct rogue_log *log, bool bodies)
{
	struct msg msg;

	rogue_make_run(rogue, log, log->n, &msg);
	rogue_say(rogue, &msg);
	rogue_make_chunk(rogue, log, 0, log->n, log->n, &msg);
	msg.u.chunk.bodies_n = bodies ? log->bodies_n : 0;
	rogue_say(rogue, &msg);
	if (!bodies || log->bodies_n == 0)
		return;
	msg = (struct msg){.type = MSG_BODIES,
	    .u.bodies = {.in_chunk = true,
		.n = log->bodies_n,
		.bodies = log->bodies}};
	rogue_say(rogue, &msg);
}
