/*
 * TCP streams and listeners over libuv, for links between nodes.  It moves
 * bytes and holds back whoever is too fast; what the bytes mean, and how long
 * one waits for them, is decided by the owner.  Must never call the owner from
 * inside one of the owner's calls, and never grow a queue without limit.
 */
#include "net/stream.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include <netinet/tcp.h>

#include <uv.h>

#include "net/loop.h"
#include "proto/buf.h"
#include "proto/limits.h"
#include "proto/mem.h"

enum {
	/* As many as may come back in one second; the system cuts it down to
	 * what it allows. */
	BACKLOG = 1024,
	KEEPALIVE_S = 60,
	PEER_TEXT_SIZE = 64,
	/* Bytes that the system takes beyond what it has sent. */
	SYSTEM_UNSENT = 32 * 1024,
	/* An idle stream keeps no larger queue than this. */
	IDLE_ROOM = 1024,
};

struct stream {
	uv_tcp_t tcp;
	uv_connect_t connecting;
	uv_write_t writing;
	uv_shutdown_t ending;
	struct loop *loop; /* borrowed from the maker */
	struct stream_config config;
	size_t room;	  /* unsent bytes at which the owner is to stop */
	size_t read_most; /* bytes read at once */
	bool started;	  /* has an owner, which wants on_close */
	bool connected;	  /* bytes may flow */
	bool reading;
	bool held;	 /* the owner wants nothing more at the moment */
	bool peer_ended; /* no more bytes will come */
	bool finishing;	 /* stream_finish was called */
	bool finished;	 /* and the peer was told */
	bool behind;	 /* more than half a queue waits: on_room is owed */
	bool closing;
	struct buf pending; /* written, waiting for `flying` */
	struct buf flying;  /* in libuv's hands; empty when nothing is */
	struct fault why;
	char peer[PEER_TEXT_SIZE];
};

struct stream_listener {
	uv_tcp_t tcp;
	struct loop *loop; /* borrowed from the maker */
	struct stream_taker taker;
	struct loop_timer *timer; /* owned; set while one waits at the door */
	uint64_t turn_ms;	  /* of the loop, in which */
	size_t turn_n;		  /* so many came in */
	uint16_t port;
};

struct address {
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
		struct sockaddr_storage room;
	} as;
};

static enum err address_parse(
    const char *text, uint16_t port, struct address *address) MUST_USE;
static void address_text(const struct address *address, char *text);
static enum err stream_new(struct loop *loop, struct stream **stream) MUST_USE;
static void socket_tune(struct stream *s);
static void stream_fail(struct stream *s, int status, const char *doing);
static void stream_check(const struct stream *s);
static void reading_update(struct stream *s);
static void queue_send(struct stream *s);
static void room_tell(struct stream *s);
static void stream_on_connect(uv_connect_t *request, int status);
static void stream_on_buffer(uv_handle_t *handle, size_t wanted, uv_buf_t *b);
static void stream_on_read(uv_stream_t *tcp, ssize_t n, const uv_buf_t *b);
static void stream_on_write(uv_write_t *request, int status);
static void stream_on_finish(uv_shutdown_t *request, int status);
static void stream_on_close(uv_handle_t *handle);
static void listener_on_arrival(uv_stream_t *tcp, int status);
static void listener_on_timer(void *arg);
static void listener_take(struct stream_listener *l);
static void listener_on_close(uv_handle_t *handle);

static enum err
uv_err(int status, const char *doing)
{
	enum err e = ERR_IO;

	if (status == UV_ECONNREFUSED || status == UV_ECONNRESET ||
	    status == UV_ECONNABORTED || status == UV_EPIPE ||
	    status == UV_ETIMEDOUT || status == UV_EHOSTUNREACH ||
	    status == UV_ENETUNREACH)
		e = ERR_PEER;
	else if (status == UV_EADDRINUSE)
		e = ERR_BUSY;
	return err_set(e, "%s: %s", doing, uv_strerror(status));
}

enum err
stream_connect(struct loop *loop, const char *address, uint16_t port,
    const struct stream_config *config, struct stream **stream)
{
	struct address to;
	struct stream *s;
	int status;
	enum err e;

	assert(config->queue_size > 0);
	assert(config->queue_size <= SIZE_MAX / 4);
	*stream = NULL;
	e = address_parse(address, port, &to);
	if (e != ERR_OK)
		return e;
	e = stream_new(loop, &s);
	if (e != ERR_OK)
		return e;
	address_text(&to, s->peer);
	status = uv_tcp_connect(
	    &s->connecting, &s->tcp, &to.as.any, stream_on_connect);
	if (status != 0) {
		stream_close(s);
		return uv_err(status, "connect");
	}
	s->config = *config;
	s->room = config->queue_size;
	s->started = true;
	*stream = s;
	return ERR_OK;
}

