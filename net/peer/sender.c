/*
 * What the peer gets next.  Reads the store, writes messages; session.c calls
 * it whenever there is room.  Sends nothing of a space that the peer may not
 * see, and of each log only to the depth of the peer's grants.
 */
#include "net/peer/sender.h"

#include <stdlib.h>
#include <string.h>

#include "core/feed.h"
#include "core/tree.h"

enum {
	/* Sealed bodies that go with one chunk of headers. */
	CHUNK_BODIES_BYTES = 128 * 1024,
	/* Bodies in one message. */
	BODIES_BYTES = 64 * 1024,
	/* Deltas looked at for owed bodies in one go. */
	OWED_SCAN_MAX = 1024,
	/* Entries of the feed looked at in one go. */
	FEED_SCAN_MAX = 4096,
};

/* Bodies on their way into messages. */
struct batch {
	struct talk *talk;
	struct log_id log;
	struct msg_body *bodies; /* room for MSG_BODIES_MAX */
	size_t n;
	size_t bytes;
};

static enum err begin(struct talk *talk) MUST_USE;
static enum err judge(
    struct talk *talk, const struct authority *authority) MUST_USE;
static enum err share_all(
    struct talk *talk, const struct authority *authority) MUST_USE;
static enum err share_log(struct talk *talk, const struct authority *authority,
    const struct log *log) MUST_USE;
static bool shares(const struct talk *talk, const struct authority *authority,
    const struct space *space);
static enum err beliefs_take(struct talk *talk) MUST_USE;
static enum err hello_send(struct talk *talk) MUST_USE;
static void hello_compare(struct talk *talk);
static enum err clocks_send(struct talk *talk) MUST_USE;
static enum err clock_list(struct talk *talk, struct clock_list *list) MUST_USE;
static enum err live_begin(struct talk *talk) MUST_USE;
static enum err feed_scan(
    struct talk *talk, const struct authority *authority) MUST_USE;
static enum err serve(
    struct talk *talk, const struct authority *authority) MUST_USE;
static enum err serve_log(struct talk *talk, const struct authority *authority,
    struct ledger_log *entry, bool *more) MUST_USE;
static enum err run_send(struct talk *talk, const struct log *log,
    struct ledger_log *entry) MUST_USE;
static enum err chunk_send(struct talk *talk, const struct log *log,
    struct ledger_log *entry, const struct clock_depth *depth) MUST_USE;
static void sent_rise(const struct log *log, struct ledger_log *entry,
    const struct clock_depth *depth, uint64_t end);
static enum err bodies_send(struct talk *talk, const struct log *log,
    uint64_t seq, const struct clock_depth *depth,
    struct batch *batch) MUST_USE;
static enum err owed_send(struct talk *talk, const struct log *log,
    struct ledger_log *entry, const struct clock_depth *depth,
    bool *more) MUST_USE;
static enum err batch_add(
    struct batch *batch, const struct msg_body *body) MUST_USE;
static enum err batch_send(struct batch *batch) MUST_USE;

enum err
sender_fill(struct talk *talk)
{
	const struct authority *authority;
	enum err e;

	if (!channel_is_up(talk->channel) || talk->state == TALK_ENDED)
		return ERR_OK;
	if (talk->state == TALK_SHAKING)
		return begin(talk);
	e = store_authority(talk->store, &authority);
	if (e == ERR_OK &&
	    memcmp(&authority->version, &talk->authority_version, 32) != 0) {
		e = judge(talk, authority);
		if (e == ERR_OK)
			e = share_all(talk, authority);
		talk->authority_version = authority->version;
	}
	if (e == ERR_OK && talk->state == TALK_HELLO && talk->heard_hello) {
		hello_compare(talk);
		if (talk->agreed)
			e = live_begin(talk);
	}
	if (e == ERR_OK && talk->state == TALK_CLOCKS && !talk->clock_sent)
		e = clocks_send(talk);
	if (e == ERR_OK && talk->state == TALK_CLOCKS && talk->clock_heard)
		e = live_begin(talk);
	if (e == ERR_OK && talk->state == TALK_LIVE)
		e = feed_scan(talk, authority);
	if (e == ERR_OK && talk->state == TALK_LIVE)
		e = serve(talk, authority);
	return e;
}

