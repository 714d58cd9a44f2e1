/*
 * The life of a conversation: when its parts run, when it has ended, how long
 * silence may last.  net/peer/hub.c and the simulator run it.  Opens no
 * transaction of its own.
 */
#include "net/peer/session.h"

#include <string.h>

#include "core/tokens.h"
#include "net/peer/ack.h"
#include "net/peer/ahead.h"
#include "net/peer/branch.h"
#include "net/peer/opening.h"
#include "net/peer/flow.h"
#include "net/peer/receiver.h"
#include "net/peer/sender.h"
#include "net/peer/stall.h"
#include "net/peer/talk.h"
#include "proto/mem.h"

enum {
	/* Silence after which we ask whether the peer is there, and after which
	 * it is not: slow links stall for a minute. */
	PING_MS = 25 * 1000,
	GONE_MS = 90 * 1000,
	/* How long what a peer acknowledged may wait to be written down. */
	FLUSH_MS = 1000,
	/* The same once all that was sent is acknowledged: whoever asks what is
	 * safe wants to see it.  All sessions of a node wait for the same
	 * moments, so that one sync of the disk does for them. */
	FLUSH_CALM_MS = 100,
	/* Received bytes that wait for a transaction before reading stops. */
	WAITING_BYTES_MAX = 2 * 1024 * 1024,
};

struct session {
	struct talk talk;
	struct fault fault; /* why it ended; code ERR_OK: well, or not yet */
	bool done;
	bool agreed;	/* with `once`: neither had anything left */
	bool closing;	/* our farewell is queued */
	bool admitting; /* the peer is let in when this work is durable */
	uint64_t heard_ms;
	uint64_t said_ms;
	uint64_t flushed_ms;
	uint64_t calm_ms; /* when to write down what is acknowledged; or 0 */
	bool asked;	  /* since we last said something the peer was silent */
	uint64_t round_trips;
	struct stall stall;
};

static enum err settle(struct session *session, enum err e) MUST_USE;
static void fault_note(struct talk *talk, const struct fault *fault);
static void farewell(struct session *session, enum err why, const char *text);
static enum err guest_admit(struct session *session) MUST_USE;
static enum err guest_answer(struct talk *talk) MUST_USE;
static bool is_quiet(const struct talk *talk);
static bool may_finish(const struct talk *talk);
static bool is_acknowledged(const struct talk *talk);
static uint64_t flush_ms(const struct session *session);

struct session *
session_new(const struct session_config *config)
{
	struct session *session = mem_zeros(1, sizeof(*session));
	struct talk *talk = &session->talk;
	struct channel_config channel = {.initiator = config->initiator,
	    .identity = store_identity(config->store),
	    .squeeze = config->squeeze};
	uint8_t salt[8];

	talk->store = config->store;
	talk->host = config->host;
	talk->flow.queue_max = LIMIT_QUEUE_SIZE;
	talk->flow.quota.day_bytes = config->day_bytes;
	talk->once = config->once;
	talk->me = store_identity(config->store)->key;
	identity_backup_key(store_identity(config->store), &talk->backup);
	if (config->guest != NULL) {
		channel.token = &config->guest->token;
		talk->has_root = true;
		talk->root = config->guest->root;
	}
	config->host->random(config->host->arg, channel.ephemeral.b,
	    sizeof(channel.ephemeral.b));
	config->host->random(config->host->arg, salt, sizeof(salt));
	talk->channel = channel_new(&channel);
	talk->allowed_bytes = SIZE_MAX;
	crypto_wipe(&channel.ephemeral, sizeof(channel.ephemeral));
	ledger_init(&talk->ledger, bytes_be64(salt));
	talk->hidden.salt = bytes_be64(salt);
	talk->numbers = (struct msg_numbers){ledger_named, &talk->ledger};
	gauge_init(&talk->gauge, config->now_ms);
	session->heard_ms = config->now_ms;
	session->said_ms = config->now_ms;
	session->flushed_ms = config->now_ms;
	session->stall.since_ms = config->now_ms;
	return session;
}

void
session_free(struct session *session)
{
	if (session == NULL)
		return;
	receiver_fini(&session->talk);
	ack_fini(&session->talk);
	ledger_fini(&session->talk.ledger);
	ahead_fini(&session->talk);
	hidden_fini(&session->talk.hidden);
	reach_fini(&session->talk.reach);
	msg_names_fini(&session->talk.names);
	notes_fini(&session->talk.notes);
	channel_free(session->talk.channel);
	buf_wipe(&session->talk.scratch);
	crypto_wipe(&session->talk.backup, sizeof(session->talk.backup));
	mem_free(session);
}