static void
stream_on_connect(uv_connect_t *request, int status)
{
	struct stream *s = request->data;

	if (s->closing)
		return;
	if (status != 0) {
		stream_fail(s, status, "connect");
		return;
	}
	socket_tune(s);
	s->connected = true;
	reading_update(s);
	queue_send(s);
	if (s->config.on_connect != NULL && !s->closing)
		s->config.on_connect(s->config.arg);
}

/* We gather small writes ourselves, and keep what is to be sent in our own
 * queue, where something more urgent can still go first.  A stream works
 * without any of these. */
static void
socket_tune(struct stream *s)
{
#ifdef TCP_NOTSENT_LOWAT
	int unsent = SYSTEM_UNSENT;
	uv_os_fd_t fd;

	if (uv_fileno((uv_handle_t *)&s->tcp, &fd) == 0)
		(void)setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &unsent,
		    sizeof(unsent));
#endif
	(void)uv_tcp_nodelay(&s->tcp, 1);
	(void)uv_tcp_keepalive(&s->tcp, 1, KEEPALIVE_S);
}

static enum err
stream_new(struct loop *loop, struct stream **stream)
{
	struct stream *s = mem_zeros(1, sizeof(*s));
	int status;

	status = uv_tcp_init(loop_uv(loop), &s->tcp);
	if (status != 0) {
		mem_free(s);
		return uv_err(status, "socket");
	}
	s->loop = loop;
	s->read_most = LOOP_READ_SIZE;
	s->tcp.data = s;
	s->connecting.data = s;
	s->writing.data = s;
	s->ending.data = s;
	*stream = s;
	return ERR_OK;
}

void
stream_start(struct stream *s, const struct stream_config *config)
{
	assert(!s->started && s->connected);
	assert(config->queue_size > 0);
	assert(config->queue_size <= SIZE_MAX / 4);
	s->config = *config;
	s->room = config->queue_size;
	s->started = true;
	reading_update(s);
}

/* Reading goes on unless the peer ended, answers pile up or the owner has
 * enough. */
static void
reading_update(struct stream *s)
{
	bool wanted = s->connected && !s->held && !s->peer_ended &&
		      !s->closing &&
		      stream_unsent(s) <= 2 * s->config.queue_size;
	int status;

	if (wanted == s->reading)
		return;
	s->reading = wanted;
	if (!wanted) {
		(void)uv_read_stop((uv_stream_t *)&s->tcp);
		return;
	}
	status = uv_read_start(
	    (uv_stream_t *)&s->tcp, stream_on_buffer, stream_on_read);
	if (status != 0)
		stream_fail(s, status, "read");
}

/* All streams read into the same place: on_read is done with it before the
 * next read. */
static void
stream_on_buffer(uv_handle_t *handle, size_t wanted, uv_buf_t *b)
{
	struct stream *s = handle->data;

	(void)wanted;
	/* libuv takes nothing from the socket then, reports UV_ENOBUFS, and
	 * comes again. */
	*b = uv_buf_init(NULL, 0);
	if (s->config.may_read != NULL && !s->config.may_read(s->config.arg))
		return;
	*b = uv_buf_init(
	    (char *)loop_read_buffer(s->loop), (unsigned int)s->read_most);
}

static void
stream_on_read(uv_stream_t *tcp, ssize_t n, const uv_buf_t *b)
{
	struct stream *s = tcp->data;

	if (s->closing || n == 0 || n == UV_ENOBUFS)
		return;
	if (n > 0) {
		s->config.on_read(s->config.arg, bytes_of(b->base, (size_t)n));
		return;
	}
	if (n != UV_EOF) {
		stream_fail(s, (int)n, "read");
		return;
	}
	s->peer_ended = true;
	reading_update(s);
	s->config.on_end(s->config.arg);
	if (s->finished)
		stream_close(s);
}

enum err
stream_write(struct stream *s, struct bytes b)
{
	size_t unsent = stream_unsent(s);

	assert(s->started);
	if (s->closing)
		return err_set(ERR_PEER, "write to %s: closed", s->peer);
	if (s->finishing)
		return err_set(ERR_PEER, "write to %s: finished", s->peer);
	if (b.n > 4 * s->config.queue_size - unsent)
		return err_set(ERR_FULL,
		    "write to %s: %zu bytes are waiting already", s->peer,
		    unsent);
	buf_add(&s->pending, b);
	queue_send(s);
	if (stream_unsent(s) > s->room / 2)
		s->behind = true;
	reading_update(s);
	stream_check(s);
	return s->closing ? err_raise(&s->why) : ERR_OK;
}