static enum err
begin(struct talk *talk)
{
	const struct authority *authority;
	enum err e = store_authority(talk->store, &authority);

	talk->peer = *channel_peer(talk->channel);
	if (e == ERR_OK)
		e = judge(talk, authority);
	if (e != ERR_OK)
		return e;
	talk->authority_version = authority->version;
	talk->feed_at = feed_last(store_txn(talk->store));
	talk->met = true;
	e = share_all(talk, authority);
	if (e == ERR_OK)
		e = beliefs_take(talk);
	if (e == ERR_OK)
		e = hello_send(talk);
	talk->state = TALK_HELLO;
	return e;
}

/* Somebody who holds nothing of the city yet talks to whoever claims to be of
 * it: what comes is verified from the city's id down. */
static enum err
judge(struct talk *talk, const struct authority *authority)
{
	const struct member *member = authority_member(authority, &talk->peer);

	if (!authority->founded || (member != NULL && member->counts))
		return ERR_OK;
	return err_set(ERR_DENIED,
	    "the peer's key is not one of a member of this city: admit it "
	    "first");
}

static bool
shares(const struct talk *talk, const struct authority *authority,
    const struct space *space)
{
	struct clock_depth mine;
	struct clock_depth theirs;

	if (id_is_authority(space))
		return true;
	clock_depth(authority, &talk->me, space, &mine);
	clock_depth(authority, &talk->peer, space, &theirs);
	return mine.any && theirs.any;
}

/* Marks every log here as shared or not, by the rights of now. */
static enum err
share_all(struct talk *talk, const struct authority *authority)
{
	struct txn *txn = store_txn(talk->store);
	struct space_state **spaces;
	size_t spaces_n;
	enum err e = space_all(txn, &spaces, &spaces_n);

	for (size_t i = 0; i < spaces_n && e == ERR_OK; i++) {
		struct log **logs;
		size_t n;

		e = oplog_all(txn, spaces[i], &logs, &n);
		for (size_t k = 0; k < n && e == ERR_OK; k++)
			e = share_log(talk, authority, logs[k]);
	}
	return e;
}

static enum err
share_log(
    struct talk *talk, const struct authority *authority, const struct log *log)
{
	struct ledger_log *entry;
	enum err e = ledger_get(&talk->ledger, &log->id, &entry);

	if (e != ERR_OK)
		return e;
	entry->is_local = true;
	entry->no = log->no;
	entry->is_authority = id_is_authority(&log->name.space);
	entry->is_shared = shares(talk, authority, &log->name.space);
	if (entry->is_shared && talk->state == TALK_LIVE)
		ledger_queue(&talk->ledger, entry);
	return ERR_OK;
}

static enum err
beliefs_take(struct talk *talk)
{
	struct txn *txn = store_txn(talk->store);
	struct clock_list list;
	enum err e = clock_beliefs(txn, &talk->peer, &txn->arena, &list);
	size_t n = 0;

	for (size_t i = 0; i < list.n && e == ERR_OK; i++) {
		struct ledger_log *entry;

		e = ledger_get(&talk->ledger, &list.entries[i].log, &entry);
		if (e != ERR_OK || (entry->is_local && !entry->is_shared))
			continue;
		ledger_heard(&talk->ledger, entry, &list.entries[i], true);
		entry->is_dirty = false;
		talk->ledger.dirty_n--;
		list.entries[n++] = list.entries[i];
	}
	clock_digest(list.entries, n, talk->hello.yours);
	return e;
}

static int
entry_order(const void *a, const void *b)
{
	const struct msg_entry *left = a;
	const struct msg_entry *right = b;

	return memcmp(&left->log, &right->log, sizeof(left->log));
}

