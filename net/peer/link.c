/*
 * Joins a stream, a session and the loop.  Bytes go one way or the other, as
 * far as both sides have room; what they mean is the session's business, and
 * when the store is asked is the hub's.  It decides only how a link ends: a
 * farewell is sent, the peer gets a little time to close, then it is cut.
 */
#include "net/peer/link.h"

#include <stdio.h>
#include <string.h>

#include "net/peer/pace.h"
#include "proto/mem.h"

enum {
	PEER_SIZE = 64,
	/* Bytes that the system may read ahead of a limit: below that TCP
	 * itself becomes slow. */
	READ_AHEAD_MIN = 16 * 1024,
};

enum state {
	STATE_LIVE,
	STATE_ENDING, /* the last words are on their way */
	STATE_ENDED,
};

struct link {
	struct link_config config;
	enum state state;
	bool initiator;
	bool joins; /* by a token */
	bool connected;
	bool up;	 /* LINK_UP was told */
	bool peer_ended; /* nothing more will arrive */
	struct stream *stream;
	struct session *session;   /* owned */
	struct hub_member *member; /* NULL once it left */
	struct loop_timer *timer;  /* owned */
	uint64_t deadline_ms;	   /* of the handshake, or of the farewell */
	struct pace pace;
	struct valve_seat out; /* at the valves of the node */
	struct valve_seat in;
	uint64_t written; /* bytes that the stream got */
	size_t may_read;  /* bytes that were granted and not read yet */
	struct fault why;
	char peer[PEER_SIZE];
};

static struct link *link_new(const struct link_config *config, bool initiator);
static void link_free(struct link *link);
static struct stream_config link_streams(struct link *link);
static void link_pump(struct link *link);
static void link_tighten(struct link *link);
static void link_hold(struct link *link);
static void link_pace(struct link *link);
static void link_rise(struct link *link);
static void link_on_valve(void *arg);
static bool link_send(struct link *link);
static void link_settle(struct link *link);
static enum err link_closed(const struct link *link) MUST_USE;
static void link_fail(struct link *link, enum err e);
static void link_finish(struct link *link);
static void link_timer(struct link *link);
static bool link_may_read(void *arg);
static void link_on_connect(void *arg);
static void link_on_read(void *arg, struct bytes in);
static void link_on_end(void *arg);
static void link_on_room(void *arg);
static void link_on_close(void *arg, const struct fault *why);
static void link_on_timer(void *arg);
static void link_on_turn(void *arg, enum err e);

enum err
link_dial(const struct link_config *config, const char *address, uint16_t port,
    struct link **link)
{
	struct link *l = link_new(config, true);
	struct stream_config streams = link_streams(l);
	enum err e;

	e = stream_connect(
	    hub_loop(config->hub), address, port, &streams, &l->stream);
	if (e != ERR_OK) {
		hub_leave(l->member);
		link_free(l);
		return e;
	}
	(void)snprintf(l->peer, sizeof(l->peer), "%s", stream_peer(l->stream));
	link_pump(l);
	*link = l;
	return ERR_OK;
}

struct link *
link_accept(const struct link_config *config, struct stream *stream)
{
	struct link *l = link_new(config, false);
	struct stream_config streams = link_streams(l);

	l->stream = stream;
	l->connected = true;
	(void)snprintf(l->peer, sizeof(l->peer), "%s", stream_peer(stream));
	stream_start(stream, &streams);
	link_tighten(l);
	link_timer(l);
	return l;
}

static struct link *
link_new(const struct link_config *config, bool initiator)
{
	struct link *l = mem_zeros(1, sizeof(*l));
	struct loop *loop = hub_loop(config->hub);

	l->config = *config;
	l->initiator = initiator;
	l->joins = initiator && config->guest != NULL;
	l->session = hub_session(
	    config->hub, &(struct session_config){.initiator = initiator,
			     .once = initiator && config->once,
			     .day_bytes = config->limits.day_bytes,
			     .guest = initiator ? config->guest : NULL});
	l->member = hub_join(config->hub, l->session, link_on_turn, l);
	l->timer = loop_timer_new(loop, link_on_timer, l);
	l->deadline_ms = loop_now_ms() + LINK_HANDSHAKE_MS;
	pace_init(&l->pace, LIMIT_QUEUE_SIZE);
	l->out = (struct valve_seat){.turn = link_on_valve, .arg = l};
	l->in = l->out;
	return l;
}

static void
link_free(struct link *link)
{
	link_rise(link);
	loop_timer_free(link->timer);
	session_free(link->session);
	mem_free(link);
}

static struct stream_config
link_streams(struct link *link)
{
	return (struct stream_config){
	    .queue_size = LIMIT_QUEUE_SIZE,
	    .may_read = link_may_read,
	    .on_connect = link_on_connect,
	    .on_read = link_on_read,
	    .on_end = link_on_end,
	    .on_room = link_on_room,
	    .on_close = link_on_close,
	    .arg = link,
	};
}

static bool
link_may_read(void *arg)
{
	const struct link *link = arg;

	return link->up || link->initiator || link->config.may_read == NULL ||
	       link->config.may_read(link->config.arg);
}

