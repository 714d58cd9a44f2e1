/*
 * A running node: its listener, its dialers, and what becomes of their links.
 * cli/ starts it.  Decides who may connect by number only; whom the city knows
 * is the session's business.
 */
#include "net/node.h"

#include <signal.h>
#include <string.h>

#include "net/once.h"
#include "net/peer/caller.h"
#include "net/peer/discover.h"
#include "net/peer/gate.h"
#include "net/upkeep.h"
#include "proto/ascii.h"
#include "proto/mem.h"

enum {
	KEY_SHOWN = 8, /* bytes of a peer's key in a line */
	/* Strangers of whom a line is told, in so long. */
	STRANGERS_TOLD = 10,
	STRANGERS_MS = 60 * 1000,
};

struct node {
	const struct node_config *config; /* borrowed for the run */
	struct loop *loop;
	struct hub *hub;
	struct upkeep *upkeep;
	struct link_limits limits;
	struct stream_listener *listener;
	struct loop_signal *signals[2];
	struct caller *caller;
	struct discover *discover; /* NULL: nothing is heard or called */
	struct place *places;	   /* owned; that the config names */
	/* Accepted, dialled once they are up; in the order they came. */
	struct link **links; /* owned array, room for links_max of them */
	size_t links_n;
	size_t links_max;
	size_t up_max;		  /* of them */
	struct gate *gate;	  /* those of them whose peer is not known */
	struct loop_timer *timer; /* set while `strangers_n` is to be told */
	size_t strangers_n;	  /* that left untold */
	size_t told_n;		  /* since the timer was set */
	bool stopping;
};

static enum err node_start(struct node *node) MUST_USE;
static enum err node_listen(struct node *node) MUST_USE;
static enum err node_discover(struct node *node, const char *listen) MUST_USE;
static bool node_is_linked_with(
    void *arg, const struct beacon_key *key, const struct beacon *beacon);
static void node_on_heard(void *arg, const struct place *place);
static enum err node_dial(struct node *node) MUST_USE;
static void node_on_signal(void *arg, int number);
static void node_stop(struct node *node);
static void node_on_accept(void *arg, struct stream *stream);
static void node_rooms(struct node *node);
static bool node_hears(void *arg);
static void node_on_timer(void *arg);
static void stranger_left(struct node *node, struct link *link);
static void strangers_tell(struct node *node);
static void node_on_link(void *arg, struct link *link, enum link_event event);
static void node_on_failed(void *arg, const struct place *place);
static bool node_is_linked(void *arg, const struct sign_key *peer);
static size_t up_n(const struct node *node);
static void node_linked(struct node *node, struct link *link);
static void node_twins(struct node *node, struct link *link);
static bool node_yields(const struct node *node, const struct sign_key *peer);
static void node_unlinked(struct node *node, struct link *link);
static void node_tell(struct node *node, enum node_news news,
    const struct link *link, const char *what);

enum err
node_serve(const struct node_config *config)
{
	struct node *node = mem_zeros(1, sizeof(*node));
	enum err e;

	node->config = config;
	e = loop_open(&node->loop);
	if (e != ERR_OK)
		goto out;
	node->hub = hub_new(node->loop, config->store, config->host);
	node->upkeep = upkeep_new(node->loop, node->hub, config->store);
	link_limits_open(node->loop, config->limits.rate_bytes,
	    config->limits.day_bytes, &node->limits);
	node->timer = loop_timer_new(node->loop, node_on_timer, node);
	node_rooms(node);
	e = node_start(node);
	if (e == ERR_OK)
		loop_run(node->loop);
	else
		node_stop(node);
	/* Farewells and whatever was half done: nothing is open behind them. */
	while (loop_step(node->loop))
		continue;
	assert(node->links_n == 0);
	link_limits_close(&node->limits);
	strangers_tell(node);
	caller_free(node->caller);
	gate_free(node->gate);
	hub_free(node->hub);
	loop_close(node->loop);
out:
	mem_free(node->places);
	mem_free(node->links);
	mem_free(node);
	return e;
}

