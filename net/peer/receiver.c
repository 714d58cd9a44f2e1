/*
 * What the peer sent.  Takes messages from the channel, judges headers and
 * bodies at the gate (core/intake.c), and tells the peer what is durable once
 * it is.  Runs that we may not have, or cannot place, are passed over without
 * harm to the session.
 */
#include "net/peer/receiver.h"

#include <string.h>

#include "proto/mem.h"

enum {
	/* Received bytes that one transaction takes in. */
	WORK_BYTES = 1024 * 1024,
	/* Bodies that a chunk is kept waiting for; the rest come as owed. */
	WAIT_BYTES = 2 * 1024 * 1024,
};

static enum err message_take(
    struct talk *talk, struct bytes message, struct arena *arena) MUST_USE;
static enum err hello_take(
    struct talk *talk, const struct msg_hello *hello) MUST_USE;
static enum err clock_take(
    struct talk *talk, const struct msg_clock *clock) MUST_USE;
static enum err run_take(struct talk *talk, const struct msg_run *run) MUST_USE;
static enum err run_place(
    struct talk *talk, const struct msg_run *run) MUST_USE;
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
static void accept_of(const struct talk *talk,
    const struct authority *authority, const struct space *space,
    struct clock_depth *depth);
static void touch(struct talk *talk, const struct log_id *log);
static enum err told_read(struct talk *talk) MUST_USE;
static enum err beliefs_flush(struct talk *talk) MUST_USE;

enum err
receiver_work(struct talk *talk)
{
	struct arena arena = {0};
	uint64_t start = talk->taken_bytes;
	struct bytes message;
	enum err e = ERR_OK;

	while (talk->state != TALK_ENDED &&
	       talk->taken_bytes - start < WORK_BYTES && e == ERR_OK &&
	       channel_take(talk->channel, &message, &e)) {
		arena_reset(&arena);
		e = message_take(talk, message, &arena);
	}
	arena_fini(&arena);
	if (e == ERR_OK)
		e = told_read(talk);
	if (e == ERR_OK &&
	    (talk->flush || talk->forget || talk->deltas_in_pending > 0))
		e = beliefs_flush(talk);
	return e;
}

static enum err
message_take(struct talk *talk, struct bytes message, struct arena *arena)
{
	struct msg reply = {.type = MSG_PONG};
	struct msg msg;
	enum err e = msg_decode(message, arena, &msg);

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
		talk->deltas_expected = talk->deltas_in + msg.u.total.deltas;
		return ERR_OK;
	case MSG_RUN:
		talk->taken_bytes += message.n;
		return run_take(talk, &msg.u.run);
	case MSG_CHUNK:
		talk->taken_bytes += message.n;
		return chunk_take(talk, &msg.u.chunk);
	case MSG_BODIES:
		talk->taken_bytes += message.n;
		return bodies_take(talk, &msg.u.bodies);
	case MSG_CREDIT:
		if (msg.u.credit.bytes > talk->debt_bytes)
			return err_set(ERR_MALFORMED,
			    "the peer acknowledges more than was sent");
		if (msg.u.credit.bytes > talk->credited_bytes)
			talk->credited_bytes = msg.u.credit.bytes;
		return ERR_OK;
	case MSG_IDLE:
		talk->idle_heard = true;
		return ERR_OK;
	case MSG_PING:
		return talk_send(talk, &reply);
	case MSG_PONG:
		return ERR_OK;
	case MSG_CLOSE:
		return close_take(talk, &msg.u.close);
	}
	return err_set(ERR_MALFORMED, "a message of no known type");
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
	return ERR_OK;
}

static enum err
clock_take(struct talk *talk, const struct msg_clock *clock)
{
	for (size_t i = 0; i < clock->n; i++) {
		struct ledger_log *entry;
		enum err e = ledger_get(
		    &talk->ledger, &clock->entries[i].log, &entry);

		if (e != ERR_OK)
			return e;
		ledger_heard(&talk->ledger, entry, &clock->entries[i],
		    clock->again || !talk->clock_heard);
		if (entry->is_local && entry->is_shared &&
		    talk->state == TALK_LIVE)
			ledger_queue(&talk->ledger, entry);
	}
	talk->clock_heard = talk->clock_heard || clock->last;
	return ERR_OK;
}

static void
accept_of(const struct talk *talk, const struct authority *authority,
    const struct space *space, struct clock_depth *depth)
{
	clock_depth(authority, &talk->me, space, depth);
	if (id_is_authority(space))
		*depth = (struct clock_depth){
		    .any = true, .hold = true, .classes = 1u << CLASS_N};
}

