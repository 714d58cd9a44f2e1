/*
 * What the peer sent.  Takes messages from the channel, judges headers and
 * bodies at the gate (core/intake.c), and tells the peer what is durable once
 * it is.  Runs that we may not have, or cannot place, are passed over without
 * harm to the session.
 */
#include "net/peer/receiver.h"

#include <string.h>

#include "net/peer/ack.h"
#include "net/peer/branch.h"
#include "net/peer/opening.h"
#include "net/peer/run.h"
#include "proto/mem.h"

enum {
	/* Received bytes that one transaction takes in. */
	WORK_BYTES = 1024 * 1024,
	/* What any message costs of them besides its own: compressed, one frame
	 * may hold a hundred thousand that say nothing. */
	MESSAGE_BYTES = 256,
	/* What a message costs of them when facts are new: each may ask anew
	 * what follows from all, and a peer that sends them one by one must not
	 * hold up all others. */
	FACTS_BYTES = WORK_BYTES / 32,
	/* Bodies that a chunk is kept waiting for; the rest come as owed. */
	WAIT_BYTES = 2 * 1024 * 1024,
};

static enum err message_take(
    struct talk *talk, struct bytes message, struct arena *arena) MUST_USE;
static void data_count(struct talk *talk, struct bytes message);
static enum err credit_take(
    struct talk *talk, const struct msg_credit *credit) MUST_USE;
static enum err hello_take(
    struct talk *talk, const struct msg_hello *hello) MUST_USE;
static enum err clock_take(
    struct talk *talk, const struct msg_clock *clock) MUST_USE;
static void ask_note(struct talk *talk, struct ledger_log *entry);
static struct msg_body *bodies_place(
    const struct msg_bodies *bodies, uint64_t from, struct arena *arena);
static enum err chunk_take(
    struct talk *talk, const struct msg_chunk *chunk) MUST_USE;
static enum err bodies_take(
    struct talk *talk, const struct msg_bodies *bodies) MUST_USE;
static enum err owed_take(
    struct talk *talk, const struct msg_bodies *bodies) MUST_USE;
static void body_keep(struct talk *talk, const struct msg_body *body);
static enum err chunk_apply(struct talk *talk) MUST_USE;
static enum err close_take(
    struct talk *talk, const struct msg_close *close) MUST_USE;
static enum err late_take(struct talk *talk, const struct msg_bodies *bodies,
    struct log_no no, uint64_t end) MUST_USE;
static enum err local_mark(struct talk *talk, const struct authority *authority,
    const struct intake_taken *taken) MUST_USE;

enum err
receiver_work(struct talk *talk)
{
	struct arena arena = {0};
	size_t most = talk->allowed_bytes < WORK_BYTES ? talk->allowed_bytes
						       : WORK_BYTES;
	size_t done = 0;
	struct bytes message;
	enum err e = ERR_OK;

	while (talk->state != TALK_ENDED && (done < most || done == 0) &&
	       e == ERR_OK && channel_take(talk->channel, &message, &e)) {
		done += message.n + MESSAGE_BYTES;
		arena_reset(&arena);
		e = message_take(talk, message, &arena);
		if (store_txn(talk->store)->authority_changed)
			done += FACTS_BYTES;
		if (!talk->receiving.waiting)
			talk->whole_bytes = talk->taken_bytes;
	}
	arena_fini(&arena);
	/* Hundreds of links may rest behind their last chunk. */
	if (!talk->receiving.waiting)
		arena_fini(&talk->receiving.arena);
	talk->worked_bytes = done;
	return e == ERR_OK ? ack_prepare(talk) : e;
}

