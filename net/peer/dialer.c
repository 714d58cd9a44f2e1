/*
 * One configured peer.  net/node.c makes one for each, and gets the events of
 * the links as if it had dialled itself.  Never dials twice at a time.
 */
#include "net/peer/dialer.h"

#include "proto/mem.h"

struct dialer {
	struct dialer_config config;
	struct loop_timer *timer;  /* owned; set while waiting */
	struct place_query *query; /* while the resolver is asked */
	struct link *link;	   /* while there is one */
	unsigned attempt;	   /* since the last good link */
	unsigned turn;		   /* all attempts */
	uint64_t up_ms;		   /* when the link came up; 0: it did not */
	bool useful;		   /* the last link carried something */
	bool has_peer;		   /* who answered the last time is known */
	struct sign_key peer;
	bool freed; /* lives until its link has ended */
};

static void dialer_on_timer(void *arg);
static void dialer_on_address(void *arg, enum err e, const char *address);
static void dialer_on_link(void *arg, struct link *link, enum link_event event);
static void dialer_failed(struct dialer *dialer);
static void dialer_wait(struct dialer *dialer);

struct dialer *
dialer_new(const struct dialer_config *config)
{
	struct dialer *dialer = mem_zeros(1, sizeof(*dialer));

	dialer->config = *config;
	dialer->timer = loop_timer_new(
	    hub_loop(config->link.hub), dialer_on_timer, dialer);
	loop_timer_set(dialer->timer, 0);
	return dialer;
}

void
dialer_free(struct dialer *dialer)
{
	if (dialer == NULL)
		return;
	loop_timer_free(dialer->timer);
	place_forget(dialer->query);
	dialer->timer = NULL;
	dialer->query = NULL;
	dialer->freed = true;
	if (dialer->link != NULL)
		link_end(dialer->link, ERR_OK, "this node stops");
	else
		mem_free(dialer);
}

static void
dialer_on_timer(void *arg)
{
	struct dialer *dialer = arg;
	const struct place *place = &dialer->config.place;
	struct place_asker asker = {.fn = dialer_on_address, .arg = dialer};

	assert(dialer->link == NULL && dialer->query == NULL);
	if (dialer->has_peer &&
	    dialer->config.is_linked(dialer->config.link.arg, &dialer->peer)) {
		dialer->attempt = 0;
		loop_timer_set(dialer->timer, loop_now_ms() + DIALER_LOOK_MS);
		return;
	}
	dialer->attempt++;
	dialer->turn++;
	if (place_is_number(place))
		dialer_on_address(dialer, ERR_OK, place->host);
	else if (place_find(hub_loop(dialer->config.link.hub), place,
		     dialer->turn, &asker, &dialer->query) != ERR_OK)
		dialer_failed(dialer);
}

static void
dialer_on_address(void *arg, enum err e, const char *address)
{
	struct dialer *dialer = arg;
	struct link_config config = dialer->config.link;

	dialer->query = NULL;
	config.on_event = dialer_on_link;
	config.arg = dialer;
	if (e == ERR_OK)
		e = link_dial(
		    &config, address, dialer->config.place.port, &dialer->link);
	if (e != ERR_OK)
		dialer_failed(dialer);
}

static void
dialer_on_link(void *arg, struct link *link, enum link_event event)
{
	struct dialer *dialer = arg;
	const struct link_config *to = &dialer->config.link;

	struct session_status status;

	link_status(link, &status);
	dialer->useful = status.useful;
	if (event == LINK_UP) {
		dialer->up_ms = loop_now_ms();
		dialer->peer = status.peer;
		dialer->has_peer = true;
	}
	to->on_event(to->arg, link, event);
	if (event != LINK_ENDED)
		return;
	dialer->link = NULL;
	if (dialer->freed)
		mem_free(dialer);
	else
		dialer_wait(dialer);
}

static void
dialer_failed(struct dialer *dialer)
{
	dialer->config.on_failed(
	    dialer->config.link.arg, &dialer->config.place);
	dialer_wait(dialer);
}

static void
dialer_wait(struct dialer *dialer)
{
	const struct host *host = hub_host(dialer->config.link.hub);
	uint64_t now_ms = loop_now_ms();
	uint64_t random;

	if (dialer->useful ||
	    (dialer->up_ms != 0 && now_ms - dialer->up_ms >= DIALER_GOOD_MS))
		dialer->attempt = 0;
	dialer->useful = false;
	dialer->up_ms = 0;
	host->random(host->arg, (uint8_t *)&random, sizeof(random));
	loop_timer_set(
	    dialer->timer, now_ms + dialer_wait_ms(dialer->attempt, random));
}

uint64_t
dialer_wait_ms(unsigned attempt, uint64_t random)
{
	uint64_t bound = DIALER_WAIT_MIN_MS;

	while (attempt-- > 1 && bound < DIALER_WAIT_MAX_MS)
		bound *= 2;
	if (bound > DIALER_WAIT_MAX_MS)
		bound = DIALER_WAIT_MAX_MS;
	return random % bound;
}
