/*
 * What the peer gets next.  Reads the store, writes messages; session.c calls
 * it whenever there is room.  Sends nothing of a space that the peer may not
 * see, and of each log only to the depth of the peer's grants.
 */
#include "net/peer/sender.h"

#include <string.h>

#include "core/feed.h"
#include "core/tree.h"
#include "net/peer/ack.h"
#include "net/peer/branch.h"
#include "net/peer/opening.h"

enum {
	/* Sealed bodies that go with one chunk of headers. */
	CHUNK_BODIES_BYTES = 128 * 1024,
	/* Bodies in one message. */
	BODIES_BYTES = 64 * 1024,
	/* Deltas looked at for owed bodies in one go. */
	OWED_SCAN_MAX = 1024,
};

/* Bodies on their way into messages. */
struct batch {
	struct talk *talk;
	struct log_id log;
	struct msg_body *bodies; /* room for MSG_BODIES_MAX */
	size_t n;
	size_t bytes;
	uint64_t held; /* of deltas before it the peer has what is sealed */
	bool wraps;    /* only bodies with a wrap */
};

static enum err feed_scan(
    struct talk *talk, const struct authority *authority) MUST_USE;
static enum err serve(
    struct talk *talk, const struct authority *authority) MUST_USE;
static enum err serve_log(struct talk *talk, const struct authority *authority,
    struct ledger_log *entry, bool *more) MUST_USE;
static enum err clock_tell(struct talk *talk, struct ledger_log *entry,
    const struct log *log) MUST_USE;
static enum err run_send(struct talk *talk, const struct log *log,
    struct ledger_log *entry) MUST_USE;
static enum err chunk_send(struct talk *talk, const struct log *log,
    struct ledger_log *entry, const struct clock_depth *depth) MUST_USE;
static void sent_rise(const struct log *log, struct ledger_log *entry,
    const struct clock_depth *depth, uint64_t end);
static enum err bodies_send(struct talk *talk, const struct log *log,
    uint64_t seq, const struct clock_depth *depth,
    struct batch *batch) MUST_USE;
static void tag_put(const struct talk *talk, const struct log *log,
    const struct stored_body *body, struct msg_body *out);
static enum err owed_send(struct talk *talk, const struct log *log,
    struct ledger_log *entry, const struct clock_depth *depth,
    bool *more) MUST_USE;
static enum err wraps_send(struct batch *batch, const struct log *log,
    struct ledger_log *entry, const struct clock_depth *depth,
    bool *more) MUST_USE;
static bool is_ours(const struct talk *talk, const struct log *log);
static enum err batch_add(
    struct batch *batch, const struct msg_body *body) MUST_USE;
static enum err batch_send(struct batch *batch) MUST_USE;

enum err
sender_fill(struct talk *talk)
{
	const struct authority *authority;
	enum err e;

	if (!channel_is_up(talk->channel) || talk->state == TALK_ENDED ||
	    talk_is_due(talk))
		return ERR_OK;
	if (talk->state == TALK_SHAKING)
		return opening_begin(talk);
	e = store_authority(talk->store, &authority);
	if (e == ERR_OK)
		e = opening_go_on(talk, authority);
	if (e == ERR_OK && talk->state == TALK_LIVE)
		e = feed_scan(talk, authority);
	if (e == ERR_OK && talk->state == TALK_LIVE)
		e = serve(talk, authority);
	return e == ERR_OK ? ack_credit(talk) : e;
}

/* Queues the logs to which something happened since we last looked. */
static enum err
feed_scan(struct talk *talk, const struct authority *authority)
{
	struct txn *txn = store_txn(talk->store);
	struct feed_entry news;
	struct log_no last = {0};

	/* To its end: nobody would call again for what was left over. */
	while (feed_next(txn, talk->feed_at, &news)) {
		struct log *log;
		enum err e;

		talk->feed_at = news.number;
		if (news.log.v == last.v)
			continue;
		last = news.log;
		e = oplog_by_no(txn, news.log, &log);
		if (e == ERR_OK)
			e = opening_share(talk, authority, log);
		if (e != ERR_OK)
			return e;
	}
	return kv_failed(txn->kv);
}

static bool
has_room(const struct talk *talk)
{
	return channel_out(talk->channel).n < talk->queue_bytes &&
	       talk->debt_bytes - talk->credited_bytes < LIMIT_CREDIT_SIZE;
}