/* What we have of all shared logs, sorted. */
static enum err
clock_list(struct talk *talk, struct clock_list *list)
{
	struct txn *txn = store_txn(talk->store);
	struct ledger *ledger = &talk->ledger;

	list->n = 0;
	list->entries = arena_array(
	    &txn->arena, ledger->n, sizeof(*list->entries));
	for (size_t i = 0; i < ledger->size; i++) {
		struct ledger_log *entry = &ledger->logs[i];
		struct log *log;
		enum err e;

		if (!entry->used || !entry->is_local || !entry->is_shared)
			continue;
		e = oplog_by_no(txn, entry->no, &log);
		if (e != ERR_OK)
			return e;
		clock_entry(log, &entry->told);
		if (log->frontier.size > 0)
			list->entries[list->n++] = entry->told;
	}
	if (list->n > 0)
		qsort(list->entries, list->n, sizeof(*list->entries),
		    entry_order);
	return ERR_OK;
}

static enum err
hello_send(struct talk *talk)
{
	struct msg msg = {.type = MSG_HELLO};
	struct clock_list list;
	enum err e = clock_list(talk, &list);

	if (e != ERR_OK)
		return e;
	talk->hello.version = MSG_VERSION;
	clock_digest(list.entries, list.n, talk->hello.mine);
	msg.u.hello = talk->hello;
	return talk_send(talk, &msg);
}

/* Do both know what the other has?  If not, all beliefs are dropped. */
static void
hello_compare(struct talk *talk)
{
	struct ledger *ledger = &talk->ledger;
	const struct msg_hello *theirs = &talk->their_hello;
	bool true_of_them = memcmp(theirs->mine, talk->hello.yours,
				MSG_DIGEST_SIZE) == 0;
	bool true_of_us = memcmp(theirs->yours, talk->hello.mine,
			      MSG_DIGEST_SIZE) == 0;

	talk->agreed = true_of_them && true_of_us;
	talk->state = TALK_CLOCKS;
	talk->forget = !true_of_them;
	for (size_t i = 0; i < ledger->size; i++) {
		struct ledger_log *entry = &ledger->logs[i];

		if (!entry->used)
			continue;
		entry->is_told = talk->agreed;
		if (talk->agreed)
			continue;
		entry->is_known = false;
		entry->peer = (struct msg_entry){.log = entry->id};
		ledger_heard(ledger, entry, &entry->peer, true);
		entry->is_known = false;
		entry->is_dirty = false;
	}
	if (!talk->agreed)
		ledger->dirty_n = 0;
	if (talk->agreed &&
	    memcmp(theirs->mine, talk->hello.mine, MSG_DIGEST_SIZE) == 0) {
		talk->idle_sent = true;
		talk->idle_heard = true;
	}
}

static enum err
clocks_send(struct talk *talk)
{
	struct clock_list list;
	size_t at = 0;
	enum err e = clock_list(talk, &list);

	if (e != ERR_OK)
		return e;
	do {
		struct msg msg = {.type = MSG_CLOCK};
		size_t left = list.n - at;

		msg.u.clock.n = left < MSG_ENTRIES_MAX ? left : MSG_ENTRIES_MAX;
		msg.u.clock.entries = list.entries + at;
		at += msg.u.clock.n;
		msg.u.clock.last = at == list.n;
		e = talk_send(talk, &msg);
	} while (at < list.n && e == ERR_OK);
	for (size_t i = 0; i < list.n && e == ERR_OK; i++)
		ledger_find(&talk->ledger, &list.entries[i].log)->is_told =
		    true;
	talk->clock_sent = true;
	return e;
}

/* From now on whatever the peer lacks is sent; says how much that is. */
static enum err
live_begin(struct talk *talk)
{
	struct txn *txn = store_txn(talk->store);
	struct ledger *ledger = &talk->ledger;
	struct msg msg = {.type = MSG_TOTAL};

	talk->state = TALK_LIVE;
	for (size_t i = 0; i < ledger->size; i++) {
		struct ledger_log *entry = &ledger->logs[i];
		struct log *log;
		enum err e;

		if (!entry->used || !entry->is_local || !entry->is_shared)
			continue;
		ledger_queue(ledger, entry);
		e = oplog_by_no(txn, entry->no, &log);
		if (e != ERR_OK)
			return e;
		if (log->frontier.size > entry->sent)
			msg.u.total.deltas += log->frontier.size - entry->sent;
	}
	return msg.u.total.deltas > 0 ? talk_send(talk, &msg) : ERR_OK;
}