enum err
session_feed(struct session *session, struct bytes in, uint64_t now_ms)
{
	if (session->talk.state == TALK_ENDED)
		return err_raise(&session->fault);
	if (in.n > 0) {
		session->heard_ms = now_ms;
		session->round_trips += session->asked;
		session->asked = false;
	}
	return settle(session, channel_feed(session->talk.channel, in));
}

/* Every error ends the session, with a word to the peer where one is fitting.
 */
static enum err
settle(struct session *session, enum err e)
{
	if (e == ERR_OK)
		return e;
	if (session->fault.code == ERR_OK) {
		err_keep(&session->fault, e);
		fault_note(&session->talk, &session->fault);
	}
	if (session->talk.state != TALK_ENDED)
		farewell(session, e, err_text());
	session->talk.state = TALK_ENDED;
	return err_raise(&session->fault);
}

/* Who comes with a token and is not let in is a stranger, also one who broke
 * the protocol on the way. */
static void
fault_note(struct talk *talk, const struct fault *fault)
{
	bool guest = !talk->has_root && !talk->admitted &&
		     channel_token(talk->channel) != NULL;
	bool broke_it = fault->code == ERR_MALFORMED ||
			fault->code == ERR_LIMIT;

	if (guest && fault->code != ERR_PEER) {
		talk->is_stranger = true;
		talk_note(talk, EVENT_TOKEN_REFUSED, NULL, fault->text);
	} else if (broke_it && channel_is_up(talk->channel)) {
		talk_note(talk, EVENT_PEER_MALFORMED, NULL, fault->text);
	}
}

/* Failures of our own disk are nobody else's business. */
static void
farewell(struct session *session, enum err why, const char *text)
{
	struct talk *talk = &session->talk;
	bool ours = why == ERR_IO || why == ERR_FULL || why == ERR_CORRUPT;
	struct msg msg = {.type = MSG_CLOSE,
	    .u.close = {.why = why,
		.text = bytes_text(
		    ours ? "this node has trouble with its disk" : text)}};

	if (session->closing || !channel_is_up(talk->channel))
		return;
	session->closing = true;
	if (talk_send(talk, &msg) != ERR_OK)
		session->closing = true;
}

bool
session_wants_input(const struct session *session)
{
	return session->talk.state != TALK_ENDED &&
	       channel_waiting(session->talk.channel) < WAITING_BYTES_MAX;
}

bool
session_has_work(const struct session *session)
{
	const struct talk *talk = &session->talk;

	return (talk->state != TALK_ENDED && talk->state != TALK_SHAKING &&
		   channel_waiting(talk->channel) > 0) ||
	       talk->flush || talk->forget || talk_is_due(talk) ||
	       (talk->flow.asks && talk->state == TALK_LIVE);
}

bool
session_is_ready(const struct session *session)
{
	const struct talk *talk = &session->talk;

	return (talk->state != TALK_ENDED && talk->state != TALK_SHAKING &&
		   channel_is_ready(talk->channel)) ||
	       talk->flush || talk->forget || talk_is_due(talk) ||
	       (talk->flow.asks && talk->state == TALK_LIVE);
}

void
session_fence(struct session *session)
{
	channel_fence(session->talk.channel);
}

bool
session_has_news(const struct session *session)
{
	const struct talk *talk = &session->talk;

	return talk->state != TALK_ENDED && talk->state != TALK_SHAKING &&
	       channel_has_news(talk->channel);
}

enum err
session_look(struct session *session, session_head_fn *fn, void *arg)
{
	return ahead_look(&session->talk, fn, arg);
}

void
session_clear(struct session *session)
{
	channel_clear(session->talk.channel);
}

size_t
session_waiting(const struct session *session)
{
	return channel_waiting(session->talk.channel);
}

void
session_allow(struct session *session, size_t bytes)
{
	session->talk.allowed_bytes = bytes;
}

size_t
session_worked_bytes(const struct session *session)
{
	return session->talk.worked_bytes;
}

enum err
session_work(struct session *session, uint64_t now_ms)
{
	struct talk *talk = &session->talk;
	enum err e;

	talk->worked_bytes = 0;
	if (talk->flush) {
		session->flushed_ms = now_ms;
		session->calm_ms = 0;
	}
	/* Nothing else is done before this is durable. */
	if (talk_is_due(talk))
		e = settle(session, guest_admit(session));
	else
		e = settle(session, receiver_work(talk));
	if (e == ERR_OK)
		e = settle(session, flow_grant(talk));
	notes_write(&talk->notes, store_txn(talk->store));
	return e;
}

static enum err
guest_admit(struct session *session)
{
	struct talk *talk = &session->talk;
	enum err e = tokens_use(talk->store, channel_token(talk->channel),
	    channel_peer(talk->channel));

	session->admitting = e == ERR_OK;
	return e == ERR_OK ? e : err_wrap(e, "joining");
}