static enum err
message_take(struct talk *talk, struct bytes message, struct arena *arena)
{
	struct msg reply = {.type = MSG_PONG};
	struct msg msg;
	enum err e = msg_decode_named(
	    message, talk->numbered ? &talk->names : NULL, arena, &msg);

	if (e != ERR_OK)
		return e;
	if (!talk->heard_hello && msg.type != MSG_HELLO &&
	    msg.type != MSG_CLOSE)
		return err_set(
		    ERR_MALFORMED, "the peer did not begin with a hello");
	switch (msg.type) {
	case MSG_HELLO:
		return hello_take(talk, &msg.u.hello);
	case MSG_CLOCK:
		return clock_take(talk, &msg.u.clock);
	case MSG_TOTAL:
		/* Both are below 2^63, and so is what came. */
		talk->deltas_expected = talk->deltas_in +
					talk->deltas_in_pending +
					msg.u.total.deltas;
		talk->bytes_expected = msg.u.total.bytes > 0
					   ? talk->taken_bytes +
						 msg.u.total.bytes
					   : 0;
		return ERR_OK;
	case MSG_RUN:
		data_count(talk, message);
		return run_take(talk, &msg.u.run);
	case MSG_CHUNK:
		data_count(talk, message);
		return chunk_take(talk, &msg.u.chunk);
	case MSG_BODIES:
		data_count(talk, message);
		return bodies_take(talk, &msg.u.bodies);
	case MSG_FORK:
		data_count(talk, message);
		return branch_take(talk, &msg.u.fork);
	case MSG_CREDIT:
		return credit_take(talk, &msg.u.credit);
	case MSG_IDLE:
		/* Said before it had all that we sent, it is said again. */
		talk->idle_heard = talk->credited_bytes == talk->debt_bytes;
		return ERR_OK;
	case MSG_PING:
		/* One that leaves so much unread knows that we are here. */
		return channel_queued(talk->channel) < LIMIT_QUEUE_SIZE
			   ? talk_send(talk, &reply)
			   : ERR_OK;
	case MSG_PONG:
		return ERR_OK;
	case MSG_CLOSE:
		return close_take(talk, &msg.u.close);
	}
	return err_set(ERR_MALFORMED, "a message of no known type");
}

/* What comes under credit may give us more to send: we shall say anew that we
 * have no more. */
static void
data_count(struct talk *talk, struct bytes message)
{
	talk->taken_bytes += message.n;
	talk->idle_heard = false;
	talk->idle_sent = false;
}

static enum err
credit_take(struct talk *talk, const struct msg_credit *credit)
{
	if (credit->bytes > talk->debt_bytes - talk->credited_bytes)
		return err_set(
		    ERR_MALFORMED, "the peer acknowledges more than was sent");
	talk->credited_bytes += credit->bytes;
	return ERR_OK;
}

static enum err
hello_take(struct talk *talk, const struct msg_hello *hello)
{
	if (talk->heard_hello)
		return err_set(ERR_MALFORMED, "the peer said hello twice");
	if (hello->version != MSG_VERSION)
		return err_set(ERR_VERSION,
		    "the peer speaks version %llu of the protocol, and this "
		    "program %d",
		    (unsigned long long)hello->version, MSG_VERSION);
	talk->heard_hello = true;
	talk->their_hello = *hello;
	opening_compare(talk);
	return ERR_OK;
}

static enum err
clock_take(struct talk *talk, const struct msg_clock *clock)
{
	if (clock->whole && talk->clock_heard)
		return err_set(
		    ERR_MALFORMED, "the peer said its clock already");
	if (clock->whole)
		opening_forget(talk);
	for (size_t i = 0; i < clock->n; i++) {
		struct ledger_log *entry;
		const struct msg_entry *said = &clock->entries[i];
		enum err e = ledger_get_tip(
		    &talk->ledger, &said->log, msg_entry_trunk(said), &entry);
		bool again;

		if (e == ERR_OK && !entry->is_local)
			e = opening_meet(talk, entry);
		if (e != ERR_OK)
			return e;
		if (entry->is_local && !entry->is_shared && !entry->is_asked)
			ask_note(talk, entry);
		again = clock->again || !talk->clock_heard;
		if (!talk->clock_heard)
			entry->is_theirs = said->size > 0;
		ledger_heard(&talk->ledger, entry, said, again);
		branch_stir(talk, entry);
	}
	talk->clock_heard = talk->clock_heard || clock->last;
	opening_number(talk);
	/* Who asks anew waits until we say again that we have no more. */
	if (clock->again)
		talk->idle_sent = false;
	return ERR_OK;
}

/* A peer that does not know yet that it may not have a log speaks of it; so
 * does one that is curious.  It gets no answer. */
static void
ask_note(struct talk *talk, struct ledger_log *entry)
{
	struct log *log;

	entry->is_asked = true;
	if (oplog_by_no(store_txn(talk->store), entry->no, &log) == ERR_OK)
		talk_note(talk, EVENT_ASK_REFUSED, &log->name.space,
		    "the peer speaks of a log that one of us may not have; it "
		    "may not know yet that a grant has ended");
}