static void
link_on_connect(void *arg)
{
	struct link *link = arg;

	link->connected = true;
	link_tighten(link);
}

/* What the system reads ahead comes at full speed. */
static void
link_tighten(struct link *link)
{
	size_t share = valve_share(link->config.limits.in);

	if (link->config.limits.in != NULL)
		stream_tighten(link->stream,
		    share > READ_AHEAD_MIN ? share : READ_AHEAD_MIN);
}

static void
link_on_read(void *arg, struct bytes in)
{
	struct link *link = arg;
	enum err e;

	link->may_read -= in.n < link->may_read ? in.n : link->may_read;
	if (link->state != STATE_LIVE)
		return;
	if (!link->up)
		valve_spend(link->config.limits.in, in.n);
	e = session_feed(link->session, in, loop_now_ms());
	if (e != ERR_OK)
		link_fail(link, e);
	else
		link_pump(link);
	if (link->state == STATE_LIVE)
		hub_wake(link->member);
}

static void
link_on_room(void *arg)
{
	struct link *link = arg;

	if (link->state == STATE_LIVE)
		link_pump(link);
}

static void
link_on_turn(void *arg, enum err e)
{
	struct link *link = arg;

	if (e != ERR_OK)
		link_fail(link, e);
	else
		link_pump(link);
}

static void
link_on_timer(void *arg)
{
	struct link *link = arg;
	uint64_t now_ms = loop_now_ms();
	enum err e = ERR_OK;

	if (now_ms >= link->deadline_ms && link->state == STATE_ENDING) {
		stream_close(link->stream);
		return;
	}
	if (now_ms >= link->deadline_ms)
		e = err_set(ERR_PEER, "no answer for %d seconds",
		    LINK_HANDSHAKE_MS / 1000);
	else if (link->state == STATE_LIVE)
		e = session_tick(link->session, now_ms);
	if (link->state != STATE_LIVE) {
		link_timer(link);
	} else if (e != ERR_OK) {
		link_fail(link, e);
	} else {
		hub_wake(link->member);
		link_pump(link);
	}
}

/* Moves what can move, and looks where that leads. */
static void
link_pump(struct link *link)
{
	assert(link->state == STATE_LIVE);
	/* What was sent makes room for more, which is found in a turn. */
	if (link_send(link))
		hub_wake(link->member);
	if (link->state != STATE_LIVE)
		return;
	if (link->connected)
		link_hold(link);
	link_settle(link);
	if (link->state == STATE_LIVE)
		link_timer(link);
}

/* Reads as far as the session can take it and the node's limit allows.  Before
 * the peer is known nothing is held back: a handshake is short, and must not
 * wait behind the bulk of others. */
static void
link_hold(struct link *link)
{
	bool wants = hub_wants_input(link->member);

	if (link->config.limits.in == NULL || !link->up) {
		stream_hold(link->stream, !wants);
		return;
	}
	if (wants && link->may_read == 0)
		link->may_read = valve_take(
		    link->config.limits.in, &link->in, LOOP_READ_SIZE);
	if (link->may_read > 0)
		stream_read_most(link->stream, link->may_read);
	stream_hold(link->stream, !wants || link->may_read == 0);
}

/* So much may stand before what is urgent: in the session as in the stream. */
static void
link_pace(struct link *link)
{
	size_t unsent = stream_unsent(link->stream);
	size_t most = hub_queue_size(link->config.hub);
	size_t bytes;

	pace_note(&link->pace, link->written - unsent, unsent, loop_now_ms());
	/* A node with many links gives each less than it could take. */
	if (most > link->pace.bytes)
		most = link->pace.bytes;
	bytes = valve_share(link->config.limits.out);
	if (bytes > most)
		bytes = most;
	stream_room_set(link->stream, most);
	session_pace(link->session, bytes);
}

/* Somebody else may move bytes in its place. */
static void
link_rise(struct link *link)
{
	valve_leave(link->config.limits.out, &link->out);
	valve_leave(link->config.limits.in, &link->in);
}

static void
link_on_valve(void *arg)
{
	struct link *link = arg;

	if (link->state == STATE_LIVE)
		link_pump(link);
}

/* How many of `n` bytes may go now. */
static size_t
link_grant(struct link *link, size_t n)
{
	struct valve *out = link->config.limits.out;

	if (link->up)
		return valve_take(out, &link->out, n);
	valve_spend(out, n);
	return n;
}

/* Hands to the stream what it has room for; was there anything? */
static bool
link_send(struct link *link)
{
	bool any = false;

	link_pace(link);

	for (;;) {
		struct bytes out = session_out(link->session);
		size_t room = stream_room(link->stream);
		enum err e;

		if (out.n > room)
			out = bytes_first(out, room);
		if (out.n > 0)
			out = bytes_first(out, link_grant(link, out.n));
		if (out.n == 0)
			return any;
		link->written += out.n;
		e = stream_write(link->stream, out);
		if (e != ERR_OK) {
			link_fail(link, e);
			return false;
		}
		session_sent(link->session, out.n);
		any = true;
	}
}