/* No link may take the last descriptor: with fewer than we would like there are
 * fewer links, and half of them for those who are not known yet. */
static void
node_rooms(struct node *node)
{
	size_t wanted = LIMIT_SESSIONS + LIMIT_HALF_OPEN;
	size_t given = loop_descriptors(wanted + LIMIT_DESCRIPTORS_ASIDE);
	size_t aside = LIMIT_DESCRIPTORS_ASIDE;
	size_t knock = LIMIT_HALF_OPEN;
	size_t of_source = LIMIT_HALF_OPEN_OF_SOURCE;

	if (given < 2 * aside)
		aside = given / 2;
	if (given - aside < wanted)
		knock = (given - aside) / 2;
	knock = knock > 0 ? knock : 1;
	node->up_max = given - aside < wanted ? knock : LIMIT_SESSIONS;
	node->links_max = node->up_max + knock + LIMIT_ACCEPTS_OF_TURN;
	node->links = mem_zeros(node->links_max, sizeof(*node->links));
	node->gate = gate_new(knock, of_source < knock ? of_source : knock);
}

static enum err
node_start(struct node *node)
{
	static const int numbers[] = {SIGINT, SIGTERM};
	enum err e = ERR_OK;

	for (size_t i = 0; i < COUNT_OF(numbers) && e == ERR_OK; i++)
		e = loop_signal_open(node->loop, numbers[i], node_on_signal,
		    node, &node->signals[i]);
	if (e == ERR_OK)
		e = node_dial(node);
	if (e == ERR_OK && node->config->listen != NULL)
		e = node_listen(node);
	return e;
}

static enum err
node_listen(struct node *node)
{
	struct stream_taker taker = {.on_accept = node_on_accept, .arg = node};
	struct place place;
	struct buf text = {0};
	enum err e = place_read(node->config->listen, &place);

	if (e == ERR_OK)
		e = stream_listen(node->loop, place.host, place.port, &taker,
		    &node->listener);
	if (e != ERR_OK)
		return err_wrap(e, "listen at %s", node->config->listen);
	buf_add_format(&text,
	    strchr(place.host, ':') != NULL ? "[%s]:%u" : "%s:%u", place.host,
	    stream_listener_port(node->listener));
	node->config->on_news(node->config->arg, NODE_LISTENS, buf_text(&text));
	buf_fini(&text);
	return node->config->lan ? node_discover(node, place.host) : ERR_OK;
}

static enum err
node_discover(struct node *node, const char *listen)
{
	const struct node_config *config = node->config;

	return discover_open(&(struct discover_config){.loop = node->loop,
				 .host = config->host,
				 .me = store_identity(config->store),
				 .listen = listen,
				 .port = stream_listener_port(node->listener),
				 .interface_name = config->lan_interface,
				 .is_linked = node_is_linked_with,
				 .on_heard = node_on_heard,
				 .arg = node},
	    &node->discover);
}

static enum err
node_dial(struct node *node)
{
	const struct node_config *config = node->config;

	if (config->peers_n > LIMIT_SESSIONS)
		return err_set(ERR_LIMIT, "%zu peers; %d are the most",
		    config->peers_n, LIMIT_SESSIONS);
	node->places = mem_zeros(config->peers_n, sizeof(*node->places));
	for (size_t i = 0; i < config->peers_n; i++) {
		enum err e = place_read(config->peers[i], &node->places[i]);

		if (e != ERR_OK)
			return err_wrap(e, "peer");
	}
	node->caller = caller_new(
	    &(struct caller_config){.link = {.hub = node->hub,
					.limits = node->limits,
					.on_event = node_on_link,
					.arg = node},
		.store = config->store,
		.places = node->places,
		.places_n = config->peers_n,
		.members = config->members,
		.on_failed = node_on_failed,
		.is_linked = node_is_linked,
		.arg = node});
	return ERR_OK;
}

static void
node_on_signal(void *arg, int number)
{
	(void)number;
	node_stop(arg);
}

/* Takes no more, dials no more, says goodbye; the loop then comes to its end.
 */