static enum err
chunk_take(struct talk *talk, const struct msg_chunk *chunk)
{
	struct talk_receiving *in = &talk->receiving;
	struct merkle_proof *proof;
	struct bytes *headers;
	enum err e = ERR_OK;

	if (!in->open || in->waiting)
		return err_set(ERR_MALFORMED,
		    "headers where no run is, or bodies are due");
	if (in->run.rootless && !in->dropped)
		e = run_root(talk, chunk);
	if (e != ERR_OK)
		return e;
	in->run.rootless = false;
	arena_reset(&in->arena);
	headers = arena_array(&in->arena, chunk->n, sizeof(*headers));
	for (size_t i = 0; i < chunk->n; i++)
		headers[i] = arena_bytes(&in->arena, chunk->headers[i]);
	proof = arena_new(&in->arena, sizeof(*proof));
	*proof = chunk->proof;
	in->chunk = (struct intake_chunk){.run = &in->run,
	    .log = in->log,
	    .from = in->next,
	    .headers = headers,
	    .headers_n = chunk->n,
	    .proof = proof,
	    .near = in->near};
	in->next += chunk->n;
	in->bodies = NULL;
	in->bodies_room = 0;
	in->bodies_left = chunk->bodies_n;
	in->waiting = chunk->bodies_n > 0;
	return in->waiting ? ERR_OK : chunk_apply(talk);
}

static enum err
bodies_take(struct talk *talk, const struct msg_bodies *bodies)
{
	struct talk_receiving *in = &talk->receiving;
	enum err e = ERR_OK;

	if (!in->waiting && !bodies->in_chunk)
		return owed_take(talk, bodies);
	if (!in->waiting || !bodies->in_chunk || bodies->n > in->bodies_left)
		return err_set(ERR_MALFORMED,
		    "bodies of another log, or more than were announced");
	in->bodies_left -= bodies->n;
	in->waiting = in->bodies_left > 0;
	if (in->dropped)
		return ERR_OK;
	if (in->chunk.headers_n == 0) {
		struct msg_bodies late = *bodies;

		late.bodies = bodies_place(bodies, in->chunk.from, &in->arena);
		e = late_take(talk, &late, in->near, UINT64_MAX);
		arena_reset(&in->arena);
	}
	for (size_t i = 0; i < bodies->n && in->chunk.headers_n > 0; i++)
		body_keep(talk, &bodies->bodies[i]);
	if (e == ERR_OK && in->chunk.headers_n > 0 &&
	    (!in->waiting || in->arena.used_bytes > WAIT_BYTES))
		e = chunk_apply(talk);
	return e;
}

/* Those of a chunk say how far from its first header they are. */
static struct msg_body *
bodies_place(
    const struct msg_bodies *bodies, uint64_t from, struct arena *arena)
{
	struct msg_body *placed = arena_array(
	    arena, bodies->n, sizeof(*placed));

	for (size_t i = 0; i < bodies->n; i++) {
		placed[i] = bodies->bodies[i];
		placed[i].seq += from;
	}
	return placed;
}

static void
body_keep(struct talk *talk, const struct msg_body *body)
{
	struct talk_receiving *in = &talk->receiving;

	if (in->chunk.bodies_n == in->bodies_room) {
		size_t room = 2 * in->bodies_room + 64;
		struct msg_body *more = arena_array(
		    &in->arena, room, sizeof(*more));

		for (size_t i = 0; i < in->chunk.bodies_n; i++)
			more[i] = in->bodies[i];
		in->bodies = more;
		in->bodies_room = room;
	}
	in->bodies[in->chunk.bodies_n] = *body;
	in->bodies[in->chunk.bodies_n].seq += in->chunk.from;
	in->bodies[in->chunk.bodies_n].sealed = arena_bytes(
	    &in->arena, body->sealed);
	in->chunk.bodies_n++;
	in->chunk.bodies = in->bodies;
}

static enum err
chunk_apply(struct talk *talk)
{
	struct txn *txn = store_txn(talk->store);
	struct talk_receiving *in = &talk->receiving;
	const struct authority *authority;
	struct intake_taken taken;
	enum err e;

	if (in->dropped)
		return ERR_OK;
	e = store_authority(talk->store, &authority);
	if (e != ERR_OK)
		return e;
	if (!run_accept(talk, authority, &in->run.name, &in->chunk.accept))
		return run_drop(talk, run_deny(&in->run));
	in->chunk.authority = authority;
	e = intake_chunk(txn, &in->chunk, &taken);
	if (e == ERR_DENIED || e == ERR_LIMIT)
		return run_drop(talk, e);
	if (e == ERR_FORKED)
		return run_doubt(talk);
	if (e == ERR_OK && taken.log != NULL)
		e = local_mark(talk, authority, &taken);
	if (e == ERR_OK && taken.gap)
		e = run_gap(talk);
	if (e != ERR_OK)
		return e;
	talk->deltas_in_pending += taken.deltas;
	/* What is still to come of these bodies comes as owed. */
	in->chunk.headers_n = 0;
	in->chunk.bodies_n = 0;
	arena_reset(&in->arena);
	in->bodies = NULL;
	in->bodies_room = 0;
	return ERR_OK;
}