static enum err
serve(struct talk *talk, const struct authority *authority)
{
	struct ledger_log *entry;
	enum err e = ERR_OK;

	while (e == ERR_OK && has_room(talk) &&
	       (entry = ledger_first(&talk->ledger)) != NULL) {
		bool more = false;

		e = serve_log(talk, authority, entry, &more);
		if (e == ERR_OK && !more)
			ledger_unqueue(&talk->ledger);
	}
	if (e == ERR_OK && !talk->idle_sent && !talk->receiving.waiting &&
	    channel_waiting(talk->channel) == 0 &&
	    ledger_first(&talk->ledger) == NULL) {
		struct msg msg = {.type = MSG_IDLE};

		talk->idle_sent = true;
		e = talk_send(talk, &msg);
	}
	return e;
}

/* One step for one log: headers, then owed bodies, then what we have. */
static enum err
serve_log(struct talk *talk, const struct authority *authority,
    struct ledger_log *entry, bool *more)
{
	struct clock_depth depth;
	struct log *log;
	enum err e;

	*more = false;
	if (!entry->is_shared)
		return ERR_OK;
	e = branch_local(talk, entry, &log);
	if (e != ERR_OK)
		return e;
	if (log == NULL)
		return clock_tell(talk, entry, NULL);
	clock_log_depth(authority, &talk->peer, &log->name, &depth);
	e = branch_compare(talk, log, entry);
	if (e == ERR_OK && depth.any && !entry->is_split &&
	    log->frontier.size > entry->sent && log->has_head) {
		e = run_send(talk, log, entry);
		if (e == ERR_OK)
			e = chunk_send(talk, log, entry, &depth);
		*more = true;
		return e;
	}
	if (e == ERR_OK && !entry->is_split && !entry->is_foreign)
		e = owed_send(talk, log, entry, &depth, more);
	if (e == ERR_OK && !*more)
		e = branch_tell(talk, log, entry);
	if (e != ERR_OK || *more)
		return e;
	return clock_tell(talk, entry, log);
}

/* Tells what we have of the log of `entry`, if that is news; `log` is NULL when
 * it has another id by now. */
static enum err
clock_tell(struct talk *talk, struct ledger_log *entry, const struct log *log)
{
	struct msg_entry now;
	struct msg msg = {
	    .type = MSG_CLOCK, .u.clock = {.n = 1, .entries = &now}};

	ledger_none(entry, &now);
	if (log != NULL)
		clock_entry(log, &talk->peer, &now);
	else if (entry->told.size == 0 && entry->is_told)
		return ERR_OK;
	if (entry->is_told && memcmp(&now, &entry->told, sizeof(now)) == 0)
		return ERR_OK;
	entry->told = now;
	entry->is_told = true;
	return talk_send(talk, &msg);
}

/* Announces the run that the next chunk belongs to, unless that is done. */
static enum err
run_send(struct talk *talk, const struct log *log, struct ledger_log *entry)
{
	struct msg msg = {.type = MSG_RUN};

	if (talk->sending.open && talk->sending.next == entry->sent &&
	    talk->sending.head_size == log->head_size &&
	    memcmp(&talk->sending.log, &log->id, sizeof(log->id)) == 0)
		return ERR_OK;
	talk->sending = (struct talk_sending){
	    .open = true, .log = log->id, .head_size = log->head_size};
	msg.u.run = (struct msg_run){.name = log->name,
	    .from = entry->sent,
	    .head_size = log->head_size,
	    .head_root = log->head_root,
	    .head_signature = log->head_signature};
	clock_entry(log, &talk->peer, &msg.u.run.entry);
	entry->told = msg.u.run.entry;
	entry->is_told = true;
	talk->idle_sent = false;
	return talk_send(talk, &msg);
}