/* The peer names a token before its first message can be read. */
static enum err
guest_answer(struct talk *talk)
{
	struct secret psk;
	enum err e = tokens_find(
	    talk->store, channel_token(talk->channel), &psk);

	if (e != ERR_OK && e != ERR_DENIED)
		return e;
	e = channel_answer(talk->channel, e == ERR_OK ? &psk : NULL, e);
	crypto_wipe(&psk, sizeof(psk));
	return e;
}

struct notes *
session_notes(struct session *session)
{
	flow_leave(&session->talk);
	return &session->talk.notes;
}

void
session_worked(struct session *session, enum err e)
{
	struct talk *talk = &session->talk;

	talk->admitted = talk->admitted || (session->admitting && e == ERR_OK);
	session->admitting = false;
	flow_granted(talk, e == ERR_OK);
	if (e == ERR_OK && talk->state != TALK_ENDED)
		e = ack_committed(talk);
	if (settle(session, e) != ERR_OK)
		return;
	talk_rest(talk);
	if (talk->state == TALK_ENDED && session->fault.code == ERR_OK)
		session->done = true;
}

static bool
is_quiet(const struct talk *talk)
{
	return sender_is_idle(talk) && talk->idle_heard &&
	       talk->credited_bytes == talk->debt_bytes &&
	       talk->told_bytes == talk->taken_bytes &&
	       channel_waiting(talk->channel) == 0;
}

/* With `once`: have both said that they have no more, is all acknowledged, and
 * is what the peer has written down? */
static bool
may_finish(const struct talk *talk)
{
	return talk->once && is_quiet(talk);
}

static void
gauge_told(struct talk *talk, uint64_t now_ms)
{
	if (talk->heard_hello)
		gauge_heard(&talk->gauge, now_ms);
	gauge_look(
	    &talk->gauge, talk->debt_bytes, talk->credited_bytes, now_ms);
}

static void
stall_told(struct session *session, uint64_t now_ms)
{
	const struct talk *talk = &session->talk;
	struct channel_count count;

	channel_count(talk->channel, &count);
	stall_look(&session->stall,
	    (struct stall_seen){.rests = is_quiet(talk),
		.done_bytes = talk->taken_bytes + talk->credited_bytes,
		.wire_bytes = count.in_bytes + count.out_bytes},
	    now_ms);
}

enum err
session_fill(struct session *session, uint64_t now_ms)
{
	struct talk *talk = &session->talk;
	size_t before = channel_queued(talk->channel);
	enum err e;

	if (talk->state == TALK_ENDED)
		return err_raise(&session->fault);
	gauge_told(talk, now_ms);
	if (channel_asks(talk->channel))
		e = settle(session, guest_answer(talk));
	else
		e = settle(session, sender_fill(talk));
	if (e != ERR_OK)
		return e;
	gauge_told(talk, now_ms);
	if (may_finish(talk)) {
		session->agreed = true;
		if (talk->ledger.dirty_n > 0 || talk->met) {
			talk->flush = true;
		} else {
			farewell(session, ERR_OK, "");
			talk->state = TALK_ENDED;
			session->done = true;
		}
	}
	if (!is_acknowledged(talk))
		session->calm_ms = 0;
	else if (session->calm_ms == 0)
		session->calm_ms = (now_ms / FLUSH_CALM_MS + 1) * FLUSH_CALM_MS;
	if (channel_queued(talk->channel) > before)
		session->said_ms = now_ms;
	stall_told(session, now_ms);
	talk_rest(talk);
	return ERR_OK;
}

enum err
session_news(struct session *session, const struct news *news, bool *concerns)
{
	struct talk *talk = &session->talk;
	const struct authority *authority;
	enum err e = store_authority(talk->store, &authority);

	/* Who is not up to date reads the feed, or all, by itself. */
	*concerns = talk->state != TALK_LIVE || talk->feed_at != news->from ||
		    memcmp(&authority->version, &talk->authority_version, 32) !=
			0;
	if (e != ERR_OK || *concerns)
		return e;
	for (size_t i = 0; i < news->n && e == ERR_OK; i++) {
		bool one;

		e = opening_news(talk, authority, &news->logs[i], &one);
		*concerns = *concerns || one;
	}
	if (e == ERR_OK)
		talk->feed_at = news->to;
	return e;
}

/* Is something new known of what the peer has, and all that was sent there? */
static bool
is_acknowledged(const struct talk *talk)
{
	return talk->ledger.dirty_n > 0 && sender_is_idle(talk) &&
	       talk->credited_bytes == talk->debt_bytes;
}

