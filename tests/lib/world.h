#ifndef GOLMOK_TESTS_LIB_WORLD_H
#define GOLMOK_TESTS_LIB_WORLD_H

#include "net/loop.h"
#include "net/stream.h"
#include "proto/buf.h"

enum {
	WATCHDOG_MS = 60 * 1000,
	ENDS_MAX = 400,
	QUEUE = 64 * 1024,
};

/* What an end does by itself. */
enum manner {
	SILENT,		/* collects */
	ECHO,		/* sends back what it reads, finishes when told to */
	FLOOD,		/* sends `goal` bytes as there is room, then finishes */
	CLOSE_ON_EVENT, /* closes in the first callback */
	LATE_ANSWER,	/* answers when the peer has ended, then finishes */
};

struct world;

struct end {
	struct world *world;
	struct stream *stream; /* NULL once closed */
	enum manner manner;
	struct buf got;
	size_t got_bytes; /* also when `got` is not kept */
	size_t sent_bytes;
	size_t goal;
	size_t unsent_max;
	int connects;
	int ends;
	int rooms;
	int closes;
	int after_close; /* callbacks that came too late */
	bool closed_by_us;
	struct fault why;
};

struct world {
	struct loop *loop;
	struct loop_timer *watchdog;
	struct loop_timer *ticker;
	struct stream_listener *listener;
	uint16_t port;	     /* of the listener, also when it is closed */
	enum manner accepts; /* what accepted ends do */
	bool refuse;	     /* accepted streams are not started */
	size_t goal;
	bool inside; /* we are inside a call to the stream */
	struct end ends[ENDS_MAX];
	size_t n;
	size_t open; /* ends that are not closed */
};

/* A loop, a watchdog, and a listener whose streams become ends that do what
 * `accepts` says.  One at a time. */
struct world *world_open(enum manner accepts);
/* Closes all; each end must have had exactly one close, and nothing after. */
void world_close(struct world *w);
/* Runs the loop until no end is open. */
void world_run(struct world *w);

/* An end that has no stream yet, and the config for it. */
struct end *world_end(
    struct world *w, enum manner manner, struct stream_config *config);
/* An end that connects to the listener. */
struct end *world_connect(struct world *w, enum manner manner);
/* What the listener calls. */
void world_on_accept(void *arg, struct stream *stream);
/* A socket that follows none of our rules and does not block; from then on
 * loop_step does not wait.  Comes back when it was accepted. */
int world_plain(struct world *w);

/* The calls of net/stream.h; no callback may come out of them. */
enum err world_write(struct end *end, struct bytes b);
void world_finish(struct end *end);
void world_end_close(struct end *end);

#endif
