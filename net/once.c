/*
 * One conversation with one peer, for commands that wait for its end.
 * net/node.c hands it over.  Runs a loop of its own, and tries no second time
 * what the peer refused.
 */
#include "net/once.h"

#include <string.h>

#include "net/peer/link.h"
#include "net/place.h"

struct once {
	const struct node_sync *sync;
	struct loop *loop;
	struct hub *hub;
	struct link_limits limits;
	struct loop_timer *timer;
	struct link *link;
	struct place place;
	char address[PLACE_HOST_SIZE]; /* in numbers */
	struct session_status *status;
	uint64_t in_bytes; /* when the timer was set */
	bool ended;
	struct fault why;
};

static enum err once_run(struct once *once, unsigned turn) MUST_USE;
static enum err once_find(struct once *once, unsigned turn) MUST_USE;
static void once_on_address(void *arg, enum err e, const char *address);
static void once_on_link(void *arg, struct link *link, enum link_event event);
static void once_on_timer(void *arg);

enum err
once_sync(const struct node_sync *sync, struct session_status *status)
{
	struct once once = {.sync = sync, .status = status};
	enum err e;

	*status = (struct session_status){0};
	e = place_read(sync->peer, &once.place);
	if (e == ERR_OK)
		e = loop_open(&once.loop);
	if (e != ERR_OK)
		return e;
	once.hub = hub_new(once.loop, sync->store, sync->host);
	link_limits_open(once.loop, sync->limits.rate_bytes,
	    sync->limits.day_bytes, &once.limits);
	once.timer = loop_timer_new(once.loop, once_on_timer, &once);
	e = once_run(&once, 0);
	/* A name often has an address of each kind, and one that nobody
	 * listens at. */
	if (e == ERR_PEER && !status->up && !place_is_number(&once.place))
		e = once_run(&once, 1);
	loop_timer_free(once.timer);
	link_limits_close(&once.limits);
	hub_free(once.hub);
	loop_close(once.loop);
	if (e != ERR_OK)
		e = err_wrap(e, "sync with %s", sync->peer);
	return e;
}

static enum err
once_run(struct once *once, unsigned turn)
{
	struct link_config config = {
	    .hub = once->hub,
	    .limits = once->limits,
	    .once = true,
	    .guest = once->sync->guest,
	    .on_event = once_on_link,
	    .arg = once,
	};
	enum err e = once_find(once, turn);

	if (e == ERR_OK)
		e = link_dial(
		    &config, once->address, once->place.port, &once->link);
	if (e != ERR_OK)
		return e;
	once->ended = false;
	loop_timer_set(once->timer, loop_now_ms() + once->sync->timeout_ms);
	while (!once->ended && loop_step(once->loop))
		continue;
	loop_timer_set(once->timer, UINT64_MAX);
	return err_raise(&once->why);
}

/* Waits for the resolver, if it is needed at all. */
static enum err
once_find(struct once *once, unsigned turn)
{
	struct place_asker asker = {.fn = once_on_address, .arg = once};
	struct place_query *query;
	enum err e;

	if (place_is_number(&once->place)) {
		bytes_copy(once->address, bytes_text(once->place.host));
		return ERR_OK;
	}
	once->ended = false;
	e = place_find(once->loop, &once->place, turn, &asker, &query);
	if (e != ERR_OK)
		return e;
	while (!once->ended && loop_step(once->loop))
		continue;
	return err_raise(&once->why);
}

static void
once_on_address(void *arg, enum err e, const char *address)
{
	struct once *once = arg;

	err_keep(&once->why, e);
	memset(once->address, 0, sizeof(once->address));
	if (e == ERR_OK)
		bytes_copy(once->address, bytes_text(address));
	once->ended = true;
}

static void
once_on_link(void *arg, struct link *link, enum link_event event)
{
	struct once *once = arg;

	link_status(link, once->status);
	if (once->status->in_bytes != once->in_bytes) {
		once->in_bytes = once->status->in_bytes;
		loop_timer_set(
		    once->timer, loop_now_ms() + once->sync->timeout_ms);
	}
	if (once->sync->on_progress != NULL)
		once->sync->on_progress(once->sync->arg, once->status);
	if (event == LINK_ENDED) {
		once->why = *link_why(link);
		once->ended = true;
	}
}

static void
once_on_timer(void *arg)
{
	struct once *once = arg;

	link_end(once->link, ERR_PEER, "the peer did not answer in time");
}