/* Tells the owner what has become known. */
static void
link_settle(struct link *link)
{
	struct session_status status;

	session_status(link->session, &status);
	if (status.up && !link->up) {
		link->up = true;
		link->deadline_ms = UINT64_MAX;
		link->config.on_event(link->config.arg, link, LINK_UP);
	}
	if (link->state == STATE_LIVE)
		link->config.on_event(link->config.arg, link, LINK_MOVED);
	if (link->state != STATE_LIVE)
		return;
	if (session_is_done(link->session))
		link_finish(link);
	else if (link->peer_ended && !session_has_work(link->session))
		link_fail(link, link_closed(link));
}

static enum err
link_closed(const struct link *link)
{
	if (link->up)
		return err_set(ERR_PEER, "the peer closed the link");
	if (link->joins)
		return err_set(ERR_PEER,
		    "the other side lets nobody in by this token: it has "
		    "expired, was used or cancelled, or was made by another "
		    "node");
	return err_set(ERR_PEER,
	    "the other side closed the link during the handshake: it may "
	    "belong to another city, or is no golmok node");
}

/* The first failure is the reason. */
static void
link_fail(struct link *link, enum err e)
{
	if (link->state != STATE_LIVE)
		return;
	err_keep(&link->why, e);
	link_finish(link);
}

/* The session has had its say: what it left to be sent goes out, then the
 * stream ends. */
static void
link_finish(struct link *link)
{
	struct bytes out = session_out(link->session);

	link->state = STATE_ENDING;
	link_rise(link);
	hub_leave(link->member);
	link->member = NULL;
	if (!link->connected) {
		stream_close(link->stream);
		return;
	}
	/* Beyond the queue's room on purpose: a farewell is short, and what
	 * stands before it is bounded by the session's own queue. */
	valve_spend(link->config.limits.out, out.n);
	if (out.n > 0 && stream_write(link->stream, out) == ERR_OK)
		session_sent(link->session, out.n);
	stream_read_most(link->stream, LOOP_READ_SIZE);
	stream_finish(link->stream);
	stream_hold(link->stream, false);
	link->deadline_ms = loop_now_ms() + LINK_LINGER_MS;
	link_timer(link);
}

static void
link_timer(struct link *link)
{
	uint64_t at_ms = link->deadline_ms;

	/* Until the peer is known the deadline is all there is. */
	if (link->state == STATE_LIVE && link->up &&
	    session_wake_ms(link->session) < at_ms)
		at_ms = session_wake_ms(link->session);
	loop_timer_set(link->timer, at_ms);
}

/* The peer sends nothing more. */
static void
link_on_end(void *arg)
{
	struct link *link = arg;

	if (link->state != STATE_LIVE)
		return;
	/* Its last words may still wait for a turn. */
	link->peer_ended = true;
	hub_wake(link->member);
}

static void
link_on_close(void *arg, const struct fault *why)
{
	struct link *link = arg;

	if (link->state == STATE_LIVE && why->code != ERR_OK)
		link->why = *why;
	else if (link->state == STATE_LIVE)
		err_keep(&link->why, err_set(ERR_PEER, "the link was cut"));
	link->state = STATE_ENDED;
	hub_leave(link->member);
	link->member = NULL;
	link->stream = NULL;
	link->config.on_event(link->config.arg, link, LINK_ENDED);
	link_free(link);
}

void
link_end(struct link *link, enum err why, const char *text)
{
	if (link == NULL || link->state != STATE_LIVE)
		return;
	session_end(link->session, why, text);
	if (why != ERR_OK)
		link_fail(link, err_set(why, "%s", text));
	else
		link_finish(link);
}

void
link_cut(struct link *link, enum err why, const char *text)
{
	if (link == NULL)
		return;
	link_end(link, why, text);
	stream_close(link->stream);
}

void
link_status(const struct link *link, struct session_status *status)
{
	session_status(link->session, status);
	status->rate_bytes = valve_rate(link->config.limits.out);
}

const struct fault *
link_why(const struct link *link)
{
	return &link->why;
}

const char *
link_peer(const struct link *link)
{
	return link->peer;
}

bool
link_is_initiator(const struct link *link)
{
	return link->initiator;
}

bool
link_is_up(const struct link *link)
{
	return link->up;
}

enum link_stage
link_stage(const struct link *link)
{
	struct session_status status;

	session_status(link->session, &status);
	if (status.out_bytes > 0)
		return LINK_ANSWERED;
	return status.in_bytes > 0 ? LINK_SPOKEN : LINK_SILENT;
}

void
link_limits_open(struct loop *loop, uint64_t rate_bytes, uint64_t day_bytes,
    struct link_limits *limits)
{
	*limits = (struct link_limits){.out = valve_new(loop, rate_bytes),
	    .in = valve_new(loop, rate_bytes),
	    .day_bytes = day_bytes};
}

void
link_limits_close(struct link_limits *limits)
{
	valve_free(limits->out);
	valve_free(limits->in);
}