/* A relay says at the head of a run what it holds then, and gets more while the
 * run goes on.  What came from it alone is not sent back to it.  But what we
 * wrote and lost, and open again by its wraps, it cannot open by them: secrets
 * and wraps of our own log go by what it says that it has. */
static void
echo_stop(struct talk *talk, const struct intake_taken *taken)
{
	static const struct clock_depth all = {
	    .any = true, .hold = true, .classes = (1u << CLASS_COUNT) - 1};
	static const struct clock_depth sealed = {.any = true, .hold = true};
	bool own = memcmp(&taken->log->name.author, &talk->me,
		       sizeof(talk->me)) == 0;
	const struct intake_chunk *chunk = &talk->receiving.chunk;
	struct ledger_log *entry = ledger_find(&talk->ledger, &taken->log->id);
	struct ledger_span span = {
	    .from = chunk->from, .end = chunk->from + chunk->headers_n};
	uint64_t kept = entry->sent_kept;

	if (taken->deltas == chunk->headers_n && !taken->split &&
	    taken->log->frontier.size >= span.end)
		ledger_passed(entry, taken->log, own ? &sealed : &all, span);
	if (own)
		entry->sent_kept = kept;
}

/* The ledger knows what we hold; a log that came just now it does not yet. */
static enum err
local_mark(struct talk *talk, const struct authority *authority,
    const struct intake_taken *taken)
{
	struct talk_receiving *in = &talk->receiving;
	const struct log *log = taken->log;
	const struct ledger_log *entry = ledger_find(&talk->ledger, &log->id);
	struct log **tips;
	size_t n;
	enum err e = ERR_OK;

	in->near = log->no;
	if (entry == NULL || !entry->is_local)
		e = opening_share(talk, authority, log);
	/* Rights that went in the middle of the run may have hidden it. */
	if (e == ERR_OK && ledger_find(&talk->ledger, &log->id) != NULL) {
		echo_stop(talk, taken);
		ack_touch(talk, &log->id);
	}
	if (e != ERR_OK || !taken->split)
		return e;
	e = oplog_tips(
	    store_txn(talk->store), log->space, &log->trunk, &tips, &n);
	for (size_t i = 0; i < n && e == ERR_OK; i++)
		e = opening_share(talk, authority, tips[i]);
	if (e == ERR_OK)
		branch_touch(talk, &in->log);
	return e;
}

/* Bodies of headers that are here already, of a log that we hold by the name
 * that the peer says, or did when it last heard. */
static enum err
owed_take(struct talk *talk, const struct msg_bodies *bodies)
{
	struct ledger_log *entry = ledger_find(&talk->ledger, &bodies->log);
	struct log *log;
	enum err e;

	if (entry == NULL || entry->no.v == 0)
		return ERR_OK;
	e = branch_local(talk, entry, &log);
	/* Of another branch they would not fit. */
	if (e == ERR_OK && log != NULL)
		e = branch_compare(talk, log, entry);
	if (e != ERR_OK || (log != NULL && entry->is_split))
		return e;
	/* Of a longer one than it told of, who knows which branch it is? */
	return late_take(
	    talk, bodies, entry->no, log == NULL ? 0 : entry->peer.size);
}

/* Bodies of the first `end` headers of the log with the number `no`; 0: it was
 * renamed, by being split, so which of the branches the peer means shows only
 * in what they share. */
static enum err
late_take(struct talk *talk, const struct msg_bodies *bodies, struct log_no no,
    uint64_t end)
{
	struct txn *txn = store_txn(talk->store);
	const struct authority *authority;
	struct intake_accept accept;
	struct log *log;
	enum err e = store_authority(talk->store, &authority);

	if (e != ERR_OK || no.v == 0)
		return e;
	e = oplog_by_no(txn, no, &log);
	if (e != ERR_OK || !run_accept(talk, authority, &log->name, &accept))
		return e;
	if (end == 0)
		end = log->from;
	for (size_t i = 0; i < bodies->n && e == ERR_OK; i++)
		if (bodies->bodies[i].seq < end)
			e = intake_body(txn, log, &bodies->bodies[i], accept);
	if (ledger_find(&talk->ledger, &log->id) != NULL)
		ack_touch(talk, &log->id);
	return e;
}

static enum err
close_take(struct talk *talk, const struct msg_close *close)
{
	talk->state = TALK_ENDED;
	talk->flush = true;
	if (close->why == ERR_OK)
		return ERR_OK;
	return err_set(ERR_PEER, "the peer ended the session: %.*s",
	    (int)(close->text.n < 400 ? close->text.n : 400),
	    close->text.n > 0 ? (const char *)close->text.p : "");
}

void
receiver_fini(struct talk *talk)
{
	arena_fini(&talk->receiving.arena);
	mem_free(talk->refused);
}