static enum err
chunk_send(struct talk *talk, const struct log *log, struct ledger_log *entry,
    const struct clock_depth *depth)
{
	struct txn *txn = store_txn(talk->store);
	struct bytes headers[MSG_HEADERS_MAX];
	struct msg_body bodies[MSG_BODIES_MAX];
	struct batch counting = {.talk = NULL};
	struct batch batch = {.talk = talk, .log = log->id, .bodies = bodies};
	struct msg msg = {.type = MSG_CHUNK, .u.chunk = {.headers = headers}};
	size_t bytes = 0;
	uint64_t end = entry->sent;
	enum err e = ERR_OK;

	while (end < log->frontier.size && msg.u.chunk.n < MSG_HEADERS_MAX &&
	       counting.bytes < CHUNK_BODIES_BYTES && e == ERR_OK) {
		struct stored_delta stored;

		e = oplog_get(txn, log, end, &stored);
		if (e != ERR_OK)
			return e;
		if (bytes > 0 && bytes + stored.header.n > LIMIT_CHUNK_SIZE)
			break;
		bytes += stored.header.n;
		headers[msg.u.chunk.n++] = stored.header;
		e = bodies_send(talk, log, end, depth, &counting);
		end++;
	}
	msg.u.chunk.bodies_n = counting.n;
	if (e == ERR_OK)
		e = tree_ahead(txn, log, end, &msg.u.chunk.proof);
	if (e == ERR_OK)
		e = talk_send(talk, &msg);
	for (uint64_t seq = entry->sent; seq < end && e == ERR_OK; seq++)
		e = bodies_send(talk, log, seq, depth, &batch);
	if (e == ERR_OK)
		e = batch_send(&batch);
	talk->deltas_out += end - entry->sent;
	talk->sending.next = end;
	sent_rise(log, entry, depth, end);
	return e;
}

/* What went out with the headers up to `end` is not owed any more. */
static void
sent_rise(const struct log *log, struct ledger_log *entry,
    const struct clock_depth *depth, uint64_t end)
{
	uint64_t from = entry->sent;

	for (unsigned class = 0; class < CLASS_COUNT; class ++) {
		uint64_t to = log->open[class] < end ? log->open[class] : end;

		if ((depth->classes >> class & 1) != 0 &&
		    entry->sent_open[class] >= from &&
		    entry->sent_open[class] < to)
			entry->sent_open[class] = to;
	}
	if (depth->hold && entry->sent_held >= from && entry->sent_held < end)
		entry->sent_held = log->held < end ? log->held : end;
	if (depth->hold && entry->sent_kept >= from && entry->sent_kept < end)
		entry->sent_kept = log->wrapped < end ? log->wrapped : end;
	entry->sent = end;
}

/* The bodies of one delta that the peer may have, into `batch`. */
static enum err
bodies_send(struct talk *talk, const struct log *log, uint64_t seq,
    const struct clock_depth *depth, struct batch *batch)
{
	struct stored_delta stored;
	struct stored_body body;
	enum err e = oplog_get(store_txn(talk->store), log, seq, &stored);

	while (e == ERR_OK && oplog_body_next(&stored.bodies, &body)) {
		bool reads = (depth->classes >> body.class & 1) != 0;
		struct msg_body out = {.seq = seq,
		    .change = body.change,
		    .class = body.class,
		    .is_open = reads && body.form == BODY_OPEN,
		    .sealed = body.sealed};

		if (out.is_open ? batch->wraps : !depth->hold)
			continue;
		if ((out.is_open || batch->wraps) && seq < batch->held)
			out.sealed = (struct bytes){0};
		memcpy(out.key, body.key, sizeof(out.key));
		if (!out.is_open)
			tag_put(talk, log, &body, &out);
		if (out.has_wrap || !batch->wraps)
			e = batch_add(batch, &out);
	}
	return e;
}

/* Makes of `out` what somebody gets who may not read it, or cannot here: the
 * tag, and beside it the wrap that the author alone opens. */
static void
tag_put(const struct talk *talk, const struct log *log,
    const struct stored_body *body, struct msg_body *out)
{
	struct secret secret;
	struct hash tag;

	if (body->form == BODY_PASSED || body->form == BODY_KEPT) {
		out->has_wrap = true;
		out->wrap = body->wrap;
	}
	if (body->form != BODY_OPEN)
		return;
	memcpy(secret.b, body->key, sizeof(secret.b));
	body_tag(&secret, &tag);
	memcpy(out->key, tag.b, sizeof(out->key));
	if (is_ours(talk, log)) {
		out->has_wrap = true;
		wrap_seal(&talk->backup, &secret, &tag, &out->wrap);
	}
	crypto_wipe(&secret, sizeof(secret));
}