static enum err
run_take(struct talk *talk, const struct msg_run *run)
{
	struct talk_receiving *in = &talk->receiving;
	enum err e;

	if (in->waiting)
		return err_set(
		    ERR_MALFORMED, "a run begins where bodies are due");
	talk->idle_heard = false;
	talk->idle_sent = false;
	arena_reset(&in->arena);
	in->open = true;
	in->dropped = false;
	in->run = *run;
	in->next = run->from;
	e = run_place(talk, run);
	if (e != ERR_DENIED && e != ERR_LIMIT)
		return e;
	in->dropped = true;
	talk->dropped++;
	return ERR_OK;
}

/* ERR_DENIED and ERR_LIMIT: the run is not taken. */
static enum err
run_place(struct talk *talk, const struct msg_run *run)
{
	struct txn *txn = store_txn(talk->store);
	const struct identity *identity = store_identity(talk->store);
	const struct authority *authority;
	struct clock_depth depth;
	struct ledger_log *entry;
	struct log *log;
	enum err e = store_authority(talk->store, &authority);

	if (e != ERR_OK)
		return e;
	accept_of(talk, authority, &run->name.space, &depth);
	if (!depth.any)
		return err_set(ERR_DENIED,
		    "the peer sends '%s', which this node may not have",
		    run->name.space.text);
	e = intake_run(txn, authority, &identity->city, run, &log);
	if (e == ERR_OK)
		e = ledger_get(&talk->ledger, &log->id, &entry);
	if (e != ERR_OK)
		return e;
	talk->receiving.log = log->id;
	if (memcmp(&run->entry.log, &log->id, sizeof(log->id)) != 0)
		return err_set(
		    ERR_MALFORMED, "a run whose clock entry is of another log");
	ledger_heard(&talk->ledger, entry, &run->entry, false);
	return ERR_OK;
}

static enum err
chunk_take(struct talk *talk, const struct msg_chunk *chunk)
{
	struct talk_receiving *in = &talk->receiving;
	struct merkle_proof *proof;
	struct bytes *headers;

	if (!in->open || in->waiting)
		return err_set(ERR_MALFORMED,
		    "headers where no run is, or bodies are due");
	arena_reset(&in->arena);
	headers = arena_array(&in->arena, chunk->n, sizeof(*headers));
	for (size_t i = 0; i < chunk->n; i++)
		headers[i] = arena_bytes(&in->arena, chunk->headers[i]);
	proof = arena_new(&in->arena, sizeof(*proof));
	*proof = chunk->proof;
	in->chunk = (struct intake_chunk){.run = &in->run,
	    .from = in->next,
	    .headers = headers,
	    .headers_n = chunk->n,
	    .proof = proof};
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

	talk->idle_heard = false;
	talk->idle_sent = false;
	if (!in->waiting)
		return owed_take(talk, bodies);
	if (bodies->n > in->bodies_left ||
	    (!in->dropped &&
		memcmp(&bodies->log, &in->log, sizeof(in->log)) != 0))
		return err_set(ERR_MALFORMED,
		    "bodies of another log, or more than were announced");
	in->bodies_left -= bodies->n;
	in->waiting = in->bodies_left > 0;
	if (in->dropped)
		return ERR_OK;
	if (in->chunk.headers_n > 0) {
		for (size_t i = 0; i < bodies->n; i++)
			body_keep(talk, &bodies->bodies[i]);
	} else {
		e = owed_take(talk, bodies);
	}
	if (e == ERR_OK && in->chunk.headers_n > 0 &&
	    (!in->waiting || in->arena.used_bytes > WAIT_BYTES))
		e = chunk_apply(talk);
	return e;
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
	struct space_state *space;
	struct clock_depth depth;
	struct log *log = NULL;
	uint64_t taken = 0;
	bool gap = false;
	enum err e;

	if (in->dropped)
		return ERR_OK;
	e = store_authority(talk->store, &authority);
	if (e == ERR_OK)
		e = space_get(txn, &in->run.name.space, &space);
	if (e != ERR_OK)
		return e;
	log = oplog_find(txn, space, &in->log);
	if (log == NULL)
		return kv_failed(txn->kv) != ERR_OK
			   ? kv_failed(txn->kv)
			   : err_set(ERR_CORRUPT, "the log of a run is gone");
	accept_of(talk, authority, &in->run.name.space, &depth);
	in->chunk.authority = authority;
	in->chunk.accept = (struct intake_accept){
	    .hold = depth.hold, .classes = depth.classes};
	e = intake_chunk(txn, log, &in->chunk, &gap, &taken);
	if (e != ERR_OK)
		return e;
	if (gap) {
		in->dropped = true;
		talk->again = in->log;
		talk->has_again = true;
	}
	talk->deltas_in_pending += taken;
	touch(talk, &in->log);
	/* What is still to come of these bodies comes as owed. */
	in->chunk.headers_n = 0;
	in->chunk.bodies_n = 0;
	arena_reset(&in->arena);
	in->bodies = NULL;
	in->bodies_room = 0;
	return ERR_OK;
}