static void
node_stop(struct node *node)
{
	if (node->stopping)
		return;
	node->stopping = true;
	loop_timer_free(node->timer);
	node->timer = NULL;
	upkeep_free(node->upkeep);
	node->upkeep = NULL;
	stream_listener_close(node->listener);
	node->listener = NULL;
	for (size_t i = 0; i < COUNT_OF(node->signals); i++)
		loop_signal_close(node->signals[i]);
	discover_close(node->discover);
	node->discover = NULL;
	caller_stop(node->caller);
	for (size_t i = 0; i < node->links_n; i++)
		link_end(node->links[i], ERR_OK, "this node stops");
	loop_stop(node->loop);
}

static void
node_on_accept(void *arg, struct stream *stream)
{
	struct node *node = arg;
	struct link_config config = {.hub = node->hub,
	    .limits = node->limits,
	    .may_read = node_hears,
	    .on_event = node_on_link,
	    .arg = node};
	struct gate_source source;
	struct link *link;

	/* A stream that is not started is closed.  The array has room for the
	 * links that are up and those at the gate; more are only there while
	 * those that had to go are being closed. */
	if (node->stopping || node->links_n == node->links_max)
		return;
	gate_source(stream_peer(stream), &source);
	link = link_accept(&config, stream);
	node->links[node->links_n++] = link;
	link_cut(gate_enter(node->gate, &source, link), ERR_LIMIT,
	    "others came who are not known yet either");
}

static bool
node_hears(void *arg)
{
	struct node *node = arg;

	return gate_hears(node->gate, loop_turn_ms(node->loop));
}

static void
node_on_failed(void *arg, const struct place *place)
{
	struct node *node = arg;
	struct buf text = {0};

	buf_add_format(&text, "%s:%u not reached: %s", place->host, place->port,
	    err_text());
	node->config->on_news(node->config->arg, NODE_REFUSED, buf_text(&text));
	buf_fini(&text);
}

static bool
node_is_linked(void *arg, const struct sign_key *peer)
{
	const struct node *node = arg;
	struct session_status status;

	for (size_t i = 0; i < node->links_n; i++) {
		if (!link_is_up(node->links[i]))
			continue;
		link_status(node->links[i], &status);
		if (memcmp(&status.peer, peer, sizeof(*peer)) == 0)
			return true;
	}
	return false;
}

static bool
node_is_linked_with(
    void *arg, const struct beacon_key *key, const struct beacon *beacon)
{
	const struct node *node = arg;
	struct session_status status;
	bool is = false;

	for (size_t i = 0; i < node->links_n && !is; i++) {
		if (!link_is_up(node->links[i]))
			continue;
		link_status(node->links[i], &status);
		is = beacon_is_of(key, beacon, &status.peer);
	}
	return is;
}

static void
node_on_heard(void *arg, const struct place *place)
{
	struct node *node = arg;

	caller_hint(node->caller, place);
}

static void
node_on_link(void *arg, struct link *link, enum link_event event)
{
	struct node *node = arg;

	switch (event) {
	case LINK_UP:
		node_linked(node, link);
		break;
	case LINK_MOVED:
		if (!link_is_up(link))
			gate_advance(node->gate, link, link_stage(link));
		break;
	case LINK_ENDED:
		node_unlinked(node, link);
		break;
	}
}

static size_t
up_n(const struct node *node)
{
	size_t n = 0;

	for (size_t i = 0; i < node->links_n; i++)
		n += link_is_up(node->links[i]);
	return n;
}

/* A dialled link counts from now on. */
static void
node_linked(struct node *node, struct link *link)
{
	bool room = node->links_n < node->links_max;

	gate_leave(node->gate, link);
	if (link_is_initiator(link) && room)
		node->links[node->links_n++] = link;
	if (node->stopping || !room || up_n(node) > node->up_max) {
		link_end(link, ERR_LIMIT, "this node has too many links");
		return;
	}
	node_tell(node, NODE_LINKED, link, "linked");
	node_twins(node, link);
}