/* Queues the logs to which something happened since we last looked. */
static enum err
feed_scan(struct talk *talk, const struct authority *authority)
{
	struct txn *txn = store_txn(talk->store);
	struct feed_entry news;
	struct log_no last = {0};

	for (int n = 0;
	     n < FEED_SCAN_MAX && feed_next(txn, talk->feed_at, &news); n++) {
		struct log *log;
		enum err e;

		talk->feed_at = news.number;
		if (news.log.v == last.v)
			continue;
		last = news.log;
		e = oplog_by_no(txn, news.log, &log);
		if (e == ERR_OK)
			e = share_log(talk, authority, log);
		if (e != ERR_OK)
			return e;
	}
	return kv_failed(txn->kv);
}

static bool
has_room(const struct talk *talk)
{
	return channel_out(talk->channel).n < LIMIT_QUEUE_SIZE &&
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
	if (e == ERR_OK && !talk->idle_sent &&
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
	struct txn *txn = store_txn(talk->store);
	struct clock_depth depth;
	struct msg_entry now;
	struct log *log;
	enum err e;

	*more = false;
	if (!entry->is_local || !entry->is_shared)
		return ERR_OK;
	e = oplog_by_no(txn, entry->no, &log);
	if (e != ERR_OK)
		return e;
	clock_depth(authority, &talk->peer, &log->name.space, &depth);
	if (log->frontier.size > entry->sent && log->has_head) {
		e = run_send(talk, log, entry);
		if (e == ERR_OK)
			e = chunk_send(talk, log, entry, &depth);
		*more = true;
		return e;
	}
	e = owed_send(talk, log, entry, &depth, more);
	if (e != ERR_OK || *more)
		return e;
	clock_entry(log, &now);
	if (!entry->is_told || memcmp(&now, &entry->told, sizeof(now)) != 0) {
		struct msg msg = {
		    .type = MSG_CLOCK, .u.clock = {.n = 1, .entries = &now}};

		entry->told = now;
		entry->is_told = true;
		e = talk_send(talk, &msg);
	}
	return e;
}

/* Announces the run that the next chunk belongs to, unless that is done. */
static enum err
run_send(struct talk *talk, const struct log *log, struct ledger_log *entry)
{
	struct msg msg = {.type = MSG_RUN};

	if (talk->sending.open && talk->sending.head_size == log->head_size &&
	    memcmp(&talk->sending.log, &log->id, sizeof(log->id)) == 0)
		return ERR_OK;
	talk->sending = (struct talk_sending){
	    .open = true, .log = log->id, .head_size = log->head_size};
	msg.u.run = (struct msg_run){.name = log->name,
	    .from = entry->sent,
	    .head_size = log->head_size,
	    .head_root = log->head_root,
	    .head_signature = log->head_signature};
	clock_entry(log, &msg.u.run.entry);
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

		if (!out.is_open && !depth->hold)
			continue;
		memcpy(out.key, body.key, sizeof(out.key));
		if (!out.is_open && body.form == BODY_OPEN) {
			struct secret secret;
			struct hash tag;

			memcpy(secret.b, body.key, sizeof(secret.b));
			body_tag(&secret, &tag);
			memcpy(out.key, tag.b, sizeof(out.key));
			crypto_wipe(&secret, sizeof(secret));
		}
		e = batch_add(batch, &out);
	}
	return e;
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
	batch->bytes += body->sealed.n + sizeof(body->key);
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
	struct batch batch = {.talk = talk, .log = log->id, .bodies = bodies};
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
		       e == ERR_OK) {
			e = bodies_send(talk, log, *from, &part, &batch);
			(*from)++;
		}
		*more = *more || *from < to;
	}
	return e == ERR_OK ? batch_send(&batch) : e;
}

bool
sender_is_idle(const struct talk *talk)
{
	return talk->state == TALK_LIVE && talk->idle_sent &&
	       talk->ledger.queues[0].n == 0 && talk->ledger.queues[1].n == 0;
}