/* Bodies of headers that are here already. */
static enum err
owed_take(struct talk *talk, const struct msg_bodies *bodies)
{
	struct txn *txn = store_txn(talk->store);
	const struct authority *authority;
	const struct ledger_log *entry = ledger_find(
	    &talk->ledger, &bodies->log);
	struct clock_depth depth;
	struct log *log = NULL;
	enum err e = store_authority(talk->store, &authority);

	if (e != ERR_OK)
		return e;
	if (entry != NULL && entry->is_local)
		e = oplog_by_no(txn, entry->no, &log);
	else if (memcmp(&bodies->log, &talk->receiving.log, 16) == 0)
		log = oplog_find(txn,
		    space_find(txn, &talk->receiving.run.name.space),
		    &bodies->log);
	if (e != ERR_OK || log == NULL)
		return e;
	accept_of(talk, authority, &log->name.space, &depth);
	for (size_t i = 0; i < bodies->n && e == ERR_OK; i++)
		e = intake_body(txn, log, &bodies->bodies[i],
		    (struct intake_accept){
			.hold = depth.hold, .classes = depth.classes});
	touch(talk, &bodies->log);
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

/* Remembers to tell the peer what we have of `log` after the commit. */
static void
touch(struct talk *talk, const struct log_id *log)
{
	for (size_t i = 0; i < talk->touched_n; i++) {
		if (memcmp(&talk->touched[i], log, sizeof(*log)) == 0)
			return;
	}
	mem_room(&talk->touched, &talk->touched_room, talk->touched_n + 1,
	    sizeof(*talk->touched));
	talk->touched[talk->touched_n++] = *log;
}

/* Reads what we shall have of the logs touched, if the commit succeeds. */
static enum err
told_read(struct talk *talk)
{
	struct txn *txn = store_txn(talk->store);
	struct space_state **spaces;
	size_t spaces_n;
	enum err e;

	talk->told_n = 0;
	if (talk->touched_n == 0)
		return ERR_OK;
	e = space_all(txn, &spaces, &spaces_n);
	mem_room(&talk->told, &talk->told_room, talk->touched_n,
	    sizeof(*talk->told));
	for (size_t i = 0; i < talk->touched_n && e == ERR_OK; i++) {
		struct log *log = NULL;

		for (size_t k = 0; k < spaces_n && log == NULL; k++)
			log = oplog_find(txn, spaces[k], &talk->touched[i]);
		if (log != NULL)
			clock_entry(log, &talk->told[talk->told_n++]);
	}
	return e == ERR_OK ? kv_failed(txn->kv) : e;
}

static enum err
beliefs_flush(struct talk *talk)
{
	struct txn *txn = store_txn(talk->store);
	struct ledger *ledger = &talk->ledger;

	if (talk->forget)
		clock_forget(txn, &talk->peer);
	talk->forget = false;
	talk->flush = false;
	if (talk->met)
		clock_met(
		    txn, &talk->peer, talk->host->now_ms(talk->host->arg));
	talk->met = false;
	for (size_t i = 0; i < ledger->size && ledger->dirty_n > 0; i++) {
		struct ledger_log *entry = &ledger->logs[i];

		if (!entry->used || !entry->is_dirty)
			continue;
		clock_believe(txn, &talk->peer, &entry->peer);
		entry->is_dirty = false;
		ledger->dirty_n--;
	}
	return kv_failed(txn->kv);
}

enum err
receiver_committed(struct talk *talk)
{
	struct msg credit = {
	    .type = MSG_CREDIT, .u.credit = {.bytes = talk->taken_bytes}};
	size_t at = 0;
	enum err e = ERR_OK;

	talk->deltas_in += talk->deltas_in_pending;
	talk->deltas_in_pending = 0;
	while (at < talk->told_n && e == ERR_OK) {
		struct msg msg = {.type = MSG_CLOCK};
		size_t left = talk->told_n - at;

		msg.u.clock.n = left < MSG_ENTRIES_MAX ? left : MSG_ENTRIES_MAX;
		msg.u.clock.entries = talk->told + at;
		for (size_t i = at; i < at + msg.u.clock.n; i++) {
			struct ledger_log *entry = ledger_find(
			    &talk->ledger, &talk->told[i].log);

			if (entry == NULL)
				continue;
			entry->told = talk->told[i];
			entry->is_told = true;
			if (talk->has_again &&
			    memcmp(&talk->again, &entry->id, 16) == 0)
				msg.u.clock.again = true;
		}
		at += msg.u.clock.n;
		e = talk_send(talk, &msg);
	}
	talk->has_again = false;
	talk->touched_n = 0;
	talk->told_n = 0;
	if (e == ERR_OK && talk->taken_bytes > talk->told_bytes) {
		talk->told_bytes = talk->taken_bytes;
		e = talk_send(talk, &credit);
	}
	return e;
}

void
receiver_fini(struct talk *talk)
{
	arena_fini(&talk->receiving.arena);
	mem_free(talk->touched);
	mem_free(talk->told);
}