/* Two nodes that dial each other at once have two links; the one that the node
 * with the larger key dialled is ended, by that node.  Both see it the same
 * way, and a sync by hand beside the service, which only dials, is never the
 * one that has to go.  Of what one peer dials, the newest count: older ones
 * died unnoticed. */
static void
node_twins(struct node *node, struct link *link)
{
	struct session_status status;
	struct link *dialled = NULL; /* the first */
	struct link *oldest = NULL;
	size_t accepted_n = 0;
	struct sign_key peer;

	link_status(link, &status);
	peer = status.peer;
	for (size_t i = 0; i < node->links_n; i++) {
		struct link *other = node->links[i];

		if (!link_is_up(other))
			continue;
		link_status(other, &status);
		if (memcmp(&status.peer, &peer, sizeof(peer)) != 0)
			continue;
		if (link_is_initiator(other) && dialled != NULL) {
			/* Two places lead to this peer. */
			link_end(other, ERR_EXISTS, "there is a link already");
			continue;
		}
		if (link_is_initiator(other)) {
			dialled = other;
			continue;
		}
		if (accepted_n++ == 0)
			oldest = other;
	}
	if (accepted_n > 0 && dialled != NULL && node_yields(node, &peer))
		link_end(dialled, ERR_EXISTS, "there is a link already");
	if (accepted_n > LIMIT_SESSIONS_OF_PEER)
		link_end(oldest, ERR_LIMIT, "too many links of one node");
}

static bool
node_yields(const struct node *node, const struct sign_key *peer)
{
	const struct identity *me = store_identity(node->config->store);

	return memcmp(me->key.b, peer->b, sizeof(peer->b)) > 0;
}

static void
node_unlinked(struct node *node, struct link *link)
{
	const struct fault *why = link_why(link);

	gate_leave(node->gate, link);
	for (size_t i = 0; i < node->links_n; i++) {
		if (node->links[i] != link)
			continue;
		node->links_n--;
		memmove(&node->links[i], &node->links[i + 1],
		    (node->links_n - i) * sizeof(struct link *));
		break;
	}
	if (!link_is_up(link) && !link_is_initiator(link))
		stranger_left(node, link);
	else
		node_tell(node, link_is_up(link) ? NODE_UNLINKED : NODE_REFUSED,
		    link, why->code == ERR_OK ? "link ended" : why->text);
}

/* Whoever can reach the port could fill the disk with our words: a few are
 * told at length, the others counted. */
static void
stranger_left(struct node *node, struct link *link)
{
	if (node->timer != NULL && node->told_n == 0)
		loop_timer_set(node->timer, loop_now_ms() + STRANGERS_MS);
	if (node->told_n++ < STRANGERS_TOLD)
		node_tell(node, NODE_REFUSED, link, link_why(link)->text);
	else
		node->strangers_n++;
}

static void
node_on_timer(void *arg)
{
	strangers_tell(arg);
}

static void
strangers_tell(struct node *node)
{
	struct buf text = {0};

	if (node->strangers_n > 0) {
		buf_add_format(&text,
		    "%zu more connections ended before it was known whose "
		    "they were",
		    node->strangers_n);
		node->config->on_news(
		    node->config->arg, NODE_REFUSED, buf_text(&text));
		buf_fini(&text);
	}
	node->strangers_n = 0;
	node->told_n = 0;
}

static void
node_tell(struct node *node, enum node_news news, const struct link *link,
    const char *what)
{
	struct session_status status;
	struct buf text = {0};

	buf_add_text(&text, link_peer(link));
	if (link_is_up(link)) {
		link_status(link, &status);
		buf_add_text(&text, " (");
		ascii_hex(bytes_of(status.peer.b, KEY_SHOWN), &text);
		buf_add_text(&text, "...)");
	}
	buf_add_format(&text, ": %s", what);
	node->config->on_news(node->config->arg, news, buf_text(&text));
	buf_fini(&text);
}

enum err
node_sync_once(const struct node_sync *sync, struct session_status *status)
{
	return once_sync(sync, status);
}