static bool
is_ours(const struct talk *talk, const struct log *log)
{
	return memcmp(&log->name.author, &talk->me, sizeof(talk->me)) == 0;
}

/* A batch without a talk only counts. */
static enum err
batch_add(struct batch *batch, const struct msg_body *body)
{
	enum err e = ERR_OK;

	if (batch->talk != NULL && batch->n > 0 &&
	    (batch->n == MSG_BODIES_MAX ||
		batch->bytes + body->sealed.n > BODIES_BYTES))
		e = batch_send(batch);
	if (batch->talk != NULL)
		batch->bodies[batch->n] = *body;
	batch->n++;
	batch->bytes += body->sealed.n + sizeof(body->key) +
			(body->has_wrap ? WRAP_SIZE : 0);
	return e;
}

static enum err
batch_send(struct batch *batch)
{
	struct msg msg = {.type = MSG_BODIES,
	    .u.bodies = {
		.log = batch->log, .n = batch->n, .bodies = batch->bodies}};
	enum err e = ERR_OK;

	if (batch->n > 0) {
		batch->talk->idle_sent = false;
		e = talk_send(batch->talk, &msg);
	}
	batch->n = 0;
	batch->bytes = 0;
	return e;
}

/* Bodies of headers that the peer has: for a right that grew, or because we got
 * them late ourselves. */
static enum err
owed_send(struct talk *talk, const struct log *log, struct ledger_log *entry,
    const struct clock_depth *depth, bool *more)
{
	struct msg_body bodies[MSG_BODIES_MAX];
	struct batch batch = {.talk = talk,
	    .log = log->id,
	    .bodies = bodies,
	    .held = entry->peer.held};
	enum err e = ERR_OK;

	for (unsigned class = 0; class <= CLASS_COUNT && e == ERR_OK;
	     class ++) {
		bool blind = class == CLASS_COUNT;
		uint64_t *from = blind ? &entry->sent_held
				       : &entry->sent_open[class];
		uint64_t to = blind ? log->held : log->open[class];
		uint64_t start = *from;
		struct clock_depth part = {
		    .hold = blind, .classes = blind ? 0 : 1u << class};

		if (to > entry->sent)
			to = entry->sent;
		if (blind ? !depth->hold : (depth->classes >> class & 1) == 0)
			continue;
		while (*from < to && *from - start < OWED_SCAN_MAX &&
		       has_room(talk) && e == ERR_OK) {
			e = bodies_send(talk, log, *from, &part, &batch);
			/* Wraps went with them. */
			if (blind && entry->sent_kept == *from &&
			    *from < log->wrapped)
				entry->sent_kept++;
			(*from)++;
		}
		*more = *more || *from < to;
	}
	if (e == ERR_OK && depth->hold)
		e = wraps_send(&batch, log, entry, depth, more);
	return e == ERR_OK ? batch_send(&batch) : e;
}

/* Wraps for bodies that the peer has without: it may have got them from others
 * first. */
static enum err
wraps_send(struct batch *batch, const struct log *log, struct ledger_log *entry,
    const struct clock_depth *depth, bool *more)
{
	struct talk *talk = batch->talk;
	uint64_t to = log->wrapped < entry->sent ? log->wrapped : entry->sent;
	uint64_t least = log->open[0];
	uint64_t start;
	enum err e = ERR_OK;

	/* Of what we can open others' wraps are not kept. */
	for (size_t class = 1; class < CLASS_COUNT; class ++)
		least = log->open[class] < least ? log->open[class] : least;
	if (!is_ours(talk, log) && entry->sent_kept < least)
		entry->sent_kept = least;
	batch->wraps = true;
	start = entry->sent_kept;
	while (entry->sent_kept < to &&
	       entry->sent_kept - start < OWED_SCAN_MAX && has_room(talk) &&
	       e == ERR_OK) {
		e = bodies_send(talk, log, entry->sent_kept, depth, batch);
		entry->sent_kept++;
	}
	*more = *more || entry->sent_kept < to;
	return e;
}

bool
sender_is_idle(const struct talk *talk)
{
	return talk->state == TALK_LIVE && talk->idle_sent &&
	       talk->ledger.queues[0].n == 0 && talk->ledger.queues[1].n == 0;
}