struct bytes
session_out(struct session *session)
{
	/* An error is told by whatever is called next. */
	if (settle(session, channel_flush(session->talk.channel)) != ERR_OK)
		assert(session->talk.state == TALK_ENDED);
	return channel_out(session->talk.channel);
}

void
session_sent(struct session *session, size_t n)
{
	/* The handshake's own does not count. */
	session->asked = session->asked ||
			 (n > 0 && session->talk.state != TALK_SHAKING);
	channel_sent(session->talk.channel, n);
}

uint64_t
session_wake_ms(const struct session *session)
{
	uint64_t wake = session->heard_ms + GONE_MS;

	if (session->talk.state == TALK_ENDED)
		return UINT64_MAX;
	if (session->said_ms + PING_MS < wake)
		wake = session->said_ms + PING_MS;
	if (stall_end_ms(&session->stall) < wake)
		wake = stall_end_ms(&session->stall);
	return flush_ms(session) < wake ? flush_ms(session) : wake;
}

/* When what the peer acknowledged is to be written down at the latest. */
static uint64_t
flush_ms(const struct session *session)
{
	const struct talk *talk = &session->talk;

	if (talk->ledger.dirty_n == 0 && !talk->met)
		return UINT64_MAX;
	return session->calm_ms > 0 ? session->calm_ms
				    : session->flushed_ms + FLUSH_MS;
}

enum err
session_tick(struct session *session, uint64_t now_ms)
{
	struct talk *talk = &session->talk;
	struct msg ping = {.type = MSG_PING};

	if (talk->state == TALK_ENDED)
		return err_raise(&session->fault);
	if (now_ms >= session->heard_ms + GONE_MS)
		return settle(session,
		    err_set(ERR_PEER, "the peer was silent for %d seconds",
			GONE_MS / 1000));
	if (now_ms >= stall_end_ms(&session->stall))
		return settle(session,
		    err_set(ERR_PEER,
			"the peer is there, and nothing came of it for long"));
	if (now_ms >= flush_ms(session))
		talk->flush = true;
	if (now_ms < session->said_ms + PING_MS ||
	    !channel_is_up(talk->channel) || talk->state == TALK_SHAKING)
		return ERR_OK;
	session->said_ms = now_ms;
	return settle(session, talk_send(talk, &ping));
}

void
session_end(struct session *session, enum err why, const char *text)
{
	if (session->talk.state == TALK_ENDED)
		return;
	farewell(session, why, text);
	session->talk.state = TALK_ENDED;
	session->done = why == ERR_OK;
	if (why != ERR_OK)
		err_keep(&session->fault, err_set(why, "%s", text));
}

void
session_pace(struct session *session, size_t bytes)
{
	session->talk.flow.queue_max = bytes < LIMIT_QUEUE_SIZE
					   ? bytes
					   : LIMIT_QUEUE_SIZE;
}

bool
session_is_done(const struct session *session)
{
	return session->done;
}

bool
session_is_idle(const struct session *session)
{
	const struct talk *talk = &session->talk;

	return is_quiet(talk) && channel_queued(talk->channel) == 0;
}

void
session_status(const struct session *session, struct session_status *status)
{
	const struct talk *talk = &session->talk;
	struct channel_count count;

	channel_count(talk->channel, &count);
	*status = (struct session_status){.up = talk->state != TALK_SHAKING,
	    .peer = talk->peer,
	    .in_sync = session->agreed ||
		       (sender_is_idle(talk) && talk->idle_heard),
	    .in_bytes = count.in_bytes,
	    .out_bytes = count.out_bytes,
	    .out_plain_bytes = count.out_plain_bytes,
	    .deltas_in = talk->deltas_in,
	    .deltas_out = talk->deltas_out,
	    .useful = talk->deltas_in > 0 || talk->credited_bytes > 0,
	    .deltas_expected = talk->deltas_expected,
	    .bytes_expected = talk->bytes_expected,
	    .bytes_in_done = talk->durable_bytes,
	    .bytes_out = talk->debt_bytes,
	    .bytes_out_done = talk->credited_bytes,
	    .deltas_left_out = talk->flow.left + talk->flow.owed,
	    .bytes_left_out = talk->flow.left_bytes,
	    .day_bytes = talk->flow.quota.day_bytes,
	    .is_held = flow_holds(talk),
	    .dropped = talk->dropped,
	    .forked = branch_count(talk),
	    .round_trips = session->round_trips};
	/* Whatever the peer announced: what came is part of it. */
	if (status->deltas_expected < status->deltas_in)
		status->deltas_expected = status->deltas_in;
	if (status->bytes_expected > 0 &&
	    status->bytes_expected < status->bytes_in_done)
		status->bytes_expected = status->bytes_in_done;
	status->in_sync = status->in_sync && !status->is_held;
	status->deltas_left_in = status->deltas_expected - status->deltas_in;
}