size_t
stream_room(const struct stream *s)
{
	size_t unsent = stream_unsent(s);

	if (s->closing || s->finishing || unsent >= s->room)
		return 0;
	return s->room - unsent;
}

void
stream_room_set(struct stream *s, size_t bytes)
{
	assert(s->started && bytes > 0 && bytes <= s->config.queue_size);
	s->room = bytes;
	if (stream_unsent(s) > s->room / 2)
		s->behind = true;
}

size_t
stream_unsent(const struct stream *s)
{
	return s->pending.n + s->flying.n;
}

void
stream_hold(struct stream *s, bool held)
{
	assert(s->started);
	s->held = held;
	reading_update(s);
}

void
stream_read_most(struct stream *s, size_t bytes)
{
	assert(bytes > 0);
	s->read_most = bytes < LOOP_READ_SIZE ? bytes : LOOP_READ_SIZE;
}

/* Without it the limit holds all the same, only later. */
void
stream_tighten(struct stream *s, size_t bytes)
{
	int size = bytes < INT_MAX ? (int)bytes : INT_MAX;

	(void)uv_recv_buffer_size((uv_handle_t *)&s->tcp, &size);
}

void
stream_finish(struct stream *s)
{
	assert(s->started);
	if (s->closing || s->finishing)
		return;
	s->finishing = true;
	queue_send(s);
}

/* Hands all that is pending to libuv, one piece at a time; behind the last,
 * the end. */
static void
queue_send(struct stream *s)
{
	struct buf sent = s->flying;
	uv_buf_t b;
	int status;

	if (!s->connected || s->closing || s->flying.n > 0)
		return;
	if (s->pending.n > 0) {
		s->flying = s->pending;
		s->pending = sent;
		assert(s->flying.n <= 4 * s->config.queue_size);
		b.base = (char *)s->flying.p;
		b.len = s->flying.n;
		status = uv_write(&s->writing, (uv_stream_t *)&s->tcp, &b, 1,
		    stream_on_write);
		if (status != 0)
			stream_fail(s, status, "write");
	} else if (s->finishing && !s->finished) {
		/* A second request could not follow: finishing happens once,
		 * and no write comes after it. */
		status = uv_shutdown(
		    &s->ending, (uv_stream_t *)&s->tcp, stream_on_finish);
		if (status != 0)
			stream_fail(s, status, "finish");
	}
}

static void
stream_on_write(uv_write_t *request, int status)
{
	struct stream *s = request->data;

	buf_cut(&s->flying, 0);
	if (s->closing)
		return;
	if (status != 0) {
		stream_fail(s, status, "write");
		return;
	}
	queue_send(s);
	if (stream_unsent(s) == 0 &&
	    s->flying.room + s->pending.room > IDLE_ROOM) {
		buf_fini(&s->flying);
		buf_fini(&s->pending);
	}
	reading_update(s);
	room_tell(s);
	if (!s->closing)
		stream_check(s);
}

static void
room_tell(struct stream *s)
{
	if (!s->behind || s->closing || s->finishing ||
	    stream_unsent(s) > s->room / 2)
		return;
	s->behind = false;
	if (s->config.on_room != NULL)
		s->config.on_room(s->config.arg);
}

static void
stream_on_finish(uv_shutdown_t *request, int status)
{
	struct stream *s = request->data;

	if (s->closing)
		return;
	if (status != 0) {
		stream_fail(s, status, "finish");
		return;
	}
	s->finished = true;
	if (s->peer_ended)
		stream_close(s);
}

const char *
stream_peer(const struct stream *s)
{
	return s->peer;
}

static void
stream_fail(struct stream *s, int status, const char *doing)
{
	enum err e;

	if (s->closing)
		return;
	e = uv_err(status, doing);
	e = err_wrap(e, "%s", s->peer);
	err_keep(&s->why, e);
	stream_close(s);
}

void
stream_close(struct stream *s)
{
	if (s == NULL || s->closing)
		return;
	s->closing = true;
	s->reading = false;
	uv_close((uv_handle_t *)&s->tcp, stream_on_close);
}

/* The only destructor.  libuv has ended all requests of the stream before. */
static void
stream_on_close(uv_handle_t *handle)
{
	struct stream *s = handle->data;

	assert(s->closing);
	if (s->started)
		s->config.on_close(s->config.arg, &s->why);
	buf_fini(&s->pending);
	buf_fini(&s->flying);
	mem_free(s);
}

static void
stream_check(const struct stream *s)
{
	assert(stream_unsent(s) <= 4 * s->config.queue_size);
	assert(s->closing || !s->connected || s->pending.n == 0 ||
	       s->flying.n > 0);
	assert(!s->reading || stream_unsent(s) <= 2 * s->config.queue_size);
}

enum err
stream_listen(struct loop *loop, const char *address, uint16_t port,
    const struct stream_taker *taker, struct stream_listener **listener)
{
	struct stream_listener *l;
	struct address at;
	int size = sizeof(at.as.room);
	int status;
	enum err e;

	*listener = NULL;
	e = address_parse(address, port, &at);
	if (e != ERR_OK)
		return e;
	l = mem_zeros(1, sizeof(*l));
	l->loop = loop;
	l->taker = *taker;
	status = uv_tcp_init(loop_uv(loop), &l->tcp);
	if (status != 0) {
		mem_free(l);
		return uv_err(status, "socket");
	}
	l->tcp.data = l;
	l->timer = loop_timer_new(loop, listener_on_timer, l);
	status = uv_tcp_bind(&l->tcp, &at.as.any, 0);
	if (status == 0)
		status = uv_listen(
		    (uv_stream_t *)&l->tcp, BACKLOG, listener_on_arrival);
	if (status == 0)
		status = uv_tcp_getsockname(&l->tcp, &at.as.any, &size);
	if (status != 0) {
		stream_listener_close(l);
		e = uv_err(status, "listen");
		return err_wrap(e, "%s port %u", address, port);
	}
	/* The port stands at the same place in both families. */
	l->port = ntohs(at.as.v4.sin_port);
	*listener = l;
	return ERR_OK;
}

uint16_t
stream_listener_port(const struct stream_listener *listener)
{
	return listener->port;
}

void
stream_listener_close(struct stream_listener *listener)
{
	if (listener == NULL)
		return;
	loop_timer_free(listener->timer);
	uv_close((uv_handle_t *)&listener->tcp, listener_on_close);
}

/* One that is not taken in this callback waits, and so do all behind it: libuv
 * accepts no more until it was taken. */
static void
listener_on_arrival(uv_stream_t *tcp, int status)
{
	struct stream_listener *l = tcp->data;

	if (status != 0)
		return;
	if (l->turn_ms != loop_turn_ms(l->loop)) {
		l->turn_ms = loop_turn_ms(l->loop);
		l->turn_n = 0;
	}
	if (l->turn_n++ < LIMIT_ACCEPTS_OF_TURN)
		listener_take(l);
	else
		loop_timer_set(l->timer, 0);
}

static void
listener_on_timer(void *arg)
{
	listener_take(arg);
}

/* A stream that cannot be taken (too many open files, gone already) is the
 * peer's loss, which will try again; the listener goes on. */
static void
listener_take(struct stream_listener *l)
{
	uv_stream_t *tcp = (uv_stream_t *)&l->tcp;
	struct address from = {0};
	int size = sizeof(from.as.room);
	struct stream *s;
	int status;

	if (stream_new(l->loop, &s) != ERR_OK)
		return;
	status = uv_accept(tcp, (uv_stream_t *)&s->tcp);
	if (status == 0)
		status = uv_tcp_getpeername(&s->tcp, &from.as.any, &size);
	if (status != 0) {
		stream_close(s);
		return;
	}
	address_text(&from, s->peer);
	socket_tune(s);
	s->connected = true;
	l->taker.on_accept(l->taker.arg, s);
	if (!s->started)
		stream_close(s);
}

static void
listener_on_close(uv_handle_t *handle)
{
	mem_free(handle->data);
}

static enum err
address_parse(const char *text, uint16_t port, struct address *address)
{
	if (uv_ip4_addr(text, port, &address->as.v4) == 0 ||
	    uv_ip6_addr(text, port, &address->as.v6) == 0)
		return ERR_OK;
	return err_set(ERR_USAGE, "'%s' is no IP address", text);
}

static void
address_text(const struct address *address, char *text)
{
	char name[INET6_ADDRSTRLEN] = "?";
	bool v6 = address->as.any.sa_family == AF_INET6;

	if (v6)
		(void)uv_ip6_name(&address->as.v6, name, sizeof(name));
	else
		(void)uv_ip4_name(&address->as.v4, name, sizeof(name));
	(void)snprintf(text, PEER_TEXT_SIZE, v6 ? "[%s]:%u" : "%s:%u", name,
	    ntohs(address->as.v4.sin_port));
}
